package config

import (
	"regexp"
	"slices"
	"strings"

	"notify/pkg/checklist"
	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
)

// rolePattern is what a role may be called: it is typed on the command line and stands in checklists.
var rolePattern = regexp.MustCompile(`^[\p{L}\p{N}]+(-[\p{L}\p{N}]+)*$`)

// readRoles reads who may sign for what: {operations: [wang, zhang], legal: [liu]}. A role that nobody ships is the team's
// own; one that looks like a shipped one mistyped is a warning, because its items would wait for ever.
func readRoles(m *yamldoc.Map) map[string][]string {
	defer m.Done()
	if len(m.Keys()) == 0 {
		return nil
	}
	roles := make(map[string][]string)
	for _, role := range m.Keys() {
		v := m.Value(role)
		if !rolePattern.MatchString(role) {
			v.Problem("role-invalid", "use letters, digits and - between them, like customer-service", "%q cannot be the name of a role", role)
			continue
		}
		if near := diag.Nearest(role, checklist.Roles()); near != "" && near != role {
			v.Warn("role-near", "if it is not a role of your own, write "+near, "there is a role %s, and this one is called %s", near, role)
		}
		if !v.Set() || v.IsMap() {
			v.Problem("role-empty", "write "+role+": [wang, zhang]", "nobody may sign for %s", role)
			continue
		}
		for _, item := range v.List() {
			name := strings.TrimSpace(item.Text())
			twice := func(have string) bool { return strings.EqualFold(have, name) }
			switch {
			case name == "" && item.IsMapOrList(): // reported by Text
			case name == "":
				item.Problem("role-name", "write the name of a person", "a name is empty")
			case slices.ContainsFunc(roles[role], twice):
				item.Problem("role-twice", "keep one of the two", "%s stands twice", name)
			default:
				roles[role] = append(roles[role], name)
			}
		}
	}
	return roles
}

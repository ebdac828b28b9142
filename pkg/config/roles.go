package config

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"notify/pkg/checklist"
	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// rolePattern is what a role may be called: it is typed on the command line and stands in checklists.
var rolePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\p{L}\p{N}]+(-[\p{L}\p{N}]+)*$`) }) //nolint:gochecknoglobals // letters of all scripts take a while to compile

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
		if !rolePattern().MatchString(role) {
			v.Problem(words.T("config.role-invalid", words.A{"role": role}), words.T("config.do.role", nil))
			continue
		}
		if near := diag.Nearest(role, checklist.Roles()); near != "" && near != role {
			v.Warn(words.T("config.role-near", words.A{"near": near, "role": role}), words.T("config.do.role-near", words.A{"role": near}))
		}
		if !v.Set() || v.IsMap() {
			v.Problem(words.T("config.role-empty", words.A{"role": checklist.RoleWord(role)}), words.T("config.do.role-names", words.A{"role": role}))
			continue
		}
		for _, item := range v.List() {
			name := strings.TrimSpace(item.Text())
			twice := func(have string) bool { return strings.EqualFold(have, name) }
			switch {
			case name == "" && item.IsMapOrList(): // reported by Text
			case name == "":
				item.Problem(words.T("config.role-name", nil), words.T("config.do.person", nil))
			case slices.ContainsFunc(roles[role], twice):
				item.Problem(words.T("config.role-twice", words.A{"name": name}), words.T("yaml.do.keep-one", nil))
			default:
				roles[role] = append(roles[role], name)
			}
		}
	}
	return roles
}

// forgetPeople reads how many people it takes to forget somebody: {forget: {people: 2}}.
func forgetPeople(m *yamldoc.Map) int {
	defer m.Done()
	forget := m.Map("forget")
	defer forget.Done()
	return max(1, int(forget.Value("people").Int(1, 2)))
}

// Signs reports whether a person stands under any role.
func (c *Config) Signs(name string) bool {
	for _, names := range c.Roles {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return true
		}
	}
	return false
}

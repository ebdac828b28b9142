package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRolesSayWhoMaySign(t *testing.T) {
	t.Setenv("NOTIFY_ROLES_LEGAL", "liu, 陈")
	c, err := load(t, "environment: test\nroles: {operations: [wang, 张伟], legal: [zhao], 值班: [wang]}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"operations": {"wang", "张伟"}, "legal": {"liu", "陈"}, "值班": {"wang"}}
	if diff := cmp.Diff(want, c.Roles); diff != "" {
		t.Error(diff)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warned of %q", c.Warnings)
	}
}

func TestARoleThatLooksMistypedIsAWarning(t *testing.T) {
	c, err := load(t, "environment: test\nroles: {operation: [wang]}\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].String(), "notify.yaml, line 2, roles.operation: there is a role operations") {
		t.Errorf("warned of %q", c.Warnings)
	}
	if diff := cmp.Diff(map[string][]string{"operation": {"wang"}}, c.Roles); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenRoles(t *testing.T) {
	for _, c := range []struct{ name, roles, column, says string }{
		{"nobody", "{legal: }", "roles.legal", "nobody may sign for legal"},
		{"one name that is no list", "{legal: liu}", "roles.legal", "a single value stands where a list is expected"},
		{"a map", "{legal: {liu: yes}}", "roles.legal", "nobody may sign for legal"},
		{"an empty name", `{legal: [""]}`, "roles.legal[1]", "a name is empty"},
		{"a person twice", "{legal: [liu, Liu]}", "roles.legal[2]", "Liu stands twice"},
		{"a name that cannot be typed", "{our legal: [liu]}", "roles.our legal", "cannot be the name of a role"},
		{"a list of roles", "[legal]", "roles", "a list"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, "environment: test\nroles: "+c.roles+"\n")
			got := problems(t, err)[0]
			if got.Place.Column != c.column || !strings.Contains(got.Summary.String(), c.says) {
				t.Errorf("the problem is %v, want %q at %s", got, c.says, c.column)
			}
		})
	}
}

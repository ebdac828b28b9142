//go:build unix

package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
)

func TestWarnings(t *testing.T) {
	dir := write(t, map[string]string{
		"open.token":  "t0ken",
		"notify.yaml": "environment: test\naccounts:\n  a: {vendor: http, class: notice, options: {auth_token: literal, token: file:open.token, access_key_id: x, key_file: y}}\n",
	})
	if err := os.Chmod(filepath.Join(dir, "open.token"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.LoadOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "open.token")
	want := []string{
		"notify.yaml, line 3, accounts.a.options.auth_token: the secret stands in the file itself; write ${ENV_VAR} or file:PATH",
		"notify.yaml, line 3, accounts.a.options.token: others can read the secret in " + path + "; chmod 600 " + path,
	}
	if diff := cmp.Diff(want, said(c.Warnings)); diff != "" {
		t.Error(diff)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := write(t, map[string]string{"folder/x": ""})
	if err := os.Symlink(filepath.Join(dir, "loop"), filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, says, hint string }{
		{"a file that is not there", "none.yaml", "no such file", "notify init"},
		{"a folder", "folder", "this is a folder", "name the file"},
		{"a link to itself", "loop", "cannot be read", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Load(config.LoadOptions{Path: c.path, Dir: dir})
			got := problems(t, err)[0]
			if got.Place.File != c.path || !strings.Contains(got.Summary.String(), c.says) || !strings.Contains(got.Hint.String(), c.hint) {
				t.Errorf("the problem is %v, want %q and %q", got, c.says, c.hint)
			}
		})
	}
}

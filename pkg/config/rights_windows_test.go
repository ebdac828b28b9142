package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"notify/pkg/config"
)

// TestASecretThatOthersMayRead is told by the rights that the file has in the end.
func TestASecretThatOthersMayRead(t *testing.T) {
	dir := write(t, map[string]string{
		"a.token":     "t0ken",
		"notify.yaml": "environment: test\naccounts:\n  a: {vendor: http, class: notice, options: {token: file:a.token}}\n",
	})
	path := filepath.Join(dir, "a.token")
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	own := "D:P(A;;FA;;;" + user.User.Sid.String() + ")"
	for rights, warnings := range map[string]int{
		own:                  0,
		own + "(A;;FR;;;WD)": 1, // and everybody
		own + "(A;;FR;;;AU)": 1, // and everybody who has logged on
	} {
		sd, err := windows.SecurityDescriptorFromString(rights)
		if err != nil {
			t.Fatal(err)
		}
		acl, _, err := sd.DACL()
		if err != nil {
			t.Fatal(err)
		}
		info := windows.SECURITY_INFORMATION(windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION)
		if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, info, nil, nil, acl, nil); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.LoadOptions{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Warnings) != warnings || warnings == 1 && !strings.Contains(c.Warnings[0].String(), "icacls") {
			t.Errorf("%s: %q", rights, said(c.Warnings))
		}
	}
}

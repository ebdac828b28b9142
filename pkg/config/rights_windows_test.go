package config_test

import (
	"testing"

	"golang.org/x/sys/windows"

	"notify/pkg/config"
)

func TestRightsByWhichOthersMayRead(t *testing.T) {
	const own = "D:P(A;;FA;;;S-1-5-21-1-2-3-1000)(A;;FA;;;SY)(A;;FA;;;BA)"
	for rights, open := range map[string]bool{
		own:                        false, // the user, the system, administrators
		own + "(A;;FR;;;WD)":       true,  // and everybody
		own + "(A;;0x1200a9;;;BU)": true,  // and every user of this machine, as in a folder below C:
		own + "(A;ID;FA;;;AU)":     true,  // by the folder's rights
		own + "(A;;0x100000;;;WD)": false, // who may wait for it, and not read it
		own + "(D;;FR;;;WD)":       false, // who may not
	} {
		sd, err := windows.SecurityDescriptorFromString(rights)
		if err != nil {
			t.Errorf("%s: %v", rights, err)
			continue
		}
		if got := config.OpenToOthers(sd); got != open {
			t.Errorf("%s is open: %v, want %v", rights, got, open)
		}
	}
	none, err := windows.NewSecurityDescriptor()
	if err != nil {
		t.Fatal(err)
	}
	if err := none.SetDACL(nil, true, false); err != nil {
		t.Fatal(err)
	}
	if !config.OpenToOthers(none) {
		t.Error("without a list of rights everybody may do everything")
	}
}

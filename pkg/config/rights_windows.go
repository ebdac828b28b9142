package config

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// othersRead reports whether somebody else on this machine may read a file: one of the groups that everybody is in, by its rights or,
// as most files have them, by those of its folder. Rights that cannot be looked at are not told as open.
func othersRead(path string, _ os.FileInfo) bool {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	return err == nil && openToOthers(sd)
}

// openToOthers reports rights by which one of those groups may read.
func openToOthers(sd *windows.SECURITY_DESCRIPTOR) bool {
	acl, _, err := sd.DACL()
	if err != nil {
		return false
	}
	if acl == nil { // without a list everybody may do everything
		return true
	}
	for i := range uint32(acl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if windows.GetAce(acl, i, &ace) != nil || ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE {
			continue
		}
		const read = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
		if ace.Mask&read != 0 && everybody((*windows.SID)(unsafe.Pointer(&ace.SidStart))) {
			return true
		}
	}
	return false
}

// everybody reports a group that whoever uses the machine is in.
func everybody(sid *windows.SID) bool {
	for _, group := range []windows.WELL_KNOWN_SID_TYPE{
		windows.WinWorldSid, windows.WinAuthenticatedUserSid, windows.WinBuiltinUsersSid, windows.WinInteractiveSid,
	} {
		if sid.IsWellKnown(group) {
			return true
		}
	}
	return false
}

// closeToOthers is the command that takes that right away: the folder's rights hold no more, and the user's own do.
func closeToOthers(path string) string {
	return `icacls "` + path + `" /inheritance:r /grant:r "%USERNAME%:F"`
}

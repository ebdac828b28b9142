package sqlite

import (
	"golang.org/x/sys/windows"
)

// networkFS names the network file system that the folder is on, and is empty for a local one: a share has a UNC path, or a
// drive letter of the remote kind. A junction or a link may lead to one.
func networkFS(dir string) (string, error) {
	drive := localDrive(dir)
	if real, err := finally(dir); err == nil {
		if to := localDrive(real); to != "" || drive == "" {
			drive = to
		} else {
			return "network share behind a junction or a drive letter", nil
		}
	}
	if drive == "" {
		return "network share", nil
	}
	root, err := windows.UTF16PtrFromString(drive + `\`)
	if err != nil {
		return "", err
	}
	if windows.GetDriveType(root) == windows.DRIVE_REMOTE {
		return "network drive", nil
	}
	return "", nil
}

// finally is where a folder is, with all junctions and links followed.
func finally(dir string) (string, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return "", err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(name, 0, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = windows.CloseHandle(h) }()
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetFinalPathNameByHandle(h, &buf[0], uint32(len(buf)), 0)
	if err != nil {
		return "", err
	}
	return windows.UTF16ToString(buf[:n]), nil
}

func freeBytes(dir string) (int64, error) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return -1, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(p, &free, nil, nil); err != nil {
		return -1, err
	}
	return int64(free), nil
}

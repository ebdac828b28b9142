package inuse

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// holds reports that another program has the file open and does not share it, has locked a part of it, or has it in its memory. That
// a file which is open cannot be replaced is said as "access denied", as other refusals are: then the file is asked.
func holds(path string, err error) bool {
	for _, code := range []windows.Errno{windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_USER_MAPPED_FILE} {
		if errors.Is(err, code) {
			return true
		}
	}
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) && errors.Is(replaceable(path), windows.ERROR_SHARING_VIOLATION)
}

// Held reports that another program shares a file with nobody at this moment.
func Held(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return holds(path, err)
	}
	defer func() { _ = f.Close() }()
	_, err = f.Read(make([]byte, 1)) // a part of it may be locked
	return err != nil && holds(path, err)
}

// held is holds of a moment ago as well: who may replace the file and could not was kept from it by somebody who has let go since, or by
// the folder.
func held(path string, err error) bool {
	return holds(path, err) || errors.Is(err, windows.ERROR_ACCESS_DENIED) && remove(path) == nil
}

// replaceable asks for the right to remove what stands there, and leaves it alone.
func replaceable(path string) error {
	err := remove(path)
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) || errors.Is(err, windows.ERROR_PATH_NOT_FOUND) {
		return nil
	}
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return nil // rights are looked at where the file is written: the folder may give what the file does not
	}
	return err
}

// remove is what a removal would answer: nothing is removed.
func remove(path string) error {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(name, windows.DELETE, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return err
	}
	return windows.CloseHandle(h)
}

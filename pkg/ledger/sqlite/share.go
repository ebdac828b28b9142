package sqlite

import (
	"os"
	"path/filepath"
	"strings"
)

// localDrive is the drive of a path of Windows, such as C:; empty for a share. \\?\ stands before the long form of either.
func localDrive(path string) string {
	path = strings.ReplaceAll(path, "/", `\`)
	for _, long := range []string{`\\?\`, `\\.\`} {
		if rest, ok := strings.CutPrefix(path, long); ok {
			path = rest
		}
	}
	if len(path) >= 2 && path[1] == ':' {
		return path[:2]
	}
	return ""
}

// syncing are folders that a program copies to other machines, as each program names its own, in lower case: by the name, or by how it
// begins where it has the team's name behind it.
func syncing(folder string) string {
	for _, s := range []struct{ name, begin, program string }{
		{"onedrive", "onedrive - ", "OneDrive"},
		{"dropbox", "dropbox (", "Dropbox"},
		{"mobile documents", "", "iCloud"},
		{"iclouddrive", "icloud drive", "iCloud"},
		{"cloudstorage", "", "macOS"}, // macOS keeps those of all others there
		{"google drive", "googledrive", "Google Drive"},
		{"nextcloud", "", "Nextcloud"},
		{"owncloud", "", "ownCloud"},
		{"nutstore", "坚果云", "Nutstore"},
		{"baidusyncdisk", "", "Baidu"},
		{"wpsdrive", "", "WPS"},
	} {
		if folder == s.name || s.begin != "" && strings.HasPrefix(folder, s.begin) {
			return s.program
		}
	}
	return ""
}

// synced names the program that copies the folder of a ledger to other machines, as far as its name or an environment variable of that
// program tells; empty otherwise. Such a copy may be of a moment that never was, and a program that puts an older one back takes what
// was sent out of the ledger.
func synced(path string, getenv func(string) string) string {
	if place, err := filepath.EvalSymlinks(path); err == nil {
		path = place
	}
	for _, v := range []struct{ name, program string }{
		{"OneDrive", "OneDrive"},
		{"OneDriveConsumer", "OneDrive"},
		{"OneDriveCommercial", "OneDrive"},
		{"APPDATA", "Windows"}, // a roaming profile: what stands there goes with the user from machine to machine
	} {
		if dir := getenv(v.name); dir != "" && within(dir, path) {
			return v.program
		}
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if program := syncing(strings.ToLower(filepath.Base(dir))); program != "" {
			return program
		}
		if _, err := os.Stat(filepath.Join(dir, ".stfolder")); err == nil {
			return "Syncthing"
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// within reports whether a file is in a folder, or below it. Case says nothing where these variables are set.
func within(dir, path string) bool {
	rel, err := filepath.Rel(strings.ToLower(dir), strings.ToLower(path))
	return err == nil && filepath.IsLocal(rel)
}

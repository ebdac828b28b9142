package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"notify/pkg/ledger/sqlite"
)

func TestALongPathIsOnItsDrive(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		`C:\notify`: "C:", `\\?\C:\notify`: "C:", `\\.\C:\notify`: "C:", `//?/C:/notify`: "C:", `d:/notify`: "d:", `C:`: "C:", `C`: "",
		`\\files\ops\notify`: "", `\\?\UNC\files\ops`: "", `//files/ops`: "",
	} {
		if got := sqlite.LocalDrive(path); got != want {
			t.Errorf("%s is on %q, want %q", path, got, want)
		}
	}
}

func TestAFolderThatIsCopiedToOtherMachinesIsNamed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	marked := filepath.Join(root, "marked")
	if err := os.MkdirAll(filepath.Join(marked, ".stfolder"), 0o700); err != nil {
		t.Fatal(err)
	}
	cloud := map[string]string{"OneDrive": filepath.Join(root, "Wolke"), "APPDATA": filepath.Join(root, "AppData", "Roaming")}
	for _, c := range []struct{ folder, want string }{
		{filepath.Join(root, "plain"), ""},
		{filepath.Join(root, "OneDrive", "campaigns"), "OneDrive"},
		{filepath.Join(root, "OneDrive - Example GmbH"), "OneDrive"},
		{filepath.Join(root, "wolke", "x"), "OneDrive"}, // by the variable, in any case
		{filepath.Join(root, "Dropbox (Team)", "x"), "Dropbox"},
		{filepath.Join(root, "Library", "Mobile Documents", "com~apple~CloudDocs"), "iCloud"},
		{filepath.Join(root, "Library", "CloudStorage", "GoogleDrive-a"), "Google Drive"},
		{filepath.Join(root, "iCloudDrive"), "iCloud"},
		{filepath.Join(root, "AppData", "Roaming", "notify"), "Windows"},
		{filepath.Join(root, "AppData", "Local", "notify"), ""},
		{filepath.Join(root, "坚果云"), "Nutstore"},
		{filepath.Join(marked, "x"), "Syncthing"},
	} {
		if got := sqlite.Synced(filepath.Join(c.folder, "notify.db"), func(name string) string { return cloud[name] }); got != c.want {
			t.Errorf("%s is copied by %q, want %q", c.folder, got, c.want)
		}
	}
}

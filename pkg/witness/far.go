package witness

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// folders are those in which this machine remembers, beside the file at the ledger.
func (p Place) folders() []string {
	if p.State == "" {
		return p.Folders
	}
	return append([]string{filepath.Join(p.State, "witness")}, p.Folders...)
}

// far reports that a file is in one of the folders away from this machine.
func (p Place) far(path string) bool { return slices.Contains(p.Folders, filepath.Dir(path)) }

// there refuses where a folder that was asked for is not: a share that is not mounted remembers nothing, and a folder that is made in its place
// would be on this machine again.
func (p Place) there() error {
	for _, dir := range p.Folders {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return &words.Error{Text: words.T("witness.folder", words.A{"folder": dir}), Err: errors.Join(err, ErrDamaged)}
		}
	}
	return nil
}

// kept is a file that is open while a run is alive.
type kept struct {
	*os.File
	path string
	far  bool
	end  int64 // what was there when this run wrote last; 0 before
}

// add adds a line. A line of this very run that it did not write says that there were two of it: the machine was put back as it was, with the
// process, and what the other one sent is not known here.
func (f *kept) add(text []byte, l line) error {
	if f.far && f.end > 0 {
		more, err := f.since()
		if err != nil {
			return words.Wrap(err, "witness.keep", nil)
		}
		if tells(more, l.Run, l.Turn) {
			return &words.Error{Text: words.T("witness.rolled-back", words.A{"file": f.path}), Err: ledger.ErrRolledBack}
		}
	}
	if _, err := f.Write(text); err != nil {
		return words.Wrap(err, "witness.keep", nil)
	}
	if !f.far {
		return nil
	}
	if err := f.Sync(); err != nil { // what is in this machine's memory is put back with it
		return words.Wrap(err, "witness.keep", nil)
	}
	info, err := f.Stat()
	if err != nil {
		return words.Wrap(err, "witness.keep", nil)
	}
	f.end = info.Size()
	return nil
}

// since is what others wrote after this run did.
func (f *kept) since() ([]byte, error) {
	info, err := f.Stat()
	if err != nil || info.Size() <= f.end {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f.File, f.end, info.Size()-f.end))
}

// tells reports that one of the lines is of the run and not of an earlier turn.
func tells(text []byte, run ledger.RunID, turn int64) bool {
	for _, one := range bytes.Split(text, []byte{'\n'}) {
		var l line
		if json.Unmarshal(one, &l) == nil && l.Run == run && l.Turn >= turn {
			return true
		}
	}
	return false
}

// Memory names the state folder: a ledger that was copied while it was there is remembered by it ever since. It is made where it is
// missing; empty where there is no state folder, or it cannot be written to.
func Memory(state string) string {
	if state == "" {
		return ""
	}
	path := filepath.Join(state, "witness", "memory")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return ""
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		id := rand.Text()
		_, err = f.WriteString(id + "\n")
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return ""
		}
		return id
	}
	if !errors.Is(err, fs.ErrExist) {
		return ""
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

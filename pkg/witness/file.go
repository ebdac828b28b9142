package witness

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"notify/pkg/inuse"
	"notify/pkg/ledger"
	"notify/pkg/words"
)

// StateDir is the user's folder for what programs remember: notify below $XDG_STATE_HOME, ~/.local/state, or what the system has
// in their place; empty where the user has none.
func StateDir(getenv func(string) string) string {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "notify")
	}
	switch runtime.GOOS {
	case "windows":
		if dir := getenv("LOCALAPPDATA"); dir != "" {
			return filepath.Join(dir, "notify", "state")
		}
		return ""
	case "darwin":
		if home := getenv("HOME"); home != "" {
			return filepath.Join(home, "Library", "Application Support", "notify", "state")
		}
		return ""
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "notify")
	}
	return ""
}

// suffix is how the files end.
const suffix = ".witness"

// files are where this machine keeps what it remembers: beside the ledger, where that is a file, and in the state folder.
func (p Place) files() []string {
	name := ledger.FileName(p.Campaign)
	var all []string
	if !p.Shared {
		all = append(all, p.Ledger+"."+name+suffix)
	}
	if p.State != "" {
		all = append(all, filepath.Join(p.State, "witness", hash(p.ID)+"."+name+suffix))
	}
	for _, dir := range p.Folders {
		all = append(all, filepath.Join(dir, hash(p.ID)+"."+name+suffix))
	}
	return all
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// memory is a file as it was read.
type memory struct {
	head
	file  string // its path
	lines []line
}

// of reports that it is about this campaign as this ledger staged it first.
func (m *memory) of(p Place, c ledger.Campaign) bool {
	return m.ID == p.ID && m.Created.Equal(c.Created)
}

// read reads a file; nil where there is none, or where wanted does not want it by its head: what other ledgers sent under the same name
// is not read through. Lines that known speaks of are not kept: nearly all of a campaign's are what its ledger
// knows as well. A last line that a kill has cut was written before anything of it left, and counts for
// nothing; anything else that cannot be read is an error, since what is not known to be known may have left.
func read(path string, wanted func(*memory) bool, known func(*memory, *line) bool) (m *memory, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // no memory is an answer
	}
	if err != nil {
		return nil, words.Wrap(err, "witness.read", words.A{"file": path})
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return m, nil // what comes behind the last whole line was cut
		}
		if err != nil {
			return nil, words.Wrap(err, "witness.read", words.A{"file": path})
		}
		if m == nil {
			m = &memory{file: path}
			if err := json.Unmarshal(text, &m.head); err != nil || m.Version != version {
				return nil, &words.Error{Text: words.T("witness.head", words.A{"file": path}), Err: errors.Join(err, ErrDamaged)}
			}
			if !wanted(m) {
				return nil, nil // it is there, and it is about something else
			}
			continue
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, &words.Error{Text: words.T("witness.line", words.A{"file": path, "line": n}), Err: errors.Join(err, ErrDamaged)}
		}
		if !known(m, &l) {
			m.lines = append(m.lines, l)
		}
	}
}

// nothing is known where all is to be read.
func nothing(*memory, *line) bool { return false }

// anyone is what a file may be about that is read by its own name.
func anyone(*memory) bool { return true }

// ErrDamaged says that a witness cannot be read.
var ErrDamaged = words.Err("witness.damaged", nil)

// rewrite makes a file anew.
func rewrite(path string, h head, lines []line) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, words.Wrap(err, "witness.write", words.A{"file": path})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if err := enc.Encode(h); err != nil {
		return nil, words.Wrap(err, "witness.write", words.A{"file": path})
	}
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return nil, words.Wrap(err, "witness.write", words.A{"file": path})
		}
	}
	next := path + ".next"
	if err := os.WriteFile(next, b.Bytes(), 0o600); err != nil {
		return nil, words.Wrap(err, "witness.write", words.A{"file": path})
	}
	if err := inuse.Try(context.Background(), path, func() error { return os.Rename(next, path) }); err != nil {
		return nil, words.Wrap(err, "witness.write", words.A{"file": path})
	}
	return appendTo(path)
}

// appendTo opens a file at its end, where a line that was cut is ended, and writes lines.
func appendTo(path string, lines ...line) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, words.Wrap(err, "witness.write", words.A{"file": path})
	}
	fail := func(err error) (*os.File, error) {
		return nil, words.Wrap(errors.Join(err, f.Close()), "witness.write", words.A{"file": path})
	}
	if info, err := f.Stat(); err != nil {
		return fail(err)
	} else if n := info.Size(); n > 0 {
		if err := endLine(f, n); err != nil {
			return fail(err)
		}
	}
	for _, l := range lines {
		b, err := json.Marshal(l)
		if err == nil {
			_, err = f.Write(append(b, '\n'))
		}
		if err != nil {
			return fail(err)
		}
	}
	return f, nil
}

// endLine takes away what a kill left of a last line: nothing of it had left.
func endLine(f *os.File, size int64) error {
	text := make([]byte, min(size, 1<<20))
	if _, err := f.ReadAt(text, size-int64(len(text))); err != nil {
		return err
	}
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 && i < len(text)-1 {
		return f.Truncate(size - int64(len(text)-1-i))
	}
	return nil
}

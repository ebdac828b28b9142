package receipts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"notify/pkg/ledger"
)

// mostSpooled is how much waits in a spool at the most: what comes then is not taken, and comes again.
const mostSpooled = 64 << 20

// errFull says that a spool takes no more.
var errFull = errors.New("the spool is full")

// Spool is a file in which receipts are on disk until the ledger has them, so that no vendor waits for somebody who sends, stages or settles there.
// Each listener has one of its own, and takes over what those before it left. It is for one goroutine at a time.
type Spool struct {
	lock *flock.Flock
	file *os.File
	size int64
	hurt error // it could not be put back to its last good end
}

// OpenSpool opens the first spool of a name that nobody has, and reads what is left in all of those. damaged is how many lines cannot be read and
// were put aside.
func OpenSpool(name string) (own *Spool, left []ledger.Receipt, damaged int, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, nil, 0, err
	}
	defer func() {
		if err != nil && own != nil {
			err = errors.Join(err, own.Close())
			own = nil
		}
	}()
	for n := 1; ; n++ {
		path := fmt.Sprint(name, n)
		if _, err := os.Stat(path); own != nil && errors.Is(err, fs.ErrNotExist) {
			return own, left, damaged, nil
		}
		s, some, bad, err := openSpool(path)
		if err != nil {
			return own, nil, 0, err
		}
		if s == nil {
			continue
		}
		left, damaged = append(left, some...), damaged+bad
		if own == nil {
			own = s
			continue
		}
		if err := errors.Join(own.Append(some), s.Clear(), s.Close()); err != nil {
			return own, nil, 0, err
		}
	}
}

// openSpool opens one, and reads what is left in it; nil where somebody has it.
func openSpool(path string) (*Spool, []ledger.Receipt, int, error) {
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if free, err := lock.TryLock(); err != nil || !free {
		return nil, nil, 0, err
	}
	s := &Spool{lock: lock}
	text, err := os.ReadFile(path)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		s.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	}
	if err != nil {
		return nil, nil, 0, errors.Join(err, lock.Unlock())
	}
	var left []ledger.Receipt
	var damaged [][]byte
	lines := bytes.Split(text, []byte{'\n'})
	for _, line := range lines[:len(lines)-1] {
		var r ledger.Receipt
		if err := json.Unmarshal(line, &r); err != nil || r.Hash == "" {
			damaged = append(damaged, line)
			continue
		}
		left = append(left, r)
	}
	// The rest of a line was being written when the machine stopped, and was answered to nobody.
	s.size = int64(len(text) - len(lines[len(lines)-1]))
	if err := errors.Join(putAside(path+Damaged, damaged), s.file.Truncate(s.size)); err != nil {
		return nil, nil, 0, errors.Join(err, s.Close())
	}
	return s, left, len(damaged), nil
}

// Damaged is how the files end that lines go to which cannot be read: the spool they stood in is emptied, and they were answered.
const Damaged = ".damaged"

func putAside(path string, lines [][]byte) error {
	if len(lines) == 0 {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(bytes.Join(lines, []byte{'\n'}), '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// Append is done when all of it is on disk, or none of it.
func (s *Spool) Append(rs []ledger.Receipt) error {
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for i := range rs {
		if err := lines.Encode(&rs[i]); err != nil {
			return err
		}
	}
	switch {
	case s.hurt != nil:
		return s.hurt
	case s.size+int64(text.Len()) > mostSpooled:
		return errFull
	}
	_, err := s.file.Write(text.Bytes())
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		s.hurt = s.file.Truncate(s.size)
		return err
	}
	s.size += int64(text.Len())
	return nil
}

// Clear empties it: the ledger has everything.
func (s *Spool) Clear() error {
	if s.size == 0 {
		return nil
	}
	err := s.file.Truncate(0)
	if err == nil {
		s.size = 0
	}
	return err
}

// Close lets go of it. What is left in it is there for the next.
func (s *Spool) Close() error { return errors.Join(s.file.Close(), s.lock.Unlock()) }

// Spooled is how many receipts are in the spools of a name: they are not on the ledger yet, or were just taken there.
func Spooled(name string) (int, error) {
	for n, all := 1, 0; ; n++ {
		text, err := os.ReadFile(fmt.Sprint(name, n))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return all, nil
		case err != nil:
			return 0, err
		}
		all += bytes.Count(text, []byte{'\n'})
	}
}

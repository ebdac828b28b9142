package witness

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"notify/pkg/inuse"
	"notify/pkg/words"
)

// machineName is the file in the state folder that tells one machine from others of the same name: containers, or clones, often have one.
const machineName = "machine"

// Machine is the identity of this machine's memory: short, the same for as long as its state folder lives, and made with the first question. A
// folder that was lost makes another machine: what the former one knew is known to nobody.
func Machine(state string) (string, error) {
	path := filepath.Join(state, machineName)
	for {
		b, err := inuse.ReadFile(path)
		id := strings.TrimSpace(string(b))
		switch {
		case err == nil && id != "":
			return id, nil
		case err == nil:
			err = errors.New("it is empty")
		case errors.Is(err, fs.ErrNotExist):
			if err = makeMachine(path); err == nil || errors.Is(err, fs.ErrExist) { // another process made it
				continue
			}
		}
		return "", words.Wrap(err, "witness.machine", words.A{"file": path, "cause": words.Cause(err)})
	}
}

// makeMachine writes the file whole, or not at all.
func makeMachine(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), machineName+".")
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.ToLower(rand.Text()[:8]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), path) // unlike a rename it leaves one alone that is there
	}
	// Whoever reads the file by its new name holds the old one, too, where Windows is.
	return errors.Join(err, inuse.Try(context.Background(), f.Name(), func() error { return os.Remove(f.Name()) }))
}

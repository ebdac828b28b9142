package witness

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"notify/pkg/inuse"
	"notify/pkg/ledger"
	"notify/pkg/words"
)

// KeepCredentials writes down in the state folder what an installation uses, a file for each, instead of what it said before. Where there is no state
// folder nothing is kept.
func KeepCredentials(state, host, installation string, all []ledger.Credential) error {
	if state == "" {
		return nil
	}
	path := filepath.Join(state, credentials, hash(host+"\n"+installation)+".json")
	var err error
	if len(all) > 0 {
		err = replace(path, all)
	} else {
		err = os.Remove(path)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return words.Wrap(err, "witness.write", words.A{"file": path})
}

// credentials is the folder within the state folder.
const credentials = "credentials"

// replace writes a file whole, so that who reads it meanwhile sees the former one.
func replace(path string, what any) error {
	b, err := json.Marshal(what)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "new.")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = inuse.Try(context.Background(), path, func() error { return os.Rename(f.Name(), path) })
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// Credentials reads what the installations of this machine said since. One whose configuration is not there any more uses nothing.
func Credentials(state, host string, since time.Time) ([]ledger.Credential, error) {
	if state == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(state, credentials, "*.json"))
	if err != nil {
		return nil, words.Wrap(err, "witness.read", words.A{"file": state})
	}
	var out []ledger.Credential
	for _, path := range files {
		var all []ledger.Credential
		b, err := inuse.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its installation has none any more, since a moment ago
		}
		if err == nil {
			err = json.Unmarshal(b, &all)
		}
		if err != nil {
			return nil, words.Wrap(err, "witness.read", words.A{"file": path})
		}
		out = append(out, slices.DeleteFunc(all, func(c ledger.Credential) bool {
			return c.Seen.Before(since) || c.Host == host && gone(c.Installation)
		})...)
	}
	return out, nil
}

func gone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

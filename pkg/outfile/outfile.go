// Package outfile owns how files are written that an operator asked for, and scratch files that he never sees. An output appears
// whole or not at all, durable, readable by its owner only, never through a symbolic link, and never in the place of something that
// the program reads. What another program holds it tries again, as package inuse does.
package outfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"notify/pkg/inuse"
)

// Input is a file that the program reads, and that no output may replace.
type Input struct {
	What string // "the list"
	Path string
}

// RefusedError is an output that is not written.
type RefusedError struct {
	Path string
	Why  string // "it is the list: writing there would destroy it"
	Hint string
}

// Error says which file, and why.
func (e *RefusedError) Error() string { return e.Path + " is not written: " + e.Why }

// Check reports an output that must not be written: something else than a plain file stands there, or one of the inputs, by
// whatever name: a *RefusedError. Where another program holds what stands there, and the system lets nobody replace it, that is said
// as well.
func Check(ctx context.Context, path string, inputs ...Input) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	}
	followed, err := os.Stat(path)
	if err == nil {
		for _, in := range inputs {
			if there, err := os.Stat(in.Path); err == nil && os.SameFile(followed, there) {
				return &RefusedError{Path: path, Why: "it is " + in.What + ": writing there would destroy it", Hint: "give another name"}
			}
		}
	}
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return &RefusedError{Path: path, Why: "it is a symbolic link", Hint: "give the name of the file itself"}
	case mode.IsDir():
		return &RefusedError{Path: path, Why: "it is a folder", Hint: "give the name of a file in it"}
	case !mode.IsRegular():
		return &RefusedError{Path: path, Why: "it is no plain file", Hint: "give another name"}
	}
	return inuse.Replaceable(ctx, path)
}

// File is an output in the making: a file beside its place, under a name of its own. What ends without Commit leaves nothing; what
// was killed leaves a file that the next output of the same name removes.
type File struct {
	*os.File
	path   string
	inputs []Input
	fresh  bool // nothing may stand in its place
	held   func() error
	over   bool
}

// Create begins an output, which replaces what stands at path. It refuses what Check refuses.
func Create(ctx context.Context, path string, inputs ...Input) (*File, error) {
	return create(ctx, path, false, inputs)
}

// CreateNew begins an output where nothing stands yet; otherwise the error is fs.ErrExist.
func CreateNew(ctx context.Context, path string, inputs ...Input) (*File, error) {
	return create(ctx, path, true, inputs)
}

func create(ctx context.Context, path string, fresh bool, inputs []Input) (*File, error) {
	if err := Check(ctx, path, inputs...); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(path); fresh && err == nil {
		return nil, fmt.Errorf("write %s: %w", path, fs.ErrExist)
	}
	dir, pattern := filepath.Dir(path), "."+filepath.Base(path)+".notify-"
	sweep(dir, pattern)
	const tries = 3
	for range tries {
		f, err := os.CreateTemp(dir, pattern+"*")
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", path, err)
		}
		held, err := hold(f.Name())
		if err == nil {
			return &File{File: f, path: path, inputs: inputs, fresh: fresh, held: held}, nil
		}
		// Somebody took it for one that was left behind, in the moment before it was held.
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	return nil, fmt.Errorf("write %s: its temporary file cannot be held", path)
}

// Commit puts the file in its place once it is on the disk. After an error there is nothing of it.
func (f *File) Commit(ctx context.Context) error {
	if f.over {
		return nil
	}
	err := f.Sync()
	if err == nil {
		err = Check(ctx, f.path, f.inputs...)
	}
	if err == nil {
		err = f.place(ctx)
	}
	if err != nil {
		err = errors.Join(err, f.Discard())
		var refused *RefusedError
		if errors.As(err, &refused) {
			return err
		}
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}

// place gives the file its name. A file that is open cannot be renamed everywhere.
func (f *File) place(ctx context.Context) error {
	if err := errors.Join(f.Close(), f.held()); err != nil {
		return err
	}
	if f.fresh {
		if _, err := os.Lstat(f.path); err == nil {
			return fs.ErrExist
		}
	}
	if err := inuse.Try(ctx, f.path, func() error { return os.Rename(f.Name(), f.path) }); err != nil {
		return err
	}
	f.over = true
	return syncDir(filepath.Dir(f.path))
}

// Discard gives the output up; after Commit it does nothing.
func (f *File) Discard() error {
	if f.over {
		return nil
	}
	f.over = true
	closed := f.Close()
	if errors.Is(closed, os.ErrClosed) {
		closed = nil
	}
	return errors.Join(closed, f.held(), os.Remove(f.Name()))
}

// Write writes a whole output.
func Write(ctx context.Context, path string, write func(*os.File) error, inputs ...Input) error {
	f, err := Create(ctx, path, inputs...)
	if err != nil {
		return err
	}
	if err := write(f.File); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, f.Discard()))
	}
	return f.Commit(ctx)
}

// sweep removes what outputs of the same name left that were killed.
func sweep(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && e.Type().IsRegular() {
			removeAbandoned(filepath.Join(dir, e.Name()))
		}
	}
}

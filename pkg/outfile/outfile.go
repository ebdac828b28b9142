// Package outfile owns how files are written that an operator asked for, and scratch files that he never sees. An output appears
// whole or not at all, durable, readable by its owner only, never through a symbolic link, and never in the place of something that
// the program reads. What another program holds it tries again, as package inuse does.
package outfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"notify/pkg/inuse"
	"notify/pkg/words"
)

// Input is a file that the program reads, and that no output may replace.
type Input struct {
	What words.Text // "the list"
	Path string
}

// RefusedError is an output that is not written.
type RefusedError struct {
	Path string
	Why  words.Text // "it is the list: writing there would destroy it"
	Hint words.Text
	Err  error // why the system refuses it; nil where we do
}

// Error says which file, and why.
func (e *RefusedError) Error() string { return e.Says().String() }

// Unwrap is why the system refuses it.
func (e *RefusedError) Unwrap() error { return e.Err }

// unwritable is an output whose place the system refuses, or that another program holds: another name may do. A disk that is full refuses
// every name.
func unwritable(path string, err error) error {
	var refused *RefusedError
	switch {
	case err == nil, errors.As(err, &refused), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, syscall.ENOSPC):
		return words.Wrap(err, "outfile.write", words.A{"path": path})
	}
	hint := words.HintOf(err) // close it
	if hint.IsZero() {
		hint = words.T("outfile.do.elsewhere", nil)
	}
	return &RefusedError{Path: path, Why: words.Cause(err), Hint: hint, Err: err}
}

// Says is the sentence.
func (e *RefusedError) Says() words.Text {
	return words.T("outfile.refused", words.A{"path": e.Path, "why": e.Why})
}

// Check reports an output that must not be written: something else than a plain file stands there, or one of the inputs, by
// whatever name: a *RefusedError. Where another program holds what stands there, and the system lets nobody replace it, that is said
// as well.
func Check(ctx context.Context, path string, inputs ...Input) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unwritable(path, err)
	}
	followed, err := os.Stat(path)
	if err == nil {
		for _, in := range inputs {
			if there, err := os.Stat(in.Path); err == nil && os.SameFile(followed, there) {
				return &RefusedError{Path: path, Why: words.T("outfile.is-input", words.A{"what": in.What}), Hint: words.T("outfile.do.other", nil)}
			}
		}
	}
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return &RefusedError{Path: path, Why: words.T("outfile.is-link", nil), Hint: words.T("outfile.do.itself", nil)}
	case mode.IsDir():
		return &RefusedError{Path: path, Why: words.T("outfile.is-folder", nil), Hint: words.T("outfile.do.in-it", nil)}
	case !mode.IsRegular():
		return &RefusedError{Path: path, Why: words.T("outfile.no-file", nil), Hint: words.T("outfile.do.other", nil)}
	}
	return unwritable(path, inuse.Replaceable(ctx, path))
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
		return nil, unwritable(path, fs.ErrExist)
	}
	dir, pattern := filepath.Dir(path), "."+filepath.Base(path)+".notify-"
	sweep(dir, pattern)
	const tries = 3
	for range tries {
		f, err := os.CreateTemp(dir, pattern+"*")
		if err != nil {
			return nil, unwritable(path, err)
		}
		held, err := hold(f.Name())
		if err == nil {
			return &File{File: f, path: path, inputs: inputs, fresh: fresh, held: held}, nil
		}
		// Somebody took it for one that was left behind, in the moment before it was held.
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	return nil, words.Err("outfile.not-held", words.A{"path": path})
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
		return words.Wrap(err, "outfile.write", words.A{"path": f.path})
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
			return unwritable(f.path, fs.ErrExist)
		}
	}
	if err := inuse.Try(ctx, f.path, func() error { return os.Rename(f.Name(), f.path) }); err != nil {
		return unwritable(f.path, err)
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
		return words.Wrap(errors.Join(err, f.Discard()), "outfile.write", words.A{"path": path})
	}
	return f.Commit(ctx)
}

// Folder makes a private temporary folder, and removes those of the same name that killed processes left. drop removes it with all that is
// in it. Its lock lies beside it and is held before the folder is there, so that nobody takes it for one that was left.
func Folder(name string) (dir string, drop func() error, err error) {
	const suffix, tries = ".lock", 3
	locks, err := filepath.Glob(filepath.Join(os.TempDir(), name+"-*"+suffix))
	if err != nil {
		return "", nil, words.Wrap(err, "outfile.folder", words.A{"path": os.TempDir()})
	}
	for _, lock := range locks {
		removeAbandoned(lock)
		if _, err := os.Lstat(lock); errors.Is(err, fs.ErrNotExist) {
			_ = os.RemoveAll(strings.TrimSuffix(lock, suffix))
		}
	}
	for range tries {
		f, err := os.CreateTemp("", name+"-*"+suffix)
		if err != nil {
			return "", nil, words.Wrap(err, "outfile.folder", words.A{"path": os.TempDir()})
		}
		release, err := hold(f.Name())
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			continue
		}
		dir := strings.TrimSuffix(f.Name(), suffix)
		drop := func() error { return errors.Join(os.RemoveAll(dir), f.Close(), release(), os.Remove(f.Name())) }
		if err := os.Mkdir(dir, 0o700); err != nil {
			return "", nil, errors.Join(words.Wrap(err, "outfile.folder", words.A{"path": os.TempDir()}), drop())
		}
		return dir, drop, nil
	}
	return "", nil, words.Err("outfile.folder-held", words.A{"path": os.TempDir()})
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

// Package inuse owns files that another program holds: a list that is open in a spreadsheet program which shares nothing, an output
// that somebody looks at, a scanner or a backup at work. What is held for a moment is tried again; what stays held is an error that
// says what to close. It imports the words only.
package inuse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"notify/pkg/words"
)

// ErrHeld is in every error that is said of a file which another program holds.
var ErrHeld = errors.New("another program holds the file")

// A scanner lets go within a second. The pauses double: all tries take 1.6 seconds, after which somebody works with the file.
const (
	tries      = 7
	firstPause = 25 * time.Millisecond
)

// Try does something with the file at path, and tries again while another program holds it. The error that it ends with then is a
// *words.Error with ErrHeld in it; every other error is returned as it is. It ends at once, with ctx.Err(), when ctx does.
func Try(ctx context.Context, path string, do func() error) error {
	pause := firstPause
	for n := 1; ; n++ {
		err, tells := do(), held
		if n == tries {
			tells = holds // that it was held before is no reason to say that it is
		}
		if err == nil || !errors.Is(err, ErrHeld) && !tells(path, err) {
			return err
		}
		if n == tries {
			return &words.Error{
				Text: words.T("inuse.held", words.A{"file": path}), Hint: words.T("inuse.do.close", nil), Err: fmt.Errorf("%w: %w", ErrHeld, err),
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		pause *= 2
	}
}

// Open opens a file for reading.
func Open(ctx context.Context, path string) (f *os.File, err error) {
	err = Try(ctx, path, func() error {
		f, err = os.Open(path)
		return err
	})
	return f, err
}

// ReadFile reads a small file.
func ReadFile(path string) (text []byte, err error) {
	err = Try(context.Background(), path, func() error {
		text, err = os.ReadFile(path)
		return err
	})
	return text, err
}

// Replaceable reports whether a file, or nothing, stands at path that another can be put in the place of. Where the system only says
// so at the end, it is nil.
func Replaceable(ctx context.Context, path string) error {
	return Try(ctx, path, func() error { return replaceable(path) })
}

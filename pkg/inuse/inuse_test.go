package inuse_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/inuse"
	"notify/pkg/words"
)

// another program, which holds a file for so long.
func another(held time.Duration) func() error {
	until := time.Now().Add(held)
	return func() error {
		if time.Now().Before(until) {
			return &fs.PathError{Op: "open", Path: "list.xlsx", Err: fmt.Errorf("held: %w", inuse.ErrHeld)}
		}
		return nil
	}
}

func TestAScannersShortHoldIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if err := inuse.Try(t.Context(), "list.xlsx", another(time.Second)); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhatStaysHeldIsAnErrorThatSaysWhatToClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := inuse.Try(t.Context(), "list.xlsx", another(time.Hour))
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it was tried for %s", took)
		}
		var own *words.Error
		if !errors.Is(err, inuse.ErrHeld) || !errors.As(err, &own) || !strings.Contains(err.Error(), "list.xlsx is open in another program") {
			t.Fatalf("got %v", err)
		}
		if hint := words.HintOf(err).String(); !strings.Contains(hint, "close it in the other program") {
			t.Errorf("the hint is %q", hint)
		}
	})
}

func TestCtrlCEndsTheTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer stop()
		began := time.Now()
		if err := inuse.Try(ctx, "list.xlsx", another(time.Hour)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != 60*time.Millisecond {
			t.Errorf("it went on for %s", took)
		}
	})
}

func TestEveryOtherErrorIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	n := 0
	err := inuse.Try(t.Context(), "list.xlsx", func() error { n++; return fs.ErrPermission })
	if !errors.Is(err, fs.ErrPermission) || errors.Is(err, inuse.ErrHeld) || n != 1 {
		t.Errorf("got %v after %d tries", err, n)
	}
}

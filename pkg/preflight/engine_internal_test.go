package preflight

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// A check that got no evidence says why: it was stopped, its time was up, or something was wrong. Only what a person stopped is no error.
func TestWhyThereIsNoEvidence(t *testing.T) {
	t.Parallel()
	for said, of := range map[string]struct {
		err      error
		status   Status
		remedies int
	}{
		"preflight.interrupted": {fmt.Errorf("asked: %w", context.Canceled), NotRun, 0},
		"preflight.too-slow":    {fmt.Errorf("asked: %w", context.DeadlineExceeded), Error, 1},
		"words.raw":             {errors.New("no such table"), Error, 0},
	} {
		f := broken(of.err)
		if f.Status != of.status || len(f.Remedies) != of.remedies || len(f.Summary) != 1 || f.Summary[0].ID != said {
			t.Errorf("%v: %+v, want %s", of.err, f, said)
		}
	}
}

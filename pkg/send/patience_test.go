package send_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/send"
)

// heldLedger is a ledger that somebody holds from the second turn on: each ask waits for five seconds, or as long as its caller wants to.
type heldLedger struct {
	ledger.Runs
	n int
}

func (h *heldLedger) Turn(ctx context.Context, t ledger.Turn) (ledger.Turned, error) {
	if h.n++; h.n == 1 {
		return h.Runs.Turn(ctx, t)
	}
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Second):
	}
	return ledger.Turned{}, fmt.Errorf("turn: %w", ledger.ErrBusy)
}

// A ledger that somebody holds is waited for by one deadline over all tries; who asks the run to stop waits for two seconds more.
func TestALedgerThatIsHeldIsWaitedForOnce(t *testing.T) {
	for _, tc := range []struct {
		name     string
		stop     time.Duration
		from, to time.Duration
	}{
		{"nobody stops it", time.Hour, send.DefaultTiming().Settle, send.DefaultTiming().Settle + 7*time.Second},
		{"a person stops it", 6 * time.Second, 6 * time.Second, 10 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := staged(t, 40).Open()
				ctx, cancel := context.WithTimeout(context.Background(), tc.stop)
				defer cancel()
				began := time.Now()
				res, err := loopOn(&heldLedger{Runs: l}, l, &reached{}, config.Account{Concurrency: 4}).Run(ctx)
				took := time.Since(began)
				if !errors.Is(err, ledger.ErrBusy) || res.Unrecorded == 0 {
					t.Errorf("it ended with %+v, %v", res, err)
				}
				if took < tc.from || took > tc.to {
					t.Errorf("it took %s, want %s to %s", took, tc.from, tc.to)
				}
			})
		})
	}
}

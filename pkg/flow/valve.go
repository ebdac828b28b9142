package flow

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Valve lets an account's messages out one by one. The ledger gives each message its place under the account's rate, shared
// by all processes; the valve waits for that place, and holds this process to the rate by itself, should many
// messages be late at the same time. It is safe for concurrent use.
type Valve struct {
	limiter *rate.Limiter
	slack   time.Duration
	full    float64

	mu    sync.Mutex
	scale float64
}

// NewValve makes a valve; rate 0 does not limit.
func NewValve(perSecond float64, burst int, slack time.Duration) *Valve {
	return &Valve{limiter: rate.NewLimiter(rate.Limit(perSecond), max(1, burst)), slack: slack, full: perSecond, scale: 1}
}

// Scale sets the part of the rate that is in force.
func (v *Valve) Scale(s float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s != v.scale {
		v.scale = s
		v.limiter.SetLimit(rate.Limit(v.full * s))
	}
}

const maxAhead = 2500 * time.Millisecond

// Wait waits until leaveAt, or until early where that is set, and until this process may send. It reports false where the message is so late by now that it
// would add to the messages of another moment: it must be given back. leaveAt zero means that there is no rate.
func (v *Valve) Wait(ctx context.Context, now func() time.Time, early, leaveAt time.Time) (bool, error) {
	if leaveAt.IsZero() {
		return true, ctx.Err()
	}
	// No place is further ahead than maxAhead, unless the clock was put back.
	if early.IsZero() {
		early = leaveAt
	}
	if err := pause(ctx, min(early.Sub(now()), maxAhead)); err != nil {
		return false, err
	}
	at := now()
	if at.Sub(leaveAt) > v.slack {
		return false, nil
	}
	if v.full <= 0 {
		return true, nil // it is the place of a domain
	}
	// A reservation that would have to wait longer than the slack is given back: the message's place is then another one.
	r := v.limiter.ReserveN(time.Now(), 1) //nolint:forbidigo // the limiter measures a span, it records nothing
	d := r.Delay()
	if d > v.slack-at.Sub(leaveAt) {
		r.Cancel()
		return false, nil
	}
	return true, pause(ctx, d)
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

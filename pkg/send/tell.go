package send

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Meter is told what a run does, once the ledger has it. It is called by the goroutines of all channels, between two turns, and must not wait.
type Meter interface {
	// Claimed counts messages that were claimed through an account; each of them is Settled later, unless the run breaks off.
	Claimed(account string, n int)
	// Settled is an outcome that was recorded, and how long the vendor took; 0 where it was not asked.
	Settled(account string, o message.Outcome, asked time.Duration)
	// Committed is how long a turn took.
	Committed(took time.Duration)
}

// heard is what came of an attempt, until that is recorded: nothing is said before.
type heard struct {
	claim   ledger.Claim
	outcome message.Outcome
	asked   time.Duration
}

// tell says what a turn recorded, but for what the ledger knew otherwise.
func (ln *lane) tell(stale []int64) {
	for i := range ln.heard {
		h, m := &ln.heard[i], ln.loop.Meter
		switch stale := slices.Contains(stale, h.claim.Attempt); {
		case stale && m != nil:
			m.Claimed(h.claim.Account, -1)
		case m != nil:
			m.Settled(h.claim.Account, h.outcome, h.asked)
		}
		ln.log(h)
	}
	clear(ln.heard)
	ln.heard = ln.heard[:0]
}

// log writes down an outcome: what went as it should for whoever wants to know everything.
func (ln *lane) log(h *heard) {
	level := slog.LevelInfo
	switch {
	case h.outcome.Kind == message.OutcomeAccepted, h.outcome.Kind == message.OutcomeThrottled, h.outcome.GivenBack():
		level = slog.LevelDebug
	}
	log, ctx := ln.loop.Log, context.Background()
	if !log.Enabled(ctx, level) {
		return
	}
	log.LogAttrs(
		ctx, level, "outcome", slog.String("campaign", ln.loop.Campaign), slog.String("account", h.claim.Account), slog.String("channel", string(ln.channel)),
		slog.String("to", ln.entry.Mask(h.claim.Address)), slog.String("key", string(h.claim.Key)), slog.Int("attempt", h.claim.Number),
		slog.String("outcome", string(h.outcome.Kind)), slog.String("code", h.outcome.Code), slog.String("said", words.Stored(h.outcome.Detail).String()),
		slog.String("vendor_id", h.outcome.VendorID), slog.Float64("took_ms", float64(h.asked)/float64(time.Millisecond)),
	)
}

// breaker writes down that an account is left alone from now on, or that it works again.
func (ln *lane) breaker(a *flow.Account, was bool) {
	switch {
	case a.Open() && !was:
		ln.loop.Log.Info("the breaker opens", "account", a.Name(), "until", a.OpenUntil())
	case was && !a.Open():
		ln.loop.Log.Info("the breaker closes", "account", a.Name())
	}
}

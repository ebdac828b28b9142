package send

import (
	"context"
	"log/slog"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// frequency is how often an address may be written to on a lane's channel, by all campaigns of the class. It is looked at when a claim is
// committed: what was claimed for the address before, by whomever, is seen then, and of two that are claimed at the same time the later one yields. Preflight has looked at it;
// but another campaign may have told him since, or tell him right now.
type frequency struct {
	limit config.Frequency
	zone  *time.Location
	from  ledger.Reader
	count ledger.Counting
}

// frequencyOn is that of a channel; nil: any number may be sent.
func (l *Loop) frequencyOn(ch message.Channel) *frequency {
	limit := l.Config.Often(l.spec.Class, ch)
	if limit.Most == 0 {
		return nil
	}
	return &frequency{limit: limit, zone: l.Config.Timezone, from: l.Reader, count: ledger.Counting{Class: l.spec.Class}}
}

// turnAway says of claims which are not to be sent, and what comes of them; nil for one that is. Where nobody can tell, all are given back.
func (ln *lane) turnAway(ctx context.Context, cs []ledger.Claim, now time.Time) []*message.Outcome {
	out := make([]*message.Outcome, len(cs))
	f := ln.frequency
	if f == nil || len(cs) == 0 {
		return out
	}
	f.count.Since = f.limit.Since(now, f.zone)
	before, err := f.from.Earlier(ctx, &f.count, cs)
	if err != nil {
		words.LogError(ln.loop.Log, slog.LevelWarn, words.Wrap(err, "log.frequency", nil))
		ln.loop.progress.waiting(words.T("send.frequency-unread", nil))
		ln.later = now.Add(ln.loop.Timing.Look)
		back := message.GiveBack(message.BackLost)
		for i := range out {
			out[i] = &back
		}
		return out
	}
	for i, n := range before {
		if n >= f.limit.Most {
			out[i] = &message.Outcome{Kind: message.OutcomeRejected, Code: message.AwayFrequency, Detail: words.T("send.frequency", words.A{
				"n": words.N(n, "message"), "since": f.count.Since, "limit": f.limit.String(), "campaign": ln.loop.Campaign,
			}).Stored()}
		}
	}
	return out
}

// own reports that this program turned a message away as it was told to: that says nothing about the campaign or its accounts.
func own(o message.Outcome) bool {
	return o.Kind == message.OutcomeRejected && (o.Code == message.AwayFrequency || o.Code == message.AwaySuppressed)
}

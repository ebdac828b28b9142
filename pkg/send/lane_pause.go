package send

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

func (ln *lane) pause(p Pause) {
	if !ln.stopping() {
		p.Channel = ln.channel
		ln.loop.Log.Info("pauses", "channel", ln.channel, "account", p.Account, "why", p.Why, "said", p.Detail.String(), "until", p.Until)
		ln.end.pause = &p
	}
}

// looked takes in that somebody wants the run to end.
func (ln *lane) looked(ctx context.Context, now time.Time) {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, errSibling) {
			ln.pause(Pause{Why: pauseSibling, Detail: words.T("send.sibling", nil)})
		}
		ln.pause(Pause{Why: PauseInterrupt, Detail: words.T("send.interrupted", nil)})
	}
	if d := ln.loop.spec.Deadline; !d.IsZero() && !now.Before(d) {
		ln.pause(Pause{Why: PauseDeadline, Detail: words.T("send.deadline", words.A{"at": d})})
	}
	if why, others := ln.loop.watch.tripped(); !why.IsZero() && !ln.stopping() {
		if others {
			ln.stop = why
		}
		ln.pause(Pause{Why: PauseStopWhen, Detail: why})
	}
}

func (ln *lane) window(now time.Time) (bool, time.Time) {
	return plan.Open(ln.loop.spec.Window, ln.loop.Config.Hours[ln.loop.spec.Class], now.In(ln.loop.Config.Timezone))
}

// blocked is called with nothing in flight and no account that can take a message: wait for the next moment that helps, or
// pause and say why.
func (ln *lane) blocked(now, wake time.Time) {
	p := ln.obstacle(now)
	if p == nil {
		return
	}
	if ln.loop.Wait && !wake.IsZero() {
		ln.loop.progress.waiting(words.T("send.wait.until", words.A{"said": p.Detail, "at": wake}))
		return
	}
	if open, at := ln.window(p.Until); !p.Until.IsZero() && !open {
		p.Until = at
	}
	ln.pause(*p)
}

// obstacle is the reason why none of the accounts can take a message; nil where waiting a little is all it takes.
func (ln *lane) obstacle(now time.Time) *Pause {
	inUse := ln.route.InUse()
	if len(inUse) == 0 {
		return &Pause{Why: PauseOff, Detail: words.T("send.no-share", words.A{"accounts": words.Names(slices.Sorted(maps.Keys(ln.accounts)), 0)})}
	}
	var first *Pause
	for _, a := range inUse {
		var p *Pause
		why, which, until := a.Spent(now)
		args := words.A{"account": a.Name()}
		switch {
		case a.Off() != nil:
			args["who"], args["at"], args["why"] = a.Off().Who, a.Off().At, a.Off().Why()
			p = &Pause{Why: PauseOff, Detail: words.T("send.off", args)}
		case a.Refusal().Kind != "":
			r := a.Refusal()
			args["reason"], args["said"] = words.Of("breaker.reason", cmp.Or(r.Reason, message.ReasonOther)), words.Said(r.Code, r.Detail)
			p = &Pause{Why: PauseRefused, Detail: words.T("send.refused", args)}
		case why == ledger.HoldQuota:
			args["quota"] = a.Limits.DailyQuota
			if which == ledger.WhichScenario {
				args["quota"], args["class"] = a.Limits.Scenario.DailyQuota, words.Of("class", a.Limits.Scenario.Name)
				p = &Pause{Why: PauseQuota, Until: until, Detail: words.T("send.quota-class", args)}
				break
			}
			p = &Pause{Why: PauseQuota, Until: until, Detail: words.T("send.quota", args)}
			if which == ledger.WhichRamp {
				args["sender"] = cmp.Or(a.Limits.Ramp.Sender, a.Name())
				p.Detail = words.T("send.quota-ramp", args)
			}
		case why == ledger.HoldBudget:
			args["budget"] = words.Of("send.budget-of", which)
			p = &Pause{Why: PauseBudget, Until: until, Detail: words.T("send.budget", args)}
		case a.Open() && now.Sub(a.DownSince()) >= ln.loop.Timing.Patience:
			args["at"] = a.DownSince()
			p = &Pause{Why: PauseBreaker, Until: a.OpenUntil(), Detail: words.T("send.breaker", args)}
		default:
			return nil
		}
		p.Account = a.Name()
		if first == nil || first.Why == PauseOff { // time may help another
			first = p
		}
	}
	return first
}

// pausedBy is a pause that was found in the ledger: a person's, or that of another run that stopped for all.
func pausedBy(a *ledger.Act) Pause {
	if !ByPerson(a) {
		return Pause{Why: PauseStopWhen, Detail: a.Why()}
	}
	return Pause{Why: PauseByPerson, Detail: words.T("send.paused-why", words.A{"who": a.Who, "why": a.Why()})}
}

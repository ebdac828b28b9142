package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func (w *walk) turn(p *proc) {
	w.story.Helper()
	if p.run.real == 0 {
		return
	}
	got, model := w.request(p)
	p.turns++
	got.Number, model.Number = p.turns, p.turns
	if w.rnd.IntN(8) == 0 {
		got.Number, model.Number = 0, 0
	}
	p.last = got
	gotReal, gotErr := p.real.Turn(w.story.ctx(), got)
	gotModel, modelErr := p.model.Turn(w.story.ctx(), model)
	if !w.agree("turn", len(gotReal.Stale), len(gotModel.Stale), gotErr, modelErr) {
		p.run, p.open = pair[ledger.RunID]{}, nil
		return
	}
	for i := range gotModel.Grants {
		a, b := gotReal.Grants[i], gotModel.Grants[i]
		for j := range min(len(a.Claims), len(b.Claims)) {
			p.open = append(p.open, opened{pair[int64]{a.Claims[j].Attempt, b.Claims[j].Attempt}, a.Claims[j].Counted})
			a.Claims[j].Attempt, b.Claims[j].Attempt, a.Claims[j].Grant, b.Claims[j].Grant = 0, 0, 0, 0
		}
	}
	w.agree("turn", gotReal.Grants, gotModel.Grants, nil, nil)
	w.answered(gotReal, gotModel)
}

// answered compares how the campaign stands after a turn.
func (w *walk) answered(got, model ledger.Turned) {
	w.story.Helper()
	for _, t := range []*ledger.Turned{&got, &model} {
		slices.SortFunc(t.Accounts, func(a, b ledger.AccountState) int { return strings.Compare(a.Account, b.Account) })
		t.Grants, t.Stale = nil, nil
		for i := range t.Recovered {
			t.Recovered[i].Attempt = 0
		}
		slices.SortFunc(t.Recovered, func(a, b ledger.Claim) int { return strings.Compare(string(a.Key), string(b.Key)) })
	}
	w.agree("turn", got, model, nil, nil)
}

// again asks for the last turn once more, as one whose answer was lost, or for another that does not follow.
func (w *walk) again(p *proc) {
	w.story.Helper()
	if p.run.real == 0 || p.turns == 0 {
		return
	}
	got := p.last
	got.Number = p.turns + []int64{0, 0, -1, 2}[w.rnd.IntN(4)]
	if got.Number == 0 {
		return // it takes the next
	}
	model := got
	model.Run, model.Settle = p.run.model, nil
	gotReal, gotErr := p.real.Turn(w.story.ctx(), got)
	gotModel, modelErr := p.model.Turn(w.story.ctx(), model)
	var a, b *ledger.OutOfTurnError
	if errors.As(gotErr, &a) != errors.As(modelErr, &b) || errors.Is(gotErr, ledger.ErrBehind) != errors.Is(modelErr, ledger.ErrBehind) {
		w.story.Fatalf("step %d: out of turn: got error %v, the model says %v", w.steps, gotErr, modelErr)
	}
	if w.agree("again", gotReal.Before, gotModel.Before, gotErr, modelErr) {
		w.answered(gotReal, gotModel)
	}
}

// inWaves has a turn go out in waves now and then, and say how far they have come.
func (w *walk) inWaves(t *ledger.Turn) {
	if w.rnd.IntN(3) != 0 {
		return
	}
	t.Waves = []int{1 + w.rnd.IntN(4), 1 + w.rnd.IntN(8)}
	c := ledger.WaveChange{Number: w.rnd.IntN(3), At: w.now, Held: w.rnd.IntN(2) == 0}
	by := w.by("wave")
	switch w.rnd.IntN(4) {
	case 0:
		return
	case 1:
		c.Ask = &by
	case 2:
		c.Next = &by
	}
	t.Wave = &c
}

// request makes up a turn: some outcomes, perhaps a second one for the same attempt, a change of an account, some claims.
func (w *walk) request(p *proc) (got, model ledger.Turn) {
	got = ledger.Turn{Run: p.run.real, Now: w.now, Extend: lease}
	w.inWaves(&got)
	kinds := message.OutcomeKinds()
	keep := p.open[:0]
	for _, a := range p.open {
		if w.rnd.IntN(3) == 0 {
			keep = append(keep, a)
			continue
		}
		kind := kinds[w.rnd.IntN(len(kinds))]
		if w.rnd.IntN(2) == 0 {
			kind = message.OutcomeAccepted
		}
		s := ledger.Settlement{
			Attempt: a.real, At: w.now, Outcome: message.Outcome{Kind: kind, Code: fmt.Sprintf("c%d", w.rnd.IntN(3)), VendorID: "v"},
		}
		if kind.Definite() && w.rnd.IntN(2) == 0 {
			s.Uncount = a.counted
		}
		if w.rnd.IntN(2) == 0 {
			s.NotBefore = w.now.Add(time.Duration(w.rnd.IntN(60)) * time.Second)
		}
		got.Settle = append(got.Settle, s)
		s.Attempt = a.model
		model.Settle = append(model.Settle, s)
		if w.rnd.IntN(10) == 0 {
			keep = append(keep, a) // it is settled once more, later
		}
	}
	p.open = keep
	if other := w.procs[w.rnd.IntN(len(w.procs))]; other != p && len(other.open) > 0 && w.rnd.IntN(4) == 0 {
		a := other.open[0] // it is not this run's to settle
		s := ledger.Settlement{Attempt: a.real, At: w.now, Outcome: message.Outcome{Kind: kinds[w.rnd.IntN(len(kinds))]}}
		got.Settle = append(got.Settle, s)
		s.Attempt = a.model
		model.Settle = append(model.Settle, s)
	}
	w.findings(&got)
	if w.rnd.IntN(30) == 0 {
		by := w.by("stop")
		got.Pause = &by
	}
	for range w.rnd.IntN(3) {
		got.Claim = append(got.Claim, w.claimRequest())
	}
	if w.rnd.IntN(4) == 0 {
		got.Watch = append(got.Watch, w.accountName())
	}
	settle := model.Settle
	model = got
	model.Run, model.Settle = p.run.model, settle
	return got, model
}

// findings makes up what a run learned of an account and of a receiver.
func (w *walk) findings(got *ledger.Turn) {
	if w.rnd.IntN(6) == 0 {
		c := ledger.AccountChange{Account: w.accountName(), At: w.now}
		until := w.now.Add(time.Duration(w.rnd.IntN(30)-10) * time.Second)
		c.Scale = &ledger.Rescale{From: float64(1+w.rnd.IntN(2)) / 2, To: float64(1+w.rnd.IntN(2)) / 2}
		c.Failed, c.NotBefore, c.Well, c.Anew = w.rnd.IntN(5), until, w.rnd.IntN(2) == 0, w.rnd.IntN(4) == 0
		if w.rnd.IntN(3) == 0 {
			c.OpenUntil, c.Reason = until, words.Raw("down")
		}
		got.Accounts = append(got.Accounts, c)
	}
	if w.rnd.IntN(8) == 0 {
		c := ledger.DomainChange{Account: w.accountName(), Domain: fmt.Sprintf("d%d.test", w.rnd.IntN(2)), At: w.now}
		c.SlowTo, c.SlowUntil = float64(w.rnd.IntN(3))/4, w.now.Add(time.Duration(w.rnd.IntN(40))*time.Second)
		if w.rnd.IntN(2) == 0 {
			c.Until = w.now.Add(time.Duration(w.rnd.IntN(40)-10) * time.Second)
		}
		got.Domains = append(got.Domains, c)
	}
}

func (w *walk) accountName() string {
	return []string{smsAcc, "sms-backup"}[w.rnd.IntN(2)]
}

func (w *walk) claimRequest() ledger.ClaimRequest {
	return claims(w.rnd.IntN(6), func(c *ledger.ClaimRequest) {
		c.Limits.Account, c.Day = w.accountName(), w.now.Format(time.DateOnly)
		if w.rnd.IntN(3) > 0 {
			c.Limits.Rate, c.Limits.AtOnce = float64(1+w.rnd.IntN(4)), w.rnd.IntN(3)
		}
		if w.rnd.IntN(2) == 0 {
			c.Limits.DomainRate = map[string]float64{"d0.test": 0.05, ledger.DefaultDomain: 1}
		}
		c.Limits.DomainHeld = w.rnd.IntN(2) == 0
		if w.rnd.IntN(3) == 0 {
			c.Limits.DomainQuota = map[string]int64{"d0.test": int64(w.rnd.IntN(4))}
		}
		if w.rnd.IntN(4) == 0 {
			c.Limits.DailyQuota = int64(1 + w.rnd.IntN(10))
		}
		if w.rnd.IntN(4) == 0 {
			c.Limits.DayBudget, c.Limits.MonthBudget, c.Limits.CampaignBudget = 600_000, 700_000, 800_000
		}
		if w.rnd.IntN(4) == 0 {
			c.Limits.Concurrency = 1 + w.rnd.IntN(6)
		}
		if w.rnd.IntN(3) == 0 {
			c.Limits.Scenario = &ledger.Scenario{Name: []string{"notice", "marketing"}[w.rnd.IntN(2)], Rate: float64(w.rnd.IntN(3)), AtOnce: w.rnd.IntN(3), DailyQuota: int64(w.rnd.IntN(4))}
		}
		if w.rnd.IntN(4) == 0 {
			c.Limits.Ramp = &ledger.Ramp{Sender: "edm.test", Start: int64(1 + w.rnd.IntN(20)), Factor: 1.5}
		}
		if room := w.rnd.IntN(8); room < 3 {
			c.DomainRoom = func(domain string) int {
				if domain == "d0.test" {
					return room
				}
				return -1
			}
		}
		c.Probe = w.rnd.IntN(4) == 0
	})
}

package send_test

import (
	"context"
	"slices"
	"time"

	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// judge compares the ledger with what the vendor knows.
func (w *world) judge() {
	w.t.Helper()
	l := w.open()
	defer l.Close()
	ctx := context.Background()
	for k, n := range w.taken {
		if n > 1 {
			w.t.Errorf("seed %d: message %s was taken %d times", w.seed, k, n)
		}
	}
	unknown, lost := 0, 0
	debits := make(map[string]int64)
	got := make(map[[2]string]int) // by channel and address
	for _, name := range w.names {
		seen := 0
		for r, err := range l.Messages(ctx, name) {
			if err != nil {
				w.t.Fatal(err)
			}
			seen++
			w.judgeMessage(&r)
			got[[2]string{string(r.Channel), string(r.Address)}] += w.taken[r.Key]
			switch r.State {
			case message.Unknown:
				unknown++
				debits[r.Account]++
			case message.Accepted:
				debits[r.Account]++
			case message.Pending, message.Attempting, message.Rejected, message.Cancelled:
			}
		}
		runs, err := l.Runs(ctx, name)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range runs {
			// A run that ended by itself because the ledger could not be written left what it had in flight, as one that was lost.
			if r.Why.ID == "run.why.lost" || r.Why.ID == "run.why.error" {
				lost++
			}
		}
		counts, err := l.Counts(ctx, name)
		if err != nil {
			w.t.Fatal(err)
		}
		if seen != w.messages() || counts.Total() != w.messages() {
			w.t.Errorf("seed %d: %d messages staged, %d there, states add up to %d", w.seed, w.messages(), seen, counts.Total())
		}
	}
	inFlight := 0
	for _, a := range w.cfg.Accounts {
		inFlight += a.Concurrency + a.Ahead
	}
	if limit := lost*inFlight + w.badUnknown; unknown > limit {
		w.t.Errorf("seed %d: %d unknown, but %d runs that were lost or failed, with at most %d in flight and %d unclear answers", w.seed, unknown, lost, inFlight, w.badUnknown)
	}
	w.judgeUsage(l, debits)
	w.judgePace()
	w.judgeDomains()
	for to, n := range got {
		if w.often > 0 && n > w.often {
			w.t.Errorf("seed %d: %d messages arrived at %v, and %d may in a year", w.seed, n, to, w.often)
		}
	}
	if v, ok := l.(ledger.Verifier); ok {
		if problems, err := v.Verify(ctx); err != nil || len(problems) > 0 {
			w.t.Errorf("seed %d: ledger check: %v %v", w.seed, problems, err)
		}
	}
}

// messages is how many each campaign has.
func (w *world) messages() int {
	if w.mails {
		return 2 * w.people
	}
	return w.people
}

func (w *world) judgeMessage(r *ledger.Record) {
	n := w.taken[r.Key]
	switch r.State {
	case message.Accepted:
		if n != 1 {
			w.t.Errorf("seed %d: row %d is accepted, and the vendor took it %d times", w.seed, r.Row, n)
		}
	case message.Rejected, message.Cancelled, message.Pending:
		if n != 0 {
			w.t.Errorf("seed %d: row %d is %s, and the vendor took it", w.seed, r.Row, r.State)
		}
	case message.Attempting:
		w.t.Errorf("seed %d: row %d is attempting after the end", w.seed, r.Row)
	case message.Unknown:
	}
}

// judgeUsage: what is debited is what was accepted or is unknown, and no day went beyond its quota or budget.
func (w *world) judgeUsage(l ledger.Ledger, debits map[string]int64) {
	for name, a := range w.cfg.Accounts {
		var sum int64
		// Steps of the clock may have put messages on the days before and after.
		for d := -3; d <= 40; d++ {
			day := w.start.AddDate(0, 0, d).In(w.cfg.Timezone).Format(time.DateOnly)
			u, err := l.Usage(context.Background(), name, ledger.Day{Name: day})
			if err != nil {
				w.t.Fatal(err)
			}
			sum += u.Day.Messages
			of, err := l.Usage(context.Background(), ledger.ScenarioOf(name, config.Notice), ledger.Day{Name: day})
			if err != nil {
				w.t.Fatal(err)
			}
			s, limited := a.Scenarios[config.Notice]
			if limited && of != u || s.DailyQuota > 0 && of.Day.Messages > s.DailyQuota {
				w.t.Errorf("seed %d: notices through account %s on %s are debited as %+v, their quota is %d, and all of its messages are %+v", w.seed, name, day, of, s.DailyQuota, u)
			}
			if a.DailyQuota > 0 && u.Day.Messages > a.DailyQuota {
				w.t.Errorf("seed %d: account %s sent %d on %s, its quota is %d", w.seed, name, u.Day.Messages, day, a.DailyQuota)
			}
			if a.DayBudget > 0 && u.Day.Cost > a.DayBudget {
				w.t.Errorf("seed %d: account %s spent %s on %s, its budget is %s", w.seed, name, u.Day.Cost, day, a.DayBudget)
			}
		}
		if sum != debits[name] {
			w.t.Errorf("seed %d: account %s is debited for %d messages, and %d were accepted or are unknown", w.seed, name, sum, debits[name])
		}
	}
}

// judgePace: in no second did more arrive than rate and burst allow, plus what the way to the vendor shifts: up to 30 ms of
// connecting here. Clocks that are put back and machines that
// are suspended between the valve and the vendor are no part of this.
func (w *world) judgePace() {
	if w.stepped || w.sleepy {
		return
	}
	for name, at := range w.arrivals {
		a := w.cfg.Accounts[name]
		if r := a.Scenarios[config.Notice].Rate; r > 0 && (a.Rate == 0 || r < a.Rate) {
			a.Rate = r
		}
		if a.Rate == 0 {
			continue
		}
		slices.SortFunc(at, func(x, y time.Time) int { return x.Compare(y) })
		atOnce, slack := flow.SplitBurst(a.Rate, a.Burst)
		limit := int(a.Rate*(1+slack.Seconds()+0.03)) + atOnce + 1
		for i, j := 0, 0; j < len(at); j++ {
			for at[j].Sub(at[i]) >= time.Second {
				i++
			}
			if j-i+1 > limit {
				w.t.Errorf("seed %d: account %s took %d messages within a second from %s, at a rate of %v", w.seed, name, j-i+1, at[i].Sub(w.start), a.Rate)
				return
			}
		}
	}
}

// judgeDomains: in no second did a domain get more from an account than its rate and one, plus what the way shifts.
func (w *world) judgeDomains() {
	if w.stepped || w.sleepy || w.domains == 0 {
		return
	}
	for of, at := range w.atDomain {
		rate, ok := w.cfg.Accounts[of[0]].DomainRate[of[1]]
		if !ok {
			rate = w.cfg.Accounts[of[0]].DomainRate[ledger.DefaultDomain]
		}
		if rate == 0 {
			continue
		}
		slices.SortFunc(at, time.Time.Compare)
		limit := int(rate*1.03) + 1
		for i, j := 0, 0; j < len(at); j++ {
			for at[j].Sub(at[i]) >= time.Second {
				i++
			}
			if j-i+1 > limit {
				w.t.Errorf("seed %d: %s took %d messages for %s within a second from %s, at a rate of %v", w.seed, of[0], j-i+1, of[1], at[i].Sub(w.start), rate)
				return
			}
		}
	}
}

package ledgertest

import (
	"maps"
	"slices"
	"time"

	"notify/pkg/ledger"
)

// compare reads everything from both.
func (w *walk) compare() {
	w.story.Helper()
	got, model := w.story.Ledger, ledger.Ledger(w.model.Open())
	for _, name := range w.names {
		a, aErr := got.Counts(w.story.ctx(), name)
		b, bErr := model.Counts(w.story.ctx(), name)
		if !w.agree("counts of "+name, a, b, aErr, bErr) {
			continue
		}
		w.agree("messages of "+name, w.records(got, name), w.records(model, name), nil, nil)
		w.agree("snapshot of "+name, w.snapshot(got, name), w.snapshot(model, name), nil, nil)
		w.agree("what stands out of "+name, w.attention(got, name), w.attention(model, name), nil, nil)
		aw, aErr := got.Wave(w.story.ctx(), name)
		bw, bErr := model.Wave(w.story.ctx(), name)
		w.agree("wave of "+name, aw, bw, aErr, bErr)
	}
	aa, aErr := got.Accounts(w.story.ctx())
	ba, bErr := model.Accounts(w.story.ctx())
	w.agree("accounts", aa, ba, aErr, bErr)
	for _, account := range []string{smsAcc, "sms-backup", ledger.ScenarioOf(smsAcc, "notice"), ledger.ScenarioOf("sms-backup", "marketing")} {
		as, aErr := got.Senders(w.story.ctx(), account)
		bs, bErr := model.Senders(w.story.ctx(), account)
		for _, of := range []map[string]ledger.DomainHeld{as, bs} { // who was asked about, and never sent from, may be known
			maps.DeleteFunc(of, func(_ string, d ledger.DomainHeld) bool { return d == ledger.DomainHeld{} })
		}
		w.agree("senders of "+account, as, bs, aErr, bErr)
		for back := range 3 {
			day := ledger.Day{Name: w.now.AddDate(0, 0, -back).Format(time.DateOnly)}
			if back == 1 { // that of another zone
				day.From, day.Now = w.now.Add(-12*time.Hour), w.now
			}
			a, aErr := got.Usage(w.story.ctx(), account, day)
			b, bErr := model.Usage(w.story.ctx(), account, day)
			w.agree("usage of "+account, a, b, aErr, bErr)
		}
	}
}

// snapshot is what a screen shows, without what only one of the two can know.
func (w *walk) snapshot(l ledger.Ledger, name string) ledger.Snapshot {
	w.story.Helper()
	s, err := l.Snapshot(w.story.ctx(), name, ledger.DayOf(w.now))
	w.story.ok(err)
	for i := range s.Campaign.Holders {
		s.Campaign.Holders[i].ID = 0
	}
	if s.Last != nil {
		s.Last.ID = 0
	}
	return s
}

func (w *walk) records(l ledger.Ledger, name string) []ledger.Record {
	w.story.Helper()
	var out []ledger.Record
	for r, err := range l.Messages(w.story.ctx(), name) {
		w.story.ok(err)
		r.Attempt = 0
		out = append(out, r)
	}
	// Messages of one row have no order among drivers.
	slices.SortStableFunc(out, func(a, b ledger.Record) int {
		if a.Row != b.Row {
			return a.Row - b.Row
		}
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return out
}

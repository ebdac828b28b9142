package report_test

import (
	"context"
	"iter"
	"reflect"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
)

// watched counts how often the messages of a campaign were read.
type watched struct {
	ledger.Ledger
	ledger.Receipts
	reads int
}

func (w *watched) Messages(ctx context.Context, name string, states ...message.State) iter.Seq2[ledger.Record, error] {
	w.reads++
	return w.Ledger.Messages(ctx, name, states...)
}

func TestFiguresAreMadeOnceForEachStateOfACampaign(t *testing.T) {
	for driver, l := range ledgers(t) {
		t.Run(driver, func(t *testing.T) {
			w := &watched{Ledger: l, Receipts: l.(ledger.Receipts)}
			staged(t, l, "award-2020")
			run := sent(t, l, "award-2020")
			read := func(want int, limit float64) *report.Report {
				t.Helper()
				w.reads = 0
				r := must[*report.Report](t)(report.Make(t.Context(), w, "award-2020", report.Terms{Limits: map[string]float64{"sms": limit}}))
				if w.reads != want {
					t.Errorf("the messages were read %d times, not %d", w.reads, want)
				}
				return r
			}
			read(1, 5) // while it is being sent, always
			read(1, 5)
			released(t, l, run)
			first, again := read(1, 5), read(0, 5)
			if !reflect.DeepEqual(first, again) {
				t.Errorf("what was kept differs:\n%+v\n%+v", again.Figures, first.Figures)
			}
			if r := read(0, 7).Rates[0]; r.Limit != 7 { // that of today
				t.Errorf("the limit is %v", r.Limit)
			}
			act := wang
			act.At = start.Add(time.Hour)
			must[ledger.Resolved](t)(l.Resolve(t.Context(), "award-2020", []ledger.Resolution{{
				Key: message.MakeKey("award-2020", message.SMS, message.Address(person(4)[2]), ""), As: message.OutcomeAccepted,
			}}, act))
			if got := read(1, 5).Written[1]; got.Succeeded != first.Written[1].Succeeded+1 {
				t.Errorf("after one more was accepted: %+v", got)
			}
			read(0, 5)
		})
	}
}

func TestARateDoesNotCountPauses(t *testing.T) {
	for driver, l := range ledgers(t) {
		t.Run(driver, func(t *testing.T) {
			staged(t, l, "award-2020")
			released(t, l, sent(t, l, "award-2020")) // two were accepted after a second, and it ended after two
			later := start.Add(time.Hour)
			run := must[ledger.Acquired](t)(l.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: 7, User: "wang", Now: later, Extend: time.Minute})).Run.ID
			turn := ledger.Turn{Run: run, Now: later, Extend: time.Minute, Claim: []ledger.ClaimRequest{{
				Channel: message.SMS, Day: "2026-11-20", Max: 1, Grace: 10 * time.Second, Limits: ledger.Limits{Account: "sms", Currency: "CNY"},
			}}}
			got := must[ledger.Turned](t)(l.Turn(t.Context(), turn))
			must[ledger.Turned](t)(l.Turn(t.Context(), ledger.Turn{Run: run, Now: later, Extend: time.Minute, Settle: []ledger.Settlement{{
				Attempt: got.Grants[0].Claims[0].Attempt, Outcome: message.Outcome{Kind: message.OutcomeAccepted}, At: later.Add(time.Second),
			}}}))
			r := must[*report.Report](t)(report.Make(t.Context(), l, "award-2020", report.Terms{}))
			if got := r.Rates[0]; got.Lasted != 2*time.Second || got.Mean != 1 { // two spaces within two seconds
				t.Errorf("%+v; pauses %+v", got, r.Pauses)
			}
		})
	}
}

// What came of a message may be settled long after it was sent: that is no attempt, and nothing that an account took long for.
func TestWhatWasSettledAfterwardsIsNoAttempt(t *testing.T) {
	for driver, l := range ledgers(t) {
		t.Run(driver, func(t *testing.T) {
			staged(t, l, "award-2020")
			released(t, l, sent(t, l, "award-2020"))
			before := must[*report.Report](t)(report.Make(t.Context(), l, "award-2020", report.Terms{}))
			by := wang
			by.At = start.Add(time.Hour)
			must[ledger.Resolved](t)(l.Resolve(t.Context(), "award-2020", []ledger.Resolution{{
				Key: message.MakeKey("award-2020", message.SMS, message.Address(person(4)[2]), ""), As: message.OutcomeAccepted,
			}}, by))
			r := must[*report.Report](t)(report.Make(t.Context(), l, "award-2020", report.Terms{}))
			if !r.Last.Equal(before.Last) || r.Timeline.Step != before.Timeline.Step {
				t.Errorf("it lasted until %s, and then until %s; steps of %s and %s", before.Last, r.Last, before.Timeline.Step, r.Timeline.Step)
			}
			if got := r.Rates[0]; got.Lasted > 2*time.Second || got.Highest != 2 {
				t.Errorf("%+v", got)
			}
		})
	}
}

package preflight_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

// wrote is a campaign that wrote to these rows by SMS, so many hours ago each.
func wrote(campaign string, rows []int, hours ...int) func(*world) {
	return func(w *world) {
		l, ok := w.ledger.(telling)
		if !ok {
			l = telling{Ledger: w.ledger}
		}
		for i, row := range rows {
			at := w.now.Add(-time.Duration(hours[min(i, len(hours)-1)]) * time.Hour)
			l.told = append(l.told, ledger.Told{Channel: message.SMS, Row: row, Campaign: campaign, At: at})
		}
		w.ledger = l
	}
}

func TestToldLately(t *testing.T) {
	askAll(t, "told-lately", []question{
		{
			name: "the one that wrote to most is named first", want: preflight.Warn,
			summary: []string{"11 of 100 recipients were written to within 7d, whatever the text, by spring, autumn, winter"}, remedies: []string{"notify resume spring", "notify report spring"},
			change: both(lately, wrote("autumn", []int{2, 3, 4, 101}, 5), wrote("spring", []int{2, 3, 4, 5, 6, 7, 8, 9, 10}, 30), wrote("winter", []int{63, 2}, 40)),
		},
		{
			name: "the last that it wrote is the latest", want: preflight.Warn, summary: []string{"3 of 100 recipients"},
			change: both(lately, wrote("spring", []int{63, 64, 65}, 3, 1, 2)),
		},
		{
			name: "who was written to twice counts once", want: preflight.Warn, summary: []string{"2 of 100 recipients"},
			change: both(lately, wrote("spring", []int{63, 63, 64, 64}, 3)),
		},
		{
			name: "more campaigns than are named", want: preflight.Warn, summary: []string{"1 of 100 recipients", "by a, b, c and 3 more"},
			change: both(lately, wrote("a", []int{2}, 1), wrote("b", []int{2}, 2), wrote("c", []int{2}, 3), wrote("d", []int{2}, 4), wrote("e", []int{2}, 5), wrote("f", []int{2}, 6)),
		},
		{
			name: "as many as are named", want: preflight.Warn, summary: []string{"1 of 100 recipients"},
			change: both(lately, wrote("a", []int{2}, 1), wrote("b", []int{2}, 2), wrote("c", []int{2}, 3), wrote("d", []int{2}, 4), wrote("e", []int{2}, 5)),
		},
		{name: "who is told on two channels is one", want: preflight.Warn, change: both(lately, besideSMS, wrote("spring", []int{2}, 1)), summary: []string{"1 of 100 recipients"}},
		{name: "who has been told already is not asked about", want: preflight.Warn, change: both(lately, sentSome, wrote("spring", []int{50}, 1)), summary: []string{"1 of 95 recipients"}},
		{name: "a ledger that asks no further than the first", want: preflight.Error, change: both(lately, besideSMS, func(w *world) { w.ledger = hasty{w.ledger} }), summary: []string{diskError}},
		{name: "by this campaign itself", want: preflight.Pass, change: both(lately, sentSome), summary: []string{"; 95 messages to send"}},
	})
}

// hasty is a ledger that breaks at the first whom it is asked about.
type hasty struct{ ledger.Ledger }

func (hasty) Told(_ context.Context, _ ledger.Telling, asked iter.Seq[ledger.Told]) iter.Seq2[ledger.Told, error] {
	return func(yield func(ledger.Told, error) bool) {
		for range asked {
			yield(ledger.Told{}, errDisk)
			return
		}
	}
}

// What is asked of the ledger: who was told by others, since the window began, and only of those who are still to be told.
func TestWhoIsAskedAbout(t *testing.T) {
	w := newWorld(t)
	both(lately, many(4), func(w *world) { w.stage(); w.send(2, "sms-a", message.OutcomeAccepted) })(w)
	l := &asking{Ledger: telling{Ledger: w.ledger}}
	w.ledger = l
	w.ask("told-lately")
	both(besideSMS)(w)
	w.ask("told-lately")
	if want := w.now.AddDate(0, 0, -7); !l.telling.Since.Equal(want) || l.telling.Except != "award" || !slices.Equal(l.rows, []int{4, 5, 2, 3, 4, 4, 5, 5}) {
		t.Errorf("the ledger is asked %+v about rows %v", l.telling, l.rows)
	}
}

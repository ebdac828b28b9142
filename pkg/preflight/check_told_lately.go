package preflight

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// toldLatelyCheck asks who was written to a short while ago, whatever it said.
//
// *Did these people hear from us a short while ago?* WARN with how many of them were written to within `told_lately` (7 days), and by which
// campaigns, whatever the text: a text that differs in one character passes `dedupe`.
func toldLatelyCheck() Check {
	return Check{ID: "told-lately", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		window := s.Plan.Spec.Lately
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		told := tellings{since: s.now().Add(-window)}
		people, err := s.told(ctx, r, ledger.Telling{Except: s.name(), Since: told.since}, told.add)
		if err != nil {
			return broken(err)
		}
		f := Finding{Status: Pass, Facts: []Fact{{"told", told.all.n}, {"window_hours", window.Hours()}}}
		if told.all.n == 0 {
			f.Summary = said("lately.good", words.A{"messages": words.N(r.Messages(), "message"), "within": window})
			return f
		}
		return told.finding(f, people, window)
	}}
}

// told calls add with what was sent to those who are still to be written to, and says how many rows they are.
func (s *Subject) told(ctx context.Context, r *Remaining, w ledger.Telling, add func(*ledger.Told)) (people int, err error) {
	var rowsErr error
	for t, err := range s.Ledger.Told(ctx, w, s.people(ctx, r, &people, &rowsErr)) {
		if err != nil {
			return people, errors.Join(err, rowsErr)
		}
		add(&t)
	}
	return people, rowsErr
}

// people are all who are still to be written to, by their addresses; count is how many rows they are.
func (s *Subject) people(ctx context.Context, r *Remaining, count *int, err *error) iter.Seq[ledger.Told] {
	return func(yield func(ledger.Told) bool) {
		*err = s.eachRow(ctx, func(row *plan.Recipient) bool {
			counted := false
			for _, m := range row.Messages {
				if r.hasLeft(m.Key) {
					continue
				}
				if !counted {
					counted = true
					*count++
				}
				if !yield(ledger.Told{Channel: m.Channel, Address: m.Address, Row: row.Row}) {
					return false
				}
			}
			return true
		})
	}
}

// tellings are who was told by which campaigns, which come one after the other.
type tellings struct {
	since time.Time
	all   rowSet
	by    []telling
}

type telling struct {
	campaign string
	rows     rowSet
	last     time.Time
}

func (t *tellings) add(of *ledger.Told) {
	if n := len(t.by); n == 0 || t.by[n-1].campaign != of.Campaign {
		t.by = append(t.by, telling{campaign: of.Campaign})
	}
	by := &t.by[len(t.by)-1]
	t.all.add(of.Row)
	by.rows.add(of.Row)
	by.last = ledger.Latest(by.last, of.At)
	for i := range t.by[:len(t.by)-1] {
		t.by[i].rows.bits = nil // only how many is of interest
	}
}

func (t *tellings) finding(f Finding, people int, window time.Duration) Finding {
	slices.SortStableFunc(t.by, func(a, b telling) int { return cmp.Compare(b.rows.n, a.rows.n) })
	var names []string
	for i := range t.by {
		names = append(names, t.by[i].campaign)
		f.Facts = append(f.Facts, Fact{"by." + t.by[i].campaign, t.by[i].rows.n})
		if i < firstStrangers {
			f.Details = append(f.Details, words.T("lately.by", words.A{
				"campaign": t.by[i].campaign, "people": words.N(t.by[i].rows.n, "recipient"), "at": t.by[i].last.In(t.since.Location()),
			}))
		}
	}
	f.Details = append(f.Details, andMore(len(t.by)-len(f.Details))...)
	f.Status, f.Summary = Warn, said("lately.told", words.A{
		"told": t.all.n, "people": words.N(people, "recipient"), "within": window, "campaigns": words.Names(names, 3),
	})
	f.Remedies = do(
		words.T("lately.resume", words.A{"command": "notify resume " + words.Typed(names[0])}),
		words.T("lately.list", words.A{"command": "notify report " + words.Typed(names[0])}), words.T("lately.meant", nil),
	)
	return f
}

// rowSet is a set of rows of a list.
type rowSet struct {
	bits []uint64
	n    int
}

func (s *rowSet) add(row int) {
	for len(s.bits) <= row/64 {
		s.bits = append(s.bits, 0)
	}
	if bit := uint64(1) << (row % 64); s.bits[row/64]&bit == 0 {
		s.bits[row/64] |= bit
		s.n++
	}
}

package flow_test

import (
	"slices"
	"testing"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"

	"golang.org/x/time/rate"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// bucket is a Teller's books kept from one request to the next, as a driver keeps them.
type bucket struct {
	books flow.Books
	req   ledger.ClaimRequest
}

func (b *bucket) next(now time.Time) (time.Time, ledger.HoldReason, time.Time) {
	t := flow.NewTeller(b.req, now, b.books)
	at, held, until, _ := t.Next(1, b.req.Limits.Price)
	b.books = t.Books()
	return at, held, until
}

// x/time/rate counts tokens in floating point and a Teller in whole nanoseconds for each: they drift apart by one for each message.
const rounding = 100 * time.Microsecond

func TestTellerGrantsWhatTimeRateGrants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perSecond := rapid.Float64Range(0.01, 5000).Draw(t, "rate")
		burst := rapid.IntRange(1, 50).Draw(t, "burst")
		ahead := time.Duration(rapid.Int64Range(0, int64(5*time.Second)).Draw(t, "ahead"))
		b := bucket{req: ledger.ClaimRequest{Max: 1, Ahead: ahead, Limits: ledger.Limits{Rate: perSecond, AtOnce: burst}}}
		oracle := rate.NewLimiter(rate.Limit(perSecond), burst)
		now := noon
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*float64(time.Second)/perSecond)).Draw(t, "pause")))
			r := oracle.ReserveN(now, 1)
			delay := r.DelayFrom(now)
			if (delay - ahead).Abs() < rounding {
				// On the edge the two may differ by their rounding: neither is asked.
				r.CancelAt(now)
				continue
			}
			at, held, until := b.next(now)
			if delay > ahead {
				r.CancelAt(now)
				if held != ledger.HoldRate {
					t.Fatalf("granted %s, x/time/rate has a token only in %s", at, delay)
				}
				if d := until.Sub(now) - (delay - ahead); d.Abs() > rounding {
					t.Fatalf("says to ask again in %s, x/time/rate in %s", until.Sub(now), delay-ahead)
				}
				continue
			}
			if held != ledger.HoldNone {
				t.Fatalf("held %q until %s, x/time/rate has a token in %s", held, until, delay)
			}
			if d := at.Sub(now) - delay; d.Abs() > rounding {
				t.Fatalf("may leave in %s, x/time/rate says in %s", at.Sub(now), delay)
			}
		}
	})
}

func TestTellerKeepsTheRateInEveryWindowWhenTheClockStepsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perSecond := rapid.Float64Range(0.5, 1000).Draw(t, "rate")
		burst := rapid.IntRange(1, 20).Draw(t, "burst")
		b := bucket{req: ledger.ClaimRequest{
			Max: 1, Ahead: time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "ahead")),
			Limits: ledger.Limits{Rate: perSecond, AtOnce: burst},
		}}
		space := time.Duration(float64(time.Second) / perSecond)
		truly, behind := noon, time.Duration(0) // time as it is, and how far the clock is behind it
		var left []time.Time
		for range rapid.IntRange(1, 300).Draw(t, "requests") {
			truly = truly.Add(time.Duration(rapid.Int64Range(0, int64(3*space)).Draw(t, "pause")))
			if rapid.IntRange(0, 9).Draw(t, "step") == 0 {
				behind += time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "back"))
			}
			if at, held, _ := b.next(truly.Add(-behind)); held == ledger.HoldNone {
				left = append(left, at.Add(behind))
			}
		}
		for i, first := range left {
			for n, last := range left[i:] {
				most := float64(last.Sub(first))/float64(space) + float64(burst)
				if float64(n+1) > most+1e-3 {
					t.Fatalf("%d messages left within %s, at most %.3f may", n+1, last.Sub(first), most)
				}
			}
		}
	})
}

func TestTellerHoldsWhatTheBooksForbid(t *testing.T) {
	for _, tc := range []struct {
		name  string
		req   ledger.ClaimRequest
		books flow.Books
		held  ledger.HoldReason
		which string
	}{
		{"within all limits it grants", ledger.ClaimRequest{Max: 1, Limits: ledger.Limits{DailyQuota: 2, Price: 5, DayBudget: 20}}, usage(1, 10), ledger.HoldNone, ""},
		{"a quota that is used up", ledger.ClaimRequest{Max: 1, Limits: ledger.Limits{DailyQuota: 1}}, usage(1, 0), ledger.HoldQuota, ""},
		{"a day's budget that two segments would exceed", ledger.ClaimRequest{Max: 1, Limits: ledger.Limits{Price: 5, DayBudget: 19}}, usage(1, 10), ledger.HoldBudget, "day"},
		{"a month's budget", ledger.ClaimRequest{Max: 1, Limits: ledger.Limits{Price: 5, MonthBudget: 19}}, usage(1, 10), ledger.HoldBudget, "month"},
		{"a campaign's budget", ledger.ClaimRequest{Max: 1, Limits: ledger.Limits{Price: 5, CampaignBudget: 9}}, flow.Books{}, ledger.HoldBudget, "campaign"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			teller := flow.NewTeller(tc.req, noon, tc.books)
			_, held, _, which := teller.Next(2, tc.req.Limits.Price)
			if held != tc.held || which != tc.which {
				t.Errorf("held %q %q, want %q %q", held, which, tc.held, tc.which)
			}
			if got, want := teller.Books().Usage.Day.Messages-tc.books.Usage.Day.Messages == 1, tc.held == ledger.HoldNone; got != want {
				t.Errorf("debited %v, want %v", got, want)
			}
		})
	}
}

func usage(messages int64, cost message.Money) flow.Books {
	d := ledger.Debit{Messages: messages, Cost: cost}
	return flow.Books{Usage: ledger.Usage{Day: d, Month: d}}
}

// A queue at a domain reaches no further than ten minutes: who comes behind its end is looked at again then, and takes no place.
func TestTheQueueOfADomainEnds(t *testing.T) {
	req := ledger.ClaimRequest{Max: 9, Ahead: time.Second, Limits: ledger.Limits{DomainRate: map[string]float64{"d.test": 1.0 / 250}}}
	teller := flow.NewTeller(req, noon, flow.Books{})
	d := new(ledger.DomainState)
	var waits []time.Duration
	var paces []flow.Place
	for range 5 {
		v := teller.Offer("d.test", flow.Offer{Segments: 1, Domain: d})
		if v.Wait.IsZero() {
			v.Wait = noon
		}
		waits, paces = append(waits, v.Wait.Sub(noon).Round(time.Second)), append(paces, v.Place)
	}
	end := flow.PlacesAhead
	wantWaits := []time.Duration{0, 250 * time.Second, 500 * time.Second, end, end}
	wantPaces := []flow.Place{flow.PlaceNone, flow.PlaceGiven, flow.PlaceGiven, flow.PlaceQueued, flow.PlaceQueued}
	if !slices.Equal(waits, wantWaits) || !slices.Equal(paces, wantPaces) {
		t.Errorf("waits %v as %v, want %v as %v", waits, paces, wantWaits, wantPaces)
	}
	if tail := d.Tail.Sub(noon); tail > end {
		t.Errorf("the last place is in %s", tail)
	}
	// Those whose places passed, because others took them, move back together, and no further either.
	late := flow.NewTeller(req, noon, flow.Books{})
	d = &ledger.DomainState{EmptyAt: noon, Tail: noon.Add(500 * time.Second)}
	for i, want := range []flow.Place{flow.PlaceGiven, flow.PlaceGiven, flow.PlaceQueued, flow.PlaceQueued} {
		v := late.Offer("d.test", flow.Offer{Segments: 1, Place: flow.PlaceGiven, Domain: d})
		if v.Place != want || v.Wait.After(noon.Add(end)) || d.Tail.After(noon.Add(end)) {
			t.Errorf("number %d waits as %v until %s, the last place is in %s", i, v.Place, v.Wait.Sub(noon), d.Tail.Sub(noon))
		}
	}
}

package flow_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

const today = "2026-11-20"

func after(d time.Duration) time.Time { return noon.Add(d) }

// perDomain is a request of an account without a rate.
func perDomain(l ledger.Limits) ledger.ClaimRequest {
	return ledger.ClaimRequest{Max: 9, Day: today, Lead: 20 * time.Millisecond, Ahead: 250 * time.Millisecond, Limits: l}
}

func rateOf(perSecond float64) ledger.Limits {
	return ledger.Limits{DomainRate: map[string]float64{"d.test": perSecond}}
}

func TestADomainHasAStateWhereSomethingHoldsItBack(t *testing.T) {
	with := func(change func(*ledger.ClaimRequest)) ledger.ClaimRequest {
		var req ledger.ClaimRequest
		change(&req)
		return req
	}
	room := func(most int) ledger.ClaimRequest {
		return with(func(r *ledger.ClaimRequest) { r.DomainRoom = func(string) int { return most } })
	}
	rates := func(rates map[string]float64) ledger.ClaimRequest {
		return with(func(r *ledger.ClaimRequest) { r.Limits.DomainRate = rates })
	}
	quotas := func(quotas map[string]int64) ledger.ClaimRequest {
		return with(func(r *ledger.ClaimRequest) { r.Limits.DomainQuota = quotas })
	}
	held := with(func(r *ledger.ClaimRequest) { r.Limits.DomainHeld = true })
	for _, tc := range []struct {
		name string
		req  ledger.ClaimRequest
		to   message.Address
		want string
	}{
		{"nothing holds it back", ledger.ClaimRequest{}, "ann@d.test", ""},
		{"a rate of its own", rates(map[string]float64{"d.test": 0.5}), "ann@D.test", "d.test"},
		{"a rate of another", rates(map[string]float64{"d.test": 0.5}), "ann@e.test", ""},
		{"a rate of all", rates(map[string]float64{ledger.DefaultDomain: 0.5}), "ann@e.test", "e.test"},
		{"let off from the rate of all", rates(map[string]float64{ledger.DefaultDomain: 0.5, "e.test": 0}), "ann@e.test", ""},
		{"a number without a domain", rates(map[string]float64{ledger.DefaultDomain: 0.5, "": 0.5}), "+447700900001", ""},
		{"a quota of its own", quotas(map[string]int64{"d.test": 1}), "ann@d.test", "d.test"},
		{"a quota of all", quotas(map[string]int64{ledger.DefaultDomain: 1}), "ann@e.test", "e.test"},
		{"let off from the quota of all", quotas(map[string]int64{ledger.DefaultDomain: 1, "e.test": 0}), "ann@e.test", ""},
		{"no domain and a quota of all", quotas(map[string]int64{ledger.DefaultDomain: 1}), "+447700900001", ""},
		{"one is held", held, "ann@d.test", "d.test"},
		{"room for none", room(0), "ann@d.test", "d.test"},
		{"room for any number", room(-1), "ann@d.test", ""},
		{"room, and no domain", room(0), "+447700900001", ""},
		{"the receiver counts", with(func(r *ledger.ClaimRequest) {
			r.PaceKey, r.Limits.DomainRate = func(message.Address) string { return "MX.test" }, map[string]float64{"mx.test": 1}
		}), "ann@d.test", "mx.test"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := flow.NewTeller(tc.req, noon, flow.Books{}).Domain(tc.to); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// The places of one domain, a message a second, as the clock goes on: who is first leaves at once, others wait for their
// places and take them in time, and who comes late moves the bucket and not more.
func TestPlacesUnderTheRateOfADomain(t *testing.T) {
	ms := time.Millisecond
	d := new(ledger.DomainState)
	for i, step := range []struct {
		now            time.Duration
		place          flow.Place
		want           flow.Verdict
		emptyAt, queue time.Duration
	}{
		{0, flow.PlaceNone, flow.Verdict{LeaveAt: after(10 * ms), Early: noon}, 0, 0},
		{0, flow.PlaceNone, flow.Verdict{Wait: after(870 * ms), Place: flow.PlaceGiven}, 0, 1000 * ms},
		{0, flow.PlaceNone, flow.Verdict{Wait: after(1860 * ms), Place: flow.PlaceGiven}, 0, 2000 * ms},
		{870 * ms, flow.PlaceGiven, flow.Verdict{LeaveAt: after(1000 * ms)}, 1000 * ms, 2000 * ms},
		{1860 * ms, flow.PlaceGiven, flow.Verdict{LeaveAt: after(2000 * ms)}, 2000 * ms, 2000 * ms},
		{5000 * ms, flow.PlaceGiven, flow.Verdict{LeaveAt: after(5010 * ms), Early: after(5000 * ms)}, 5000 * ms, 5000 * ms},
		{6000 * ms, flow.PlaceNone, flow.Verdict{LeaveAt: after(6010 * ms), Early: after(6000 * ms)}, 6000 * ms, 6000 * ms},
		{6900 * ms, flow.PlaceNone, flow.Verdict{LeaveAt: after(7000 * ms)}, 7000 * ms, 7000 * ms},
	} {
		got := flow.NewTeller(perDomain(rateOf(1)), after(step.now), flow.Books{}).Offer("d.test", flow.Offer{Segments: 1, Place: step.place, Domain: d})
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
		if want := (ledger.DomainState{EmptyAt: after(step.emptyAt), Tail: after(step.queue)}); !d.EmptyAt.Equal(want.EmptyAt) || !d.Tail.Equal(want.Tail) {
			t.Errorf("%d: the last leaves in %v, the queue ends in %v", i, d.EmptyAt.Sub(noon), d.Tail.Sub(noon))
		}
	}
}

// Who leaves at once is not held to be late where others wait for later places, and is where the last of them has just left.
func TestWhoLeavesAtOnceWhileOthersQueue(t *testing.T) {
	for _, tc := range []struct {
		place flow.Place
		queue time.Duration
		want  flow.Verdict
	}{
		{flow.PlaceGiven, 3500 * time.Millisecond, flow.Verdict{LeaveAt: after(10 * time.Millisecond), Early: noon}},
		{flow.PlaceNone, -950 * time.Millisecond, flow.Verdict{LeaveAt: after(50 * time.Millisecond)}},
	} {
		d := &ledger.DomainState{EmptyAt: after(-3 * time.Second), Tail: after(tc.queue)}
		got := flow.NewTeller(perDomain(rateOf(1)), noon, flow.Books{}).Offer("d.test", flow.Offer{Segments: 1, Place: tc.place, Domain: d})
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// Several whose places have gone move back together, one behind the other.
func TestThoseWhoArePassedBecauseTheyAreLateQueueAgain(t *testing.T) {
	teller := flow.NewTeller(perDomain(rateOf(1)), noon, flow.Books{})
	d := &ledger.DomainState{EmptyAt: noon, Tail: noon}
	for i, want := range []time.Duration{870 * time.Millisecond, 1860 * time.Millisecond, 2850 * time.Millisecond} {
		got := teller.Offer("d.test", flow.Offer{Segments: 1, Place: flow.PlaceGiven, Domain: d})
		if diff := cmp.Diff(flow.Verdict{Wait: after(want), Place: flow.PlaceGiven}, got); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
	}
	if !d.EmptyAt.Equal(noon) || !d.Tail.Equal(after(3*time.Second)) {
		t.Errorf("the last leaves in %v, the queue ends in %v", d.EmptyAt.Sub(noon), d.Tail.Sub(noon))
	}
}

// How long before its place a message is claimed, and how long before it is asked for, by how quick a commit is and how far apart messages leave.
func TestHowFarAheadPlacesUnderTheRateOfADomainAreTaken(t *testing.T) {
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	for _, tc := range []struct {
		perSecond, lead, ahead float64
		least, near, before    float64 // before: when one is asked for whose place is a millisecond beyond near
	}{
		{1, 20, 250, 10, 160, 30},
		{20, 20, 250, 15, 112.5, 30},
		{0.1, 20, 250, 10, 230, 30},
		{0.1, 40, 200, 20, 200, 30},
		{1, 40, 100, 20, 100, 0},
		{1, 20, 0, 10, 20, 21},
		{1, 60, 40, 30, 60, -20},
	} {
		req := perDomain(rateOf(tc.perSecond))
		req.Lead, req.Ahead = ms(tc.lead), ms(tc.ahead)
		space := ms(1000 / tc.perSecond)
		offer := func(place time.Duration) flow.Verdict {
			d := &ledger.DomainState{EmptyAt: after(place - space), Tail: after(place - space)}
			return flow.NewTeller(req, noon, flow.Books{}).Offer("d.test", flow.Offer{Segments: 1, Domain: d})
		}
		got := []flow.Verdict{offer(0), offer(ms(tc.near)), offer(ms(tc.near + 1))}
		want := []flow.Verdict{
			{LeaveAt: after(ms(tc.least)), Early: noon}, {LeaveAt: after(ms(tc.near))}, {Wait: after(ms(tc.before)), Place: flow.PlaceGiven},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v: %s", tc, diff)
		}
	}
}

// A clock that was put back leaves times of a domain that lie too far ahead: they are brought back to where no process has gone further.
func TestTimesOfADomainThatLieTooFarAheadAreBroughtBack(t *testing.T) {
	end := flow.PlacesAhead + ledger.PutBack
	for _, tc := range []struct {
		name           string
		emptyAt, queue time.Duration
		wait           time.Duration
		place          flow.Place
		wantEmptyAt    time.Duration
		wantQueue      time.Duration
	}{
		{"as far as another may have gone", 5 * time.Second, 5 * time.Second, 5850 * time.Millisecond, flow.PlaceGiven, 5 * time.Second, 6 * time.Second},
		{"further than that", 11 * time.Second, 0, 1110 * time.Millisecond, flow.PlaceGiven, 250 * time.Millisecond, 1250 * time.Millisecond},
		{"a queue as long as they get", 0, end, flow.PlacesAhead, flow.PlaceQueued, 0, end},
		{"a queue that is longer", 0, end + time.Millisecond, 870 * time.Millisecond, flow.PlaceGiven, 0, time.Second},
		{"a queue that ends before the last leaves", time.Second, 0, 1860 * time.Millisecond, flow.PlaceGiven, time.Second, 2 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &ledger.DomainState{EmptyAt: after(tc.emptyAt), Tail: after(tc.queue)}
			got := flow.NewTeller(perDomain(rateOf(1)), noon, flow.Books{}).Offer("d.test", flow.Offer{Segments: 1, Domain: d})
			if diff := cmp.Diff(flow.Verdict{Wait: after(tc.wait), Place: tc.place}, got); diff != "" {
				t.Error(diff)
			}
			if !d.EmptyAt.Equal(after(tc.wantEmptyAt)) || !d.Tail.Equal(after(tc.wantQueue)) {
				t.Errorf("the last leaves in %v, the queue ends in %v", d.EmptyAt.Sub(noon), d.Tail.Sub(noon))
			}
		})
	}
	if flow.ReadyPlaced(after(end), noon) || !flow.ReadyPlaced(after(end+1), noon) || !flow.ReadyPlaced(noon, noon) || flow.ReadyPlaced(after(1), noon) {
		t.Error("a message that waits is ready at its time, and where that is further ahead than any is given")
	}
}

// What holds a domain back beyond its rate: a vendor's word, and for how long.
func TestADomainThatIsHeldBack(t *testing.T) {
	for _, tc := range []struct {
		name string
		rate float64
		held ledger.DomainHeld
		want flow.Verdict
		next flow.Verdict
	}{
		{"slower than its rate", 1, ledger.DomainHeld{SlowTo: 0.5, SlowUntil: after(time.Hour)}, flow.Verdict{LeaveAt: after(10 * time.Millisecond), Early: noon}, flow.Verdict{Wait: after(1800 * time.Millisecond), Place: flow.PlaceGiven}},
		{"slow, without a rate", 0, ledger.DomainHeld{SlowTo: 0.5, SlowUntil: after(time.Hour)}, flow.Verdict{LeaveAt: after(10 * time.Millisecond), Early: noon}, flow.Verdict{Wait: after(1800 * time.Millisecond), Place: flow.PlaceGiven}},
		{"not as slow as its rate", 1, ledger.DomainHeld{SlowTo: 5, SlowUntil: after(time.Hour)}, flow.Verdict{LeaveAt: after(10 * time.Millisecond), Early: noon}, flow.Verdict{Wait: after(870 * time.Millisecond), Place: flow.PlaceGiven}},
		{"alone for a minute", 0, ledger.DomainHeld{Until: after(time.Minute)}, flow.Verdict{Wait: after(time.Minute), Place: flow.PlaceQueued}, flow.Verdict{Wait: after(time.Minute), Place: flow.PlaceQueued}},
		{"alone for a day", 0, ledger.DomainHeld{Until: after(24 * time.Hour)}, flow.Verdict{Wait: after(flow.PlacesAhead), Place: flow.PlaceQueued}, flow.Verdict{Wait: after(flow.PlacesAhead), Place: flow.PlaceQueued}},
		{"alone no longer", 0, ledger.DomainHeld{Until: after(time.Microsecond)}, flow.Verdict{Wait: after(time.Millisecond), Place: flow.PlaceQueued}, flow.Verdict{Wait: after(time.Millisecond), Place: flow.PlaceQueued}},
		{"a rate of once in an age", 1e-12, ledger.DomainHeld{}, flow.Verdict{LeaveAt: after(10 * time.Millisecond), Early: noon}, flow.Verdict{Wait: after(flow.PlacesAhead), Place: flow.PlaceQueued}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			teller := flow.NewTeller(perDomain(rateOf(tc.rate)), noon, flow.Books{})
			d := &ledger.DomainState{DomainHeld: tc.held}
			var got []flow.Verdict
			for range 2 {
				got = append(got, teller.Offer("d.test", flow.Offer{Segments: 1, Domain: d}))
			}
			if diff := cmp.Diff([]flow.Verdict{tc.want, tc.next}, got); diff != "" {
				t.Error(diff)
			}
			if d.Sent != 0 {
				t.Errorf("%d are counted for a quota that there is not", d.Sent)
			}
		})
	}
}

// A domain's quota of a day is counted with a rate and without one; who is beyond it is looked at again, and nothing is debited for it.
func TestTheQuotaOfADomain(t *testing.T) {
	for rate, quota := range map[float64]int64{0: 1, 1000: 2} {
		limits := rateOf(rate)
		limits.DomainQuota = map[string]int64{"d.test": quota}
		teller := flow.NewTeller(perDomain(limits), noon, flow.Books{})
		d := &ledger.DomainState{DomainHeld: ledger.DomainHeld{Day: "2026-11-19", Sent: 9}}
		for n := range 4 {
			v := teller.Offer("d.test", flow.Offer{Segments: 1, Domain: d})
			if want := int64(n) < quota; v.Wait.IsZero() != want {
				t.Errorf("rate %v, number %d: %+v", rate, n, v)
			} else if rate == 0 && !v.LeaveAt.IsZero() {
				t.Errorf("without a rate number %d is to wait until %v", n, v.LeaveAt)
			} else if !want && (!v.Wait.Equal(after(flow.PlacesAhead)) || v.Place != flow.PlaceQueued) {
				t.Errorf("rate %v, number %d waits until %v as %v", rate, n, v.Wait.Sub(noon), v.Place)
			}
		}
		if d.Day != today || d.Sent != quota || teller.Books().Usage.Day.Messages != quota {
			t.Errorf("rate %v: %d on %s, %d debited", rate, d.Sent, d.Day, teller.Books().Usage.Day.Messages)
		}
	}
}

func TestARequestSendsNoMoreToADomainThanItHasRoomFor(t *testing.T) {
	for _, rate := range []float64{0, 1000} {
		req := perDomain(rateOf(rate))
		req.DomainRoom = func(domain string) int { return map[string]int{"d.test": 2, "e.test": 0}[domain] }
		teller := flow.NewTeller(req, noon, flow.Books{})
		var waits []time.Duration
		for range 6 {
			v := teller.Offer("d.test", flow.Offer{Segments: 1, Domain: new(ledger.DomainState)})
			if !v.Wait.IsZero() {
				waits = append(waits, v.Wait.Sub(noon)/time.Millisecond)
			}
		}
		for range 2 { // another domain is counted by itself
			waits = append(waits, teller.Offer("e.test", flow.Offer{Segments: 1, Domain: new(ledger.DomainState)}).Wait.Sub(noon)/time.Millisecond)
		}
		if diff := cmp.Diff([]time.Duration{20, 20, 20, 40, 40, 60}, waits); diff != "" {
			t.Errorf("rate %v: %s", rate, diff)
		}
		if n := teller.Books().Usage.Day.Messages; n != 2 {
			t.Errorf("rate %v: %d debited", rate, n)
		}
	}
}

// A request looks at so many at most that it passes over: then it has had enough, and comes again at once.
func TestARequestPassesOverABoundedNumber(t *testing.T) {
	req := perDomain(ledger.Limits{})
	req.DomainRoom = func(string) int { return 0 }
	teller := flow.NewTeller(req, noon, flow.Books{})
	offer := func() flow.Verdict { return teller.Offer("d.test", flow.Offer{Domain: new(ledger.DomainState)}) }
	for range flow.MaxPassed {
		if v := offer(); v.Held != ledger.HoldNone || v.Wait.IsZero() {
			t.Fatalf("%+v", v)
		}
	}
	if diff := cmp.Diff(flow.Verdict{Held: ledger.HoldLater, Until: after(time.Millisecond)}, offer()); diff != "" {
		t.Error(diff)
	}
}

// A message that its account cannot take loses nothing at its domain, and one that its domain cannot take nothing at its account.
func TestAccountAndDomainDebitTogether(t *testing.T) {
	limits := rateOf(1)
	limits.DailyQuota, limits.Rate = 1, 100
	teller := flow.NewTeller(perDomain(limits), noon, flow.Books{})
	d := new(ledger.DomainState)
	if v := teller.Offer("d.test", flow.Offer{Segments: 1, Domain: d}); !v.LeaveAt.Equal(after(20*time.Millisecond)) || !v.Early.IsZero() {
		t.Errorf("the account's place counts: %+v", v)
	}
	was, books := *d, teller.Books()
	if v := teller.Offer("d.test", flow.Offer{Segments: 1, Domain: d}); v.Held != ledger.HoldQuota || *d != was {
		t.Errorf("%+v, the domain's state is %+v", v, d)
	}
	if v := teller.Offer("", flow.Offer{Segments: 1}); v.Held != ledger.HoldQuota {
		t.Errorf("%+v", v)
	}
	limits.DailyQuota = 0
	teller = flow.NewTeller(perDomain(limits), noon, books)
	before := teller.Books()
	if v := teller.Offer("d.test", flow.Offer{Segments: 1, Domain: d}); v.Wait.IsZero() {
		t.Errorf("%+v", v)
	}
	if diff := cmp.Diff(before, teller.Books()); diff != "" {
		t.Errorf("debited for a message that waits: %s", diff)
	}
}

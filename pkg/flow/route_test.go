package flow_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func account(name string, slots int) *flow.Account {
	return flow.NewAccount(ledger.Limits{Account: name}, slots, 0, 0, flow.Policy{}, ledger.AccountState{}, start)
}

var (
	accepted  = message.Outcome{Kind: message.OutcomeAccepted}
	rejected  = message.Outcome{Kind: message.OutcomeRejected}
	throttled = message.Outcome{Kind: message.OutcomeThrottled, Code: "slow"}
	refused   = message.Outcome{Kind: message.OutcomeRefused, Reason: message.ReasonBalance, Code: "402"}
	unsent    = message.Outcome{Kind: message.OutcomeUnsent, Code: "notify:dial"}
	unknown   = message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:reset"}
)

// observe claims and answers n messages.
func observe(a *flow.Account, o message.Outcome, now time.Time, n int) {
	for range n {
		a.Claimed(1)
		a.Observe(o, now)
	}
}

// shown is what a route asks for, by account.
func shown(asks []flow.Ask) map[string]int {
	out := make(map[string]int)
	for _, a := range asks {
		out[a.Account.Name()] += a.N
	}
	return out
}

// claim takes all that is asked for.
func claim(asks []flow.Ask, sum map[string]int) {
	for _, a := range asks {
		a.Account.Claimed(a.N)
		sum[a.Account.Name()] += a.N
	}
}

func TestTheSharesHoldOverTheCampaignWhateverTheSlots(t *testing.T) {
	for _, slots := range [][2]int{{10, 10}, {100, 100}, {1, 1}, {8, 2}, {3, 90}, {90, 3}} {
		t.Run(fmt.Sprintf("%d and %d slots", slots[0], slots[1]), func(t *testing.T) {
			for name, answer := range map[string]func(*rand.Rand, *flow.Account, *flow.Account){
				"answers all at once": func(_ *rand.Rand, a, b *flow.Account) {
					for _, x := range []*flow.Account{a, b} {
						for x.InFlight() > 0 {
							x.Observe(accepted, start)
						}
					}
				},
				"answers one by one": func(rng *rand.Rand, a, b *flow.Account) {
					if rng.IntN(a.InFlight()+b.InFlight()) < a.InFlight() {
						a.Observe(accepted, start)
					} else {
						b.Observe(accepted, start)
					}
				},
				"answers of one that is slow": func(rng *rand.Rand, a, b *flow.Account) {
					if b.InFlight() > 0 && (a.InFlight() == 0 || rng.IntN(50) > 0) {
						b.Observe(accepted, start)
					} else {
						a.Observe(accepted, start)
					}
				},
			} {
				a, b := account("a", slots[0]), account("b", slots[1])
				r := &flow.Route{}
				r.Add(a, 4)
				r.Add(b, 1)
				rng, sum := rand.New(rand.NewPCG(1, 2)), make(map[string]int)
				for sum["a"]+sum["b"] < 10_000 {
					asks, _ := r.Asks(start)
					claim(asks, sum)
					if a.InFlight()+b.InFlight() == 0 {
						t.Fatalf("%s: nothing is in flight after %v", name, sum)
					}
					answer(rng, a, b)
				}
				if got := float64(sum["a"]) / float64(sum["a"]+sum["b"]); math.Abs(got-0.8) > 0.02 {
					t.Errorf("%s: %v, a share of %.3f, want 0.8", name, sum, got)
				}
			}
		})
	}
}

func TestWhatTheLedgerDidNotGrantStaysDue(t *testing.T) {
	a, b := account("a", 100), account("b", 100)
	r := &flow.Route{}
	r.Add(a, 80)
	r.Add(b, 20)
	sum := make(map[string]int)
	for range 5000 {
		asks, _ := r.Asks(start)
		for _, k := range asks {
			// The rate of one grants three at a time at the most.
			n := k.N
			if k.Account == a {
				n = min(n, 3)
			}
			k.Account.Claimed(n)
			sum[k.Account.Name()] += n
			for k.Account.InFlight() > 0 {
				k.Account.Observe(accepted, start)
			}
		}
	}
	// What one is granted is its own limit; the other waits for it, but for the first helping.
	if got := float64(sum["a"]) / float64(sum["a"]+sum["b"]); math.Abs(got-0.8) > 0.02 {
		t.Errorf("%v, a share of %.3f", sum, got)
	}
}

func TestAnAccountThatIsOutLeavesItsShareToTheOthers(t *testing.T) {
	for name, out := range map[string]func(*flow.Account){
		"down":    func(a *flow.Account) { observe(a, unsent, start, 5) },
		"refused": func(a *flow.Account) { observe(a, refused, start, 1) },
		"out of quota": func(a *flow.Account) {
			a.Held(ledger.Grant{Held: ledger.HoldQuota, Until: start.Add(time.Hour)}, start)
		},
		"out of money": func(a *flow.Account) { a.Held(ledger.Grant{Held: ledger.HoldBudget, Which: "campaign"}, start) },
		"told to wait": func(a *flow.Account) {
			observe(a, message.Outcome{Kind: message.OutcomeThrottled, RetryAfter: time.Minute}, start, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := account("a", 10), account("b", 10)
			r := &flow.Route{}
			r.Add(a, 99)
			r.Add(b, 1)
			out(a)
			for i := range 100 {
				asks, _ := r.Asks(start)
				if diff := cmp.Diff(map[string]int{"b": 10}, shown(asks)); diff != "" {
					t.Fatalf("round %d: %s", i, diff)
				}
				claim(asks, map[string]int{})
				for b.InFlight() > 0 {
					b.Observe(accepted, start)
				}
			}
		})
	}
}

func TestAnAccountThatCameBackHasItsShareAndNoMore(t *testing.T) {
	a, b := account("a", 50), account("b", 50)
	r := &flow.Route{}
	r.Add(a, 50)
	r.Add(b, 50)
	round := func(now time.Time) map[string]int {
		asks, _ := r.Asks(now)
		claim(asks, map[string]int{})
		for _, x := range []*flow.Account{a, b} {
			for x.InFlight() > 0 {
				x.Observe(accepted, now)
			}
		}
		return shown(asks)
	}
	observe(a, unsent, start, 5)
	for range 100 {
		round(start)
	}
	later := start.Add(time.Minute)
	round(later) // the test of its breaker
	if got := round(later); got["a"] != 50 || got["b"] != 50 {
		t.Errorf("after it came back: %v", got)
	}
}

func TestStandInsAreAskedOnlyWhereAllOthersAreOut(t *testing.T) {
	a, b, c, d := account("a", 2), account("b", 2), account("c", 2), account("d", 2)
	r := &flow.Route{}
	r.Add(a, 1)
	r.Add(b, 1)
	r.AddFailover(c)
	r.AddFailover(d)
	want := func(now time.Time, want map[string]int) {
		t.Helper()
		asks, _ := r.Asks(now)
		if diff := cmp.Diff(want, shown(asks)); diff != "" {
			t.Error(diff)
		}
	}
	want(start, map[string]int{"a": 2, "b": 2})
	a.Claimed(2)
	b.Claimed(2)
	want(start, map[string]int{}) // busy is well
	for _, x := range []*flow.Account{a, b} {
		x.Observe(accepted, start)
		x.Observe(accepted, start)
	}
	observe(a, refused, start, 1)
	want(start, map[string]int{"b": 2})
	b.Held(ledger.Grant{Held: ledger.HoldQuota, Until: start.Add(time.Hour)}, start)
	want(start, map[string]int{"c": 2})
	c.Claimed(2)
	want(start, map[string]int{}) // the second stand-in waits while the first is only busy
	c.Observe(refused, start)
	c.Observe(refused, start)
	want(start, map[string]int{"d": 2})
	_, until := r.Asks(start)
	if want := start.Add(5 * time.Minute); !until.Equal(want) {
		t.Errorf("look again at %v, want %v", until, want)
	}
	// After five minutes the refused are tested, one message each, and the stand-in goes on.
	later := start.Add(5 * time.Minute)
	asks, _ := r.Asks(later)
	if diff := cmp.Diff(map[string]int{"a": 1, "c": 1}, shown(asks)); diff != "" || !asks[0].Probe {
		t.Errorf("%+v: %s", asks, diff)
	}
	observe(a, accepted, later, 1)
	want(later, map[string]int{"a": 2})
}

func TestAnAccountWithoutAWeightCarriesNothingAndKeepsNobodyFromStandingIn(t *testing.T) {
	a, b, c := account("a", 5), account("b", 5), account("c", 5)
	r := &flow.Route{}
	r.Add(a, 100)
	r.Add(b, 0)
	r.AddFailover(c)
	asks, _ := r.Asks(start)
	if diff := cmp.Diff(map[string]int{"a": 5}, shown(asks)); diff != "" {
		t.Error(diff)
	}
	a.Held(ledger.Grant{Held: ledger.HoldBudget}, start)
	asks, _ = r.Asks(start)
	if diff := cmp.Diff(map[string]int{"c": 5}, shown(asks)); diff != "" {
		t.Error(diff)
	}
}

func TestEachAccountStandsOnARouteOnce(t *testing.T) {
	a, b, c := account("a", 5), account("b", 5), account("c", 5)
	r := &flow.Route{}
	r.Add(a, 2)
	r.Add(b, 1)
	r.AddFailover(c)
	r.AddFailover(a)
	var names []string
	for _, x := range r.Accounts() {
		names = append(names, x.Name())
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Error(diff)
	}
}

// Whatever accounts there are and however they answer, a route never asks for more than is free, and never waits for
// nothing: without an ask, something is in flight or there is a time to look again, unless all are used up for good.
func TestARouteNeverStalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &flow.Route{}
		var all []*flow.Account
		for i := range rapid.IntRange(1, 30).Draw(t, "accounts") {
			a := account(fmt.Sprint(i), rapid.IntRange(1, 3).Draw(t, "slots"))
			all = append(all, a)
			r.Add(a, rapid.IntRange(1, 100).Draw(t, "weight"))
		}
		now := start
		answers := rapid.SampledFrom([]message.Outcome{accepted, accepted, accepted, rejected, throttled, unsent, unknown, refused})
		for range 200 {
			asks, until := r.Asks(now)
			busy := 0
			for _, k := range asks {
				if k.N <= 0 || k.N > k.Account.Free() {
					t.Fatalf("%s is asked for %d with %d free", k.Account.Name(), k.N, k.Account.Free())
				}
				k.Account.Claimed(k.N)
			}
			for _, a := range all {
				busy += a.InFlight()
			}
			if busy == 0 {
				if until.IsZero() || !until.After(now) {
					t.Fatalf("nothing is in flight, and it looks again at %v", until)
				}
				now = until
				continue
			}
			for at := rapid.IntRange(0, busy-1).Draw(t, "answered"); ; {
				i := 0
				for at >= all[i].InFlight() {
					at -= all[i].InFlight()
					i++
				}
				all[i].Observe(answers.Draw(t, "answer"), now)
				break
			}
			now = now.Add(time.Millisecond)
		}
	})
}

// A person gives an account another weight while it runs: it counts at once, what was due before is over, and its own comes back.
func TestAnotherWeightCountsAtOnce(t *testing.T) {
	a, b := account("a", 100), account("b", 100)
	r := &flow.Route{}
	r.Add(b, 0)
	r.Add(a, 1)
	names := func() (all []string) {
		for _, a := range r.InUse() {
			all = append(all, a.Name())
		}
		return all
	}
	weigh := func(name string, w int) { r.Weigh(name, &w) }
	for _, step := range []struct {
		do    func()
		inUse []string
		want  map[string]int // of what is asked for, the first four
	}{
		{func() {}, []string{"a"}, map[string]int{"a": 100}},
		{func() { weigh("b", 3) }, []string{"b", "a"}, map[string]int{"a": 34, "b": 100}},
		{func() { weigh("a", 0) }, []string{"b"}, map[string]int{"b": 100}},
		{func() { weigh("nobody", 5) }, []string{"b"}, map[string]int{"b": 100}},
		{func() { weigh("b", 0) }, nil, map[string]int{}},
		{func() { r.Weigh("a", nil); r.Weigh("b", nil) }, []string{"a"}, map[string]int{"a": 100}},
		{func() { r.AddFailover(b) }, []string{"b", "a"}, map[string]int{"a": 100}},
	} {
		step.do()
		asks, _ := r.Asks(start)
		if diff := cmp.Diff(step.want, shown(asks)); diff != "" {
			t.Errorf("asks: %s", diff)
		}
		if diff := cmp.Diff(step.inUse, names()); diff != "" {
			t.Errorf("in use: %s", diff)
		}
	}
}

// What one took beyond its share under the former weights is not held against it.
func TestWhatWasDueUnderFormerWeightsIsOver(t *testing.T) {
	a, b, c := account("a", 4), account("b", 4), account("c", 4)
	r := &flow.Route{}
	for _, one := range []*flow.Account{a, b, c} {
		r.Add(one, 1)
	}
	r.Asks(start)
	observe(a, accepted, start, 40)
	two := 2
	r.Weigh("b", &two)
	asks, _ := r.Asks(start)
	if diff := cmp.Diff(map[string]int{"a": 3, "b": 4, "c": 3}, shown(asks)); diff != "" {
		t.Error(diff)
	}
}

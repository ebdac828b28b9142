package send

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/receivers"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// counting is a meter that counts what was claimed and settled.
type counting struct{ claimed, settled int }

func (m *counting) Claimed(_ string, n int) { m.claimed += n }

func (m *counting) Settled(string, message.Outcome, time.Duration) { m.settled++ }

func (m *counting) Committed(time.Duration) {}

func claimsTo(to ...message.Address) []ledger.Claim { return claimsAt(time.Time{}, time.Time{}, to...) }

func claimsAt(at, early time.Time, to ...message.Address) (cs []ledger.Claim) {
	for i, a := range to {
		cs = append(cs, ledger.Claim{Account: "a", Number: 1, Attempt: int64(i + 1), Address: a, LeaveAt: at, Early: early})
	}
	return cs
}

// readyLane is a lane with room for what it is granted.
func readyLane(now *time.Time) *lane {
	ln := laneAt(now)
	ln.work, ln.answers = make(chan claim, 9), newAnswers(9)
	ln.loop.watch, ln.loop.Log = newWatch(campaign.StopWhen{}), slog.New(slog.DiscardHandler)
	return ln
}

// What a run does with what it is granted, or not.
func TestWhatIsGranted(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	later := noon.Add(time.Minute)
	before := words.T("send.wait.runs", nil)
	type state struct {
		InFlight, Work  int
		Later           time.Time
		Waiting         string
		Waits, Everyone bool // for the wave; a worker for every slot
	}
	for _, tc := range []struct {
		name string
		g    ledger.Grant
		want state
	}{
		{"two messages", ledger.Grant{Claims: claimsTo("1", "2")}, state{InFlight: 2, Work: 2}},
		{"one with a place", ledger.Grant{Claims: claimsAt(later, time.Time{}, "1")}, state{InFlight: 1, Work: 1, Everyone: true}},
		{"one with a place, which leaves at once", ledger.Grant{Claims: claimsAt(later, noon, "1")}, state{InFlight: 1, Work: 1}},
		{"one, and then the end", ledger.Grant{Claims: claimsTo("1"), Held: ledger.HoldEmpty}, state{InFlight: 1, Work: 1, Later: noon.Add(look)}},
		{"nothing is pending", ledger.Grant{Held: ledger.HoldEmpty}, state{Later: noon.Add(look), Waiting: before.ID}},
		{"a wave is out", ledger.Grant{Held: ledger.HoldWave}, state{Later: noon.Add(look), Waiting: before.ID, Waits: true}},
		{"all wait", ledger.Grant{Held: ledger.HoldLater, Until: later}, state{Later: later, Waiting: "send.wait.again"}},
		{"the rate", ledger.Grant{Held: ledger.HoldRate, Until: later}, state{Waiting: before.ID}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := noon
			ln, m := readyLane(&now), &counting{}
			ln.loop.Meter = m
			ln.loop.progress.waiting(before)
			ln.granted(t.Context(), flow.Ask{Account: ln.accounts["a"]}, tc.g, now)
			got := state{ln.inFlight, len(ln.work), ln.later, ln.loop.progress.waits().ID, ln.waits, ln.crew.all}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if m.claimed != tc.want.InFlight || ln.accounts["a"].Free() != 2-tc.want.InFlight {
				t.Errorf("%d told, %d slots are free", m.claimed, ln.accounts["a"].Free())
			}
		})
	}
	// A quota that is used up is one until midnight, and the account that is held knows it.
	now := noon
	ln := readyLane(&now)
	ln.loop.Reader = usageOf{}
	ln.granted(t.Context(), flow.Ask{Account: ln.accounts["a"]}, ledger.Grant{Held: ledger.HoldQuota}, now)
	if why, _, until := ln.accounts["a"].Spent(now); why != ledger.HoldQuota || !until.Equal(time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("%q until %v", why, until)
	}
}

// Receivers whose slots are taken are named while all that is left waits for them.
func TestAReceiverThatHoldsUpIsNamed(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := readyLane(&now)
	ln.entry.PaceKey = message.Address.Domain
	ln.loop.Config.Accounts["a"] = config.Account{DomainSlots: map[string]int{"slow.test": 1}}
	ln.domains = map[string]*flow.Domains{"a": flow.NewDomains("a")}
	ln.granted(t.Context(), flow.Ask{Account: ln.accounts["a"]}, ledger.Grant{Claims: claimsTo("1@slow.test"), Held: ledger.HoldLater, Until: now}, now)
	if why := ln.loop.progress.waits(); why.ID != "send.wait.receiver" {
		t.Errorf("it waits for %v", why)
	}
	// The receivers know that there is mail for more than one.
	if _, its := ln.domains["a"].Observe("other.test", message.Outcome{Kind: message.OutcomeThrottled}, nil, now); !its {
		t.Error("an answer of another receiver is about the account")
	}
}

// accountsOf is a ledger of which only the accounts are asked.
type accountsOf struct {
	ledger.Reader
	states []ledger.AccountState
	err    error
	asked  int
}

func (r *accountsOf) Accounts(context.Context) ([]ledger.AccountState, error) {
	r.asked++
	return r.states, r.err
}

// Where no turn was made for a while the accounts are looked at, and what a person set counts.
func TestAccountsAreLookedAtWhereNoTurnIsMade(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	off := []ledger.AccountState{{Account: "a", Off: &ledger.Act{Who: "ann"}}, {Account: "of another campaign"}}
	for _, tc := range []struct {
		name  string
		since time.Duration
		stops bool
		err   error
		asked int
		off   bool
	}{
		{"just now", look - 1, false, nil, 0, false},
		{"a while ago", look, false, nil, 1, true},
		{"the clock was put back", -1, false, nil, 1, true},
		{"at this moment", 0, false, nil, 0, false},
		{"it stops anyhow", time.Minute, true, nil, 0, false},
		{"they cannot be read", time.Minute, false, errors.New("the disk is broken"), 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := noon
			ln, r := readyLane(&now), &accountsOf{states: off, err: tc.err}
			ln.loop.Reader, ln.known, ln.route = r, now.Add(-tc.since), &flow.Route{}
			if tc.stops {
				ln.pause(Pause{})
			}
			for range 3 { // once is enough for a while
				ln.look(t.Context())
			}
			if r.asked != tc.asked || (ln.accounts["a"].Off() != nil) != tc.off {
				t.Errorf("asked %d times, switched off by %v", r.asked, ln.accounts["a"].Off())
			}
		})
	}
}

// mute is a vendor that is never asked.
type mute struct{}

func (mute) Send(context.Context, message.Message) message.Outcome { return message.Outcome{} }
func (mute) Close() error                                          { return nil }

func loopOfTwo() *Loop {
	share := []config.Share{{Account: "a", Weight: 1}, {Account: "b", Weight: 1}}
	return &Loop{
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) },
		Vendors: map[string]vendors.Vendor{"a": mute{}, "b": mute{}},
		Config: &config.Config{
			Timezone: time.UTC, Channels: channel.Builtin(),
			Accounts: map[string]config.Account{"a": {Concurrency: 3, Ahead: 1, Rate: 10, Burst: 40}, "b": {Concurrency: 2}},
			Routes:   map[message.Channel]config.Route{message.SMS: {Accounts: share}, message.Email: {Accounts: share}},
		},
		spec: plan.Spec{Class: config.Notice},
	}
}

func TestWhatALaneBeginsWith(t *testing.T) {
	l := loopOfTwo()
	ln, err := l.newLane(t.Context(), message.SMS, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ln.runs != 1 || ln.rank != 0 || l.ordered || ln.frequency != nil || ln.hosts != nil || ln.left >= 0 {
		t.Errorf("run %d of %d, ordered: %v, %d left", ln.rank, ln.runs, l.ordered, ln.left)
	}
	if cap(ln.work) != 6 || ln.rooms["a"] == nil || ln.rooms["b"] != nil {
		t.Errorf("%d slots, rooms %v", cap(ln.work), ln.rooms)
	}
	l.Join = true
	if ln, err = l.newLane(t.Context(), message.SMS, nil); err != nil || ln.runs != math.MaxInt || ln.rank != math.MaxInt {
		t.Errorf("run %d of %d before it is known how many others there are, %v", ln.rank, ln.runs, err)
	}
	// A lane that looks at who was told before wants its turns in order, and so does the whole run.
	l.Config.Frequency = map[string]map[message.Channel]config.Frequency{config.Notice: {message.Email: {Most: 1, Days: 1}}}
	for _, ch := range []message.Channel{message.Email, message.SMS} {
		if ln, err = l.newLane(t.Context(), ch, nil); err != nil || !l.ordered || (ln.frequency != nil) != (ch == message.Email) {
			t.Errorf("%s: ordered %v, %+v, %v", ch, l.ordered, ln.frequency, err)
		}
	}
	if l.Receivers, err = receivers.Read(""); err != nil {
		t.Fatal(err)
	}
	for ch, want := range map[message.Channel]bool{message.Email: true, message.SMS: false} {
		if ln, err = l.newLane(t.Context(), ch, nil); err != nil || (ln.hosts != nil) != want || (ln.domains["a"] != nil) != want {
			t.Errorf("%s: receivers %v, %v", ch, ln.hosts, err)
		}
	}
}

// An account that was slowed down before goes on as slowly.
func TestALaneBeginsAtThePaceThatTheLedgerKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln, err := loopOfTwo().newLane(t.Context(), message.SMS, []ledger.AccountState{{Account: "a", Scale: 0.5}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 22 {
			if ok, err := ln.valves["a"].Wait(t.Context(), time.Now, time.Time{}, began); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		if took := time.Since(began).Round(time.Millisecond); took != 400*time.Millisecond {
			t.Errorf("two beyond the burst take %v", took)
		}
	})
}

// earlier is a ledger of which only is asked who was told before.
type earlier struct {
	ledger.Reader
	n   []int
	err error
}

func (r *earlier) Earlier(context.Context, *ledger.Counting, []ledger.Claim) ([]int, error) {
	return r.n, r.err
}

// Who got as many as he may is turned away; where nobody can tell, all are given back and nothing is claimed for a while.
func TestWhoIsTurnedAway(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	kinds := func(ln *lane, cs []ledger.Claim) (all []string) {
		for _, o := range ln.turnAway(t.Context(), cs, noon) {
			if o == nil {
				all = append(all, "")
			} else {
				all = append(all, string(o.Kind)+" "+o.Code)
			}
		}
		return all
	}
	now := noon
	for _, tc := range []struct {
		name  string
		r     *earlier
		want  []string
		later time.Time
		waits string
	}{
		{"by what he got", &earlier{n: []int{0, 1, 2, 3}}, []string{"", "", "rejected notify:frequency", "rejected notify:frequency"}, time.Time{}, ""},
		{"nobody can tell", &earlier{err: errors.New("the disk is broken")}, []string{"unsent notify:held-lost", "unsent notify:held-lost", "unsent notify:held-lost", "unsent notify:held-lost"}, noon.Add(look), "send.frequency-unread"},
	} {
		ln := readyLane(&now)
		ln.frequency = &frequency{limit: config.Frequency{Most: 2, Days: 1}, zone: time.UTC, from: tc.r}
		if diff := cmp.Diff(tc.want, kinds(ln, claimsTo("1", "2", "3", "4"))); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
		if !ln.later.Equal(tc.later) || ln.loop.progress.waits().ID != tc.waits {
			t.Errorf("%s: nothing is claimed before %v, it waits for %v", tc.name, ln.later, ln.loop.progress.waits())
		}
		if got := kinds(ln, nil); len(got) != 0 || !ln.later.Equal(tc.later) {
			t.Errorf("%s: of none %v", tc.name, got)
		}
	}
	if diff := cmp.Diff([]string{"", ""}, kinds(readyLane(&now), claimsTo("1", "2"))); diff != "" {
		t.Errorf("without a limit: %s", diff)
	}
}

// The screen's pace is that of the last ten seconds.
func TestThePaceOfTheLastSeconds(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	l := &Loop{Now: func() time.Time { return now }}
	tally := func(accepted int) ledger.Tally {
		return ledger.Tally{message.SMS: {message.Accepted: accepted, message.Rejected: 2, message.Unknown: 3, message.Attempting: 4, message.Pending: 996 - accepted}}
	}
	l.progress.start(ledger.Counts{ByState: tally(100)}, now)
	if s := l.Snapshot(); s.Rate != 0 || s.Remaining != -1 {
		t.Errorf("at first %v a second, %v to go", s.Rate, s.Remaining)
	}
	accepted := 100
	for i := range 40 {
		each := 10
		if i >= 20 {
			each = 20
		}
		now, accepted = now.Add(time.Second), accepted+each
		l.progress.stands(tally(accepted))
		s := l.Snapshot()
		want := float64(each)
		if i >= 20 { // of the last ten seconds so many were at the new pace
			want = 10 + float64(min(i-19, 10))
		}
		if math.Abs(s.Rate-want) > 1e-9 {
			t.Errorf("after %d s: %v a second, not %v", i+1, s.Rate, want)
		}
	}
	want := Snapshot{
		Total: 1005, Accepted: 700, Rejected: 2, Unknown: 3, InFlight: 4, Left: 300, Rate: 20, Remaining: 15 * time.Second, Started: now.Add(-40 * time.Second),
	}
	if diff := cmp.Diff(want, l.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

// A pace of less than one a second says as well how long it takes.
func TestHowLongASlowRunTakes(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	l := &Loop{Now: func() time.Time { return now }}
	l.progress.start(ledger.Counts{}, now)
	now = now.Add(10 * time.Second)
	l.progress.stands(ledger.Tally{message.SMS: on(10, 0, 5, 0, 0)})
	if s := l.Snapshot(); s.Rate != 0.5 || s.Remaining != 20*time.Second {
		t.Errorf("%v a second, %v to go", s.Rate, s.Remaining)
	}
}

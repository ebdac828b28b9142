package send

import (
	"context"
	"errors"
	"iter"
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
	"notify/pkg/vendors"
)

// When too many of the newest outcomes are bad.
func TestWhenTooManyOfTheNewestOutcomesAreBad(t *testing.T) {
	limit := campaign.StopWhen{Failed: 0.2, Unknown: 0.1, Window: 10}
	kinds := map[rune]message.OutcomeKind{
		'a': message.OutcomeAccepted, 'r': message.OutcomeRejected, 'u': message.OutcomeUnknown, 't': message.OutcomeThrottled, 's': message.OutcomeUnsent,
	}
	for _, tc := range []struct {
		name, seen string
		limit      campaign.StopWhen
		runs       int
		why        string
		bad, n     int
	}{
		{"as many failed as may", "rr", limit, 1, "", 0, 0},
		{"one more", "rrr", limit, 1, "send.too-many-rejected", 3, 3},
		{"those before the newest do not count", "rraaaaaaaarr", limit, 1, "", 0, 0},
		{"one more of the newest", "rraaaaaaaarrr", limit, 1, "send.too-many-rejected", 3, 10},
		{"as many are unknown as may", "uaaaaaaaaau", limit, 1, "", 0, 0},
		{"one more is unknown", "uaaaaaaaau", limit, 1, "send.too-many-unknown", 2, 10},
		{"too many of both", "rruu", limit, 1, "send.too-many-unknown", 2, 4},
		{"what goes again does not count", "rrtttttttttsssssssssr", limit, 1, "send.too-many-rejected", 3, 3},
		{"of two runs each looks at half", "rr", limit, 2, "send.too-many-rejected", 2, 2},
		{"the first reason counts", "rrruuuu", limit, 1, "send.too-many-rejected", 3, 3},
		{"nothing is allowed for", "rrrrrrrrrruuuuuuuuuu", campaign.StopWhen{Window: 10}, 1, "", 0, 0},
		{"more runs than outcomes", "u", limit, 99, "send.too-many-unknown", 1, 1},
	} {
		w := newWatch(tc.limit)
		w.share(tc.runs)
		for _, k := range tc.seen {
			w.observe(kinds[k])
		}
		why, others := w.tripped()
		if why.ID != tc.why || others != (tc.why != "" && tc.runs > 1) {
			t.Errorf("%s: %q, and others must stop: %v", tc.name, why.ID, others)
		}
		if tc.why != "" && (why.Args["bad"] != tc.bad || why.Args["n"] != tc.n) {
			t.Errorf("%s: %v", tc.name, why.Args)
		}
	}
	for given, want := range map[int]int{-1: defaultWindow, 0: defaultWindow, 1: 1, 7: 7} {
		if w := newWatch(campaign.StopWhen{Window: given}); w.window() != want {
			t.Errorf("a window of %d: %d", given, w.window())
		}
	}
	// Runs that come and go change what is looked at, from then on.
	w := newWatch(limit)
	for range 10 {
		w.observe(message.OutcomeAccepted)
	}
	if w.share(2); len(w.newest) != 5 || w.window() != 5 {
		t.Errorf("of two runs this one looks at %d of %d", len(w.newest), w.window())
	}
	if w.share(0); w.window() != 10 {
		t.Errorf("alone it looks at %d", w.window())
	}
}

// sending is a vendor that remembers what it was given.
type sending struct {
	mute
	got []message.Message
}

func (v *sending) Send(_ context.Context, m message.Message) message.Outcome {
	v.got = append(v.got, m)
	return message.Outcome{Kind: message.OutcomeAccepted}
}

// attempting is a lane of SMS with texts, and a claim that may leave.
func attempting(t *testing.T) (*lane, *sending, *claim) {
	t.Helper()
	now := time.Now()
	ln, v := readyLane(&now), &sending{}
	ln.loop.Now, ln.loop.lost = time.Now, make(chan struct{})
	ln.loop.Config.Environment, ln.loop.Vendors = config.Production, map[string]vendors.Vendor{"a": v}
	ln.loop.spec = plan.Spec{Columns: []string{"name", "phone"}, NameColumn: "name", Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "Dear {{name}}", TemplateCode: map[string]string{"a": "T7"}}}}}
	ln.entry = channel.Builtin().Of(message.SMS)
	var err error
	if ln.loop.texts, err = newTexts(&ln.loop.spec); err != nil {
		t.Fatal(err)
	}
	c := &claim{Claim: ledger.Claim{Account: "a", Channel: message.SMS, Address: "+8613490000001", Fields: []byte(`["Li", "1"]`), Deadline: now.Add(time.Minute)}, got: now, good: time.Minute}
	return ln, v, c
}

// What becomes of a claim before it reaches a vendor.
func TestWhatIsTurnedAwayBeforeItLeaves(t *testing.T) {
	suppressed := func(ln *lane) {
		ln.loop.suppressed = &suppressed{began: time.Now()}
		ln.loop.suppressed.set.Put("+8613490000001", true)
	}
	for _, tc := range []struct {
		name string
		set  func(*lane, *claim)
		want string // empty: it is sent
	}{
		{"nothing", func(*lane, *claim) {}, ""},
		{"who was told before", func(_ *lane, c *claim) {
			c.away = &message.Outcome{Kind: message.OutcomeRejected, Code: message.AwayFrequency}
		}, message.AwayFrequency},
		{"late under its place", func(ln *lane, c *claim) { c.LeaveAt = time.Now().Add(-time.Second) }, message.GiveBack(message.BackLate).Code},
		{"not on the list of a test installation", func(ln *lane, _ *claim) { ln.loop.Config.Environment = "test" }, message.AwayAllowList},
		{"on the list of a test installation", func(ln *lane, _ *claim) {
			ln.loop.Config.Environment, ln.loop.Config.AllowList = "test", []string{"+8613490000001"}
		}, ""},
		{"who opted out", func(ln *lane, _ *claim) { suppressed(ln) }, message.AwaySuppressed},
		{"who opted out, on a channel where nobody can", func(ln *lane, _ *claim) { suppressed(ln); ln.entry.Suppressible = false }, ""},
		{"a row that is broken", func(_ *lane, c *claim) { c.Fields = []byte("{") }, message.AwayText},
		{"a row that is too short", func(_ *lane, c *claim) { c.Fields = []byte("[]") }, message.AwayText},
		{"a row without a name", func(ln *lane, c *claim) { ln.loop.spec.NameColumn = "phone"; c.Fields = []byte(`["Li"]`) }, ""},
		{"past its deadline", func(_ *lane, c *claim) { c.Deadline = time.Now().Add(-1) }, message.GiveBack(message.BackDeadline).Code},
		{"by a run that was lost", func(ln *lane, _ *claim) { ln.loop.lose(); ln.loop.lose() }, message.GiveBack(message.BackDeadline).Code},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln, v, c := attempting(t)
				tc.set(ln, c)
				o, asked := ln.attempt(t.Context(), c)
				if sent := tc.want == ""; o.Code != tc.want || (len(v.got) == 1) != sent || (asked > 0) != sent {
					t.Errorf("%+v, sent: %v, the vendor took %v", o, v.got, asked)
				}
				name := map[string]string{"name": "Li"}[ln.loop.spec.NameColumn]
				if len(v.got) == 1 && (v.got[0].Text != "Dear Li" || v.got[0].Template != "T7" || v.got[0].Name != name) {
					t.Errorf("%+v", v.got[0])
				}
			})
		})
	}
}

// A worker says how late it took a message up, how long that took, and makes room for the next.
func TestWhatAWorkerSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln, _, c := attempting(t)
		ln.rooms = map[string]*room{"a": newRoom(1)}
		ln.valves["a"] = flow.NewValve(0, 0, time.Second)
		began := time.Now()
		for _, leaveAt := range []time.Duration{0, -300 * time.Millisecond, 200 * time.Millisecond} {
			one := *c
			one.receiver = "d.test"
			if leaveAt != 0 {
				one.LeaveAt = began.Add(leaveAt)
			}
			ln.work <- one
		}
		close(ln.work)
		ln.worker(t.Context())
		type said struct {
			Late, Took, At time.Duration
			Receiver       string
		}
		var got []said
		for _, r := range ln.answers.take(nil) {
			got = append(got, said{r.late, r.took, r.at.Sub(began), r.receiver})
		}
		ms := time.Millisecond
		if diff := cmp.Diff([]said{{0, 0, 0, "d.test"}, {300 * ms, 0, 0, "d.test"}, {0, 200 * ms, 200 * ms, "d.test"}}, got); diff != "" {
			t.Error(diff)
		}
		if ln.rooms["a"].in != 0 {
			t.Errorf("%d are still at the vendor", ln.rooms["a"].in)
		}
	})
}

// listed is a suppression list that takes its time, or fails.
type listed struct {
	ledger.Reader
	reading chan struct{} // one for each that reads it
	goOn    chan struct{}
	err     error
}

func (l *listed) SuppressionLog(context.Context, int64) iter.Seq2[ledger.Suppression, error] {
	return func(yield func(ledger.Suppression, error) bool) {
		l.reading <- struct{}{}
		<-l.goOn
		yield(ledger.Suppression{ID: 1, Address: "+8613490000001", Reason: "STOP"}, l.err)
	}
}

// One worker at a time reads what came to the suppression list, and the others send on meanwhile; where it cannot be read, what is known stands.
func TestOneWorkerReadsTheSuppressionList(t *testing.T) {
	for _, fails := range []error{nil, errors.New("the disk is broken")} {
		synctest.Test(t, func(t *testing.T) {
			now := time.Now()
			ln := readyLane(&now)
			l := &listed{reading: make(chan struct{}, 9), goOn: make(chan struct{}), err: fails}
			ln.loop.suppressed = &suppressed{from: l, began: time.Now()}
			if ln.loop.withheld(t.Context(), "+8613490000001") {
				t.Error("nobody is on the list")
			}
			<-time.After(suppressEvery)
			withheld := make(chan bool, 1)
			go func() { withheld <- ln.loop.withheld(t.Context(), "+8613490000001") }()
			<-time.After(suppressEvery) // a disk that takes its time
			if ln.loop.withheld(t.Context(), "+8613490000001") || len(l.reading) != 1 {
				t.Errorf("%d read at a time", len(l.reading))
			}
			close(l.goOn)
			if got := <-withheld; got != (fails == nil) {
				t.Errorf("withheld after it was read: %v", got)
			}
			<-time.After(suppressEvery)
			if ln.loop.withheld(t.Context(), "+8613490000001"); len(l.reading) != 2 {
				t.Errorf("it was read %d times", len(l.reading))
			}
		})
	}
	now := time.Now()
	if readyLane(&now).loop.withheld(t.Context(), "+8613490000001") {
		t.Error("there is no list")
	}
}

package preflight_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// bare is a subject without a list: enough for the engine.
func bare() *preflight.Subject {
	return &preflight.Subject{
		Plan: &plan.Plan{Spec: plan.Spec{Name: "award"}, Digest: "d1"}, Config: &config.Config{Timezone: time.UTC}, Now: time.Now,
	}
}

func says1(st preflight.Status) func(context.Context, *preflight.Subject) preflight.Finding {
	return func(context.Context, *preflight.Subject) preflight.Finding { return preflight.Finding{Status: st} }
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []preflight.Status
		want     preflight.Status
		offline  bool
	}{
		{"all pass", []preflight.Status{preflight.Pass, preflight.Pass}, preflight.Pass, false},
		{"a skip changes nothing", []preflight.Status{preflight.Pass, preflight.Skip}, preflight.Pass, false},
		{"one warning", []preflight.Status{preflight.Pass, preflight.Warn, preflight.Pass}, preflight.Warn, false},
		{"one fail", []preflight.Status{preflight.Fail, preflight.Warn}, preflight.Fail, false},
		{"a warning after a fail", []preflight.Status{preflight.Warn, preflight.Fail, preflight.Warn}, preflight.Fail, false},
		{"a broken check is no pass", []preflight.Status{preflight.Pass, preflight.Error}, preflight.Fail, false},
		{"a check that did not run is no pass", []preflight.Status{preflight.Pass, preflight.NotRun}, preflight.Fail, false},
		{"a status that nobody knows is no pass", []preflight.Status{"fine"}, preflight.Fail, false},
		{"nobody could be asked", []preflight.Status{preflight.Pass, preflight.NotLooked}, preflight.Pass, false},
		{"nobody was to be asked", []preflight.Status{preflight.NotLooked, preflight.Pass}, preflight.Warn, true},
		{"there was nobody to ask", []preflight.Status{preflight.Pass}, preflight.Pass, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var checks []preflight.Check
			for _, st := range c.statuses {
				checks = append(checks, preflight.Check{ID: "x", Run: says1(st)})
			}
			s := bare()
			s.Plan, s.Offline = newWorld(t).plan(), c.offline
			got := preflight.Run(t.Context(), s, checks)
			if got.Verdict != c.want {
				t.Errorf("verdict %q, want %q", got.Verdict, c.want)
			}
			counts := make(map[preflight.Status]int)
			for _, st := range c.statuses {
				counts[st]++
			}
			if diff := cmp.Diff(counts, got.Counts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// findNothing is a programming error in a check.
func findNothing() *preflight.Finding { return nil }

func TestACheckThatPanicsIsAnError(t *testing.T) {
	s := newWorld(t).make()
	r := preflight.Run(t.Context(), s, []preflight.Check{
		{ID: "bad", Run: func(context.Context, *preflight.Subject) preflight.Finding { return *findNothing() }},
		{ID: "good", Run: says1(preflight.Pass)},
	})
	if r.Findings[0].Status != preflight.Error || !strings.Contains(summary(r.Findings[0]), "nil pointer") {
		t.Errorf("got %+v", r.Findings[0])
	}
	if r.Findings[1].Status != preflight.Pass || r.Verdict != preflight.Fail {
		t.Errorf("verdict %s, the other check %s", r.Verdict, r.Findings[1].Status)
	}
}

func TestASlowCheckHidesNoOther(t *testing.T) {
	w := newWorld(t)
	p := w.plan()
	synctest.Test(t, func(t *testing.T) {
		s := bare()
		s.Plan = p
		end := make(chan struct{})
		deaf := func(context.Context, *preflight.Subject) preflight.Finding {
			<-end
			return preflight.Finding{Status: preflight.Pass}
		}
		patient := func(ctx context.Context, _ *preflight.Subject) preflight.Finding {
			<-ctx.Done()
			return preflight.Finding{Status: preflight.Warn, Summary: []words.Text{words.Raw("half of it")}}
		}
		start := time.Now()
		r := preflight.Run(t.Context(), s, []preflight.Check{
			{ID: "deaf", Online: true, Run: deaf}, {ID: "patient", Online: true, Run: patient}, {ID: "fast", Run: says1(preflight.Pass)},
		})
		took := time.Since(start)
		close(end)
		var ids, statuses []string
		for _, f := range r.Findings {
			ids, statuses = append(ids, f.ID), append(statuses, string(f.Status))
		}
		if diff := cmp.Diff([]string{"deaf", "patient", "fast"}, ids); diff != "" {
			t.Errorf("the order is not that of the checks: %s", diff)
		}
		if diff := cmp.Diff([]string{"error", "warn", "pass"}, statuses); diff != "" {
			t.Errorf("statuses: %s", diff)
		}
		if took > preflight.DefaultLimit+2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// What asks nobody else may take its time, unless somebody said how long; what asks a vendor may not.
func TestHowLongACheckMayTake(t *testing.T) {
	w := newWorld(t)
	p := w.plan()
	for _, c := range []struct {
		limit  time.Duration
		online bool
		takes  time.Duration
		want   preflight.Status
	}{
		{0, false, 5 * time.Minute, preflight.Pass},
		{0, false, 15 * time.Minute, preflight.Error},
		{0, true, preflight.DefaultLimit - time.Second, preflight.Pass},
		{0, true, preflight.DefaultLimit + 2*time.Second, preflight.Error},
		{time.Minute, false, 5 * time.Minute, preflight.Error},
		{time.Minute, true, 50 * time.Second, preflight.Pass},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := bare()
			s.Plan, s.Limit = p, c.limit
			r := preflight.Run(t.Context(), s, []preflight.Check{{ID: "slow", Online: c.online, Run: func(context.Context, *preflight.Subject) preflight.Finding {
				time.Sleep(c.takes)
				return preflight.Finding{Status: preflight.Pass}
			}}})
			time.Sleep(time.Hour) // it ends by itself
			if f := r.Findings[0]; f.Status != c.want || c.want == preflight.Pass && f.Took != c.takes {
				t.Errorf("%+v: %s after %s", c, f.Status, f.Took)
			}
		})
	}
}

// A plan has one reader at a time: who would be the second waits, as long as he has time.
func TestOneCheckReadsTheRowsAtATime(t *testing.T) {
	w := newWorld(t)
	p := w.plan()
	synctest.Test(t, func(t *testing.T) {
		s := bare()
		s.Plan = p
		read := 0
		var first, second error
		preflight.Run(t.Context(), s, []preflight.Check{{ID: "reads", Run: func(ctx context.Context, s *preflight.Subject) preflight.Finding {
			count := func(*plan.Recipient) bool { read++; return true }
			_ = s.EachRow(ctx, func(*plan.Recipient) bool {
				soon, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				first = s.EachRow(soon, count)
				return false
			})
			second = s.EachRow(ctx, count)
			return preflight.Finding{Status: preflight.Pass}
		}}})
		if !errors.Is(first, context.DeadlineExceeded) || second != nil || read != 100 {
			t.Errorf("%d rows are read: %v, %v", read, first, second)
		}
	})
}

// Who is interrupted in the midst of the rows reads no further.
func TestTheReadingOfRowsIsInterrupted(t *testing.T) {
	s := newWorld(t).make()
	read := 0
	var err error
	preflight.Run(t.Context(), s, []preflight.Check{{ID: "reads", Run: func(ctx context.Context, s *preflight.Subject) preflight.Finding {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		err = s.EachRow(ctx, func(*plan.Recipient) bool {
			read++
			cancel()
			return true
		})
		return preflight.Finding{Status: preflight.Pass}
	}}})
	if !errors.Is(err, context.Canceled) || read != 1 {
		t.Errorf("%d rows are read: %v", read, err)
	}
}

// Nor does a vendor that never answers hide the plan: it is not waited for once more.
func TestASilentVendorHidesNoPlan(t *testing.T) {
	w := newWorld(t)
	silentVendor(w)
	r := preflight.Run(t.Context(), w.make(), preflight.All())
	if f, _ := r.Finding("balance"); f.Status != preflight.Error {
		t.Errorf("balance: %s: %s", f.Status, summary(f))
	}
	if r.Plan.ToSend != 100 || !r.Plan.Unknown.IsZero() || r.Plan.Accounts[0].Days[0].Messages != 100 {
		t.Errorf("plan: %+v", r.Plan)
	}
}

func TestAnInterruptedPreflightIsNoPass(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := preflight.Run(ctx, newWorld(t).make(), preflight.All())
	if r.Verdict != preflight.Fail {
		t.Errorf("verdict %s", r.Verdict)
	}
}

func TestOfflineLeavesOutVendorsAndIsNoCleanPass(t *testing.T) {
	run := func(offline bool) (preflight.Result, int64) {
		w := newWorld(t)
		ready(w)
		w.subject = func(s *preflight.Subject) { s.Offline = offline }
		r := preflight.Run(t.Context(), w.make(), preflight.All())
		return r, w.vendors["sms-a"].(*vendor).asked.Load()
	}
	online, _ := run(false)
	r, asked := run(true)
	for i, c := range preflight.All() {
		f, was := r.Findings[i], online.Findings[i]
		switch {
		case !c.Online && f.Status != was.Status:
			t.Errorf("%s is %s, and was %s with vendors", c.ID, f.Status, was.Status)
		case c.Online && (f.Status != preflight.NotLooked || len(remedies(f)) == 0 || f.Took != 0):
			t.Errorf("%s: %+v", c.ID, f)
		}
	}
	if asked != 0 || !r.Offline || online.Offline || r.Verdict != preflight.Warn || online.Verdict != preflight.Pass {
		t.Errorf("asked %d times, offline %t, verdict %s, with vendors %s", asked, r.Offline, r.Verdict, online.Verdict)
	}
}

// refuser is a vendor that is not to be asked anything.
type refuser struct {
	keeper
	t testing.TB
}

func (r refuser) Probe(context.Context) error { r.t.Error("probed"); return nil }

func (r refuser) Balance(context.Context) (vendors.Balance, error) {
	r.t.Error("asked for its balance")
	return vendors.Balance{}, nil
}

func (r refuser) Templates(context.Context, vendors.TemplateKind, ...string) ([]vendors.Template, error) {
	r.t.Error("asked for its templates")
	return nil, nil
}

func (r refuser) Suppressed(context.Context, time.Time) iter.Seq2[vendors.Suppressed, error] {
	r.t.Error("asked for its suppression list")
	return r.keeper.Suppressed(context.Background(), time.Time{})
}

// Whatever a vendor can tell, offline nobody asks it.
func TestOfflineNoVendorIsAsked(t *testing.T) {
	w := newWorld(t)
	ready(w)
	signed("示例")(w)
	w.vendors["sms-a"] = refuser{t: t}
	w.subject = func(s *preflight.Subject) { s.Offline = true }
	if r := preflight.Run(t.Context(), w.make(), preflight.All()); r.Verdict != preflight.Warn {
		t.Errorf("the verdict is %s", r.Verdict)
	}
}

// Nor is a vendor asked for what only an option would need.
func TestOfflineOffersAStandInWithoutAskingIt(t *testing.T) {
	w := newWorld(t)
	quota(40)(w)
	route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b")(w)
	w.subject = func(s *preflight.Subject) { s.Offline = true }
	f := w.ask("quota")
	if f.Status != preflight.Fail || !slices.Contains(kinds(f.Options), preflight.OptionAccount) {
		t.Errorf("%s: %q", f.Status, remedies(f))
	}
	if n := w.vendors["sms-b"].(*vendor).asked.Load(); n != 0 {
		t.Errorf("the stand-in was asked %d times", n)
	}
}

func TestAllChecksPassOnAGoodCampaign(t *testing.T) {
	w := newWorld(t)
	ready(w)
	r := preflight.Run(t.Context(), w.make(), preflight.All())
	for _, f := range r.Findings {
		if f.Status != preflight.Pass && f.Status != preflight.Skip && f.Status != preflight.NotLooked {
			t.Errorf("%s: %s: %s", f.ID, f.Status, summary(f))
		}
		if summary(f) == "" || f.Title.IsZero() || f.Group == "" {
			t.Errorf("%s says nothing: %+v", f.ID, f)
		}
	}
	if v := w.vendors["sms-a"].(*vendor); v.asked.Load() != 1 {
		t.Errorf("the vendor was asked %d times for its balance", v.asked.Load())
	}
	if r.Verdict != preflight.Pass || r.Digest == "" || r.Campaign != "award" || r.Counts[preflight.Pass] == 0 {
		t.Errorf("result: %+v", r)
	}
}

func TestIDsAreUniqueAndGroupsTogether(t *testing.T) {
	var ids []string
	var groups []preflight.Group
	for _, c := range preflight.All() {
		ids = append(ids, c.ID)
		groups = append(groups, c.Group)
	}
	slices.Sort(ids)
	if n := len(ids); n != len(slices.Compact(ids)) {
		t.Errorf("an id stands twice in %v", ids)
	}
	want := []preflight.Group{
		preflight.GroupList, preflight.GroupTexts, preflight.GroupAccounts, preflight.GroupSender, preflight.GroupMoney, preflight.GroupTime, preflight.GroupLedger,
		preflight.GroupChecklist,
	}
	if diff := cmp.Diff(want, slices.Compact(groups)); diff != "" {
		t.Error(diff)
	}
}

// Without a ledger nothing may pass that depends on it, whatever else is well.
func TestWithoutALedgerTheVerdictIsAFail(t *testing.T) {
	w := newWorld(t)
	w.subject = func(s *preflight.Subject) { s.Ledger, s.LedgerErr = nil, ledger.ErrBusy }
	r := preflight.Run(t.Context(), w.make(), preflight.All())
	for _, id := range []string{"ledger", "disk", "flush", "stopped", "run", "staged", "quota"} {
		f, ok := r.Finding(id)
		if !ok || (f.Status != preflight.Fail && f.Status != preflight.Error) || !strings.Contains(summary(f), ledger.ErrBusy.Error()) {
			t.Errorf("%s: %s: %s", id, f.Status, summary(f))
		}
	}
	if r.Verdict != preflight.Fail {
		t.Errorf("verdict %s", r.Verdict)
	}
}

func TestAResultSurvivesJSON(t *testing.T) {
	r := preflight.Run(t.Context(), newWorld(t).make(), preflight.All())
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back preflight.Result
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	// Figures come back as JSON numbers; all else comes back as it was.
	figures := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Value" }, cmp.Ignore())
	sentences := cmp.Comparer(func(a, b words.Text) bool { return a.ID == b.ID && a.String() == b.String() })
	if diff := cmp.Diff(r, back, figures, sentences, cmpopts.IgnoreUnexported(preflight.Finding{}, preflight.Option{})); diff != "" {
		t.Error(diff)
	}
}

var errDown = errors.New("the vendor is down")

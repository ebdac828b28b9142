package preflight_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/sshsign"
	"notify/pkg/vendors"
	"notify/pkg/words"

	"github.com/google/go-cmp/cmp"
)

// noSignatures is a ledger that cannot read them.
type noSignatures struct{ ledger.Ledger }

func (noSignatures) SignOffs(context.Context, string) ([]ledger.SignOff, error) { return nil, errDisk }

func awardList() *checklist.Checklist {
	return &checklist.Checklist{Name: "award-notice", Items: []checklist.Item{
		{ID: "pays", Phase: checklist.Before, Role: "finance", Check: "balance"},
		{ID: "texts-read", Phase: checklist.Before, Role: "product", People: 1, Evidence: checklist.LinkEvidence},
		{ID: "released", Phase: checklist.Before, Role: "operations", People: 2},
		{ID: "watched", Phase: checklist.During, Role: "legal", People: 1},
	}}
}

// listed gives the campaign a checklist, and people who may sign.
func listed(w *world) {
	w.campaign.Checklist = "award-notice"
	w.config.Roles = map[string][]string{"product": {"li"}, "operations": {"wang", "zhang"}}
	w.subject = func(s *preflight.Subject) { s.Checklist = awardList() }
}

// sending is listed before a send by wang.
func sending(w *world) {
	listed(w)
	w.subject = func(s *preflight.Subject) {
		s.Checklist, s.Sending, s.Sender = awardList(), true, checklist.Sender{Name: "wang", Who: "wang@ops-1"}
	}
}

// signedBy lets people sign items ("li texts-read") of a preflight that is made now.
func (w *world) signedBy(signatures ...string) {
	w.t.Helper()
	res := w.kept()
	for _, s := range signatures {
		name, id, _ := strings.Cut(s, " ")
		item := awardList().Item(id)
		parts := maps.Clone(res.Scopes)
		parts[checklist.ScopeItem] = item.Digest()
		if _, err := w.ledger.SignOff(w.t.Context(), ledger.SignOff{
			Campaign: w.campaign.Name, Item: id, Role: item.Role, Name: name, Who: name + "@ops-1", At: w.now, Digest: res.Digest, Scopes: parts,
			Checked: res.At, Evidence: []byte(`{"kind":"link","name":"https://wiki.example.test/a"}`),
		}, w.act("sign "+id)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// kept runs all checks, and keeps the result as the command does.
func (w *world) kept() preflight.Result {
	w.t.Helper()
	res := preflight.Run(w.t.Context(), w.make(), preflight.All())
	b, err := json.Marshal(res)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.ledger.SaveCheck(w.t.Context(), ledger.Check{
		Campaign: res.Campaign, Digest: res.Digest, Verdict: string(res.Verdict), Result: b, At: res.At, Who: "wang@ops-1",
	}); err != nil {
		w.t.Fatal(err)
	}
	return res
}

func TestChecklist(t *testing.T) {
	all := []string{"li texts-read", "wang released", "zhang released"}
	askAll(t, "checklist", []question{
		{name: "no checklist", want: preflight.Skip, summary: []string{"names no checklist"}},
		{
			name: "nobody has signed yet", want: preflight.Warn, change: listed,
			summary: []string{"award-notice: 2 of 3 items are open: texts-read (product), released (operations)"},
			remedies: []string{
				"notify checklist sign award texts-read --as NAME --evidence https://… (product: li)",
				"notify checklist sign award released --as NAME (operations: wang, zhang; 2 more of 2 people)",
			},
		},
		{
			name: "nobody may sign", want: preflight.Fail, change: func(w *world) { sending(w); w.config.Roles = nil },
			remedies: []string{"item texts-read needs a signer of role product; none is configured: write roles: {product: [NAME]} into notify.yaml"},
		},
		{
			name: "one of two", want: preflight.Warn, change: func(w *world) { listed(w); w.signedBy(all[:2]...) },
			summary: []string{"1 of 3 items are open: released"}, remedies: []string{"1 more of 2 people"},
		},
		{
			name: "the list changed", want: preflight.Fail, change: func(w *world) { sending(w); w.signedBy(all...); w.people = people(99) },
			summary: []string{"2 of 3 items are open"},
		},
		{
			name: "only the sender signed", want: preflight.Fail,
			change: func(w *world) {
				w.config.Roles = nil
				sending(w)
				w.config.Roles = map[string][]string{"product": {"wang"}, "operations": {"wang"}}
				w.subject = func(s *preflight.Subject) {
					s.Checklist, s.Sending, s.Sender = awardList(), true, checklist.Sender{Name: "wang", Who: "wang@ops-1"}
					s.Checklist.Items[2].People = 1
				}
				w.signedBy("wang texts-read", "wang released")
			},
			summary: []string{"only wang has signed, who sends"}, remedies: []string{"let another person sign"},
		},
		{
			name: "one has signed what one has to", want: preflight.Pass, summary: []string{"1 item signed for exactly this plan, by li"},
			change: func(w *world) {
				listed(w)
				w.subject = func(s *preflight.Subject) { s.Checklist = awardList(); s.Checklist.Items = s.Checklist.Items[:2] }
				w.signedBy(all[0])
			},
		},
		{
			name: "six that are open are named", want: preflight.Warn,
			change: func(w *world) {
				listed(w)
				w.subject = func(s *preflight.Subject) {
					s.Checklist = awardList()
					for i := range 6 {
						s.Checklist.Items = append(s.Checklist.Items, checklist.Item{ID: fmt.Sprintf("more-%d", i), Phase: checklist.Before, Role: "product", People: 1})
					}
				}
			},
			summary: []string{"8 of 9 items are open", "more-3 (product) and 2 more"},
		},
		{
			name: "a signature that is not made with the signer's key", want: preflight.Fail, summary: []string{"1 of 3 items are open: texts-read"},
			change: func(w *world) {
				sending(w)
				w.signedBy(all...)
				key, err := sshsign.ParseKey("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2N+BR4ajZFT6POSWiyjQqM4WYo3kyBgH5ZjIhX0mFv li@desk")
				if err != nil {
					w.t.Fatal(err)
				}
				w.config.Keys = map[string]sshsign.Key{"li": key}
			},
		},
		{
			name: "evidence that cannot be read", want: preflight.Error, summary: []string{"the evidence of texts-read, signed by li, cannot be read"},
			change: func(w *world) { sending(w); w.ledger = garbled{w.ledger} },
		},
		{
			name: "there is no ledger", want: preflight.Error,
			change:  func(w *world) { w.subject = func(s *preflight.Subject) { s.Checklist, s.Ledger = awardList(), nil } },
			summary: []string{"ledger"},
		},
	})
}

// garbled is a ledger in which the evidence of a signature is no longer what it was.
type garbled struct{ ledger.Ledger }

func (garbled) SignOffs(context.Context, string) ([]ledger.SignOff, error) {
	return []ledger.SignOff{{Item: "texts-read", Name: "li", Evidence: []byte("x")}}, nil
}

// An item whose check this preflight did not ask is one that nobody looked at.
func TestAnItemWhoseCheckWasNotAsked(t *testing.T) {
	w := newWorld(t)
	listed(w)
	r := preflight.Run(t.Context(), w.make(), []preflight.Check{check(t, "checklist")})
	f, _ := r.Finding("checklist")
	if got := facts(f)["not_looked_at"]; f.Status != preflight.Warn || got != 1 || len(details(f)) != 1 || !strings.Contains(details(f)[0], "this preflight did not ask it") {
		t.Errorf("%s, %v: %s %q", f.Status, got, summary(f), details(f))
	}
}

// What nobody could look at stops a send where somebody may take it on, and is counted by itself.
func TestWhatNobodyLookedAtWaitsForWhoMaySign(t *testing.T) {
	all := []string{"li texts-read", "wang released", "zhang released"}
	for _, c := range []struct {
		name           string
		offline, sends bool
		finance        []string
		signed         []string
		want           preflight.Status
		items, unsigned, unseen,
		details int
	}{
		{"all is there", false, true, nil, all, preflight.Pass, 2, 0, 0, 0},
		{"nobody may take it on", true, true, nil, all, preflight.Warn, 2, 0, 1, 1},
		{"somebody may take it on", true, true, []string{"chen"}, all, preflight.Fail, 2, 0, 1, 1},
		{"nothing is sent yet", true, false, []string{"chen"}, all, preflight.Warn, 2, 0, 1, 1},
		{"signatures are missing, too", true, true, nil, all[:2], preflight.Fail, 2, 1, 1, 1},
	} {
		w := newWorld(t)
		listed(w)
		w.signedBy(c.signed...)
		w.config.Roles["finance"] = c.finance
		w.subject = func(s *preflight.Subject) {
			s.Checklist, s.Offline, s.Sending, s.Sender = awardList(), c.offline, c.sends, checklist.Sender{Name: "wang", Who: "wang@ops-1"}
		}
		f := w.ask("checklist")
		want := map[string]any{"items": c.items, "unsigned": c.unsigned, "not_looked_at": c.unseen}
		if d := cmp.Diff(want, facts(f)); f.Status != c.want || d != "" || len(details(f)) != c.details {
			t.Errorf("%s: %s, want %s: %s %q %s", c.name, f.Status, c.want, summary(f), details(f), d)
		}
	}
}

// A list of which every item is proven by a check has nobody sign.
func TestAChecklistThatNobodySigns(t *testing.T) {
	w := newWorld(t)
	listed(w)
	w.subject = func(s *preflight.Subject) {
		s.Checklist = awardList()
		s.Checklist.Items = s.Checklist.Items[:1]
	}
	answers(t, w.ask("checklist"), preflight.Pass, []string{"award-notice", "nobody"}, nil)
	// What failed stops the campaign by itself.
	balance("0")(w)
	answers(t, w.ask("checklist"), preflight.Pass, nil, nil)
}

func TestALapseSaysWhatChangedSinceTheSignature(t *testing.T) {
	w := newWorld(t)
	listed(w)
	w.signedBy("li texts-read")
	w.account("sms-a", func(a *config.Account) { a.Price, a.Rate = ptr(yuan(t, "0.05")), 20 })
	w.vendors["sms-a"].(*vendor).balance.Amount = ptr(yuan(t, "90.5"))
	w.now = w.now.Add(time.Hour)
	res := w.kept()
	f, _ := res.Finding("checklist")
	want := []string{"texts-read: the signature of li from 2026-11-20 10:00 +08:00 does not hold; lapsed: the limits changed: " +
		"price of sms-a: 0.045 CNY → 0.05 CNY; rate of sms-a: 10/s → 20/s"}
	if diff := cmp.Diff(want, details(f)); diff != "" {
		t.Error(diff)
	}
	since := []string{
		"the limits changed: price of sms-a: 0.045 CNY → 0.05 CNY; rate of sms-a: 10/s → 20/s", "balance of sms-a: 100.00 → 90.50",
	}
	if diff := cmp.Diff(since, english(res.Since.Changes)); diff != "" || !res.Since.At.Equal(w.now.Add(-time.Hour)) {
		t.Errorf("since %s: %s", res.Since.At, diff)
	}
}

func TestCompare(t *testing.T) {
	before := func() *preflight.Result {
		return &preflight.Result{
			Scopes: map[string]string{"list": "l1"}, Terms: []plan.Term{{Scope: "list", Name: "columns", Value: "a"}},
			Findings: []preflight.Finding{
				{ID: "balance", Status: preflight.Pass, Summary: []words.Text{words.Raw("enough")}, Facts: []preflight.Fact{
					{Name: "account.sms.segments", Value: 100},
					{Name: "account.sms.balance", Value: yuan(t, "100")},
					{Name: "account.sms.packages", Value: int64(1_200_000)},
					{Name: "account.edm.balance", Value: yuan(t, "5")},
				}},
				{ID: "templates", Status: preflight.Pass, Summary: []words.Text{words.Raw("approved")}},
				{ID: "checklist", Status: preflight.Warn, Summary: []words.Text{words.Raw("unsigned")}},
			},
		}
	}
	for _, c := range []struct {
		name   string
		change func(*preflight.Result)
		want   []string
	}{
		{"nothing", func(*preflight.Result) {}, []string{}},
		{"signatures came", func(r *preflight.Result) { r.Findings[2].Status = preflight.Pass }, []string{}},
		{"a cell", func(r *preflight.Result) { r.Scopes["list"] = "l2" }, []string{"the list changed: cells of some rows, and as many rows as before"}},
		{"a template is no longer approved", func(r *preflight.Result) {
			r.Findings[1].Status, r.Findings[1].Summary = preflight.Fail, []words.Text{words.Raw("withdrawn")}
		}, []string{"templates: PASS → FAIL: withdrawn"}},
		{"a check did not run", func(r *preflight.Result) {
			r.Findings[1].Status, r.Findings[1].Summary = preflight.NotRun, []words.Text{words.Raw("interrupted")}
		}, []string{"templates: PASS → NOT RUN: interrupted"}},
		{"a new warning", func(r *preflight.Result) {
			r.Findings = append(r.Findings, preflight.Finding{ID: "disk", Status: preflight.Warn, Summary: []words.Text{words.Raw("little room")}})
		}, []string{"disk: new, WARN: little room"}},
		{"a new pass", func(r *preflight.Result) {
			r.Findings = append(r.Findings, preflight.Finding{ID: "disk", Status: preflight.Pass})
		}, []string{}},
		{"the balance fell", func(r *preflight.Result) { r.Findings[0].Facts[1].Value = yuan(t, "40") }, []string{"balance of sms: 100.00 → 40.00"}},
		{"packages were used", func(r *preflight.Result) { r.Findings[0].Facts[2].Value = int64(25_300) }, []string{"balance of sms: 1,200,000 → 25,300 messages in packages"}},
		{"the balance rose", func(r *preflight.Result) { r.Findings[0].Facts[1].Value = yuan(t, "400") }, []string{}},
		{"packages were bought", func(r *preflight.Result) { r.Findings[0].Facts[2].Value = int64(1_200_001) }, []string{}},
		{"the balance of the last one fell", func(r *preflight.Result) { r.Findings[0].Facts[3].Value = yuan(t, "4.5") }, []string{"balance of edm: 5.00 → 4.50"}},
		{"nobody knows the balance any more", func(r *preflight.Result) { r.Findings[0].Facts[1].Value = "?" }, []string{}},
		{"nobody knows the packages any more", func(r *preflight.Result) { r.Findings[0].Facts[2].Value = "?" }, []string{}},
		{"there are no packages any more", func(r *preflight.Result) { r.Findings[0].Facts[2].Value = int64(0) }, []string{"balance of sms: 1,200,000 → 0 messages in packages"}},
		{"fewer segments are needed", func(r *preflight.Result) { r.Findings[0].Facts[0].Value = 99 }, []string{}},
		{"the texts", func(r *preflight.Result) { r.Scopes["texts"] = "t2" }, []string{"the texts changed"}},
		{"another column of the list", func(r *preflight.Result) { r.Scopes["list"], r.Terms[0].Value = "l2", "b" }, []string{"the list changed: columns: a → b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The signed one comes back from the ledger as JSON.
			b, err := json.Marshal(before())
			if err != nil {
				t.Fatal(err)
			}
			signed, err := preflight.Decode(ledger.Check{Result: b})
			if err != nil {
				t.Fatal(err)
			}
			after := before()
			c.change(after)
			if diff := cmp.Diff(c.want, append([]string{}, english(preflight.Compare(signed, after))...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASheetCountsWhatWasSignedSince(t *testing.T) {
	w := newWorld(t)
	listed(w)
	w.kept()
	w.signedBy("li texts-read")
	s, err := preflight.SheetOf(t.Context(), w.ledger, "award", "", nil, w.config.Signers(), w.now)
	if err != nil {
		t.Fatal(err)
	}
	var got []checklist.Status
	for _, l := range s.State.Lines {
		got = append(got, l.Status)
	}
	if diff := cmp.Diff([]checklist.Status{checklist.Proven, checklist.Signed, checklist.Missing, checklist.Missing}, got); diff != "" {
		t.Error(diff)
	}
	proof := &checklist.Proof{Kind: checklist.LinkEvidence, Name: "https://wiki.example.test/a"}
	if diff := cmp.Diff(proof, s.State.Lines[1].Signatures[0].Evidence); diff != "" {
		t.Error(diff)
	}
	if _, err := preflight.Decode(ledger.Check{Result: []byte("x")}); err == nil {
		t.Error("a result that cannot be read was read")
	}
}

func TestASheetNeedsAPreflightAndAList(t *testing.T) {
	w := newWorld(t)
	if _, err := preflight.SheetOf(t.Context(), w.ledger, "award", "", nil, checklist.Signers{}, w.now); !errors.Is(err, ledger.ErrNoCheck) {
		t.Errorf("without a preflight: %v", err)
	}
	w.kept()
	if _, err := preflight.SheetOf(t.Context(), w.ledger, "award", "", nil, checklist.Signers{}, w.now); !errors.Is(err, preflight.ErrNoChecklist) {
		t.Errorf("without a list: %v", err)
	}
	if s, err := preflight.SheetOf(t.Context(), w.ledger, "award", "", awardList(), w.config.Signers(), w.now); err != nil || len(s.State.Lines) != 4 {
		t.Errorf("with a list beside it: %+v, %v", s, err)
	}
	w.stage()
	if state, err := preflight.StagedChecklist(t.Context(), w.ledger, "award", checklist.Signers{}, w.now); state != nil || err != nil {
		t.Errorf("staged without a list: %v, %v", state, err)
	}
	if state, err := preflight.StagedChecklist(t.Context(), w.ledger, "nobody", checklist.Signers{}, w.now); state != nil || err != nil {
		t.Errorf("not staged: %v, %v", state, err)
	}
}

// What is due while a campaign runs is about what was staged; what is due before is about the list as it is now.
func TestASheetOfAMendedListKnowsWhatWasStaged(t *testing.T) {
	w := newWorld(t)
	listed(w)
	w.kept()
	w.signedBy("li texts-read", "wang released")
	w.stage()
	staged, err := preflight.StagedChecklist(t.Context(), w.ledger, "award", w.config.Signers(), w.now)
	if err != nil || len(staged.Lines) != 4 || staged.Lines[1].Status != checklist.Signed {
		t.Fatalf("%+v, %v", staged, err)
	}
	w.now, w.people = w.now.Add(time.Hour), people(110)
	mended := w.kept()
	s, err := preflight.SheetOf(t.Context(), w.ledger, "award", "texts-read", nil, w.config.Signers(), w.now)
	if err != nil || s.Result.Digest != mended.Digest || s.Line("texts-read").Status != checklist.Lapsed {
		t.Errorf("before: %+v, %v", s, err)
	}
	for _, phase := range []checklist.Phase{checklist.During, checklist.After} {
		for _, l := range staged.Of(phase) {
			if s.Line(l.ID).Status != l.Status {
				t.Errorf("%s of what was staged is %s, and was %s", l.ID, s.Line(l.ID).Status, l.Status)
			}
			older, err := preflight.SheetOf(t.Context(), w.ledger, "award", l.ID, nil, w.config.Signers(), w.now)
			if err != nil || older.Result.Digest == mended.Digest {
				t.Errorf("%s is judged for the new list: %v", l.ID, err)
			}
		}
	}
}

// keeping is a ledger of which something cannot be read: the campaign, the preflight of what is staged, or its newest.
type keeping struct {
	ledger.Ledger
	what string
	err  error // nil: it is no longer what it was
}

func (k keeping) Campaign(ctx context.Context, name string) (ledger.Campaign, error) {
	if k.what == "campaign" {
		return ledger.Campaign{}, k.err
	}
	return k.Ledger.Campaign(ctx, name)
}

func (k keeping) Check(ctx context.Context, name, digest string) (ledger.Check, error) {
	if k.what == "check" {
		return ledger.Check{Campaign: name, Digest: digest, Result: []byte("x")}, k.err
	}
	return k.Ledger.Check(ctx, name, digest)
}

func (k keeping) CheckAt(ctx context.Context, name, digest string, at time.Time) (ledger.Check, error) {
	c, err := k.Ledger.CheckAt(ctx, name, digest, at)
	if k.what == "signed" {
		if err = k.err; err == nil {
			c.Result = []byte("x")
		}
	}
	return c, err
}

func (k keeping) NewestCheck(ctx context.Context, name string) (ledger.Check, error) {
	if k.what == "newest" {
		return ledger.Check{Campaign: name, Result: []byte("x")}, k.err
	}
	return k.Ledger.NewestCheck(ctx, name)
}

// Where something cannot be read there is no checklist, which is not the same as one on which nothing is open.
func TestASheetThatCannotBeReadIsNone(t *testing.T) {
	w := newWorld(t)
	listed(w)
	w.kept()
	w.stage()
	w.now, w.people = w.now.Add(time.Hour), people(110)
	w.kept()
	for name, c := range map[string]struct {
		ledger        preflight.Kept
		sheet, staged bool // there is one
	}{
		"all can be read":                 {w.ledger, true, true},
		"the campaign":                    {keeping{w.ledger, "campaign", errDisk}, false, false},
		"the preflight of what is staged": {keeping{w.ledger, "check", errDisk}, false, false},
		"what that found":                 {keeping{w.ledger, "check", nil}, false, false},
		"the newest preflight":            {keeping{w.ledger, "newest", errDisk}, false, true},
		"what the newest found":           {keeping{w.ledger, "newest", nil}, false, true},
		"the signatures":                  {noSignatures{w.ledger}, false, false},
	} {
		s, err := preflight.SheetOf(t.Context(), c.ledger, "award", "texts-read", nil, w.config.Signers(), w.now)
		if (err == nil) != c.sheet || (s != nil && err == nil) != c.sheet {
			t.Errorf("%s: the sheet is %+v, %v", name, s, err)
		}
		state, err := preflight.StagedChecklist(t.Context(), c.ledger, "award", w.config.Signers(), w.now)
		if (err == nil) != c.staged || (state != nil) != c.staged {
			t.Errorf("%s: the checklist of what is staged is %+v, %v", name, state, err)
		}
	}
	none := keeping{w.ledger, "check", ledger.ErrNoCheck}
	if state, err := preflight.StagedChecklist(t.Context(), none, "award", w.config.Signers(), w.now); state != nil || err != nil {
		t.Errorf("staged without a preflight: %+v, %v", state, err)
	}
	if s, err := preflight.SheetOf(t.Context(), none, "award", "texts-read", nil, w.config.Signers(), w.now); err != nil || len(s.State.Lines) != 4 {
		t.Errorf("staged without a preflight: %+v, %v", s, err)
	}
}

// Where the preflight that was signed cannot be read, nothing is said of what changed since.
func TestWhatChangedSinceIsSaidWhereItCanBeRead(t *testing.T) {
	w := newWorld(t)
	listed(w)
	w.signedBy("li texts-read")
	w.now = w.now.Add(time.Hour)
	for name, c := range map[string]struct {
		ledger ledger.Ledger
		since  bool
	}{
		"it can be read": {w.ledger, true}, "the ledger breaks": {keeping{w.ledger, "signed", errDisk}, false}, "it is no longer what it was": {keeping{w.ledger, "signed", nil}, false},
	} {
		again := *w
		again.ledger = c.ledger
		r := preflight.Run(t.Context(), again.make(), preflight.All())
		if r.Checklist == nil || (r.Since != nil) != c.since || r.Since != nil && len(r.Since.Changes) > 0 {
			t.Errorf("%s: %+v", name, r.Since)
		}
	}
}

// Who signs signs what he saw: the plan with its parts, the list, the item's words, and what its check had found.
func TestASignatureIsForWhatWasSeen(t *testing.T) {
	w := newWorld(t)
	listed(w)
	res := w.kept()
	s, err := preflight.SheetOf(t.Context(), w.ledger, "award", "pays", nil, w.config.Signers(), w.now)
	if err != nil {
		t.Fatal(err)
	}
	item := s.List.Item("pays")
	by := ledger.Act{Who: "chen@desk", At: w.now.Add(time.Minute)}
	want := ledger.SignOff{
		Campaign: "award", Item: "pays", Role: "finance", Name: "chen", Who: "chen@desk", At: by.At, Digest: res.Digest, Checked: s.Result.At,
		Scopes: map[string]string{checklist.ScopeItem: item.Digest(), checklist.ScopeChecklist: s.List.Digest(), checklist.ScopeFound: string(checklist.Proven)},
	}
	maps.Copy(want.Scopes, res.Scopes)
	if d := cmp.Diff(want, s.SignOff(item, "chen", by)); d != "" || len(res.Scopes) == 0 {
		t.Error(d)
	}
	if l := s.Line("nothing"); l.ID != "" {
		t.Errorf("an item that is not there: %+v", l)
	}
}

// A timer that sends once more is told that everything was sent, unless something is wrong that is not about the sending.
func TestOnlyWhatIsAboutTheSendingIsMoot(t *testing.T) {
	down := preflight.Finding{ID: "vendor", Group: preflight.GroupAccounts, Status: preflight.Fail}
	rows := preflight.Finding{ID: "list", Group: preflight.GroupList, Status: preflight.Error}
	withdrawn := preflight.Finding{ID: "templates", Group: preflight.GroupTexts, Status: preflight.Fail}
	long := preflight.Finding{ID: "segments", Group: preflight.GroupTexts, Status: preflight.Fail}
	warned := preflight.Finding{ID: "balance", Group: preflight.GroupMoney, Status: preflight.Warn}
	for _, c := range []struct {
		name             string
		messages, toSend int
		findings         []preflight.Finding
		want             bool
	}{
		{"nobody is on the list", 0, 0, []preflight.Finding{down}, false},
		{"one person is on the list", 1, 0, []preflight.Finding{down}, true},
		{"a vendor that is down", 100, 0, []preflight.Finding{down, warned}, true},
		{"a template that was withdrawn", 100, 0, []preflight.Finding{withdrawn}, true},
		{"one message is left", 100, 1, []preflight.Finding{down}, false},
		{"rows that cannot be read", 100, 0, []preflight.Finding{down, rows}, false},
		{"a text that is too long", 100, 0, []preflight.Finding{down, long}, false},
		{"nothing stops it", 100, 0, []preflight.Finding{warned}, false},
	} {
		r := preflight.Result{Findings: c.findings, Plan: preflight.Summary{Messages: c.messages, ToSend: c.toSend}}
		if got := r.OnlyMoot(); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestOverride(t *testing.T) {
	by := preflight.Override{Who: "zhang", Reason: "topped up by phone"}
	poor := func(w *world) { w.vendors["sms-a"] = &vendor{balance: vendors.Balance{Amount: ptr(yuan(t, "1"))}} }
	w := newWorld(t)
	ready(w)
	listed(w)
	w.subject = func(s *preflight.Subject) { s.Checklist = awardList() }
	poor(w)
	res := preflight.Run(t.Context(), w.make(), preflight.All())
	if res.Verdict != preflight.Fail || res.Checklist.Lines[0].Status != checklist.Failed {
		t.Fatalf("the verdict is %s, the item %+v", res.Verdict, res.Checklist.Lines[0])
	}
	if used, err := res.Override("balance", by); !used || err != nil {
		t.Fatalf("it is %v, %v", used, err)
	}
	line := res.Checklist.Lines[0]
	if res.Verdict != preflight.Warn || line.Status != checklist.Overridden || line.Said[len(line.Said)-1].String() != "overridden by zhang: topped up by phone" {
		t.Errorf("the verdict is %s, the item %+v", res.Verdict, line)
	}
	if o := res.Overrides(); len(o) != 1 || o[0].ID != "balance" || *o[0].Override != by {
		t.Errorf("overridden are %+v", o)
	}
	if used, err := res.Override("capacity", by); used || err != nil {
		t.Errorf("a check that passed was overridden: %v, %v", used, err)
	}
	for _, c := range []struct{ id, says string }{
		{"run", "cannot be overridden; these can: " + strings.Join(preflight.Overridable(), ", ")},
		{"balanec", "did you mean balance?"},
		{"weather", "there is no check"},
	} {
		if _, err := res.Override(c.id, by); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the error is %v, want %q", c.id, err, c.says)
		}
	}
	if res.Verdict != preflight.Warn {
		t.Errorf("the verdict is %s", res.Verdict)
	}
	first := preflight.Result{Findings: []preflight.Finding{{ID: "balance", Status: preflight.Error}}}
	if used, err := first.Override("balance", by); !used || err != nil || first.Verdict != preflight.Warn {
		t.Errorf("the first of the checks: %v, %v: %s", used, err, first.Verdict)
	}
}

// Whatever protects people from being told twice or wrongly, and the company's own mail, is beyond anybody's word.
func TestWhatIsNeverOverridden(t *testing.T) {
	can := preflight.Overridable()
	for _, id := range []string{
		"list", "variables", "shared", "expect", "dedupe", "allow-list", "environment", "routes", "ledger", "run", "stopped", "staged", "checklist", "currency",
		"braces", "values", "protected", "protected-recipients", "opt-out",
	} {
		if slices.Contains(can, id) {
			t.Errorf("%s can be overridden", id)
		}
	}
	var all []string
	for _, c := range preflight.All() {
		all = append(all, c.ID)
	}
	for _, id := range can {
		if !slices.Contains(all, id) {
			t.Errorf("%s can be overridden and is no check", id)
		}
	}
}

func TestTheDocumentNamesWhatCanBeOverridden(t *testing.T) {
	b, err := os.ReadFile("../../docs/checklist.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range preflight.Overridable() {
		if !strings.Contains(string(b), "`"+id+"`") {
			t.Errorf("docs/checklist.md does not say that %s can be overridden", id)
		}
	}
}

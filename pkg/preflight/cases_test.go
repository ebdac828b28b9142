package preflight_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
)

// cases are three worlds of a check: one in which it passes, one in which it does not, and one in which what it reads fails.
type cases struct {
	pass, bad, broken trial
	// warns says why the worst that this check says of a campaign is WARN; empty for one that FAILs.
	warns string
	// ready adds to a world what the check wants of a good campaign; nil where every world has it.
	ready func(*world)
	// offhand says that the check passes without rows, texts, ledger and vendors: the configuration alone answers it.
	offhand bool
}

// trial is a world, and words of the evidence and of the remedies, in their order.
type trial struct {
	in       func(testing.TB) asker
	evidence []string
	remedies []string
}

type asker interface {
	ask(id string) preflight.Finding
}

// is a world after these changes.
func is(evidence string, changes ...func(*world)) trial {
	return trial{evidence: []string{evidence}, in: func(tb testing.TB) asker {
		tb.Helper()
		w := newWorld(tb)
		both(changes...)(w)
		return w
	}}
}

// mailIs is a world with a sender of mails after these changes.
func mailIs(evidence string, changes ...func(*mailWorld)) trial {
	return trial{evidence: []string{evidence}, in: func(tb testing.TB) asker {
		tb.Helper()
		w := newMailWorld(tb)
		allOf(changes...)(w)
		return w
	}}
}

// do adds what must be said to do.
func (c trial) do(remedies ...string) trial {
	c.remedies = remedies
	return c
}

// bereft is a world in which the check finds its configuration missing at the moment when it looks. Nothing that a check
// compares can fail by itself where it was read before all checks; what is left is that the check breaks.
type bereft struct{ *world }

func (w bereft) ask(id string) preflight.Finding {
	w.t.Helper()
	c := check(w.t, id)
	run := c.Run
	c.Run = func(ctx context.Context, s *preflight.Subject) preflight.Finding {
		own := *s
		own.Config = nil
		return run(ctx, &own)
	}
	return preflight.Run(w.t.Context(), w.make(), []preflight.Check{c}).Findings[0]
}

func withoutConfig() trial {
	return trial{evidence: []string{"the check itself broke: ", "nil pointer"}, in: func(tb testing.TB) asker {
		tb.Helper()
		return bereft{newWorld(tb)}
	}}
}

// Common ways to break.
const (
	planClosed = "file already closed"
	noFacts    = "the plan does not say what its texts look like"
	noTexts    = "column"
	diskError  = "disk I/O error"
	noDNS      = "could not be checked"
)

func within72h(w *world) { w.campaign.DedupeWindow = 72 * time.Hour }

func lately(w *world) { w.campaign.ToldLately = 7 * 24 * time.Hour }

func often(w *world) {
	w.config.Frequency = map[string]map[message.Channel]config.Frequency{w.campaign.Class: {message.SMS: {Most: 1, Days: 1}, message.Email: {Most: 2, Days: 7}}}
}

// otherWords changes the text by a word.
func otherWords(w *world) {
	w.campaign.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: "{{name}}, come and see."}})
}

// toldBefore lets another campaign tell the first n people the same, so long ago.
func toldBefore(n int, ago time.Duration) func(*world) {
	return func(w *world) {
		mine, now := w.campaign, w.now
		other := *mine
		other.Name, w.now = "award-again", now.Add(-ago)
		w.campaign = &other
		w.stage()
		w.send(n, "sms-a", message.OutcomeAccepted)
		w.campaign, w.now = mine, now
	}
}

// requires wants a rehearsal within 30 days, and there were these.
func requires(all ...ledger.Rehearsal) func(*world) {
	return func(w *world) {
		w.config.Capacity.RequireRehearsal = 720 * time.Hour
		for i := range all {
			all[i].At, all[i].Rate, all[i].Complete = w.now.Add(-time.Hour), 95, true
		}
		w.ledger = rehearsed{Ledger: w.ledger, all: all}
	}
}

func allowing(entries ...string) func(*world) {
	return func(w *world) { w.config.Environment, w.config.AllowList = config.Test, entries }
}

// swapped exchanges two columns of every row.
func swapped(a, b int) func(*world) {
	return func(w *world) {
		for i := range w.people {
			v := w.people[i].Values
			v[a], v[b] = v[b], v[a]
		}
	}
}

// noZeros leaves out the first person, whose number ends in zeros as those on forms do.
func noZeros(w *world) { w.people = people(101)[1:] }

func ownDomain(w *world) { w.config.ProtectedDomains = []string{"company.net"} }

func templated(state vendors.TemplateState) func(*world) {
	return func(w *world) {
		w.vendors["sms-a"] = approver{have: []vendors.Template{{Kind: vendors.TemplateText, Code: "SMS_1", State: state, Reason: "names a prize"}}}
		w.campaign.Texts.Short(message.SMS).TemplateCode = map[string]string{"sms-a": "SMS_1"}
	}
}

func down(w *world) { w.vendors["sms-a"].(*vendor).err = errDown }

func forgets(w *world) { w.ledger = forgetful{w.ledger} }

// silentVendor never answers, and nobody waits for long.
func silentVendor(w *world) {
	w.vendors["sms-a"].(*vendor).block = make(chan struct{})
	w.subject = func(s *preflight.Subject) { s.Limit = 50 * time.Millisecond }
}

// clockStep makes a disk of a known speed: the measurement looks at the clock once a flush.
func clockStep(step time.Duration) func(*world) {
	return func(w *world) {
		now, looks := w.now, make(chan struct{}, 1)
		w.subject = func(s *preflight.Subject) {
			s.Limit = time.Hour
			s.Now = func() time.Time {
				looks <- struct{}{}
				defer func() { <-looks }()
				now = now.Add(step)
				return now
			}
		}
	}
}

func info(change func(*ledger.Info)) func(*world) { return tells(told{change: change}) }

func infoBroken(w *world) { tells(told{err: errDisk})(w) }

func vendorClock(ahead time.Duration) func(*world) {
	return func(w *world) { w.vendors["sms-a"].(*vendor).balance.Date = w.now.Add(ahead) }
}

func sentSome(w *world) { w.stage(); w.send(5, "sms-a", message.OutcomeAccepted) }

// ready adds what a campaign can do without, and had better not: what each check says of it.
func ready(w *world) {
	for _, c := range table() {
		if c.ready != nil {
			c.ready(w)
		}
	}
}

// table has the cases of every check.
func table() map[string]cases {
	all := make(map[string]cases)
	for _, part := range []map[string]cases{listCases(), textCases(), accountCases(), senderCases(), moneyCases(), timeCases(), ledgerCases()} {
		for id, c := range part {
			all[id] = c
		}
	}
	return all
}

// theirOwn are figures that are others in each world.
var theirOwn = []string{"ledger bytes", "ledger id", "ledger place", "run holder", "staged staged_digest"}

// figures are what machines read of a finding, by check and case: in testdata.
type figures struct {
	known map[string]map[string]string
	mu    sync.Mutex
	found map[string]map[string]string
}

func readFigures(t *testing.T) *figures {
	t.Helper()
	const name = "testdata/facts.json"
	f := &figures{known: make(map[string]map[string]string), found: make(map[string]map[string]string)}
	if *update {
		t.Cleanup(func() {
			b, err := json.MarshalIndent(f.found, "", "\t")
			if err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(name, append(b, '\n'), 0o600); err != nil {
				t.Error(err)
			}
		})
		return f
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &f.known); err != nil {
		t.Fatal(err)
	}
	return f
}

// compare looks whether a finding has the figures that it is known for.
func (f *figures) compare(t *testing.T, of string, finding preflight.Finding) {
	t.Helper()
	got := make(map[string]string)
	for _, one := range finding.Facts {
		b, err := json.Marshal(one.Value)
		if err != nil {
			t.Fatal(err)
		}
		got[one.Name] = string(b)
		if slices.Contains(theirOwn, finding.ID+" "+one.Name) {
			got[one.Name] = "…"
		}
	}
	if *update {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.found[of] = got
		return
	}
	if d := cmp.Diff(f.known[of], got); d != "" {
		t.Errorf("the figures are others: %s", d)
	}
}

// A check that was never seen to pass, to stop, and to break is not known to do any of these.
func TestEveryCheckPassesFailsAndBreaks(t *testing.T) {
	t.Parallel()
	all, known := table(), readFigures(t)
	for _, c := range preflight.All() {
		trials, ok := all[c.ID]
		if !ok {
			t.Errorf("%s has no cases: write them into the table", c.ID)
			continue
		}
		delete(all, c.ID)
		bad := preflight.Fail
		if trials.warns != "" {
			bad = preflight.Warn
		}
		for _, one := range []struct {
			name string
			want preflight.Status
			trial
		}{{"passes", preflight.Pass, trials.pass}, {"does not pass", bad, trials.bad}, {"breaks", preflight.Error, trials.broken}} {
			t.Run(c.ID+" "+one.name, func(t *testing.T) {
				t.Parallel()
				if one.in == nil {
					t.Fatal("the table has no such case")
				}
				f := one.in(t).ask(c.ID)
				answers(t, f, one.want, one.evidence, one.remedies)
				known.compare(t, c.ID+" "+one.name, f)
				if f.Status == preflight.Pass && len(remedies(f)) > 0 {
					t.Errorf("it passes, and there is something to do: %q", remedies(f))
				}
				if one.want == bad && len(one.remedies) == 0 {
					t.Error("the table does not say what is to be done")
				}
				if slices.Contains(one.evidence, "") {
					t.Error("the table does not say what the evidence is")
				}
			})
		}
	}
	for id := range all {
		t.Errorf("the table has cases of %s, which is no check", id)
	}
}

package preflight_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/words"
)

// knowing is a ledger that knows this of the accounts.
type knowing struct {
	ledger.Ledger
	states []ledger.AccountState
	err    error
}

func (k knowing) Accounts(context.Context) ([]ledger.AccountState, error) { return k.states, k.err }

func knows(states ...ledger.AccountState) func(*world) {
	return func(w *world) { w.ledger = knowing{Ledger: w.ledger, states: states} }
}

func silent(w *world) { w.ledger = knowing{Ledger: w.ledger, err: errDisk} }

func TestBreaker(t *testing.T) {
	now := newWorld(t).now
	alone, two := []config.Share{{Account: "sms-a", Weight: 1}}, []config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}}
	open := ledger.AccountState{Account: "sms-a", Scale: 1, OpenUntil: now.Add(time.Minute), Reason: words.Raw("balance")}
	askAll(t, "breaker", []question{
		{name: "never used", want: preflight.Pass, change: knows(ledger.AccountState{Account: "edm", OpenUntil: now.Add(time.Hour)})},
		{
			name: "open, and nothing stands in", want: preflight.Warn, change: both(knows(open), route(alone)),
			summary: []string{"sms-a was stopped: balance; a run tests it with one message from 2026-11-20 10:01 +08:00 on", "every account for sms was stopped"}, remedies: []string{"mend the cause at sms-a"},
		},
		{name: "open, and another carries on", want: preflight.Warn, change: both(knows(open), route(two)), summary: []string{"sms-a was stopped", "sms-b is in use"}},
		{name: "open, and another stands in", want: preflight.Warn, change: both(knows(open), route(alone, "sms-b"))},
		{name: "to be tested", want: preflight.Warn, change: knows(ledger.AccountState{Account: "sms-a", OpenUntil: now.Add(-time.Hour), Failures: 5}), summary: []string{"5 failures in a row"}},
		{name: "told to wait", want: preflight.Warn, change: knows(ledger.AccountState{Account: "sms-a", Scale: 1, NotBefore: now.Add(time.Minute)}), summary: []string{"asked to wait until 2026-11-20 10:01"}},
		{name: "slowed down", want: preflight.Warn, change: knows(ledger.AccountState{Account: "sms-a", Scale: 0.5}), summary: []string{"to 50% (5/s)"}, remedies: []string{"accounts.sms-a.rate"}},
		{name: "at full speed", want: preflight.Pass, change: knows(ledger.AccountState{Account: "sms-a", Scale: 1}), summary: []string{"sms-a is in use"}},
		{name: "no route is told elsewhere", want: preflight.Skip, change: route(nil)},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
	for name, want := range map[string]any{"not_before": now.Add(time.Minute), "scale": 0.5} {
		w := newWorld(t)
		st := ledger.AccountState{Account: "sms-a", Scale: 0.5}
		if name == "not_before" {
			st.NotBefore = now.Add(time.Minute)
		}
		knows(st)(w)
		if got := facts(w.ask("breaker")); len(got) != 1 || got["account.sms-a."+name] != want {
			t.Errorf("%s: the figures are %v", name, got)
		}
	}
}

func TestFailover(t *testing.T) {
	alone := []config.Share{{Account: "sms-a", Weight: 1}}
	askAll(t, "failover", []question{
		{name: "two share", want: preflight.Pass, change: route(append(alone, config.Share{Account: "sms-b", Weight: 1}))},
		{name: "each channel for itself", want: preflight.Warn, change: both(route(alone, "sms-b"), func(w *world) {
			w.campaign.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "{{name}}", Text: "You won."}})
		}), summary: []string{"email has edm alone"}},
		{name: "no route is told elsewhere", want: preflight.Skip, change: route(nil)},
		{
			name: "nor does it hide another channel", want: preflight.Warn, change: both(besideSMS, route(nil)), summary: []string{"email has edm alone"},
		},
		{
			name: "two channels, each with one", want: preflight.Warn, change: besideSMS,
			summary: []string{"sms has edm alone", "email has edm alone"}, remedies: []string{"routes.sms.failover", "routes.email.failover"},
		},
	})
}

func TestLastErrors(t *testing.T) {
	now := newWorld(t).now
	failed := func(ago time.Duration) func(*world) {
		return knows(ledger.AccountState{Account: "sms-a", Error: words.Raw("signature refused"), At: now.Add(-ago)})
	}
	askAll(t, "last-errors", []question{
		{name: "long ago", want: preflight.Pass, change: failed(25 * time.Hour)},
		{name: "a day ago", want: preflight.Warn, change: failed(24 * time.Hour)},
		{
			name: "an account without one hides none", want: preflight.Warn, summary: []string{"sms-b, 2026-11-20 10:00 +08:00: signature refused"},
			change: both(route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}}), knows(ledger.AccountState{Account: "sms-b", Error: words.Raw("signature refused"), At: now})),
		},
	})
}

// bare is a ledger that is a Ledger and nothing else.
type bareLedger struct{ ledger.Ledger }

func TestBackup(t *testing.T) {
	sent := func(w *world) { w.stage(); w.send(5, "sms-a", message.OutcomeAccepted) }
	copied := func(ago time.Duration) func(*world) {
		return func(w *world) {
			act := w.act(ledger.ActBackup)
			act.Reason, act.At = "/backup/notify.db", w.now.Add(-ago)
			if err := w.ledger.Audit(w.t.Context(), "", act); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	askAll(t, "backup", []question{
		{name: "an hour ago", want: preflight.Pass, change: both(sent, copied(time.Hour)), summary: []string{"2026-11-20 09:00 +08:00, to /backup/notify.db"}},
		{name: "the newest counts", want: preflight.Pass, change: both(sent, copied(time.Hour), copied(99*time.Hour))},
		{name: "a day ago", want: preflight.Pass, change: both(sent, copied(24*time.Hour))},
		{name: "long ago", want: preflight.Warn, change: both(sent, copied(25*time.Hour)), summary: []string{"1d 1h ago"}, remedies: []string{"copy it"}},
		{name: "a ledger with tools of its own", want: preflight.Skip, change: func(w *world) { w.ledger = bareLedger{w.ledger} }},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
}

func TestStagedSaysWhatChanged(t *testing.T) {
	half := func(w *world) {
		w.stage()
		w.send(40, "sms-a", message.OutcomeAccepted)
	}
	askAll(t, "staged", []question{
		{
			name: "rows added, removed and changed", want: preflight.Warn,
			change: both(half, func(w *world) {
				w.people = people(110)[:105] // 5 more
				w.people = append(w.people[:90], w.people[92:]...)
				w.people[95].Values[1] = "Winner of another name"
			}),
			summary: []string{"5 messages added", "2 people not on this list will not be told", "1 message is made from another row now", "40 of 103 messages"},
		},
		{
			name: "what has left and is another now", want: preflight.Warn,
			change: both(half, cell(1, 3, "Somebody")), summary: []string{"whoever is still to be told is told the same"},
		},
		{
			name: "a row that an earlier list left out is added again", want: preflight.Warn,
			change: both(half, func(w *world) {
				all := w.people
				w.people = all[:99]
				w.stage()
				w.people = all
			}),
			summary: []string{"1 message added"},
		},
		{
			name: "one of each", want: preflight.Warn,
			change: both(half, func(w *world) {
				w.people[0].Values[1], w.people = "Somebody", slices.Concat(w.people[:39], w.people[40:99])
			}),
			summary: []string{"1 person not on this list will not be told", "39 of 98 messages have left"},
		},
		{
			name: "on two channels a message is no person", want: preflight.Warn,
			change: both(besideSMS, func(w *world) { w.stage(); w.people = w.people[:99] }), summary: []string{"2 messages to people not on this list will not be sent", "0 of 198"},
		},
		{
			name: "one message on two channels", want: preflight.Warn, summary: []string{"1 message to people not on this list will not be sent", "0 of 199"},
			change: both(besideSMS, func(w *world) { w.stage(); w.people[99].To = w.people[99].To[:1] }),
		},
		{
			name: "rows and texts", want: preflight.Warn, summary: []string{"changed: text of sms", "10 messages added", "made from the texts as they are now"},
			change: both(half, otherWords, many(110)),
		},
		{
			name: "the staged campaign cannot be read", want: preflight.Warn, summary: []string{"changed: rows or accounts", "made from the texts as they are now"},
			change: both(half, many(110), func(w *world) { w.ledger = respelt{w.ledger} }),
		},
	})
	w := newWorld(t)
	half(w)
	cell(1, 3, "Somebody")(w)
	w.people = append(w.people[:10], w.people[12:]...)
	f := w.ask("staged")
	if len(details(f)) != 2 {
		t.Fatalf("details: %q", details(f))
	}
	says(t, "details", details(f)[0]+details(f)[1], []string{"3 that have left have another row now", "2 that have left are not on the list"})
	for _, fact := range f.Facts {
		if fact.Name == "changes" {
			c, ok := fact.Value.(preflight.Changes)
			if !ok || c.Added+c.Changed+c.Same+c.Left != 98 {
				t.Errorf("the changes do not add up to the plan's messages: %+v", fact.Value)
			}
		}
	}
}

// What differs from the staged campaign is named, each by its own word.
func TestStagedNamesWhatIsAnother(t *testing.T) {
	for _, c := range []struct {
		change func(*world)
		want   string
	}{
		{func(w *world) { w.campaign.Expect = 99 }, "(changed: expected count)"},
		{window(9*time.Hour, 20*time.Hour), "(changed: window)"},
		{func(w *world) { w.campaign.Deadline = w.now.Add(time.Hour) }, "(changed: deadline)"},
		{func(w *world) { w.campaign.Owner = "Operations Li" }, "(changed: owner)"},
		{marketing, "(changed: class)"},
		{otherWords, "(changed: text of sms)"},
		{both(otherWords, marketing), "(changed: text of sms, class)"},
		{besideSMS, "(changed: text of email)"},
	} {
		w := newWorld(t)
		w.stage()
		c.change(w)
		if f := w.ask("staged"); f.Status != preflight.Warn || !strings.Contains(summary(f), c.want) {
			t.Errorf("%s: %s, want %q", f.Status, summary(f), c.want)
		}
	}
}

// From whom a mail comes, and what it is about, is its text, too.
func TestStagedLooksAtTheWholeMail(t *testing.T) {
	for name, change := range map[string]func(*campaign.Mail){
		"from": func(m *campaign.Mail) { m.From = "b@edm.example.test" }, "subject": func(m *campaign.Mail) { m.Subject = "{{name}}!" }, "text": func(m *campaign.Mail) { m.Text = "{{name}}, hello." },
		"HTML": func(m *campaign.Mail) { m.HTML = "<p>{{name}}</p>" },
	} {
		w := newWorld(t)
		mails(nil)(w)
		w.stage()
		mails(change)(w)
		if f := w.ask("staged"); !strings.Contains(summary(f), "text of email") {
			t.Errorf("%s: %s", name, summary(f))
		}
	}
}

// Where one run of several is alive, that one is named; a ledger on which nobody gave a reason says so.
func TestWhoHoldsACampaign(t *testing.T) {
	w := newWorld(t)
	w.stage()
	l := held{w.ledger, []ledger.Run{{User: "li", Host: "ops-1", Expires: w.now}, {User: "wang", Host: "ops-2", Expires: w.now.Add(time.Minute)}}}
	w.ledger = l
	answers(t, w.ask("run"), preflight.Fail, []string{"started by wang on ops-2", "0% done"}, nil)
	w.now = w.now.Add(time.Hour)
	answers(t, w.ask("run"), preflight.Pass, []string{"the run that li started on ops-1", "ended without a word"}, nil)
	w = newWorld(t)
	w.stage()
	act := w.act("pause")
	act.Reason = ""
	if err := w.ledger.Pause(t.Context(), "award", act); err != nil {
		t.Fatal(err)
	}
	answers(t, w.ask("stopped"), preflight.Warn, []string{"paused by wang@ops-1", "no reason was given"}, nil)
}

// respelt is a ledger of which nobody understands how it wrote a campaign down.
type respelt struct{ ledger.Ledger }

func (r respelt) Campaign(ctx context.Context, name string) (ledger.Campaign, error) {
	c, err := r.Ledger.Campaign(ctx, name)
	c.Spec = []byte("?")
	return c, err
}

// held is a ledger on which these runs hold the campaign.
type held struct {
	ledger.Ledger
	runs []ledger.Run
}

func (h held) Campaign(ctx context.Context, name string) (ledger.Campaign, error) {
	c, err := h.Ledger.Campaign(ctx, name)
	c.Holders = h.runs
	return c, err
}

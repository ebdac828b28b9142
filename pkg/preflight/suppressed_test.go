package preflight_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/suppression"
	"notify/pkg/vendors"
)

// suppress puts addresses on the suppression list for a reason.
func suppress(reason suppression.Reason, addresses ...message.Address) func(*world) {
	return func(w *world) {
		w.t.Helper()
		_, err := w.ledger.Suppress(w.t.Context(), func(yield func(ledger.Suppression, error) bool) {
			for _, a := range addresses {
				ch := message.SMS
				if a.Domain() != "" {
					ch = message.Email
				}
				note := "by phone"
				if reason == suppression.HardBounce {
					note = ""
				}
				if !yield(ledger.Suppression{Address: a, Channel: ch, Reason: string(reason), Note: note, Who: "li@ops-1", At: w.now}, nil) {
					return
				}
			}
		}, w.act("suppress"))
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// listless is a ledger whose suppression list cannot be read.
type listless struct{ ledger.Ledger }

func (listless) Suppressed(_ context.Context, asked iter.Seq[ledger.Asked]) iter.Seq2[ledger.Found, error] {
	return func(yield func(ledger.Found, error) bool) {
		for range asked {
			yield(ledger.Found{}, errDisk)
			return
		}
	}
}

// keeper is a vendor that keeps a list of its own.
type keeper struct {
	mute
	listed []message.Address
	err    error
}

func (k keeper) Suppressed(context.Context, time.Time) iter.Seq2[vendors.Suppressed, error] {
	return func(yield func(vendors.Suppressed, error) bool) {
		for _, a := range k.listed {
			if !yield(vendors.Suppressed{Address: a}, nil) {
				return
			}
		}
		if k.err != nil {
			yield(vendors.Suppressed{}, k.err)
		}
	}
}

func (k keeper) SuppressedAt(context.Context, message.Address) (*vendors.Suppressed, error) {
	return nil, k.err
}

// closer takes the plan's rows away when it is asked.
type closer struct {
	keeper
	plan *plan.Plan
}

func (c closer) Suppressed(ctx context.Context, since time.Time) iter.Seq2[vendors.Suppressed, error] {
	_ = c.plan.Close()
	return c.keeper.Suppressed(ctx, since)
}

// What a vendor delivers nothing to is told beside what stands on our own list, and once.
func TestSuppressedByAVendor(t *testing.T) {
	keeps := func(account string, addresses ...message.Address) func(*world) {
		return func(w *world) { w.vendors[account] = keeper{listed: addresses} }
	}
	const third, fourth, other = "+8610000000003", "+8610000000041", "+8610000000100"
	two := keeps("sms-a", third, fourth, other)
	shared := route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}})
	askAll(t, "suppressed", []question{
		{name: "its list is empty", want: preflight.Pass, change: keeps("sms-a")},
		{name: "nobody on this list", want: preflight.Pass, change: keeps("sms-a", other)},
		{
			name: "two of this list", want: preflight.Warn, change: two,
			summary: []string{"sms-a: 2 messages to addresses on the vendor's own list (rows 5, 43)"}, remedies: []string{"notify suppress pull --account sms-a"},
		},
		{
			name: "one of them is on ours", want: preflight.Fail, change: both(two, suppress(suppression.OptOut, third)),
			summary: []string{"1 of 100 messages", "sms-a: 1 message", "(row 43)"}, remedies: []string{"take row 5 off the list", "suppress pull"},
		},
		{name: "all of them are on ours", want: preflight.Fail, change: both(two, suppress(suppression.OptOut, third, fourth)), summary: []string{"2 of 100 messages"}},
		{
			name: "who has been told already is told no more", want: preflight.Pass,
			change: both(func(w *world) { w.stage(); w.send(10, "sms-a", message.OutcomeAccepted) }, keeps("sms-a", third)),
		},
		{
			name: "it cannot be asked", want: preflight.Warn, change: func(w *world) { w.vendors["sms-a"] = keeper{listed: []message.Address{third}, err: errDown} },
			summary: []string{"what stands on the vendor's own list is not known: the vendor is down"},
		},
		{
			name: "the vendor before it cannot be asked", want: preflight.Warn, summary: []string{"sms-a: what stands on", "sms-b: 1 message"},
			change: both(shared, keeps("sms-b", third), func(w *world) { w.vendors["sms-a"] = keeper{err: errDown} }),
		},
		{
			name: "rows that cannot be read any more", want: preflight.Warn, summary: []string{"sms-a: what stands on the vendor's own list is not known: ", "the plan's temporary file"},
			change: func(w *world) {
				w.subject = func(s *preflight.Subject) {
					s.Vendors["sms-a"] = closer{keeper{listed: []message.Address{third}}, s.Plan}
				}
			},
		},
		{
			name: "the vendor before it keeps none", want: preflight.Warn, change: both(shared, keeps("sms-b", third)),
			summary: []string{"sms-b: 1 message"},
		},
		{
			name: "the account before it was not opened", want: preflight.Warn, change: both(shared, keeps("sms-b", third), func(w *world) { delete(w.vendors, "sms-a") }),
			summary: []string{"sms-b: 1 message"},
		},
		{name: "both keep one", want: preflight.Warn, change: both(shared, two, keeps("sms-b", fourth)), summary: []string{"sms-a: 2 messages", "sms-b: 1 message"}},
		{name: "offline it is not asked", want: preflight.Pass, change: both(two, func(w *world) { w.subject = func(s *preflight.Subject) { s.Offline = true } })},
	})
}

func TestSuppressed(t *testing.T) {
	two := func(w *world) {
		suppress(suppression.OptOut, "+8610000000003", "+8610000000041")(w)
		suppress(suppression.HardBounce, "+8610000000017")(w)
	}
	askAll(t, "suppressed", []question{
		{name: "nobody ever said no", want: preflight.Pass, summary: []string{"none of 100 messages"}},
		{name: "nobody on this list", want: preflight.Pass, change: suppress(suppression.OptOut, "+8610000000100", "p3@example.test"), summary: []string{"none of 100 messages"}},
		{
			name: "opt-outs and a bounce", want: preflight.Fail, change: two,
			summary:  []string{"3 of 100 messages", "2 opt-out, 1 hard bounce"},
			remedies: []string{"take rows 5, 19, 43 off the list", "notify suppress list --in award.xlsx", "notify suppress remove ADDRESS --reason"},
		},
		{
			name: "more than are shown", want: preflight.Fail, summary: []string{"7 of 100 messages"},
			change: suppress(suppression.Complaint, "+8610000000003", "+8610000000004", "+8610000000005", "+8610000000006", "+8610000000007", "+8610000000008", "+8610000000009"),
		},
		{
			name: "taken off again", want: preflight.Pass, change: both(two, func(w *world) {
				if err := w.ledger.Unsuppress(w.t.Context(), []message.Address{"+8610000000003", "+8610000000041", "+8610000000017"}, w.act("unsuppress")); err != nil {
					w.t.Fatal(err)
				}
			}),
		},
		{
			name: "a row by both its addresses", want: preflight.Fail,
			change: func(w *world) {
				w.campaign.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "{{name}}", Text: "You won."}})
				suppress(suppression.Complaint, "+8610000000003", "P3@example.test")(w)
			},
			summary: []string{"2 of 200 messages", "2 complaint"}, remedies: []string{"take row 5 off the list"},
		},
		{
			name: "who has been told already is told no more", want: preflight.Pass,
			change: func(w *world) {
				w.stage()
				w.send(10, "sms-a", message.OutcomeAccepted)
				suppress(suppression.OptOut, "+8610000000003")(w)
			},
			summary: []string{"none of 90 messages"},
		},
		{name: "a list that cannot be read", want: preflight.Error, change: func(w *world) { w.ledger = listless{w.ledger} }, summary: []string{errDisk.Error()}},
		{name: "a ledger that breaks", want: preflight.Error, change: func(w *world) { w.ledger = brokenLedger{w.ledger} }},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
	w := newWorld(t)
	two(w)
	f := w.ask("suppressed")
	want := "row 5: +86100****0003, opt-out since 2026-11-20 10:00 +08:00 (li@ops-1): by phone"
	if len(details(f)) != 3 || details(f)[0] != want {
		t.Errorf("details: %q", details(f))
	}
	if strings.Contains(strings.Join(details(f), ""), "+8610000000003") {
		t.Errorf("an address is not masked: %q", details(f))
	}
}

// Nobody takes it upon himself to write to somebody who said no, whatever the campaign.
func TestSuppressedIsNeverOverridden(t *testing.T) {
	if slices.Contains(preflight.Overridable(), "suppressed") {
		t.Error("it is offered")
	}
	for _, class := range []string{config.Notice, config.Marketing} {
		for _, reason := range suppression.Reasons() {
			w := newWorld(t)
			w.campaign.Class = class
			suppress(reason, "+8610000000003")(w)
			r := preflight.Run(t.Context(), w.make(), preflight.All())
			if _, err := r.Override("suppressed", preflight.Override{Who: "wang", Reason: "must go"}); err == nil || r.Verdict != preflight.Fail {
				t.Errorf("%s, %s: it was overridden, %v", class, reason, r.Verdict)
			}
		}
	}
}

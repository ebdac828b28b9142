package preflight_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/suppression"
)

// unread is a ledger of which one thing cannot be read.
type unread struct {
	ledger.Ledger
	what string
}

func (u unread) err(what string) error {
	if u.what == what {
		return errDisk
	}
	return nil
}

func (u unread) Info(ctx context.Context) (ledger.Info, error) {
	info, err := u.Ledger.Info(ctx)
	if u.what == "info" {
		err = errDisk
	}
	return info, err
}

func (u unread) Campaign(ctx context.Context, name string) (ledger.Campaign, error) {
	if err := u.err("campaign"); err != nil {
		return ledger.Campaign{}, err
	}
	return u.Ledger.Campaign(ctx, name)
}

func (u unread) AuditLog(ctx context.Context, name string) ([]ledger.AuditEntry, error) {
	if err := u.err("audit"); err != nil {
		return nil, err
	}
	return u.Ledger.AuditLog(ctx, name)
}

func (u unread) Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error] {
	what := "messages"
	if slices.Equal(states, []message.State{message.Pending}) {
		what = "pending"
	}
	if err := u.err(what); err != nil {
		return func(yield func(ledger.Record, error) bool) { yield(ledger.Record{}, err) }
	}
	return u.Ledger.Messages(ctx, campaign, states...)
}

func (u unread) Recent(ctx context.Context, except string, since time.Time, pairs iter.Seq[ledger.Sent]) iter.Seq2[ledger.Sent, error] {
	if err := u.err("recent"); err != nil {
		return func(yield func(ledger.Sent, error) bool) { yield(ledger.Sent{}, err) }
	}
	return u.Ledger.Recent(ctx, except, since, pairs)
}

func (u unread) Told(ctx context.Context, w ledger.Telling, asked iter.Seq[ledger.Told]) iter.Seq2[ledger.Told, error] {
	if err := u.err("told"); err != nil {
		return func(yield func(ledger.Told, error) bool) { yield(ledger.Told{}, err) }
	}
	return u.Ledger.Told(ctx, w, asked)
}

// sluggish is a ledger that takes so long that the plan's rows cannot be read any more when it asks for them.
type sluggish struct {
	ledger.Ledger
	plan *plan.Plan
}

func (c sluggish) Recent(ctx context.Context, except string, since time.Time, pairs iter.Seq[ledger.Sent]) iter.Seq2[ledger.Sent, error] {
	_ = c.plan.Close()
	return c.Ledger.Recent(ctx, except, since, pairs)
}

func (c sluggish) Told(ctx context.Context, w ledger.Telling, asked iter.Seq[ledger.Told]) iter.Seq2[ledger.Told, error] {
	_ = c.plan.Close()
	return c.Ledger.Told(ctx, w, asked)
}

// Whatever of the ledger a check cannot read, it says so, and does not judge without.
func TestWhatCannotBeReadOfTheLedgerIsSaid(t *testing.T) {
	t.Parallel()
	for id, parts := range map[string][]string{
		"backup": {"audit"}, "disk": {"info", "campaign"}, "flush": {"info", "campaign"}, "ledger": {"info"}, "suppressed": {"campaign"}, "run": {"campaign"}, "stopped": {"campaign"}, "staged": {"campaign", "messages"},
		"dedupe": {"campaign", "recent"}, "frequency": {"campaign", "told"}, "told-lately": {"campaign", "told"},
	} {
		for _, part := range parts {
			w := newWorld(t)
			both(within72h, lately, often, sentSome)(w)
			if id == "backup" {
				w.ledger = unreadLog{unread{w.ledger, part}, w.ledger.(ledger.Backuper)}
			} else {
				w.ledger = unread{w.ledger, part}
			}
			if f := w.ask(id); f.Status != preflight.Error || !strings.Contains(summary(f), diskError) {
				t.Errorf("%s without %s: %s: %s", id, part, f.Status, summary(f))
			}
		}
	}
	for _, id := range []string{"dedupe", "frequency", "told-lately", "suppressed"} {
		w := newWorld(t)
		both(within72h, lately, often, toldBefore(30, time.Hour), suppress(suppression.OptOut, "+8610000000100"))(w)
		w.subject = func(s *preflight.Subject) { s.Ledger = sluggish{s.Ledger, s.Plan} }
		if f := w.ask(id); f.Status != preflight.Error || !strings.Contains(summary(f), "the plan's temporary file") {
			t.Errorf("%s without rows: %s: %s", id, f.Status, summary(f))
		}
	}
}

// Who is missing is not known where the ledger or the list cannot be read a second time, and that is said.
func TestWhoIsMissingIsSaidToBeUnknown(t *testing.T) {
	t.Parallel()
	for want, of := range map[string]func(*preflight.Subject) ledger.Ledger{
		diskError:                   func(s *preflight.Subject) ledger.Ledger { return unread{s.Ledger, "pending"} },
		"the plan's temporary file": func(s *preflight.Subject) ledger.Ledger { return sluggish{s.Ledger, s.Plan} },
	} {
		w := newWorld(t)
		both((*world).stage, many(99))(w)
		w.subject = func(s *preflight.Subject) { s.Ledger = of(s) }
		if p := preflight.Run(t.Context(), w.make(), nil).Plan; !strings.Contains(p.Unknown.String(), want) || p.Missing.People != 0 {
			t.Errorf("%q of %d, want %q", p.Unknown, p.Missing.People, want)
		}
	}
}

func (c sluggish) Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error] {
	if slices.Equal(states, []message.State{message.Pending}) {
		_ = c.plan.Close()
	}
	return c.Ledger.Messages(ctx, campaign, states...)
}

func (c sluggish) Suppressed(ctx context.Context, asked iter.Seq[ledger.Asked]) iter.Seq2[ledger.Found, error] {
	_ = c.plan.Close()
	return c.Ledger.Suppressed(ctx, asked)
}

// unreadLog can be copied.
type unreadLog struct {
	unread
	ledger.Backuper
}

// telling is a ledger by which this was sent to the people of the list.
type telling struct {
	ledger.Ledger
	told []ledger.Told
}

func (l telling) Told(_ context.Context, _ ledger.Telling, asked iter.Seq[ledger.Told]) iter.Seq2[ledger.Told, error] {
	return func(yield func(ledger.Told, error) bool) {
		for range asked { // all of them, before the first answer
		}
		for _, t := range l.told {
			if !yield(t, nil) {
				return
			}
		}
	}
}

func TestFrequency(t *testing.T) {
	times := func(n int, ch message.Channel, rows int, ago time.Duration) func(*world) {
		return func(w *world) {
			l, ok := w.ledger.(telling)
			if !ok {
				l = telling{Ledger: w.ledger}
			}
			for range n {
				for row := range rows {
					l.told = append(l.told, ledger.Told{Channel: ch, Row: row + 2, Campaign: "spring", At: w.now.Add(-ago)})
				}
			}
			w.ledger = l
		}
	}
	onlySMS := func(w *world) { often(w); delete(w.config.Frequency[w.campaign.Class], message.Email) }
	askAll(t, "frequency", []question{
		{name: "no limit", want: preflight.Skip, summary: []string{"no frequency is set"}},
		{name: "below the limit", want: preflight.Pass, change: both(besideSMS, often, times(1, message.Email, 3, time.Hour))},
		{name: "at the limit", want: preflight.Warn, change: both(besideSMS, often, times(2, message.Email, 3, time.Hour)), summary: []string{"3 of 100 recipients", "SMS 1/day, e-mail 2/week"}},
		{name: "above it", want: preflight.Warn, change: both(besideSMS, often, times(3, message.Email, 3, time.Hour)), summary: []string{"3 of 100 recipients"}},
		{name: "by a channel that has none", want: preflight.Pass, change: both(besideSMS, onlySMS, times(9, message.Email, 3, time.Hour))},
		{name: "what is long ago for the one channel, and not for the other", want: preflight.Pass, change: both(besideSMS, often, times(1, message.SMS, 3, 50*time.Hour))},
		{name: "the other", want: preflight.Warn, change: both(besideSMS, often, times(2, message.Email, 3, 50*time.Hour)), summary: []string{"3 of 100 recipients"}},
	})
	for name, c := range map[string]struct {
		change func(*world)
		lines  int
		last   string
	}{
		"five":                                  {both(often, times(1, message.SMS, 5, time.Hour)), 5, "row 6: "},
		"six":                                   {both(often, times(1, message.SMS, 6, time.Hour)), 6, "and 1 more"},
		"six on one channel and two on another": {both(besideSMS, often, times(2, message.Email, 2, time.Hour), times(1, message.SMS, 6, time.Hour)), 6, "and 3 more"},
	} {
		w := newWorld(t)
		c.change(w)
		f := w.ask("frequency")
		if d := details(f); len(d) != c.lines || !strings.HasPrefix(d[len(d)-1], c.last) {
			t.Errorf("%s: %s: %q, want %q at last", name, summary(f), d, c.last)
		}
	}
	// How many he got is all of them, and the last is the latest, whichever campaign was staged first.
	row3 := newWorld(t)
	both(often, times(2, message.SMS, 1, time.Hour), func(w *world) {
		l := w.ledger.(telling)
		l.told = append(l.told, ledger.Told{Channel: message.SMS, Row: 2, Campaign: "autumn", At: w.now.Add(-3 * time.Hour)})
		w.ledger = l
	})(row3)
	last := row3.now.Add(-time.Hour).Format("15:04")
	if d := details(row3.ask("frequency")); len(d) != 1 || !strings.Contains(d[0], "3 messages by SMS") || !strings.Contains(d[0], "the last by spring at") || !strings.Contains(d[0], last) {
		t.Errorf("%q, want the last at %s", d, last)
	}
	// How far back the ledger is asked is what the longest limit says.
	w := newWorld(t)
	both(besideSMS, often)(w)
	l := &asking{Ledger: w.ledger}
	w.ledger = l
	w.ask("frequency")
	if want := time.Date(2026, 11, 14, 0, 0, 0, 0, w.now.Location()); !l.telling.Since.Equal(want) {
		t.Errorf("the ledger is asked since %s, want %s", l.telling.Since, want)
	}
}

// asking notes what it is asked.
type asking struct {
	ledger.Ledger
	telling ledger.Telling
	rows    []int
}

func (a *asking) Told(ctx context.Context, w ledger.Telling, asked iter.Seq[ledger.Told]) iter.Seq2[ledger.Told, error] {
	a.telling = w
	return a.Ledger.Told(ctx, w, func(yield func(ledger.Told) bool) {
		for t := range asked {
			a.rows = append(a.rows, t.Row)
			if !yield(t) {
				return
			}
		}
	})
}

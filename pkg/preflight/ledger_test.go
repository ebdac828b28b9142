package preflight_test

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/words"
)

// told is a ledger that says other things of itself.
type told struct {
	ledger.Ledger
	change   func(*ledger.Info)
	bytes    int64 // 0: as many as it has
	err      error
	problems []words.Text
	unread   error // it cannot be verified
}

func (l told) Info(ctx context.Context) (ledger.Info, error) {
	info, err := l.Ledger.Info(ctx)
	if l.change != nil {
		l.change(&info)
	}
	return info, errors.Join(err, l.err)
}

func (l told) Size(ctx context.Context) (int64, error) {
	size, err := l.Ledger.Size(ctx)
	return cmp.Or(l.bytes, size), err
}

func (l told) Verify(context.Context) ([]words.Text, error) { return l.problems, l.unread }
func (l told) Glance(context.Context) ([]words.Text, error) { return l.problems, nil }

func tells(l told) func(*world) {
	return func(w *world) {
		l.Ledger = w.ledger
		w.ledger = l
	}
}

func unopened(err error) func(*world) {
	return func(w *world) { w.subject = func(s *preflight.Subject) { s.Ledger, s.LedgerErr = nil, err } }
}

func TestLedger(t *testing.T) {
	askAll(t, "ledger", []question{
		{name: "good", want: preflight.Pass, summary: []string{"notify.db", "survive power loss", "agrees with itself"}},
		{name: "locked", want: preflight.Fail, change: unopened(ledger.ErrBusy), summary: []string{"another program holds"}, remedies: []string{"close it"}},
		{name: "damaged", want: preflight.Fail, change: unopened(ledger.ErrDamaged), remedies: []string{"do not send", "backup"}},
		{name: "on a network", want: preflight.Fail, change: unopened(ledger.ErrUnsafeFS), remedies: []string{"local disk"}},
		{name: "none at all", want: preflight.Fail, change: unopened(nil), summary: []string{"there is no ledger"}, remedies: []string{"path"}},
		{
			name: "contradicts itself", want: preflight.Fail, change: tells(told{problems: []words.Text{words.Raw("2 attempts of one message are accepted")}}),
			summary: []string{"1 contradiction"}, remedies: []string{"notify ledger check"},
		},
		{
			name: "the clocks differ by two seconds", want: preflight.Pass, change: info(func(i *ledger.Info) { i.Skew = -2 * time.Second }),
		},
		{ // what is told as 2s is no more than 2s
			name: "the clocks differ by two seconds and a little", want: preflight.Pass, change: info(func(i *ledger.Info) { i.Skew = 2040 * time.Millisecond }),
		},
		{
			name: "the clocks differ by more than that", want: preflight.Fail, change: info(func(i *ledger.Info) { i.Skew = 2060 * time.Millisecond }),
			summary: []string{"differs by 2.1s", "at most 2s"},
		},
		{
			name: "the clocks differ by more", want: preflight.Fail, change: info(func(i *ledger.Info) { i.Skew = -3 * time.Second }),
			summary: []string{"differs by 3s"}, remedies: []string{"of this machine or that of the ledger's server"},
		},
		{
			name: "a server that may lose what it took", want: preflight.Fail, change: info(func(i *ledger.Info) { i.Unsafe = []string{"fsync = off", "full_page_writes = off"} }),
			summary: []string{"may be lost: fsync = off, full_page_writes = off"}, remedies: []string{"on"},
		},
		{
			name: "one setting of it", want: preflight.Fail, change: info(func(i *ledger.Info) { i.Unsafe = []string{"fsync = off"} }), summary: []string{"may be lost: fsync = off"},
		},
		{
			name: "it cannot be verified", want: preflight.Error, change: tells(told{unread: errDisk}), summary: []string{diskError}, remedies: []string{"look"},
		},
		{name: "64 MiB are verified", want: preflight.Pass, change: tells(told{bytes: 64 << 20}), summary: []string{"agrees with itself"}},
		{name: "a byte more is not", want: preflight.Pass, change: tells(told{bytes: 64<<20 + 1}), summary: []string{"not verified whole"}},
		{
			name: "it takes too long to verify", want: preflight.Pass, change: tells(told{unread: context.DeadlineExceeded}), summary: []string{"not verified whole (`notify ledger check` does)"},
		},
		{
			name: "too large to verify here", want: preflight.Pass, change: tells(told{bytes: 1 << 40}),
			summary: []string{"not verified whole (`notify ledger check` does)"},
		},
		{
			name: "in a folder that is copied to other machines", want: preflight.Warn, change: tells(told{change: func(i *ledger.Info) { i.Synced = "OneDrive" }}),
			summary: []string{"OneDrive copies to other machines"}, remedies: []string{"notify ledger backup"},
		},
		{
			name: "everybody may write to it", want: preflight.Warn, change: tells(told{change: func(i *ledger.Info) { i.Exposed = "/srv/award" }}),
			summary: []string{"everybody on this machine may write to /srv/award"}, remedies: []string{"chmod o-w /srv/award"},
		},
	})
}

// Machines are told whether a ledger was verified whole, and people see the first of its contradictions.
func TestHowMuchOfALedgerWasVerified(t *testing.T) {
	for name, c := range map[string]struct {
		told told
		want any
	}{
		"whole": {told{}, true}, "too long": {told{unread: context.DeadlineExceeded}, false},
		"too large": {told{bytes: 1 << 40}, false}, "contradictions": {told{problems: make([]words.Text, 7)}, nil},
	} {
		w := newWorld(t)
		tells(c.told)(w)
		f := w.ask("ledger")
		if got := facts(f)["verified"]; got != c.want {
			t.Errorf("%s: verified: %v, want %v", name, got, c.want)
		}
		if n := len(c.told.problems); n > 0 && (len(details(f)) != 6 || details(f)[5] != "and 2 more") {
			t.Errorf("%s: %q", name, details(f))
		}
	}
}

func TestDisk(t *testing.T) {
	free := func(n int64) func(*world) { return tells(told{change: func(i *ledger.Info) { i.Free = n }}) }
	askAll(t, "disk", []question{
		{name: "not known", want: preflight.Warn, change: free(-1), summary: []string{"cannot be read"}, remedies: []string{"yourself"}},
		{name: "nothing at all", want: preflight.Fail, change: free(0), summary: []string{"0 B free"}, remedies: []string{"free at least 64 MiB"}},
		{
			name: "a ledger elsewhere", want: preflight.Skip,
			change: info(func(i *ledger.Info) { i.Driver = "postgres" }), summary: []string{"postgres"},
		},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
}

// The estimate of what a message takes must hold against the real ledger: staged, attempted, and settled.
func TestDiskEstimateHoldsAgainstARealLedger(t *testing.T) {
	w := newWorld(t)
	const n = 5000
	w.people = people(n)
	before, err := w.ledger.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var need any
	for _, fact := range w.ask("disk").Facts {
		if fact.Name == "need" {
			need = fact.Value
		}
	}
	w.stage()
	w.send(n, "sms-a", message.OutcomeAccepted)
	after, err := w.ledger.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	took := after - before
	estimate := need.(int64) - 64<<20
	t.Logf("%d bytes a message, estimated %d", took/n, estimate/n)
	if took > estimate || took < estimate/8 {
		t.Errorf("the ledger took %d bytes, the estimate is %d", took, estimate)
	}
}

func TestFlush(t *testing.T) {
	askAll(t, "flush", []question{
		{
			name: "a very slow disk is not measured for long", want: preflight.Warn, change: both(clockStep(time.Second), perSecond(100)),
			summary: []string{"1000.00 ms"},
		},
		{name: "no rate", want: preflight.Pass, change: both(clockStep(time.Millisecond), perSecond(0)), summary: []string{"no account has a rate"}},
		{name: "just fast enough", want: preflight.Pass, change: both(clockStep(time.Millisecond), perSecond(4000)), summary: []string{"with 16 in flight at most 4000/s, wanted 4000/s"}},
		{
			name: "one at a time, and four ahead", want: preflight.Pass, summary: []string{"with 5 in flight at most 1250/s"},
			change: both(clockStep(time.Millisecond), smsA(func(a *config.Account) { a.Concurrency, a.Ahead = 0, 4 })),
		},
		{name: "a clock that stands still measures nothing", want: preflight.NotLooked, summary: []string{"not measured"}},
		{
			name: "a ledger elsewhere", want: preflight.Skip,
			change: tells(told{change: func(i *ledger.Info) { i.Driver = "postgres" }}), summary: []string{"postgres"},
		},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
}

// Nothing is left behind; where a file can be removed while it is open, not by a kill either.
func TestFlushLeavesNothingBehind(t *testing.T) {
	w := newWorld(t)
	there := func() {
		files, err := filepath.Glob(filepath.Join(w.dir, "notify-flush-*"))
		if err != nil || len(files) != 0 {
			t.Errorf("left behind: %v, %v", files, err)
		}
	}
	var looks atomic.Int64
	w.subject = func(s *preflight.Subject) {
		s.Limit = time.Hour
		s.Now = func() time.Time {
			if n := looks.Add(1); n > 1 && runtime.GOOS != "windows" {
				there()
			}
			return w.now
		}
	}
	w.ask("flush")
	there()
	if looks.Load() < 2 {
		t.Error("nobody looked while it was measured")
	}
}

func TestStopped(t *testing.T) {
	askAll(t, "stopped", []question{
		{name: "staged", want: preflight.Pass, change: func(w *world) { w.stage() }, summary: []string{"neither"}},
		{
			name: "paused", want: preflight.Warn,
			change: func(w *world) {
				w.stage()
				if err := w.ledger.Pause(w.t.Context(), "award", w.act("pause")); err != nil {
					w.t.Fatal(err)
				}
			},
			summary: []string{"paused by wang@ops-1, 2026-11-20 10:00 +08:00: asked for"}, remedies: []string{"notify resume award"},
		},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
}

func TestRun(t *testing.T) {
	running := func(w *world) {
		w.stage()
		w.acquire()
	}
	alive := func(yes bool) func(*world) {
		return func(w *world) {
			w.subject = func(s *preflight.Subject) { s.Alive = func(ledger.Run) bool { return yes } }
		}
	}
	askAll(t, "run", []question{
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
		{
			name: "a third is done", want: preflight.Fail, summary: []string{"33.3% done"},
			change: func(w *world) {
				many(3)(w)
				w.stage()
				w.send(1, "sms-a", message.OutcomeAccepted)
				w.acquire()
			},
		},
		{name: "ended", want: preflight.Pass, change: func(w *world) { w.stage(); w.send(1, "sms-a", message.OutcomeAccepted) }},
		{
			name: "alive", want: preflight.Fail, change: running,
			summary: []string{"started by wang on", "2026-11-20 10:00 +08:00, 0% done; last sign of life"}, remedies: []string{"notify status award --watch", "notify pause award"},
		},
		{name: "alive, and its process too", want: preflight.Fail, change: both(running, alive(true))},
		{name: "killed", want: preflight.Pass, change: both(running, alive(false)), summary: []string{"ended without a word"}},
		{
			name: "its lease has run out", want: preflight.Pass,
			change: both(running, func(w *world) { w.now = w.now.Add(2 * time.Minute) }), summary: []string{"ended without a word"},
		},
	})
}

func TestStaged(t *testing.T) {
	half := func(w *world) {
		w.stage()
		w.send(40, "sms-a", message.OutcomeAccepted)
	}
	askAll(t, "staged", []question{
		{name: "the same plan", want: preflight.Pass, change: half, summary: []string{"the same plan", "40 of 100 messages have left", "60 to send"}},
		{
			name: "another text", want: preflight.Warn,
			change: both(half, func(w *world) {
				w.campaign.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: "{{name}}, you have won."}})
			}),
			summary: []string{"changed: text of sms", "what is still to be sent is made from the texts as they are now", "40 of 100"}, remedies: []string{"keeps its old text"},
		},
		{
			name: "more rows", want: preflight.Warn, change: both(half, func(w *world) { w.people = people(110) }),
			summary: []string{"changed: rows or accounts", "40 of 110 messages have left", "70 to send"},
		},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
}

// repeating is a ledger by which this was sent before.
type repeating struct {
	ledger.Ledger
	sent []ledger.Sent
}

func (r repeating) Recent(context.Context, string, time.Time, iter.Seq[ledger.Sent]) iter.Seq2[ledger.Sent, error] {
	return func(yield func(ledger.Sent, error) bool) {
		for _, s := range r.sent {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// glancing is a ledger that has its answer after the first that it is asked for.
type glancing struct{ ledger.Ledger }

func (glancing) Recent(_ context.Context, _ string, _ time.Time, asked iter.Seq[ledger.Sent]) iter.Seq2[ledger.Sent, error] {
	return func(func(ledger.Sent, error) bool) {
		for range asked {
			break
		}
	}
}

func TestDedupe(t *testing.T) {
	within := func(d time.Duration) func(*world) { return func(w *world) { w.campaign.DedupeWindow = d } }
	askAll(t, "dedupe", []question{
		{name: "not asked for", want: preflight.Skip},
		{
			name: "by more campaigns than are named", want: preflight.Fail, summary: []string{"in a, b, c and 1 more"}, remedies: []string{"notify resume a"},
			change: both(within72h, func(w *world) {
				w.ledger = repeating{w.ledger, []ledger.Sent{{Campaign: "d"}, {Campaign: "b"}, {Campaign: "a"}, {Campaign: "c"}, {Campaign: "a"}}}
			}),
		},
		{name: "told long ago", want: preflight.Pass, change: both(within(time.Hour), toldBefore(30, 2*time.Hour))},
		{
			name: "who has left already is not told again", want: preflight.Fail, summary: []string{"28 "},
			change: both(within72h, toldBefore(30, time.Hour), func(w *world) { w.stage(); w.send(2, "sms-a", message.OutcomeAccepted) }),
		},
		{name: "a ledger that looks at one of them", want: preflight.Pass, change: both(within72h, func(w *world) { w.ledger = glancing{w.ledger} })},
		{
			name: "another text", want: preflight.Pass,
			change: both(within72h, toldBefore(30, time.Hour), func(w *world) {
				w.campaign.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: "{{name}}, come and see."}})
			}),
		},
	})
	w := newWorld(t)
	both(within72h, toldBefore(30, time.Hour))(w)
	if f := w.ask("dedupe"); len(details(f)) != 6 || details(f)[5] != "and 25 more" || strings.Contains(details(f)[0], "+8610000000000") {
		t.Errorf("details: %q", details(f))
	}
}

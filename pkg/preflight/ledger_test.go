package preflight_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

// told is a ledger that says other things of itself.
type told struct {
	ledger.Ledger
	change   func(*ledger.Info)
	err      error
	problems []string
}

func (l told) Info(ctx context.Context) (ledger.Info, error) {
	info, err := l.Ledger.Info(ctx)
	if l.change != nil {
		l.change(&info)
	}
	return info, errors.Join(err, l.err)
}

func (l told) Verify(context.Context) ([]string, error) { return l.problems, nil }

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
		{name: "locked", want: preflight.Fail, change: unopened(ledger.ErrBusy), summary: []string{"locked"}, remedies: []string{"close it"}},
		{name: "damaged", want: preflight.Fail, change: unopened(ledger.ErrDamaged), remedies: []string{"do not send", "backup"}},
		{name: "on a network", want: preflight.Fail, change: unopened(ledger.ErrUnsafeFS), remedies: []string{"local disk"}},
		{name: "none at all", want: preflight.Fail, change: unopened(nil), summary: []string{"there is no ledger"}, remedies: []string{"path"}},
		{
			name: "not durable", want: preflight.Fail, change: tells(told{change: func(i *ledger.Info) { i.Durable = false }}),
			summary: []string{"no, they do not"}, remedies: []string{"local disk"},
		},
		{name: "cannot describe itself", want: preflight.Error, change: tells(told{err: errDisk}), summary: []string{"disk I/O error"}},
		{
			name: "contradicts itself", want: preflight.Fail, change: tells(told{problems: []string{"2 attempts of one message are accepted"}}),
			summary: []string{"1 contradiction"}, remedies: []string{"notify ledger check"},
		},
		{
			name: "too large to verify here", want: preflight.Pass, change: tells(told{change: func(i *ledger.Info) { i.Bytes = 1 << 40 }}),
			summary: []string{"not verified whole (notify ledger check does)"},
		},
	})
}

func TestDisk(t *testing.T) {
	free := func(n int64) func(*world) { return tells(told{change: func(i *ledger.Info) { i.Free = n }}) }
	askAll(t, "disk", []question{
		{name: "room enough", want: preflight.Pass, change: free(1 << 30), summary: []string{"1.0 GiB free, needs 64 MiB for 100 messages"}},
		{name: "full", want: preflight.Fail, change: free(1 << 20), remedies: []string{"free at least 63 MiB on the disk of", "notify.db"}},
		{name: "not known", want: preflight.Warn, change: free(-1), summary: []string{"cannot be read"}, remedies: []string{"yourself"}},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
		{name: "a ledger that breaks", want: preflight.Error, change: tells(told{err: errDisk})},
	})
}

// The estimate of what a message takes must hold against the real ledger: staged, attempted, and settled.
func TestDiskEstimateHoldsAgainstARealLedger(t *testing.T) {
	w := newWorld(t)
	const n = 5000
	w.people = people(n)
	before, err := w.ledger.Info(t.Context())
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
	after, err := w.ledger.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	took := after.Bytes - before.Bytes
	estimate := need.(int64) - 64<<20
	t.Logf("%d bytes a message, estimated %d", took/n, estimate/n)
	if took > estimate || took < estimate/8 {
		t.Errorf("the ledger took %d bytes, the estimate is %d", took, estimate)
	}
}

func TestFlush(t *testing.T) {
	// A clock that steps at every look makes a disk of a known speed: the measurement looks once a flush.
	clock := func(step time.Duration) func(*world) {
		return func(w *world) {
			now, mu := w.now, sync.Mutex{}
			w.subject = func(s *preflight.Subject) {
				s.Limit = time.Hour
				s.Now = func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					now = now.Add(step)
					return now
				}
			}
		}
	}
	rate := func(r float64) func(*world) { return smsA(func(a *config.Account) { a.Rate = r }) }
	askAll(t, "flush", []question{
		{
			name: "fast enough", want: preflight.Pass, change: clock(time.Millisecond),
			summary: []string{"takes 1.00 ms: with 16 in flight at most 4,000/s, wanted 10/s"},
		},
		{
			name: "too slow for the rate", want: preflight.Warn, change: both(clock(9*time.Millisecond), rate(1000)),
			summary: []string{"9.00 ms: with 16 in flight at most 800/s, wanted 1000/s"}, remedies: []string{"together at least 21"},
		},
		{
			name: "a very slow disk is not measured for long", want: preflight.Warn, change: both(clock(time.Second), rate(100)),
			summary: []string{"1000.00 ms"},
		},
		{name: "no rate", want: preflight.Pass, change: both(clock(time.Millisecond), rate(0)), summary: []string{"no account has a rate"}},
		{name: "a clock that stands still measures nothing", want: preflight.Skip, summary: []string{"not measured"}},
		{
			name: "a ledger elsewhere", want: preflight.Skip,
			change: tells(told{change: func(i *ledger.Info) { i.Driver = "postgres" }}), summary: []string{"postgres"},
		},
		{
			name: "a folder that cannot be written", want: preflight.Error,
			change: tells(told{change: func(i *ledger.Info) { i.Place = "/nowhere/notify.db" }}), summary: []string{"measure the disk"},
		},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
}

func TestFlushLeavesNothingBehind(t *testing.T) {
	w := newWorld(t)
	w.ask("flush")
	files, err := filepath.Glob(filepath.Join(w.dir, "notify-flush-*"))
	if err != nil || len(files) != 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

func TestStopped(t *testing.T) {
	askAll(t, "stopped", []question{
		{name: "a new name", want: preflight.Pass, summary: []string{"nothing was sent under the name award"}},
		{name: "staged", want: preflight.Pass, change: func(w *world) { w.stage() }, summary: []string{"neither"}},
		{
			name: "paused", want: preflight.Warn,
			change: func(w *world) {
				w.stage()
				if err := w.ledger.Pause(w.t.Context(), "award", w.act("pause")); err != nil {
					w.t.Fatal(err)
				}
			},
			summary: []string{"paused by wang@ops-1, 2026-11-20 10:00 CST: asked for"}, remedies: []string{"notify resume award"},
		},
		{
			name: "aborted", want: preflight.Fail,
			change: func(w *world) {
				w.stage()
				if _, err := w.ledger.Abort(w.t.Context(), "award", w.act("abort")); err != nil {
					w.t.Fatal(err)
				}
			},
			summary: []string{"aborted by wang@ops-1"}, remedies: []string{"campaign name of their own"},
		},
		{name: "a ledger that breaks", want: preflight.Error, change: func(w *world) { w.ledger = brokenLedger{w.ledger} }},
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
		{name: "none", want: preflight.Pass, summary: []string{"none"}},
		{name: "ended", want: preflight.Pass, change: func(w *world) { w.stage(); w.send(1, "sms-a", message.OutcomeAccepted) }},
		{
			name: "alive", want: preflight.Fail, change: running,
			summary: []string{fmt.Sprintf("process %d on", os.Getpid()), "since 2026-11-20 10:00 CST"}, remedies: []string{"notify status award --watch", "notify pause award"},
		},
		{name: "alive, and its process too", want: preflight.Fail, change: both(running, alive(true))},
		{name: "killed", want: preflight.Pass, change: both(running, alive(false)), summary: []string{"ended without a word"}},
		{
			name: "its lease has run out", want: preflight.Pass,
			change: both(running, func(w *world) { w.now = w.now.Add(2 * time.Minute) }), summary: []string{"ended without a word"},
		},
		{name: "a ledger that breaks", want: preflight.Error, change: func(w *world) { w.ledger = brokenLedger{w.ledger} }},
	})
}

func TestStaged(t *testing.T) {
	half := func(w *world) {
		w.stage()
		w.send(40, "sms-a", message.OutcomeAccepted)
	}
	askAll(t, "staged", []question{
		{name: "a new name", want: preflight.Pass, summary: []string{"nothing was sent"}},
		{name: "the same plan", want: preflight.Pass, change: half, summary: []string{"the same plan", "40 of 100 messages have left", "60 to send"}},
		{
			name: "another text", want: preflight.Warn,
			change:  both(half, func(w *world) { w.campaign.SMS = &campaign.SMS{Text: "{{name}}, you have won."} }),
			summary: []string{"changed: SMS text", "40 of 100"}, remedies: []string{"keeps its old text"},
		},
		{
			name: "more rows", want: preflight.Warn, change: both(half, func(w *world) { w.people = people(110) }),
			summary: []string{"changed: rows or accounts", "40 of 110 messages have left", "70 to send"},
		},
		{name: "a ledger that breaks", want: preflight.Error, change: func(w *world) { w.ledger = brokenLedger{w.ledger} }},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
}

func TestDedupe(t *testing.T) {
	within := func(d time.Duration) func(*world) { return func(w *world) { w.campaign.DedupeWindow = d } }
	before := func(n int, ago time.Duration) func(*world) {
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
	askAll(t, "dedupe", []question{
		{name: "not asked for", want: preflight.Skip},
		{name: "nobody", want: preflight.Pass, change: within(72 * time.Hour), summary: []string{"none of 100 messages", "within 72h"}},
		{
			name: "told an hour ago", want: preflight.Fail, change: both(within(72*time.Hour), before(30, time.Hour)),
			summary: []string{"30 of 100 messages", "within 72h, in award-again"}, remedies: []string{"notify resume award-again", "dedupe_window"},
		},
		{name: "told long ago", want: preflight.Pass, change: both(within(time.Hour), before(30, 2*time.Hour))},
		{
			name: "another text", want: preflight.Pass,
			change: both(within(72*time.Hour), before(30, time.Hour), func(w *world) { w.campaign.SMS = &campaign.SMS{Text: "{{name}}, come and see."} }),
		},
		{name: "no ledger", want: preflight.Error, change: both(within(time.Hour), unopened(ledger.ErrBusy))},
	})
	w := newWorld(t)
	both(within(72*time.Hour), before(30, time.Hour))(w)
	if f := w.ask("dedupe"); len(f.Details) != 5 || strings.Contains(f.Details[0], "+8610000000000") {
		t.Errorf("details: %q", f.Details)
	}
}

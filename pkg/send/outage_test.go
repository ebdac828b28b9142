package send_test

import (
	"context"
	"flag"
	"log/slog"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/send"
	"notify/pkg/vendors"
)

var twoVendors = flag.Int("two-vendors", 2000, "how many messages go through two vendors, of which one fails")

// faulty is a vendor with a record of its own. answer decides what becomes of each message.
type faulty struct {
	mu     sync.Mutex
	taken  map[message.Key]int
	at     []time.Time
	answer func(n int) (takes bool, o message.Outcome)
	n      int
}

func (v *faulty) Close() error { return nil }

func (v *faulty) Send(ctx context.Context, m message.Message) message.Outcome {
	sleep(ctx, 20*time.Millisecond)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	takes, o := v.answer(v.n)
	if takes {
		if v.taken == nil {
			v.taken = make(map[message.Key]int)
		}
		v.taken[m.Key]++
		v.at = append(v.at, time.Now())
	}
	return o
}

// through is a run over two accounts with shares of 80 and 20.
func through(l ledger.Ledger, a, b vendors.Vendor, rate float64) *send.Loop {
	loop := loopOn(l, l, a, config.Account{Rate: rate, Concurrency: 16})
	loop.Config.Accounts["b"] = config.Account{Rate: rate, Concurrency: 16}
	loop.Vendors["b"] = b
	loop.Config.Routes[message.SMS] = config.Route{Accounts: []config.Share{{Account: "a", Weight: 80}, {Account: "b", Weight: 20}}}
	loop.Log = slog.New(slog.DiscardHandler)
	return loop
}

// A vendor is down for half a minute: the run goes on by the other account, comes back, and outside the outage the shares are as configured.
func TestAnOutageOfAVendorLeavesTheSharesAsConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 6000
		l := staged(t, n).Open()
		begin := time.Now()
		from, to := begin.Add(20*time.Second), begin.Add(50*time.Second)
		a := &faulty{answer: func(int) (bool, message.Outcome) {
			if now := time.Now(); now.After(from) && now.Before(to) {
				return false, message.Outcome{Kind: message.OutcomeUnsent, Code: "notify:dial"}
			}
			return true, message.Outcome{Kind: message.OutcomeAccepted}
		}}
		b := &faulty{answer: func(int) (bool, message.Outcome) { return true, message.Outcome{Kind: message.OutcomeAccepted} }}
		res, err := through(l, a, b, 60).Run(t.Context())
		if err != nil || res.Pause != nil {
			t.Fatalf("%+v, %v", res.Pause, err)
		}
		if len(a.taken)+len(b.taken) != n {
			t.Errorf("%d and %d of %d arrived", len(a.taken), len(b.taken), n)
		}
		// The breaker is tested within a minute; after that both are at work again.
		back := a.at[len(a.at)-1]
		for _, at := range a.at {
			if at.After(to) && at.Before(back) {
				back = at
			}
		}
		if late := back.Sub(to); late > time.Minute {
			t.Errorf("it came back %v after the outage", late)
		}
		outside := func(v *faulty) (n float64) {
			for _, at := range v.at {
				if at.Before(from.Add(-time.Second)) || at.After(back.Add(2*time.Second)) {
					n++
				}
			}
			return n
		}
		during := 0
		for _, at := range b.at {
			if at.After(from.Add(time.Second)) && at.Before(to) {
				during++
			}
		}
		if during < 29*50 {
			t.Errorf("the other account carried %d in 29 s at a rate of 60/s", during)
		}
		x, y := outside(a), outside(b)
		if share := x / (x + y); math.Abs(share-0.8) > 0.02 {
			t.Errorf("outside the outage the shares are %v and %v of 80 and 20", x, y)
		}
	})
}

// The first of two vendors cuts the connection after it took 5%, and refuses 10%: nobody is told twice over both vendors' own records.
func TestTwoVendorsTellNobodyTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := staged(t, *twoVendors).Open()
		a := &faulty{answer: func(n int) (bool, message.Outcome) {
			switch {
			case n%20 == 7:
				return true, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:cut"}
			case n%10 == 3:
				return false, message.Outcome{Kind: message.OutcomeThrottled, Code: "BUSY", Recipient: true}
			}
			return true, message.Outcome{Kind: message.OutcomeAccepted}
		}}
		b := &faulty{answer: func(int) (bool, message.Outcome) { return true, message.Outcome{Kind: message.OutcomeAccepted} }}
		res, err := through(l, a, b, 0).Run(t.Context())
		if err != nil || res.Pause != nil {
			t.Fatalf("%+v, %v", res.Pause, err)
		}
		for k, n := range a.taken {
			if n+b.taken[k] > 1 {
				t.Errorf("%s was taken %d times", k, n+b.taken[k])
			}
		}
		c, err := l.Counts(t.Context(), "award")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(a.taken) + len(b.taken); got != *twoVendors || c.Of(message.Accepted)+c.Of(message.Unknown) != got || c.Of(message.Unknown) < *twoVendors/30 {
			t.Errorf("%d of %d were taken; the ledger says %v", got, *twoVendors, c.ByState)
		}
		// What is unknown is settled by asking the vendors with our key.
		var rs []ledger.Resolution
		for r, err := range l.Messages(t.Context(), "award", message.Unknown) {
			if err != nil {
				t.Fatal(err)
			}
			if a.taken[r.Key]+b.taken[r.Key] == 1 {
				rs = append(rs, ledger.Resolution{Key: r.Key, As: message.OutcomeAccepted})
			}
		}
		if _, err := l.Resolve(t.Context(), "award", rs, ledger.Act{Who: "t", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if c, err = l.Counts(t.Context(), "award"); err != nil || c.Of(message.Accepted) != *twoVendors {
			t.Errorf("%v %v", c.ByState, err)
		}
	})
}

package preflight_test

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
)

// rehearsed is a ledger that keeps rehearsals.
type rehearsed struct {
	ledger.Ledger
	all []ledger.Rehearsal
	err error
}

func (r rehearsed) Rehearsals(context.Context) ([]ledger.Rehearsal, error) { return r.all, r.err }

// unrehearsed is a ledger that keeps no rehearsals.
type unrehearsed struct{ ledger.Ledger }

func keepsNone(w *world) { w.ledger = unrehearsed{w.ledger} }

func broke(w *world) { w.ledger = brokenLedger{w.ledger} }

func TestRehearsal(t *testing.T) {
	required := func(w *world) { w.config.Capacity.RequireRehearsal = 720 * time.Hour }
	kept := func(rs ...ledger.Rehearsal) func(*world) {
		return func(w *world) {
			for i := range rs {
				rs[i].At = w.now.Add(-time.Duration(rs[i].Took)) // Took is how long ago, in this test
			}
			w.ledger = rehearsed{Ledger: w.ledger, all: rs}
		}
	}
	whole := func(n int, ago time.Duration) ledger.Rehearsal {
		return ledger.Rehearsal{Recipients: n, Took: ago, Rate: 95, Complete: true}
	}
	askAll(t, "rehearsal", []question{
		{name: "a ledger that keeps none", want: preflight.Skip, change: keepsNone},
		{name: "a ledger that keeps none, and one is required", want: preflight.Fail, change: both(required, keepsNone), remedies: []string{"require_rehearsal"}},
		{name: "never", want: preflight.NotLooked, change: kept()},
		{name: "never, and one is required", want: preflight.Fail, change: both(required, kept()), remedies: []string{"notify rehearse award.xlsx"}},
		{name: "as large", want: preflight.Pass, change: both(required, kept(whole(100, time.Hour))), summary: []string{"100 recipients rehearsed on 2026-11-20 09:00 +08:00, 95/s"}},
		{name: "the newest that is large enough counts", want: preflight.Pass, change: both(required, kept(whole(50, time.Hour), whole(200, 48*time.Hour), whole(300, 2000*time.Hour))), summary: []string{"200 recipients"}},
		{name: "the newest of those that were as large", want: preflight.Pass, change: both(required, kept(whole(100, 48*time.Hour), whole(100, 24*time.Hour), whole(100, 72*time.Hour))), summary: []string{"100 recipients rehearsed on 2026-11-19 10:00"}},
		{name: "behind one that was not completed", want: preflight.Pass, change: both(required, kept(ledger.Rehearsal{Recipients: 200}, whole(100, time.Hour))), summary: []string{"100 recipients"}},
		{name: "30 days ago", want: preflight.Pass, change: both(required, kept(whole(100, 720*time.Hour))), summary: []string{"on 2026-10-21 10:00"}},
		{name: "the largest, whatever its age", want: preflight.Fail, change: both(required, kept(whole(49, time.Hour), whole(50, 721*time.Hour))), summary: []string{"50 recipients", "fewer than the 100 now"}},
		{name: "of one", want: preflight.Fail, change: both(many(2), required, kept(whole(1, time.Hour))), remedies: []string{"rehearse", "2 parts of at most 1"}},
		{name: "of nobody", want: preflight.Fail, change: both(required, kept(whole(0, time.Hour))), summary: []string{"fewer than the 100 now"}, remedies: []string{"rehearse"}},
		{name: "smaller", want: preflight.Fail, change: both(required, kept(whole(50, time.Hour))), summary: []string{"fewer than the 100 now"}, remedies: []string{"rehearse"}},
		{name: "smaller, and none is required", want: preflight.Warn, change: kept(whole(50, time.Hour))},
		{name: "long ago", want: preflight.Fail, change: both(required, kept(whole(100, 721*time.Hour))), summary: []string{"longer ago than 30d"}},
		{name: "not completed", want: preflight.Fail, change: both(required, kept(ledger.Rehearsal{Recipients: 100})), summary: []string{"nothing was ever rehearsed"}},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy)},
	})
}

func TestLowBalance(t *testing.T) {
	low := func(m message.Money) func(*world) { return smsA(func(a *config.Account) { a.LowBalance = m }) }
	askAll(t, "low-balance", []question{
		{name: "no line", want: preflight.Skip},
		{name: "more is needed than there is", want: preflight.Warn, change: both(balance("1"), low(1_000_000)), summary: []string{"3.50 CNY will be missing, and low_balance is 1.00 CNY"}, remedies: []string{"at least 4.50 CNY"}},
		{name: "the least that can be missing", want: preflight.Warn, change: low(95_500_001), summary: []string{"95.50 CNY will be left, below low_balance 95.500001 CNY"}, remedies: []string{"at least 0.000001 CNY"}},
		{name: "nothing is left, to the last fen", want: preflight.Warn, change: both(balance("4.5"), low(1_000_000)), summary: []string{"0.00 CNY will be left, below low_balance 1.00 CNY"}},
		{name: "an answer without a figure", want: preflight.NotLooked, change: both(balance(""), low(1))},
		{name: "no answer and no figure", want: preflight.Error, change: both(balance(""), low(1), down), summary: []string{"the vendor is down"}},
		{
			name: "of the second account", want: preflight.Warn, summary: []string{"sms-b: 0.775 CNY will be left"},
			change: both(route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}}), func(w *world) {
				w.account("sms-b", func(a *config.Account) {
					a.Price, a.Currency, a.LowBalance = ptr(yuan(w.t, "0.0045")), "CNY", 1_000_000
				})
				w.vendors["sms-b"].(*vendor).balance = vendors.Balance{Amount: ptr(yuan(w.t, "1")), Currency: "CNY"}
			}),
		},
		{name: "what is promised to others is gone too", want: preflight.Warn, change: both(otherPending, low(95_000_000)), summary: []string{"93.25 CNY"}},
		{name: "a vendor that does not tell", want: preflight.NotLooked, change: both(low(1), func(w *world) { w.vendors["sms-a"] = mute{} })},
		{name: "a ledger that breaks", want: preflight.Error, change: broke},
		{
			name: "what is left in packages counts at the price", want: preflight.Pass, change: both(packages(210), low(4_950_000)),
			summary: []string{"sms-a: 110 messages in packages will be left, worth 4.95 CNY, low_balance is 4.95 CNY"},
		},
		{
			name: "one package message below the line", want: preflight.Warn, change: both(packages(209), low(4_950_000)),
			summary: []string{"109 messages in packages will be left, worth 4.905 CNY, below low_balance 4.95 CNY"}, remedies: []string{"buy at least 1 segment more for sms-a soon"},
		},
		{
			name: "packages that end before the campaign does", want: preflight.Warn, change: both(packages(60), low(1_000_000)),
			summary: []string{"1.80 CNY will be missing"}, remedies: []string{"buy at least 63 segments more"},
		},
		{name: "packages that end with it", want: preflight.Warn, change: both(packages(100), low(1)), summary: []string{"0.00 CNY will be left, below"}},
		{
			name: "packages are used before money", want: preflight.Pass, change: both(balance("2.25", func(b *vendors.Balance) { b.Messages = ptr(int64(60)) }), low(450_000)),
			summary: []string{"sms-a: 0.45 CNY will be left, low_balance is 0.45 CNY"},
		},
		{
			name: "money stays where packages are enough", want: preflight.Pass, change: both(balance("2.25", func(b *vendors.Balance) { b.Messages = ptr(int64(101)) }), low(2_295_000)),
			summary: []string{"2.25 CNY and 1 message in packages will be left, worth 2.295 CNY"},
		},
		{
			name: "what is promised to others is taken from packages too", want: preflight.Pass, change: both(otherPending, packages(151), low(45_000)),
			summary: []string{"1 message in packages will be left, worth 0.045 CNY"},
		},
		{
			name: "packages without an end", want: preflight.Pass, change: both(packages(math.MaxInt64), low(1)),
			summary: []string{"will be left, worth"},
		},
		{
			name: "another currency", want: preflight.NotLooked, change: both(balance("100", func(b *vendors.Balance) { b.Currency = "USD" }), low(1)),
			summary: []string{"in USD, the price in notify.yaml in CNY"},
		},
	})
}

// packages is what is left on the account of SMS in packages, and nothing else.
func packages(n int64) func(*world) {
	return balance("", func(b *vendors.Balance) { b.Messages = ptr(n) })
}

func TestCurrency(t *testing.T) {
	askAll(t, "currency", []question{
		{name: "no price", want: preflight.Skip, change: noPrice},
	})
}

func perSecond(r float64) func(*world) { return smsA(func(a *config.Account) { a.Rate = r }) }

// ofClass is a rate of the campaign's class on its account.
func ofClass(r float64) func(*world) {
	return smsA(func(a *config.Account) { a.Scenarios = map[string]config.Scenario{config.Notice: {Rate: r}} })
}

// domainPace gives the account of mails a rate, and the domain of everybody one.
func domainPace(account, domain float64) func(*world) {
	return func(w *world) {
		w.account("edm", func(a *config.Account) { a.Rate, a.DomainRate = account, map[string]float64{"example.test": domain} })
	}
}

func TestDuration(t *testing.T) {
	askAll(t, "duration", []question{
		{name: "no rate", want: preflight.Skip, change: perSecond(0)},
		{
			name: "over the window's end", want: preflight.Warn, change: both(perSecond(0.01), window(9*time.Hour, 11*time.Hour)),
			summary: []string{"100 in 2h 46m", "over 2 days: 36 on 2026-11-20, 64 on 2026-11-21"}, remedies: []string{"raise accounts.sms-a.rate to at least 0.1/s (now 0.01/s)", "or raise", "begin later, 2026-11-21 09:00 +08:00: notify send award.xlsx"},
		},
		{
			name: "over midnight", want: preflight.Warn, change: perSecond(0.001),
			summary: []string{"over 2 days"}, remedies: []string{"accounts.sms-a.rate to at least 0.1/s", "or raise", "begin later, 2026-11-21 00:00 +08:00"},
		},
		{name: "the rate of the class on the account is lower", want: preflight.Pass, change: both(perSecond(10), ofClass(5)), summary: []string{"100 in 20s at 5/s"}},
		{name: "the rate of the class on the account is higher", want: preflight.Pass, change: both(perSecond(10), ofClass(20)), summary: []string{"100 in 10s at 10/s"}},
		{name: "only the class has a rate", want: preflight.Pass, change: both(perSecond(0), ofClass(0.5)), summary: []string{"100 in 3m 20s at 0.5/s"}},
		{name: "only a domain has a pace", want: preflight.Pass, change: both(mails(nil), domainPace(0, 0.5)), summary: []string{"100 in 3m 20s at 0.5/s", "example.test"}},
		{name: "one mail to a domain that has a pace", want: preflight.Pass, change: both(many(1), mails(nil), domainPace(50, 0.01)), summary: []string{"1 in 1m 40s at 0.01/s", "example.test"}},
		{name: "one domain of two has a pace", want: preflight.Pass, change: both(mails(nil), domains(50, "a.test"), domainPace(50, 0.5)), summary: []string{"100 in 1m 40s at 1/s", "example.test"}},
		{name: "two channels share the account's rate", want: preflight.Pass, change: besideSMS, summary: []string{"edm: 100 in 4s at 25/s", "edm: 100 in 4s at 25/s"}},
		{name: "a domain that is as quick as the account", want: preflight.Pass, change: both(mails(nil), domainPace(0.5, 0.5)), summary: []string{"edm: 100 in 3m 20s at 0.5/s"}},
		{
			name: "an account without a rate hides none", want: preflight.Pass, summary: []string{"sms-b: 50 in 5s at 10/s"},
			change: both(perSecond(0), route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}})),
		},
		{
			name: "late in the window, and a day would do", want: preflight.Warn, remedies: []string{"or begin later, 2026-11-21 09:00 +08:00: notify send award.xlsx"},
			change: both(perSecond(0.1), window(9*time.Hour, 20*time.Hour), func(w *world) { w.now = w.now.Add(9*time.Hour + 50*time.Minute) }),
		},
		{
			name: "late in the window, and a day at a higher rate would do", want: preflight.Warn,
			change:   both(many(2000), perSecond(0.04), window(9*time.Hour, 20*time.Hour), func(w *world) { w.now = w.now.Add(5 * time.Hour) }),
			remedies: []string{"to at least 0.2/s", "or raise accounts.sms-a.rate to at least 0.1/s (now 0.04/s) and begin later, 2026-11-21 09:00 +08:00"},
		},
		{name: "longer than can be counted", want: preflight.Warn, change: perSecond(1e-9), summary: []string{"100 in 53375d"}},
		{name: "what the quota adds is told elsewhere", want: preflight.Pass, change: quota(10)},
	})
}

func TestTimer(t *testing.T) {
	every := func(d time.Duration) func(*world) { return func(w *world) { w.config.Timer = d } }
	askAll(t, "timer", []question{
		{name: "none", want: preflight.Skip},
		{
			name: "23,000 at ten a second, every ten minutes", want: preflight.Warn,
			change:  both(many(23000), every(10*time.Minute), quota(100000)),
			summary: []string{"takes 38m 20s, and the timer comes every 10m", "exit code 6"}, remedies: []string{"nothing is sent twice", "38.4/s"},
		},
		{name: "just in time", want: preflight.Pass, change: both(many(6000), every(10*time.Minute)), summary: []string{"10m"}},
		{name: "a rate that is just enough", want: preflight.Warn, change: both(many(24000), every(10*time.Minute), quota(100000)), summary: []string{"takes 40m"}, remedies: []string{"to at least 40/s"}},
		{
			name: "an account without messages", want: preflight.Pass, summary: []string{"sms-b"},
			change: both(every(time.Hour), route([]config.Share{{Account: "sms-a"}, {Account: "sms-b", Weight: 1}})),
		},
		{
			name: "one without a rate, and one in time", want: preflight.Warn, summary: []string{"sms-a", "sms-b"},
			change: both(every(time.Hour), perSecond(0), route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}})),
		},
		{
			name: "one in time, and one that is not", want: preflight.Warn, summary: []string{"sms-a", "sms-b: takes 40m"},
			change: both(every(10*time.Minute), many(200), route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}}), func(w *world) {
				w.account("sms-b", func(a *config.Account) { a.Rate = 1.0 / 24 })
			}),
		},
		{name: "no rate is enough for what a day allows", want: preflight.Warn, change: both(many(23000), every(10*time.Minute)), summary: []string{"takes 1d 14h"}, remedies: []string{"nothing is sent twice"}},
		{name: "what was used cannot be read", want: preflight.Error, change: both(every(time.Hour), forgets), summary: []string{diskError}},
		{name: "quotas count too", want: preflight.Warn, change: both(every(time.Hour), quota(90)), summary: []string{"takes 14h"}},
		{name: "no rate", want: preflight.Warn, change: both(every(time.Hour), perSecond(0)), remedies: []string{"accounts.sms-a.rate"}},
		{name: "never", want: preflight.Warn, change: both(every(time.Hour), perSecond(1e-6), many(4000)), summary: []string{"takes years"}},
		{
			name: "all has left", want: preflight.Skip,
			change: both(every(time.Minute), func(w *world) { w.stage(); w.send(100, "sms-a", message.OutcomeAccepted) }),
		},
	})
}

// earlier is a ledger that tells of an earlier campaign.
type earlier struct {
	ledger.Ledger
	took time.Duration
	sent int64
	// pause is a night in the middle.
	pause  time.Duration
	breaks bool
	err    error
	now    time.Time
}

func (e earlier) Campaigns(context.Context) ([]ledger.Campaign, error) {
	return []ledger.Campaign{{Name: "spring", Aborted: &ledger.Act{}}}, e.err
}

func (e earlier) Messages(_ context.Context, name string, _ ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		if name != "spring" {
			return
		}
		for i := range e.sent {
			at := e.now.Add(-e.took + e.took*time.Duration(i)/time.Duration(e.sent))
			if i < e.sent/2 {
				at = at.Add(-e.pause)
			}
			if !yield(ledger.Record{Account: "sms-a", Claimed: at}, nil) {
				return
			}
		}
		if e.breaks {
			yield(ledger.Record{}, errDisk)
		}
	}
}

func TestMeasuredRate(t *testing.T) {
	was := func(sent int64, took time.Duration) func(*world) {
		return func(w *world) { w.ledger = earlier{Ledger: w.ledger, sent: sent, took: took, now: w.now} }
	}
	takes := func(rate float64) func(*world) {
		return func(w *world) { w.vendors["sms-a"].(*vendor).balance.Rate = &rate }
	}
	askAll(t, "measured-rate", []question{
		{
			name: "more than the vendor takes", want: preflight.Warn, change: both(takes(14), perSecond(100), many(2800)),
			summary:  []string{"sms-a: its vendor takes 14/s, configured 100/s; what is faster is throttled"},
			remedies: []string{"set accounts.sms-a.rate to 14/s, which its vendor takes: the campaign then takes 3m 20s"},
		},
		{
			name: "more than the vendor takes, and due", want: preflight.Fail,
			change:  both(takes(14), perSecond(100), many(2800), func(w *world) { w.campaign.Deadline = w.now.Add(time.Minute) }),
			summary: []string{"at the rate that it takes it would not be done by"},
		},
		{
			name: "no rate, and a vendor that has one", want: preflight.Warn, change: both(takes(14), perSecond(0)),
			summary: []string{"takes 14/s, and the account has no rate"}, remedies: []string{"rate to 14/s"},
		},
		{name: "as much as the vendor takes", want: preflight.Pass, summary: []string{"sms-a: its vendor takes 100/s, configured 100/s"}, change: both(takes(100), perSecond(100))},
		{name: "offline nobody is asked", want: preflight.Skip, change: both(takes(14), perSecond(100), func(w *world) {
			w.subject = func(s *preflight.Subject) { s.Offline = true }
		})},
		{name: "nothing before", want: preflight.Skip},
		{
			name: "never nearly reached", want: preflight.Warn, change: both(was(5000, 100*time.Second), perSecond(100), many(23000)),
			summary: []string{"50.01/s reached in spring", "configured 100/s"}, remedies: []string{"count on 7m 40s for sms-a, not on 3m 50s", "notify rehearse"},
		},
		{
			name: "never nearly reached, and the deadline bears it", want: preflight.Warn,
			change:  both(was(5000, 100*time.Second), perSecond(100), func(w *world) { w.campaign.Deadline = w.now.Add(time.Hour) }),
			summary: []string{"configured 100/s"},
		},
		{name: "half as much again is no hope", want: preflight.Pass, change: both(was(129, 129*time.Second/64), perSecond(96.75)), summary: []string{"64.5/s reached"}},
		{name: "more than that is", want: preflight.Warn, change: both(was(129, 129*time.Second/64), perSecond(96.76))},
		{
			name: "more than that, and the deadline does not bear it", want: preflight.Fail, summary: []string{"at the rate that was reached it would not be done by 2026-11-20 10:01 +08:00"},
			change: both(was(129, 129*time.Second/64), many(5000), perSecond(100), func(w *world) { w.campaign.Deadline = w.now.Add(time.Minute) }),
		},
		{
			name: "slower than one a second", want: preflight.Warn, change: was(100, 200*time.Second), remedies: []string{"set accounts.sms-a.rate to 0.5/s", "notify rehearse"},
		},
		{name: "one message, of one a second", want: preflight.Pass, change: both(was(700, 100*time.Second), many(1), perSecond(1)), summary: []string{"configured 1/s"}},
		{name: "no rate", want: preflight.Skip, change: both(was(700, 100*time.Second), perSecond(0))},
		{
			name: "nothing to send", want: preflight.Skip,
			change: both(route([]config.Share{{Account: "sms-a"}, {Account: "sms-b", Weight: 1}}), was(700, 100*time.Second)),
		},
		{
			name: "without a deadline it does not matter that it is never done", want: preflight.Warn, summary: []string{"configured 100/s"},
			change: both(live(0, 0), perSecond(100), was(700, 100*time.Second)),
		},
		{
			name: "the deadline cannot be judged", want: preflight.Error, summary: []string{diskError},
			change: both(forgets, was(700, 100*time.Second), perSecond(100), func(w *world) { w.campaign.Deadline = w.now.Add(time.Hour) }),
		},
		{name: "twenty thousand messages of a campaign are enough", want: preflight.Pass, change: func(w *world) {
			w.ledger = earlier{Ledger: w.ledger, sent: 20_000, took: 1000 * time.Second, breaks: true, now: w.now}
		}},
		{name: "no ledger", want: preflight.Error, change: unopened(ledger.ErrBusy), summary: []string{"another program holds"}},
		{name: "too few to tell", want: preflight.Skip, change: was(99, 100*time.Second)},
		{
			name: "a night in between does not count", want: preflight.Pass,
			change: func(w *world) {
				w.ledger = earlier{Ledger: w.ledger, sent: 700, took: 100 * time.Second, pause: 12 * time.Hour, now: w.now}
			},
			summary: []string{"sms-a: 7.0"},
		},
		{
			name: "messages that cannot be read", want: preflight.Error, summary: []string{"campaign spring could not be read"},
			change: func(w *world) { w.ledger = earlier{Ledger: w.ledger, sent: 9, took: 1, breaks: true, now: w.now} },
		},
		{name: "too short to tell", want: preflight.Skip, change: was(500, time.Second)},
		{name: "a real run of no length", want: preflight.Skip, change: func(w *world) { w.stage(); w.send(100, "sms-a", message.OutcomeAccepted) }},
		{name: "earlier campaigns that cannot be read", want: preflight.Error, change: func(w *world) { w.ledger = earlier{Ledger: w.ledger, err: errDisk} }},
	})
}

// A rate of next to nothing is no rate to be set.
func TestARateThatIsNextToNothingIsNotOffered(t *testing.T) {
	w := newWorld(t)
	w.ledger = earlier{Ledger: w.ledger, sent: 100, took: 2500 * time.Second, now: w.now}
	if f := w.ask("measured-rate"); f.Status != preflight.Warn || slices.Contains(kinds(f.Options), preflight.OptionRate) || len(f.Options) == 0 {
		t.Errorf("%s, %v: %q", f.Status, kinds(f.Options), remedies(f))
	}
}

// What holds for one account says nothing of the next.
func TestEveryAccountIsMeasuredByItself(t *testing.T) {
	w := newWorld(t)
	w.ledger = several{w.ledger, w.now}
	route([]config.Share{{Account: "new", Weight: 1}, {Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}})(w)
	w.config.Accounts["new"] = config.Account{Name: "new", Vendor: "http", Class: config.Notice, Rate: 10}
	f := w.ask("measured-rate")
	got := facts(f)
	delete(got, "account.sms-a.rate")
	delete(got, "account.sms-b.rate")
	if want := map[string]any{"account.sms-a.measured": 10.0, "account.sms-b.measured": 1.0}; !maps.Equal(got, want) {
		t.Errorf("%s: %v, want %v", summary(f), got, want)
	}
	says(t, "remedies", strings.Join(remedies(f), " "), []string{"count on", "for sms-b"})
}

// several is a ledger of four campaigns: the three newest count.
type several struct {
	ledger.Ledger
	now time.Time
}

func (several) Campaigns(context.Context) ([]ledger.Campaign, error) {
	return []ledger.Campaign{{Name: "d"}, {Name: "c"}, {Name: "b"}, {Name: "a"}}, nil
}

func (s several) Messages(_ context.Context, name string, _ ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for account, gap := range map[string]map[string]time.Duration{
			"d": {"sms-b": time.Second}, "c": {"sms-a": 200 * time.Millisecond}, "b": {"sms-a": 100 * time.Millisecond}, "a": {"sms-b": time.Millisecond * 100},
		}[name] {
			// 101 messages, of which the last gap is none: 101 of them in 101 gaps.
			for i := range 101 {
				at := s.now.Add(time.Duration(i) * gap * 101 / 100)
				if !yield(ledger.Record{Account: account, Claimed: at}, nil) {
					return
				}
			}
		}
	}
}

func TestPace(t *testing.T) {
	paced := func(rates map[string]float64) func(*world) {
		return func(w *world) { w.account("edm", func(a *config.Account) { a.DomainRate = rates }) }
	}
	askAll(t, "pace", []question{
		{name: "SMS only", want: preflight.Skip, summary: []string{"no mail"}},
		{
			name: "a thousand to one company", want: preflight.Warn, change: both(many(1001), mails(nil)),
			summary: []string{"edm: 1 domain would get more than 1,000 mails without a pace, example.test 1,001"}, remedies: []string{"accounts.edm.domain_rate", "example.test: 1/s", "all in 16m 41s at 1/s, in 3m 20s at 5/s; 0.01159/s is the slowest"},
		},
		{name: "just a thousand to one company", want: preflight.Pass, change: both(many(1000), mails(nil))},
		{name: "just five thousand to one company", want: preflight.Warn, change: both(many(5000), mails(nil)), summary: []string{"5,000"}},
		{name: "five thousand to one company", want: preflight.Fail, change: both(many(5001), mails(nil)), summary: []string{"5,001"}},
		{name: "with a pace", want: preflight.Pass, change: both(many(5001), mails(nil), paced(map[string]float64{"default": 5}))},
		{name: "with a pace for another", want: preflight.Warn, change: both(many(1001), mails(nil), paced(map[string]float64{"qq.test": 5}))},
	})
	w := newWorld(t)
	both(many(1200), mails(nil), domains(1000, "a.test"), domains(300, "b.test"), paced(map[string]float64{"a.test": 1}))(w)
	f := w.ask("pace")
	want := []string{
		"a.test: 700 mails at 1/s, done 2026-11-20 10:11 +08:00", "b.test: 300 mails at 12.5/s, done 2026-11-20 10:00 +08:00",
		"example.test: 200 mails at 8.333/s, done 2026-11-20 10:00 +08:00",
	}
	if len(details(f)) != 3 || details(f)[0] != want[0] || details(f)[1] != want[1] || details(f)[2] != want[2] {
		t.Errorf("details: %q, want %q", details(f), want)
	}
}

// What a domain gets, how fast, and when it has all, as one account sends it.
func TestThePaceOfADomain(t *testing.T) {
	edm := func(change func(*config.Account)) func(*world) { return func(w *world) { w.account("edm", change) } }
	slots := func(by map[string]int) func(*world) { return edm(func(a *config.Account) { a.DomainSlots = by }) }
	for _, c := range []struct {
		name   string
		change func(*world)
		want   string
	}{
		{"as fast as the account", mails(nil), "example.test: 100 mails at 50/s, done 2026-11-20 10:00 +08:00"},
		{"an account of one a second", both(mails(nil), edm(func(a *config.Account) { a.Rate = 1 })), "example.test: 100 mails at 1/s, done 2026-11-20 10:01 +08:00"},
		{"an account without a rate", both(mails(nil), edm(func(a *config.Account) { a.Rate = 0 })), "example.test: 100 mails as fast as the server takes them"},
		{"one at a time", both(mails(nil), slots(map[string]int{"default": 1})), "example.test: 100 mails at 50/s, done 2026-11-20 10:00 +08:00; no more than 1 at a time, which takes longer where it answers slowly"},
		{"its own number at a time", both(mails(nil), slots(map[string]int{"default": 9, "example.test": 3})), "example.test: 100 mails at 50/s, done 2026-11-20 10:00 +08:00; no more than 3 at a time, which takes longer where it answers slowly"},
		{"any number at a time", both(mails(nil), slots(map[string]int{"default": 9, "example.test": 0})), "example.test: 100 mails at 50/s, done 2026-11-20 10:00 +08:00"},
		{"half of it", both(mails(nil), halves), "example.test: 50 mails at 50/s, done 2026-11-20 10:00 +08:00"},
		{
			"beside as many SMS",
			besideSMS,
			"example.test: 100 mails at 25/s, done 2026-11-20 10:00 +08:00",
		},
	} {
		w := newWorld(t)
		c.change(w)
		if got := details(w.ask("pace")); len(got) == 0 || got[0] != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	one := newWorld(t)
	both(many(1), mails(nil), func(w *world) {
		w.campaign.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: "{{name}}, you won."}})
		w.config.Accounts["edm-b"] = w.config.Accounts["edm"]
		w.config.Routes[message.Email] = config.Route{Accounts: []config.Share{{Account: "edm", Weight: 1}, {Account: "edm-b"}}}
	})(one)
	if f := one.ask("pace"); len(f.Summary) != 1 || len(details(f)) != 1 {
		t.Errorf("of one mail beside an SMS: %q, %q", summary(f), details(f))
	}
	six := newWorld(t)
	both(mails(nil), domains(60, "a.test"), domains(50, "b.test"), domains(40, "c.test"), domains(30, "d.test"), domains(20, "e.test"))(six)
	if f := six.ask("pace"); len(details(f)) != 6 || details(f)[5] != "and 1 more" || len(facts(f)) != 5 || !strings.HasPrefix(details(f)[0], "example.test: 40 mails") {
		t.Errorf("of six domains five are shown, and the rest counted: %q, %v", details(f), facts(f))
	}
	w := newWorld(t)
	both(many(2400), mails(nil), halves)(w)
	answers(t, w.ask("pace"), preflight.Warn, []string{"edm: 1 domain", "example.test 1,200", "edm-b: 1 domain"}, nil)
}

// besideSMS has the account of mails carry SMS and as many mails.
func besideSMS(w *world) {
	w.campaign.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "{{name}}", Text: "You won."}})
	w.config.Routes[message.SMS] = w.config.Routes[message.Email]
}

// halves has two accounts send half of the mails each.
func halves(w *world) {
	w.config.Accounts["edm-b"] = w.config.Accounts["edm"]
	w.config.Routes[message.Email] = config.Route{Accounts: []config.Share{{Account: "edm", Weight: 1}, {Account: "edm-b", Weight: 1}}}
}

// The company's official mail server, one subject for 23,000, and no pace: what customers' filters blacklisted.
func TestIncidentMailIsStopped(t *testing.T) {
	w := newWorld(t)
	both(many(23000), mails(func(e *campaign.Mail) { e.Subject = "Your award" }), domains(19105, "customer.test"))(w)
	for id, wanted := range map[string]string{
		"subjects": "23,000 mails with one identical subject",
		"pace":     "customer.test 19,105",
	} {
		f := w.ask(id)
		if f.Status != preflight.Fail {
			t.Errorf("%s: %s: %s", id, f.Status, summary(f))
		}
		says(t, "summary", summary(f), []string{wanted})
	}
}

func TestClock(t *testing.T) {
	at := func(ahead time.Duration) func(*world) {
		return func(w *world) { w.vendors["sms-a"].(*vendor).balance.Date = w.now.Add(ahead) }
	}
	askAll(t, "clock", []question{
		{name: "nobody says", want: preflight.NotLooked},
		{name: "a vendor that cannot be asked", want: preflight.NotLooked, change: func(w *world) { w.vendors["sms-a"] = mute{} }},
		{name: "right", want: preflight.Pass, change: at(-time.Second), summary: []string{"1s ahead of sms-a"}},
		{name: "half a minute is still right", want: preflight.Pass, change: at(30 * time.Second)},
		{name: "behind", want: preflight.Warn, change: at(31 * time.Second), summary: []string{"31s behind sms-a"}, remedies: []string{"set its clock"}},
		{name: "the same", want: preflight.Pass, change: at(0), summary: []string{"0s ahead of sms-a"}},
		{name: "five minutes are still borne", want: preflight.Warn, change: at(5 * time.Minute), summary: []string{"5m behind sms-a"}},
		{
			name: "one that only stands in says it", want: preflight.Fail, summary: []string{"6m behind sms-b"},
			change: both(func(w *world) { w.vendors["sms-a"] = mute{} }, route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b"), func(w *world) {
				w.vendors["sms-b"] = &vendor{balance: vendors.Balance{Date: w.now.Add(6 * time.Minute)}}
			}),
		},
		{name: "far ahead", want: preflight.Fail, change: at(-time.Hour), summary: []string{"1h ahead of"}},
		{
			name: "one that only stands in breaks", want: preflight.Warn,
			change: both(at(0), route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b"), func(w *world) { w.vendors["sms-b"] = &vendor{err: errDown} }),
		},
	})
}

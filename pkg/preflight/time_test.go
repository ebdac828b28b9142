package preflight_test

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
)

func quota(n int64) func(*world) { return smsA(func(a *config.Account) { a.DailyQuota = n }) }

func spread(w *world) { w.subject = func(s *preflight.Subject) { s.Spread = true } }

func live(limit, used int64) func(*world) {
	return balance("100", func(b *vendors.Balance) { b.QuotaLimit, b.QuotaUsed = &limit, &used })
}

func window(from, to time.Duration) func(*world) {
	return func(w *world) { w.campaign.Window = campaign.Window{From: from, To: to} }
}

// otherRuns has another campaign sent now.
func otherRuns(w *world) {
	mine := w.campaign
	other := *mine
	other.Name, w.campaign = "other", &other
	w.acquire()
	w.campaign = mine
}

// senderless is a ledger that does not know what was sent in whose name.
type senderless struct{ ledger.Ledger }

func (senderless) Senders(context.Context, string) (map[string]ledger.DomainHeld, error) {
	return nil, errDisk
}

func TestQuota(t *testing.T) {
	askAll(t, "quota", []question{
		{name: "just enough", want: preflight.Pass, change: quota(100)},
		{
			name: "of tomorrow a part was used in another zone", want: preflight.Fail, change: both(quota(40), func(w *world) {
				now := w.now
				w.now = now.In(time.FixedZone("where it is tomorrow", 23*3600))
				used(w)
				w.now = now
			}),
			summary: []string{"20 used today, 20 left, 80 to send", "it takes 3 days: 20 on 2026-11-20, 20 on 2026-11-21, 40 on 2026-11-22"},
		},
		{
			name: "one that grows is known for the days to come", want: preflight.Fail, change: smsA(func(a *config.Account) { a.Ramp = &config.Ramp{Start: 20, Factor: 1.5} }),
			summary: []string{"20 today, more on each day", "it takes 4 days: 20 on 2026-11-20, 30 on 2026-11-21, 45 on 2026-11-22, 5 on 2026-11-23"},
		},
		{
			name: "more days than are named", want: preflight.Fail, change: quota(15), remedies: []string{"it takes 7 days, until 2026-11-26"},
			summary: []string{"it takes 7 days: 15 on 2026-11-20, 15 on 2026-11-21, 15 on 2026-11-22, 15 on 2026-11-23, 15 on 2026-11-24 and 2 more"},
		},
		{name: "today's is used up", want: preflight.Fail, change: live(100, 100), remedies: []string{"by 100, to 200", "begin later, 2026-11-21 00:00"}},
		{name: "none known", want: preflight.Pass, change: quota(0), summary: []string{"no quota is known"}},
		{name: "the vendor gives none", want: preflight.Fail, change: both(live(0, 0), spread), summary: []string{"0 a day (vendor), 0 used today, 0 left", "it would never be done"}, remedies: []string{"by 100, to 100"}},
		{
			name: "the vendor gives none, whatever grows", want: preflight.Fail, summary: []string{"0 a day (vendor)", "it would never be done"},
			change: both(live(0, 0), smsA(func(a *config.Account) { a.Ramp = &config.Ramp{Start: 20, Factor: 1.5} })),
		},
		{
			name: "one that grows up to the account's, for two channels", want: preflight.Fail,
			change: both(many(200), besideSMS, func(w *world) {
				w.account("edm", func(a *config.Account) { a.DailyQuota, a.Ramp = 150, &config.Ramp{Start: 100, Factor: 2} })
			}),
			summary: []string{"50 on 2026-11-20, 75 on 2026-11-21, 75 on 2026-11-22"},
		},
		{
			name: "nobody knows what a sender has sent", want: preflight.Error, summary: []string{diskError},
			change: both(smsA(func(a *config.Account) { a.Ramp = &config.Ramp{Start: 20, Factor: 1.5} }), func(w *world) { w.ledger = senderless{w.ledger} }),
		},
		{
			name: "what is promised cannot be read", want: preflight.Error, summary: []string{diskError},
			change: func(w *world) { w.ledger = earlier{Ledger: w.ledger, err: errDisk} },
		},
		{
			name: "the list as it was typed", want: preflight.Fail, remedies: []string{"notify send 'lists/award 2.xlsx' --spread"},
			change: both(quota(40), func(w *world) { w.subject = func(s *preflight.Subject) { s.List = "lists/award 2.xlsx" } }),
		},
		{name: "not enough, and days are accepted", want: preflight.Warn, change: both(quota(40), spread), summary: []string{"it takes 3 days"}},
		{
			name: "days are accepted, and the deadline is before", want: preflight.Fail,
			change: both(quota(40), spread, func(w *world) { w.campaign.Deadline = w.now.Add(24 * time.Hour) }),
		},
		{
			name: "used up by another campaign", want: preflight.Fail,
			change: both(quota(120), func(w *world) {
				otherPending(w)
				mine := w.campaign
				other := *mine
				other.Name = "other"
				w.campaign = &other
				w.send(50, "sms-a", message.OutcomeAccepted)
				w.campaign = mine
			}),
			summary:  []string{"120 a day", "50 used today, 70 left"},
			remedies: []string{"by 30, to 150", "the first 70 recipients"},
		},
		{name: "the vendor's limit is lower", want: preflight.Fail, change: live(50, 0), summary: []string{"50 a day (vendor)"}},
		{
			name: "the vendor counts more than we do", want: preflight.Fail, change: live(10000, 9950),
			summary: []string{"9,950 used today, 50 left"}, remedies: []string{"by 50, to 10,050"},
		},
		{
			name: "what was used today is no matter tomorrow", want: preflight.Fail, change: both(live(60, 50), window(8*time.Hour, 9*time.Hour)),
			remedies: []string{"by 40, to 100"},
		},
		{
			name: "what another campaign is sending now takes all of it", want: preflight.Fail,
			change: both(quota(50), otherPending, otherRuns), summary: []string{"50 on 2026-11-21, 50 on 2026-11-22"}, remedies: []string{"by 100, to 150"},
		},
		{
			name: "what another campaign is sending now counts", want: preflight.Fail,
			change:  both(quota(120), otherPending, otherRuns),
			summary: []string{"70 on 2026-11-20, 30 on 2026-11-21"}, remedies: []string{"by 30, to 150"},
		},
		{
			name: "both channels of an account count", want: preflight.Fail,
			change: both(many(200), besideSMS, func(w *world) {
				w.account("edm", func(a *config.Account) { a.DailyQuota = 150 })
			}),
			summary: []string{"edm: 150 a day", "75 on 2026-11-20, 75 on 2026-11-21, 50 on 2026-11-22"}, remedies: []string{"by 250, to 400"},
		},
		{
			name: "of tomorrow a part is used, and both channels of an account count", want: preflight.Fail,
			change: both(many(200), besideSMS, func(w *world) {
				w.account("edm", func(a *config.Account) { a.DailyQuota = 150 })
				w.ledger = counting{Ledger: w.ledger, today: map[string]int64{"edm": 0}, later: 40}
			}),
			summary: []string{"75 on 2026-11-20, 55 on 2026-11-21, 70 on 2026-11-22"},
		},
		{
			name: "what was used today cannot be read", want: preflight.Error, summary: []string{diskError},
			change: func(w *world) { w.ledger = forgotten{w.ledger, "sms-a", "2026-11-20"} },
		},
		{
			name: "what is used of tomorrow cannot be read", want: preflight.Error, summary: []string{diskError},
			change: func(w *world) { w.ledger = forgotten{w.ledger, "sms-a", "2026-11-21"} },
		},
		{
			name: "what stands in is offered", want: preflight.Fail,
			change: both(quota(40), route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b")), remedies: []string{"take some of the traffic off sms-a: 60 messages to sms-b", "[sms-a: 40, sms-b: 60]"},
		},
		{
			name: "only the account's share counts", want: preflight.Pass,
			change:  both(quota(50), route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}})),
			summary: []string{"sms-a: 50 a day", "50 to send", "sms-b: no quota"},
		},
		{
			name: "the window holds it back before the quota does", want: preflight.Pass,
			change: both(quota(70), smsA(func(a *config.Account) { a.Rate = 1.0 / 60 }), window(9*time.Hour, 11*time.Hour-30*time.Minute)),
		},
		{
			name: "what has left does not count again", want: preflight.Pass,
			change: both(quota(100), func(w *world) {
				w.stage()
				w.send(90, "sms-a", message.OutcomeAccepted)
			}),
			summary: []string{"90 used today, 10 left, 10 to send"},
		},
	})
}

// counting is a ledger that counted so many messages of today, by account and scenario, and of later days, and knows what a sender sent.
type counting struct {
	ledger.Ledger
	today  map[string]int64
	sender ledger.DomainHeld
	later  int64
}

func (c counting) Usage(_ context.Context, account string, day ledger.Day) (ledger.Usage, error) {
	n, ok := c.today[account]
	if !ok {
		return ledger.Usage{}, errDisk
	}
	if day.Name != "2026-11-20" {
		n = c.later
	}
	return ledger.Usage{Day: ledger.Debit{Messages: n}}, nil
}

func (c counting) Senders(context.Context, string) (map[string]ledger.DomainHeld, error) {
	return map[string]ledger.DomainHeld{"": c.sender}, nil
}

// Of the account's quota and that of the campaign's class on it, the one counts of which less is left, and on the days that follow the lower.
// The vendor's is one of all that the account sends.
func TestTheQuotaOfAClassOnAnAccount(t *testing.T) {
	of := ledger.ScenarioOf("sms-a", config.Notice)
	for _, c := range []struct {
		name       string
		own, class int64
		today      map[string]int64
		change     func(*world)
		want       string
	}{
		{"only the class has one", 0, 40, map[string]int64{"sms-a": 0, of: 3}, nil, "sms-a: 40 a day (configuration), 3 used today, 37 left, 100 to send; it takes 3 days: 37 on 2026-11-20, 40 on 2026-11-21, 23 on 2026-11-22"},
		{"one message a day of the account", 1, 0, map[string]int64{"sms-a": 0}, nil, "sms-a: 1 a day (configuration), 0 used today, 1 left, 100 to send; it takes 100 days"},
		{"one message a day", 0, 1, map[string]int64{"sms-a": 0, of: 0}, nil, "sms-a: 1 a day (configuration), 0 used today, 1 left, 100 to send; it takes 100 days"},
		{"the account's is used up before", 1000, 40, map[string]int64{"sms-a": 990, of: 0}, nil, "sms-a: 1,000 a day (configuration), 990 used today, 10 left, 100 to send; it takes 4 days: 10 on 2026-11-20, 40 on 2026-11-21, 40 on 2026-11-22, 10 on 2026-11-23"},
		{"the class's is used up before", 100, 90, map[string]int64{"sms-a": 60, of: 60}, nil, "sms-a: 90 a day (configuration), 60 used today, 30 left, 100 to send; it takes 2 days: 30 on 2026-11-20, 70 on 2026-11-21"},
		{"as much is left of both", 100, 60, map[string]int64{"sms-a": 50, of: 10}, nil, "sms-a: 100 a day (configuration), 50 used today, 50 left, 100 to send; it takes 2 days: 50 on 2026-11-20, 50 on 2026-11-21"},
		{"more is used than there is", 40, 0, map[string]int64{"sms-a": 50}, nil, "sms-a: 40 a day (configuration), 50 used today, 0 left, 100 to send"},
		{"the vendor gives none", 0, 40, map[string]int64{"sms-a": 0, of: 0}, live(0, 0), "sms-a: 0 a day (vendor), 0 used today, 0 left, 100 to send; it would never be done"},
		{"nobody knows what the class used", 0, 40, map[string]int64{"sms-a": 0}, nil, diskError},
		{"others used most of the vendor's", 0, 40, map[string]int64{"sms-a": 0, of: 0}, live(1000, 990), "sms-a: 1,000 a day (vendor), 990 used today, 10 left, 100 to send; it takes 4 days: 10 on 2026-11-20, 40 on 2026-11-21"},
		{"others used some of the vendor's", 0, 40, map[string]int64{"sms-a": 0, of: 0}, live(1000, 500), "sms-a: 40 a day (configuration), 0 used today, 40 left, 100 to send; it takes 3 days: 40 on 2026-11-20"},
	} {
		w := newWorld(t)
		smsA(func(a *config.Account) {
			a.DailyQuota, a.Scenarios = c.own, map[string]config.Scenario{config.Notice: {DailyQuota: c.class}, config.Marketing: {DailyQuota: 1}}
		})(w)
		w.ledger = counting{Ledger: w.ledger, today: c.today}
		if c.change != nil {
			c.change(w)
		}
		if f := w.ask("quota"); !strings.HasPrefix(summary(f), c.want) {
			t.Errorf("%s: %s, want %s", c.name, summary(f), c.want)
		}
	}
}

// A quota that grows counts where no more is left of another one, and what was sent today in the sender's name is used of it.
func TestTheQuotaThatGrows(t *testing.T) {
	sent := func(days int, day string, n int64) ledger.DomainHeld {
		return ledger.DomainHeld{Days: days, Day: day, Sent: n}
	}
	const today, before = "2026-11-20", "2026-11-19"
	for _, c := range []struct {
		name      string
		own, used int64
		start     int64
		sender    ledger.DomainHeld
		change    func(*world)
		want      string
	}{
		{"nothing was ever sent", 0, 0, 20, ledger.DomainHeld{}, nil, "sms-a: 20 today, more on each day with messages (ramp), 0 used today, 20 left, 100 to send; it takes 4 days: 20 on 2026-11-20, 30 on 2026-11-21, 45 on 2026-11-22, 5 on 2026-11-23"},
		{"on two days", 0, 0, 20, sent(1, before, 7), nil, "sms-a: 45 today, more on each day with messages (ramp), 0 used today, 45 left, 100 to send; it takes 2 days: 45 on 2026-11-20, 55 on 2026-11-21"},
		{"today", 0, 6, 20, sent(0, today, 6), nil, "sms-a: 20 today, more on each day with messages (ramp), 6 used today, 14 left, 100 to send; it takes 4 days: 14 on 2026-11-20, 30 on 2026-11-21"},
		{"today all of it", 0, 2, 2, sent(0, today, 2), nil, "sms-a: 2 today, more on each day with messages (ramp), 2 used today, 0 left, 100 to send; it takes 8 days: 3 on 2026-11-21, 4 on 2026-11-22"},
		{"today the one that there is", 0, 1, 1, sent(1, today, 1), nil, "sms-a: 1 today, more on each day with messages (ramp), 1 used today, 0 left, 100 to send; it takes 8 days: 2 on 2026-11-21, 3 on 2026-11-22"},
		{"nothing can be sent today", 0, 0, 20, ledger.DomainHeld{}, window(8*time.Hour, 9*time.Hour), "sms-a: 20 today, more on each day with messages (ramp), 0 used today, 20 left, 100 to send; it takes 4 days: 20 on 2026-11-21, 30 on 2026-11-22"},
		{"less is left of the account's", 30, 11, 20, ledger.DomainHeld{}, nil, "sms-a: 30 a day (configuration), 11 used today, 19 left, 100 to send; it takes 4 days: 19 on 2026-11-20, 30 on 2026-11-21, 30 on 2026-11-22"},
		{"as much is left of the account's", 30, 10, 20, ledger.DomainHeld{}, nil, "sms-a: 20 today, more on each day with messages (ramp), 0 used today, 20 left, 100 to send; it takes 4 days: 20 on 2026-11-20, 30 on 2026-11-21, 30 on 2026-11-22"},
		{"more is left of the account's", 40, 11, 20, sent(0, today, 10), nil, "sms-a: 20 today, more on each day with messages (ramp), 10 used today, 10 left, 100 to send; it takes 4 days: 10 on 2026-11-20, 30 on 2026-11-21, 40 on 2026-11-22"},
	} {
		w := newWorld(t)
		smsA(func(a *config.Account) { a.DailyQuota, a.Ramp = c.own, &config.Ramp{Start: c.start, Factor: 1.5} })(w)
		w.ledger = counting{Ledger: w.ledger, today: map[string]int64{"sms-a": c.used}, sender: c.sender}
		if c.change != nil {
			c.change(w)
		}
		if f := w.ask("quota"); !strings.HasPrefix(summary(f), c.want) {
			t.Errorf("%s: %s, want %s", c.name, summary(f), c.want)
		}
	}
}

// A higher rate of a class is offered only where it is enough: here a quota holds as well.
func TestTheRateOfAClassIsRaisedOnlyWhereItIsEnough(t *testing.T) {
	for quota, want := range map[int64]bool{100: true, 30: false} {
		w := newWorld(t)
		ofClass(1)(w)
		w.account("sms-a", func(a *config.Account) { a.DailyQuota = quota })
		w.campaign.Deadline = w.now.Add(20 * time.Second)
		f := w.ask("deadline")
		raised := slices.ContainsFunc(f.Options, func(o preflight.Option) bool { return o.Kind == preflight.OptionRate && o.Enough })
		if offered := slices.ContainsFunc(f.Options, func(o preflight.Option) bool { return o.Kind == preflight.OptionRate }); f.Status != preflight.Fail || raised != want || offered != want {
			t.Errorf("with %d a day: %s, offered %t, enough %t", quota, f.Status, offered, raised)
		}
	}
}

// A higher quota of the account is no way where that of a domain holds as well.
func TestAQuotaIsRaisedOnlyWhereNoDomainHolds(t *testing.T) {
	for domain, want := range map[int64]bool{0: true, 30: false, 99: false, 100: true} {
		w := newWorld(t)
		mails(nil)(w)
		w.account("edm", func(a *config.Account) {
			a.DailyQuota = 40
			if domain > 0 {
				a.DomainQuota = map[string]int64{"example.test": domain}
			}
		})
		f := w.ask("quota")
		raises := slices.ContainsFunc(f.Options, func(o preflight.Option) bool { return o.Kind == preflight.OptionRaiseQuota })
		if f.Status != preflight.Fail || raises != want {
			t.Errorf("%d a day to the domain: %s, raised: %t\n%s", domain, f.Status, raises, summary(f))
		}
	}
}

// A quota that grows with each day on which something is sent is no larger tomorrow where nothing is sent today.
func TestNobodyWaitsForAQuotaThatGrowsBySending(t *testing.T) {
	w := newWorld(t)
	both(many(30), smsA(func(a *config.Account) { a.Ramp = &config.Ramp{Start: 20, Factor: 1.5} }))(w)
	if f := w.ask("quota"); f.Status != preflight.Fail || !slices.Equal(kinds(f.Options), []preflight.OptionKind{preflight.OptionSpread, preflight.OptionPart}) {
		t.Errorf("%s with %v: %q", f.Status, kinds(f.Options), remedies(f))
	}
}

func TestWithoutAQuotaThereIsNothingElseToSay(t *testing.T) {
	w := newWorld(t)
	quota(0)(w)
	if f := w.ask("quota"); summary(f) != "sms-a: no quota is known" || len(f.Facts) > 0 {
		t.Errorf("%s %v", summary(f), f.Facts)
	}
}

func TestWindow(t *testing.T) {
	hours := func(from, to time.Duration) func(*world) {
		return func(w *world) {
			w.config.Hours = map[string]config.Hours{config.Notice: {Zone: w.now.Location(), From: from, To: to}}
		}
	}
	askAll(t, "window", []question{
		{name: "none", want: preflight.Skip},
		{name: "within the hours of the class", want: preflight.Pass, change: hours(8*time.Hour, 21*time.Hour), summary: []string{"08:00"}},
		{name: "beyond the hours of the class", want: preflight.Warn, change: hours(11*time.Hour, 21*time.Hour), summary: []string{"11:00"}, remedies: []string{"2026-11-20 11:00"}},
		{name: "within both", want: preflight.Pass, change: both(hours(8*time.Hour, 21*time.Hour), window(9*time.Hour, 20*time.Hour)), summary: []string{"09:00 to 20:00"}},
		{
			name: "within the hours of the class, and before the window", want: preflight.Warn, change: both(hours(8*time.Hour, 21*time.Hour), window(12*time.Hour, 20*time.Hour)),
			summary: []string{"12:00 to 20:00"}, remedies: []string{"2026-11-20 12:00"},
		},
		{
			name: "within the window, and before the hours of the class", want: preflight.Warn, change: both(hours(11*time.Hour, 21*time.Hour), window(9*time.Hour, 20*time.Hour)),
			summary: []string{"11:00"}, remedies: []string{"2026-11-20 11:00"},
		},
		{name: "over midnight, closed", want: preflight.Warn, change: window(22*time.Hour, 6*time.Hour), summary: []string{"2026-11-20 22:00"}},
	})
}

func TestDeadline(t *testing.T) {
	in := func(d time.Duration) func(*world) {
		return func(w *world) { w.campaign.Deadline = w.now.Add(d) }
	}
	rate := func(r float64) func(*world) { return smsA(func(a *config.Account) { a.Rate = r }) }
	mail := func(w *world) {
		w.campaign.Texts.Put(campaign.Text{Channel: message.SMS})
		w.campaign.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "{{name}}", Text: "You won."}})
		w.account("edm", func(a *config.Account) { a.DomainRate = map[string]float64{"default": 100, "example.test": 0.1} })
	}
	askAll(t, "deadline", []question{
		{
			name: "the rate of the class holds", want: preflight.Fail, change: both(in(20*time.Second), ofClass(1)),
			summary: []string{"sms-a: 80 of 100 messages would leave after the deadline"}, remedies: []string{"raise accounts.sms-a.scenarios.notice.rate to at least 5/s (now 1/s)"},
		},
		{name: "none", want: preflight.Pass, summary: []string{"done 2026-11-20 10:00 +08:00 at 10/s; no deadline"}},
		{
			name: "passed", want: preflight.Fail, change: in(-time.Minute),
			summary: []string{"has passed, with 100 messages"}, remedies: []string{"new deadline", "do not send"},
		},
		{
			name: "the quota is in the way", want: preflight.Fail, change: both(quota(40), in(10*time.Hour)),
			summary: []string{"60 of 100"}, remedies: []string{"quota"},
		},
		{
			name: "the window does not open before", want: preflight.Fail, change: both(window(18*time.Hour, 20*time.Hour), in(time.Hour)),
			summary: []string{"100 of 100"}, remedies: []string{"does not open before", "widen the window to 10:30–20:00 (now 18:00–20:00)"},
		},
		{name: "no rate", want: preflight.Warn, change: both(rate(0), in(time.Hour)), summary: []string{"cannot be known"}, remedies: []string{"accounts.sms-a.rate"}},
		{
			name: "never, and not in time", want: preflight.Fail, change: both(many(4000), rate(1e-6), in(time.Hour)),
			summary: []string{"3,999 of 4,000", "never"}, remedies: []string{"accounts.sms-a.rate"},
		},
		{
			name: "never", want: preflight.Fail, change: both(many(20000), rate(1e-6)),
			summary: []string{"years"}, remedies: []string{"accounts.sms-a.rate to at least 0.3/s"},
		},
		{name: "no rate, no deadline", want: preflight.Pass, change: rate(0), summary: []string{"cannot be known"}},
		{
			name: "a slow domain", want: preflight.Fail, change: both(mail, in(10*time.Minute)),
			summary: []string{"edm: 40 of 100"}, remedies: []string{"held by the pace of example.test"},
		},
		{
			name: "nothing left to send has no deadline", want: preflight.Pass,
			change: both(in(-time.Minute), func(w *world) {
				w.stage()
				w.send(100, "sms-a", message.OutcomeAccepted)
			}),
			summary: []string{"nothing left"},
		},
	})
}

// When it is done is told where that can be known.
func TestTheFiguresOfADeadline(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   []string
	}{
		"a rate":  {perSecond(10), []string{"account.sms-a.sms.done"}},
		"no rate": {perSecond(0), nil},
		"never":   {both(perSecond(1e-6), many(4000)), nil},
	} {
		w := newWorld(t)
		c.change(w)
		f := w.ask("deadline")
		if got := slices.Sorted(maps.Keys(facts(f))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestThePartThatIsInTimeIsTheLargest(t *testing.T) {
	in := func(d time.Duration) func(*world) { return func(w *world) { w.campaign.Deadline = w.now.Add(d) } }
	mail := func(rate float64, domains map[string]float64) func(*world) {
		return both(mails(nil), domainsOf, func(w *world) {
			w.account("edm", func(a *config.Account) { a.Rate, a.DomainRate = rate, domains })
			w.config.Accounts["edm-b"] = w.config.Accounts["edm"]
		})
	}
	for _, c := range []struct {
		name   string
		change func(*world)
		want   int // recipients; 0: there is no such part
	}{
		{"by the rate", both(perSecond(0.02), in(time.Hour)), 72},
		{"the last one would begin in time, and end late", both(perSecond(0.02), in(time.Hour+20*time.Second)), 72},
		{"not even one", both(perSecond(0.0002), in(time.Hour)), 0},
		{"to domains that have no pace", both(mail(0.02, nil), in(time.Hour)), 72},
		{"by the pace of a domain", both(mail(100, map[string]float64{"customer.test": 0.01}), in(time.Hour)), 36},
		{"by the pace of a domain, to which each of two accounts sends half", both(mail(100, map[string]float64{"customer.test": 0.01}), in(time.Hour), func(w *world) {
			w.config.Routes[message.Email] = config.Route{Accounts: []config.Share{{Account: "edm", Weight: 1}, {Account: "edm-b", Weight: 1}}}
		}), 72},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.change(w)
			f := w.ask("deadline")
			i := slices.Index(kinds(f.Options), preflight.OptionPart)
			if f.Status != preflight.Fail || i >= 0 != (c.want > 0) {
				t.Fatalf("%s with %v: %s", f.Status, kinds(f.Options), summary(f))
			}
			if i < 0 {
				return
			}
			p := f.Options[i].Parts[0]
			if p.Recipients != c.want || !f.Options[i].Enough {
				t.Errorf("%+v, want the first %d", f.Options[i], c.want)
			}
			w.part = plan.Part{From: p.From, To: p.To}
			if got := w.ask("deadline"); got.Status != preflight.Pass {
				t.Errorf("%s is not in time: %s", p.Command, summary(got))
			}
			w.part.To++
			if got := w.ask("deadline"); got.Status != preflight.Fail {
				t.Errorf("%s is not the largest: %s", p.Command, summary(got))
			}
		})
	}
}

// It is the quota's fault where the rate alone would be in time, as far as there is one.
func TestTheQuotaIsBlamedWhereItAloneIsLate(t *testing.T) {
	for _, c := range []struct {
		name   string
		rate   float64
		blamed bool
	}{{"fast enough", 0.5, true}, {"too slow as well", 0.002, false}, {"no rate", 0, false}} {
		w := newWorld(t)
		both(perSecond(c.rate), quota(40), func(w *world) { w.campaign.Deadline = w.now.Add(10 * time.Hour) })(w)
		f := w.ask("deadline")
		said := strings.Contains(strings.Join(remedies(f), "\n"), "the quota of the day holds it back")
		if f.Status != preflight.Fail || said != c.blamed {
			t.Errorf("%s: %s, blamed: %v, want %v: %q", c.name, f.Status, said, c.blamed, remedies(f))
		}
	}
}

func TestAnotherAccountIsOfferedThatIsInTime(t *testing.T) {
	slow := func(account string, rate float64) func(*world) {
		return func(w *world) { w.account(account, func(a *config.Account) { a.Rate = rate }) }
	}
	hour := func(w *world) { w.campaign.Deadline = w.now.Add(time.Hour) }
	standsIn := route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b")
	late := func(w *world) {
		w.config.Accounts["sms-c"] = w.config.Accounts["sms-b"]
		slow("sms-c", 0.0001)(w)
		route([]config.Share{{Account: "sms-c", Weight: 1}, {Account: "sms-a", Weight: 1}}, "sms-b")(w)
	}
	for _, c := range []struct {
		name   string
		change func(*world)
		want   []preflight.ShareOf // of sms-a's option; nil: it has none
	}{
		{"72 of 100 are in time", both(standsIn, slow("sms-a", 0.02)), []preflight.ShareOf{{"sms-a", 72, 72, 72}, {"sms-b", 28, 28, 28}}},
		{"the other would not be in time", both(standsIn, slow("sms-a", 0.02), slow("sms-b", 0.007)), nil},
		{"the other would just be in time", both(standsIn, slow("sms-a", 0.02), slow("sms-b", 28.0/3600)), []preflight.ShareOf{{"sms-a", 72, 72, 72}, {"sms-b", 28, 28, 28}}},
		{"a part too small for one message", both(standsIn, slow("sms-a", 0.0001), many(40)), []preflight.ShareOf{{"sms-a", 1, 0, 0}, {"sms-b", 99, 40, 40}}},
		{
			"a third is late anyway", both(late, slow("sms-a", 0.01)),
			[]preflight.ShareOf{{"sms-c", 50, 50, 50}, {"sms-a", 36, 36, 36}, {"sms-b", 14, 14, 14}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			both(hour, c.change)(w)
			f := w.ask("deadline")
			var got []preflight.ShareOf
			for _, o := range f.Options {
				if o.Kind == preflight.OptionAccount && strings.Contains(o.Text.String(), "off sms-a") {
					got = o.Shares
				}
			}
			if f.Status != preflight.Fail || !slices.Equal(got, c.want) {
				t.Errorf("%s with %v, want %v: %s %q", f.Status, got, c.want, summary(f), remedies(f))
			}
		})
	}
}

// domainsOf has all mails go to one domain.
func domainsOf(w *world) { domains(len(w.people), "customer.test")(w) }

func TestPlanByDay(t *testing.T) {
	w := newWorld(t)
	both(quota(40), window(9*time.Hour, 20*time.Hour))(w)
	r := preflight.Run(t.Context(), w.make(), nil)
	got := r.Plan.Accounts[0]
	want := []preflight.Day{{"2026-11-20", 40}, {"2026-11-21", 40}, {"2026-11-22", 20}}
	if diff := cmp.Diff(want, got.Days); diff != "" {
		t.Error(diff)
	}
	if done := time.Date(2026, 11, 22, 9, 0, 2, 0, w.now.Location()); !got.Done.Equal(done) || !r.Plan.Done.Equal(done) {
		t.Errorf("done %s and %s, want %s", got.Done, r.Plan.Done, done)
	}
	if got.Price == nil || *got.Price != 45_000 || *got.Cost != 4_500_000 || got.Currency != "CNY" {
		t.Errorf("price: %+v", got)
	}
	if got.Limit.ID != "preflight.limit.quota" || r.Plan.ToSend != 100 || r.Plan.Left != 0 {
		t.Errorf("plan: %+v", r.Plan)
	}
	if diff := cmp.Diff([]preflight.Cost{{Currency: "CNY", Amount: yuan(t, "4.50")}}, r.Plan.Costs); diff != "" {
		t.Error(diff)
	}
}

// An account with a weight of nothing has no part in the forecast.
func TestAnAccountThatCarriesNothingHasNoRateOfADomain(t *testing.T) {
	w := newWorld(t)
	both(mails(nil), domainPace(0, 0.5), halves)(w)
	w.config.Routes[message.Email].Accounts[0].Weight = 0
	p := preflight.Run(t.Context(), w.make(), nil).Plan
	if _, err := json.Marshal(p); err != nil || p.Accounts[0].Messages != 0 || p.Accounts[0].Rate != 0 || p.Accounts[1].Rate != 0.5 {
		t.Errorf("%v: %+v", err, p.Accounts)
	}
}

func TestADomainThatIsAsQuickAsTheAccountDoesNotHoldIt(t *testing.T) {
	for domain, want := range map[float64]string{0.5: "preflight.limit.rate", 0.4: "preflight.limit.domain"} {
		w := newWorld(t)
		both(mails(nil), domainPace(0.5, domain))(w)
		if a := preflight.Run(t.Context(), w.make(), nil).Plan.Accounts[0]; a.Limit.ID != want {
			t.Errorf("held by %q, want %q", a.Limit.ID, want)
		}
	}
}

// When the first can leave and when the last has, as far as that is known.
func TestWhenThePlanBeginsAndEnds(t *testing.T) {
	sent := func(w *world) { w.stage(); w.send(100, "sms-a", message.OutcomeAccepted) }
	second := both(route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}}), quota(0))
	slow := func(r float64) func(*world) {
		return func(w *world) { w.account("sms-b", func(a *config.Account) { a.Rate = r }) }
	}
	for _, c := range []struct {
		name        string
		change      func(*world)
		start, done time.Duration // from now; negative: not known
		limit       string        // of the first account
	}{
		{"one message", many(1), 0, 100 * time.Millisecond, "preflight.limit.rate"},
		{"one message at no rate that is known", both(many(1), perSecond(0)), 0, -1, ""},
		{"one a second", perSecond(1), 0, 100 * time.Second, "preflight.limit.rate"},
		{"no rate", both(perSecond(0), quota(0)), 0, -1, ""},
		{"no rate, and a quota", both(perSecond(0), quota(40)), 0, -1, "preflight.limit.quota"},
		{"never", both(perSecond(1e-6), many(4000), quota(0)), 0, -1, "preflight.limit.rate"},
		{"nothing is left", both(sent, quota(0)), -1, -1, "preflight.limit.rate"},
		{"a window", both(window(12*time.Hour, 20*time.Hour), quota(0)), 2 * time.Hour, 2*time.Hour + 10*time.Second, "preflight.limit.rate"},
		{"the slower of two accounts", both(second, slow(1)), 0, 50 * time.Second, "preflight.limit.rate"},
		{"an account that carries nothing", both(route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b"}}), quota(0)), 0, 10 * time.Second, "preflight.limit.rate"},
		{"one of two accounts without a rate", both(second, slow(0)), 0, -1, "preflight.limit.rate"},
	} {
		w := newWorld(t)
		c.change(w)
		p := preflight.Run(t.Context(), w.make(), nil).Plan
		at := func(d time.Duration) time.Time {
			if d < 0 {
				return time.Time{}
			}
			return w.now.Add(d)
		}
		if !p.Start.Equal(at(c.start)) || !p.Done.Equal(at(c.done)) || p.Accounts[0].Limit.ID != c.limit {
			t.Errorf("%s: from %s until %s, held by %q; want from %s until %s, held by %q", c.name, p.Start, p.Done, p.Accounts[0].Limit.ID, at(c.start), at(c.done), c.limit)
		}
	}
}

func TestThePlanNamesAccountsOfTheOtherClass(t *testing.T) {
	emergency := func(w *world) { w.subject = func(s *preflight.Subject) { s.Emergency = true } }
	standsIn := route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b", "promo")
	for name, c := range map[string]struct {
		change func(*world)
		want   []string
	}{
		"none is asked to stand in":   {standsIn, nil},
		"one stands in":               {both(standsIn, emergency), []string{"promo"}},
		"an account without a class":  {both(standsIn, emergency, func(w *world) { w.account("promo", func(a *config.Account) { a.Class = "" }) }), nil},
		"a campaign without a class":  {both(standsIn, emergency, func(w *world) { w.campaign.Class = "" }), nil},
		"a campaign of another class": {both(standsIn, emergency, marketing), []string{"sms-a", "sms-b"}},
	} {
		w := newWorld(t)
		c.change(w)
		if got := preflight.Run(t.Context(), w.make(), nil).Plan.Emergency; !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Who waits by an earlier list, and is not on this one, is named: the first of them by the rows of that list.
func TestThePlanNamesWhoIsMissing(t *testing.T) {
	staged := func(w *world) { w.stage() }
	masked := message.Address("+8610000000098").Masked()
	for _, c := range []struct {
		name   string
		change func(*world)
		people int
		first  []preflight.MissingPerson
	}{
		{"a new name", func(*world) {}, 0, nil},
		{"nobody", staged, 0, nil},
		{"the last", both(staged, many(99)), 1, []preflight.MissingPerson{{Row: 101, Key: "K99"}}},
		{"the last two", both(staged, many(98)), 2, []preflight.MissingPerson{{Row: 100, Key: "K98", Address: masked}, {Row: 101, Key: "K99"}}},
		{"who has another number now is not missing", both(staged, func(w *world) { w.people[98].To[0].Address = "+8610000001234" }), 0, nil},
		{"a part of the list takes nobody off it", both(staged, func(w *world) { w.part = plan.Part{Limit: 98} }), 0, nil},
		{"who was told is not missing", both(func(w *world) { w.stage(); w.send(40, "sms-a", message.OutcomeAccepted) }, func(w *world) { w.people = w.people[40:] }), 0, nil},
		{"more than are named", both(staged, many(70)), 30, nil},
	} {
		w := newWorld(t)
		c.change(w)
		p := preflight.Run(t.Context(), w.make(), nil).Plan
		if p.Missing.People != c.people || len(p.Missing.First) != min(c.people, 20) || !p.Unknown.IsZero() {
			t.Errorf("%s: %+v, %s", c.name, p.Missing, p.Unknown)
			continue
		}
		for i, want := range c.first {
			if got := p.Missing.First[i]; got.Row != want.Row || got.Key != want.Key || want.Address != "" && got.Address != want.Address {
				t.Errorf("%s: %+v, want %+v", c.name, got, want)
			}
		}
	}
}

// What is to be paid is one amount for each currency; whose price is not known is named once, where it has something to carry.
func TestThePlanSaysWhatItCosts(t *testing.T) {
	b := func(price, currency string) func(*world) {
		return func(w *world) {
			w.account("sms-b", func(a *config.Account) { a.Price, a.Currency = ptr(yuan(w.t, price)), currency })
		}
	}
	shared := route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}})
	cost := func(currency, amount string) preflight.Cost {
		return preflight.Cost{Currency: currency, Amount: yuan(t, amount)}
	}
	for _, c := range []struct {
		name     string
		change   func(*world)
		costs    []preflight.Cost
		unpriced []string
	}{
		{"one currency", both(shared, b("0.01", "CNY")), []preflight.Cost{cost("CNY", "2.75")}, nil},
		{"two currencies", both(shared, b("0.01", "USD")), []preflight.Cost{cost("CNY", "2.25"), cost("USD", "0.5")}, nil},
		{"one without a price", shared, []preflight.Cost{cost("CNY", "2.25")}, []string{"sms-b"}},
		{"one message without a price", both(many(2), shared), []preflight.Cost{cost("CNY", "0.045")}, []string{"sms-b"}},
		{"one without a price and with nothing to carry", route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b"}}), []preflight.Cost{cost("CNY", "4.5")}, nil},
		{"two channels without a price", besideSMS, nil, []string{"edm"}},
	} {
		w := newWorld(t)
		c.change(w)
		p := preflight.Run(t.Context(), w.make(), nil).Plan
		if !slices.Equal(p.Costs, c.costs) || !slices.Equal(p.Unpriced, c.unpriced) {
			t.Errorf("%s: %v without %q, want %v without %q", c.name, p.Costs, p.Unpriced, c.costs, c.unpriced)
		}
	}
}

func TestPlanAddsUp(t *testing.T) {
	w := newWorld(t)
	w.people = people(101)
	route([]config.Share{{Account: "sms-a", Weight: 2}, {Account: "sms-b", Weight: 1}})(w)
	w.stage()
	w.send(17, "sms-a", message.OutcomeAccepted)
	p := preflight.Run(t.Context(), w.make(), nil).Plan
	if p.Segments != 101 || p.Channels[0].Segments != 101 || p.People != 84 {
		t.Errorf("%d segments for %d people: %+v", p.Segments, p.People, p.Channels[0])
	}
	if p.Messages != 101 || p.Left != 17 || p.ToSend != 84 {
		t.Errorf("%d messages = %d left + %d to send", p.Messages, p.Left, p.ToSend)
	}
	messages, segments := 0, 0
	for _, a := range p.Accounts {
		messages, segments = messages+a.Messages, segments+a.Segments
	}
	if messages != 84 || segments != p.Channels[0].SegmentsToSend {
		t.Errorf("the accounts carry %d messages and %d segments of %+v", messages, segments, p.Channels[0])
	}
	if diff := cmp.Diff([]string{"sms-b"}, p.Unpriced); diff != "" {
		t.Error(diff)
	}
}

// Whatever the rate, the quota and the window: all messages are on some day, no day is over its quota, and days follow.
func TestDaysAddUp(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t)
	for range 300 {
		n, limit := 1+chance.IntN(400), int64(1+chance.IntN(200))
		w.people = people(n)
		smsA(func(a *config.Account) { a.Rate, a.DailyQuota = chance.Float64()*0.2, limit })(w)
		minute := func() time.Duration { return time.Duration(chance.IntN(24*60)) * time.Minute }
		window(minute(), minute())(w)
		w.now = time.Date(2026, 11, 20, chance.IntN(24), chance.IntN(60), 0, 0, w.now.Location())
		a := preflight.Run(t.Context(), w.make(), nil).Plan.Accounts[0]
		sum, last := 0, ""
		for _, d := range a.Days {
			sum += d.Messages
			if int64(d.Messages) > limit || d.Messages < 1 || d.Date <= last {
				t.Fatalf("%d of %d on %s after %s: %+v", d.Messages, limit, d.Date, last, a)
			}
			last = d.Date
		}
		if sum != n || a.Done.IsZero() != (a.Rate == 0) {
			t.Fatalf("%d of %d messages are on a day: %+v", sum, n, a)
		}
		if done := a.Done.In(w.now.Location()).Add(-time.Nanosecond).Format(time.DateOnly); done != last && a.Rate > 0 {
			t.Fatalf("the last day is %s, and it is done on %s", last, done)
		}
	}
}

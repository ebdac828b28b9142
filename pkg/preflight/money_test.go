package preflight_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
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

func balance(amount string, change ...func(*vendors.Balance)) func(*world) {
	return func(w *world) {
		b := vendors.Balance{Currency: "CNY"}
		if amount != "" {
			b.Amount = ptr(yuan(w.t, amount))
		}
		for _, c := range change {
			c(&b)
		}
		w.vendors["sms-a"].(*vendor).balance = b
	}
}

func both(changes ...func(*world)) func(*world) {
	return func(w *world) {
		for _, c := range changes {
			c(w)
		}
	}
}

func smsA(change func(*config.Account)) func(*world) {
	return func(w *world) { w.account("sms-a", change) }
}

func noPrice(w *world) { w.account("sms-a", func(a *config.Account) { a.Price = nil }) }

// pending stages another campaign of n messages, of which nothing has left.
func pending(name string, n int) func(*world) {
	return func(w *world) {
		mine, all := w.campaign, w.people
		other := *mine
		other.Name = name
		w.campaign, w.people = &other, all[:n]
		w.stage()
		w.campaign, w.people = mine, all
	}
}

// as does something with another campaign of the same list.
func as(name string, do func(*world)) func(*world) {
	return func(w *world) {
		mine := w.campaign
		other := *mine
		other.Name, w.campaign = name, &other
		do(w)
		w.campaign = mine
	}
}

func otherPending(w *world) { pending("other", 50)(w) }

func TestPrice(t *testing.T) {
	edmPrice := func(w *world) {
		w.account("edm", func(a *config.Account) { a.Price, a.Currency = ptr(yuan(w.t, "0.01")), "CNY" })
	}
	askAll(t, "price", []question{
		{name: "unknown", want: preflight.Warn, change: noPrice, summary: []string{"sms-a has no price"}, remedies: []string{"accounts.sms-a.price"}},
		{name: "unknown, and the day has a budget", want: preflight.Fail, change: both(noPrice, smsA(func(a *config.Account) { a.DayBudget = 1 }))},
		{name: "unknown, and the month has one", want: preflight.Fail, change: both(noPrice, smsA(func(a *config.Account) { a.MonthBudget = 1 }))},
		{
			name: "mails and messages have their own lines", want: preflight.Warn,
			change: func(w *world) {
				w.campaign.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "{{name}}", Text: "You won."}})
			},
			summary: []string{"sms-a: 100 segments", "edm has no price"},
		},
		{name: "mails are counted as mails", want: preflight.Pass, change: both(mails(nil), edmPrice), summary: []string{"edm: 100 mails × 0.01 = 1.00 CNY"}},
		{name: "mails beside SMS are counted as segments", want: preflight.Pass, change: both(besideSMS, edmPrice), summary: []string{"edm: 200 segments × 0.01 = 2.00 CNY"}},
	})
}

// prices are those of sms-a by country.
func prices(by map[string]message.Money) func(*world) {
	return smsA(func(a *config.Account) { a.Price, a.Prices = nil, by })
}

// someAbroad gives the first n people numbers of the range of Britain that is reserved for drama.
func someAbroad(n int) func(*world) {
	return func(w *world) {
		for i := range n {
			w.people[i].To[0].Address = message.Address(fmt.Sprintf("+447700900%03d", i))
		}
	}
}

// everywhere gives the first seven people numbers of other countries, which are reserved for drama.
func everywhere(w *world) {
	for i, number := range []message.Address{"+447700900000", "+33199000000", "+493023125000", "+61491570006", "+353209100000", "+46701740605", "+12025550100"} {
		w.people[i].To[0].Address = number
	}
}

func TestPriceByCountry(t *testing.T) {
	const home, britain = message.Money(45_000), message.Money(300_000)
	thirds := func(w *world) {
		w.config.Accounts["sms-b"] = w.config.Accounts["sms-a"]
		route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 2}})(w)
	}
	askAll(t, "price", []question{
		{
			name: "all in one", want: preflight.Pass, change: prices(map[string]message.Money{"CN": home, "GB": britain}),
			summary: []string{"sms-a: 100 segments = 4.50 CNY; the whole list by country: CN 100 × 0.045"},
		},
		{
			name: "in two", want: preflight.Pass, change: both(prices(map[string]message.Money{"CN": home, "GB": britain}), someAbroad(10)),
			summary: []string{"sms-a: 100 segments = 7.05 CNY; the whole list by country: CN 90 × 0.045, GB 10 × 0.30"},
		},
		{
			name: "one message", want: preflight.Pass, change: both(many(1), prices(map[string]message.Money{"CN": home})),
			summary: []string{"sms-a: 1 segment = 0.045 CNY; the whole list by country: CN 1 × 0.045"},
		},
		{
			name: "in more than are named", want: preflight.Pass, change: both(prices(map[string]message.Money{config.OtherCountries: home}), everywhere),
			summary: []string{"AU 1 × 0.045, CN 93 × 0.045, DE 1 × 0.045, FR 1 × 0.045, GB 1 × 0.045, IE 1 × 0.045 and 2 more"},
		},
		{
			name: "in more than are named it is not known", want: preflight.Warn, change: both(prices(map[string]message.Money{"CN": home}), everywhere),
			summary: []string{"what a message to AU, DE, FR, GB, IE and 2 more costs"}, remedies: []string{"for AU, DE, FR, GB, IE and 2 more"},
		},
		{
			name: "all has left", want: preflight.Pass, summary: []string{"nothing left to send"},
			change: both(prices(map[string]message.Money{"CN": home}), func(w *world) { w.stage(); w.send(100, "sms-a", message.OutcomeAccepted) }),
		},
		{
			name: "in one that is not named", want: preflight.Pass, change: both(prices(map[string]message.Money{"CN": home, config.OtherCountries: britain}), someAbroad(10)),
			summary: []string{"7.05 CNY", "GB 10 × 0.30"},
		},
		{
			name: "of one it is not known", want: preflight.Warn, change: both(prices(map[string]message.Money{"CN": home}), someAbroad(10)),
			summary: []string{"sms-a: what a message to GB costs is not known"}, remedies: []string{"accounts.sms-a.prices", "for GB"},
		},
		{
			name: "of one it is not known, and there is a budget", want: preflight.Fail,
			change:  both(prices(map[string]message.Money{"CN": home}), someAbroad(10), func(w *world) { w.campaign.Budget = 1 }),
			summary: []string{"what a message to GB costs is not known"},
		},
		{
			name: "each account has its part of every country, rounded up", want: preflight.Pass,
			change:  both(prices(map[string]message.Money{"CN": home, "GB": britain}), someAbroad(10), thirds),
			summary: []string{"sms-a: 33 segments = 2.3265 CNY", "sms-b: 67 segments = 4.7235 CNY"},
		},
		{
			name: "each country is named once", want: preflight.Warn, change: both(prices(map[string]message.Money{"CN": home}), someAbroad(10), thirds),
			summary: []string{"sms-a: what a message to GB costs", "sms-b: what a message to GB costs"},
		},
	})
	w := newWorld(t)
	both(prices(map[string]message.Money{"CN": home, "GB": britain}), someAbroad(10))(w)
	want := map[string]any{"country.CN.segments": 90, "country.GB.segments": 10, "account.sms-a.cost": yuan(t, "7.05"), "account.sms-a.currency": "CNY"}
	if d := cmp.Diff(want, facts(w.ask("price"))); d != "" {
		t.Error(d)
	}
	plan := preflight.Run(t.Context(), w.make(), nil).Plan
	if a := plan.Accounts[0]; a.Price != nil || *a.Cost != yuan(t, "7.05") || len(plan.Channels[0].Countries) != 2 {
		t.Errorf("%+v, %+v", a, plan.Channels[0])
	}
	// What an account has is divided by what a segment costs on the average: 0.0705.
	answers(t, w.ask("balance"), preflight.Pass, []string{"needs 110 segments = 7.755 CNY"}, nil)
	balance("7")(w)
	answers(t, w.ask("balance"), preflight.Fail, []string{"7.00 CNY left pays for 99"}, []string{"top up sms-a by at least 0.7755 CNY (11 segments)"})
}

func TestBalance(t *testing.T) {
	askAll(t, "balance", []question{
		{name: "enough to the last fen", want: preflight.Pass, change: balance("4.95")},
		{
			name: "the operator's margin", want: preflight.Pass,
			change: both(balance("4.5"), func(w *world) { w.subject = func(s *preflight.Subject) { s.Margin = -1 } }),
		},
		{
			name: "empty", want: preflight.Fail, change: balance("0"),
			summary: []string{"0.00 CNY left pays for 0"}, remedies: []string{"4.95 CNY (110 segments)", "no part of the campaign fits"},
		},
		{name: "in debt", want: preflight.Fail, change: balance("-3.20"), summary: []string{"-3.20 CNY left pays for 0"}, remedies: []string{"8.15 CNY (110 segments)"}},
		{name: "a debt in packages", want: preflight.Fail, change: both(noPrice, balance("", func(b *vendors.Balance) { b.Messages = ptr(int64(-5)) })), remedies: []string{"buy at least 110 segments more"}},
		{name: "the lowest price that there is", want: preflight.Fail, change: both(balance("0"), smsA(func(a *config.Account) { a.Price = ptr(message.Money(1)) }))},
		{name: "a price of nothing", want: preflight.Pass, change: both(balance("0"), smsA(func(a *config.Account) { a.Price = ptr(message.Money(0)) })), summary: []string{"0.00 CNY left"}},
		{
			name: "packages", want: preflight.Pass,
			change:  balance("", func(b *vendors.Balance) { b.Messages = ptr(int64(110)) }),
			summary: []string{"110 messages in packages"},
		},
		{
			name: "packages and money together", want: preflight.Pass,
			change:  balance("2.25", func(b *vendors.Balance) { b.Messages = ptr(int64(60)) }),
			summary: []string{"2.25 CNY and 60 messages in packages"},
		},
		{
			name: "packages that end", want: preflight.Fail,
			change:   both(noPrice, balance("", func(b *vendors.Balance) { b.Messages = ptr(int64(55)) })),
			remedies: []string{"buy at least 55 segments more for sms-a", "the first 50 recipients, up to row 51"},
		},
		{
			name: "another currency", want: preflight.Fail, change: balance("100", func(b *vendors.Balance) { b.Currency = "USD" }),
			summary: []string{"in USD, the price in notify.yaml in CNY"}, remedies: []string{"accounts.sms-a.price"},
		},
		{name: "money without a price", want: preflight.Warn, change: noPrice, summary: []string{"100.00 CNY left; without a price"}},
		{
			name: "a vendor that does not tell", want: preflight.Warn, change: func(w *world) { w.vendors["sms-a"] = mute{} },
			summary: []string{"cannot be checked"}, remedies: []string{"console", "100 segments"},
		},
		{
			name: "an account that could not be opened", want: preflight.Error, change: func(w *world) { delete(w.vendors, "sms-a") }, summary: []string{"was not opened"},
		},
		{name: "an answer without a figure", want: preflight.Warn, change: balance(""), summary: []string{"cannot be checked"}},
		{
			name: "what is promised to others counts", want: preflight.Fail, change: both(otherPending, balance("5")),
			summary:  []string{"pays for 111", "165 segments", "50 of them for other"},
			remedies: []string{"top up sms-a by at least 2.43 CNY (54 segments)", "notify abort other", "the first 50 recipients"},
		},
		{
			name: "one segment that is promised counts", want: preflight.Fail, change: both(pending("other", 1), balance("4.99")),
			summary: []string{"1 of them for other"}, remedies: []string{"notify abort other --reason … (it holds 1 segment)"},
		},
		{
			name: "two hold it", want: preflight.Fail, change: both(pending("a", 9), pending("b", 9), balance("5")),
			summary: []string{"18 of them for b, a"}, remedies: []string{"notify abort b --reason … (with 1 more it holds 18 segments)"},
		},
		{
			name: "three of those that it is promised to are named", want: preflight.Fail,
			change:  both(pending("a", 9), pending("b", 9), pending("c", 9), pending("d", 9), balance("5")),
			summary: []string{"36 of them for d, c, b and 1 more"}, remedies: []string{"notify abort d --reason … (with 3 more it holds 36 segments)"},
		},
		{
			name: "whose only message another account carries is not named", want: preflight.Fail,
			change: both(pending("a", 1), pending("b", 10), route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}}), func(w *world) {
				w.vendors["sms-b"] = &vendor{balance: vendors.Balance{Messages: ptr(int64(60))}}
			}),
			summary: []string{"sms-b: 60 messages in packages", "61 segments", "5 of them for b;"},
		},
		{
			name: "what is promised goes where all goes that an account does not carry which is switched off", want: preflight.Fail,
			change: both(otherPending, route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b"), knows(ledger.AccountState{Account: "sms-a", Off: &ledger.Act{}}), func(w *world) {
				w.vendors["sms-b"] = &vendor{balance: vendors.Balance{Messages: ptr(int64(164))}}
			}),
			summary: []string{"sms-a: nothing left to send", "sms-b: 164 messages in packages", "165 segments", "50 of them for other"},
		},
		{
			name: "neither one that has ended nor one that was aborted nor its own rows hide another", want: preflight.Fail, summary: []string{"50 of them for other;"},
			change: both(otherPending, pending("ended", 5), as("ended", func(w *world) { w.send(5, "sms-a", message.OutcomeAccepted) }), pending("aborted", 5), func(w *world) {
				if _, err := w.ledger.Abort(w.t.Context(), "aborted", w.act("abort")); err != nil {
					w.t.Fatal(err)
				}
				w.stage()
			}, balance("7.42")),
		},
		{
			name: "a campaign of the other class takes nothing of it", want: preflight.Pass,
			change: both(as("other", both(marketing, (*world).stage)), balance("4.95")),
		},
		{
			name: "what another is still to send cannot be read", want: preflight.Error, summary: []string{"other", diskError},
			change: both(otherPending, func(w *world) { w.ledger = countless{w.ledger} }),
		},
		{name: "without a ledger nothing is promised", want: preflight.Pass, change: both(unopened(errDisk), balance("4.95"))},
		{
			name: "half as much again", want: preflight.Fail, summary: []string{"150 segments", "(margin 50%)"},
			change: both(balance("6.7"), func(w *world) { w.subject = func(s *preflight.Subject) { s.Margin = 0.5 } }),
		},
		{
			name: "what is promised cannot be read", want: preflight.Error, summary: []string{diskError},
			change: func(w *world) { w.ledger = earlier{Ledger: w.ledger, err: errDisk} },
		},
		{
			name: "an account with nothing to carry is not asked, the next one is", want: preflight.Pass,
			change: both(route([]config.Share{{Account: "sms-a"}, {Account: "sms-b", Weight: 1}}), down, func(w *world) {
				w.vendors["sms-b"] = &vendor{balance: vendors.Balance{Messages: ptr(int64(110))}}
			}),
			summary: []string{"sms-a: nothing left to send", "sms-b: 110 messages in packages"},
		},
		{
			name: "what has left is not paid twice", want: preflight.Pass,
			change: both(balance("0.5"), func(w *world) {
				w.stage()
				w.send(90, "sms-a", message.OutcomeAccepted)
			}),
			summary: []string{"11 segments"},
		},
		{
			name: "what may have left is not sent again either", want: preflight.Pass,
			change: both(balance("0"), func(w *world) {
				w.stage()
				w.send(100, "sms-a", message.OutcomeUnknown)
			}),
			summary: []string{"nothing left to send"},
		},
		{
			name: "what was definitely not taken is sent again", want: preflight.Fail,
			change: both(balance("0"), func(w *world) {
				w.stage()
				w.send(100, "sms-a", message.OutcomeThrottled)
			}),
			summary: []string{"110 segments"},
		},
	})
}

func TestTheFiguresOfABalance(t *testing.T) {
	at := "account.sms-a."
	money := message.Money(2_250_000)
	for name, c := range map[string]struct {
		change func(*world)
		want   map[string]any
	}{
		"money and packages": {
			both(otherPending, balance("2.25", func(b *vendors.Balance) { b.Messages = ptr(int64(60)) })),
			map[string]any{
				at + "balance": money, at + "currency": "CNY", at + "packages": int64(60), at + "segments": 100, at + "promised_segments": 50,
				at + "wanted_segments": int64(165), at + "covered_segments": int64(110), at + "wanted": yuan(t, "7.425"),
			},
		},
		"a price of nothing": {
			both(balance("2.25"), smsA(func(a *config.Account) { a.Price = ptr(message.Money(0)) })),
			map[string]any{
				at + "balance": money, at + "currency": "CNY", at + "segments": 100, at + "promised_segments": 0,
				at + "wanted_segments": int64(110), at + "wanted": message.Money(0),
			},
		},
		"no price": {
			both(noPrice, balance("2.25")),
			map[string]any{at + "balance": money, at + "currency": "CNY", at + "segments": 100, at + "promised_segments": 0, at + "wanted_segments": int64(110)},
		},
	} {
		w := newWorld(t)
		c.change(w)
		if d := cmp.Diff(c.want, facts(w.ask("balance"))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// forgotten is a ledger that cannot say what one account has spent on any day, or on one.
type forgotten struct {
	ledger.Ledger
	account, day string
}

func (f forgotten) Usage(ctx context.Context, account string, day ledger.Day) (ledger.Usage, error) {
	if account == f.account && (f.day == "" || day.Name == f.day) {
		return ledger.Usage{}, errDisk
	}
	return f.Ledger.Usage(ctx, account, day)
}

// countless is a ledger that cannot be asked what has become of a campaign.
type countless struct{ ledger.Ledger }

func (countless) Counts(context.Context, string) (ledger.Counts, error) {
	return ledger.Counts{}, errDisk
}

// used lets 20 of the campaign's messages leave today, which costs 0.90.
func used(w *world) {
	w.stage()
	w.send(20, "sms-a", message.OutcomeAccepted)
}

func TestBudget(t *testing.T) {
	askAll(t, "budget", []question{
		{name: "none", want: preflight.Skip, summary: []string{"no budget"}},
		{name: "none, and no price", want: preflight.Skip, change: noPrice, summary: []string{"no budget"}},
		{
			name: "within", want: preflight.Pass, change: smsA(func(a *config.Account) { a.DayBudget, a.MonthBudget = 4_500_000, 5_000_000 }),
			summary: []string{"sms-a, day 2026-11-20: budget 4.50 CNY, used 0.00 CNY, to come 4.50 CNY", "month"},
		},
		{
			name: "the day's budget is for each day that it takes", want: preflight.Pass,
			change: both(smsA(func(a *config.Account) { a.DayBudget, a.DailyQuota = 2_000_000, 40 }), used),
			// 20 of today's 40 are used: 20 today, 40 tomorrow, 20 the day after.
			summary: []string{"sms-a, day 2026-11-20: budget 2.00 CNY, used 0.90 CNY, to come 0.90 CNY"},
		},
		{
			name: "a later day may be the dearest", want: preflight.Fail,
			change: both(smsA(func(a *config.Account) { a.DayBudget, a.Rate = 2_000_000, 0.01 }), window(9*time.Hour, 11*time.Hour)),
			// 36 messages leave until 11:00 today, the other 64 tomorrow.
			summary: []string{"sms-a, day 2026-11-21: budget 2.00 CNY, used 0.00 CNY, to come 2.88 CNY: 0.88 CNY over"},
		},
		{name: "over by the least that there is", want: preflight.Fail, change: smsA(func(a *config.Account) { a.DayBudget = 4_499_999 })},
		{name: "over for the month", want: preflight.Fail, change: smsA(func(a *config.Account) { a.MonthBudget = 4_000_000 }), remedies: []string{"or send less: shorten the text"}},
		{
			name: "what was used today counts once", want: preflight.Pass,
			change:  both(used, smsA(func(a *config.Account) { a.DayBudget = 4_500_000 })),
			summary: []string{"used 0.90 CNY, to come 3.60 CNY"},
		},
		{
			name: "the campaign's own budget", want: preflight.Fail, change: func(w *world) { w.campaign.Budget = yuan(w.t, "4.49") },
			summary: []string{"award, campaign: budget 4.49 CNY", "0.01 CNY over"}, remedies: []string{"campaign file", "4.50"},
		},
		{
			name: "the campaign's own budget over several runs", want: preflight.Pass,
			change: both(used, func(w *world) { w.campaign.Budget = yuan(w.t, "4.50") }), summary: []string{"used 0.90 CNY, to come 3.60 CNY"},
		},
		{
			name: "one budget over two currencies", want: preflight.Fail,
			change: both(route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}}), func(w *world) {
				w.account("sms-b", func(a *config.Account) { a.Price, a.Currency = ptr(yuan(w.t, "0.01")), "USD" })
				w.campaign.Budget = yuan(w.t, "100")
			}),
			summary: []string{"USD and CNY"},
		},
		{
			name: "the campaign's own budget without a price", want: preflight.Fail, change: both(noPrice, func(w *world) { w.campaign.Budget = 1 }),
			summary: []string{"has no price"}, remedies: []string{"accounts.sms-a.price"},
		},
		{
			name: "what was used this month cannot be read", want: preflight.Error, summary: []string{diskError},
			change: both(forgets, smsA(func(a *config.Account) { a.MonthBudget = 100_000_000 })),
		},
		{
			name: "what the campaign has cost cannot be read", want: preflight.Error, summary: []string{diskError},
			change: func(w *world) { w.campaign.Budget = 1; w.ledger = countless{w.ledger} },
		},
		{
			name: "there is no ledger that says what the campaign has cost", want: preflight.Error, summary: []string{"ledger"},
			change: both(unopened(errDisk), func(w *world) { w.campaign.Budget = 1 }),
		},
		{
			name: "what is promised of the day cannot be read", want: preflight.Error, summary: []string{diskError},
			change: both(quota(100), smsA(func(a *config.Account) { a.DayBudget = 1 }), func(w *world) { w.ledger = earlier{Ledger: w.ledger, err: errDisk} }),
		},
		{
			name: "the rest of the day's budget pays for a part", want: preflight.Fail,
			change: both(used, smsA(func(a *config.Account) { a.DayBudget = 2_700_000 })), remedies: []string{"the first 40 recipients, up to row 61"},
		},
		{
			name: "the rest of the month's budget pays for a part", want: preflight.Fail,
			change: both(used, smsA(func(a *config.Account) { a.MonthBudget = 2_700_000 })), remedies: []string{"the first 40 recipients, up to row 61"},
		},
		{
			name: "the rest of the campaign's budget pays for a part", want: preflight.Fail,
			change: both(used, func(w *world) { w.campaign.Budget = 2_700_000 }), remedies: []string{"the first 40 recipients, up to row 61"},
		},
		{
			name: "a budget without a price", want: preflight.Fail,
			change: both(noPrice, smsA(func(a *config.Account) { a.DayBudget = 1 })), summary: []string{"has no price"},
		},
	})
}

// The least that there is is a budget, too.
func TestTheFiguresOfABudget(t *testing.T) {
	at, least, spent := "account.sms-a.", message.Money(1), yuan(t, "0.9")
	for name, c := range map[string]struct {
		change func(*world)
		want   map[string]any
	}{
		"of the day":   {smsA(func(a *config.Account) { a.DayBudget = 1 }), map[string]any{at + "day_budget": least, at + "day_used": spent}},
		"of the month": {smsA(func(a *config.Account) { a.MonthBudget = 1 }), map[string]any{at + "month_budget": least, at + "month_used": spent}},
		"of the campaign": {
			func(w *world) { w.campaign.Budget = 1 },
			map[string]any{"campaign.budget": least, "campaign.used": spent, "campaign.cost": yuan(t, "3.6")},
		},
	} {
		w := newWorld(t)
		both(used, c.change)(w)
		f := w.ask("budget")
		if d := cmp.Diff(c.want, facts(f)); d != "" || f.Status != preflight.Fail || len(f.Summary) != 1 {
			t.Errorf("%s: %s with %q: %s", name, f.Status, summary(f), d)
		}
	}
}

// What is too much for today's or this month's rest may be sent when the next begins, where it is not too much for the whole.
func TestABudgetThatIsThereAnewIsWaitedFor(t *testing.T) {
	midnight := func(month time.Month, day int) func(*world) time.Time {
		return func(w *world) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, w.now.Location()) }
	}
	deadline := func(at func(*world) time.Time) func(*world) {
		return func(w *world) { w.campaign.Deadline = at(w) }
	}
	day := func(m message.Money) func(*world) { return smsA(func(a *config.Account) { a.DayBudget = m }) }
	month := func(m message.Money) func(*world) { return smsA(func(a *config.Account) { a.MonthBudget = m }) }
	for _, c := range []struct {
		name   string
		change func(*world)
		at     func(*world) time.Time // nil: it is not offered
	}{
		{"tomorrow's is just enough", day(3_600_000), midnight(11, 21)},
		{"tomorrow's is not enough", day(3_599_999), nil},
		{"the next month's is just enough", month(3_600_000), midnight(12, 1)},
		{"the next month's is not enough", month(3_599_999), nil},
		{"the next month is after the deadline", both(month(3_600_000), deadline(midnight(11, 30))), nil},
		{"the next month begins at the deadline", both(month(3_600_000), deadline(midnight(12, 1))), midnight(12, 1)},
		{"the campaign's own is never there anew", func(w *world) { w.campaign.Budget = 3_600_000 }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			both(used, c.change)(w)
			f := w.ask("budget")
			i := slices.Index(kinds(f.Options), preflight.OptionLater)
			if f.Status != preflight.Fail || i >= 0 != (c.at != nil) {
				t.Fatalf("%s with %v: %s", f.Status, kinds(f.Options), summary(f))
			}
			if i < 0 {
				return
			}
			if o := f.Options[i]; !o.At.Equal(c.at(w)) || o.Channel != "" || !strings.Contains(o.Command, "notify send") {
				t.Errorf("%+v, want it at %s", o, c.at(w))
			}
		})
	}
}

// 12 of 100 messages are too many for sms-a, and cost 0.54.
func TestAnotherAccountIsOfferedThatKeepsItsOwnBudgets(t *testing.T) {
	price := message.Money(45_000)
	for _, c := range []struct {
		name    string
		other   config.Account
		offered bool
	}{
		{"no budget", config.Account{Price: &price}, true},
		{"no budget, and no price", config.Account{}, true},
		{"just enough for the day", config.Account{Price: &price, DayBudget: 540_000}, true},
		{"too little for the day", config.Account{Price: &price, DayBudget: 539_999}, false},
		{"next to nothing for the day", config.Account{Price: &price, DayBudget: 1}, false},
		{"just enough for the month", config.Account{Price: &price, MonthBudget: 540_000}, true},
		{"too little for the month", config.Account{Price: &price, MonthBudget: 539_999}, false},
		{"next to nothing for the month", config.Account{Price: &price, MonthBudget: 1}, false},
		{"a budget, and no price", config.Account{DayBudget: 540_000}, false},
		{"nobody knows what it has spent", config.Account{Price: &price, DayBudget: 540_000, Vendor: "forgotten"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			both(route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b"), smsA(func(a *config.Account) { a.DayBudget = 4_000_000 }))(w)
			w.account("sms-b", func(a *config.Account) {
				a.Price, a.Currency, a.DayBudget, a.MonthBudget = c.other.Price, "CNY", c.other.DayBudget, c.other.MonthBudget
			})
			if c.other.Vendor == "forgotten" {
				w.ledger = forgotten{Ledger: w.ledger, account: "sms-b"}
			}
			f := w.ask("budget")
			i := slices.Index(kinds(f.Options), preflight.OptionAccount)
			if f.Status != preflight.Fail || i >= 0 != c.offered {
				t.Fatalf("offered: %v, want %v: %q", i >= 0, c.offered, remedies(f))
			}
			if i >= 0 && !slices.Equal(f.Options[i].Shares, []preflight.ShareOf{{"sms-a", 88, 88, 88}, {"sms-b", 12, 12, 12}}) {
				t.Errorf("%+v", f.Options[i].Shares)
			}
		})
	}
}

// What is left on sms-a pays for 81 of 100 messages with the margin; the other 19 need 21 segments on the account that stands in.
func TestAnotherAccountIsOfferedThatPays(t *testing.T) {
	priced := func(w *world) {
		w.account("sms-b", func(a *config.Account) { a.Price, a.Currency = ptr(yuan(w.t, "0.045")), "CNY" })
	}
	has := func(v vendors.Vendor) func(*world) { return func(w *world) { w.vendors["sms-b"] = v } }
	money := func(amount message.Money, currency string) func(*world) {
		return has(&vendor{balance: vendors.Balance{Amount: &amount, Currency: currency}})
	}
	daily := func(n int64) func(*world) {
		return func(w *world) { w.account("sms-b", func(a *config.Account) { a.DailyQuota = n }) }
	}
	for _, c := range []struct {
		name    string
		change  func(*world)
		offered bool
	}{
		{"just enough", both(priced, money(945_000, "CNY")), true},
		{"too little", both(priced, money(944_999, "CNY")), false},
		{"enough in packages", has(&vendor{balance: vendors.Balance{Messages: ptr(int64(21))}}), true},
		{"too little in packages", has(&vendor{balance: vendors.Balance{Messages: ptr(int64(20))}}), false},
		{"money, and no price", money(1, "CNY"), true},
		{"another currency", both(priced, money(945_000, "USD")), false},
		{"it does not tell", both(priced, has(mute{})), true},
		{"it does not answer", both(priced, has(&vendor{err: errDown})), false},
		{"its quota is just enough", both(priced, money(945_000, "CNY"), daily(19)), true},
		{"its quota is too small", both(priced, money(945_000, "CNY"), daily(18)), false},
		{"nobody knows its quota", both(priced, money(945_000, "CNY"), func(w *world) { w.ledger = forgotten{Ledger: w.ledger, account: "sms-b"} }), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			both(route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b"), balance("4.05"), c.change)(w)
			f := w.ask("balance")
			i := slices.Index(kinds(f.Options), preflight.OptionAccount)
			if f.Status != preflight.Fail || i >= 0 != c.offered {
				t.Fatalf("%s, offered: %v, want %v: %q", f.Status, i >= 0, c.offered, remedies(f))
			}
			if i >= 0 && !slices.Equal(f.Options[i].Shares, []preflight.ShareOf{{"sms-a", 81, 81, 81}, {"sms-b", 19, 19, 19}}) {
				t.Errorf("%+v", f.Options[i].Shares)
			}
		})
	}
}

// Only what has to go is moved, and a third account keeps what it has.
func TestATakingOverLeavesOthersAlone(t *testing.T) {
	w := newWorld(t)
	w.config.Accounts["sms-c"] = w.config.Accounts["sms-b"]
	both(route([]config.Share{{Account: "sms-c", Weight: 3}, {Account: "sms-a", Weight: 1}}, "sms-b"), quota(20))(w)
	f := w.ask("quota")
	i := slices.Index(kinds(f.Options), preflight.OptionAccount)
	if i < 0 {
		t.Fatalf("%s: %q", f.Status, remedies(f))
	}
	want := []preflight.ShareOf{{"sms-c", 75, 75, 75}, {"sms-a", 20, 20, 20}, {"sms-b", 5, 5, 5}}
	setting := preflight.Setting{Key: "routes.sms.accounts", Value: "[sms-c: 75, sms-a: 20, sms-b: 5]", Now: "[sms-c: 3, sms-a: 1]"}
	if o := f.Options[i]; !slices.Equal(o.Shares, want) || len(o.Settings) != 1 || o.Settings[0] != setting {
		t.Errorf("%+v", o)
	}
	says(t, "remedies", strings.Join(remedies(f), "\n"), []string{"off sms-a: 5 messages to sms-b"})
}

// What is to be written into notify.yaml leaves the accounts of the other class what they have there, and is not offered where a person
// decided of a share, which counts in place of it.
func TestATakingOverIsWrittenWhereItCounts(t *testing.T) {
	decided := func(account string, weight int) func(*world) {
		return knows(ledger.AccountState{Account: account, Weight: &weight})
	}
	off := func(account string) func(*world) {
		return knows(ledger.AccountState{Account: account, Off: &ledger.Act{}})
	}
	standIn, two := route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b"), route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b", "sms-c")
	for _, c := range []struct {
		name     string
		change   func(*world)
		now, set string // "": nothing is offered
	}{
		{"nobody decided", standIn, "[sms-a: 1]", "[sms-a: 40, sms-b: 60]"},
		{"one in a hundred is too many", both(standIn, quota(99)), "[sms-a: 1]", "[sms-a: 99, sms-b: 1]"},
		{"one in a hundred is too many, which the other one cannot pay for", both(standIn, quota(99), func(w *world) {
			w.vendors["sms-b"] = &vendor{balance: vendors.Balance{Messages: ptr(int64(0))}}
		}), "", ""},
		{"one that shares nothing stands in", route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b"}}), "[sms-a: 1, sms-b: 0]", "[sms-a: 40, sms-b: 60]"},
		{
			"a third has too much of its own", both(route([]config.Share{{Account: "sms-c", Weight: 1}, {Account: "sms-a", Weight: 1}}, "sms-b"), func(w *world) {
				w.account("sms-c", func(a *config.Account) { a.DailyQuota = 10 })
			}),
			"[sms-c: 1, sms-a: 1][sms-c: 1, sms-a: 1]", "[sms-c: 10, sms-a: 50, sms-b: 40][sms-c: 50, sms-a: 40, sms-b: 10]",
		},
		{"everything is too much", both(standIn, live(100, 100)), "[sms-a: 1]", "[sms-b: 100]"},
		{"two stand in, and the first bears it", two, "[sms-a: 1]", "[sms-a: 40, sms-b: 60]"},
		{"of another account", both(standIn, decided("sms-c", 1)), "[sms-a: 1]", "[sms-a: 40, sms-b: 60]"},
		{"of the one that carries it", both(standIn, decided("sms-a", 1)), "", ""},
		{"of the one that stands in", both(standIn, decided("sms-b", 0)), "", ""},
		{"the one that stands in is switched off", both(standIn, off("sms-b")), "", ""},
		{"so that the next one is asked", both(two, off("sms-b")), "[sms-a: 1]", "[sms-a: 40, sms-c: 60]"},
		{"so that the next one is asked, where a person gave the first none", both(two, decided("sms-b", 0)), "[sms-a: 1]", "[sms-a: 40, sms-c: 60]"},
		{"the other class has its own", route([]config.Share{{Account: "promo", Weight: 7}, {Account: "sms-a", Weight: 1}}, "sms-b"), "[promo: 7, sms-a: 1]", "[sms-a: 40, sms-b: 60, promo: 7]"},
		{"the one that stands in is of the other class", route([]config.Share{{Account: "sms-a", Weight: 1}}, "promo"), "", ""},
	} {
		w := newWorld(t)
		w.config.Accounts["sms-c"], w.vendors["sms-c"] = w.config.Accounts["sms-b"], &vendor{}
		both(quota(40), c.change)(w)
		f := w.ask("quota")
		var now, set any = "", ""
		for _, o := range f.Options {
			if o.Kind == preflight.OptionAccount {
				now, set = fmt.Sprint(now, o.Settings[0].Now), fmt.Sprint(set, o.Settings[0].Value)
			}
		}
		if f.Status != preflight.Fail || now != c.now || set != c.set {
			t.Errorf("%s: %s in place of %s, want %s in place of %s: %q", c.name, set, now, c.set, c.now, remedies(f))
		}
	}
}

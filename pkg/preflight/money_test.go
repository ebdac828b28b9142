package preflight_test

import (
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
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

// otherPending stages another campaign of 50 messages, of which nothing has left.
func otherPending(w *world) {
	mine, all := w.campaign, w.people
	other := *mine
	other.Name = "other"
	w.campaign, w.people = &other, all[:50]
	w.stage()
	w.campaign, w.people = mine, all
}

func TestPrice(t *testing.T) {
	askAll(t, "price", []question{
		{name: "unknown", want: preflight.Warn, change: noPrice, summary: []string{"sms-a has no price"}, remedies: []string{"accounts.sms-a.price"}},
		{
			name: "mails and messages have their own lines", want: preflight.Warn,
			change: func(w *world) {
				w.campaign.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "{{name}}", Text: "You won."}})
			},
			summary: []string{"sms-a: 100 segments", "edm has no price"},
		},
	})
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
		{name: "an answer without a figure", want: preflight.Warn, change: balance(""), summary: []string{"cannot be checked"}},
		{
			name: "what is promised to others counts", want: preflight.Fail, change: both(otherPending, balance("5")),
			summary:  []string{"pays for 111", "165 segments", "50 of them for other"},
			remedies: []string{"top up sms-a by at least 2.43 CNY (54 segments)", "notify abort other", "the first 50 recipients"},
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

func TestBudget(t *testing.T) {
	used := func(w *world) {
		w.stage()
		w.send(20, "sms-a", message.OutcomeAccepted) // 0.90
	}
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
		{name: "over for the month", want: preflight.Fail, change: smsA(func(a *config.Account) { a.MonthBudget = 4_000_000 })},
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
			name: "a budget without a price", want: preflight.Fail,
			change: both(noPrice, smsA(func(a *config.Account) { a.DayBudget = 1 })), summary: []string{"has no price"},
		},
	})
}

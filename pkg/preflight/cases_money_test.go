package preflight_test

import (
	"notify/pkg/config"
	"notify/pkg/message"
)

func moneyCases() map[string]cases {
	low := func(m message.Money) func(*world) { return smsA(func(a *config.Account) { a.LowBalance = m }) }
	day := func(m message.Money) func(*world) { return smsA(func(a *config.Account) { a.DayBudget = m }) }
	return map[string]cases{
		"price": {
			pass:   is("sms-a: 100 segments × 0.045 = 4.50 CNY"),
			bad:    is("a budget is to be kept", noPrice, func(w *world) { w.campaign.Budget = yuan(w.t, "100") }).do("accounts.sms-a.price"),
			broken: is(diskError, broke),
		},
		"balance": {
			pass:   is("100.00 CNY left, needs 110 segments = 4.95 CNY (margin 10%)"),
			bad:    is("pays for 109, needs 110 segments", balance("4.949999")).do("top up sms-a by at least 0.045 CNY (1 segment)", "the first 99 recipients, up to row 100"),
			broken: is("sms-a: the vendor is down", down).do("accounts.sms-a"),
		},
		"low-balance": {
			warns:  "it is the operator's own line to warn at; whether the campaign is paid for is the balance check's to say",
			ready:  low(1),
			pass:   is("95.50 CNY will be left, low_balance is 95.50 CNY", low(95_500_000)),
			bad:    is("95.50 CNY will be left, below low_balance 99.00 CNY", low(99_000_000)).do("top up sms-a by at least 3.50 CNY"),
			broken: is("sms-a: the vendor did not tell the balance: the vendor is down", low(1), down).do("look at accounts.sms-a"),
		},
		"budget": {
			pass:   is("sms-a, day 2026-11-20: budget 4.50 CNY, used 0.00 CNY, to come 4.50 CNY", day(4_500_000)),
			bad:    is("0.50 CNY over", day(4_000_000)).do("raise accounts.sms-a.budget.day to at least 4.50 (by 0.50 CNY)", "the first 88 recipients"),
			broken: is(diskError, day(1), forgets),
		},
		"currency": {
			warns: "each account is paid in its own currency, which is as well; a budget that cannot be kept over two FAILs under budget",
			pass:  is("4.50 CNY"),
			bad: is("2.25 CNY; 0.50 USD", route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b", Weight: 1}}), func(w *world) {
				w.account("sms-b", func(a *config.Account) { a.Price, a.Currency = ptr(yuan(w.t, "0.01")), "USD" })
			}).do("2 amounts"),
			broken: is(diskError, broke),
		},
	}
}

package preflight_test

import "time"

func timeCases() map[string]cases {
	every := func(d time.Duration) func(*world) { return func(w *world) { w.config.Timer = d } }
	before := func(w *world) { w.ledger = earlier{Ledger: w.ledger, sent: 700, took: 100 * time.Second, now: w.now} }
	return map[string]cases{
		"quota": {
			pass:   is("sms-a: 10,000 a day (configuration), 0 used today, 10,000 left, 100 to send"),
			bad:    is("40 left, 100 to send; it takes 3 days: 40 on 2026-11-20, 40 on 2026-11-21, 20 on 2026-11-22", quota(40)).do("by 60, to 100", "accept that it takes 3 days, until 2026-11-22: notify send award.xlsx --spread", "the first 40 recipients"),
			broken: is(diskError, forgets),
		},
		"window": {
			warns:  "the run waits until the window opens, and nothing leaves before",
			pass:   is("09:00 to 20:00, it is 10:00 +08:00: open", window(9*time.Hour, 20*time.Hour)),
			bad:    is("closed until 2026-11-20 12:00 +08:00", window(12*time.Hour, 20*time.Hour)).do("waits until 2026-11-20 12:00"),
			broken: withoutConfig(),
		},
		"duration": {
			pass:   is("sms-a: 100 in 10s at 10/s"),
			bad:    is("ten years", perSecond(1e-6), many(4000)).do("accounts.sms-a.rate to at least 0.1/s"),
			broken: is(diskError, broke),
		},
		"deadline": {
			pass:   is("before the deadline 2026-11-20 10:01", func(w *world) { w.campaign.Deadline = w.now.Add(time.Minute) }),
			bad:    is("40 of 100 messages would leave after the deadline", perSecond(1), func(w *world) { w.campaign.Deadline = w.now.Add(time.Minute) }).do("1.7/s", "2026-11-20 10:02 +08:00 or later"),
			broken: is(diskError, forgets),
		},
		"timer": {
			warns:  "the lease keeps the next run from sending anything: it ends with a message, and nobody is told twice",
			pass:   is("done in 10s, the timer comes every 10m", every(10*time.Minute)),
			bad:    is("takes 38m 20s, and the timer comes every 10m", many(23000), every(10*time.Minute), quota(100000)).do("nothing is sent twice", "38.4/s", "every 39m"),
			broken: is(diskError, every(time.Hour), broke),
		},
		"measured-rate": {
			pass: is("sms-a: 7.01/s reached in spring on 2026-11-20, configured 10/s", before),
			bad: is("7.01/s reached in spring", before, perSecond(100), func(w *world) { w.campaign.Deadline = w.now.Add(5 * time.Second) }).
				do("set accounts.sms-a.rate to 7/s", "notify rehearse"),
			broken: is(diskError, broke),
		},
		"pace": {
			pass:   is("100 mails to 1 domain", mails(nil)),
			bad:    is("example.test 5,001", many(5001), mails(nil)).do("accounts.edm.domain_rate", "example.test: 1/s"),
			broken: is(diskError, mails(nil), broke),
		},
	}
}

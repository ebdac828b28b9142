package preflight_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/suppression"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// cases are three worlds of a check: one in which it passes, one in which it does not, and one in which what it reads fails.
type cases struct {
	pass, bad, broken trial
	// warns says why the worst that this check says of a campaign is WARN; empty for one that FAILs.
	warns string
}

// trial is a world, and words of the evidence and of the remedies, in their order.
type trial struct {
	in       func(testing.TB) asker
	evidence []string
	remedies []string
}

type asker interface {
	ask(id string) preflight.Finding
}

// is a world after these changes.
func is(evidence string, changes ...func(*world)) trial {
	return trial{evidence: []string{evidence}, in: func(tb testing.TB) asker {
		tb.Helper()
		w := newWorld(tb)
		both(changes...)(w)
		return w
	}}
}

// mailIs is a world with a sender of mails after these changes.
func mailIs(evidence string, changes ...func(*mailWorld)) trial {
	return trial{evidence: []string{evidence}, in: func(tb testing.TB) asker {
		tb.Helper()
		w := newMailWorld(tb)
		allOf(changes...)(w)
		return w
	}}
}

// do adds what must be said to do.
func (c trial) do(remedies ...string) trial {
	c.remedies = remedies
	return c
}

// bereft is a world in which the check finds its configuration missing at the moment when it looks. Nothing that a check
// compares can fail by itself where it was read before all checks; what is left is that the check breaks.
type bereft struct{ *world }

func (w bereft) ask(id string) preflight.Finding {
	w.t.Helper()
	c := check(w.t, id)
	run := c.Run
	c.Run = func(ctx context.Context, s *preflight.Subject) preflight.Finding {
		own := *s
		own.Config = nil
		return run(ctx, &own)
	}
	return preflight.Run(w.t.Context(), w.make(), []preflight.Check{c}).Findings[0]
}

func withoutConfig() trial {
	return trial{evidence: []string{"the check itself broke: ", "nil pointer"}, in: func(tb testing.TB) asker {
		tb.Helper()
		return bereft{newWorld(tb)}
	}}
}

// Common ways to break.
const (
	planClosed = "file already closed"
	noFacts    = "the plan does not say what its texts look like"
	noTexts    = "column"
	diskError  = "disk I/O error"
	noDNS      = "could not be checked"
)

func within72h(w *world) { w.campaign.DedupeWindow = 72 * time.Hour }

// toldBefore lets another campaign tell the first n people the same, so long ago.
func toldBefore(n int, ago time.Duration) func(*world) {
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

// requires wants a rehearsal within 30 days, and there were these.
func requires(all ...ledger.Rehearsal) func(*world) {
	return func(w *world) {
		w.config.Capacity.RequireRehearsal = 720 * time.Hour
		for i := range all {
			all[i].At, all[i].Rate, all[i].Complete = w.now.Add(-time.Hour), 95, true
		}
		w.ledger = rehearsed{Ledger: w.ledger, all: all}
	}
}

func allowing(entries ...string) func(*world) {
	return func(w *world) { w.config.Environment, w.config.AllowList = config.Test, entries }
}

// swapped exchanges two columns of every row.
func swapped(a, b int) func(*world) {
	return func(w *world) {
		for i := range w.people {
			v := w.people[i].Values
			v[a], v[b] = v[b], v[a]
		}
	}
}

// noZeros leaves out the first person, whose number ends in zeros as those on forms do.
func noZeros(w *world) { w.people = people(101)[1:] }

func ownDomain(w *world) { w.config.ProtectedDomains = []string{"company.net"} }

func templated(state vendors.TemplateState) func(*world) {
	return func(w *world) {
		w.vendors["sms-a"] = approver{have: []vendors.Template{{Kind: vendors.TemplateText, Code: "SMS_1", State: state, Reason: "names a prize"}}}
		w.campaign.Texts.Short(message.SMS).TemplateCode = map[string]string{"sms-a": "SMS_1"}
	}
}

func down(w *world) { w.vendors["sms-a"].(*vendor).err = errDown }

func forgets(w *world) { w.ledger = forgetful{w.ledger} }

// silentVendor never answers, and nobody waits for long.
func silentVendor(w *world) {
	w.vendors["sms-a"].(*vendor).block = make(chan struct{})
	w.subject = func(s *preflight.Subject) { s.Limit = 50 * time.Millisecond }
}

// clockStep makes a disk of a known speed: the measurement looks at the clock once a flush.
func clockStep(step time.Duration) func(*world) {
	return func(w *world) {
		now, looks := w.now, make(chan struct{}, 1)
		w.subject = func(s *preflight.Subject) {
			s.Limit = time.Hour
			s.Now = func() time.Time {
				looks <- struct{}{}
				defer func() { <-looks }()
				now = now.Add(step)
				return now
			}
		}
	}
}

func info(change func(*ledger.Info)) func(*world) { return tells(told{change: change}) }

func infoBroken(w *world) { tells(told{err: errDisk})(w) }

func vendorClock(ahead time.Duration) func(*world) {
	return func(w *world) { w.vendors["sms-a"].(*vendor).balance.Date = w.now.Add(ahead) }
}

func sentSome(w *world) { w.stage(); w.send(5, "sms-a", message.OutcomeAccepted) }

// table has the cases of every check.
func table() map[string]cases {
	all := make(map[string]cases)
	for _, part := range []map[string]cases{listCases(), textCases(), accountCases(), senderCases(), moneyCases(), timeCases(), ledgerCases()} {
		for id, c := range part {
			all[id] = c
		}
	}
	return all
}

func listCases() map[string]cases {
	return map[string]cases{
		"list": {
			pass: is("100 recipients, nothing wrong with any row"),
			bad: is("100 recipients; 1 error, 0 warnings: 1 phone-invalid", func(w *world) {
				w.problems = append(w.problems, problem("phone-invalid", diag.Error, 2))
			}).do("correct the rows", "--problems problems.csv"),
			broken: is(planClosed, closed),
		},
		"variables": {
			pass:   is("every row has a value"),
			bad:    is("2 texts cannot be made", cell(1, 2, "")).do("fill in the cells", "--problems"),
			broken: is(planClosed, closed),
		},
		"shared": {
			pass:   is("no two rows share"),
			bad:    is("1 row with the address of another row", func(w *world) { w.people[1].To[0].Address = w.people[0].To[0].Address }).do("shared_address: fold", "each"),
			broken: is(planClosed, closed),
		},
		"expect": {
			pass:   is("expected 100, and so many there are"),
			bad:    is("expected 101, the list has 100: 1 missing", func(w *world) { w.campaign.Expect = 101 }).do("right file", "expect: 100"),
			broken: is("the plan has 101 recipients, and 100 of them can be read", func(w *world) { w.subject = func(s *preflight.Subject) { s.Plan.Recipients++ } }),
		},
		"capacity": {
			pass: is("100 recipients of 200", func(w *world) { w.config.Capacity.Recipients = 200 }),
			bad: is("designed for 40: 60 too many", func(w *world) { w.config.Capacity.Recipients = 40 }).
				do("3 parts of at most 34", "--rows 1-35, then --rows 36-69, --rows 70-101", "notify rehearse award.xlsx", "at least 100"),
			broken: is(planClosed, closed),
		},
		"rehearsal": {
			pass:   is("100 recipients rehearsed on 2026-11-20 09:00 +08:00, 95/s", requires(ledger.Rehearsal{Recipients: 100})),
			bad:    is("fewer than the 100 now", requires(ledger.Rehearsal{Recipients: 50})).do("notify rehearse award.xlsx", "2 parts of at most 50"),
			broken: is(diskError, func(w *world) { w.ledger = rehearsed{Ledger: w.ledger, err: errDisk} }),
		},
		"suppressed": {
			pass:   is("none of 100 messages goes to somebody who must not be written to"),
			bad:    is("1 of 100 messages go to somebody who must not be written to", suppress(suppression.OptOut, "+8610000000003")).do("take row 5 off the list"),
			broken: is(diskError, func(w *world) { w.ledger = listless{w.ledger} }),
		},
		"dedupe": {
			pass:   is("none of 100 messages", within72h),
			bad:    is("30 of 100 messages", within72h, toldBefore(30, time.Hour)).do("notify resume award-again", "dedupe_window"),
			broken: is(ledger.ErrBusy.Error(), within72h, unopened(ledger.ErrBusy)),
		},
		"allow-list": {
			pass:   is("100 addresses, all on the allow list (test)", allowing("+86100*")),
			bad:    is("1 of 100 addresses", allowing("+86100*"), func(w *world) { w.people[41].To[0].Address = "+447700900123" }).do("test addresses", "allow_list"),
			broken: is("what has left could not be read", allowing("+86100*"), broke),
		},
		"columns": {
			pass:   is("name: name; phone number: phone; e-mail address: email"),
			bad:    is("the column name is taken for the name, and 100 of its 100 cells hold phone numbers", swapped(1, 2)).do("list.columns: {name: HEADER}"),
			broken: is(planClosed, closed),
		},
		"test-rows": {
			pass:   is("no row looks like a test", noZeros),
			bad:    is("100 of 100 rows look like a test", mails(nil)).do("take the real one", "environment: test"),
			broken: is(planClosed, closed),
		},
		"protected-recipients": {
			pass:   is("no mail goes to a protected domain", ownDomain, mails(nil)),
			bad:    is("1,001 mails to the protected domain company.net", ownDomain, many(1001), mails(nil), domains(1001, "company.net")).do("domain_rate: {company.net: 1/s}"),
			broken: is(planClosed, ownDomain, mails(nil), closed),
		},
		"domain-share": {
			warns:  "a list may well be one customer's; whether others are missing is for expect to say, and how fast it goes for pace",
			pass:   is("80 of 100 mails go to a.test (80%)", mails(nil), domains(80, "a.test")),
			bad:    is("81 of 100", mails(nil), domains(81, "a.test")).do("so many people at a.test", "domain_rate: {a.test: 1/s}"),
			broken: is(noFacts, mails(nil), factless),
		},
	}
}

func textCases() map[string]cases {
	html := func(w *world) { mails(func(e *campaign.Mail) { e.Text, e.HTML = "", "<p>{{name}}</p>" })(w) }
	long := strings.Repeat("好", 700)
	return map[string]cases{
		"values": {
			pass:   is("no text is filled with a header"),
			bad:    is("sms: 1 text with a column's header for its value: row 2", cell(1, 1, "name")).do("repeat the headers"),
			broken: is(noFacts, factless),
		},
		"braces": {
			pass:   is("nothing in the finished texts looks like a variable"),
			bad:    is("sms: 2 of 100 texts", cell(1, 2, "{{first name}}")).do("--show 2"),
			broken: is(noFacts, factless),
		},
		"all-variables": {
			pass:   is("sms: the text is not only variables (6 letters"),
			bad:    is("nothing but variables", reads("【示例】{{name}}：{{key}}！")).do("write into the text"),
			broken: is(noTexts, textless),
		},
		"forbidden": {
			pass:   is("no brackets beside the signature"),
			bad:    is("100 of 100 texts have 【 or 】", signed("示例"), reads("{{name}}，恭喜【中奖】。")).do("「」"),
			broken: is(noFacts, factless),
		},
		"signature": {
			pass:   is("sms-a: 【示例】", signed("示例")),
			bad:    is("puts 【示例】 before a text that begins with 【别家】", signed("示例"), reads("【别家】{{name}}, you won.")).do("take the signature out"),
			broken: is(noTexts, textless),
		},
		"opt-out": {
			pass:   is("拒收", marketing, reads("{{name}}, sale! 拒收请回复R")),
			bad:    is("does not say how", marketing).do("拒收请回复R"),
			broken: is(noTexts, marketing, textless),
		},
		"templates": {
			pass: is("template SMS_1 is approved", templated(vendors.TemplateApproved)),
			bad:  is("names a prize", templated(vendors.TemplateRejected)).do("apply for template SMS_1"),
			broken: is("the vendor is down", templated(""), func(w *world) {
				w.vendors["sms-a"] = approver{errs: map[vendors.TemplateKind]error{vendors.TemplateText: errDown}}
			}),
		},
		"segments": {
			pass:   is("the longest SMS has 1 segment"),
			bad:    is("2 of 100 SMS have more than 10 segments, the longest 11", cell(1, 2, long)).do("--show 2"),
			broken: is(noFacts, factless),
		},
		"subjects": {
			pass:   is("100 subjects in 100 mails", mails(nil)),
			bad:    is("1,001 mails with one identical subject", many(1001), mails(func(e *campaign.Mail) { e.Subject = "Your award" })).do(`subject: "{{name}}, …"`),
			broken: is(noFacts, mails(nil), factless),
		},
		"text-part": {
			warns:  "the mail can be read all the same; filters count it against the sender, among much else",
			pass:   is("plain text only", mails(nil)),
			bad:    is("HTML", html).do("channels.email.text"),
			broken: is(noFacts, mails(nil), factless),
		},
		"links": {
			warns:  "the link works; who reads along on the way sees it",
			pass:   is("no link without encryption", reads("{{name}}: https://a.test/award")),
			bad:    is("sms: 1 link with http://", reads("{{name}}: http://a.test/award。再见")).do("https"),
			broken: is(noTexts, textless),
		},
		"size": {
			pass: is("attachments 0 B", mails(nil)),
			bad: is("12 MiB", mails(func(e *campaign.Mail) {
				e.Attachments = []message.Attachment{{Name: "award.pdf", Data: make([]byte, 9<<20)}}
			})).do("link to them"),
			broken: is(noFacts, mails(nil), factless),
		},
	}
}

func accountCases() map[string]cases {
	alone := []config.Share{{Account: "sms-a", Weight: 1}}
	return map[string]cases{
		"routes": {
			pass:   is("sms: sms-a"),
			bad:    is("promo is for marketing, the campaign is notice", route([]config.Share{{Account: "promo", Weight: 1}})).do("class notice", "sms-a, sms-b"),
			broken: withoutConfig(),
		},
		"environment": {
			pass:   is("1 account: production"),
			bad:    is("the campaign is for production, this installation is test", func(w *world) { w.config.Environment = config.Test }).do("--config"),
			broken: withoutConfig(),
		},
		"vendor": {
			pass:   is("sms-a answers"),
			bad:    is("sms-a: the vendor is down", func(w *world) { w.vendors["sms-a"].(*vendor).probeErr = errDown }).do("accounts.sms-a"),
			broken: is("sms-a did not answer in time", silentVendor).do("run the preflight again"),
		},
		"failover": {
			warns:  "a campaign with one vendor gets through as long as that one is up; where it is not, the run waits, and nothing is lost",
			pass:   is("sms: sms-a, sms-b", route(alone, "sms-b")),
			bad:    is("sms has sms-a alone").do("class notice", "routes.sms.failover"),
			broken: is(noTexts, textless),
		},
		"breaker": {
			warns: "whoever starts the run may have mended the cause: the run tests each account anew with one message",
			pass:  is("sms-a is in use"),
			bad: is("sms-a was stopped: the vendor says that no money is left; a run tests it with one message from 2026-11-20 10:01 +08:00 on", func(w *world) {
				knows(ledger.AccountState{Account: "sms-a", Scale: 1, OpenUntil: w.now.Add(time.Minute), Reason: words.Of("breaker.reason", message.ReasonBalance)})(w)
			}).do("mend the cause at sms-a"),
			broken: is(diskError, silent),
		},
		"last-errors": {
			warns: "what went wrong is over, or the other checks of the account say so",
			pass:  is("none within 1d"),
			bad: is("sms-a, 2026-11-20 09:00 +08:00: signature refused", func(w *world) {
				knows(ledger.AccountState{Account: "sms-a", Error: words.Raw("signature refused"), At: w.now.Add(-time.Hour)})(w)
			}).do("send one message to yourself"),
			broken: is(diskError, silent),
		},
		"clock": {
			pass:   is("1s ahead of sms-a", vendorClock(-time.Second)),
			bad:    is("5m 1s behind", vendorClock(301*time.Second)).do("set its clock"),
			broken: is("sms-a: no time to compare with: the vendor is down", down).do("look at accounts.sms-a"),
		},
	}
}

func senderCases() map[string]cases {
	const name = "List-Unsubscribe"
	return map[string]cases{
		"protected": {
			pass:   mailIs("mails from edm.example.com"),
			bad:    mailIs(" from example.com, which is protected", func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).From = "award@EXAMPLE.com" }).do("edm.example.com", "reply_to"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"spf": {
			pass:   mailIs("edm: the SPF record of edm.example.com covers 203.0.113.7"),
			bad:    mailIs("says fail for 203.0.113.7", set("spf", `edm.example.com TXT "v=spf1 ip4:192.0.2.1 -all"`+"\n")).do("ip4:203.0.113.7"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"dkim": {
			pass:   mailIs("s1._domainkey.edm.example.com: rsa key of 2048 bits"),
			bad:    mailIs("no DKIM key at s1._domainkey.edm.example.com", set("dkim", "")).do("publish", "accounts.edm.dkim"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"dmarc": {
			pass:   mailIs("_dmarc.example.com says p=reject"),
			bad:    mailIs("SPF does not pass, DKIM does not pass: receivers are told to reject the mails", set("dkim", ""), set("spf", "")).do("SPF"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"mx": {
			pass:   mailIs("edm.example.com: mx.edm.example.com"),
			bad:    mailIs("says that it takes no mail", set("mx", "edm.example.com MX 0 .\n")).do("publish MX records"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"unsubscribe": {
			pass: mailIs("one click: <https://edm.example.com/u/K0>"),
			bad: mailIs("no header List-Unsubscribe", func(w *mailWorld) {
				w.campaign.Class, w.campaign.Texts.Mail(message.Email).Headers = config.Marketing, map[string]string{}
			}).do("channels.email.headers", "RFC 8058"),
			broken: mailIs("nothing", func(w *mailWorld) {
				w.subject = func(s *preflight.Subject) {
					s.Plan.Spec.Texts.Mail(message.Email).Headers[name] = "<https://edm.example.com/{{nothing}}>"
				}
			}),
		},
		"ptr": {
			pass:   mailIs("203.0.113.7 is smtp.edm.example.com, and back"),
			bad:    mailIs("203.0.113.7 has no name", set("ptr", "")).do("set its PTR"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
	}
}

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

func timeCases() map[string]cases {
	every := func(d time.Duration) func(*world) { return func(w *world) { w.config.Timer = d } }
	before := func(w *world) { w.ledger = earlier{Ledger: w.ledger, sent: 700, took: 100 * time.Second, now: w.now} }
	return map[string]cases{
		"quota": {
			pass:   is("sms-a: 10,000 a day (configuration), 0 used today, 10,000 left, 100 to send"),
			bad:    is("40 left, 100 to send; it takes 3 days: 40 on 2026-11-20, 40 on 2026-11-21, 20 on 2026-11-22", quota(40)).do("by 60, to 100", "--spread", "the first 40 recipients"),
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

func ledgerCases() map[string]cases {
	return map[string]cases{
		"ledger": {
			pass:   is("agrees with itself"),
			bad:    is("its commits do not survive power loss", info(func(i *ledger.Info) { i.Durable = false })).do("local disk"),
			broken: is(diskError, infoBroken),
		},
		"disk": {
			pass:   is("1.0 GiB free, needs 64 MiB for 100 messages", info(func(i *ledger.Info) { i.Free = 1 << 30 })),
			bad:    is("1.0 MiB free", info(func(i *ledger.Info) { i.Free = 1 << 20 })).do("free at least 63 MiB on the disk of", "notify.db"),
			broken: is(diskError, infoBroken),
		},
		"flush": {
			warns:  "a slow disk makes a slow campaign; whether it is too slow for its deadline is measured by a rehearsal",
			pass:   is("takes 1.00 ms: with 16 in flight at most 4000/s, wanted 10/s", clockStep(time.Millisecond)),
			bad:    is("9.00 ms: with 16 in flight at most 800/s, wanted 1000/s", clockStep(9*time.Millisecond), perSecond(1000)).do("together at least 21"),
			broken: is("the disk could not be measured", info(func(i *ledger.Info) { i.Place = "/nowhere/notify.db" })),
		},
		"backup": {
			warns:  "this campaign gets through without; the proof of earlier ones hangs on one disk",
			pass:   is("nothing was sent"),
			bad:    is("never copied", sentSome).do("notify ledger backup"),
			broken: is(diskError, silent),
		},
		"stopped": {
			pass: is("nothing was sent under the name award"),
			bad: is("aborted by wang@ops-1", func(w *world) {
				w.stage()
				if _, err := w.ledger.Abort(w.t.Context(), "award", w.act("abort")); err != nil {
					w.t.Fatal(err)
				}
			}).do("campaign name of their own"),
			broken: is(diskError, broke),
		},
		"run": {
			pass:   is("none"),
			bad:    is("started by wang on", func(w *world) { w.stage(); w.acquire() }).do("notify status award --watch", "notify pause award"),
			broken: is(diskError, broke),
		},
		"staged": {
			warns:  "a mended list is what a second send is for: nothing that has left is sent again, and what changed is said",
			pass:   is("nothing was sent"),
			bad:    is("changed: rows or accounts", func(w *world) { w.stage(); w.people = people(110) }).do("make sure that the change is meant"),
			broken: is(diskError, broke),
		},
		"checklist": {
			pass:   is("2 items signed for exactly this plan, by li, wang, zhang", sending, func(w *world) { w.signedBy("li texts-read", "wang released", "zhang released") }),
			bad:    is("award-notice: 2 of 3 items are open", sending).do("notify checklist sign award texts-read --as NAME"),
			broken: is(diskError, sending, func(w *world) { w.ledger = noSignatures{w.ledger} }),
		},
	}
}

// A check that was never seen to pass, to stop, and to break is not known to do any of these.
func TestEveryCheckPassesFailsAndBreaks(t *testing.T) {
	t.Parallel()
	all := table()
	for _, c := range preflight.All() {
		trials, ok := all[c.ID]
		if !ok {
			t.Errorf("%s has no cases: write them into the table", c.ID)
			continue
		}
		delete(all, c.ID)
		bad := preflight.Fail
		if trials.warns != "" {
			bad = preflight.Warn
		}
		for _, one := range []struct {
			name string
			want preflight.Status
			trial
		}{{"passes", preflight.Pass, trials.pass}, {"does not pass", bad, trials.bad}, {"breaks", preflight.Error, trials.broken}} {
			t.Run(c.ID+" "+one.name, func(t *testing.T) {
				t.Parallel()
				if one.in == nil {
					t.Fatal("the table has no such case")
				}
				answers(t, one.in(t).ask(c.ID), one.want, one.evidence, one.remedies)
				if one.want == bad && len(one.remedies) == 0 {
					t.Error("the table does not say what is to be done")
				}
				if slices.Contains(one.evidence, "") {
					t.Error("the table does not say what the evidence is")
				}
			})
		}
	}
	for id := range all {
		t.Errorf("the table has cases of %s, which is no check", id)
	}
}

package preflight_test

import (
	"time"

	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/preflight"
	"notify/pkg/suppression"
)

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
		"told-lately": {
			warns:  "that somebody is written to again, with other words, is what campaigns are for: a person says whether it is too often",
			pass:   is("no other campaign wrote to any of these addresses within 7d", lately, toldBefore(30, 8*24*time.Hour)),
			bad:    is("30 of 100 recipients were written to within 7d, whatever the text, by award-again", lately, toldBefore(30, time.Hour), otherWords).do("notify resume award-again", "notify report award-again"),
			broken: is(ledger.ErrBusy.Error(), lately, unopened(ledger.ErrBusy)),
		},
		"frequency": {
			warns:  "who is at his limit is not written to, and everybody else is told",
			ready:  often,
			pass:   is("nobody is at his limit: SMS 1/day", often, toldBefore(30, 20*time.Hour)),
			bad:    is("30 of 100 recipients are at their limit (SMS 1/day) and will not be written to", often, toldBefore(30, time.Hour)).do("notify retry award --code notify:frequency", "raise frequency"),
			broken: is(ledger.ErrBusy.Error(), often, unopened(ledger.ErrBusy)),
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
			ready:  noZeros,
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
			pass:   is("a.test gets 80 of 100 mails (80%)", mails(nil), domains(80, "a.test")),
			bad:    is("81 of 100", mails(nil), domains(81, "a.test")).do("so many people at a.test", "domain_rate: {a.test: 1/s}"),
			broken: is(noFacts, mails(nil), factless),
		},
	}
}

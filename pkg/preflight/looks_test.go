package preflight_test

import (
	"fmt"
	"strings"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

// mails makes it a mailing with these texts.
func mails(change func(*campaign.Mail)) func(*world) {
	return func(w *world) {
		e := &campaign.Mail{From: "a@edm.example.test", Subject: "{{name}}, your award", Text: "You won, {{name}}."}
		if change != nil {
			change(e)
		}
		w.campaign.Texts = campaign.Texts{{Channel: message.Email, Mail: e}}
	}
}

func reads(text string) func(*world) {
	return func(w *world) {
		w.campaign.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{File: "award.sms.txt", Text: text}})
	}
}

func many(n int) func(*world) { return func(w *world) { w.people = people(n) } }

// cell changes a value of the first rows.
func cell(column, rows int, value string) func(*world) {
	return func(w *world) {
		for i := range rows {
			w.people[i].Values[column] = value
		}
	}
}

// domains gives the first n rows addresses at a domain.
func domains(n int, domain string) func(*world) {
	return func(w *world) {
		for i := range n {
			mail := fmt.Sprintf("p%d@%s", i, domain)
			w.people[i].To[1].Address, w.people[i].Values[3] = message.Address(mail), mail
		}
	}
}

// The three ways in which evidence can be missing.
func closed(w *world)   { w.subject = func(s *preflight.Subject) { _ = s.Plan.Close() } }
func factless(w *world) { w.subject = func(s *preflight.Subject) { s.Plan.Facts = nil } }
func textless(w *world) {
	w.subject = func(s *preflight.Subject) { s.Plan.Spec.Columns = []string{"other"} }
}
func marketing(w *world) { w.campaign.Class = config.Marketing }

func TestColumns(t *testing.T) {
	swap := func(a, b, rows int) func(*world) {
		return func(w *world) {
			for i := range rows {
				v := w.people[i].Values
				v[a], v[b] = v[b], v[a]
			}
		}
	}
	askAll(t, "columns", []question{
		{
			name: "numbers and mail swapped", want: preflight.Fail, change: swap(2, 3, 100),
			summary: []string{"column phone", "hold e-mail addresses", "column email", "hold phone numbers"},
		},
		{
			name: "a few are odd", want: preflight.Warn, change: swap(1, 2, 3),
			summary: []string{"3 of 100 cells in the column name hold phone numbers"}, remedies: []string{"look at these rows"},
		},
		{
			name: "staff numbers for names", want: preflight.Fail, change: cell(1, 60, "10432"), summary: []string{"60 of its 100 cells hold digits"},
		},
		{name: "half of them is another column", want: preflight.Fail, change: swap(1, 3, 50), summary: []string{"e-mail addresses"}},
		{
			name: "half of those that have a value", want: preflight.Fail, change: both(cell(1, 60, ""), func(w *world) {
				for i := range 20 {
					w.people[60+i].Values[1] = "+8610012345678"
				}
			}),
			summary: []string{"20 of its 40 cells hold phone numbers"},
		},
		{
			name: "some of one kind and some of another", want: preflight.Warn, change: both(cell(1, 3, "p@example.test"), cell(1, 1, "10432")),
			summary: []string{"3 of 100 cells in the column name hold what belongs into other columns"},
		},
		{name: "empty cells say nothing", want: preflight.Pass, change: cell(1, 100, "")},
		{name: "the first column is the name", want: preflight.Pass, change: func(w *world) { w.subject = func(s *preflight.Subject) { s.Plan.Header.Mapped["name"] = "key" } }, summary: []string{"name: key"}},
		{
			name: "a row that ends before the name, and has a mail for its number", want: preflight.Fail, summary: []string{"99 of its 99 cells hold e-mail addresses", "1 of 100 cells in the column phone hold e-mail addresses"},
			change: func(w *world) {
				w.people[0].Values = []string{"K0", "", "p@example.test"}
				w.subject = func(s *preflight.Subject) { s.Plan.Header.Mapped["name"] = "email" }
			},
		},
	})
	w := newWorld(t)
	swap(1, 2, 30)(w)
	if f := w.ask("columns"); len(details(f)) != 1 || details(f)[0] != "name: rows 2, 3, 4, 5, 6 and 25 more" {
		t.Errorf("details: %q", details(f))
	}
	w = newWorld(t)
	swap(1, 2, 60)(w)
	if f := w.ask("columns"); f.Status != preflight.Fail || len(details(f)) != 1 || details(f)[0] != "name: rows 2, 3, 4, 5, 6 and 55 more" {
		t.Errorf("of another column: %s %q", f.Status, details(f))
	}
}

// What stands in a cell for a name, and what it is taken for.
func TestWhatACellLooksLike(t *testing.T) {
	for cell, want := range map[string]string{
		"p@example.test": "e-mail addresses", "@example.test": "", "me@work": "", "anna@home, b.c": "", "12@": "",
		"1234567": "phone numbers", "+86 (100) 000-0001": "phone numbers", "123456789012345": "phone numbers", "1234567890123456": "digits",
		"123456": "digits", "123": "digits", "12": "", "+-": "", "7th of May": "", "Wang 1234567": "",
	} {
		w := newWorld(t)
		w.people[0].Values[1] = cell
		f := w.ask("columns")
		if got := strings.Contains(summary(f), "1 of 100 cells in the column name hold "+want); want != "" && !got || (f.Status == preflight.Warn) != (want != "") {
			t.Errorf("%q: %s: %s", cell, f.Status, summary(f))
		}
	}
}

func TestTestRows(t *testing.T) {
	actual := many(120)
	phone := func(number string) func(*world) {
		return func(w *world) { w.people[7].To[0].Address = message.Address(number) }
	}
	askAll(t, "test-rows", []question{
		{name: "测试", want: preflight.Warn, change: both(noZeros, cell(1, 2, "测试用户")), summary: []string{"2 of 100 rows look like a test: rows 3, 4"}, remedies: []string{"delete"}},
		{name: "test7", want: preflight.Warn, change: both(noZeros, cell(1, 1, "Test 7")), summary: []string{"1 of 100 rows"}},
		{name: "asdf", want: preflight.Warn, change: both(noZeros, cell(1, 1, "asdf"))},
		{name: "xxx", want: preflight.Warn, change: both(noZeros, cell(1, 1, "XXX"))},
		{name: "the number on every form", want: preflight.Warn, change: both(noZeros, phone("+8613800138000"))},
		{name: "12345678", want: preflight.Warn, change: both(noZeros, phone("+8613012345678"))},
		{name: "a name that begins like it", want: preflight.Pass, change: both(noZeros, cell(1, 1, "Testa Rossi"))},
		{name: "a domain for examples", want: preflight.Warn, change: both(mails(nil), domains(100, "customer.net"), domains(1, "mail.example.com")), summary: []string{"1 of 100 rows"}},
		{name: "a test name and a number of everybody's", want: preflight.Warn, change: both(noZeros, cell(1, 1, "asdf"), func(w *world) { w.people[0].To[0].Address = "+8613800138000" })},
		{name: "49 of 100", want: preflight.Warn, change: both(noZeros, cell(1, 49, "test")), summary: []string{"49 of 100 rows look like a test"}, remedies: []string{"delete"}},
		{name: "half of the list", want: preflight.Fail, change: both(noZeros, cell(1, 50, "test")), remedies: []string{"take the real one"}},
		{name: "rows without a message count, too", want: preflight.Warn, change: both(noZeros, cell(1, 1, "test"), func(w *world) { w.people[0].To[0].Address = "" }), summary: []string{"1 of 100"}},
		{name: "a number behind a mail", want: preflight.Warn, change: both(noZeros, besideSMS, domains(100, "customer.net"), phone("+8613800138000"))},
		{name: "a mail behind a number", want: preflight.Warn, change: both(noZeros, besideSMS, domains(100, "customer.net"), domains(1, "a.test"))},
		{
			name: "outside production they are what is wanted", want: preflight.Skip,
			change: both(actual, func(w *world) { w.config.Environment = config.Test }),
		},
	})
}

func TestProtectedRecipients(t *testing.T) {
	askAll(t, "protected-recipients", []question{
		{name: "SMS only", want: preflight.Skip, change: ownDomain, summary: []string{"no mail"}},
		{name: "nothing is protected", want: preflight.Skip, change: mails(nil), summary: []string{"protected_domains"}},
		{name: "nobody there", want: preflight.Pass, change: both(ownDomain, mails(nil), domains(100, "notcompany.net"))},
		{
			name: "colleagues", want: preflight.Warn, change: both(ownDomain, mails(nil), domains(30, "sales.company.net")),
			summary: []string{"30 mails to the protected domain company.net"}, remedies: []string{"domain_rate: {company.net: 1/s}"},
		},
		{name: "as many as a customer's filter bears", want: preflight.Warn, change: both(ownDomain, many(1000), mails(nil), domains(1000, "company.net"))},
		{
			name: "colleagues at a pace", want: preflight.Pass,
			change: both(ownDomain, mails(nil), domains(30, "company.net"), func(w *world) {
				w.account("edm", func(a *config.Account) { a.DomainRate = map[string]float64{"company.net": 1} })
			}),
			summary: []string{"at its own pace"},
		},
		{
			name: "one domain at a pace, and another without", want: preflight.Warn, summary: []string{"30 mails to the protected domain company.net, at its own pace", "30 mails to the protected domain shop.test"},
			change: both(mails(nil), domains(60, "shop.test"), domains(30, "company.net"), func(w *world) {
				w.config.ProtectedDomains = []string{"company.net", "shop.test"}
				w.account("edm", func(a *config.Account) { a.DomainRate = map[string]float64{"company.net": 1} })
			}),
		},
	})
}

func TestDomainShare(t *testing.T) {
	askAll(t, "domain-share", []question{
		{name: "SMS only", want: preflight.Skip},
		{name: "one company", want: preflight.Pass, change: mails(nil), summary: []string{"100 mails, all to example.test"}},
		{name: "too few to matter", want: preflight.Pass, change: both(many(20), mails(nil), domains(19, "a.test"))},
		{name: "nobody", want: preflight.Skip, change: both(many(0), mails(nil)), summary: []string{"no mail"}},
		{name: "one mail each", want: preflight.Pass, change: both(many(2), mails(nil), domains(1, "b.test")), summary: []string{"b.test gets 1 of 2 mails"}},
		{
			name: "as many to each", want: preflight.Pass, summary: []string{"a.test gets 20 of 100 mails"},
			change: both(mails(nil), domains(80, "e.test"), domains(60, "a.test"), domains(40, "d.test"), domains(20, "c.test")),
		},
	})
}

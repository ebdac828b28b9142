package preflight_test

import (
	"strings"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/template"
)

func signed(sign string) func(*world) { return smsA(func(a *config.Account) { a.Signature = sign }) }

// abroad are numbers that no rule of mainland China is for (the range is reserved for drama).
func abroad(w *world) {
	for i := range w.people {
		w.people[i].To[0].Address = message.Address("+4477009" + strings.Repeat("0", 2) + string([]byte{'0' + byte(i/100), '0' + byte(i/10%10), '0' + byte(i%10)}))
	}
}

func TestValues(t *testing.T) {
	askAll(t, "values", []question{
		{name: "null", want: preflight.Fail, change: cell(1, 9, "NULL"), summary: []string{"9 texts", "rows 2, 3, 4, 5, 6 and 4 more"}, remedies: []string{"export"}},
		{name: "one", want: preflight.Fail, change: cell(1, 1, "undefined"), summary: []string{"1 text", "row 2"}},
		{name: "one more than are named", want: preflight.Fail, change: cell(1, 6, "N/A"), summary: []string{"6 texts", "rows 2, 3, 4, 5, 6 and 1 more"}},
		{name: "a header, and null", want: preflight.Fail, change: both(cell(1, 2, "null"), cell(1, 1, "name")), summary: []string{"1 text with a column's header", "row 2", "1 text", "row 3"}},
		{name: "a header that no text fills in", want: preflight.Pass, change: cell(0, 3, "key")},
		{name: "somebody called None", want: preflight.Pass, change: cell(1, 1, "Nonesuch")},
	})
}

func TestBraces(t *testing.T) {
	askAll(t, "braces", []question{
		{name: "closing ones in a cell", want: preflight.Fail, change: cell(1, 1, "Wang}}")},
		{name: "a header in single braces in a cell", want: preflight.Fail, change: cell(1, 1, "dear {name}")},
		{name: "other braces", want: preflight.Pass, change: cell(1, 1, "Wang {the second}")},
		{name: "a price with a dollar", want: preflight.Pass, change: reads("{{name}}, you won ${{key}}.")},
		{
			name: "a style sheet", want: preflight.Pass,
			change: mails(func(e *campaign.Mail) { e.HTML = "<style>@media print{p{color:red}}</style><p>{{name}}</p>" }),
		},
	})
}

func TestAllVariables(t *testing.T) {
	askAll(t, "all-variables", []question{
		{name: "one letter is a word of its own", want: preflight.Pass, change: reads("{{name}}{{key}}好"), summary: []string{"1 letter"}},
		{
			name: "a mail may, with a warning", want: preflight.Warn,
			change: mails(func(e *campaign.Mail) { e.Subject, e.Text = "{{name}}", "{{key}}" }),
		},
	})
}

func TestTemplateValues(t *testing.T) {
	kept := func(v template.Variable) func(*world) {
		return func(w *world) {
			ofAliyun(w)
			w.campaign.Texts.Short(message.SMS).Template = &template.Template{Variables: []template.Variable{v}}
		}
	}
	askAll(t, "template-values", []question{
		{name: "no approved text", want: preflight.Skip},
		{name: "mail only", want: preflight.Skip, change: mails(nil)},
		{
			name: "a vendor that is given whole texts", want: preflight.Skip,
			change: func(w *world) { w.campaign.Texts.Short(message.SMS).TemplateCode = map[string]string{"sms-a": "SMS_1"} },
		},
		{name: "a vendor that fills in texts, and has none of this campaign", want: preflight.Skip, change: both(ofAliyun, func(w *world) { w.campaign.Texts.Short(message.SMS).TemplateCode = nil })},
		{name: "a text that cannot be read", want: preflight.Error, change: both(ofAliyun, textless), summary: []string{noTexts}},
		{name: "rows that cannot be read", want: preflight.Error, change: both(ofAliyun, closed), summary: []string{planClosed}},
		{
			name: "a row that is a cell too short", want: preflight.Fail, summary: []string{"in 1 row"},
			change: both(reads("{{name}} {{email}}"), ofAliyun, cell(3, 100, "a"), cell(1, 1, "https://a.test"), func(w *world) { w.people[0].Values = w.people[0].Values[:3] }),
		},
		{
			name: "behind an empty cell", want: preflight.Fail, summary: []string{"in 1 row"},
			change: both(reads("{{name}} {{key}}"), ofAliyun, cell(0, 1, ""), cell(1, 1, "https://a.test")),
		},
		{
			name: "longer than its template allows", want: preflight.Fail, summary: []string{"in 100 rows"},
			change: kept(template.Variable{Name: "name", Kind: template.Other, Max: 1}),
		},
		{
			name: "not of its kind", want: preflight.Fail, summary: []string{"in 100 rows"},
			change: kept(template.Variable{Name: "name", Kind: template.Captcha, Max: 35}),
		},
		{
			name: "too long for one that stands in", want: preflight.Warn,
			summary: []string{"in 100 rows", "sms-b only stands in, and what it takes over would not get through"},
			change: both(kept(template.Variable{Name: "name", Kind: template.Other, Max: 1}), spare(&vendor{}, "SMS_2"), func(w *world) {
				delete(w.campaign.Texts.Short(message.SMS).TemplateCode, "sms-a")
				w.account("sms-b", func(a *config.Account) { a.Vendor = "aliyun-sms" })
			}),
		},
		{
			name: "the same vendor stands in", want: preflight.Fail, summary: []string{"in 100 rows"},
			change: both(kept(template.Variable{Name: "name", Kind: template.Other, Max: 1}), spare(&vendor{}, "SMS_2"), func(w *world) {
				w.account("sms-b", func(a *config.Account) { a.Vendor = "aliyun-sms" })
			}),
		},
		{name: "of another variable", want: preflight.Pass, change: kept(template.Variable{Name: "other", Kind: template.Captcha, Max: 1})},
	})
}

// All that is wrong with a row is said at once, and the row counts once.
func TestEveryValueOfARowIsNamed(t *testing.T) {
	w := newWorld(t)
	both(reads("{{name}} {{key}} {{email}}"), ofAliyun, cell(1, 7, "https://a.test"))(w)
	w.campaign.Texts.Short(message.SMS).Template = &template.Template{Variables: []template.Variable{{Name: "key", Kind: template.Captcha, Max: 35}}}
	f := w.ask("template-values")
	if f.Status != preflight.Fail || !strings.Contains(summary(f), "in 100 rows") || len(f.Details) != 15 {
		t.Errorf("%s %s %q", f.Status, summary(f), details(f))
	}
}

func TestForbidden(t *testing.T) {
	templated := func(w *world) { w.campaign.Texts.Short(message.SMS).TemplateCode = map[string]string{"sms-a": "SMS_1"} }
	askAll(t, "forbidden", []question{
		{name: "mail only", want: preflight.Skip, change: mails(nil)},
		{name: "abroad", want: preflight.Skip, change: both(abroad, reads("{{name}} 【!】"))},
		{name: "the signature's own brackets", want: preflight.Pass, change: both(signed("示例"), reads("【示例】{{name}}，恭喜。"))},
		{name: "others without a signature", want: preflight.Warn, change: cell(1, 1, "王【工】"), summary: []string{"1 of 100", "row 2"}},
		{
			name: "a link in a variable of a template", want: preflight.Fail, change: both(templated, cell(1, 4, "https://a.test/x")),
			summary: []string{"4 of 100 texts are filled with a web address"}, remedies: []string{"into the text itself"},
		},
		{
			name: "others, where one with a signature stands in", want: preflight.Warn, change: both(cell(1, 1, "王【工】"), spare(&vendor{}, "")),
			summary: []string{"row 2; sms-b only stands in, and what it takes over would not get through"},
		},
		{name: "a link in a variable of a whole text", want: preflight.Warn, change: cell(1, 4, "www.a.test")},
	})
}

func TestSignature(t *testing.T) {
	askAll(t, "signature", []question{
		{name: "an account that is not configured", want: preflight.Skip, change: route([]config.Share{{Account: "sms-x", Weight: 1}}), summary: []string{"no account carries SMS"}},
		{name: "an account without a share", want: preflight.Pass, change: both(signed("示例"), route([]config.Share{{Account: "sms-a", Weight: 1}, {Account: "sms-b"}})), summary: []string{"sms-a: 【示例】"}},
		{name: "in the text", want: preflight.Pass, change: reads("【示例】{{name}}, you won."), summary: []string{"【示例】"}},
		{name: "the same twice", want: preflight.Pass, change: both(signed("【示例】"), reads("【示例】{{name}}, you won."))},
		{name: "two", want: preflight.Fail, change: both(signed("别家"), reads("【示例】{{name}}, you won.")), summary: []string{"别家", "示例"}},
		{
			name: "two, where it stands in", want: preflight.Warn, change: both(signed("示例"), reads("【示例】{{name}}, you won."), spare(&vendor{}, ""), func(w *world) {
				w.account("sms-b", func(a *config.Account) { a.Signature = "别家" })
			}),
			summary: []string{"sms-a: 【示例】", "sms-b puts 【别家】 before a text that begins with 【示例】; sms-b only stands in, and what it takes over would not get through"},
		},
		{
			name: "none, where it stands in", want: preflight.Warn, change: both(signed("示例"), spare(&vendor{}, ""), func(w *world) {
				w.account("sms-b", func(a *config.Account) { a.Signature = "" })
			}),
			summary: []string{"sms-b: neither the account nor the text has a signature", "sms-b only stands in"}, remedies: []string{"accounts.sms-b.options.sign_name"},
		},
		{name: "one that is not closed", want: preflight.Warn, change: reads("【示例 {{name}}, you won."), summary: []string{"neither the account nor the text"}},
		{name: "one that was not opened", want: preflight.Warn, change: reads("示例】{{name}}, you won."), summary: []string{"neither the account nor the text"}},
		{name: "a text that cannot be read", want: preflight.Error, change: textless, summary: []string{noTexts}},
		{name: "none", want: preflight.Warn, summary: []string{"neither the account nor the text"}, remedies: []string{"accounts.sms-a.options.sign_name"}},
		{name: "abroad", want: preflight.Skip, change: abroad},
		{name: "mail only", want: preflight.Skip, change: mails(nil)},
	})
}

func TestOptOut(t *testing.T) {
	askAll(t, "opt-out", []question{
		{name: "a notice", want: preflight.Skip, summary: []string{"notice"}},
		{
			name: "in HTML", want: preflight.Pass,
			change: both(marketing, mails(func(e *campaign.Mail) { e.HTML = `<p>{{name}} <a href="https://a.test/u">Unsubscribe</a></p>` })),
		},
		{name: "not in the mail", want: preflight.Fail, change: both(marketing, mails(nil)), remedies: []string{"link to unsubscribe"}},
		{name: "only a value says it", want: preflight.Fail, change: both(marketing, cell(1, 100, "unsubscribe"))},
	})
}

func TestSegments(t *testing.T) {
	askAll(t, "segments", []question{
		{name: "two are usual", want: preflight.Pass, change: reads("{{name}} " + strings.Repeat("好", 100))},
		{
			name: "one cell gone wrong", want: preflight.Warn, change: cell(1, 1, strings.Repeat("好", 140)),
			summary: []string{"1 of 100 SMS have more than 2 segments, the longest 3"}, remedies: []string{"--show 2"},
		},
		{name: "ten are taken", want: preflight.Warn, change: cell(1, 1, strings.Repeat("好", 660)), summary: []string{"1 of 100 SMS have more than 2 segments, the longest 10"}},
		{name: "eleven are not", want: preflight.Fail, change: cell(1, 1, strings.Repeat("好", 661)), summary: []string{"1 of 100 SMS have more than 10 segments, the longest 11"}},
		{ // 300 letters are 2 segments of 153, and 145 letters of which one is Chinese are 3 of 67
			name: "one letter makes it the longest", want: preflight.Warn, change: both(abroad, cell(1, 2, strings.Repeat("x", 290)), cell(1, 1, strings.Repeat("x", 134)+"好")),
			summary: []string{"1 of 100 SMS have more than 2 segments, the longest 3"}, remedies: []string{"--show 2"},
		},
		{name: "one SMS", want: preflight.Pass, change: many(1), summary: []string{"the longest SMS has 1 segment"}},
		{name: "nobody", want: preflight.Skip, change: many(0), summary: []string{"no SMS"}},
		{name: "mail only", want: preflight.Skip, change: mails(nil)},
	})
	w := newWorld(t)
	cell(1, 1, strings.Repeat("好", 140))(w)
	f := w.ask("segments")
	if len(details(f)) != 1 || !strings.HasPrefix(details(f)[0], "the longest: row 2 (150 characters, 3 segments), row 12 (19), ") || strings.Count(details(f)[0], "row") != 10 || strings.Contains(strings.Join(details(f), ""), "好") {
		t.Errorf("details: %q", details(f))
	}
}

func TestSubjects(t *testing.T) {
	same := mails(func(e *campaign.Mail) { e.Subject = "Your award" })
	askAll(t, "subjects", []question{
		{name: "SMS only", want: preflight.Skip},
		{name: "more than are counted", want: preflight.Pass, change: both(many(1200), mails(nil)), summary: []string{"1,000 subjects or more in 1,200 mails"}},
		{name: "one less is counted", want: preflight.Pass, change: both(many(999), mails(nil)), summary: []string{"999 subjects in 999 mails"}},
		{name: "two in many", want: preflight.Pass, change: both(many(1001), mails(nil), cell(1, 1000, "Wang")), summary: []string{"2 subjects in 1,001 mails"}},
		{name: "one for a few", want: preflight.Pass, change: same},
		{
			name: "one for many", want: preflight.Warn, change: both(many(101), same),
			summary: []string{"101 mails with one identical subject"}, remedies: []string{`subject: "{{name}}, …"`},
		},
		{name: "one for a thousand", want: preflight.Warn, change: both(many(1000), same), summary: []string{"1,000 mails with one identical subject"}},
		{
			name: "no column is mapped to the name", want: preflight.Warn, remedies: []string{`subject: "{{key}}, …"`},
			change: both(many(101), same, func(w *world) { w.subject = func(s *preflight.Subject) { delete(s.Plan.Header.Mapped, "name") } }),
		},
	})
}

func TestTextPart(t *testing.T) {
	const html = "<p>{{name}}</p>"
	askAll(t, "text-part", []question{
		{name: "SMS only", want: preflight.Skip},
		{name: "both", want: preflight.Pass, change: mails(func(e *campaign.Mail) { e.HTML = html })},
	})
}

func TestLinks(t *testing.T) {
	askAll(t, "links", []question{
		{name: "none", want: preflight.Pass},
		{name: "in one value", want: preflight.Warn, change: cell(1, 1, "http://a.test/1"), summary: []string{"1 text with http:// in a value: row 2"}},
		{name: "in a value", want: preflight.Warn, change: cell(1, 3, "http://a.test/1"), summary: []string{"3 texts with http:// in a value: rows 2, 3, 4"}, remedies: []string{"in the list"}},
		{
			name: "names of HTML are no links", want: preflight.Pass,
			change: mails(func(e *campaign.Mail) { e.HTML = `<html xmlns="http://www.w3.org/1999/xhtml"><p>{{name}}</p></html>` }),
		},
	})
	w := newWorld(t)
	reads("{{name}}: http://b.test http://a.test/award。 http://b.test")(w)
	if f := w.ask("links"); strings.Join(details(f), " ") != "http://a.test/award http://b.test" {
		t.Errorf("details: %q", details(f))
	}
}

func TestSize(t *testing.T) {
	attached := func(n int) func(*world) {
		return mails(func(e *campaign.Mail) {
			e.Attachments = []message.Attachment{{Name: "award.pdf", Data: make([]byte, n)}}
		})
	}
	askAll(t, "size", []question{
		{name: "SMS only", want: preflight.Skip},
		{
			name: "large", want: preflight.Warn, change: attached(100 << 10),
			summary: []string{"the largest has 135 KiB (attachments 100 KiB); all together at most 13 MiB; above 100 KiB"}, remedies: []string{"link to them"},
		},
		{
			name: "one long cell", want: preflight.Warn, change: both(mails(nil), cell(1, 1, strings.Repeat("x", 90<<10))),
			remedies: []string{"--show 2"},
		},
		// The name stands in the subject and in the text, which have 22 letters beside it.
		{
			name: "attachments as large as the text", want: preflight.Warn, remedies: []string{"look at the largest"},
			change: both(attached(80_022), cell(1, 1, strings.Repeat("x", 40_000))),
		},
		{
			name: "attachments larger than the text", want: preflight.Warn, remedies: []string{"link to them"},
			change: both(attached(80_023), cell(1, 1, strings.Repeat("x", 40_000))),
		},
		// The texts of a row have 40 bytes, and the headers 2,048: what is attached fills the rest, and a third of it more.
		{name: "100 KiB", want: preflight.Pass, change: attached(75_224), summary: []string{"the largest has 100 KiB (attachments 73 KiB)"}},
		{name: "a byte more", want: preflight.Warn, change: attached(75_225), summary: []string{"the largest has 102,401 B", "above 102,400 B"}},
		{name: "10 MiB", want: preflight.Warn, change: attached(7_862_744), summary: []string{"the largest has 10 MiB"}},
		{name: "a byte more than that", want: preflight.Fail, change: attached(7_862_745), summary: []string{"the largest has 10,485,761 B", "above 10,485,760 B"}, remedies: []string{"link to them"}},
		{name: "one mail", want: preflight.Pass, change: both(many(1), mails(nil)), summary: []string{"the largest has 2.0 KiB (attachments 0 B); all together at most 2.0 KiB"}},
		{name: "nobody", want: preflight.Skip, change: both(many(0), mails(nil)), summary: []string{"no mail"}},
	})
}

// What a campaign does not say on one channel is told of each, and once.
func TestOptOutOfEachChannel(t *testing.T) {
	w := newWorld(t)
	both(marketing, besideSMS)(w)
	if f := w.ask("opt-out"); f.Status != preflight.Fail || len(f.Summary) != 2 {
		t.Errorf("%s: %s", f.Status, summary(f))
	}
}

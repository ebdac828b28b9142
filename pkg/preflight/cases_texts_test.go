package preflight_test

import (
	"strings"

	"notify/pkg/campaign"
	"notify/pkg/message"
	"notify/pkg/vendors"
)

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
			offhand: true,
			pass:    is("sms: the text is not only variables (6 letters"),
			bad:     is("nothing but variables", reads("【示例】{{name}}：{{key}}！")).do("write into the text"),
			broken:  is(noTexts, textless),
		},
		"forbidden": {
			pass:   is("no brackets beside the signature"),
			bad:    is("100 of 100 texts have 【 or 】", signed("示例"), reads("{{name}}，恭喜【中奖】。")).do("「」"),
			broken: is(noFacts, factless),
		},
		"signature": {
			ready:  signed("示例"),
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
		"template-values": {
			ready:  ofAliyun,
			pass:   is("100 rows: ", ofAliyun),
			bad:    is("in 2 rows a value breaks a vendor's rule", ofAliyun, cell(1, 2, "看 www.example.test")).do("correct these rows"),
			broken: is(noTexts, textless),
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

// ofAliyun sends the campaign's text as an approved one.
func ofAliyun(w *world) {
	a := w.config.Accounts["sms-a"]
	a.Vendor = "aliyun-sms"
	w.config.Accounts["sms-a"] = a
	w.campaign.Texts.Short(message.SMS).TemplateCode = map[string]string{"sms-a": "SMS_1"}
}

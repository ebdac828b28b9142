package preflight_test

import (
	"context"
	"slices"
	"testing"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
)

// approver is a vendor that tells what it has approved.
type approver struct {
	mute
	have []vendors.Template
	errs map[vendors.TemplateKind]error
}

func (a approver) Templates(_ context.Context, kind vendors.TemplateKind, _ ...string) ([]vendors.Template, error) {
	return slices.DeleteFunc(slices.Clone(a.have), func(t vendors.Template) bool { return t.Kind != kind }), a.errs[kind]
}

// spare has sms-b stand in for sms-a, with a text of its own.
func spare(v vendors.Vendor, code string) func(*world) {
	return func(w *world) {
		route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b")(w)
		w.vendors["sms-b"] = v
		if code != "" {
			w.campaign.Texts.Short(message.SMS).TemplateCode["sms-b"] = code
		}
	}
}

// strict is a vendor that sends what it has approved, and nothing else.
type strict struct{ approver }

func (strict) TemplateOnly() bool { return true }

func TestTemplates(t *testing.T) {
	at := func(a approver) func(*world) {
		return func(w *world) {
			w.vendors["sms-a"] = a
			w.campaign.Texts.Short(message.SMS).TemplateCode = map[string]string{"sms-a": "SMS_1"}
		}
	}
	has := func(state vendors.TemplateState) []vendors.Template {
		return []vendors.Template{
			{Kind: vendors.TemplateSignature, Code: "示例", State: vendors.TemplateApproved},
			{Kind: vendors.TemplateText, Code: "SMS_1", State: state, Said: "7", Reason: "names a prize", Text: "您好"},
		}
	}
	silent := []vendors.Template{{Kind: vendors.TemplateText, Code: "SMS_1", State: vendors.TemplateRejected}}
	untold := func(kind vendors.TemplateKind, err error) approver {
		return approver{have: has(vendors.TemplateApproved), errs: map[vendors.TemplateKind]error{kind: err}}
	}
	askAll(t, "templates", []question{
		{name: "mail only", want: preflight.Skip, change: mails(nil)},
		{name: "nothing to approve", want: preflight.Skip, summary: []string{"neither template nor signature"}},
		{
			name: "a vendor that sends approved texts only, and none is named", want: preflight.Fail, change: both(signed("示例"), func(w *world) { w.vendors["sms-a"] = strict{} }),
			summary: []string{"approved texts only, and the campaign names none"}, remedies: []string{"channels.sms.template_code.sms-a"},
		},
		{
			name: "one that stands in and has none named", want: preflight.Warn, change: both(at(approver{have: has(vendors.TemplateApproved)}), spare(strict{}, "")),
			summary: []string{"sms-b: the vendor sends approved texts only", "sms-b only stands in"},
		},
		{name: "a vendor that does not tell", want: preflight.NotLooked, change: signed("示例"), summary: []string{"does not tell", "console"}},
		{
			name: "approved", want: preflight.Pass, change: both(signed("示例"), at(approver{have: has(vendors.TemplateApproved)})),
			summary: []string{"template SMS_1 is approved", "signature 【示例】 is approved"},
		},
		{
			name: "a vendor that tells of texts only", want: preflight.NotLooked, change: both(signed("示例"), at(untold(vendors.TemplateSignature, vendors.ErrNotTold))),
			summary: []string{"template SMS_1 is approved", "does not tell whether signature 【示例】 is approved"},
		},
		{
			name: "a vendor that takes any signature", want: preflight.Pass, change: both(signed("示例"), at(untold(vendors.TemplateSignature, vendors.ErrTakesAny))),
			summary: []string{"template SMS_1 is approved", "takes any signature"},
		},
		{
			name: "waiting", want: preflight.Fail, change: at(approver{have: has(vendors.TemplatePending)}),
			summary: []string{"waits for approval"}, remedies: []string{"wait until the vendor has approved it"},
		},
		{
			name: "rejected", want: preflight.Fail, change: at(approver{have: has(vendors.TemplateRejected)}),
			summary: []string{"names a prize"}, remedies: []string{"apply for template SMS_1"},
		},
		{name: "rejected without a word", want: preflight.Fail, change: at(approver{have: silent}), summary: []string{"the vendor gives no reason"}},
		{
			name: "not there", want: preflight.Fail, change: at(approver{}), summary: []string{"does not have template SMS_1"},
			remedies: []string{"apply for template SMS_1"},
		},
		{name: "another signature", want: preflight.Fail, change: both(signed("别家"), at(approver{have: has(vendors.TemplateApproved)})), summary: []string{"【别家】"}},
		{
			name: "a state that nobody knows", want: preflight.Error, change: at(approver{have: has("")}),
			summary: []string{`the state of template SMS_1 is "7"`}, remedies: []string{"under states in the vendor file of sms-a"},
		},
		{name: "a vendor that breaks", want: preflight.Error, change: at(untold(vendors.TemplateText, errDown)), summary: []string{"the vendor is down"}},
		{
			name: "an account that could not be opened", want: preflight.Error,
			change: both(signed("示例"), func(w *world) { delete(w.vendors, "sms-a") }), summary: []string{"was not opened"},
		},
		{
			name: "one that stands in has not got it", want: preflight.Warn, change: both(at(approver{have: has(vendors.TemplateApproved)}), spare(approver{}, "SMS_9")),
			summary:  []string{"template SMS_1 is approved", "sms-b: the vendor does not have template SMS_9; sms-b only stands in, and what it takes over would not get through"},
			remedies: []string{"apply for template SMS_9"},
		},
		{
			name: "one that stands in cannot be asked", want: preflight.Warn,
			change: both(at(approver{have: has(vendors.TemplateApproved)}), spare(untold(vendors.TemplateText, errDown), "SMS_9")), summary: []string{"sms-b: the vendor is down; sms-b only stands in"},
		},
		{
			name: "one that stands in has it", want: preflight.Pass,
			change: both(at(approver{have: has(vendors.TemplateApproved)}), spare(approver{have: has(vendors.TemplateApproved)}, "SMS_1")), summary: []string{"sms-b: template SMS_1 is approved"},
		},
		{
			name: "one that stands in and is switched off is not asked", want: preflight.Pass,
			change: both(at(approver{have: has(vendors.TemplateApproved)}), spare(approver{}, "SMS_9"), knows(ledger.AccountState{Account: "sms-b", Off: &ledger.Act{}})),
		},
		{
			name: "one that stands in for one that is switched off carries everything", want: preflight.Fail,
			change:  both(at(approver{have: has(vendors.TemplateApproved)}), spare(approver{}, "SMS_9"), knows(ledger.AccountState{Account: "sms-a", Off: &ledger.Act{}})),
			summary: []string{"sms-b: the vendor does not have template SMS_9"},
		},
	})
	w := newWorld(t)
	at(approver{have: has(vendors.TemplateApproved)})(w)
	if f := w.ask("templates"); len(details(f)) != 1 || details(f)[0] != "sms-a: template SMS_1 at the vendor: 您好" {
		t.Errorf("details %q", details(f))
	}
}

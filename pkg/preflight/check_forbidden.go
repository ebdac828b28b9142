package preflight

import (
	"context"

	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// forbiddenCheck asks whether an SMS has what carriers in mainland China do not let through: 【】 besides the signature,
// which the brackets are reserved for, and web addresses in variables (Alibaba Cloud answers isv.PARAM_NOT_SUPPORT_URL).
//
// *Is there anything in an SMS that carriers in mainland China do not let through?* 【】 that are not the signature's: FAIL where the
// account puts a signature before the text, else WARN. A web address in a variable: FAIL where the account fills in an approved template
// (Alibaba Cloud answers `isv.PARAM_NOT_SUPPORT_URL`), else WARN.
func forbiddenCheck() Check {
	return Check{ID: "forbidden", Group: GroupTexts, Run: ofMainlandSMS(func(_ context.Context, s *Subject, f *plan.ChannelFacts) Finding {
		var a answers
		a.fact("brackets", f.Brackets.Count)
		a.fact("urls", f.URLs.Count)
		s.brackets(&a, f)
		s.urls(&a, f)
		if a.status == NotRun {
			a.say(Pass, "forbidden.none", nil)
		}
		return a.done(words.Text{})
	})}
}

func (s *Subject) brackets(a *answers, f *plan.ChannelFacts) {
	if f.Brackets.Count == 0 {
		return
	}
	signed := false
	for _, acc := range s.carriers(message.SMS) {
		signed = signed || acc.Signature != ""
	}
	bad := Warn
	if signed {
		bad = Fail
	}
	a.say(bad, "forbidden.brackets", words.A{"count": f.Brackets.Count, "texts": words.N(f.Texts, "text"), "rows": rowsOf(f.Brackets)},
		words.T("forbidden.other-brackets", nil))
}

// urls fail where the vendor fills in an approved template: there the rule is the vendor's own. A gateway that takes the
// whole text may have agreed on it.
func (s *Subject) urls(a *answers, f *plan.ChannelFacts) {
	if f.URLs.Count == 0 {
		return
	}
	bad := Warn
	for _, acc := range s.carriers(message.SMS) {
		if s.Plan.Spec.Texts.Short(message.SMS).TemplateCode[acc.Name] != "" {
			bad = Fail
		}
	}
	a.say(bad, "forbidden.urls", words.A{"count": f.URLs.Count, "texts": words.N(f.Texts, "text"), "rows": rowsOf(f.URLs)},
		words.T("forbidden.fixed-url", nil))
}

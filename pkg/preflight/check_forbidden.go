package preflight

import (
	"context"
	"slices"

	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// forbiddenCheck asks whether an SMS has what carriers in mainland China do not let through: 【】 besides the signature,
// which the brackets are reserved for, and web addresses in variables (Alibaba Cloud answers isv.PARAM_NOT_SUPPORT_URL).
//
// *Is there anything in an SMS that carriers in mainland China do not let through?* 【】 that are not the signature's: FAIL where the
// account puts a signature before the text, else WARN. A web address in a variable: FAIL where the account fills in an approved template
// (Alibaba Cloud answers `isv.PARAM_NOT_SUPPORT_URL`), else WARN. An account that only stands in WARNs.
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
	s.forbid(a, words.T("forbidden.brackets", words.A{"count": f.Brackets.Count, "texts": words.N(f.Texts, "text"), "rows": rowsOf(f.Brackets)}),
		words.T("forbidden.other-brackets", nil), func(acc *carrier) bool { return acc.Signature != "" })
}

// forbid adds what fails with accounts of some kind: FAIL where one of them carries messages, WARN where it only stands in or where there is none.
func (s *Subject) forbid(a *answers, said, do words.Text, fails func(*carrier) bool) {
	all := s.carriers(message.SMS) // those that stand in are the last
	if i := slices.IndexFunc(all, func(acc carrier) bool { return fails(&acc) }); i >= 0 {
		a.sayOf(&all[i], Fail, said, do)
		return
	}
	a.add(Warn, said, do)
}

// urls fail where the vendor fills in an approved template: there the rule is the vendor's own. A gateway that takes the
// whole text may have agreed on it.
func (s *Subject) urls(a *answers, f *plan.ChannelFacts) {
	if f.URLs.Count == 0 {
		return
	}
	codes := s.Plan.Spec.Texts.Short(message.SMS).TemplateCode
	s.forbid(a, words.T("forbidden.urls", words.A{"count": f.URLs.Count, "texts": words.N(f.Texts, "text"), "rows": rowsOf(f.URLs)}),
		words.T("forbidden.fixed-url", nil), func(acc *carrier) bool { return codes[acc.Name] != "" })
}

package preflight

import (
	"context"
	"fmt"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// forbiddenCheck asks whether an SMS has what carriers in mainland China do not let through: 【】 besides the signature,
// which the brackets are reserved for, and web addresses in variables (Alibaba Cloud answers isv.PARAM_NOT_SUPPORT_URL).
func forbiddenCheck() Check {
	return Check{ID: "forbidden", Group: GroupTexts, Run: ofMainlandSMS(func(_ context.Context, s *Subject, f *plan.ChannelFacts) Finding {
		var a answers
		a.fact("brackets", f.Brackets.Count)
		a.fact("urls", f.URLs.Count)
		s.brackets(&a, f)
		s.urls(&a, f)
		if a.status == NotRun {
			a.add(Pass, textNothingForbidden)
		}
		return a.done("")
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
	line := fmt.Sprintf(textBrackets, num(f.Brackets.Count), num(f.Texts), rowsOf(f.Brackets))
	if signed {
		a.add(Fail, line, textOtherBrackets)
		return
	}
	a.add(Warn, line, textOtherBrackets)
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
	a.add(bad, fmt.Sprintf(textURLs, num(f.URLs.Count), num(f.Texts), rowsOf(f.URLs)), textFixedURL)
}

const (
	textNoSMS            = "the campaign sends no SMS"
	textNoMainland       = "no SMS goes to mainland China"
	textNothingForbidden = "no brackets beside the signature, no link in a variable"
	textBrackets         = "%s of %s texts have 【 or 】 that are not the signature's: %s"
	textURLs             = "%s of %s texts are filled with a web address: %s"
	textOtherBrackets    = "write [ ] or 「」 instead; 【】 is for the signature alone"
	textFixedURL         = "put the link into the text itself, where the vendor can approve it, and at most a code behind it into the list"
)

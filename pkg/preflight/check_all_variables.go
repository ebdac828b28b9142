package preflight

import (
	"context"
	"strings"
	"unicode"

	"notify/pkg/channel"
	"notify/pkg/words"
)

// allVariablesCheck asks whether a text has words of its own. One that is nothing but variables is no template: carriers
// refuse it, because anything could be sent through it.
//
// *Does the text have words of its own?* Carriers refuse a template that is nothing but variables, because anything could be sent
// through it. FAIL for SMS, WARN for mail.
func allVariablesCheck() Check {
	return Check{ID: "all-variables", Group: GroupTexts, Run: func(ctx context.Context, s *Subject) Finding {
		r, err := s.renderer(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, ch := range s.Plan.Spec.Channels() {
			letters := 0
			for _, c := range withoutSignature(r.Fixed(ch)) {
				if unicode.IsLetter(c) || unicode.IsDigit(c) {
					letters++
				}
			}
			a.fact(string(ch)+".fixed_letters", letters)
			switch {
			case letters > 0:
				a.say(Pass, "all-variables.good", words.A{"channel": string(ch), "letters": words.N(letters, "letter")})
			case s.Config.Channels.Of(ch).Class == channel.Short:
				a.say(Fail, "all-variables.nothing", words.A{"channel": string(ch)}, words.T("all-variables.write", nil))
			default:
				a.say(Warn, "all-variables.nothing", words.A{"channel": string(ch)}, words.T("all-variables.write", nil))
			}
		}
		return a.done(noChannel())
	}}
}

// withoutSignature is a text without the 【…】 at its beginning.
func withoutSignature(text string) string {
	if rest, ok := strings.CutPrefix(text, "【"); ok {
		if _, after, closed := strings.Cut(rest, "】"); closed {
			return after
		}
	}
	return text
}

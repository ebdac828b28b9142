package preflight

import (
	"context"
	"strings"

	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// signatureCheck asks whether an SMS to mainland China says who sends it: without 【…】 carriers do not deliver it. A
// gateway may put it there by itself without our knowing, so that this warns; a second signature is a fail.
//
// *Does an SMS to mainland China say who sends it?* The account's `sign_name`, or 【…】 at the beginning of the text. WARN where there is
// neither, because a gateway may add it without our knowing; FAIL where there would be two, WARN where the account only stands in.
func signatureCheck() Check {
	return Check{ID: "signature", Group: GroupTexts, Run: ofMainlandSMS(func(ctx context.Context, s *Subject, _ *plan.ChannelFacts) Finding {
		r, err := s.renderer(ctx)
		if err != nil {
			return broken(err)
		}
		own := signatureOf(r.Fixed(message.SMS))
		var a answers
		for _, acc := range s.carriers(message.SMS) {
			sign := strings.Trim(strings.TrimSpace(acc.Signature), "【】")
			a.fact("account."+acc.Name+".signature", sign)
			switch {
			case sign == "" && own == "":
				a.sayOf(&acc, Warn, words.T("signature.none", words.A{"account": acc.Name}), words.T("signature.set", words.A{"account": acc.Name}))
			case sign != "" && own != "" && sign != own:
				a.sayOf(&acc, Fail, words.T("signature.two", words.A{"account": acc.Name, "sign": sign, "own": own}), words.T("signature.one", nil))
			case sign != "":
				a.say(Pass, "signature.good", words.A{"account": acc.Name, "sign": sign})
			default:
				a.say(Pass, "signature.good", words.A{"account": acc.Name, "sign": own})
			}
		}
		return a.done(words.T("sms.no-account", nil))
	})}
}

// signatureOf is what stands in the 【…】 at the beginning of a text.
func signatureOf(text string) string {
	rest, ok := strings.CutPrefix(text, "【")
	if !ok {
		return ""
	}
	sign, _, closed := strings.Cut(rest, "】")
	if !closed {
		return ""
	}
	return sign
}

package preflight

import (
	"context"
	"fmt"
	"strings"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// signatureCheck asks whether an SMS to mainland China says who sends it: without 【…】 carriers do not deliver it. A
// gateway may put it there by itself without our knowing, so that this warns; a second signature is a fail.
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
				a.add(Warn, fmt.Sprintf(textNoSignature, acc.Name), fmt.Sprintf(textSign, acc.Name))
			case sign != "" && own != "" && sign != own:
				a.add(Fail, fmt.Sprintf(textTwoSignatures, acc.Name, sign, own), textOneSignature)
			case sign != "":
				a.add(Pass, fmt.Sprintf(textSignedAs, acc.Name, sign))
			default:
				a.add(Pass, fmt.Sprintf(textSignedAs, acc.Name, own))
			}
		}
		return a.done(textNoSMSAccount)
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

const (
	textNoSMSAccount  = "no account carries SMS"
	textSignedAs      = "%s: 【%s】"
	textNoSignature   = "%s: neither the account nor the text has a signature; carriers in mainland China deliver no SMS without"
	textTwoSignatures = "%s puts 【%s】 before a text that begins with 【%s】"
	textSign          = "set accounts.%s.options.sign_name in notify.yaml to the signature that the vendor approved, or begin the text with 【…】"
	textOneSignature  = "take the signature out of the text, or out of the account"
)

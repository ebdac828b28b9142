package preflight

import (
	"context"
	"fmt"
	"strings"

	"notify/pkg/config"
)

// optOutCheck asks whether marketing says how to get no more of it. Carriers in mainland China approve no marketing SMS
// without such a line (拒收请回复R), and the laws on mail ask for it nearly everywhere.
func optOutCheck() Check {
	return Check{ID: "opt-out", Group: GroupTexts, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Plan.Spec.Class != config.Marketing {
			return Finding{Status: Skip, oldSummary: fmt.Sprintf(textNoOptOutNeeded, s.Plan.Spec.Class)}
		}
		r, err := s.renderer(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, ch := range s.Plan.Spec.Channels() {
			text, remedy := r.Fixed(ch), textAddOptOutSMS
			if t := s.Plan.Spec.Texts.Mail(ch); t != nil {
				text, remedy = s.textOf(ch), textAddOptOutMail
			}
			word := optOutWord(text)
			a.fact(string(ch)+".opt_out", word)
			if word == "" {
				a.add(Fail, fmt.Sprintf(textNoOptOut, ch), remedy)
				continue
			}
			a.add(Pass, fmt.Sprintf(textOptOut, ch, word))
		}
		return a.done(textNoChannel)
	}}
}

// optOutWord is the word of a text that tells how to opt out; empty where there is none.
func optOutWord(text string) string {
	lower := strings.ToLower(text)
	for _, word := range []string{
		"拒收", "退订", "退訂", "取消订阅", "不再接收", "unsubscribe", "opt out", "opt-out", "reply stop", "text stop", "stop to end",
	} {
		if strings.Contains(lower, word) {
			return word
		}
	}
	return ""
}

const (
	textNoOptOutNeeded = "the campaign is %s: only marketing needs it"
	textOptOut         = "%s: %q"
	textNoOptOut       = "%s: the text does not say how to get no more of these"
	textAddOptOutSMS   = "end the SMS with 拒收请回复R (or Reply STOP to end), as the vendor approved it"
	textAddOptOutMail  = "add a line with a link to unsubscribe (退订) to the mail's text and HTML"
)

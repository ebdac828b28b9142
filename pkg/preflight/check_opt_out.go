package preflight

import (
	"context"
	"strings"

	"notify/pkg/config"
	"notify/pkg/words"
)

// optOutCheck asks whether marketing says how to get no more of it. Carriers in mainland China approve no marketing SMS
// without such a line (拒收请回复R), and the laws on mail ask for it nearly everywhere.
//
// *Does marketing say how to get no more of it?* FAIL where the SMS has no line such as 拒收请回复R, or the mail no link to unsubscribe. The
// line must stand in the text; a value of the list does not count. Notices SKIP.
func optOutCheck() Check {
	return Check{ID: "opt-out", Group: GroupTexts, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Plan.Spec.Class != config.Marketing {
			return Finding{Status: Skip, Summary: said("opt-out.not-needed", words.A{"class": classWord(s.Plan.Spec.Class)})}
		}
		r, err := s.renderer(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, ch := range s.Plan.Spec.Channels() {
			text, remedy := r.Fixed(ch), words.T("opt-out.add-sms", nil)
			if t := s.Plan.Spec.Texts.Mail(ch); t != nil {
				text, remedy = s.textOf(ch), words.T("opt-out.add-mail", nil)
			}
			word := optOutWord(text)
			a.fact(string(ch)+".opt_out", word)
			if word == "" {
				a.say(Fail, "opt-out.none", words.A{"channel": string(ch)}, remedy)
				continue
			}
			a.say(Pass, "opt-out.good", words.A{"channel": string(ch), "word": word})
		}
		return a.done(noChannel())
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

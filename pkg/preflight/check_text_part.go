package preflight

import (
	"context"

	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// textPartCheck asks whether a mail with HTML has a plain text as well: filters count its absence against the mail
// (SpamAssassin: MIME_HTML_ONLY), and people without HTML read nothing.
//
// *Does a mail with HTML have a plain text too?* WARN where it has not: spam filters count that against it.
func textPartCheck() Check {
	return Check{ID: "text-part", Group: GroupTexts, Run: ofTexts(message.Email, func(_ context.Context, s *Subject, _ *plan.ChannelFacts) Finding {
		switch e := s.Plan.Spec.Texts.Mail(message.Email); {
		case e.HTML != "" && e.Text == "":
			return Finding{Status: Warn, Summary: said("text-part.html-only", nil), Remedies: do(words.T("text-part.add", nil))}
		case e.HTML == "":
			return Finding{Status: Pass, Summary: said("text-part.text-only", nil)}
		}
		return Finding{Status: Pass, Summary: said("text-part.both", nil)}
	})}
}

package preflight

import (
	"context"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// textPartCheck asks whether a mail with HTML has a plain text as well: filters count its absence against the mail
// (SpamAssassin: MIME_HTML_ONLY), and people without HTML read nothing.
func textPartCheck() Check {
	return Check{ID: "text-part", Group: GroupTexts, Run: ofTexts(message.Email, func(_ context.Context, s *Subject, _ *plan.ChannelFacts) Finding {
		switch e := s.Plan.Spec.Texts.Mail(message.Email); {
		case e.HTML != "" && e.Text == "":
			return Finding{Status: Warn, oldSummary: textHTMLOnly, oldRemedies: []string{textAddText}}
		case e.HTML == "":
			return Finding{Status: Pass, oldSummary: textTextOnly}
		}
		return Finding{Status: Pass, oldSummary: textBothParts}
	})}
}

const (
	textTextOnly  = "plain text only"
	textBothParts = "plain text and HTML"
	textHTMLOnly  = "the mail has HTML and no plain text: spam filters count that against it"
	textAddText   = "write the same in a plain text file, and name it in the campaign file (channels.email.text)"
)

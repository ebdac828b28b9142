package preflight

import (
	"context"
	"fmt"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// Gmail cuts a mail off behind 102 KB of it; 10 MiB is what the smaller of the common servers take (RFC 5321 asks for
// 64 KiB only, Exchange takes 10 MB by default), and is a load for everybody on the way.
const (
	warnMailSize = 100 << 10
	maxMailSize  = 10 << 20
)

// sizeCheck asks how large the largest mail is on its way: attachments in base64, which adds a third.
func sizeCheck() Check {
	return Check{ID: "size", Group: GroupTexts, Run: ofTexts(message.Email, func(_ context.Context, s *Subject, facts *plan.ChannelFacts) Finding {
		e := s.Plan.Spec.Texts.Mail(message.Email)
		body, attached, row := int64(0), int64(0), 0
		if len(facts.Longest) > 0 {
			body, row = int64(facts.Longest[0].Length), facts.Longest[0].Row
		}
		for _, file := range e.Attachments {
			attached += int64(len(file.Data))
		}
		total := (body + attached) * 4 / 3
		n := s.Plan.Channel(message.Email).Messages
		f := Finding{Status: Pass, Facts: []Fact{{"bytes", total}, {"attachments", attached}, {"row", row}}}
		f.oldSummary = fmt.Sprintf(textMailSize, size(total), size(attached), size(total*int64(n)))
		switch {
		case total > maxMailSize:
			f.Status, f.oldSummary = Fail, f.oldSummary+fmt.Sprintf(textTooLarge, size(maxMailSize))
		case total > warnMailSize:
			f.Status, f.oldSummary = Warn, f.oldSummary+fmt.Sprintf(textLarge, size(warnMailSize))
		}
		switch {
		case f.Status == Pass:
		case attached > body:
			f.oldRemedies = []string{textLinkInstead}
		default:
			f.oldRemedies = []string{fmt.Sprintf(textShorterMail, s.list(), row)}
		}
		return f
	})}
}

const (
	textMailSize    = "the largest has %s (attachments %s); all together %s"
	textLarge       = "; above %s mail programs cut it off"
	textTooLarge    = "; above %s many servers refuse it"
	textLinkInstead = "put the attachments on a server and link to them, or make them smaller"
	textShorterMail = "look at the largest (notify preflight %s --show %d); take pictures out of the HTML and link to them"
)

package preflight

import (
	"context"

	"notify/pkg/campaign"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Gmail cuts a mail off behind 102 KB of it; 10 MiB is what the smaller of the common servers take (RFC 5321 asks for
// 64 KiB only, Exchange takes 10 MB by default), and is a load for everybody on the way.
const (
	warnMailSize = 100 << 10
	maxMailSize  = 10 << 20
)

// mailHeaders is more than what stands around the texts takes: the headers with those of the campaign, a DKIM signature, and those of each part.
const mailHeaders = 2 << 10

// sizeCheck asks how large the largest mail is on its way: with its headers, and attachments in base64, which adds a third.
//
// *How large is the largest mail on its way?* With 2 KiB for headers and signature, and attachments in base64, which adds a third. WARN above 100 KiB, where Gmail cuts it off;
// FAIL above 10 MiB, which many servers refuse.
func sizeCheck() Check {
	return Check{ID: "size", Group: GroupTexts, Run: ofTexts(message.Email, func(_ context.Context, s *Subject, facts *plan.ChannelFacts) Finding {
		e := s.Plan.Spec.Texts.Mail(message.Email)
		total, attached, row := largestMail(e, facts)
		n := s.Plan.Channel(message.Email).Messages
		f := Finding{Status: Pass, Facts: []Fact{{"bytes", total}, {"attachments", attached}, {"row", row}}}
		figures := words.A{"largest": words.Size(total), "attached": words.Size(attached), "all": words.Size(total * int64(n))}
		f.Summary = []words.Text{{ID: "size.good", Args: figures}}
		over := func(limit words.Size) {
			figures["limit"], figures["largest"] = words.Weigh(limit, words.Size(total))
		}
		switch {
		case total > maxMailSize:
			f.Status, f.Summary[0].ID = Fail, "size.too-large"
			over(maxMailSize)
		case total > warnMailSize:
			f.Status, f.Summary[0].ID = Warn, "size.large"
			over(warnMailSize)
		}
		switch {
		case f.Status == Pass:
		case attached > int64(facts.Longest[0].Length):
			f.Remedies = do(words.T("size.link-instead", nil))
		default:
			f.Remedies = do(words.T("size.shorter", words.A{"command": s.showRow(row)}))
		}
		return f
	})}
}

// largestMail is how large the largest mail is on its way, how much of it are attachments before they are encoded, and of which row it is.
func largestMail(e *campaign.Mail, facts *plan.ChannelFacts) (total, attached int64, row int) {
	var body int64
	if len(facts.Longest) > 0 {
		body, row = int64(facts.Longest[0].Length), facts.Longest[0].Row
	}
	for _, file := range e.Attachments {
		attached += int64(len(file.Data))
	}
	return (body+attached)*4/3 + mailHeaders, attached, row
}

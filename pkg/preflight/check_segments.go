package preflight

import (
	"context"
	"fmt"

	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// A text of more than warnSegments is usually one cell gone wrong, and each further segment is paid for by everybody.
// Above maxSegments carriers cut or refuse it: 10 segments are the 1,600 characters that Twilio takes, and Alibaba Cloud
// and Tencent Cloud stop at 500 characters, which are 8.
const (
	warnSegments = 2
	maxSegments  = 10
)

// segmentsCheck asks whether texts are longer than meant, and shows the longest.
//
// *Are texts longer than meant?* WARN above 2 segments: each is paid for. FAIL above 10, which carriers cut or refuse (10 are the 1,600
// characters that Twilio takes; Alibaba Cloud and Tencent Cloud stop at 500 characters). Shows the ten longest by row.
func segmentsCheck() Check {
	return Check{ID: "segments", Group: GroupTexts, Run: ofTexts(message.SMS, func(_ context.Context, s *Subject, facts *plan.ChannelFacts) Finding {
		c := s.Plan.Channel(message.SMS)
		var long, tooLong, most int
		for n, messages := range c.BySegments {
			most = max(most, n)
			if n > warnSegments {
				long += messages
			}
			if n > maxSegments {
				tooLong += messages
			}
		}
		f := Finding{Facts: []Fact{{"most", most}, {"over_warn", long}, {"over_max", tooLong}}, Details: longest(facts)}
		for _, l := range facts.Longest {
			f.Facts = append(f.Facts, Fact{fmt.Sprintf("row.%d.characters", l.Row), l.Length})
		}
		switch {
		case tooLong > 0:
			f.Status, f.Summary = Fail, said("segments.too-long", words.A{"count": tooLong, "messages": words.N(c.Messages, "sms"), "limit": words.N(maxSegments, "segment"), "longest": words.N(most, "segment")})
		case long > 0:
			f.Status, f.Summary = Warn, said("segments.long", words.A{"count": long, "messages": words.N(c.Messages, "sms"), "limit": words.N(warnSegments, "segment"), "longest": words.N(most, "segment")})
		default:
			f.Status, f.Summary = Pass, said("segments.good", words.A{"longest": words.N(most, "segment")})
		}
		if f.Status != Pass {
			f.Remedies = do(words.T("segments.shorten", words.A{"command": s.showRow(facts.Longest[0].Row)}))
		}
		return f
	})}
}

// longest names the rows of the longest texts, on one line. The texts themselves are for those who may see the list: --show.
func longest(f *plan.ChannelFacts) []words.Text {
	l := f.Longest[0]
	first := words.A{"row": row(l.Row), "characters": words.N(l.Length, "character"), "segments": words.N(l.Segments, "segment")}
	if len(f.Longest) == 1 {
		return []words.Text{{ID: "segments.longest", Args: first}}
	}
	var next []words.Text
	for _, l := range f.Longest[1:] {
		next = append(next, words.T("segments.next", words.A{"row": row(l.Row), "characters": l.Length}))
	}
	first["next"] = words.Texts(words.Commas, next...)
	return []words.Text{{ID: "segments.longest-and", Args: first}}
}

package preflight

import (
	"context"
	"fmt"
	"strings"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// A text of more than warnSegments is usually one cell gone wrong, and each further segment is paid for by everybody.
// Above maxSegments carriers cut or refuse it: 10 segments are the 1,600 characters that Twilio takes, and Alibaba Cloud
// and Tencent Cloud stop at 500 characters, which are 8.
const (
	warnSegments = 2
	maxSegments  = 10
)

// segmentsCheck asks whether texts are longer than meant, and shows the longest.
func segmentsCheck() Check {
	return Check{ID: "segments", Group: GroupTexts, Run: ofTexts(message.SMS, func(_ context.Context, s *Subject, facts *plan.ChannelFacts) Finding {
		c := s.Plan.Channel(message.SMS)
		long, tooLong, most := 0, 0, 0
		for n, messages := range c.BySegments {
			most = max(most, n)
			if n > warnSegments {
				long += messages
			}
			if n > maxSegments {
				tooLong += messages
			}
		}
		f := Finding{Facts: []Fact{{"most", most}, {"over_warn", long}, {"over_max", tooLong}}, oldDetails: longest(facts)}
		for _, l := range facts.Longest {
			f.Facts = append(f.Facts, Fact{fmt.Sprintf("row.%d.characters", l.Row), l.Length})
		}
		switch {
		case tooLong > 0:
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textTooLong, num(tooLong), num(c.Messages), maxSegments, most)
		case long > 0:
			f.Status, f.oldSummary = Warn, fmt.Sprintf(textLong, num(long), num(c.Messages), warnSegments, most)
		default:
			f.Status, f.oldSummary = Pass, fmt.Sprintf(textShort, count(most, "segment"))
		}
		if f.Status != Pass {
			f.oldRemedies = []string{fmt.Sprintf(textShorten, s.list(), facts.Longest[0].Row)}
		}
		return f
	})}
}

// longest names the rows of the longest texts, on one line. The texts themselves are for those who may see the list: --show.
func longest(f *plan.ChannelFacts) []string {
	if len(f.Longest) == 0 {
		return nil
	}
	var words []string
	for i, l := range f.Longest {
		if i == 0 {
			words = append(words, fmt.Sprintf(textLongest, l.Row, count(l.Length, "character"), count(l.Segments, "segment")))
			continue
		}
		words = append(words, fmt.Sprintf(textNextLongest, l.Row, num(l.Length)))
	}
	return []string{strings.Join(words, ", ")}
}

const (
	textShort       = "the longest SMS has %s"
	textLong        = "%s of %s SMS have more than %d segments, the longest %d"
	textTooLong     = "%s of %s SMS have more than %d segments, the longest %d: carriers cut or refuse them"
	textLongest     = "the longest: row %d (%s, %s)"
	textNextLongest = "row %d (%s)"
	textShorten     = "look at the longest (notify preflight %s --show %d), and shorten the text or the cells of these rows"
)

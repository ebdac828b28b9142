package preflight

import (
	"cmp"
	"context"
	"fmt"

	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Filters of customers blacklisted a mail server that sent one identical subject again and again. A hundred equal mails
// are an ordinary circular; a thousand are what was blacklisted.
const (
	sameSubjectWarn = 100
	sameSubjectFail = 1000
)

// subjectsCheck asks whether a large mailing has one subject for all.
//
// *Does a large mailing have one subject for all?* WARN above 100 mails, FAIL above 1,000: an identical subject, thousands of times, is
// what customers' filters blacklisted a mail server for.
func subjectsCheck() Check {
	return Check{ID: "subjects", Group: GroupTexts, Overrule: "what receivers' filters refuse is known for each message, and nothing is sent twice", Run: ofTexts(message.Email, func(_ context.Context, s *Subject, _ *plan.ChannelFacts) Finding {
		c := s.Plan.Channel(message.Email)
		f := Finding{Status: Pass, Facts: []Fact{{"subjects", c.Subjects}, {"messages", c.Messages}}}
		switch {
		case c.Subjects >= plan.DistinctSubjects:
			f.Summary = said("subjects.many", words.A{"subjects": c.Subjects, "mails": words.N(c.Messages, "mail")})
			return f
		case c.Subjects > 1 || c.Messages <= sameSubjectWarn:
			f.Summary = said("subjects.good", words.A{"subjects": words.N(c.Subjects, "subject"), "mails": words.N(c.Messages, "mail")})
			return f
		}
		f.Status, f.Summary = Warn, said("subjects.one", words.A{"mails": words.N(c.Messages, "mail")})
		if c.Messages > sameSubjectFail {
			f.Status, f.Summary[0].ID = Fail, "subjects.blacklisted"
		}
		f.Remedies = do(words.T("subjects.personal", words.A{"setting": fmt.Sprintf("subject: \"{{%s}}, …\"", s.example())}))
		return f
	})}
}

// example is a variable that could make a subject personal.
func (s *Subject) example() string {
	return cmp.Or(s.Plan.Header.Mapped["name"], s.Plan.Spec.Columns[0])
}

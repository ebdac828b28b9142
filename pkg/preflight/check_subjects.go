package preflight

import (
	"context"
	"fmt"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// Filters of customers blacklisted a mail server that sent one identical subject again and again. A hundred equal mails
// are an ordinary circular; a thousand are what was blacklisted.
const (
	sameSubjectWarn = 100
	sameSubjectFail = 1000
)

// subjectsCheck asks whether a large mailing has one subject for all.
func subjectsCheck() Check {
	return Check{ID: "subjects", Group: GroupTexts, Run: ofTexts(message.Email, func(_ context.Context, s *Subject, _ *plan.ChannelFacts) Finding {
		c := s.Plan.Channel(message.Email)
		f := Finding{Status: Pass, Facts: []Fact{{"subjects", c.Subjects}, {"messages", c.Messages}}}
		switch {
		case c.Subjects != 1 && c.Subjects >= plan.DistinctSubjects:
			f.oldSummary = fmt.Sprintf(textManySubjects, num(c.Subjects), count(c.Messages, "mail"))
			return f
		case c.Subjects != 1 || c.Messages <= sameSubjectWarn:
			f.oldSummary = fmt.Sprintf(textSubjects, count(c.Subjects, "subject"), count(c.Messages, "mail"))
			return f
		}
		f.Status, f.oldSummary = Warn, fmt.Sprintf(textOneSubject, count(c.Messages, "mail"))
		if c.Messages > sameSubjectFail {
			f.Status, f.oldSummary = Fail, f.oldSummary+textWasBlacklisted
		}
		f.oldRemedies = []string{fmt.Sprintf(textPersonalSubject, s.example())}
		return f
	})}
}

// example is a variable that could make a subject personal.
func (s *Subject) example() string {
	if name := s.Plan.Header.Mapped["name"]; name != "" {
		return name
	}
	if len(s.Plan.Spec.Columns) > 0 {
		return s.Plan.Spec.Columns[0]
	}
	return "name"
}

const (
	textSubjects        = "%s in %s"
	textManySubjects    = "%s subjects or more in %s"
	textOneSubject      = "%s with one identical subject"
	textWasBlacklisted  = ": filters take that for mass mail, and blacklist the server"
	textPersonalSubject = "put a variable into the subject: subject: \"{{%s}}, …\" in the campaign file"
)

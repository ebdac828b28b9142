package preflight

import (
	"context"
	"fmt"
	"strings"

	"notify/pkg/campaign"
	"notify/pkg/plan"
)

// stagedCheck compares the plan with what is staged under its name.
func stagedCheck() Check {
	return Check{ID: "staged", Group: GroupLedger, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		if r.Staged == nil {
			return Finding{Status: Pass, oldSummary: fmt.Sprintf(textNewName, s.name())}
		}
		left, total := r.Left(), s.Plan.Messages()
		f := Finding{Status: Pass, Facts: []Fact{
			{"staged_digest", r.Staged.Digest},
			{"left", left},
			{"to_send", r.Messages()},
			{"changes", r.Changes},
		}}
		stays := fmt.Sprintf(textLeft, num(left), num(total), num(r.Messages()))
		if r.Staged.Digest == s.Plan.Staged() {
			f.oldSummary = fmt.Sprintf(textSamePlan, when(r.Staged.Staged.In(s.Config.Timezone))) + stays
			return f
		}
		f.Status = Warn
		f.oldSummary = fmt.Sprintf(textOtherPlan, when(r.Staged.Staged.In(s.Config.Timezone)), s.changed(r.Staged.Spec)) + changes(r.Changes) + stays
		if r.Changes.Differs > 0 {
			f.oldDetails = append(f.oldDetails, fmt.Sprintf(textDiffers, num(r.Changes.Differs)))
		}
		if r.Changes.Gone > 0 {
			f.oldDetails = append(f.oldDetails, fmt.Sprintf(textGone, num(r.Changes.Gone)))
		}
		f.oldRemedies = []string{fmt.Sprintf(textChangeIsMeant, s.name())}
		return f
	}}
}

// changes says how many messages are new, gone and different.
func changes(c Changes) string {
	return fmt.Sprintf(textChanges, num(c.Added), num(c.Removed), num(c.Changed))
}

// changed names what can be told to differ between the frozen campaign and this one.
func (s *Subject) changed(spec []byte) string {
	old, err := plan.DecodeSpec(spec)
	if err != nil {
		return ""
	}
	now := &s.Plan.Spec
	var what []string
	for _, ch := range s.Config.Channels.Names() {
		if wordsDiffer(old.Texts.On(ch), now.Texts.On(ch)) {
			what = append(what, "text of "+string(ch))
		}
	}
	for _, c := range []struct {
		name    string
		differs bool
	}{
		{"columns", strings.Join(old.Columns, "\x00") != strings.Join(now.Columns, "\x00")},
		{"window", old.Window != now.Window},
		{"deadline", !old.Deadline.Equal(now.Deadline)},
		{"expected count", old.Expect != now.Expect},
		{"class", old.Class != now.Class},
		{"owner", old.Owner != now.Owner},
	} {
		if c.differs {
			what = append(what, c.name)
		}
	}
	if len(what) == 0 {
		return textRowsOrAccounts
	}
	return strings.Join(what, ", ")
}

// wordsDiffer reports whether people read something else, or from another sender.
func wordsDiffer(a, b *campaign.Text) bool {
	if a == nil || b == nil {
		return a != b
	}
	if x, y := a.Mail, b.Mail; x != nil && y != nil {
		return x.Subject != y.Subject || x.From != y.From || a.Words() != b.Words()
	}
	return a.Words() != b.Words()
}

const (
	textSamePlan       = "the same plan, staged %s"
	textOtherPlan      = "another plan was staged %s (changed: %s)"
	textLeft           = "; %s of %s messages have left and are not sent again, %s to send"
	textChanges        = ": %s added, %s removed, %s with another row"
	textDiffers        = "%s that have left have another row now: who was told the old one is not told again"
	textGone           = "%s that have left are not on the list any more"
	textRowsOrAccounts = "rows or accounts"
	textChangeIsMeant  = "make sure that the change is meant: what has left keeps its old text, what is new is added; sign-offs on the old plan lapse (notify status %s shows it)"
)

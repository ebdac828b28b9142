package preflight

import (
	"context"
	"strings"

	"notify/pkg/campaign"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// stagedCheck compares the plan with what is staged under its name.
//
// *How does the plan differ from what is staged under its name?* WARN with what changed, how many messages were added and removed, how many
// have another row now, and how many have left and are not sent again.
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
			return Finding{Status: Pass, Summary: s.newName()}
		}
		left, total := r.Left(), s.Plan.Messages()
		f := Finding{Status: Pass, Facts: []Fact{
			{"staged_digest", r.Staged.Digest},
			{"left", left},
			{"to_send", r.Messages()},
			{"changes", r.Changes},
		}}
		staged := r.Staged.Staged.In(s.Config.Timezone)
		stays := words.T("staged.left", words.A{"left": left, "messages": words.N(total, "message"), "to_send": r.Messages()})
		if r.Staged.Digest == s.Plan.Staged() {
			f.Summary = append(said("staged.same", words.A{"at": staged}), stays)
			return f
		}
		f.Status = Warn
		what, reworded := s.changed(r.Staged.Spec)
		f.Summary = said("staged.other", words.A{"at": staged, "what": words.Texts(words.Commas, what...)})
		f.Summary = append(append(f.Summary, r.Changes.says(len(s.Plan.Channels) == 1, reworded)...), stays)
		if r.Changes.Differs > 0 {
			f.Details = append(f.Details, words.T("staged.differs", words.A{"n": r.Changes.Differs}))
		}
		if r.Changes.Gone > 0 {
			f.Details = append(f.Details, words.T("staged.gone", words.A{"n": r.Changes.Gone}))
		}
		f.Remedies = do(words.T("staged.is-it-meant", words.A{"command": "notify status " + words.Typed(s.name())}))
		return f
	}}
}

// says what becomes of whom, where anything does: on one channel a message is a person.
func (c Changes) says(oneChannel, reworded bool) []words.Text {
	var all []words.Text
	if c.Added > 0 {
		all = append(all, words.T("staged.added", words.A{"messages": words.N(c.Added, "message")}))
	}
	switch {
	case c.Removed > 0 && oneChannel:
		all = append(all, words.T("staged.not-told", words.A{"n": c.Removed}))
	case c.Removed > 0:
		all = append(all, words.T("staged.not-sent", words.A{"messages": words.N(c.Removed, "message")}))
	}
	if c.Changed > 0 {
		all = append(all, words.T("staged.changed", words.A{"n": c.Changed}))
	}
	if reworded {
		all = append(all, words.T("staged.reworded", nil))
	}
	if len(all) == 0 {
		all = said("staged.none-changed", nil)
	}
	return all
}

// changed names what can be told to differ between the frozen campaign and this one, and says whether people read something else, as
// far as that is known.
func (s *Subject) changed(spec []byte) (what []words.Text, reworded bool) {
	old, err := plan.DecodeSpec(spec)
	if err != nil {
		return said("staged.key.other", nil), true
	}
	now := &s.Plan.Spec
	for _, ch := range s.Config.Channels.Names() {
		if readOf(old.Texts.On(ch)) != readOf(now.Texts.On(ch)) {
			what = append(what, words.T("staged.text-of", words.A{"channel": string(ch)}))
			reworded = true
		}
	}
	for _, c := range []struct {
		name    string
		differs bool
	}{
		{"columns", strings.Join(old.Columns, "\x00") != strings.Join(now.Columns, "\x00")},
		{"window", old.Window != now.Window},
		{"deadline", !old.Deadline.Equal(now.Deadline)},
		{"expect", old.Expect != now.Expect},
		{"class", old.Class != now.Class},
		{"owner", old.Owner != now.Owner},
	} {
		if c.differs {
			what = append(what, words.Of("staged.key", c.name))
		}
	}
	if len(what) == 0 {
		what = said("staged.key.other", nil)
	}
	return what, reworded
}

// readOf is what people read of a text: from whom it is, what it is about, and its words; nothing where there is none.
func readOf(t *campaign.Text) (read [3]string) {
	if t == nil {
		return read
	}
	if t.Mail != nil {
		read[0], read[1] = t.Mail.From, t.Mail.Subject
	}
	read[2] = t.Words()
	return read
}

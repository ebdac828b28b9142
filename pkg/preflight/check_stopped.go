package preflight

import (
	"context"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// stoppedCheck asks whether somebody has paused or aborted the campaign.
//
// *Has somebody paused or aborted the campaign?* WARN for a pause, FAIL for an abort, with who and why.
func stoppedCheck() Check {
	return Check{ID: "stopped", Group: GroupLedger, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		switch c := r.Staged; {
		case c == nil:
			return Finding{Status: Pass, Summary: s.newName()}
		case c.Aborted != nil:
			return Finding{
				Status: Fail, Summary: s.act("stopped.aborted", c.Aborted),
				Facts: []Fact{{"aborted", *c.Aborted}}, Remedies: do(words.T("stopped.new-name", nil)),
			}
		case c.Paused != nil:
			return Finding{
				Status: Warn, Summary: s.act("stopped.paused", c.Paused),
				Facts: []Fact{{"paused", *c.Paused}}, Remedies: do(words.T("stopped.resume", words.A{"command": "notify resume " + words.Typed(s.name())})),
			}
		}
		return Finding{Status: Pass, Summary: said("stopped.neither", nil)}
	}}
}

// act says who did something, when and why.
func (s *Subject) act(id string, a *ledger.Act) []words.Text {
	return said(id, words.A{"who": a.Who, "at": a.At.In(s.Config.Timezone), "reason": a.Why()})
}

// newName says that the campaign's name is new on this ledger.
func (s *Subject) newName() []words.Text {
	return said("staged.new-name", words.A{"campaign": s.name()})
}

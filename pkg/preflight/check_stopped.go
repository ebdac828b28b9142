package preflight

import (
	"context"
	"fmt"

	"notify/pkg/ledger"
)

// stoppedCheck asks whether somebody has paused or aborted the campaign.
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
			return Finding{Status: Pass, oldSummary: fmt.Sprintf(textNewName, s.name())}
		case c.Aborted != nil:
			return Finding{
				Status: Fail, oldSummary: fmt.Sprintf(textAborted, s.act(c.Aborted)),
				Facts: []Fact{{"aborted", *c.Aborted}}, oldRemedies: []string{textNewNameNeeded},
			}
		case c.Paused != nil:
			return Finding{
				Status: Warn, oldSummary: fmt.Sprintf(textPaused, s.act(c.Paused)),
				Facts: []Fact{{"paused", *c.Paused}}, oldRemedies: []string{fmt.Sprintf(textResume, s.name())},
			}
		}
		return Finding{Status: Pass, oldSummary: textNotStopped}
	}}
}

// act says who did something, when and why.
func (s *Subject) act(a *ledger.Act) string {
	text := fmt.Sprintf(textAct, a.Who, when(a.At.In(s.Config.Timezone)))
	if a.Reason != "" {
		text += ": " + a.Reason
	}
	return text
}

const (
	textNewName       = "nothing was sent under the name %s before"
	textNotStopped    = "neither"
	textAct           = "by %s, %s"
	textAborted       = "aborted %s"
	textPaused        = "paused %s"
	textNewNameNeeded = "an aborted campaign stays ended; those who have not been told need a list and a campaign name of their own"
	textResume        = "ask who paused it; then notify resume %s lifts the pause and goes on"
)

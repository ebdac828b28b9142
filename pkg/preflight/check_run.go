package preflight

import (
	"context"
	"fmt"
	"slices"

	"notify/pkg/ledger"
)

// runCheck asks whether another run of the campaign is alive.
func runCheck() Check {
	return Check{ID: "run", Group: GroupLedger, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		if r.Staged == nil || len(r.Staged.Holders) == 0 {
			return Finding{Status: Pass, oldSummary: textNoRun}
		}
		h := r.Staged.Holders[0]
		if i := slices.IndexFunc(r.Staged.Holders, s.holds); i >= 0 {
			h = r.Staged.Holders[i]
		}
		zone := s.Config.Timezone
		f := Finding{Facts: []Fact{{"holder", h}}}
		if s.holds(h) {
			f.Status = Fail
			f.oldSummary = fmt.Sprintf(textRunAlive, h.PID, h.Host, when(h.Started.In(zone)), s.now().Sub(h.Beat).Round(1e9))
			f.oldRemedies = []string{fmt.Sprintf(textLetItRun, s.name(), s.name())}
			return f
		}
		f.Status = Pass
		f.oldSummary = fmt.Sprintf(textRunDead, h.PID, h.Host, when(h.Started.In(zone)))
		return f
	}}
}

// holds reports whether a run is alive: its lease has not run out, and its process is not known to be gone.
func (s *Subject) holds(r ledger.Run) bool {
	if !r.Expires.After(s.Now()) {
		return false
	}
	return s.Alive == nil || s.Alive(r)
}

const (
	textNoRun    = "none"
	textRunAlive = "process %d on %s has been sending since %s, last sign of life %s ago"
	textRunDead  = "process %d on %s (since %s) ended without a word; a send takes over, and what it left open becomes unknown"
	textLetItRun = "let it finish (notify status %s --watch), or stop it first (notify pause %s)"
)

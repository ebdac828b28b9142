package preflight

import (
	"context"
	"math"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// runCheck asks whether another run of the campaign is alive.
//
// *Is another run of the campaign alive?* FAIL with process, host and since when.
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
			return Finding{Status: Pass, Summary: said("run.none", nil)}
		}
		h := r.Staged.Holders[max(0, slices.IndexFunc(r.Staged.Holders, s.holds))]
		zone := s.Config.Timezone
		f := Finding{Facts: []Fact{{"holder", h}}}
		if s.holds(h) {
			f.Status = Fail
			f.Summary = said("run.alive", words.A{
				"user": h.User, "host": h.Host, "started": h.Started.In(zone), "done": share(r.Left(), s.Plan.Messages()), "ago": s.now().Sub(h.Beat),
			})
			f.Remedies = do(words.T("run.let-it", words.A{
				"watch": "notify status " + words.Typed(s.name()) + " --watch", "pause": "notify pause " + words.Typed(s.name()),
			}))
			return f
		}
		f.Status = Pass
		f.Summary = said("run.dead", words.A{"user": h.User, "host": h.Host, "started": h.Started.In(zone)})
		return f
	}}
}

// share is how much of a whole is done.
func share(n, of int) words.Percent {
	if of == 0 {
		return 0
	}
	return words.Percent(math.Floor(1000*float64(n)/float64(of)) / 10)
}

// holds reports whether a run is alive, as a send asks; where nothing else can tell, by its lease.
func (s *Subject) holds(r ledger.Run) bool {
	if s.Alive != nil {
		return s.Alive(r)
	}
	return r.Expires.After(s.Now())
}

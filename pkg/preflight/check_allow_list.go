package preflight

import (
	"context"
	"fmt"

	"notify/pkg/config"
)

// guarded reports whether only those on the allow list can be reached.
func (s *Subject) guarded() bool { return s.Config.Environment != config.Production }

// allowListCheck asks, outside production, whether everybody on the list may be reached.
func allowListCheck() Check {
	return Check{ID: "allow-list", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		if !s.guarded() {
			return Finding{Status: Skip, oldSummary: textProductionReachesAll}
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		env, n := s.Config.Environment, s.Plan.Messages()
		f := Finding{Facts: []Fact{{"outside", r.Outside}, {"messages", n}, {"entries", len(s.Config.AllowList)}}}
		if r.Outside == 0 {
			f.Status, f.oldSummary = Pass, fmt.Sprintf(textAllAllowed, num(n), env)
			if n == 1 {
				f.oldSummary = fmt.Sprintf(textOneAllowed, env)
			}
			return f
		}
		f.Status, f.oldSummary = Fail, fmt.Sprintf(textNotAllowed, num(r.Outside), num(n), env)
		f.oldDetails = r.Strangers
		f.oldRemedies = []string{textTakeTestList, fmt.Sprintf(textAllowThem, env)}
		return f
	}}
}

const (
	textProductionReachesAll = "production: everybody can be reached"
	textAllAllowed           = "%s addresses, all on the allow list (%s)"
	textOneAllowed           = "1 address, on the allow list (%s)"
	textNotAllowed           = "%s of %s addresses are not on the allow list, and this installation is %s"
	textTakeTestList         = "take a list of test addresses; real people are reached from a production installation only"
	textAllowThem            = "if these are testers, add them to allow_list in notify.yaml; it guards %s"
)

package preflight

import (
	"context"
	"slices"

	"notify/pkg/config"
	"notify/pkg/words"
)

// guarded reports whether only those on the allow list can be reached.
func (s *Subject) guarded() bool { return s.Config.Environment != config.Production }

// allowListCheck asks, outside production, whether everybody on the list may be reached.
//
// *Outside production: may everybody on the list be reached?* FAIL with the first rows that `allow_list` does not match.
func allowListCheck() Check {
	return Check{ID: "allow-list", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		if !s.guarded() {
			return Finding{Status: Skip, Summary: said("allow-list.production", nil)}
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		env, n := s.Config.Environment, s.Plan.Messages()
		f := Finding{Facts: []Fact{{"outside", r.Outside}, {"messages", n}, {"entries", len(s.Config.AllowList)}}}
		if r.Outside == 0 {
			f.Status, f.Summary = Pass, said("allow-list.good", words.A{"addresses": words.N(n, "address"), "environment": words.Of("environment", env)})
			return f
		}
		f.Status, f.Summary = Fail, said("allow-list.strangers", words.A{
			"outside": r.Outside, "addresses": words.N(n, "address"), "environment": words.Of("environment", env),
		})
		f.Details = append(slices.Clone(r.Strangers), andMore(r.Outside-len(r.Strangers))...)
		f.Remedies = do(words.T("allow-list.test-list", nil), words.T("allow-list.add", words.A{"environment": words.Of("environment", env)}))
		return f
	}}
}

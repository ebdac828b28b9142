package preflight

import (
	"context"
	"maps"
	"slices"

	"notify/pkg/message"
	"notify/pkg/words"
)

// currencyCheck asks whether the campaign is paid in one currency: amounts of several cannot be added, so that neither
// the total nor the campaign's budget says anything.
//
// *Is it paid in one currency?* WARN for several: amounts cannot be added, and a budget for the whole campaign cannot be kept.
func currencyCheck() Check {
	return Check{ID: "currency", Group: GroupMoney, Run: ofNeeds(func(_ context.Context, _ *Subject, needs []Need) Finding {
		sums := make(map[string]message.Money)
		for _, n := range byAccount(needs) {
			if n.Cost != nil {
				sums[n.Account.Currency] += *n.Cost
			}
		}
		var a answers
		for _, cur := range slices.Sorted(maps.Keys(sums)) {
			a.say(Pass, "currency.sum", words.A{"amount": words.Money(sums[cur], cur)})
			a.fact("cost."+cur, sums[cur])
		}
		if len(sums) > 1 {
			a.status = Warn
			a.finding.Remedies = do(words.T("currency.many", words.A{"amounts": len(sums)}))
		}
		return a.done(words.T("currency.none", nil))
	})}
}

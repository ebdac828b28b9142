package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"notify/pkg/message"
)

// currencyCheck asks whether the campaign is paid in one currency: amounts of several cannot be added, so that neither
// the total nor the campaign's budget says anything.
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
			a.add(Pass, money(sums[cur], cur))
			a.fact("cost."+cur, sums[cur])
		}
		if len(sums) > 1 {
			a.status = Warn
			a.finding.oldRemedies = []string{fmt.Sprintf(textOneCurrency, len(sums))}
		}
		return a.done(textNothingPriced)
	})}
}

const (
	textNothingPriced = "no account has a price"
	textOneCurrency   = "read the cost as %d amounts, each against its own account's balance and budget; a budget for the whole campaign cannot be kept"
)

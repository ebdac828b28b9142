package preflight

import (
	"context"
	"fmt"
)

// priceCheck asks whether it is known what the campaign costs. Without a price a budget would never end.
func priceCheck() Check {
	return Check{ID: "price", Group: GroupMoney, Run: ofNeeds(func(_ context.Context, s *Subject, needs []Need) Finding {
		accounts := byAccount(needs)
		var a answers
		for _, n := range accounts {
			acc := n.Account
			budget := s.Plan.Spec.Budget > 0 || acc.DayBudget > 0 || acc.MonthBudget > 0
			switch {
			case acc.Price == nil && budget:
				a.add(Fail, fmt.Sprintf(textBudgetWithoutPrice, n.Name), fmt.Sprintf(textSayPrice, n.Name))
			case acc.Price == nil:
				a.add(Warn, fmt.Sprintf(textNoPrice, n.Name), fmt.Sprintf(textSayPrice, n.Name))
			default:
				a.add(Pass, priceLine(s, n))
				a.fact("account."+n.Name+".price", *acc.Price)
				a.fact("account."+n.Name+".cost", *n.Cost)
				a.fact("account."+n.Name+".currency", acc.Currency)
			}
		}
		return a.done(textNoChannel)
	})}
}

func priceLine(s *Subject, n accountNeed) string {
	unit := "segment"
	if len(n.Channels) == 1 && s.Config.Channels.Of(n.Channels[0].Channel).Units == nil {
		unit = "mail"
	}
	return fmt.Sprintf(textCosts, n.Name, count(n.Segments, unit), n.Account.Price, money(*n.Cost, n.Account.Currency))
}

const (
	textCosts              = "%s: %s × %s = %s"
	textNoPrice            = "%s has no price: what it costs is not known"
	textBudgetWithoutPrice = "%s has no price, and a budget is to be kept: it would never stop the campaign"
	textSayPrice           = "look the price up in the contract, and set accounts.%s.price and currency in notify.yaml"
)

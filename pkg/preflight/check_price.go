package preflight

import (
	"context"

	"notify/pkg/words"
)

// priceCheck asks whether it is known what the campaign costs. Without a price a budget would never end.
//
// *Is it known what the campaign costs?* WARN for an account without a price; FAIL where there is a budget, which could then never stop it.
func priceCheck() Check {
	return Check{ID: "price", Group: GroupMoney, Overrule: "without a price the budget counts messages as free; the vendor's balance still ends it", Run: ofNeeds(func(_ context.Context, s *Subject, needs []Need) Finding {
		accounts := byAccount(needs)
		var a answers
		for _, n := range accounts {
			acc := n.Account
			budget := s.Plan.Spec.Budget > 0 || acc.DayBudget > 0 || acc.MonthBudget > 0
			switch {
			case acc.Price == nil && budget:
				a.say(Fail, "price.budget", words.A{"account": n.Name}, sayPrice(n.Name))
			case acc.Price == nil:
				a.say(Warn, "price.none", words.A{"account": n.Name}, sayPrice(n.Name))
			default:
				a.say(Pass, "price.costs", words.A{
					"account": n.Name, "units": s.billed(&n), "price": *acc.Price, "cost": words.Money(*n.Cost, acc.Currency),
				})
				a.fact("account."+n.Name+".price", *acc.Price)
				a.fact("account."+n.Name+".cost", *n.Cost)
				a.fact("account."+n.Name+".currency", acc.Currency)
			}
		}
		return a.done(noChannel())
	})}
}

// sayPrice is what to do about an account without a price.
func sayPrice(account string) words.Text {
	return words.T("price.set", words.A{"account": account})
}

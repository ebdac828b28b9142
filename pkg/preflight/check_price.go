package preflight

import (
	"context"
	"maps"
	"slices"

	"notify/pkg/config"
	"notify/pkg/words"
)

// priceCheck asks whether it is known what the campaign costs. Without a price a budget would never end.
//
// *Is it known what the campaign costs?* WARN for an account without a price, or without one for a country of the list; FAIL where there is a budget, which could then never stop it.
func priceCheck() Check {
	return Check{ID: "price", Group: GroupMoney, Overrule: "without a price the budget counts messages as free; the vendor's balance still ends it", Run: ofNeeds(func(_ context.Context, s *Subject, needs []Need) Finding {
		accounts := byAccount(needs)
		var a answers
		for _, n := range accounts {
			acc := n.Account
			budget := s.Plan.Spec.Budget > 0 || acc.DayBudget > 0 || acc.MonthBudget > 0
			switch {
			case n.Cost == nil && budget:
				a.unpriced(Fail, &n)
			case n.Cost == nil:
				a.unpriced(Warn, &n)
			case acc.Prices != nil:
				s.byCountry(&a, &n)
			default:
				a.say(Pass, "price.costs", words.A{
					"account": n.Name, "units": s.billed(&n), "price": *acc.Price, "cost": words.Money(*n.Cost, acc.Currency),
				})
				a.fact("account."+n.Name+".price", *acc.Price)
			}
			if n.Cost != nil {
				a.fact("account."+n.Name+".cost", *n.Cost)
				a.fact("account."+n.Name+".currency", acc.Currency)
			}
		}
		return a.done(noChannel())
	})}
}

// unpriced is the answer about an account of which it is not known what it costs, as a whole or in some countries.
func (a *answers) unpriced(st Status, n *accountNeed) {
	var countries []string
	for _, c := range n.Channels {
		for _, country := range c.Unpriced {
			if country == "" {
				country = config.OtherCountries
			}
			if !slices.Contains(countries, country) {
				countries = append(countries, country)
			}
		}
	}
	switch {
	case len(countries) > 0:
		a.say(st, "price.countries", words.A{"account": n.Name, "countries": words.Names(countries, 5)},
			words.T("price.set-countries", words.A{"account": n.Name, "countries": words.Names(countries, 5)}))
	case st == Fail:
		a.say(st, "price.budget", words.A{"account": n.Name}, sayPrice(n.Name))
	default:
		a.say(st, "price.none", words.A{"account": n.Name}, sayPrice(n.Name))
	}
}

// byCountry says what an account costs whose price hangs on the country. The segments are those of the whole channel: which of them fall to
// the account is not decided before they leave.
func (s *Subject) byCountry(a *answers, n *accountNeed) {
	var all []words.Text
	for _, c := range n.Channels {
		for _, country := range slices.Sorted(maps.Keys(c.Countries)) {
			u, p := c.Countries[country], n.Account.PriceIn(country)
			name := country
			if name == "" {
				name = config.OtherCountries
			}
			all = append(all, words.T("price.country", words.A{"country": name, "segments": u.Segments, "price": *p}))
			a.fact("country."+name+".segments", u.Segments)
		}
	}
	if len(all) == 0 {
		a.say(Pass, "money.nothing-left", words.A{"account": n.Name})
	} else {
		a.say(Pass, "price.by-country", words.A{
			"account": n.Name, "units": s.billed(n), "cost": words.Money(*n.Cost, n.Account.Currency), "countries": most(6, all),
		})
	}
}

// sayPrice is what to do about an account without a price.
func sayPrice(account string) words.Text {
	return words.T("price.set", words.A{"account": account})
}

package preflight

import (
	"context"
	"errors"
	"fmt"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// budgetCheck asks whether what is still to be sent stays within the operator's own limits in money.
func budgetCheck() Check {
	return Check{ID: "budget", Group: GroupMoney, Title: "budget", Run: func(ctx context.Context, s *Subject) Finding {
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		accounts := byAccount(needs)
		for _, n := range accounts {
			if err := s.accountBudget(ctx, &a, n); err != nil {
				return broken(err)
			}
		}
		if err := s.campaignBudget(ctx, &a, accounts); err != nil {
			return broken(err)
		}
		return a.done(textNoBudget)
	}}
}

func (s *Subject) accountBudget(ctx context.Context, a *answers, n accountNeed) error {
	acc := n.Account
	if acc.DayBudget <= 0 && acc.MonthBudget <= 0 {
		return nil
	}
	if n.Cost == nil {
		a.add(Fail, fmt.Sprintf(textBudgetWithoutPrice, n.Name), fmt.Sprintf(textSayPrice, n.Name))
		return nil
	}
	u, err := s.Usage(ctx, n.Name)
	if err != nil {
		return err
	}
	at := "account." + n.Name + "."
	if acc.DayBudget > 0 {
		a.fact(at+"day_budget", acc.DayBudget)
		a.fact(at+"day_used", u.Day.Cost)
		bad := Fail
		if s.Spread {
			bad = Warn
		}
		s.within(a, spend{"day", n.Name, "accounts." + n.Name + ".budget.day", acc.DayBudget, u.Day.Cost, *n.Cost, acc.Currency, bad})
	}
	if acc.MonthBudget > 0 {
		a.fact(at+"month_budget", acc.MonthBudget)
		a.fact(at+"month_used", u.Month.Cost)
		s.within(a, spend{"month", n.Name, "accounts." + n.Name + ".budget.month", acc.MonthBudget, u.Month.Cost, *n.Cost, acc.Currency, Fail})
	}
	return nil
}

// spend is one budget and what goes into it.
type spend struct {
	period, who, key   string
	budget, used, cost message.Money
	currency           string
	bad                Status
}

func (s *Subject) within(a *answers, p spend) {
	line := fmt.Sprintf(textSpend, p.who, p.period, money(p.budget, p.currency), money(p.used, p.currency), money(p.cost, p.currency))
	if over := p.used + p.cost - p.budget; over > 0 {
		a.add(p.bad, line+fmt.Sprintf(textOverBudget, money(over, p.currency)),
			fmt.Sprintf(textRaiseBudget, p.key, p.used+p.cost, money(over, p.currency)), textSpendLess)
		return
	}
	a.add(Pass, line)
}

// campaignBudget compares the campaign's own budget with what it has cost and will cost on all accounts.
func (s *Subject) campaignBudget(ctx context.Context, a *answers, accounts []accountNeed) error {
	budget := s.Plan.Spec.Budget
	if budget <= 0 {
		return nil
	}
	var cost message.Money
	currency, known := "", false
	for _, n := range accounts {
		switch {
		case n.Account.Price == nil:
			a.add(Fail, fmt.Sprintf(textBudgetWithoutPrice, n.Name), fmt.Sprintf(textSayPrice, n.Name))
			return nil
		case known && n.Account.Currency != currency:
			a.add(Fail, fmt.Sprintf(textManyCurrencies, n.Account.Currency, currency), textBudgetByAccount)
			return nil
		}
		currency, known = n.Account.Currency, true
		cost += *n.Cost
	}
	used, err := s.spent(ctx)
	if err != nil {
		return err
	}
	a.fact("campaign.budget", budget)
	a.fact("campaign.used", used)
	a.fact("campaign.cost", cost)
	s.within(a, spend{"campaign", s.name(), "budget (in the campaign file)", budget, used, cost, currency, Fail})
	return nil
}

// spent is what the campaign has cost so far.
func (s *Subject) spent(ctx context.Context) (message.Money, error) {
	if s.Ledger == nil {
		return 0, s.noLedger()
	}
	counts, err := s.Ledger.Counts(ctx, s.name())
	if errors.Is(err, ledger.ErrNoCampaign) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var sum message.Money
	for _, d := range counts.Cost {
		sum += d.Cost
	}
	return sum, nil
}

const (
	textNoBudget        = "no budget is set"
	textSpend           = "%s, %s: budget %s, used %s, to come %s"
	textOverBudget      = ", %s over"
	textRaiseBudget     = "raise %s to at least %s (by %s)"
	textSpendLess       = "or send fewer: shorten the text so that it needs fewer segments, or split the list"
	textManyCurrencies  = "the campaign's budget cannot be kept over accounts in %s and %s"
	textBudgetByAccount = "set budgets by account in notify.yaml, and take the campaign's out"
)

package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

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
		day, err := s.dearest(ctx, n, u.Day.Cost)
		if err != nil {
			return err
		}
		s.within(a, spend{
			"day " + day.date, n.Name, "accounts." + n.Name + ".budget.day", acc.DayBudget, day.used, day.cost, acc.Currency,
		})
	}
	if acc.MonthBudget > 0 {
		a.fact(at+"month_budget", acc.MonthBudget)
		a.fact(at+"month_used", u.Month.Cost)
		s.within(a, spend{"month", n.Name, "accounts." + n.Name + ".budget.month", acc.MonthBudget, u.Month.Cost, *n.Cost, acc.Currency})
	}
	return nil
}

// dayCost is what one day costs an account.
type dayCost struct {
	date       string
	used, cost message.Money
}

// dearest is the day on which most is spent, by the forecast. What was used before belongs to today.
func (s *Subject) dearest(ctx context.Context, n accountNeed, usedToday message.Money) (dayCost, error) {
	today := s.now().Format(time.DateOnly)
	worst, costs := dayCost{date: today, used: usedToday}, make(map[string]message.Money)
	for _, need := range n.Channels {
		p, err := s.paceNow(ctx, need)
		if err != nil {
			return worst, err
		}
		days, _ := p.schedule(need.Messages, s.now())
		upTo, segments := 0, 0
		for _, d := range days {
			upTo += d.Messages
			now := part(need.Segments, upTo, need.Messages)
			costs[d.Date] += n.Account.Price.Times(now - segments)
			segments = now
		}
	}
	worst.cost = costs[today]
	for _, date := range slices.Sorted(maps.Keys(costs)) {
		if date != today && costs[date] > worst.used+worst.cost {
			worst = dayCost{date: date, cost: costs[date]}
		}
	}
	return worst, nil
}

// spend is one budget and what goes into it.
type spend struct {
	period, who, key   string
	budget, used, cost message.Money
	currency           string
}

func (s *Subject) within(a *answers, p spend) {
	line := fmt.Sprintf(textSpend, p.who, p.period, money(p.budget, p.currency), money(p.used, p.currency), money(p.cost, p.currency))
	if over := p.used + p.cost - p.budget; over > 0 {
		a.add(Fail, line+fmt.Sprintf(textOverBudget, money(over, p.currency)),
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
	s.within(a, spend{"campaign", s.name(), "budget (in the campaign file)", budget, used, cost, currency})
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

package preflight

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// budgetCheck asks whether what is still to be sent stays within the operator's own limits in money.
//
// *Does it stay within the operator's own limits?* The account's by day and month, and the campaign's. FAIL with how much it is over.
func budgetCheck() Check {
	return Check{ID: "budget", Group: GroupMoney, Overrule: "a run that meets its budget pauses", Run: ofNeeds(func(ctx context.Context, s *Subject, needs []Need) Finding {
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
		return a.done(words.T("budget.none", nil))
	})}
}

func (s *Subject) accountBudget(ctx context.Context, a *answers, n accountNeed) error {
	acc := n.Account
	if acc.DayBudget <= 0 && acc.MonthBudget <= 0 {
		return nil
	}
	if n.Cost == nil {
		a.unpriced(Fail, &n)
		return nil
	}
	u, err := s.Usage(ctx, n.Name)
	if err != nil {
		return err
	}
	spends, err := s.spends(ctx, n, u)
	if err != nil {
		return err
	}
	at := "account." + n.Name + "."
	if acc.DayBudget > 0 {
		a.fact(at+"day_budget", acc.DayBudget)
		a.fact(at+"day_used", u.Day.Cost)
	}
	if acc.MonthBudget > 0 {
		a.fact(at+"month_budget", acc.MonthBudget)
		a.fact(at+"month_used", u.Month.Cost)
	}
	for _, p := range spends {
		s.within(ctx, a, p)
	}
	return nil
}

// spends are the account's own budgets, each with what goes into it and what was used.
func (s *Subject) spends(ctx context.Context, n accountNeed, u ledger.Usage) ([]spend, error) {
	var all []spend
	p := spend{who: n.Name, currency: n.Account.Currency, accounts: []accountNeed{n}}
	if n.Account.DayBudget > 0 {
		day, err := s.dearest(ctx, n, u.Day.Cost)
		if err != nil {
			return nil, err
		}
		p.date, p.key, p.budget, p.used, p.cost = day.date, "accounts."+n.Name+".budget.day", n.Account.DayBudget, day.used, day.cost
		p.room, p.again = n.Account.DayBudget-u.Day.Cost, s.nextDay()
		all = append(all, p)
	}
	if n.Account.MonthBudget > 0 {
		p.date, p.key, p.budget, p.used, p.cost = "", "accounts."+n.Name+".budget.month", n.Account.MonthBudget, u.Month.Cost, *n.Cost
		p.room, p.again = n.Account.MonthBudget-u.Month.Cost, s.nextMonth()
		all = append(all, p)
	}
	return all, nil
}

// nextMonth is when the first message of the next month can leave.
func (s *Subject) nextMonth() time.Time {
	now := s.now()
	_, opens := s.opens(time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, now.Location()))
	return opens
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
	who, key           string
	date               string // of a budget of the day
	budget, used, cost message.Money
	currency           string
	// accounts pay for it; room is what they may still spend now, and again when all of the budget is there anew, if ever.
	accounts []accountNeed
	room     message.Money
	again    time.Time
	campaign bool // key stands in the campaign file
}

func (p *spend) over() message.Money { return p.used + p.cost - p.budget }

func (s *Subject) within(ctx context.Context, a *answers, p spend) {
	if p.over() <= 0 {
		a.add(Pass, p.says())
		return
	}
	a.say(Fail, "budget.over", words.A{"spend": p.says(), "over": words.Money(p.over(), p.currency)})
	a.offer(s.waysWithinBudget(ctx, p))
}

// says is the budget with what goes into it.
func (p *spend) says() words.Text {
	args := words.A{
		"who": p.who, "budget": words.Money(p.budget, p.currency), "used": words.Money(p.used, p.currency), "cost": words.Money(p.cost, p.currency),
	}
	switch {
	case p.campaign:
		return words.Text{ID: "budget.campaign", Args: args}
	case p.date != "":
		args["date"] = p.date
		return words.Text{ID: "budget.day", Args: args}
	}
	return words.Text{ID: "budget.month", Args: args}
}

// waysWithinBudget are more money, a later day or month, a part that the rest of the budget pays for, and another account.
func (s *Subject) waysWithinBudget(ctx context.Context, p spend) ways {
	var w ways
	over := p.over()
	raise := words.A{"key": p.key, "to": p.used + p.cost, "by": words.Money(over, p.currency)}
	said := words.Text{ID: "budget.raise", Args: raise}
	if p.campaign {
		said.ID = "budget.raise-campaign"
	}
	w.or(Option{
		Kind: OptionRaiseBudget, Enough: true, Amount: &over, Currency: p.currency,
		Settings: []Setting{{Key: p.key, Value: p.used + p.cost, Now: p.budget, Campaign: p.campaign}},
		Text:     said,
	})
	var whole message.Money
	var channels []Need
	for _, n := range p.accounts {
		whole += *n.Cost
		channels = append(channels, n.Channels...)
	}
	if !p.again.IsZero() && whole <= p.budget && s.inTime(p.again) {
		later := s.beginAt(channels[0], p.again, nil)
		later.Channel = ""
		w.or(later)
	}
	fits, err := s.fitting(ctx, channelsOf(channels), func(so *beginning, _ *plan.Recipient) bool {
		var cost message.Money
		for _, n := range channels {
			cost += n.Account.Price.Times(so.carried(n, s.route(n.Channel).Accounts).segments)
		}
		return cost <= p.room
	})
	if err == nil {
		s.smaller(&w, Option{Enough: true}, fits, words.T("part.budget", nil))
	}
	w.orSay(words.T("budget.less", nil))
	if !p.campaign {
		for _, n := range channels {
			s.elsewhere(ctx, &w, n, s.withinBudget)
		}
	}
	return w
}

// withinBudget reports whether an account's own budgets pay for what falls to it.
func (s *Subject) withinBudget(ctx context.Context, needs []Need, account string) bool {
	for _, n := range byAccount(needs) {
		if n.Name != account || n.Account.DayBudget <= 0 && n.Account.MonthBudget <= 0 {
			continue
		}
		if n.Cost == nil {
			return false
		}
		u, err := s.Usage(ctx, n.Name)
		if err != nil {
			return false
		}
		spends, err := s.spends(ctx, n, u)
		if err != nil || slices.ContainsFunc(spends, func(p spend) bool { return p.over() > 0 }) {
			return false
		}
	}
	return true
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
		case n.Cost == nil:
			a.unpriced(Fail, &n)
			return nil
		case known && n.Account.Currency != currency:
			a.say(Fail, "budget.currencies", words.A{"one": n.Account.Currency, "other": currency}, words.T("budget.by-account", nil))
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
	s.within(ctx, a, spend{
		who: s.name(), key: "budget", campaign: true, budget: budget, used: used, cost: cost, currency: currency,
		accounts: accounts, room: budget - used,
	})
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

package preflight

import (
	"context"
	"errors"
	"fmt"

	"notify/pkg/message"
)

// lowBalanceCheck asks whether the campaign leaves less on an account than the operator wants to have there.
func lowBalanceCheck() Check {
	return Check{ID: "low-balance", Group: GroupMoney, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		accounts, promised, err := s.owed(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, n := range accounts {
			if n.Account.LowBalance <= 0 || n.Cost == nil {
				continue
			}
			b, err := s.Balance(ctx, n.Name)
			switch {
			case errors.Is(err, errCannotTell), err == nil && b.Amount == nil:
				a.add(Skip, fmt.Sprintf(textBalanceUnknown, n.Name))
			case err != nil:
				a.add(Error, fmt.Sprintf(textBalanceNotTold, n.Name), textSeeBalance)
			default:
				weighLow(&a, n, *b.Amount-*n.Cost-n.Account.Price.Times(promised[n.Name].Segments))
			}
		}
		return a.done(textNoLowBalance)
	}}
}

func weighLow(a *answers, n accountNeed, after message.Money) {
	a.fact("account."+n.Name+".after", after)
	a.fact("account."+n.Name+".low_balance", n.Account.LowBalance)
	left, line := money(after, n.Account.Currency), money(n.Account.LowBalance, n.Account.Currency)
	if after < n.Account.LowBalance {
		short := n.Account.LowBalance - after
		a.add(Warn, fmt.Sprintf(textLowAfter, n.Name, left, line))
		var w ways
		w.or(Option{
			Kind: OptionTopUp, Enough: true, Account: n.Name, Amount: &short, Currency: n.Account.Currency,
			oldText: fmt.Sprintf(textTopUpSoon, n.Name, money(short, n.Account.Currency)),
		})
		a.offer(w)
		return
	}
	a.add(Pass, fmt.Sprintf(textNotLow, n.Name, left, line))
}

const (
	textBalanceNotTold = "%s: the vendor did not answer"
	textSeeBalance     = "see balance, which says why and what to do"
	textNoLowBalance   = "no account with a price has a low_balance"
	textLowAfter       = "%s: %s will be left, below low_balance %s"
	textNotLow         = "%s: %s will be left, low_balance is %s"
	textTopUpSoon      = "top up %s by at least %s soon, or whoever sends next is stopped"
)

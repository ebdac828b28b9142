package preflight

import (
	"context"
	"errors"

	"notify/pkg/message"
	"notify/pkg/words"
)

// lowBalanceCheck asks whether the campaign leaves less on an account than the operator wants to have there.
//
// *How much will be left?* WARN below the account's `low_balance`, with what is promised to other campaigns taken off.
func lowBalanceCheck() Check {
	return Check{ID: "low-balance", Group: GroupMoney, Online: true, Overrule: "it is a line to warn at; the balance itself is a check of its own", Run: func(ctx context.Context, s *Subject) Finding {
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
				a.say(NotLooked, "balance.untold", words.A{"account": n.Name})
			case err != nil:
				a.say(Error, "low-balance.unanswered", words.A{"account": n.Name, "cause": words.Cause(err)}, mendAccount(n.Name))
			default:
				weighLow(&a, n, *b.Amount-*n.Cost-n.Account.Price.Times(promised[n.Name].Segments))
			}
		}
		return a.done(words.T("low-balance.none", nil))
	}}
}

func weighLow(a *answers, n accountNeed, after message.Money) {
	a.fact("account."+n.Name+".after", after)
	a.fact("account."+n.Name+".low_balance", n.Account.LowBalance)
	left, line := words.Money(after, n.Account.Currency), words.Money(n.Account.LowBalance, n.Account.Currency)
	short := n.Account.LowBalance - after
	switch {
	case short <= 0:
		a.say(Pass, "low-balance.good", words.A{"account": n.Name, "left": left, "line": line})
	case after < 0:
		a.say(Warn, "low-balance.owes", words.A{"account": n.Name, "short": words.Money(-after, n.Account.Currency), "line": line})
	default:
		a.say(Warn, "low-balance.below", words.A{"account": n.Name, "left": left, "line": line})
	}
	if short > 0 {
		var w ways
		w.or(Option{
			Kind: OptionTopUp, Enough: true, Account: n.Name, Amount: &short, Currency: n.Account.Currency,
			Text: words.T("low-balance.top-up", words.A{"account": n.Name, "amount": words.Money(short, n.Account.Currency)}),
		})
		a.offer(w)
	}
}

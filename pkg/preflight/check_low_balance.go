package preflight

import (
	"context"
	"errors"

	"notify/pkg/message"
	"notify/pkg/words"
)

// lowBalanceCheck asks whether the campaign leaves less on an account than the operator wants to have there.
//
// *How much will be left?* WARN below the account's `low_balance`, with what is promised to other campaigns taken off. What is left in packages is
// used first, and counts at the account's price.
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
			case errors.Is(err, errCannotTell), err == nil && b.Amount == nil && b.Messages == nil:
				a.say(NotLooked, "balance.untold", words.A{"account": n.Name})
			case err != nil:
				a.say(Error, "low-balance.unanswered", words.A{"account": n.Name, "cause": words.Cause(err)}, mendAccount(n.Name))
			default:
				weighLow(&a, &bill{need: n, balance: b, promise: promised[n.Name]})
			}
		}
		return a.done(words.T("low-balance.none", nil))
	}}
}

// after is the bill when the campaign and what is promised have left: packages are used first, and money pays for the rest.
func (b *bill) after() bill {
	out := *b
	taken := int64(b.need.Segments + b.promise.Segments)
	cost := *b.need.Cost + b.need.Account.Price.Times(b.promise.Segments)
	if b.balance.Messages != nil {
		used := min(taken, max(0, *b.balance.Messages))
		left := *b.balance.Messages - used
		out.balance.Messages = &left
		if taken > 0 {
			cost = rounded(cost, int(taken-used), int(taken))
		}
	}
	if b.balance.Amount != nil || cost > 0 {
		var money message.Money
		if b.balance.Amount != nil {
			money = *b.balance.Amount
		}
		money -= cost
		out.balance.Amount = &money
	}
	return out
}

func weighLow(a *answers, b *bill) {
	n := &b.need
	if b.foreign() {
		a.say(NotLooked, "balance.currency", words.A{"account": n.Name, "vendor": b.balance.Currency, "own": n.Account.Currency})
		return
	}
	rest := b.after()
	after := *rest.balance.Worth(n.Account.Price)
	a.fact("account."+n.Name+".after", after)
	a.fact("account."+n.Name+".low_balance", n.Account.LowBalance)
	said := words.A{"account": n.Name, "left": words.Money(after, n.Account.Currency), "line": words.Money(n.Account.LowBalance, n.Account.Currency)}
	good, below := words.Text{ID: "low-balance.good", Args: said}, words.Text{ID: "low-balance.below", Args: said}
	if m := rest.balance.Messages; m != nil && *m > 0 {
		said["left"], said["worth"] = rest.left(), said["left"]
		good.ID, below.ID = "low-balance.good-packaged", "low-balance.below-packaged"
	}
	short := n.Account.LowBalance - after
	switch {
	case short <= 0:
		a.add(Pass, good)
		return
	case after < 0:
		a.say(Warn, "low-balance.owes", words.A{"account": n.Name, "short": words.Money(-after, n.Account.Currency), "line": said["line"]})
	default:
		a.add(Warn, below)
	}
	var w ways
	w.or(b.replenish(short))
	a.offer(w)
}

// replenish is what brings the account back to its line: money, or packages where it has nothing else.
func (b *bill) replenish(short message.Money) Option {
	name, acc := b.need.Name, b.need.Account
	o := Option{Kind: OptionTopUp, Enough: true, Account: name, Amount: &short, Currency: acc.Currency}
	if b.balance.Amount == nil && *acc.Price > 0 {
		o.Segments = int64((short + *acc.Price - 1) / *acc.Price)
		amount := acc.Price.Times(int(o.Segments))
		o.Amount = &amount
		o.Text = words.T("low-balance.buy", words.A{"account": name, "segments": words.N(o.Segments, "segment")})
		return o
	}
	o.Text = words.T("low-balance.top-up", words.A{"account": name, "amount": words.Money(short, acc.Currency)})
	return o
}

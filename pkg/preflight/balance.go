package preflight

import (
	"context"
	"errors"
	"fmt"
	"math"

	"notify/pkg/vendors"
)

// balanceCheck asks the vendors whether what is left there pays for what is still to be sent, with a margin, and for what
// other campaigns on the ledger are still to send.
func balanceCheck() Check {
	return Check{ID: "balance", Group: GroupMoney, Title: "balance", Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		promised, err := s.Promised(ctx)
		if err != nil {
			return broken(err)
		}
		accounts := byAccount(needs)
		for _, n := range accounts {
			if n.Messages > 0 {
				go func() { _, _ = s.Balance(ctx, n.Name) }() // all vendors at once; the answers are shared
			}
		}
		var a answers
		for _, n := range accounts {
			if n.Messages == 0 {
				a.add(Pass, fmt.Sprintf(textNothingToPay, n.Name))
				continue
			}
			b, err := s.Balance(ctx, n.Name)
			switch {
			case errors.Is(err, errCannotTell):
				a.add(Warn, fmt.Sprintf(textBalanceUnknown, n.Name), fmt.Sprintf(textLookAtBalance, n.Name, count(n.Segments, "segment")))
			case err != nil:
				a.add(Error, fmt.Sprintf("%s: %v", n.Name, err), fmt.Sprintf(textMendAccount, n.Name))
			default:
				s.weigh(ctx, &a, bill{need: n, balance: b, promise: promised[n.Name], margin: s.margin()})
			}
		}
		return a.done(textNoChannel)
	}}
}

// bill is what an account has to pay for, and what there is.
type bill struct {
	need    accountNeed
	balance vendors.Balance
	promise Promise
	margin  float64
}

// wanted is how many segments must be covered, margin included.
func (b *bill) wanted() int64 {
	return int64(math.Ceil(float64(b.need.Segments+b.promise.Segments)*(1+b.margin) - 1e-6))
}

// covered is how many segments packages and money pay for; ok is false where neither can be told.
func (b *bill) covered() (n int64, ok bool) {
	if b.balance.Messages != nil {
		n, ok = max(0, *b.balance.Messages), true
	}
	if b.balance.Amount != nil && b.need.Account.Price != nil {
		ok = true
		if *b.need.Account.Price <= 0 {
			return math.MaxInt64, true
		}
		n += max(0, int64(*b.balance.Amount)/int64(*b.need.Account.Price))
	}
	return n, ok
}

// left is the balance in words: "499.50 CNY and 1,200 messages in packages".
func (b *bill) left() string {
	switch {
	case b.balance.Amount == nil:
		return fmt.Sprintf(textPackages, num(*b.balance.Messages))
	case b.balance.Messages == nil:
		return money(*b.balance.Amount, b.balance.Currency)
	}
	return money(*b.balance.Amount, b.balance.Currency) + " and " + fmt.Sprintf(textPackages, num(*b.balance.Messages))
}

// needs is what must be there in words.
func (b *bill) needs() string {
	what := count(b.wanted(), "segment")
	if p := b.need.Account.Price; p != nil {
		what += " = " + money(p.Times(int(b.wanted())), b.need.Account.Currency)
	}
	if b.promise.Segments > 0 {
		what += fmt.Sprintf(textWithPromised, num(b.promise.Segments), first(b.promise.Campaigns, 3))
	}
	return what
}

func (s *Subject) weigh(ctx context.Context, a *answers, b bill) {
	name, acc := b.need.Name, b.need.Account
	b.facts(a)
	covered, ok := b.covered()
	switch {
	case b.balance.Amount != nil && b.balance.Currency != "" && acc.Currency != "" && b.balance.Currency != acc.Currency:
		a.add(Fail, fmt.Sprintf(textCurrencyDiffers, name, b.balance.Currency, acc.Currency), fmt.Sprintf(textCorrectCurrency, name))
	case !ok && b.balance.Amount == nil && b.balance.Messages == nil:
		a.add(Warn, fmt.Sprintf(textBalanceUnknown, name), fmt.Sprintf(textLookAtBalance, name, count(b.need.Segments, "segment")))
	case !ok:
		a.add(Warn, fmt.Sprintf(textBalanceNoPrice, name, b.left()), fmt.Sprintf(textSayPrice, name))
	case covered < b.wanted():
		part := fmt.Sprintf(textBalanceShort, name, b.left(), num(covered), b.needs(), int(math.Round(b.margin*100)))
		a.add(Fail, part, s.topUp(ctx, b, covered)...)
	default:
		a.add(Pass, fmt.Sprintf(textBalanceGood, name, b.left(), b.needs(), int(math.Round(b.margin*100))))
	}
}

func (b *bill) facts(a *answers) {
	at := "account." + b.need.Name + "."
	if b.balance.Amount != nil {
		a.fact(at+"balance", *b.balance.Amount)
		a.fact(at+"currency", b.balance.Currency)
	}
	if b.balance.Messages != nil {
		a.fact(at+"packages", *b.balance.Messages)
	}
	a.fact(at+"segments", b.need.Segments)
	a.fact(at+"promised_segments", b.promise.Segments)
	a.fact(at+"wanted_segments", b.wanted())
	if n, ok := b.covered(); ok && n < math.MaxInt64 {
		a.fact(at+"covered_segments", n)
	}
	if p := b.need.Account.Price; p != nil {
		a.fact(at+"wanted", p.Times(int(b.wanted())))
	}
}

// topUp says by how much, and what fits into what is there.
func (s *Subject) topUp(ctx context.Context, b bill, covered int64) []string {
	short := b.wanted() - covered
	remedies := []string{fmt.Sprintf(textTopUpSegments, b.need.Name, count(short, "segment"))}
	if p := b.need.Account.Price; p != nil {
		remedies[0] = fmt.Sprintf(textTopUpMoney, b.need.Name, money(p.Times(int(short)), b.need.Account.Currency), count(short, "segment"))
	}
	if b.promise.Segments > 0 {
		remedies = append(remedies, fmt.Sprintf(textFreePromised, b.promise.Campaigns[0], count(b.promise.Segments, "segment")))
	}
	if len(b.need.Channels) != 1 {
		return remedies
	}
	ch := b.need.Channels[0]
	free := int64(float64(covered)/(1+b.margin)+1e-6) - int64(b.promise.Segments)
	fits, err := s.Fitting(ctx, ch.Channel, ch.Share, -1, max(0, free))
	if err == nil {
		remedies = append(remedies, s.smaller(fits, "what is there now"))
	}
	if other := s.standIns(b.need.Name); other != "" {
		remedies = append(remedies, other)
	}
	return remedies
}

// smaller is the remedy of a part that fits into something.
func (s *Subject) smaller(p Part, into string) string {
	switch p.Recipients {
	case 0:
		return fmt.Sprintf(textNothingFits, into)
	case 1:
		return fmt.Sprintf(textOneFits, p.LastRow, into) + fmt.Sprintf(textSendPart, s.list(), p.LastRow)
	}
	return fmt.Sprintf(textPartFits, num(p.Recipients), p.LastRow, into) + fmt.Sprintf(textSendPart, s.list(), p.LastRow)
}

const (
	textNothingToPay    = "%s: nothing left to send"
	textPackages        = "%s in packages"
	textWithPromised    = " (%s of them for %s)"
	textBalanceGood     = "%s: %s left, needs %s (margin %d%%)"
	textBalanceShort    = "%s: %s left pays for %s, needs %s (margin %d%%)"
	textBalanceUnknown  = "%s: the balance cannot be checked, the vendor does not tell it"
	textBalanceNoPrice  = "%s: %s left; without a price it cannot be said whether that is enough"
	textLookAtBalance   = "look at the balance of %s in the vendor's console; the campaign needs %s"
	textCurrencyDiffers = "%s: the vendor's balance is in %s, the price in notify.yaml in %s"
	textCorrectCurrency = "correct accounts.%s.price and currency in notify.yaml"
	textTopUpMoney      = "top up %s by at least %s (%s)"
	textTopUpSegments   = "buy at least %[2]s more for %[1]s"
	textFreePromised    = "or end what is not to be sent any more: notify abort %s --reason … (with the others it holds %s)"
	textPartFits        = "or send a smaller part: the first %s recipients, up to row %d, fit into %s"
	textOneFits         = "or send a smaller part: one recipient, in row %d, fits into %s"
	textSendPart        = ": notify send %s --rows 1-%d; the rest later, without --rows"
	textNothingFits     = "no part of the campaign fits into %s"
)

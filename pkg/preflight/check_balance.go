package preflight

import (
	"context"
	"errors"
	"fmt"
	"math"

	"notify/pkg/words"

	"notify/pkg/plan"
	"notify/pkg/vendors"
)

// balanceCheck asks the vendors whether what is left there pays for what is still to be sent, with a margin, and for what
// other campaigns on the ledger are still to send.
func balanceCheck() Check {
	return Check{ID: "balance", Group: GroupMoney, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		accounts, promised, err := s.owed(ctx)
		if err != nil {
			return broken(err)
		}
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

// owed is what each account is still to carry, and what it has promised to other campaigns.
func (s *Subject) owed(ctx context.Context) ([]accountNeed, map[string]Promise, error) {
	needs, err := s.Needs(ctx)
	if err != nil {
		return nil, nil, err
	}
	promised, err := s.Promised(ctx)
	return byAccount(needs), promised, err
}

// bill is what an account has to pay for, and what there is.
type bill struct {
	need    accountNeed
	balance vendors.Balance
	promise Promise
	margin  float64
}

// wanted is how many segments must be covered, margin included.
func (b *bill) wanted() int64 { return b.wants(b.need.Segments) }

// wants is wanted for another number of segments of this campaign.
func (b *bill) wants(segments int) int64 {
	return int64(math.Ceil(float64(segments+b.promise.Segments)*(1+b.margin) - 1e-6))
}

// foreign reports that the vendor counts in another currency than the price.
func (b *bill) foreign() bool {
	have, want := b.balance.Currency, b.need.Account.Currency
	return b.balance.Amount != nil && have != "" && want != "" && have != want
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
	case b.foreign():
		a.add(Fail, fmt.Sprintf(textCurrencyDiffers, name, b.balance.Currency, acc.Currency), fmt.Sprintf(textCorrectCurrency, name))
	case !ok && b.balance.Amount == nil && b.balance.Messages == nil:
		a.add(Warn, fmt.Sprintf(textBalanceUnknown, name), fmt.Sprintf(textLookAtBalance, name, count(b.need.Segments, "segment")))
	case !ok:
		a.add(Warn, fmt.Sprintf(textBalanceNoPrice, name, b.left()), fmt.Sprintf(textSayPrice, name))
	case covered < b.wanted():
		a.add(Fail, fmt.Sprintf(textBalanceShort, name, b.left(), num(covered), b.needs(), int(math.Round(b.margin*100))))
		a.offer(s.waysToPay(ctx, &b, covered))
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

// waysToPay are a top-up, the end of other campaigns, a part that what is there pays for, and another account.
func (s *Subject) waysToPay(ctx context.Context, b *bill, covered int64) ways {
	var w ways
	w.or(b.topUp(covered))
	if n := b.promise.Segments; n > 0 {
		w.or(Option{
			Kind: OptionRelease, Account: b.need.Name, Segments: int64(n), Command: "notify abort " + words.Typed(b.promise.Campaigns[0]) + " --reason …",
			Enough:  len(b.promise.Campaigns) == 1 && (&bill{need: b.need, margin: b.margin}).wanted() <= covered,
			oldText: fmt.Sprintf(textFreePromised, b.promise.Campaigns[0], count(n, "segment")),
		})
	}
	fits, err := s.fitting(ctx, channelsOf(b.need.Channels), func(so *beginning, _ *plan.Recipient) bool {
		segments := 0
		for _, n := range b.need.Channels {
			_, carried := so.carried(n, s.Config.Routes[n.Channel].Accounts)
			segments += carried
		}
		return b.wants(segments) <= covered
	})
	if err == nil {
		s.smaller(&w, Option{Account: b.need.Name, Enough: true}, fits, "what is there now")
	}
	for _, n := range b.need.Channels {
		s.elsewhere(ctx, &w, n, s.paysFor)
	}
	return w
}

func (b *bill) topUp(covered int64) Option {
	short := b.wanted() - covered
	o := Option{Kind: OptionTopUp, Enough: true, Account: b.need.Name, Segments: short, Currency: b.need.Account.Currency}
	if b.need.Account.Price == nil {
		o.oldText = fmt.Sprintf(textTopUpSegments, b.need.Name, count(short, "segment"))
		return o
	}
	amount := b.need.Account.Price.Times(int(short))
	if b.balance.Amount != nil && *b.balance.Amount < 0 {
		amount -= *b.balance.Amount // a debt is paid first
	}
	o.Amount, o.oldText = &amount, fmt.Sprintf(textTopUpMoney, b.need.Name, money(amount, o.Currency), count(short, "segment"))
	return o
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
	textFreePromised    = "end what is not to be sent any more: notify abort %s --reason … (with the others it holds %s)"
)

package preflight

import (
	"context"
	"errors"
	"math"

	"notify/pkg/plan"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// balanceCheck asks the vendors whether what is left there pays for what is still to be sent, with a margin, and for what
// other campaigns on the ledger are still to send.
//
// *Does what is left at the vendor pay for what is to be sent, with a margin of 10 %, and for what other unfinished campaigns are still to
// send?* FAIL with how much to top up, and which smaller part fits.
func balanceCheck() Check {
	return Check{ID: "balance", Group: GroupMoney, Online: true, Overrule: "a run that meets an empty balance pauses, and goes on when it is topped up", Run: func(ctx context.Context, s *Subject) Finding {
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
				a.say(Pass, "money.nothing-left", words.A{"account": n.Name})
				continue
			}
			b, err := s.Balance(ctx, n.Name)
			switch {
			case errors.Is(err, errCannotTell):
				s.untold(&a, &n)
			case err != nil:
				s.accountFault(&a, Error, n.Name, err)
			default:
				s.weigh(ctx, &a, bill{need: n, balance: b, promise: promised[n.Name], margin: s.margin()})
			}
		}
		return a.done(noChannel())
	}}
}

// untold is the answer about an account whose vendor does not tell its balance.
func (s *Subject) untold(a *answers, n *accountNeed) {
	a.say(Warn, "balance.untold", words.A{"account": n.Name},
		words.T("balance.look", words.A{"account": n.Name, "billed": s.billed(n)}))
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
	return b.balance.Foreign(b.need.Account.Currency)
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
func (b *bill) left() words.List {
	l := words.List{Join: words.And}
	if b.balance.Amount != nil {
		l.Items = append(l.Items, words.Money(*b.balance.Amount, b.balance.Currency))
	}
	if b.balance.Messages != nil {
		l.Items = append(l.Items, words.N(*b.balance.Messages, "packaged"))
	}
	return l
}

// needs is what must be there in words, with the margin, and with what other campaigns are still to take.
func (b *bill) needs() words.Text {
	what := words.T("balance.segments", words.A{"segments": words.N(b.wanted(), "segment")})
	if p := b.need.Account.Price; p != nil {
		what = words.T("balance.segments-cost", words.A{
			"segments": words.N(b.wanted(), "segment"), "cost": words.Money(p.Times(int(b.wanted())), b.need.Account.Currency),
		})
	}
	margin := words.Percent(math.Round(b.margin * 100))
	if b.promise.Segments > 0 {
		return words.T("balance.needs-promised", words.A{
			"needs": what, "margin": margin, "promised": b.promise.Segments, "campaigns": words.Names(b.promise.Campaigns, 3),
		})
	}
	return words.T("balance.needs", words.A{"needs": what, "margin": margin})
}

func (s *Subject) weigh(ctx context.Context, a *answers, b bill) {
	name, acc := b.need.Name, b.need.Account
	b.facts(a)
	covered, ok := b.covered()
	switch {
	case b.foreign():
		a.say(Fail, "balance.currency", words.A{"account": name, "vendor": b.balance.Currency, "own": acc.Currency},
			words.T("balance.correct-currency", words.A{"key": "accounts." + name + ".price"}))
	case !ok && b.balance.Amount == nil && b.balance.Messages == nil:
		s.untold(a, &b.need)
	case !ok:
		a.say(Warn, "balance.no-price", words.A{"account": name, "left": b.left()}, sayPrice(name))
	case covered < b.wanted():
		short := words.T("balance.short", words.A{"account": name, "left": b.left(), "covered": covered, "needs": b.needs()})
		if b.balance.Amount == nil { // what is counted in messages tells by itself what it pays for
			short = words.T("balance.short-packaged", words.A{"account": name, "left": b.left(), "needs": b.needs()})
		}
		a.add(Fail, short)
		a.offer(s.waysToPay(ctx, &b, covered))
	default:
		a.say(Pass, "balance.good", words.A{"account": name, "left": b.left(), "needs": b.needs()})
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
		command := "notify abort " + words.Typed(b.promise.Campaigns[0]) + " --reason …"
		w.or(Option{
			Kind: OptionRelease, Account: b.need.Name, Segments: int64(n), Command: command,
			Enough: len(b.promise.Campaigns) == 1 && (&bill{need: b.need, margin: b.margin}).wanted() <= covered,
			Text:   b.release(command),
		})
	}
	fits, err := s.fitting(ctx, channelsOf(b.need.Channels), func(so *beginning, _ *plan.Recipient) bool {
		segments := 0
		for _, n := range b.need.Channels {
			segments += so.carried(n, s.route(n.Channel).Accounts).segments
		}
		return b.wants(segments) <= covered
	})
	if err == nil {
		s.smaller(&w, Option{Account: b.need.Name, Enough: true}, fits, words.T("part.balance", nil))
	}
	for _, n := range b.need.Channels {
		s.elsewhere(ctx, &w, n, s.paysFor)
	}
	return w
}

// release says which campaigns hold the account, and how the first of them is ended.
func (b *bill) release(command string) words.Text {
	args := words.A{"command": command, "segments": words.N(b.promise.Segments, "segment")}
	if others := len(b.promise.Campaigns) - 1; others > 0 {
		args["others"] = others
		return words.Text{ID: "balance.release-with", Args: args}
	}
	return words.Text{ID: "balance.release", Args: args}
}

func (b *bill) topUp(covered int64) Option {
	short := b.wanted() - covered
	o := Option{Kind: OptionTopUp, Enough: true, Account: b.need.Name, Segments: short, Currency: b.need.Account.Currency}
	if b.need.Account.Price == nil {
		o.Text = words.T("balance.buy", words.A{"account": b.need.Name, "segments": words.N(short, "segment")})
		return o
	}
	amount := b.need.Account.Price.Times(int(short))
	if b.balance.Amount != nil && *b.balance.Amount < 0 {
		amount -= *b.balance.Amount // a debt is paid first
	}
	o.Amount = &amount
	o.Text = words.T("balance.top-up", words.A{
		"account": b.need.Name, "amount": words.Money(amount, o.Currency), "segments": words.N(short, "segment"),
	})
	return o
}

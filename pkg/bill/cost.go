package bill

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"notify/pkg/channel"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// Source is what of a ledger is read.
type Source interface {
	Campaigns(ctx context.Context) ([]ledger.Campaign, error)
	Spent(ctx context.Context) ([]ledger.Spent, error)
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error]
}

// Account is what the configuration says of one. Free: its messages cost nothing, and not something that nobody knows.
type Account struct {
	Currency string
	Free     bool
}

// Debited are the messages that were debited to an account from one time to before another, in the zone of those times.
func Debited(ctx context.Context, s Source, account string, from, to time.Time) ([]Ours, error) {
	spent, err := s.Spent(ctx)
	if err != nil {
		return nil, err
	}
	var all []Ours
	for _, name := range campaignsOf(spent, func(c *ledger.Spent) bool {
		return c.Account == account && !c.Last.Before(from) && c.First.Before(to)
	}) {
		err := debited(ctx, s, name, func(r *ledger.Record) {
			if r.Account != account || r.Claimed.Before(from) || !r.Claimed.Before(to) {
				return
			}
			all = append(all, Ours{
				Campaign: name, Key: r.Key, VendorID: r.VendorID, Channel: r.Channel, To: r.Address, At: r.Claimed.In(from.Location()),
				Segments: int64(r.Segments), Price: r.Price, Unknown: r.State != message.Accepted,
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// campaignsOf are the campaigns of which something is wanted, in order.
func campaignsOf(spent []ledger.Spent, wanted func(*ledger.Spent) bool) []string {
	var names []string
	for i := range spent {
		if wanted(&spent[i]) && !slices.Contains(names[max(0, len(names)-1):], spent[i].Campaign) {
			names = append(names, spent[i].Campaign)
		}
	}
	return names
}

// debited calls do for every message of a campaign that was accepted, or may have been.
func debited(ctx context.Context, s Source, campaign string, do func(*ledger.Record)) error {
	for r, err := range s.Messages(ctx, campaign, message.Accepted, message.Unknown, message.Attempting) {
		if err != nil {
			return err
		}
		do(&r)
	}
	return nil
}

// By is what costs are summed up by.
type By string

// What they can be summed up by.
const (
	ByMonth    By = "month"
	ByCampaign By = "campaign"
	ByTeam     By = "team"
	ByAccount  By = "account"
	ByClass    By = "class"
	ByCountry  By = "country"
)

// Bys are all of them.
func Bys() []string {
	return []string{string(ByMonth), string(ByCampaign), string(ByTeam), string(ByAccount), string(ByClass), string(ByCountry)}
}

// Cost is what was spent on one of them, in one currency.
type Cost struct {
	Name     string         `json:"name"` // empty: none, such as a campaign without a team
	Currency string         `json:"currency,omitempty"`
	Messages int64          `json:"messages"`
	Segments int64          `json:"segments"`
	Cost     *message.Money `json:"cost"`               // of those whose price is known; nil where it is of none
	Unpriced int64          `json:"unpriced,omitempty"` // how many of the messages have no price that is known
}

// Costs sums up what was spent since a time, by what is asked for, and each currency by itself. What is kept of a campaign says it at once, where all of
// it belongs together; otherwise its messages are looked through.
func Costs(ctx context.Context, s Source, by By, accounts map[string]Account, since time.Time, zone *time.Location) ([]Cost, error) {
	spent, err := s.Spent(ctx)
	if err != nil {
		return nil, err
	}
	specs, err := specsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	sums := costs{sums: make(map[costCell]*Cost), accounts: accounts}
	apart := campaignsOf(spent, func(c *ledger.Spent) bool {
		return debits(c, since) && (c.First.Before(since) || !by.holds(c, accounts[c.Account], zone))
	})
	for _, c := range spent {
		if debits(&c, since) && !slices.Contains(apart, c.Campaign) {
			spec := specs[c.Campaign]
			sums.add(by.of(&spec, c.Account, "", c.First.In(zone)), c.Account, c.Debit, c.Most > 0)
		}
	}
	for _, name := range apart {
		whole := !slices.ContainsFunc(spent, func(c ledger.Spent) bool { return c.Campaign == name && c.First.Before(since) })
		if by == ByCountry && whole {
			err = sums.byCountry(ctx, s, name, spent)
		} else {
			spec := specs[name]
			err = debited(ctx, s, name, func(r *ledger.Record) {
				if !r.Claimed.Before(since) {
					one := ledger.Debit{Messages: 1, Segments: int64(r.Segments), Cost: r.Price.Times(r.Segments)}
					sums.add(by.of(&spec, r.Account, r.Address, r.Claimed.In(zone)), r.Account, one, r.Price > 0)
				}
			})
		}
		if err != nil {
			return nil, err
		}
	}
	return sums.sorted(), nil
}

// specsOf are the campaigns as they are frozen.
func specsOf(ctx context.Context, s Source) (map[string]plan.Spec, error) {
	campaigns, err := s.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	specs := make(map[string]plan.Spec)
	for i := range campaigns {
		if specs[campaigns[i].Name], err = plan.DecodeSpec(campaigns[i].Spec); err != nil {
			return nil, err
		}
	}
	return specs, nil
}

// debits reports whether something of it is debited since a time.
func debits(c *ledger.Spent, since time.Time) bool {
	return c.State != message.Rejected && !c.Last.Before(since)
}

// holds reports whether all of what is kept counts for the same, and has a price that is known, or has none.
func (by By) holds(c *ledger.Spent, a Account, zone *time.Location) bool {
	switch {
	case by == ByCountry, c.Least == 0 && c.Most > 0 && !a.Free:
		return false
	case by == ByMonth:
		return c.First.In(zone).Format(MonthForm) == c.Last.In(zone).Format(MonthForm)
	}
	return true
}

// MonthForm is how a month is written: "2026-11", as a layout of package time.
const MonthForm = "2006-01"

type costCell struct{ name, currency string }

// costs are sums under way.
type costs struct {
	sums     map[costCell]*Cost
	accounts map[string]Account
}

// add adds what an account was debited with.
func (cs *costs) add(name, account string, d ledger.Debit, priced bool) {
	a := cs.accounts[account]
	k := costCell{name: name, currency: a.Currency}
	sum := cs.sums[k]
	if sum == nil {
		sum = &Cost{Name: k.name, Currency: k.currency}
		cs.sums[k] = sum
	}
	sum.Messages += d.Messages
	sum.Segments += d.Segments
	if !priced && !a.Free {
		sum.Unpriced += d.Messages
		return
	}
	side := Side{Cost: sum.Cost}
	side.add(Side{Cost: &d.Cost})
	sum.Cost = side.Cost
}

func (cs *costs) sorted() []Cost {
	out := make([]Cost, 0, len(cs.sums))
	for _, sum := range cs.sums {
		out = append(out, *sum)
	}
	slices.SortFunc(out, func(a, b Cost) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Currency, b.Currency))
	})
	return out
}

// of is what something counts for; the address is that of a message, where it is asked for.
func (by By) of(spec *plan.Spec, account string, to message.Address, at time.Time) string {
	switch by {
	case ByMonth:
		return at.Format(MonthForm)
	case ByCampaign:
		return spec.Name
	case ByTeam:
		return spec.Team
	case ByAccount:
		return account
	case ByClass:
		return spec.Class
	case ByCountry:
		return channel.CountryOf(to)
	}
	return ""
}

// Total is the sum of costs in each currency.
func Total(all []Cost) []Cost {
	var out []Cost
	for _, c := range all {
		i := slices.IndexFunc(out, func(o Cost) bool { return o.Currency == c.Currency })
		if i < 0 {
			i, out = len(out), append(out, Cost{Currency: c.Currency})
		}
		side := Side{Cost: out[i].Cost}
		side.add(Side{Cost: c.Cost})
		out[i].Cost = side.Cost
		out[i].Messages, out[i].Segments, out[i].Unpriced = out[i].Messages+c.Messages, out[i].Segments+c.Segments, out[i].Unpriced+c.Unpriced
	}
	return out
}

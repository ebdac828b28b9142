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
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error]
}

// Account is what the configuration says of one. Free: its messages cost nothing, and not something that nobody knows.
type Account struct {
	Currency string
	Free     bool
}

// Debited are the messages that were debited to an account from one time to before another, in the zone of those times.
func Debited(ctx context.Context, s Source, account string, from, to time.Time) ([]Ours, error) {
	var all []Ours
	err := debited(ctx, s, func(c *ledger.Campaign, r *ledger.Record) error {
		if r.Account != account || r.Claimed.Before(from) || !r.Claimed.Before(to) {
			return nil
		}
		all = append(all, Ours{
			Campaign: c.Name, Key: r.Key, VendorID: r.VendorID, Channel: r.Channel, To: r.Address, At: r.Claimed.In(from.Location()),
			Segments: int64(r.Segments), Price: r.Price, Unknown: r.State != message.Accepted,
		})
		return nil
	})
	return all, err
}

// debited calls do for every message that was accepted, or may have been.
func debited(ctx context.Context, s Source, do func(*ledger.Campaign, *ledger.Record) error) error {
	all, err := s.Campaigns(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		for r, err := range s.Messages(ctx, all[i].Name, message.Accepted, message.Unknown, message.Attempting) {
			if err != nil {
				return err
			}
			if err := do(&all[i], &r); err != nil {
				return err
			}
		}
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

// Costs sums up what was spent since a time, by what is asked for, and each currency by itself.
func Costs(ctx context.Context, s Source, by By, accounts map[string]Account, since time.Time, zone *time.Location) ([]Cost, error) {
	type cell struct{ name, currency string }
	sums := make(map[cell]*Cost)
	specs := make(map[string]plan.Spec)
	err := debited(ctx, s, func(c *ledger.Campaign, r *ledger.Record) error {
		if r.Claimed.Before(since) {
			return nil
		}
		spec, ok := specs[c.Name]
		if !ok {
			var err error
			if spec, err = plan.DecodeSpec(c.Spec); err != nil {
				return err
			}
			specs[c.Name] = spec
		}
		account := accounts[r.Account]
		k := cell{name: by.of(&spec, r, zone), currency: account.Currency}
		sum := sums[k]
		if sum == nil {
			sum = &Cost{Name: k.name, Currency: k.currency}
			sums[k] = sum
		}
		sum.Messages++
		sum.Segments += int64(r.Segments)
		if r.Price == 0 && !account.Free {
			sum.Unpriced++
			return nil
		}
		side := Side{Cost: sum.Cost}
		cost := r.Price.Times(r.Segments)
		side.add(Side{Cost: &cost})
		sum.Cost = side.Cost
		return nil
	})
	out := make([]Cost, 0, len(sums))
	for _, sum := range sums {
		out = append(out, *sum)
	}
	slices.SortFunc(out, func(a, b Cost) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Currency, b.Currency))
	})
	return out, err
}

func (by By) of(spec *plan.Spec, r *ledger.Record, zone *time.Location) string {
	switch by {
	case ByMonth:
		return r.Claimed.In(zone).Format("2006-01")
	case ByCampaign:
		return spec.Name
	case ByTeam:
		return spec.Team
	case ByAccount:
		return r.Account
	case ByClass:
		return spec.Class
	case ByCountry:
		return channel.CountryOf(r.Address)
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

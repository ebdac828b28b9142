package report

import (
	"maps"
	"slices"
	"strings"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Prices are what the accounts ask for a segment, as configured now.
type Prices map[string]Price

// Price is what one of them asks; Segment is nil where nobody has said, or where it hangs on the country: then ByCountry has it.
type Price struct {
	Segment   *message.Money
	ByCountry map[string]message.Money
	Currency  string
}

// PricesOf are those of an installation.
func PricesOf(cfg *config.Config) Prices {
	all := make(Prices, len(cfg.Accounts))
	for name, a := range cfg.Accounts {
		all[name] = Price{Segment: a.Price, ByCountry: a.Prices, Currency: a.Currency}
	}
	return all
}

// Spent is what an account carried. Cost is nil where it is not known: a price that was not known when messages left counts
// nothing in the ledger, which is not the same as costing nothing.
type Spent struct {
	Messages int64          `json:"messages"`
	Segments int64          `json:"segments"`
	Cost     *message.Money `json:"cost"`
}

func (p Prices) spent(account string, d ledger.Debit) Spent {
	return Spent{Messages: d.Messages, Segments: d.Segments, Cost: p.cost(account, d.Segments, d.Cost)}
}

// cost is what so many segments cost, or nil. Nothing for nothing is known, and so is nothing where the price is nothing.
func (p Prices) cost(account string, segments int64, debited message.Money) *message.Money {
	price := p[account].Segment
	if debited == 0 && segments > 0 && (price == nil || *price != 0) {
		return nil
	}
	return &debited
}

// Sum is money in one currency.
type Sum struct {
	Currency string        `json:"currency"`
	Cost     message.Money `json:"cost"`
}

// Accounts are those that carried messages of a campaign, by name.
func (p Prices) Accounts(c ledger.Counts) []Account {
	all := make([]Account, 0, len(c.Cost))
	for _, name := range slices.Sorted(maps.Keys(c.Cost)) {
		all = append(all, Account{Account: name, Spent: p.spent(name, c.Cost[name]), Currency: p[name].Currency})
	}
	return all
}

// Sums adds up what accounts cost, by currency; unpriced are those of which it is not known.
func Sums(accounts []Account) (costs []Sum, unpriced []string) {
	costs, unpriced = []Sum{}, []string{}
	for _, a := range accounts {
		if a.Cost == nil {
			unpriced = append(unpriced, a.Account)
			continue
		}
		i := slices.IndexFunc(costs, func(s Sum) bool { return s.Currency == a.Currency })
		if i < 0 {
			i, costs = len(costs), append(costs, Sum{Currency: a.Currency})
		}
		costs[i].Cost += *a.Cost
	}
	slices.SortFunc(costs, func(x, y Sum) int { return strings.Compare(x.Currency, y.Currency) })
	return costs, unpriced
}

// decimals is how many the finest price has, so that a column of costs has as many in every line.
func (p Prices) decimals() int {
	most := 2
	for _, price := range p {
		if price.Segment != nil {
			most = max(most, Decimals(*price.Segment))
		}
		for _, p := range price.ByCountry {
			most = max(most, Decimals(p))
		}
	}
	return most
}

// Decimals is how many an amount has as it is written, two at least.
func Decimals(m message.Money) int {
	_, behind, _ := strings.Cut(m.String(), ".")
	return len(behind)
}

func fixed(m message.Money, decimals int) string {
	return m.String() + strings.Repeat("0", max(0, decimals-Decimals(m)))
}

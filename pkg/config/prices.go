package config

import (
	"maps"
	"slices"
	"strings"

	"notify/pkg/channel"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/words"
)

// OtherCountries is the key of Account.Prices for all countries that it does not name.
const OtherCountries = "*"

// prices are those of an account by country: {CN: 0.045, HK: 0.3, "*": 0.5}.
func prices(account *yamldoc.Map, onePrice bool) map[string]message.Money {
	if !account.Value("prices").Set() {
		return nil
	}
	m := account.Map("prices")
	defer m.Done()
	all := make(map[string]message.Money)
	for _, key := range m.Keys() {
		country := strings.ToUpper(strings.TrimSpace(key))
		if country != OtherCountries && !channel.KnownCountry(country) {
			m.Problem(key, words.T("config.price-country", words.A{"value": key}), words.T("config.do.price-country", nil))
			continue
		}
		if p, ok := amount(m.Value(key), true); ok {
			all[country] = p
		}
	}
	if onePrice {
		account.Problem("prices", words.T("config.price-twice", nil), words.T("config.do.price-twice", nil))
	}
	return all
}

// PriceIn is the price of a segment to a country; nil where nobody has said.
func (a *Account) PriceIn(country string) *message.Money {
	if a.Prices == nil {
		return a.Price
	}
	for _, c := range []string{country, OtherCountries} {
		if p, ok := a.Prices[c]; ok {
			return &p
		}
	}
	return nil
}

// Priced reports whether anything is known of what the account costs.
func (a *Account) Priced() bool { return a.Price != nil || len(a.Prices) > 0 }

// Debits are the price of a segment on a channel, and where not all addresses cost the same, that of each. What is not known counts nothing.
func (a *Account) Debits(e channel.Entry) (all message.Money, of func(message.Address) message.Money) {
	debit := func(country string) message.Money {
		if p := a.PriceIn(country); p != nil {
			return *p
		}
		return 0
	}
	if a.Prices == nil {
		return debit(""), nil
	}
	return 0, func(to message.Address) message.Money { return debit(e.RegionOf(to)) }
}

// Dearest is the most that a segment can cost; nil where no price is known.
func (a *Account) Dearest() *message.Money {
	if len(a.Prices) == 0 {
		return a.Price
	}
	most := slices.Max(slices.Collect(maps.Values(a.Prices)))
	return &most
}

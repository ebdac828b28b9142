package words

import "notify/pkg/message"

// Amount is money with its currency, which is empty where none is known.
type Amount struct {
	Money    message.Money
	Currency string
}

// Money is an amount in a currency.
func Money(m message.Money, currency string) Amount { return Amount{Money: m, Currency: currency} }

// Price is an amount that may not be known.
func Price(m *message.Money, currency string) any {
	if m == nil {
		return T("words.not-known", nil)
	}
	return Amount{Money: *m, Currency: currency}
}

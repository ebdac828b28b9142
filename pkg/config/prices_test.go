package config_test

import (
	"testing"

	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/message"
)

func TestPricesByCountry(t *testing.T) {
	a := config.Account{Prices: map[string]message.Money{"CN": 45000, "HK": 300000}}
	if p := a.PriceIn("US"); p != nil {
		t.Errorf("nobody said what the US cost: %s", p)
	}
	a.Prices[config.OtherCountries] = 500000
	channels := channel.Set(nil)
	all, of := a.Debits(channels.Of(message.SMS))
	for to, want := range map[message.Address]message.Money{"+8613800138000": 45000, "+85291234567": 300000, "+12015550123": 500000} {
		if got := of(to); got != want || all != 0 {
			t.Errorf("%s costs %s", to, got)
		}
	}
	one := message.Money(45000)
	b := config.Account{Price: &one}
	if all, of := b.Debits(channels.Of(message.SMS)); all != one || of != nil || *b.PriceIn("US") != one {
		t.Errorf("one price for all: %s", all)
	}
}

package send

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// What an account may have taken is debited with what a message to that country costs, and not with the price of all.
func TestWhatMayHaveLeftIsDebitedByCountry(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	f := &Forgotten{
		Config: &config.Config{Timezone: time.UTC, Channels: channel.Builtin(), Accounts: map[string]config.Account{
			"one":  {Price: new(message.Money), Currency: "CNY"},
			"many": {Prices: map[string]message.Money{"CN": 45000, "HK": 300000}, Currency: "CNY"},
		}},
		Now: func() time.Time { return noon },
	}
	var told Told
	to := func(key, address string) ledger.Record {
		return ledger.Record{Key: message.Key(key), Channel: message.SMS, Address: message.Address(address)}
	}
	may := asked{account: "many"}
	f.tell(&told, []ledger.Record{to("a", "+8613490000001"), to("b", "+85251230001"), to("c", "+8613490000002"), to("d", "+8613490000003")},
		[]asked{may, may, may, {account: "one"}})
	lost := func(account string, price message.Money, keys ...message.Key) ledger.Lost {
		return ledger.Lost{Channel: message.SMS, Account: account, Currency: "CNY", Price: price, Day: "2026-11-20", Keys: keys}
	}
	want := []ledger.Lost{lost("many", 45000, "a", "c"), lost("many", 300000, "b"), lost("one", 0, "d")}
	if diff := cmp.Diff(want, told.Lost); diff != "" {
		t.Error(diff)
	}
}

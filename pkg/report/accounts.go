package report

import (
	"context"
	"maps"
	"slices"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/vendors"
)

// AccountStatus is an account as it stands now.
type AccountStatus struct {
	Account     string        `json:"account"`
	Vendor      string        `json:"vendor"`
	Class       string        `json:"class"`
	Environment string        `json:"environment"`
	Rate        float64       `json:"rate"` // messages a second; 0: no limit
	DailyQuota  int64         `json:"daily_quota"`
	DayBudget   message.Money `json:"day_budget"`
	MonthBudget message.Money `json:"month_budget"`
	// Price is of one segment; nil where it is not known.
	Price    *message.Money `json:"price"`
	Currency string         `json:"currency,omitempty"`
	Used     ledger.Usage   `json:"used"`
	// Breaker is closed, open, or to be tested.
	Breaker string              `json:"breaker"`
	State   ledger.AccountState `json:"state"`
	// Live is what the vendor said; nil where it was not asked, or LiveError says why not.
	Live      *vendors.Balance `json:"live,omitempty"`
	LiveError string           `json:"live_error,omitempty"`
}

// Accounts reads every configured account, by name.
func Accounts(ctx context.Context, l ledger.Reader, cfg *config.Config, now time.Time) ([]AccountStatus, error) {
	known, err := l.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	day := now.In(cfg.Timezone).Format(time.DateOnly)
	var out []AccountStatus
	for _, name := range slices.Sorted(maps.Keys(cfg.Accounts)) {
		a := cfg.Accounts[name]
		env := a.Environment
		if env == "" {
			env = cfg.Environment
		}
		s := AccountStatus{
			Account: name, Vendor: a.Vendor, Class: a.Class, Environment: env, Rate: a.Rate, DailyQuota: a.DailyQuota,
			DayBudget: a.DayBudget, MonthBudget: a.MonthBudget, Price: a.Price, Currency: a.Currency, Breaker: "closed",
		}
		s.State = ledger.AccountState{Account: name, Scale: 1}
		for _, k := range known {
			if k.Account == name {
				s.State = k
			}
		}
		switch until := s.State.OpenUntil; {
		case until.After(now):
			s.Breaker = "open"
		case !until.IsZero():
			s.Breaker = "to be tested"
		}
		if s.Used, err = l.Usage(ctx, name, day); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

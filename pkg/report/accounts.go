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
	"notify/pkg/words"
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
	// Prices are those by country, in place of Price; nil where all cost the same.
	Prices map[string]message.Money `json:"prices,omitempty"`
	// Credentials are the fingerprints of its secrets by the names of their options.
	Credentials map[string]string `json:"credentials,omitempty"`
	// Day and Month are what it carried today and this month.
	Day   Spent `json:"today"`
	Month Spent `json:"month"`
	// LeftToday is what the configured quota leaves, and where the vendor was asked, no more than it says; nil: no limit.
	LeftToday *int64 `json:"left_today"`
	// Breaker is closed, open, or testing: the next message tries whether the account works again.
	Breaker string              `json:"breaker"`
	State   ledger.AccountState `json:"state"`
	// Ramp is what it may send today in the name of each sender, where that grows.
	Ramp []RampStatus `json:"ramp,omitempty"`
	// Scenarios are its limits by class of campaign.
	Scenarios []ScenarioStatus `json:"scenarios,omitempty"`
	// Domains are its limits by recipient domain.
	Domains []DomainStatus `json:"domains,omitempty"`
	// Live is what the vendor said; nil where it was not asked, or LiveError says why not.
	Live      *Live      `json:"live,omitempty"`
	LiveError words.Text `json:"live_error,omitzero"`
	// Receipts is what is known of the messages that it took lately, and Inbox what came of it; nil where that was not asked, or nothing ever came.
	Receipts *Receipts     `json:"receipts,omitempty"`
	Inbox    *ledger.Inbox `json:"inbox,omitempty"`
}

// RampStatus is what an account may attempt today in the name of a sender, a domain for mails, and why: on so many days before it did so.
type RampStatus struct {
	Sender string `json:"sender"` // empty: nothing was sent yet, or it is no mail
	Today  int64  `json:"today"`
	Used   int64  `json:"used_today"`
	Day    int    `json:"day"` // which day with messages today is, from 1
}

// ramps are how an account stands whose quota grows.
func ramps(ctx context.Context, l ledger.Reader, name string, c *config.Ramp, day string) ([]RampStatus, error) {
	if c == nil {
		return nil, nil
	}
	senders, err := l.Senders(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(senders) == 0 {
		senders = map[string]ledger.DomainHeld{"": {}}
	}
	ramp := ledger.Ramp{Start: c.Start, Factor: c.Factor}
	var out []RampStatus
	for _, sender := range slices.Sorted(maps.Keys(senders)) {
		of := senders[sender].On(day)
		out = append(out, RampStatus{Sender: sender, Today: ramp.Most(of.Days), Used: of.Sent, Day: of.Days + 1})
	}
	return out, nil
}

// ScenarioStatus is what campaigns of a class may send through an account, and what they sent today.
type ScenarioStatus struct {
	Class      string  `json:"class"`
	Rate       float64 `json:"rate"`        // messages a second; 0: the account's own
	DailyQuota int64   `json:"daily_quota"` // 0: the account's own
	Used       int64   `json:"used_today"`
}

// DomainStatus is what an account may send to a recipient domain, "default" for all that are not named; zero fields do not limit.
type DomainStatus struct {
	Domain      string  `json:"domain"`
	Rate        float64 `json:"rate,omitempty"` // messages a second
	DailyQuota  int64   `json:"daily_quota,omitempty"`
	Concurrency int     `json:"concurrency,omitempty"` // at a time, from each campaign
}

func domains(a *config.Account) []DomainStatus {
	var out []DomainStatus
	all := slices.Concat(slices.Collect(maps.Keys(a.DomainRate)), slices.Collect(maps.Keys(a.DomainQuota)), slices.Collect(maps.Keys(a.DomainSlots)))
	slices.Sort(all)
	for _, d := range slices.Compact(all) {
		out = append(out, DomainStatus{Domain: d, Rate: a.DomainRate[d], DailyQuota: a.DomainQuota[d], Concurrency: a.DomainSlots[d]})
	}
	return out
}

// Live is what a vendor says of an account; nil where it does not.
type Live struct {
	Balance    *message.Money `json:"balance"`
	Currency   string         `json:"currency,omitempty"`
	Messages   *int64         `json:"messages"` // left in prepaid packages
	QuotaLimit *int64         `json:"quota_limit"`
	QuotaUsed  *int64         `json:"quota_used"`
	Rate       *float64       `json:"rate"` // messages a second that it takes
}

// Told puts into the line what the vendor says. Its quota and ours are one figure: the smaller one counts.
func (s *AccountStatus) Told(b vendors.Balance) {
	s.Live = &Live{Balance: b.Amount, Currency: b.Currency, Messages: b.Messages, QuotaLimit: b.QuotaLimit, QuotaUsed: b.QuotaUsed, Rate: b.Rate}
	if b.QuotaLimit == nil || b.QuotaUsed == nil {
		return
	}
	left := max(0, *b.QuotaLimit-*b.QuotaUsed)
	if s.LeftToday == nil || left < *s.LeftToday {
		s.LeftToday = &left
	}
}

// Accounts reads every configured account, by name.
func Accounts(ctx context.Context, l ledger.Reader, cfg *config.Config, now time.Time) ([]AccountStatus, error) {
	known, err := l.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	prices, day := PricesOf(cfg), ledger.DayOf(now.In(cfg.Timezone))
	out := []AccountStatus{}
	for _, name := range slices.Sorted(maps.Keys(cfg.Accounts)) {
		a := cfg.Accounts[name]
		env := a.Environment
		if env == "" {
			env = cfg.Environment
		}
		s := AccountStatus{
			Account: name, Vendor: a.Vendor, Class: a.Class, Environment: env, Rate: a.Rate, DailyQuota: a.DailyQuota,
			DayBudget: a.DayBudget, MonthBudget: a.MonthBudget, Price: a.Price, Prices: a.Prices, Credentials: a.Credentials(), Currency: a.Currency, Breaker: "closed",
			Domains: domains(&a),
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
			s.Breaker = "testing"
		}
		used, err := l.Usage(ctx, name, day)
		if err != nil {
			return nil, err
		}
		s.Day, s.Month = prices.spent(name, used.Day), prices.spent(name, used.Month)
		if a.DailyQuota > 0 {
			left := max(0, a.DailyQuota-used.Day.Messages)
			s.LeftToday = &left
		}
		if s.Ramp, err = ramps(ctx, l, name, a.Ramp, day.Name); err != nil {
			return nil, err
		}
		for _, class := range slices.Sorted(maps.Keys(a.Scenarios)) {
			within, err := l.Usage(ctx, ledger.ScenarioOf(name, class), day)
			if err != nil {
				return nil, err
			}
			of := a.Scenarios[class]
			s.Scenarios = append(s.Scenarios, ScenarioStatus{Class: class, Rate: of.Rate, DailyQuota: of.DailyQuota, Used: within.Day.Messages})
		}
		out = append(out, s)
	}
	return out, nil
}

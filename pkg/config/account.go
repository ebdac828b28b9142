package config

import (
	"iter"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/words"
)

const (
	defaultConcurrency = 16
	defaultTimeout     = 30 * time.Second
	defaultFactor      = 1.5 // of a ramp
	maxFactor          = 10
)

var (
	accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	ratePattern = regexp.MustCompile(`^([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(?:/\s*([smh]))?$`)
	currency    = regexp.MustCompile(`^[A-Z]{3}$`)
)

func (r *reader) accounts(m *yamldoc.Map, environment string) map[string]Account {
	accounts := make(map[string]Account)
	variables := make(map[string]string)
	for _, name := range m.Keys() {
		v := m.Value(name)
		if !accountName.MatchString(name) {
			m.Problem(name, words.T("config.account-name", words.A{"name": name}), words.T("config.do.account-name", nil))
			continue
		}
		prefix := variableName([]string{name})
		if other, taken := variables[prefix]; taken {
			m.Problem(name, words.T("config.account-variables", words.A{"name": name, "other": other}), words.T("config.do.account-differ", nil))
			continue
		}
		variables[prefix] = name
		accounts[name] = Account{Name: name}
		if below := v.Map(); !v.Set() || v.IsMap() {
			accounts[name] = r.account(below, name, environment)
		}
	}
	m.Done()
	return accounts
}

func (r *reader) account(m *yamldoc.Map, name, environment string) Account {
	a := Account{
		Name: name, Vendor: r.vendor(m), Environment: m.Value("environment").OneOf(Production, Staging, Test),
		Rate:        rate(m.Value("rate")),
		Burst:       int(m.Value("burst").Int(1, maxRate)),
		Concurrency: int(m.Value("concurrency").Int(1, maxInFlight)),
		Ahead:       int(m.Value("ahead").Int(0, maxInFlight)),
		Timeout:     m.Value("timeout").Duration(100*time.Millisecond, 10*time.Minute),
		DailyQuota:  m.Value("daily_quota").Int(1, maxQuota),
		Scenarios:   scenarios(m.Map("scenarios")),
		Ramp:        readRamp(m.Value("ramp")),
		Endpoint:    r.endpoint(m.Value("endpoint")),
		Segments:    m.Value("segments").OneOf("gsm", "mainland"),
		DKIM:        r.readDKIM(m.Map("dkim")),
		SendsFrom:   sendsFrom(m.Value("sends_from")),
		Receipts:    r.receipts(m.Map("receipts")),
	}
	if m.Value("class").Missing() {
		m.Problem("class", words.T("config.class-missing", nil), words.T("config.do.class", nil))
	}
	a.Class = m.Value("class").OneOf(Notice, Marketing)
	if a.Environment == "" {
		a.Environment = environment
	}
	if a.Concurrency == 0 {
		a.Concurrency = defaultConcurrency
	}
	if a.Timeout == 0 {
		a.Timeout = defaultTimeout
	}
	r.domainLimits(m.Map("domain_rate"), &a)
	r.money(m, &a)
	a.Options, a.Declared = r.options(m, a.Vendor)
	_, a.Signature = a.Said(option.Signature)
	m.Done()
	return a
}

func (r *reader) vendor(m *yamldoc.Map) string {
	v := m.Value("vendor")
	name := v.Text()
	switch {
	case v.Missing() || v.Set() && name == "" && !v.IsMapOrList():
		m.Problem("vendor", words.T("config.vendor-missing", nil), words.T("config.do.vendor", nil))
	case name != "" && r.vendors != nil && r.vendors[name] == nil:
		v.Problem(words.T("config.vendor-unknown", words.A{"vendor": name}), diag.Known(name, slices.Sorted(maps.Keys(r.vendors))))
	}
	return name
}

// rate is in messages per second: "100/s", "30/m", "1000/h", or a number of messages per second.
func rate(v yamldoc.Value) float64 {
	n, _ := yamldoc.Parsed(v, parseRate, words.T("config.do.rate", nil))
	return n
}

func parseRate(s string) (float64, error) {
	m := ratePattern.FindStringSubmatch(s)
	if m == nil {
		return 0, words.Err("config.rate-invalid", words.A{"value": s})
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, words.Err("config.rate-invalid", words.A{"value": s})
	}
	n /= map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[m[2]]
	if n == 0 {
		return 0, words.Err("config.rate-zero", nil)
	}
	if n > maxRate {
		return 0, words.Err("config.rate-large", words.A{"value": s, "most": maxRate})
	}
	return n, nil
}

// domainLimits are limits by domain: "20/s", or {rate: 20/s, daily: 5000, concurrency: 4}.
func (r *reader) domainLimits(m *yamldoc.Map, a *Account) {
	keys := m.Keys()
	if !slices.Contains(keys, "default") {
		keys = append(slices.Clone(keys), "default")
	}
	rates, quotas, slots := make(map[string]float64), make(map[string]int64), make(map[string]int)
	for _, k := range keys {
		domain := strings.TrimSuffix(strings.ToLower(k), ".")
		v := m.Value(k)
		if !domainPattern().MatchString(domain) {
			m.Problem(k, words.T("config.pace-domain", words.A{"value": k}), words.T("config.do.pace-domain", nil))
			continue
		}
		if v.IsMap() {
			of := v.Map()
			v = of.Value("rate")
			if n := of.Value("daily").Int(1, maxQuota); n > 0 {
				quotas[domain] = n
			}
			if n := of.Value("concurrency").Int(1, maxInFlight); n > 0 {
				slots[domain] = int(n)
			}
			of.Done()
		}
		if n := rate(v); n > 0 {
			rates[domain] = n
		}
	}
	if len(rates) > 0 {
		a.DomainRate = rates
	}
	if len(quotas) > 0 {
		a.DomainQuota = quotas
	}
	if len(slots) > 0 {
		a.DomainSlots = slots
	}
}

// readRamp reads {start: 500, factor: 1.5}.
func readRamp(v yamldoc.Value) *Ramp {
	if !v.Set() {
		return nil
	}
	m := v.Map()
	defer m.Done()
	r := &Ramp{Start: m.Value("start").Int(1, maxQuota)}
	if r.Start == 0 && m.Value("start").Missing() {
		m.Problem("start", words.T("config.ramp-start", nil), words.T("config.do.ramp", nil))
	}
	factor := m.Value("factor")
	r.Factor, _ = yamldoc.Parsed(factor, func(s string) (float64, error) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f > 1 && f <= maxFactor) {
			return 0, words.Err("config.ramp-factor", words.A{"value": s})
		}
		return f, nil
	}, words.T("config.do.ramp", nil))
	if factor.Missing() {
		r.Factor = defaultFactor
	}
	return r
}

// scenarios are limits by class of campaign.
func scenarios(m *yamldoc.Map) map[string]Scenario {
	defer m.Done()
	var all map[string]Scenario
	for _, class := range []string{Notice, Marketing} {
		if !m.Value(class).Set() {
			continue
		}
		of := m.Map(class)
		if all == nil {
			all = make(map[string]Scenario)
		}
		all[class] = Scenario{Rate: rate(of.Value("rate")), DailyQuota: of.Value("daily_quota").Int(1, maxQuota)}
		of.Done()
	}
	return all
}

func (r *reader) endpoint(v yamldoc.Value) string {
	s := r.expanded(v, v.Text())
	if s == "" {
		return ""
	}
	if strings.ContainsAny(s, " \t\r\n") {
		v.Problem(words.T("config.endpoint-blank", nil), words.T("config.do.endpoint", nil))
	}
	if u, err := url.Parse(s); err == nil && u.User != nil {
		v.Problem(words.T("config.endpoint-login", nil), words.T("config.do.endpoint-login", nil))
	}
	return s
}

// money reads price, budget and low_balance, which mean nothing without a currency.
func (r *reader) money(m *yamldoc.Map, a *Account) {
	if p, ok := amount(m.Value("price"), true); ok {
		a.Price = &p
	}
	a.Prices = prices(m, a.Price != nil)
	budget := m.Value("budget")
	if budget.Set() && !budget.IsMap() {
		budget.Problem(words.T("config.budget-period", nil), words.T("config.do.budget", nil))
	} else {
		b := m.Map("budget")
		a.DayBudget, _ = amount(b.Value("day"), false)
		a.MonthBudget, _ = amount(b.Value("month"), false)
		b.Done()
	}
	a.LowBalance, _ = amount(m.Value("low_balance"), true)
	cur := m.Value("currency")
	a.Currency = strings.ToUpper(strings.TrimSpace(cur.Text()))
	switch {
	case a.Currency == "" && !cur.IsMapOrList() && (a.Price != nil || a.Prices != nil || a.DayBudget != 0 || a.MonthBudget != 0 || a.LowBalance != 0):
		m.Problem("currency", words.T("config.currency-missing", nil), words.T("config.do.currency", nil))
	case a.Currency != "" && !currency.MatchString(a.Currency):
		cur.Problem(words.T("config.currency-invalid", words.A{"value": cur.Text()}), words.T("config.do.currency-code", nil))
	}
	if a.DayBudget > a.MonthBudget && a.MonthBudget > 0 {
		b := m.Map("budget").Value("day")
		b.Problem(words.T("config.budget-order", nil), words.T("config.do.budget-order", nil))
	}
}

// maxAmount is far above any price or budget; beyond it a digit was mistaken, and sums might not fit.
const maxAmount = 1_000_000_000

func amount(v yamldoc.Value, zero bool) (message.Money, bool) {
	return yamldoc.Parsed(v, func(s string) (message.Money, error) {
		n, err := message.ParseMoney(s)
		switch {
		case err != nil:
			return 0, err
		case n < 0:
			return 0, words.Err("config.amount-negative", words.A{"value": s})
		case n == 0 && !zero:
			return 0, words.Err("config.budget-zero", nil)
		case n > message.Money(maxAmount*1_000_000):
			return 0, words.Err("config.amount-large", words.A{"value": s})
		}
		return n, nil
	}, words.T("config.do.amount", nil))
}

// PacedDomains are the recipient domains that one of the accounts has a limit of their own for, in order, and whether any domain has a limit.
func (c *Config) PacedDomains(accounts []string) (own []string, limited bool) {
	for _, name := range accounts {
		a := c.Accounts[name]
		for _, of := range [...]iter.Seq[string]{maps.Keys(a.DomainRate), maps.Keys(a.DomainQuota), maps.Keys(a.DomainSlots)} {
			own = slices.AppendSeq(own, of)
		}
	}
	limited = len(own) > 0
	own = slices.DeleteFunc(own, func(domain string) bool { return domain == "default" })
	slices.Sort(own)
	return slices.Compact(own), limited
}

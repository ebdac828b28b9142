package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
)

const (
	defaultConcurrency = 16
	defaultTimeout     = 30 * time.Second
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
			m.Problem(name, "account-name", "use a-z, 0-9, - _ and . , at most 63, beginning with a letter or digit", "%q cannot be the name of an account", name)
			continue
		}
		prefix := variableName([]string{name})
		if other, taken := variables[prefix]; taken {
			m.Problem(name, "account-name", "choose names that differ in letters or digits",
				"%s and %s would be set by the same environment variables", name, other)
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
		Timeout:     m.Value("timeout").Duration(100*time.Millisecond, 10*time.Minute),
		DomainRate:  r.domainRate(m.Map("domain_rate")),
		DailyQuota:  m.Value("daily_quota").Int(1, maxQuota),
		Endpoint:    r.endpoint(m.Value("endpoint")),
		Segments:    m.Value("segments").OneOf("gsm", "mainland"),
		DKIM:        readDKIM(m.Map("dkim")),
		SendsFrom:   sendsFrom(m.Value("sends_from")),
	}
	if m.Value("class").Missing() {
		m.Problem("class", "value-missing", "write class: notice or class: marketing", "the class of the account is not set")
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
	r.money(m, &a)
	a.Options = r.options(m)
	a.Signature, _ = a.Options["sign_name"].(string)
	m.Done()
	return a
}

func (r *reader) vendor(m *yamldoc.Map) string {
	v := m.Value("vendor")
	name := v.Text()
	switch {
	case v.Missing() || v.Set() && name == "" && !v.IsMapOrList():
		m.Problem("vendor", "value-missing", "write vendor: and its kind", "the account has no vendor")
	case name != "" && r.vendors != nil && !slices.Contains(r.vendors, name):
		hint := "known: " + strings.Join(r.vendors, ", ")
		if near := diag.Nearest(name, r.vendors); near != "" {
			hint = "did you mean " + near + "? " + hint
		}
		v.Problem("vendor-unknown", hint, "there is no vendor %q", name)
	}
	return name
}

// rate is in messages per second: "100/s", "30/m", "1000/h", or a number of messages per second.
func rate(v yamldoc.Value) float64 {
	n, _ := yamldoc.Parsed(v, parseRate, "write messages and a unit, like 100/s, 30/m or 1000/h")
	return n
}

func parseRate(s string) (float64, error) {
	m := ratePattern.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is not a rate", s)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a rate", s)
	}
	n /= map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[m[2]]
	if n == 0 {
		return 0, errors.New("at a rate of 0 nothing would ever be sent")
	}
	if n > maxRate {
		return 0, fmt.Errorf("a rate of %s is more than %d a second", s, maxRate)
	}
	return n, nil
}

func (r *reader) domainRate(m *yamldoc.Map) map[string]float64 {
	keys := m.Keys()
	if !slices.Contains(keys, "default") {
		keys = append(slices.Clone(keys), "default")
	}
	rates := make(map[string]float64)
	for _, k := range keys {
		domain := strings.TrimSuffix(strings.ToLower(k), ".")
		v := m.Value(k)
		if !domainPattern.MatchString(domain) {
			m.Problem(k, "domain-invalid", "write a recipient's domain like qq.com, or default", "%q is no domain", k)
			continue
		}
		if n := rate(v); n > 0 {
			rates[domain] = n
		}
	}
	if len(rates) == 0 {
		return nil
	}
	return rates
}

func (r *reader) endpoint(v yamldoc.Value) string {
	s := r.expanded(v, v.Text())
	if s == "" {
		return ""
	}
	if strings.ContainsAny(s, " \t\r\n") {
		v.Problem("url-invalid", "write it like https://host/path or host:port", "the endpoint has a space in it")
	}
	if u, err := url.Parse(s); err == nil && u.User != nil {
		v.Problem("url-invalid", "move user and password to options", "the endpoint holds a login")
	}
	return s
}

// money reads price, budget and low_balance, which mean nothing without a currency.
func (r *reader) money(m *yamldoc.Map, a *Account) {
	if p, ok := amount(m.Value("price"), true); ok {
		a.Price = &p
	}
	budget := m.Value("budget")
	if budget.Set() && !budget.IsMap() {
		budget.Problem("not-a-map", "write budget: {day: 2000, month: 20000}", "the budget does not say for which time")
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
	case a.Currency == "" && !cur.IsMapOrList() && (a.Price != nil || a.DayBudget != 0 || a.MonthBudget != 0 || a.LowBalance != 0):
		m.Problem("currency", "currency-missing", "write currency: CNY", "there are amounts without a currency")
	case a.Currency != "" && !currency.MatchString(a.Currency):
		cur.Problem("currency-invalid", "write the three letters of ISO 4217, like CNY", "%q is no currency", cur.Text())
	}
	if a.DayBudget > a.MonthBudget && a.MonthBudget > 0 {
		b := m.Map("budget").Value("day")
		b.Problem("budget-order", "the month's budget is the larger one", "the budget of a day is above that of the month")
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
			return 0, fmt.Errorf("%s is below zero", s)
		case n == 0 && !zero:
			return 0, errors.New("with a budget of 0 nothing would ever be sent")
		case n > message.Money(maxAmount*1_000_000):
			return 0, fmt.Errorf("%s is absurdly much", s)
		}
		return n, nil
	}, "write a decimal number like 0.045, or leave the key out")
}

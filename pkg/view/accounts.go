package view

import (
	"fmt"
	"strconv"
	"strings"

	"notify/pkg/report"
)

// ShowAccounts draws every account.
func ShowAccounts(p *Printer, asJSON bool, as []report.AccountStatus) error {
	if asJSON {
		if as == nil {
			as = []report.AccountStatus{}
		}
		return JSON(p.Out, p.Words(), "notify.accounts/1", struct {
			Accounts []report.AccountStatus `json:"accounts"`
		}{as})
	}
	if len(as) == 0 {
		p.Line("no account is configured; `notify init` writes a notify.yaml to fill in")
		return p.Flush()
	}
	t := NewTable("account", "vendor", "class", "environment", ">rate", ">used today", ">left today", ">spent today", ">this month", "breaker", "live")
	for i := range as {
		a := &as[i]
		left := Unknown
		if a.DailyQuota > 0 {
			left = Num(max(0, a.DailyQuota-a.Used.Day.Messages))
		}
		t.Row(a.Account, a.Vendor, a.Class, a.Environment, Rate(a.Rate), Num(a.Used.Day.Messages), left,
			Money(a.Used.Day.Cost, a.Currency), Money(a.Used.Month.Cost, a.Currency), a.Breaker, live(a))
	}
	p.Table(t, 0)
	for i := range as {
		p.trouble(&as[i])
	}
	return p.Flush()
}

// trouble says why an account does not send as configured.
func (p *Printer) trouble(a *report.AccountStatus) {
	if a.Breaker != "closed" {
		p.Wrapped("  "+Safe(a.Account)+": ", fmt.Sprintf("breaker %s until %s: %s", a.Breaker, p.Time(a.State.OpenUntil), Safe(a.State.Reason)))
	}
	if a.State.Scale > 0 && a.State.Scale < 1 {
		p.Line("  %s: slowed down to %.0f%% of its rate", Safe(a.Account), a.State.Scale*100)
	}
	if a.State.Error != "" {
		p.Wrapped("  "+Safe(a.Account)+": ", "last error, "+p.Time(a.State.At)+": "+Safe(a.State.Error))
	}
}

// live is what the vendor said, in a few words.
func live(a *report.AccountStatus) string {
	if a.LiveError != "" {
		return a.LiveError
	}
	b := a.Live
	if b == nil {
		return Unknown
	}
	var parts []string
	if b.Amount != nil {
		parts = append(parts, "balance "+Money(*b.Amount, b.Currency))
	}
	if b.Messages != nil {
		parts = append(parts, Num(*b.Messages)+" messages left")
	}
	if b.QuotaLimit != nil && b.QuotaUsed != nil {
		parts = append(parts, "quota "+strconv.FormatInt(*b.QuotaUsed, 10)+"/"+strconv.FormatInt(*b.QuotaLimit, 10))
	}
	if len(parts) == 0 {
		return "it answers, and tells no figures"
	}
	return strings.Join(parts, ", ")
}

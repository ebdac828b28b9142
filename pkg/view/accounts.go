package view

import (
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
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
		p.sentence("", words.T("accounts.none", nil))
		return p.Flush()
	}
	t := NewTable("account", "vendor", "class", "environment", ">rate", ">used-today", ">left-today", ">spent-today", ">spent-month", "breaker", "live")
	var costs []*words.Amount
	for i := range as {
		costs = append(costs, amount(as[i].Day.Cost, as[i].Currency), amount(as[i].Month.Cost, as[i].Currency))
	}
	money := p.amounts(costs)
	for i := range as {
		a := &as[i]
		left := words.Unknown
		if a.LeftToday != nil {
			left = words.Num(*a.LeftToday)
		}
		t.Row(a.Account, a.Vendor, p.word("class", a.Class), p.word("environment", a.Environment), p.Words().Rate(words.Rate(a.Rate)), words.Num(a.Day.Messages), left,
			money[2*i], money[2*i+1], p.word("breaker", a.Breaker), p.live(a))
	}
	p.Table(t, 0)
	var told []report.Receipts
	for i := range as {
		p.trouble(&as[i])
		if as[i].Receipts != nil && as[i].Receipts.Accepted > 0 {
			told = append(told, *as[i].Receipts)
		}
	}
	p.receipts(told, 0)
	return p.Flush()
}

func amount(cost *message.Money, currency string) *words.Amount {
	if cost == nil {
		return nil
	}
	return &words.Amount{Money: *cost, Currency: currency}
}

// trouble says why an account does not send as configured.
func (p *Printer) trouble(a *report.AccountStatus) {
	head := "  " + p.Say(words.T("accounts.head", words.A{"account": a.Account}))
	switch a.Breaker {
	case "open":
		p.sentence(head, words.T("accounts.stopped", words.A{"until": a.State.OpenUntil, "why": a.State.Reason}))
	case "testing":
		p.sentence(head, words.T("accounts.testing", words.A{"why": a.State.Reason}))
	}
	if a.State.Scale > 0 && a.State.Scale < 1 {
		p.sentence(head, words.T("accounts.slowed", words.A{"share": words.Percent(100 * a.State.Scale)}))
	}
	if a.State.Weight != nil {
		p.sentence(head, words.T("accounts.weight", words.A{"weight": *a.State.Weight}))
	}
	if off := a.State.Off; off != nil {
		p.sentence(head, words.T("accounts.off", words.A{"who": off.Who, "at": off.At, "why": off.Why()}))
	}
	for _, r := range a.Ramp {
		args := words.A{"today": r.Today, "used": r.Used, "day": r.Day}
		if r.Sender == "" {
			p.sentence(head, words.T("accounts.ramp", args))
			continue
		}
		args["sender"] = r.Sender
		p.sentence(head, words.T("accounts.ramp-sender", args))
	}
	for _, s := range a.Scenarios {
		limits := words.List{Join: words.Commas}
		if s.Rate > 0 {
			limits.Items = append(limits.Items, words.T("accounts.scenario-rate", words.A{"rate": words.Rate(s.Rate)}))
		}
		if s.DailyQuota > 0 {
			limits.Items = append(limits.Items, words.T("accounts.scenario-quota", words.A{"used": s.Used, "quota": s.DailyQuota}))
		}
		p.sentence(head, words.T("accounts.scenario", words.A{"class": words.Of("class", s.Class), "limits": limits}))
	}
	if len(a.Domains) > 0 {
		p.sentence(head, words.T("accounts.domains", words.A{"domains": domainLimits(a.Domains)}))
	}
	if !a.State.Error.IsZero() {
		p.sentence(head, words.T("accounts.last-error", words.A{"at": a.State.At, "said": a.State.Error}))
	}
}

// domainLimits are the limits of an account by recipient domain, in a few words each.
func domainLimits(all []report.DomainStatus) words.List {
	out := words.List{Join: words.Sentences}
	for _, d := range all {
		limits := words.List{Join: words.Commas}
		if d.Rate > 0 {
			limits.Items = append(limits.Items, words.T("accounts.domain-rate", words.A{"rate": words.Rate(d.Rate)}))
		}
		if d.DailyQuota > 0 {
			limits.Items = append(limits.Items, words.T("accounts.domain-quota", words.A{"quota": d.DailyQuota}))
		}
		if d.Concurrency > 0 {
			limits.Items = append(limits.Items, words.T("accounts.domain-slots", words.A{"n": d.Concurrency}))
		}
		out.Items = append(out.Items, words.T("accounts.domain", words.A{"domain": d.Domain, "limits": limits}))
	}
	return out
}

// live is what the vendor said, in a few words.
func (p *Printer) live(a *report.AccountStatus) string {
	if !a.LiveError.IsZero() {
		return p.Say(a.LiveError)
	}
	b := a.Live
	if b == nil {
		return words.Unknown
	}
	var said []words.Text
	if b.Balance != nil {
		said = append(said, words.T("accounts.balance", words.A{"money": words.Money(*b.Balance, b.Currency)}))
	}
	if b.Messages != nil {
		said = append(said, words.T("accounts.messages-left", words.A{"messages": words.N(*b.Messages, "message")}))
	}
	if b.QuotaLimit != nil && b.QuotaUsed != nil {
		said = append(said, words.T("accounts.quota", words.A{"used": *b.QuotaUsed, "limit": *b.QuotaLimit}))
	}
	if b.Rate != nil {
		said = append(said, words.T("accounts.allowed", words.A{"rate": words.Rate(*b.Rate)}))
	}
	if len(said) == 0 {
		return p.Say(words.T("accounts.no-figures", nil))
	}
	return p.Words().Value(words.Texts(words.Commas, said...))
}

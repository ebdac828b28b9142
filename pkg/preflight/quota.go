package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"notify/pkg/config"
	"notify/pkg/plan"
)

// quotaCheck asks whether the limits by day let the campaign through as fast as everything else does. Several days where
// one was meant is what the operator must know before, not after: it fails, unless he has said that it may take days.
func quotaCheck() Check {
	return Check{ID: "quota", Group: GroupTime, Title: "quota of the day", Run: func(ctx context.Context, s *Subject) Finding {
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, n := range needs {
			if err := s.accountQuota(ctx, &a, n); err != nil {
				return broken(err)
			}
		}
		return a.done(textNoChannel)
	}}
}

func (s *Subject) accountQuota(ctx context.Context, a *answers, n Need) error {
	q, err := s.Quota(ctx, n.Name)
	if err != nil {
		return err
	}
	who := "configuration"
	if q.Vendor {
		who = "vendor"
	}
	if q.Limit < 0 {
		a.add(Pass, fmt.Sprintf(textNoQuota, n.Name))
		return nil
	}
	p, err := s.paceNow(ctx, n)
	if err != nil {
		return err
	}
	days, done := p.schedule(n.Messages, s.now())
	unlimited, _ := p.unlimited().schedule(n.Messages, s.now())
	at := "account." + n.Name + "."
	a.fact(at+"quota", q.Limit)
	a.fact(at+"used_today", q.Used)
	a.fact(at+"left_today", q.Left)
	a.fact(at+"messages", n.Messages)
	a.fact(at+"days", len(days))
	line := fmt.Sprintf(textQuota, n.Name, num(q.Limit), who, num(q.Used), num(q.Left), num(n.Messages))
	if slices.Equal(days, unlimited) {
		a.add(Pass, line)
		return nil
	}
	bad := Fail
	if s.Spread && !done.IsZero() && (s.Plan.Spec.Deadline.IsZero() || !done.After(s.Plan.Spec.Deadline)) {
		bad = Warn
	}
	if done.IsZero() {
		a.add(bad, line+textQuotaNever, s.quotaRemedies(ctx, n, p, q, days)...)
		return nil
	}
	a.add(bad, line+fmt.Sprintf(textQuotaDays, len(days), byDay(days)), s.quotaRemedies(ctx, n, p, q, days)...)
	return nil
}

// quotaRemedies are the ways out: a higher quota, several days, a smaller part, another account.
func (s *Subject) quotaRemedies(ctx context.Context, n Need, p pace, q Quota, days []Day) []string {
	remedies := []string{s.raiseQuota(n, p, q)}
	if !s.Spread && len(days) > 1 && len(days) < horizon {
		remedies = append(remedies, fmt.Sprintf(textAcceptDays, len(days), days[len(days)-1].Date, s.list()))
	}
	today := int64(0)
	if date := s.now().Format(time.DateOnly); len(days) > 0 && days[0].Date == date {
		today = int64(days[0].Messages)
	}
	if fits, err := s.Fitting(ctx, n.Channel, n.Share, today, -1); err == nil {
		remedies = append(remedies, s.smaller(fits, "what is left of today"))
	}
	if other := s.standIns(n.Name); other != "" {
		remedies = append(remedies, other)
	}
	return remedies
}

// raiseQuota says by how much the quota would have to be higher for the quota not to matter today.
func (s *Subject) raiseQuota(n Need, p pace, q Quota) string {
	most, reserved := int64(0), q.Left-p.first
	unlimited, _ := p.unlimited().schedule(n.Messages, s.now())
	for i, d := range unlimited {
		want := int64(d.Messages)
		if i == 0 && d.Date == s.now().Format(time.DateOnly) {
			want += q.Used + max(0, reserved)
		}
		most = max(most, want)
	}
	return fmt.Sprintf(textRaiseQuota, n.Name, num(most-q.Limit), num(most))
}

// standIns names accounts that could carry a part: those that only stand in on the same route.
func (s *Subject) standIns(account string) string {
	var names []string
	for _, ch := range s.Plan.Spec.Channels() {
		route := s.Config.Routes[ch]
		carries := func(name string) bool {
			return slices.ContainsFunc(route.Accounts, func(sh config.Share) bool { return sh.Account == name && sh.Weight > 0 })
		}
		if !carries(account) {
			continue
		}
		for _, name := range plan.RouteAccounts(route) {
			if !carries(name) && s.Config.Accounts[name].Class == s.Config.Accounts[account].Class {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(textOtherShare, strings.Join(names, ", "))
}

const (
	textNoQuota    = "%s: no quota is known"
	textQuota      = "%s: %s a day (%s), %s used today, %s left, %s to send"
	textQuotaDays  = "; it takes %d days: %s"
	textQuotaNever = "; it would never be done"
	textRaiseQuota = "ask the vendor to raise the daily quota of %s by %s, to %s; then set daily_quota in notify.yaml"
	textAcceptDays = "or accept that it takes %d days, until %s: notify send %s --spread"
	textOtherShare = "or give a part of the traffic to %s, which only stands in now (routes in notify.yaml)"
)

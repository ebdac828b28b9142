package preflight

import (
	"context"
	"math"
	"slices"
	"time"

	"notify/pkg/plan"
	"notify/pkg/words"
)

// quotaCheck asks whether the limits by day let the campaign through as fast as everything else does. Several days where
// one was meant is what the operator must know before, not after: it fails, unless he has said that it may take days.
//
// *Do the limits by day let it through at once?* The lower of configuration and vendor, less what was used today. FAIL with the days that it
// takes; WARN with `--spread`.
func quotaCheck() Check {
	return Check{ID: "quota", Group: GroupTime, Overrule: "a run that meets the quota pauses until the next day", Run: ofNeeds(func(ctx context.Context, s *Subject, needs []Need) Finding {
		var a answers
		for _, n := range needs {
			if err := s.accountQuota(ctx, &a, n); err != nil {
				return broken(err)
			}
		}
		return a.done(noChannel())
	})}
}

func (s *Subject) accountQuota(ctx context.Context, a *answers, n Need) error {
	q, err := s.Quota(ctx, n.Name)
	if err != nil {
		return err
	}
	if q.Limit < 0 {
		a.say(Pass, "quota.none", words.A{"account": n.Name})
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
	line := words.T("quota.by-configuration", words.A{"account": n.Name, "limit": q.Limit, "used": q.Used, "left": q.Left, "messages": n.Messages})
	if q.Vendor {
		line.ID = "quota.by-vendor"
	}
	if q.Ramp {
		line.ID = "quota.by-ramp"
	}
	if slices.Equal(days, unlimited) {
		a.add(Pass, line)
		return nil
	}
	bad := Fail
	if s.Spread && !done.IsZero() && s.inTime(done) {
		bad = Warn
	}
	if done.IsZero() {
		a.say(bad, "quota.never", words.A{"quota": line})
	} else {
		a.say(bad, "quota.days", words.A{"quota": line, "days": words.N(len(days), "day"), "by_day": byDay(days)})
	}
	w, err := s.waysWithinQuota(ctx, n, p, q)
	a.offer(w)
	return err
}

// inTime reports that a time is not after the deadline, if there is one.
func (s *Subject) inTime(t time.Time) bool {
	return s.Plan.Spec.Deadline.IsZero() || !t.After(s.Plan.Spec.Deadline)
}

// waysWithinQuota are a higher quota, several days, the next day, a smaller part, and another account.
func (s *Subject) waysWithinQuota(ctx context.Context, n Need, p pace, q Quota) (ways, error) {
	var w ways
	promised, err := s.Promised(ctx)
	if err != nil {
		return w, err
	}
	s.raiseQuota(&w, n, p, q, int64(promised[n.Name].Running))
	days, done := p.schedule(n.Messages, s.now())
	if !s.Spread && len(days) > 1 && !done.IsZero() && s.inTime(done) {
		command := s.sendCommand("--spread")
		w.or(Option{
			Kind: OptionSpread, Enough: true, Account: n.Name, Channel: n.Channel, Days: days, Command: command,
			Text: words.T("quota.accept-days", words.A{"days": words.N(len(days), "day"), "until": days[len(days)-1].Date, "command": command}),
		})
	}
	s.tomorrow(&w, n, p)
	today := 0
	if len(days) > 0 && days[0].Date == s.now().Format(time.DateOnly) {
		today = days[0].Messages
	}
	fits, err := s.fitting(ctx, channelsOf([]Need{n}), func(so *beginning, _ *plan.Recipient) bool {
		return so.carried(n, s.route(n.Channel).Accounts).messages <= today
	})
	if err != nil {
		return w, err
	}
	// Where an account carries several channels, a part has another mixture of them.
	s.smaller(&w, Option{Account: n.Name, Channel: n.Channel, Enough: n.OfAccount == 1}, fits, words.T("part.quota", nil))
	s.elsewhere(ctx, &w, n, s.withinQuota)
	return w, nil
}

// tomorrow offers to begin when a fresh day's quota is there, where that is enough.
func (s *Subject) tomorrow(w *ways, n Need, p pace) {
	at, fresh := s.nextDay(), p.fromTomorrow()
	if p.first >= fresh.first {
		return
	}
	days, done := fresh.schedule(n.Messages, at)
	if unlimited, _ := p.unlimited().schedule(n.Messages, at); !slices.Equal(days, unlimited) || !s.inTime(done) {
		return
	}
	w.or(s.beginAt(n, at, days))
}

// nextDay is when the first message of tomorrow can leave.
func (s *Subject) nextDay() time.Time {
	_, opens := s.opens(dayAfter(s.now(), 1))
	return opens
}

// beginAt is the option to begin later.
func (s *Subject) beginAt(n Need, at time.Time, days []Day) Option {
	command := s.sendCommand("")
	return Option{
		Kind: OptionLater, Enough: true, Account: n.Name, Channel: n.Channel, At: at, Days: days, Command: command,
		Text: words.T("quota.begin-at", words.A{"at": at, "command": command}),
	}
}

// raiseQuota says how high quotas would have to be not to matter: for this need, what was used of each, and what others that are
// running still take today. Where one that grows or one of a domain would hold then, raising them is no way.
func (s *Subject) raiseQuota(w *ways, n Need, p pace, q Quota, running int64) {
	unlimited, _ := p.unlimited().schedule(n.Messages, s.now())
	grown := p
	grown.first, grown.daily = -1, -1
	grown = grown.capped(n)
	if days, _ := grown.schedule(n.Messages, s.now()); q.Ramp || !slices.Equal(days, unlimited) {
		return
	}
	o := Option{Kind: OptionRaiseQuota, Enough: true, Account: n.Name, Channel: n.Channel}
	var texts []words.Text
	for _, one := range q.raisable {
		to := s.wanted(n, unlimited, one.used+running)
		if to <= one.limit {
			continue
		}
		key := "accounts." + n.Name + "." + one.key
		o.Settings = append(o.Settings, Setting{Key: key, Value: to, Now: one.limit})
		if one.key == "daily_quota" {
			texts = append(texts, words.T("quota.raise", words.A{"account": n.Name, "by": to - one.limit, "to": to}))
			continue
		}
		texts = append(texts, words.T("quota.raise-class", words.A{"key": key, "from": one.limit, "to": to}))
	}
	switch len(texts) {
	case 0:
		return
	case 1:
		o.Text = texts[0]
	default:
		o.Text = words.T("quota.raise-both", words.A{"account": texts[0], "class": texts[1]})
	}
	w.or(o)
}

// wanted is the most that a day takes of a quota of which so many are used or promised today.
func (s *Subject) wanted(n Need, days []Day, today int64) (most int64) {
	for i, d := range days {
		want := int64(math.Ceil(float64(d.Messages)/n.OfAccount - 1e-9))
		if i == 0 && d.Date == s.now().Format(time.DateOnly) {
			want += today
		}
		most = max(most, want)
	}
	return most
}

package preflight

import (
	"context"
	"time"

	"notify/pkg/plan"
	"notify/pkg/words"
)

// deadlineCheck asks whether the last message leaves in time, from now on, at the rates, quotas and window there are.
//
// *Does the last message leave in time?* FAIL with how many would be late, and the rate that it would take.
func deadlineCheck() Check {
	return Check{ID: "deadline", Group: GroupTime, Overrule: "what has not left by the deadline does not leave", Run: ofNeeds(func(ctx context.Context, s *Subject, needs []Need) Finding {
		var a answers
		for _, n := range needs {
			if err := s.accountDeadline(ctx, &a, n); err != nil {
				return broken(err)
			}
		}
		if !s.Plan.Spec.Deadline.IsZero() {
			a.fact("deadline", s.Plan.Spec.Deadline)
		}
		return a.done(noChannel())
	})}
}

func (s *Subject) accountDeadline(ctx context.Context, a *answers, n Need) error {
	if n.Messages == 0 {
		a.say(Pass, "money.nothing-left", words.A{"account": n.Name})
		return nil
	}
	p, err := s.paceNow(ctx, n)
	if err != nil {
		return err
	}
	_, done := p.schedule(n.Messages, s.now())
	if p.rate > 0 && !done.IsZero() {
		a.fact("account."+n.Name+"."+string(n.Channel)+".done", done)
	}
	if s.Plan.Spec.Deadline.IsZero() {
		s.openEnded(a, n, p, done)
		return nil
	}
	s.due(ctx, a, n, p, done)
	return nil
}

// openEnded is the answer where there is no deadline.
func (s *Subject) openEnded(a *answers, n Need, p pace, done time.Time) {
	switch {
	case p.rate == 0:
		a.say(Pass, "deadline.no-rate-none", words.A{"account": n.Name})
	case done.IsZero():
		a.say(Fail, "deadline.never", words.A{"account": n.Name})
		var w ways
		s.hasten(&w, n, p, p.openUntil(s.now(), s.now().AddDate(0, 0, 1)), func(quick pace) bool {
			_, done := quick.schedule(n.Messages, s.now())
			return !done.IsZero()
		})
		a.offer(w)
	default:
		a.say(Pass, "deadline.none", words.A{"account": n.Name, "done": done, "rate": p.says()})
	}
}

// due is the answer where there is a deadline.
func (s *Subject) due(ctx context.Context, a *answers, n Need, p pace, done time.Time) {
	now, deadline := s.now(), s.Plan.Spec.Deadline.In(s.Config.Timezone)
	late := done.IsZero() || done.After(deadline)
	switch {
	case !deadline.After(now):
		a.say(Fail, "deadline.passed", words.A{"deadline": deadline, "messages": words.N(n.Messages, "message")})
		var w ways
		s.postpone(&w, n, done)
		w.orSay(words.T("deadline.do-not-send", nil))
		a.offer(w)
	case p.rate == 0 && !late:
		a.say(Warn, "deadline.no-rate", words.A{"account": n.Name, "deadline": deadline}, sayRate(n.Name))
	case late:
		inTime := p.before(n.Messages, now, deadline)
		a.fact("account."+n.Name+"."+string(n.Channel)+".late", n.Messages-inTime)
		a.say(Fail, "deadline.late", words.A{
			"account": n.Name, "late": n.Messages - inTime, "messages": words.N(n.Messages, "message"), "deadline": deadline, "done": doneAt(done),
		})
		a.offer(s.waysInTime(ctx, n, p, done))
	default:
		a.say(Pass, "deadline.in-time", words.A{"account": n.Name, "done": done, "rate": p.says(), "deadline": deadline})
	}
}

// waysInTime are higher rates, a wider window, a later deadline, a part that is in time, and another account.
func (s *Subject) waysInTime(ctx context.Context, n Need, p pace, done time.Time) ways {
	now, deadline := s.now(), s.Plan.Spec.Deadline
	enough := func(p pace) bool {
		_, done := p.schedule(n.Messages, now)
		return !done.IsZero() && !done.After(deadline)
	}
	var w ways
	open := p.openUntil(now, deadline)
	if open <= 0 {
		w.say(words.T("deadline.window-shut", nil))
	}
	s.hasten(&w, n, p, open, enough)
	if p.rate > 0 && enough(p.unlimited()) {
		w.say(words.T("deadline.quota-holds", words.A{"in_time": p.before(n.Messages, now, deadline)}))
	}
	s.widen(&w, n, p, enough)
	s.postpone(&w, n, done)
	if fits, err := s.inTimePart(ctx, n, open); err == nil {
		s.smaller(&w, Option{Account: n.Name, Channel: n.Channel, Enough: n.OfAccount == 1}, fits, words.T("part.deadline", nil))
	}
	s.elsewhere(ctx, &w, n, s.meetsDeadline)
	return w
}

// postpone offers a deadline that is kept.
func (s *Subject) postpone(w *ways, n Need, done time.Time) {
	if done.IsZero() {
		return
	}
	at := done.Truncate(time.Minute).Add(time.Minute)
	w.or(Option{
		Kind: OptionDeadline, Enough: true, Account: n.Name, Channel: n.Channel, At: at,
		Settings: []Setting{{Key: "deadline", Value: at.Format(time.RFC3339), Now: s.Plan.Spec.Deadline.Format(time.RFC3339), Campaign: true}},
		Text:     words.T("deadline.later", words.A{"at": at}),
	})
}

// inTimePart is the beginning of the list that has left by the deadline: as much as rate and quota let through, and no more
// to any domain than its own pace lets through.
func (s *Subject) inTimePart(ctx context.Context, n Need, open time.Duration) (ListPart, error) {
	own := n
	own.Domains = nil
	p, err := s.paceNow(ctx, own)
	if err != nil {
		return ListPart{}, err
	}
	now, deadline := s.now(), s.Plan.Spec.Deadline
	most := p.before(n.Messages, now, deadline)
	// The last message that begins before the deadline may be a moment late.
	for _, done := p.schedule(most, now); most > 0 && done.After(deadline); _, done = p.schedule(most, now) {
		most--
	}
	return s.fitting(ctx, channelsOf([]Need{n}), func(so *beginning, row *plan.Recipient) bool {
		if so.carried(n, s.route(n.Channel).Accounts).messages > most {
			return false
		}
		for _, m := range row.Messages {
			domain := m.Address.Domain()
			limit := n.domainRate(domain)
			if domain != "" && limit > 0 && float64(so.on(n.Channel).domains[domain])*n.Share > limit*open.Seconds() {
				return false
			}
		}
		return true
	})
}

// meetsDeadline reports whether an account is done in time with what falls to it.
func (s *Subject) meetsDeadline(ctx context.Context, needs []Need, account string) bool {
	for _, n := range needs {
		if n.Name != account || n.Messages == 0 {
			continue
		}
		p, err := s.paceNow(ctx, n)
		if err != nil {
			return false
		}
		if _, done := p.schedule(n.Messages, s.now()); done.IsZero() || !s.inTime(done) {
			return false
		}
	}
	return true
}

// doneAt is when the last message leaves, or that it never does.
func doneAt(done time.Time) any {
	if done.IsZero() {
		return words.T("deadline.done-never", nil)
	}
	return done
}

// says is the rate, and what holds it where that is not the account's own.
func (p *pace) says() words.Text {
	if p.limit.rate {
		return words.T("pace.rate", words.A{"rate": words.Rate(p.rate)})
	}
	return words.T("pace.held", words.A{"rate": words.Rate(p.rate), "limit": p.limit.text()})
}

// sayRate is what to do about an account without a rate.
func sayRate(account string) words.Text {
	return words.T("deadline.set-rate", words.A{"account": account})
}

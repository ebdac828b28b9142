package preflight

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// What earlier campaigns say about an account's rate: the beginnings of the newest measuredCampaigns of them, where enough
// left for long enough that beginning and end do not matter. A configured rate that is more than fasterThanMeasured times
// what was ever reached is a hope: the forecasts made with it are wrong by as much.
const (
	measuredCampaigns  = 3
	measuredSample     = 20_000 // messages of a campaign; reading them takes a fraction of a second
	measuredMessages   = 100
	measuredTime       = 2 * time.Second
	measuredPause      = 30 * time.Second // between two messages: the account waited, for its window, its quota or a person
	fasterThanMeasured = 1.5
)

// measured is the highest rate that an account has kept up.
type measured struct {
	rate     float64
	campaign string
	at       time.Time
}

// measuredRateCheck asks whether the configured rates have ever been reached, and are allowed.
//
// *Have the configured rates ever been reached, and does the vendor take as much?* Looks at when the first 20,000 messages of each of the three
// newest campaigns left, account by account, where there were at least 100 in at least 2 s; pauses of 30 s or more are left out. WARN where the
// configured rate is more than 1.5 times the best of them, with how long it takes at the rate that was reached; FAIL where the deadline would
// then be missed. The same where the vendor says how many a second it takes (Amazon SES), and the account is faster or has no rate.
func measuredRateCheck() Check {
	return Check{ID: "measured-rate", Group: GroupTime, Overrule: "a run that is slower than was hoped sends nothing twice", Run: ofNeeds(func(ctx context.Context, s *Subject, needs []Need) Finding {
		best, err := s.measure(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, n := range byAccount(needs) {
			told, err := s.allowedRate(ctx, &a, n)
			if err != nil {
				return broken(err)
			}
			m, known := best[n.Name]
			if told {
				continue
			}
			if !known || n.Account.Rate <= 0 || n.Messages == 0 {
				continue
			}
			a.fact("account."+n.Name+".measured", m.rate)
			a.fact("account."+n.Name+".rate", n.Account.Rate)
			line := words.A{
				"account": n.Name, "reached": words.Rate(m.rate), "campaign": m.campaign,
				"date": m.at.In(s.Config.Timezone).Format(time.DateOnly), "rate": words.Rate(n.Account.Rate),
			}
			if n.Account.Rate <= fasterThanMeasured*m.rate {
				a.add(Pass, words.Text{ID: "measured.rate", Args: line})
				continue
			}
			st, err := s.hoped(ctx, n, m.rate)
			if err != nil {
				return broken(err)
			}
			id := "measured.rate"
			if st == Fail {
				id, line["deadline"] = "measured.late", s.Plan.Spec.Deadline.In(s.Config.Timezone)
			}
			a.add(st, words.Text{ID: id, Args: line})
			a.offer(s.waysToMeasure(n, m.rate))
		}
		return a.done(words.T("measured.none", nil))
	})}
}

// allowedRate says of an account that its vendor takes less a second than is configured; false where that is no reason to warn. Where the
// vendor cannot be asked other checks say so.
func (s *Subject) allowedRate(ctx context.Context, a *answers, n accountNeed) (bool, error) {
	b, err := s.vendorQuota(ctx, n.Name)
	if err != nil || b.Rate == nil || *b.Rate <= 0 || n.Messages == 0 {
		return false, nil //nolint:nilerr // see above
	}
	allowed := *b.Rate
	a.fact("account."+n.Name+".allowed", allowed)
	a.fact("account."+n.Name+".rate", n.Account.Rate)
	line := words.Text{ID: "measured.allowed", Args: words.A{"account": n.Name, "allowed": words.Rate(allowed), "rate": words.Rate(n.Account.Rate)}}
	if n.Account.Rate > 0 && n.Account.Rate <= allowed {
		line.ID = "measured.allowed-good"
		a.add(Pass, line)
		return false, nil
	}
	st, err := s.hoped(ctx, n, allowed)
	if err != nil {
		return false, err
	}
	switch {
	case n.Account.Rate <= 0:
		line.ID = "measured.allowed-unpaced"
	case st == Fail:
		line.ID, line.Args["deadline"] = "measured.allowed-late", s.Plan.Spec.Deadline.In(s.Config.Timezone)
	}
	a.add(st, line)
	var w ways
	w.or(Option{
		Kind: OptionRate, Enough: true, Account: n.Name,
		Settings: []Setting{{Key: "accounts." + n.Name + "." + keyRate, Value: allowed, Now: n.Account.Rate, Unit: "/s"}},
		Text:     words.T("measured.allow", words.A{"account": n.Name, "to": words.Rate(allowed), "slow": span(n.Messages, allowed)}),
	})
	a.offer(w)
	return true, nil
}

// hoped is how bad it is that a rate was never reached: the campaign takes longer; where a deadline holds at the configured rate
// only, it would be missed.
func (s *Subject) hoped(ctx context.Context, account accountNeed, reached float64) (Status, error) {
	if s.Plan.Spec.Deadline.IsZero() {
		return Warn, nil
	}
	for _, n := range account.Channels {
		n.Account.Rate = reached
		p, err := s.paceNow(ctx, n)
		if err != nil {
			return Error, err
		}
		if _, done := p.schedule(n.Messages, s.now()); done.IsZero() || !s.inTime(done) {
			return Fail, nil
		}
	}
	return Warn, nil
}

// waysToMeasure are the rate that was reached, and a rehearsal.
func (s *Subject) waysToMeasure(n accountNeed, reached float64) ways {
	slow, fast := span(n.Messages, reached), span(n.Messages, n.Account.Rate)
	lower := math.Floor(reached*10) / 10
	var w ways
	if lower > 0 {
		w.or(Option{
			Kind: OptionRate, Enough: true, Account: n.Name,
			Settings: []Setting{{Key: "accounts." + n.Name + "." + keyRate, Value: lower, Now: n.Account.Rate, Unit: "/s"}},
			Text: words.T("measured.count-on", words.A{
				"account": n.Name, "slow": slow, "fast": fast, "to": words.Rate(lower),
			}),
		})
	}
	again := s.rehearse()
	again.Enough = false // it may turn out that the rate is not reached again
	w.or(again)
	return w
}

// measure looks at when the messages of the newest campaigns left, account by account: the fast one of two channels is not
// measured by the slow one.
func (s *Subject) measure(ctx context.Context) (map[string]measured, error) {
	if s.Ledger == nil {
		return nil, s.noLedger()
	}
	campaigns, err := s.Ledger.Campaigns(ctx)
	if err != nil {
		return nil, words.Wrap(err, "measured.read", nil)
	}
	best := make(map[string]measured)
	for _, c := range campaigns[:min(len(campaigns), measuredCampaigns)] {
		left, err := s.leftAt(ctx, c.Name)
		if err != nil {
			return nil, words.Wrap(err, "preflight.read-campaign", words.A{"campaign": c.Name})
		}
		for _, account := range slices.Sorted(maps.Keys(left)) {
			times := left[account]
			if rate := keptUp(times); rate > best[account].rate {
				best[account] = measured{rate, c.Name, slices.MaxFunc(times, time.Time.Compare)}
			}
		}
	}
	return best, nil
}

// leftAt is when the first messages of a campaign that were accepted left, by account.
func (s *Subject) leftAt(ctx context.Context, campaign string) (map[string][]time.Time, error) {
	left, n := make(map[string][]time.Time), 0
	for rec, err := range s.Ledger.Messages(ctx, campaign, message.Accepted) {
		if err != nil {
			return nil, err
		}
		left[rec.Account] = append(left[rec.Account], rec.Claimed)
		if n++; n >= measuredSample {
			break
		}
	}
	return left, nil
}

// keptUp is at how many a second messages left, without the pauses between them; 0 where there is too little to tell.
func keptUp(times []time.Time) float64 {
	if len(times) < measuredMessages {
		return 0
	}
	slices.SortFunc(times, time.Time.Compare)
	var took time.Duration
	for i, t := range times[1:] {
		if gap := t.Sub(times[i]); gap < measuredPause {
			took += gap
		}
	}
	if took < measuredTime {
		return 0
	}
	return float64(len(times)) / took.Seconds()
}

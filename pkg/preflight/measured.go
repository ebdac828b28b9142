package preflight

import (
	"context"
	"fmt"
	"time"

	"notify/pkg/ledger"
)

// What earlier campaigns say about an account's rate: the newest measuredCampaigns of them, where enough left for long
// enough that beginning and end do not matter. A configured rate that is more than fasterThanMeasured times what was ever
// reached is a hope: the forecasts made with it are wrong by as much.
const (
	measuredCampaigns  = 5
	measuredMessages   = 100
	measuredTime       = 5 * time.Second
	fasterThanMeasured = 1.5
)

// measured is the highest rate that an account has reached over a whole campaign.
type measured struct {
	rate     float64
	campaign string
	at       time.Time
}

// measuredRateCheck asks whether the configured rates have ever been reached.
func measuredRateCheck() Check {
	return Check{ID: "measured-rate", Group: GroupTime, Title: "rate reached", Run: func(ctx context.Context, s *Subject) Finding {
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		best, err := s.measure(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, n := range byAccount(needs) {
			m, known := best[n.Name]
			if !known || n.Account.Rate <= 0 || n.Messages == 0 {
				continue
			}
			a.fact("account."+n.Name+".measured", m.rate)
			a.fact("account."+n.Name+".rate", n.Account.Rate)
			line := fmt.Sprintf(textMeasured, n.Name, m.rate, m.campaign, m.at.In(s.Config.Timezone).Format(time.DateOnly), n.Account.Rate)
			if n.Account.Rate <= fasterThanMeasured*m.rate {
				a.add(Pass, line)
				continue
			}
			slow, fast := span(n.Messages, m.rate), span(n.Messages, n.Account.Rate)
			a.add(Warn, line, fmt.Sprintf(textCountOn, n.Name, length(slow), length(fast)), fmt.Sprintf(textRehearse, s.list()))
		}
		return a.done(textNotMeasured)
	}}
}

// measure looks at the runs of the newest campaigns. A run that waited, for its window or quota, counts with its waiting,
// so that a figure is never too high.
func (s *Subject) measure(ctx context.Context) (map[string]measured, error) {
	if s.Ledger == nil {
		return nil, s.noLedger()
	}
	campaigns, err := s.Ledger.Campaigns(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the earlier campaigns: %w", err)
	}
	best := make(map[string]measured)
	for _, c := range campaigns[:min(len(campaigns), measuredCampaigns)] {
		runs, err := s.Ledger.Runs(ctx, c.Name)
		if err != nil {
			return nil, fmt.Errorf("read the runs of campaign %s: %w", c.Name, err)
		}
		took, last := sending(runs)
		if took < measuredTime {
			continue
		}
		counts, err := s.Ledger.Counts(ctx, c.Name)
		if err != nil {
			return nil, fmt.Errorf("read campaign %s: %w", c.Name, err)
		}
		for account, d := range counts.Cost {
			rate := float64(d.Messages) / took.Seconds()
			if d.Messages >= measuredMessages && rate > best[account].rate {
				best[account] = measured{rate, c.Name, last}
			}
		}
	}
	return best, nil
}

// sending is how long the runs took together, and when the last ended.
func sending(runs []ledger.Run) (took time.Duration, last time.Time) {
	for _, r := range runs {
		end := r.Ended
		if end.IsZero() {
			end = r.Beat
		}
		took += max(0, end.Sub(r.Started))
		last = latest(last, end)
	}
	return took, last
}

const (
	textNotMeasured = "no earlier run on these accounts was long enough to measure"
	textMeasured    = "%s: %.4g/s reached in %s on %s, configured %.4g/s"
	textCountOn     = "count on %[2]s for %[1]s, not on %[3]s; or set its rate to what it reaches"
)

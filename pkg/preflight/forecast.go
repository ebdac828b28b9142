package preflight

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// horizon ends a forecast that would take longer than anybody waits.
const horizon = 10 * 366

// pace is what holds an account back.
type pace struct {
	// rate is messages per second; 0: nothing is known to hold it.
	rate float64
	// first and daily are how many messages the quota leaves today and on each later day; negative: no quota.
	first, daily int64
	// ahead is how much of the day that comes next is used up already: where the zone was changed, it was under way before.
	ahead int64
	// grow is a quota that grows; nil for none.
	grow   *ramping
	window campaign.Window
	hours  config.Hours
	limit  limit
	// held is how long is waited between waves: the first of them are small, so that it is as if all began so much later.
	held time.Duration
}

// limit is where a rate comes from.
type limit struct {
	rate   bool   // the account's own
	domain string // the pace of this one
}

// text is the limit in words; zero where there is none.
func (l limit) text() words.Text {
	switch {
	case l.rate:
		return words.T("preflight.limit.rate", nil)
	case l.domain != "":
		return words.T("preflight.limit.domain", words.A{"domain": l.domain})
	}
	return words.Text{}
}

// unlimited is the pace without a quota.
func (p pace) unlimited() pace {
	p.first, p.daily, p.grow = -1, -1, nil
	return p
}

// dayAfter is when the calendar day begins that lies so many after t's.
func dayAfter(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, t.Location())
}

// schedule says how n messages spread over calendar days from now on, when the last leaves, and whether a rate was known;
// without one, the last leaves when the last day's window opens. An end that is beyond the horizon is zero.
func (p pace) schedule(n int, now time.Time) (days []Day, done time.Time) {
	now = now.Add(p.held)
	quota, later := p.first, p.later()
	for d := range horizon {
		if n == 0 {
			return days, done
		}
		midnight := dayAfter(now, d)
		today := 0
		for _, open := range p.openings(midnight) {
			from := open[0]
			if from.Before(now) {
				from = now
			}
			if !from.Before(open[1]) {
				continue
			}
			m := p.fits(n, quota, open[1].Sub(from))
			if m == 0 {
				continue
			}
			n, today, done = n-m, today+m, from
			if p.rate > 0 {
				// fits counts a last message that begins within the window as one of its day.
				done = earliest(from.Add(time.Duration(float64(m)/p.rate*float64(time.Second))), open[1])
			}
			quota -= int64(m) // none stays none
		}
		if today > 0 {
			days = append(days, Day{Date: midnight.Format(time.DateOnly), Messages: today})
		}
		quota = later(today)
	}
	return days, time.Time{}
}

// fits is how many of n leave while the window is open for so long.
func (p pace) fits(n int, quota int64, open time.Duration) int {
	if quota >= 0 && quota < int64(n) {
		n = int(quota)
	}
	if p.rate > 0 {
		n = min(n, int(math.Ceil(p.rate*open.Seconds())))
	}
	return n
}

// openings are the times of one calendar day at which messages may leave: by the window, within the hours of the class.
func (p pace) openings(midnight time.Time) [][2]time.Time {
	var out [][2]time.Time
	for _, o := range openings(midnight, p.window) {
		for from := o[0]; from.Before(o[1]); {
			if _, from = p.hours.Open(from); from.IsZero() || !from.Before(o[1]) {
				break
			}
			end := p.hours.Shuts(from)
			if end.IsZero() || end.After(o[1]) {
				end = o[1]
			}
			out, from = append(out, [2]time.Time{from, end}), end
		}
	}
	return out
}

// openings are the times of one calendar day at which the window is open: two where it goes over midnight.
func openings(midnight time.Time, w campaign.Window) [][2]time.Time {
	at := func(d time.Duration) time.Time {
		return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, 0, int(d/time.Second), 0, midnight.Location())
	}
	const day = 24 * time.Hour
	switch {
	case w.From == w.To:
		return [][2]time.Time{{at(0), at(day)}}
	case w.From < w.To:
		return [][2]time.Time{{at(w.From), at(w.To)}}
	}
	return [][2]time.Time{{at(0), at(w.To)}, {at(w.From), at(day)}}
}

// before is how many of n messages leave by the deadline.
func (p pace) before(n int, now, deadline time.Time) int {
	now = now.Add(p.held)
	sent, quota, later := 0, p.first, p.later()
	for d := range horizon {
		midnight := dayAfter(now, d)
		if !midnight.Before(deadline) {
			break
		}
		today := 0
		for _, open := range p.openings(midnight) {
			from, to := latest(open[0], now), earliest(open[1], deadline)
			if !from.Before(to) {
				continue
			}
			m := p.fits(n-sent, quota, to.Sub(from))
			sent, today = sent+m, today+m
			quota -= int64(m) // none stays none
		}
		quota = later(today)
	}
	return sent
}

// openUntil is how long the window is open between now and the deadline.
func (p pace) openUntil(now, deadline time.Time) time.Duration {
	var sum time.Duration
	for d := range horizon {
		midnight := dayAfter(now, d)
		if !midnight.Before(deadline) {
			break
		}
		for _, open := range p.openings(midnight) {
			if from, to := latest(open[0], now), earliest(open[1], deadline); from.Before(to) {
				sum += to.Sub(from)
			}
		}
	}
	return sum
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// paceOf is what holds a need back, by configuration: the account's rate, and the slowest of its recipient domains.
func (s *Subject) paceOf(n Need) pace {
	rate := n.Account.Rate
	if within := n.Account.Scenarios[s.Plan.Spec.Class].Rate; within > 0 && (rate == 0 || within < rate) {
		rate = within
	}
	p := pace{rate: rate * n.OfAccount, first: -1, daily: -1, window: s.Plan.Spec.Window, hours: s.hours(), held: s.waveHold(n)}
	if p.rate > 0 {
		p.limit = limit{rate: true}
	}
	for _, domain := range slices.Sorted(maps.Keys(n.Domains)) {
		paced := n.domainRate(domain)
		count := float64(n.Domains[domain]) * n.Share // of this account's messages
		if paced <= 0 || count == 0 {
			continue
		}
		// All of the account's messages take as long as those to the slowest domain.
		if whole := paced * float64(n.Messages) / count; p.rate == 0 || whole < p.rate {
			p.rate, p.limit = whole, limit{domain: domain}
		}
	}
	return p
}

// waveHold is how long is waited between the waves in which the channel goes out.
func (s *Subject) waveHold(n Need) time.Duration {
	w := s.Plan.Spec.Waves
	whole := n.Messages
	if n.Share > 0 {
		whole = int(math.Ceil(float64(n.Messages) / n.Share))
	}
	return time.Duration(w.Over(whole)) * w.Hold
}

// capped takes in that domains have quotas of the day: as all messages take as long as those to the slowest domain, so they take as many days.
func (p pace) capped(n Need) pace {
	for domain, all := range n.Domains {
		quota, count := n.domainQuota(domain), float64(all)*n.Share
		if quota <= 0 || count == 0 {
			continue
		}
		whole := max(1, int64(float64(quota)*float64(n.Messages)/count))
		p.first, p.daily = lower(p.first, whole), lower(p.daily, whole)
	}
	return p
}

// Quota is what an account may still send on a calendar day, from what is known. Negative Limit: no quota is known.
type Quota struct {
	Limit, Used int64
	Left        int64 // today; negative where no quota is known
	// Vendor reports that the vendor's own figures are part of it.
	Vendor bool
	daily  int64 // of later days, without what grows; negative: none
	ahead  int64 // used already of the day that comes next
	// grow is set where the account has a quota that grows; Ramp says that it is the one that counts today.
	grow *ramping
	Ramp bool
	// raisable are the quotas that somebody can raise: the account's, and what its class may send of it.
	raisable []dailyQuota
}

// dailyQuota is one under its key in notify.yaml, behind that of the account.
type dailyQuota struct {
	key         string
	limit, used int64
}

// hours are those of the campaign's class.
func (s *Subject) hours() config.Hours { return s.Config.Hours[s.Plan.Spec.Class] }

// opens reports whether messages may leave at t, and when they may next.
func (s *Subject) opens(t time.Time) (bool, time.Time) {
	return plan.Open(s.Plan.Spec.Window, s.hours(), t)
}

// scenario is what campaigns of this one's class may send through an account.
func (s *Subject) scenario(account string) config.Scenario {
	return s.Config.Accounts[account].Scenarios[s.Plan.Spec.Class]
}

// Quota puts configuration, ledger and vendor together: the lower limit and the higher use of the account, and then the quota of which least
// is left. What the vendor cannot tell is left out; errors of the ledger are returned, those of the vendor are the balance check's to report.
func (s *Subject) Quota(ctx context.Context, account string) (Quota, error) {
	usage, err := s.Usage(ctx, account)
	if err != nil {
		return Quota{}, err
	}
	next, err := s.usageAhead(ctx, account)
	if err != nil {
		return Quota{}, err
	}
	q := Quota{Limit: -1, Used: usage.Day.Messages, Left: -1, daily: -1, ahead: next.Day.Messages}
	if l := s.Config.Accounts[account].DailyQuota; l > 0 {
		q.Limit, q.daily = l, l
	}
	if b, err := s.vendorQuota(ctx, account); err == nil && b.QuotaLimit != nil {
		q.told(b)
	}
	if q.Limit >= 0 {
		q.raisable = append(q.raisable, dailyQuota{"daily_quota", q.Limit, q.Used})
	}
	if l := s.scenario(account).DailyQuota; l > 0 {
		within, err := s.Usage(ctx, ledger.ScenarioOf(account, s.Plan.Spec.Class))
		if err != nil {
			return Quota{}, err
		}
		if q.Limit < 0 || l-within.Day.Messages < q.Limit-q.Used {
			q.Limit, q.Used, q.Vendor = l, within.Day.Messages, false
		}
		q.daily = lower(q.daily, l)
		q.raisable = append(q.raisable, dailyQuota{"scenarios." + s.Plan.Spec.Class + ".daily_quota", l, within.Day.Messages})
	}
	if err := s.grown(ctx, account, &q); err != nil {
		return Quota{}, err
	}
	if q.Limit >= 0 {
		q.Left = max(0, q.Limit-q.Used)
	}
	return q, nil
}

// vendorQuota is what the vendor says, where it may be asked.
func (s *Subject) vendorQuota(ctx context.Context, account string) (vendors.Balance, error) {
	if s.Offline {
		return vendors.Balance{}, nil
	}
	return s.Balance(ctx, account)
}

// told takes in the vendor's own figures: they are of all that the account sends.
func (q *Quota) told(b vendors.Balance) {
	q.Vendor = true
	q.Limit, q.daily = lower(q.Limit, *b.QuotaLimit), lower(q.daily, *b.QuotaLimit)
	if b.QuotaUsed != nil {
		q.Used = max(q.Used, *b.QuotaUsed)
	}
}

// lower is the lower of two quotas, of which the first may be none.
func lower(quota, other int64) int64 {
	if quota < 0 {
		return other
	}
	return min(quota, other)
}

// paceNow is paceOf with the account's quota, and what running campaigns still take of it today.
func (s *Subject) paceNow(ctx context.Context, n Need) (pace, error) {
	p := s.paceOf(n)
	q, err := s.Quota(ctx, n.Name)
	if err != nil {
		return p, err
	}
	if q.Limit < 0 {
		return p.capped(n), nil
	}
	promised, err := s.Promised(ctx)
	if err != nil {
		return p, err
	}
	today := max(0, q.Left-int64(promised[n.Name].Running))
	p.first, p.ahead = int64(float64(today)*n.OfAccount), int64(float64(q.ahead)*n.OfAccount)
	if q.daily >= 0 {
		p.daily = int64(float64(q.daily) * n.OfAccount)
	}
	if p.grow = q.grow; p.grow != nil {
		p.grow.share = n.OfAccount
	}
	return p.capped(n), nil
}

// summary is the plan in figures, as things stand now.
func (s *Subject) summary(ctx context.Context) Summary {
	p := s.Plan
	sum := Summary{
		List: s.list(), Recipients: p.Recipients, Hidden: p.Hidden, Duplicates: p.Duplicates, Messages: p.Messages(), Waves: p.Spec.Waves,
		Channels: []ChannelSummary{}, Accounts: []AccountSummary{}, Costs: []Cost{},
	}
	for _, r := range s.routed() {
		if c := r.Account.Class; c != "" && p.Spec.Class != "" && c != p.Spec.Class {
			sum.Emergency = append(sum.Emergency, r.Name)
		}
	}
	r, err := s.Remaining(ctx)
	if err != nil {
		sum.Unknown = words.T("preflight.no-figures", words.A{"cause": words.Cause(err)})
		r = &Remaining{}
	}
	sum.Left, sum.ToSend, sum.People, sum.Part = r.Left(), r.Messages(), r.People, p.Part.Text()
	if err == nil {
		if sum.Missing, err = s.missing(ctx, r); err != nil {
			sum.Unknown = words.T("preflight.no-figures", words.A{"cause": words.Cause(err)})
		}
	}
	for _, c := range p.Channels {
		rc := r.Channel(c.Channel)
		sum.Segments += c.Segments
		sum.Channels = append(sum.Channels, ChannelSummary{
			Channel: c.Channel, Messages: c.Messages, Segments: c.Segments, BySegments: c.BySegments, Subjects: c.Subjects,
			Left: rc.Left, ToSend: rc.Messages, SegmentsToSend: rc.Segments, Countries: several(rc.Countries),
		})
	}
	if err == nil {
		s.summarizeAccounts(ctx, &sum)
	}
	return sum
}

func (s *Subject) summarizeAccounts(ctx context.Context, sum *Summary) {
	needs, err := s.Needs(ctx)
	if err != nil {
		sum.Unknown = words.T("preflight.no-figures", words.A{"cause": words.Cause(err)})
		return
	}
	now := s.now()
	if sum.ToSend > 0 {
		_, sum.Start = s.opens(now)
	}
	known := true
	for _, n := range needs {
		p, err := s.paceNow(ctx, n)
		if err != nil {
			sum.Unknown = words.T("preflight.no-figures", words.A{"cause": words.Cause(err)})
		}
		a := AccountSummary{
			Days: []Day{}, Account: n.Name, Channel: n.Channel, Messages: n.Messages, Segments: n.Segments, Price: n.Account.Price, Cost: n.Cost,
			Currency: n.Account.Currency, Rate: p.rate, Limit: p.limit.text(),
		}
		if n.Countries != nil {
			a.Price = nil
		}
		if err == nil {
			a.Days, a.Done = p.schedule(n.Messages, now)
			if unlimited, _ := p.unlimited().schedule(n.Messages, now); !slices.Equal(unlimited, a.Days) {
				a.Limit = words.T("preflight.limit.quota", nil)
			}
		}
		if n.Messages > 0 && (p.rate == 0 || a.Done.IsZero()) {
			a.Done, known = time.Time{}, false
		}
		sum.Done = latest(sum.Done, a.Done)
		sum.Accounts = append(sum.Accounts, a)
		sum.charge(n)
	}
	if !known {
		sum.Done = time.Time{}
	}
}

// several is what goes to each country, where it is more than one.
func several(countries map[string]plan.Units) map[string]plan.Units {
	if len(countries) < 2 {
		return nil
	}
	return countries
}

// charge adds what a need costs to the amount in its currency.
func (sum *Summary) charge(n Need) {
	if n.Cost == nil {
		if n.Messages > 0 && !slices.Contains(sum.Unpriced, n.Name) {
			sum.Unpriced = append(sum.Unpriced, n.Name)
		}
		return
	}
	for i := range sum.Costs {
		if sum.Costs[i].Currency == n.Account.Currency {
			sum.Costs[i].Amount += *n.Cost
			return
		}
	}
	sum.Costs = append(sum.Costs, Cost{Currency: n.Account.Currency, Amount: *n.Cost})
}

package flow

import (
	"math"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Books is what a claim is measured against, read inside the claim's transaction.
type Books struct {
	Account ledger.AccountState
	Usage   ledger.Usage
	// Overlap is what was debited within the request's day under the names of others.
	Overlap       ledger.Debit
	CampaignSpent message.Money
	// Scenario is when the bucket of the request's scenario is empty, and ScenarioDay how many messages were debited for it on the
	// request's day, with what overlaps with it.
	Scenario    time.Time
	ScenarioDay int64
	// Ramp is how the sender of the request stands, where it has a quota that grows.
	Ramp ledger.DomainHeld
	// Open is how many messages of the campaign and the channel are open at the account, over all runs.
	Open int
	// Out is how many messages of the campaign and the channel are out: attempting, accepted, rejected or unknown. WaveMost is how many may
	// be; 0: any number.
	Out, WaveMost int
}

// Teller grants messages one by one against the books. It is the arithmetic of a claim, the same for every driver:
// a driver reads the Books, offers the pending messages in order until Next says no, and writes the Teller's books back.
// It is not safe for concurrent use.
type Teller struct {
	req   ledger.ClaimRequest
	now   time.Time
	books Books
	n     int
	price message.Money // of what was granted
	space time.Duration // between two messages at the rate in force; 0 without a rate
	// within is that of the scenario.
	within time.Duration

	toDomain map[string]room      // of domains that have room for so many only
	passed   int                  // messages passed over because of their domains
	late     map[string]time.Time // the last place, by domain, of those whose first place has gone
}

// NewTeller opens the books for one request.
//
// The rate is a token bucket kept as one instant, the time at which it is empty: a token is there every 1/(Rate×Scale)
// seconds after it, Burst tokens at the most. That is the arithmetic of x/time/rate (a property test holds the two
// together) in a form that a database row can share between processes. A clock that steps back finds EmptyAt far ahead:
// it is brought back to Now+Ahead, from where no process has gone further.
func NewTeller(req ledger.ClaimRequest, now time.Time, books Books) *Teller {
	t := &Teller{req: req, now: now, books: books}
	t.books.Ramp = books.Ramp.On(req.Day)
	rate := req.Limits.Rate
	if s := books.Account.Scale; s > 0 && s < 1 {
		rate *= s
	}
	t.space = t.open(&t.books.Account.EmptyAt, rate, req.Limits.AtOnce)
	if s := req.Limits.Scenario; s != nil {
		t.within = t.open(&t.books.Scenario, s.Rate, s.AtOnce)
	}
	return t
}

// open brings a bucket to now. It returns the space between two messages; 0 without a rate.
func (t *Teller) open(emptyAt *time.Time, rate float64, atOnce int) time.Duration {
	if rate <= 0 {
		return 0
	}
	space := time.Duration(math.Max(1, float64(time.Second)/rate))
	if emptyAt.After(t.now.Add(ledger.PutBack)) {
		*emptyAt = t.now.Add(max(t.req.Ahead, t.req.Lead))
	}
	// How much of the past the bucket remembers.
	if oldest := t.now.Add(t.req.Lead - space*time.Duration(max(1, atOnce))); emptyAt.Before(oldest) {
		*emptyAt = oldest
	}
	return space
}

// slotsAgain is when to ask again for slots that other runs have: they settle all the time.
const slotsAgain = 100 * time.Millisecond

// Gate says why no message at all may be claimed now, before any is looked at: ledger.HoldNone where there is no such reason.
func (t *Teller) Gate() (ledger.HoldReason, time.Time) {
	a := t.books.Account
	if a.Off != nil {
		return ledger.HoldOff, time.Time{}
	}
	if a.SteppedBack(t.now) {
		a.NotBefore = time.Time{}
		if t.now.Before(a.OpenUntil) {
			a.OpenUntil = t.now
		}
	}
	if !a.OpenUntil.IsZero() && (!t.req.Probe || a.OpenUntil.After(t.now)) {
		return ledger.HoldBreaker, a.OpenUntil
	}
	if a.NotBefore.After(t.now) {
		return ledger.HoldRate, a.NotBefore
	}
	return ledger.HoldNone, time.Time{}
}

// Price is that of all messages that were granted.
func (t *Teller) Price() message.Money { return t.price }

// Next grants one message of so many segments at that price: the time at which it may leave (zero without a rate), or why not and when
// to ask again. What it grants is debited in the Teller's books.
func (t *Teller) Next(segments int, price message.Money) (leaveAt time.Time, held ledger.HoldReason, until time.Time, which string) {
	if t.n >= t.req.Max {
		return time.Time{}, ledger.HoldNone, time.Time{}, ""
	}
	if held, until, which := t.full(); held != ledger.HoldNone {
		return time.Time{}, held, until, which
	}
	if t.n > 0 && price != t.price {
		return time.Time{}, ledger.HoldRate, t.now, ""
	}
	cost := price.Times(segments)
	if which := t.over(cost); which != "" {
		return time.Time{}, ledger.HoldBudget, time.Time{}, which
	}
	if leaveAt, until = t.place(); !until.IsZero() {
		return time.Time{}, ledger.HoldRate, until, ""
	}
	t.n++
	t.price = price
	for _, d := range []*ledger.Debit{&t.books.Usage.Day, &t.books.Usage.Month} {
		d.Messages++
		d.Segments += int64(segments)
		d.Cost += cost
	}
	t.books.ScenarioDay++
	t.books.CampaignSpent += cost
	t.books.Ramp.Sent++
	return leaveAt, ledger.HoldNone, time.Time{}, ""
}

// full says which number of messages is reached: of the wave, of the slots, of a day.
func (t *Teller) full() (held ledger.HoldReason, until time.Time, which string) {
	l := t.req.Limits
	if w := t.books.WaveMost; w > 0 && t.books.Out+t.n >= w {
		return ledger.HoldWave, time.Time{}, ""
	}
	if l.Concurrency > 0 && t.books.Open+t.n >= l.Concurrency {
		return ledger.HoldSlots, t.now.Add(slotsAgain), ""
	}
	if l.DailyQuota > 0 && t.books.Usage.Day.Messages+t.books.Overlap.Messages >= l.DailyQuota {
		return ledger.HoldQuota, time.Time{}, ""
	}
	if r := l.Ramp; r != nil && t.books.Ramp.Sent >= r.Most(t.books.Ramp.Days) {
		return ledger.HoldQuota, time.Time{}, ledger.WhichRamp
	}
	if s := l.Scenario; s != nil && s.DailyQuota > 0 && t.books.ScenarioDay >= s.DailyQuota {
		return ledger.HoldQuota, time.Time{}, ledger.WhichScenario
	}
	return ledger.HoldNone, time.Time{}, ""
}

// place takes the next place under the account's rate and its scenario's; zero where neither has one. Where it is too far ahead none is
// taken, and until is when to ask again.
func (t *Teller) place() (leaveAt, until time.Time) {
	ahead := max(t.req.Ahead, t.req.Lead)
	for _, b := range []struct {
		emptyAt time.Time
		space   time.Duration
	}{{t.books.Account.EmptyAt, t.space}, {t.books.Scenario, t.within}} {
		if b.space > 0 {
			leaveAt = ledger.Latest(leaveAt, b.emptyAt.Add(b.space), t.now.Add(t.req.Lead))
		}
	}
	if leaveAt.After(t.now.Add(ahead)) {
		return time.Time{}, leaveAt.Add(-ahead)
	}
	t.books.Account.EmptyAt = t.books.Account.EmptyAt.Add(t.space)
	t.books.Scenario = t.books.Scenario.Add(t.within)
	return leaveAt, time.Time{}
}

// over is the budget that does not pay for so much more; empty where all of them do.
func (t *Teller) over(cost message.Money) string {
	l := t.req.Limits
	switch {
	case l.DayBudget > 0 && t.books.Usage.Day.Cost+t.books.Overlap.Cost+cost > l.DayBudget:
		return "day"
	case l.MonthBudget > 0 && t.books.Usage.Month.Cost+cost > l.MonthBudget:
		return "month"
	case l.CampaignBudget > 0 && t.books.CampaignSpent+cost > l.CampaignBudget:
		return "campaign"
	}
	return ""
}

// Full reports that the request has all that it asked for.
func (t *Teller) Full() bool { return t.n >= t.req.Max }

// Books are the books after what was granted.
func (t *Teller) Books() Books { return t.books }

// Deadline is when a message that may leave at leaveAt must no longer begin to.
func (t *Teller) Deadline(leaveAt time.Time) time.Time {
	if leaveAt.IsZero() {
		leaveAt = t.now
	}
	return leaveAt.Add(t.req.Grace)
}

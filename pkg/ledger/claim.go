package ledger

import (
	"time"

	"notify/pkg/message"
)

// ClaimRequest asks for messages of one channel to leave through one account.
type ClaimRequest struct {
	Channel message.Channel
	Limits  Limits
	// PaceKey is the key of Limits.DomainRate under which a message to an address counts, empty for none. Nil: the address's domain.
	PaceKey func(message.Address) string
	// DomainRoom is how many more messages the caller may have open to a domain, which is a key like those of Limits.DomainRate; negative: any
	// number. Nil: no domain is limited. A message to one that has no room is passed over, as one whose domain is not free.
	DomainRoom func(domain string) int
	// Day is the account's calendar day at Now: "2026-11-20". The debit belongs to it.
	Day string
	// DayFrom is when Day began. What was debited since then under the name of another day counts against quota and budget of the day, too:
	// the zone was another one. Zero: not known.
	DayFrom time.Time
	// Max is how many at the most; the caller has that many free slots. Where other runs hold messages of Channel through the account,
	// Limits.Concurrency may allow fewer.
	Max int
	// Lead is how long the commit may take: the first message's place under the rate is not before Now+Lead.
	Lead time.Duration
	// Ahead is how far in the future the last message may have to wait for its turn under the rate.
	Ahead time.Duration
	// Grace is how long after its LeaveAt a claim may still begin to leave; its deadline is LeaveAt+Grace.
	Grace time.Duration
	// Probe says that the account's breaker is being tested: OpenUntil has passed, Max is 1.
	Probe bool
}

// On is the request's day, as it is reckoned now.
func (c ClaimRequest) On(now time.Time) Day { return Day{Name: c.Day, From: c.DayFrom, Now: now} }

// Day is a calendar day of accounts: what is debited on it has its name.
type Day struct {
	Name string    // "2026-11-20"
	From time.Time // when it began; zero: not known
	Now  time.Time // a moment of it
}

// DayOf is the day of a moment in its zone.
func DayOf(now time.Time) Day {
	y, m, d := now.Date()
	return Day{Name: now.Format(time.DateOnly), From: time.Date(y, m, d, 0, 0, 0, 0, now.Location()), Now: now}
}

// Overlaps reports that a debit under the name of another day lies within this one, as it is reckoned now. One that lies ahead was made before the
// clock was put back, and says nothing about this day.
func (d Day) Overlaps(debited time.Time) bool {
	return !d.From.IsZero() && !debited.Before(d.From) && !debited.After(d.Now.Add(PutBack))
}

// DefaultDomain is the key of Limits.DomainRate for all domains that it does not name.
const DefaultDomain = "default"

// Limits are what an account may do. Zero fields do not limit.
type Limits struct {
	Account string
	Rate    float64 // messages per second
	AtOnce  int     // messages that may leave at once after a pause; 0 means 1
	// DomainRate is messages per second by the recipient's domain (lower case), DefaultDomain for the rest; a domain whose rate
	// is 0, and a message without one, is not limited. A message whose domain is not free is passed over: it is not debited,
	// waits for its place, and then goes before those that never waited.
	DomainRate map[string]float64
	DailyQuota int64
	Price      message.Money // for one segment
	// PriceOf is the price for a segment to an address where not all cost the same; nil: Price. All messages of a grant have one price.
	PriceOf     func(message.Address) message.Money
	DayBudget   message.Money
	MonthBudget message.Money
	// Concurrency is how many messages of the campaign, on one channel, may be open at the account over all runs.
	Concurrency int
	// CampaignBudget limits what the campaign costs over all accounts of one currency.
	CampaignBudget message.Money
	// Currency is that of the money here, such as "CNY". Only debits of the same currency count against CampaignBudget.
	Currency string
	// DomainQuota is how many messages may be attempted a day by the recipient's domain, as DomainRate; 0: any number.
	DomainQuota map[string]int64
	// DomainHeld says that domains may be held back (Turn.Domains), so that the state of each counts.
	DomainHeld bool
	// Scenario is a kind of traffic with limits of its own within the account's; nil for none. All campaigns and processes that name it
	// share them.
	Scenario *Scenario
	// Ramp is a quota of the day that grows; nil for none.
	Ramp *Ramp
}

// PriceFor is the price of a segment to an address.
func (l *Limits) PriceFor(to message.Address) message.Money {
	if l.PriceOf == nil {
		return l.Price
	}
	return l.PriceOf(to)
}

// Scenario is what one kind of traffic may do on an account. Zero fields do not limit.
type Scenario struct {
	Name       string
	Rate       float64 // messages per second
	AtOnce     int     // as Limits.AtOnce
	DailyQuota int64
}

// WhichScenario is Grant.Which where the quota of a scenario is used up.
const WhichScenario = "scenario"

// Claim is one message that this run must now attempt, exactly once, and settle.
type Claim struct {
	Attempt int64
	// Grant is the number of the grant, the same for all its claims: a later one has a greater one, of all campaigns, where their turns are
	// Ordered.
	Grant    int64
	Number   int // 1 for the first attempt of the message
	Account  string
	Key      message.Key
	Channel  message.Channel
	Address  message.Address
	Segments int
	Row      int
	Fields   []byte // JSON array, as in Recipient
	// LeaveAt is the message's place under the account's rate, or its domain's: it must not leave before. Zero: no rate.
	LeaveAt time.Time
	// Early is when it may leave all the same, where only its domain has a rate and nothing else left for that of late. Zero: not before
	// LeaveAt. Who comes behind it goes by LeaveAt.
	Early time.Time
	// Deadline is when it must no longer begin to leave.
	Deadline time.Time
	// Counted are the names, of its receiver and of its sender (RampOf), under which it counts as attempted on the request's day; nil where
	// neither has a quota of the day. Turned.Recovered has none.
	Counted []string
}

// HoldReason says why a ClaimRequest got fewer messages than it asked for.
type HoldReason string

// The reasons. HoldNone: it got all that it asked for.
const (
	HoldNone    HoldReason = ""
	HoldEmpty   HoldReason = "empty"   // nothing pending on this channel
	HoldLater   HoldReason = "later"   // pending, all of it with a not-before time
	HoldRate    HoldReason = "rate"    // the rate's next places are too far ahead
	HoldQuota   HoldReason = "quota"   // quota of the day used up
	HoldBudget  HoldReason = "budget"  // budget of day, month or campaign used up
	HoldBreaker HoldReason = "breaker" // the account's breaker is open
	HoldSlots   HoldReason = "slots"   // other runs have all of the account's slots
	HoldOff     HoldReason = "off"     // a person switched the account off
	HoldWave    HoldReason = "wave"    // as many are out as may be until the next wave begins
	HoldPaused  HoldReason = "paused"
	HoldAborted HoldReason = "aborted"
)

// Grant answers one ClaimRequest.
type Grant struct {
	Claims []Claim
	Held   HoldReason
	// Price is what a segment of each of Claims was debited with. Where the next message has another one, Held is HoldRate, and asking again
	// makes sense at once.
	Price message.Money
	// Until is when asking again makes sense; zero where time alone does not help.
	Until time.Time
	// Which budget: "day", "month" or "campaign", where Held is HoldBudget; where Held is HoldQuota, WhichScenario or WhichRamp where the quota
	// is that of Limits.Scenario or Limits.Ramp.
	Which string
}

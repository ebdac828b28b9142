package flow

import (
	"math"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

const (
	// PlacesAhead is how far ahead places under a domain's rate are given to waiting messages. Those for whom there is none so
	// soon are looked at again after it: a queue of days is not written down, and a clock that steps back costs no more than this.
	PlacesAhead = 10 * time.Minute
	// MaxPassed is how many messages one request passes over because of their domain: it bounds the transaction.
	MaxPassed = 2000
)

// Place says how a pending message stands to the rate of its domain.
type Place int

// The ways to stand.
const (
	PlaceNone   Place = iota // it was never held by its domain
	PlaceGiven               // its NotBefore is a place under the domain's rate: when it is due it has not to queue again
	PlaceQueued              // the domain's queue was too long; it is looked at again at its NotBefore
)

// Offer is a message as a Teller is asked about it.
type Offer struct {
	Segments int
	To       message.Address // for its price
	Place    Place
	// Domain is the state of the recipient's domain, which the Teller changes; nil where Teller.Domain says that none is needed.
	Domain *ledger.DomainState
}

// Verdict is a Teller's answer to an Offer: granted where Held is ledger.HoldNone and Wait is zero.
type Verdict struct {
	LeaveAt time.Time
	Early   time.Time // as ledger.Claim.Early
	Counted []string  // as ledger.Claim.Counted
	Held    ledger.HoldReason
	Until   time.Time
	Which   string
	// Wait is set for a message that is passed over because of its domain: it is pending until then, with Place.
	// Nothing was debited for it.
	Wait  time.Time
	Place Place
}

// ReadyPlaced is Ready for a message that was held by its domain: a NotBefore further ahead than any is given means that
// the clock stepped back.
func ReadyPlaced(notBefore, now time.Time) bool {
	return !notBefore.After(now) || notBefore.After(PlaceLimit(now))
}

// PlaceLimit is the latest NotBefore of a message that waits for its domain, as seen at now.
func PlaceLimit(now time.Time) time.Time { return now.Add(PlacesAhead + ledger.PutBack) }

// Domain is the domain whose state Offer needs for a message to this address; empty where none has a rate.
func (t *Teller) Domain(to message.Address) string {
	l := &t.req.Limits
	if len(l.DomainRate) == 0 && len(l.DomainQuota) == 0 && !l.DomainHeld && t.req.DomainRoom == nil {
		return ""
	}
	key := message.Address.Domain
	if t.req.PaceKey != nil {
		key = t.req.PaceKey
	}
	domain := strings.ToLower(key(to))
	if ofDomain(l.DomainRate, domain) <= 0 && ofDomain(l.DomainQuota, domain) <= 0 && !l.DomainHeld && t.room(domain).most < 0 {
		return ""
	}
	return domain
}

// ofDomain is what is configured for a domain.
func ofDomain[V any](of map[string]V, domain string) V {
	if v, ok := of[domain]; ok {
		return v
	}
	return of[ledger.DefaultDomain]
}

// pace is the rate of the domain in force, 0 for none, and until when nothing leaves for it.
func (t *Teller) pace(domain string, d *ledger.DomainState) (rate float64, until time.Time) {
	rate = ofDomain(t.req.Limits.DomainRate, domain)
	slow, until := d.Slowed(t.now)
	if slow > 0 && (rate <= 0 || slow < rate) {
		rate = slow
	}
	if q := ofDomain(t.req.Limits.DomainQuota, domain); q > 0 {
		if d.Day != t.req.Day {
			d.Day, d.Sent = t.req.Day, 0
		}
		if d.Sent >= q { // who comes back later finds another day
			until = ledger.Latest(until, t.now.Add(PlacesAhead))
		}
	}
	return rate, until
}

// sent counts a message that was granted, where there is a quota to count for, and says under which names: the sender's is counted by Next.
func (t *Teller) sent(domain string, d *ledger.DomainState) (counted []string) {
	if d != nil && ofDomain(t.req.Limits.DomainQuota, domain) > 0 {
		d.Sent++
		counted = append(counted, domain)
	}
	if r := t.req.Limits.Ramp; r != nil {
		counted = append(counted, ledger.RampOf(r.Sender))
	}
	return counted
}

// room is how many messages of a request may go to a domain, and how many of it were granted and passed over.
type room struct{ most, granted, passed int }

func (t *Teller) room(domain string) room {
	if t.req.DomainRoom == nil || domain == "" {
		return room{most: -1}
	}
	r, ok := t.toDomain[domain]
	if !ok {
		r.most = t.req.DomainRoom(domain)
	}
	return r
}

// took counts what became of a message to a domain that has room for so many only.
func (t *Teller) took(domain string, r room) {
	if r.most < 0 {
		return
	}
	if t.toDomain == nil {
		t.toDomain = make(map[string]room)
	}
	t.toDomain[domain] = r
}

// roomAgain is when a message is looked at again whose domain has no room: about as long as a quick receiver takes for one. Those who
// wait are spread, so that not all of them are looked at each time.
const roomAgain = 20 * time.Millisecond

// Offer grants one message to domain, holds the request, or passes the message over.
//
// Two instants rule a domain. EmptyAt is the bucket, with a burst of one: whatever else is true, no two messages leave
// closer together than the rate allows. Tail is the end of the queue: who comes new goes behind all who wait. A message
// whose place is due goes by the bucket alone; where others made it late, it and those behind it move back together.
func (t *Teller) Offer(domain string, o Offer) Verdict {
	if o.Domain == nil {
		leaveAt, held, until, which := t.Next(o.Segments, t.req.Limits.PriceFor(o.To))
		v := Verdict{LeaveAt: leaveAt, Held: held, Until: until, Which: which}
		if held == ledger.HoldNone {
			v.Counted = t.sent(domain, nil)
		}
		return v
	}
	// A message that the account cannot take now loses no place under its domain.
	before := *t
	leaveAt, held, until, which := t.Next(o.Segments, t.req.Limits.PriceFor(o.To))
	if held != ledger.HoldNone {
		return Verdict{Held: held, Until: until, Which: which}
	}
	within := t.room(domain)
	if within.most >= 0 && within.granted >= within.most {
		within.passed++
		return t.pass(before, func() Verdict {
			t.took(domain, within)
			ahead := roomAgain * time.Duration(1+within.passed/max(1, within.most+within.granted))
			return Verdict{Wait: t.now.Add(ahead), Place: PlaceQueued}
		})
	}
	rate, until := t.pace(domain, o.Domain)
	if !until.IsZero() {
		return t.pass(before, func() Verdict {
			return Verdict{Wait: ledger.Latest(t.now.Add(time.Millisecond), earliest(until, t.now.Add(PlacesAhead))), Place: PlaceQueued}
		})
	}
	within.granted++
	if rate <= 0 {
		t.took(domain, within)
		return Verdict{LeaveAt: leaveAt, Counted: t.sent(domain, o.Domain)}
	}
	space := time.Duration(min(math.Max(1, float64(time.Second)/rate), math.MaxInt64/4))
	ahead := t.now.Add(max(t.req.Ahead, t.req.Lead))
	early := time.Time{}
	if leaveAt.IsZero() && !free(o).Add(space).After(t.now) {
		early = t.now
	}
	d := t.settleClock(o.Domain, space, ahead)
	place := d.EmptyAt.Add(space)
	if o.Place != PlaceGiven {
		place = d.Tail.Add(space)
	}
	if !place.After(ledger.Latest(leaveAt, t.now.Add(t.near(space)))) {
		leaveAt = ledger.Latest(leaveAt, place, t.now.Add(t.lead(space)))
		// Where it leaves at once, who comes next has not to wait for a commit that might have taken long: at the worst it meets this one.
		queue := d.Tail.After(d.EmptyAt)
		if d.EmptyAt = leaveAt; !early.IsZero() {
			d.EmptyAt = early
		}
		if d.Tail = ledger.Latest(d.Tail, d.EmptyAt); !queue {
			d.Tail = d.EmptyAt
		}
		t.took(domain, within)
		return Verdict{LeaveAt: leaveAt, Early: early, Counted: t.sent(domain, d)}
	}
	return t.pass(before, func() Verdict { return t.wait(domain, o.Place, d, space) })
}

// free is when the last message before this one leaves, as the books say it.
func free(o Offer) time.Time {
	if o.Place == PlaceGiven {
		return o.Domain.EmptyAt
	}
	return ledger.Latest(o.Domain.EmptyAt, o.Domain.Tail)
}

// pass passes a message over: nothing is debited for it.
func (t *Teller) pass(before Teller, wait func() Verdict) Verdict {
	passed, late := before.passed+1, t.late
	*t = before
	t.passed, t.late = passed, late
	if passed > MaxPassed {
		return Verdict{Held: ledger.HoldLater, Until: t.now.Add(time.Millisecond)}
	}
	return wait()
}

// wait gives a place to a message that is passed over.
func (t *Teller) wait(domain string, pace Place, d *ledger.DomainState, space time.Duration) Verdict {
	end := t.now.Add(PlacesAhead)
	if pace != PlaceGiven {
		if place := d.Tail.Add(space); !place.After(end) {
			d.Tail = place
			return Verdict{Wait: t.before(place, space), Place: PlaceGiven}
		}
		return Verdict{Wait: end, Place: PlaceQueued}
	}
	if t.late == nil {
		t.late = make(map[string]time.Time)
	}
	place := ledger.Latest(t.late[domain], d.EmptyAt).Add(space)
	t.late[domain] = place
	d.Tail = ledger.Latest(d.Tail, place)
	if place.After(end) {
		d.Tail = end
		return Verdict{Wait: end, Place: PlaceQueued}
	}
	return Verdict{Wait: t.before(place, space), Place: PlaceGiven}
}

// stepMost is the longest of the steps in which messages are asked for that wait for their domains: so that a thousand slow domains do not ask
// for a thousand transactions a second.
const stepMost = 30 * time.Millisecond

func (t *Teller) step() time.Duration { return min(t.req.Ahead/4, stepMost) }

// lead is how long the commit is taken to last before a message leaves for a domain. Lead is longer than most of them: where messages leave a long
// time apart, it is less to be a little late now and then than to move all that are behind.
func (t *Teller) lead(space time.Duration) time.Duration {
	return t.req.Lead - min(t.req.Lead/2, space/10)
}

// spare is by how much commits may take longer than they did when a place was given, without missing it: who comes late moves all behind him. It is a
// slot held for nothing else, so that the more often messages leave for a domain the less there is.
func (t *Teller) spare(space time.Duration) time.Duration {
	return max(0, min(space/20, 4*t.step(), t.req.Ahead-t.req.Lead-3*t.step()))
}

// near is how far ahead a place under a domain's rate is taken. Who has it holds a slot until then, which messages to other domains
// could have: it is only as far as the commit takes, and what is spared.
func (t *Teller) near(space time.Duration) time.Duration {
	return max(t.req.Lead, min(t.req.Ahead, t.req.Lead+3*t.step()+t.spare(space)))
}

// before is when a message with this place is to be asked for: early enough to leave in time.
func (t *Teller) before(place time.Time, space time.Duration) time.Time {
	step := t.step()
	if step <= 0 {
		return place
	}
	return place.Add(-t.req.Lead - 2*step - t.spare(space)).Truncate(step)
}

// settleClock brings the state of a domain to now, as NewTeller does with the account's.
func (t *Teller) settleClock(d *ledger.DomainState, space time.Duration, ahead time.Time) *ledger.DomainState {
	if d.EmptyAt.After(t.now.Add(max(ledger.PutBack, t.req.Ahead, t.req.Lead))) {
		d.EmptyAt = ahead
	}
	if oldest := t.now.Add(t.lead(space) - space); d.EmptyAt.Before(oldest) {
		d.EmptyAt = oldest
	}
	if d.Tail.Before(d.EmptyAt) || d.Tail.After(PlaceLimit(t.now)) {
		d.Tail = d.EmptyAt
	}
	return d
}

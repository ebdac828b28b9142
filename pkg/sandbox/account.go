package sandbox

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"notify/pkg/message"
)

// account is one channel's money, quota, limits and counts.
type account struct {
	channel message.Channel
	seed    uint64
	zone    *time.Location
	now     func() time.Time

	mu      sync.Mutex
	set     Account
	limiter *rate.Limiter // nil: no limit
	// The debits since the record began; credits are in set.
	segments int64
	day      string // of used, by the vendor's calendar
	used     int64
	nextID   uint64
	tries    map[uint64]int // attempts, by address, that a fault turned away
	counts   counter
	listed   map[uint64][]sent                           // by address, of those that vendors are asked for by number
	ends     func(way string, to message.Address) string // how a message ends; empty where no receipts are pushed
}

func newAccount(ch message.Channel, set Account, c *Config) *account {
	a := &account{channel: ch, seed: c.Seed, zone: c.Zone, now: c.Now, set: set, tries: map[uint64]int{}, listed: map[uint64][]sent{}, counts: newCounter()}
	if set.Messages != nil {
		n := *set.Messages
		a.set.Messages = &n
	}
	if set.Balance != nil {
		b := *set.Balance
		a.set.Balance = &b
	}
	if set.Rate > 0 {
		burst := set.Burst
		if burst <= 0 {
			burst = max(int(set.Rate/100), 1)
		}
		a.limiter = rate.NewLimiter(rate.Limit(set.Rate), burst)
	}
	return a
}

// request is a message that was read whole.
type request struct {
	to       message.Address
	ref      string // our key: the gateway's ref, the local part of a Message-ID
	hash     string
	segments int
	text     string
	listed   bool   // it is to be found by its address
	way      string // how it came: the form in which its vendor tells receipts
}

// verdict is what became of a request.
type verdict struct {
	out   string
	id    string
	ended string // how the message ends, where receipts are pushed
}

// draw is the next attempt's fate for an address.
func (a *account) draw(to message.Address) fate {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.counts.hash(string(to))
	return a.set.draw(a.seed, string(a.channel), string(to), a.tries[h]+int(a.counts.addresses[h]))
}

// take decides about a request and writes it into the record before it returns.
func (a *account) take(rec *record, q request, out string) (verdict, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if taken(out) {
		out = a.limits(now, q.segments, out)
	}
	l := line{Time: now, Channel: a.channel, To: q.to, Ref: q.ref, Hash: q.hash, Out: out, Listed: q.listed, text: q.text}
	if taken(out) {
		l.ID = id(a.nextID + 1)
		l.Segments = q.segments
		l.Receipt = a.ends(q.way, q.to)
	}
	if err := rec.write(&l); err != nil {
		return verdict{}, err
	}
	a.apply(&l)
	return verdict{out: out, id: l.ID, ended: l.Receipt}, nil
}

func id(n uint64) string { return fmt.Sprintf("sb-%06d", n) }

// limits is out, or the limit that the request runs into.
func (a *account) limits(now time.Time, segments int, out string) string {
	a.turn(now)
	switch {
	case a.limiter != nil && !a.limiter.AllowN(now, 1):
		return outRate
	case a.set.Quota > 0 && a.used >= a.set.Quota:
		return outQuota
	case a.set.Messages != nil && a.segments+int64(segments) > *a.set.Messages:
		return outBalance
	case a.set.Balance != nil && a.set.Price.Times(int(a.segments)+segments) > *a.set.Balance:
		return outBalance
	}
	return out
}

// turn begins the quota anew on a new day.
func (a *account) turn(now time.Time) {
	if day := now.In(a.zone).Format(time.DateOnly); day != a.day {
		a.day, a.used = day, 0
	}
}

// apply counts a line: a new one, or one of the record at the start.
func (a *account) apply(l *line) {
	switch {
	case l.Out == outTopup:
		a.credit(l)
		return
	case taken(l.Out):
		a.turn(l.Time)
		a.used++
		a.nextID++
		a.segments += int64(l.Segments)
		if h := a.counts.hash(string(l.To)); l.Listed {
			a.listed[h] = append(a.listed[h], sent{at: l.Time, id: l.ID, ref: l.Ref, ended: l.Receipt, text: l.text})
		}
	case drawn(l.Out):
		a.tries[a.counts.hash(string(l.To))]++
	}
	a.counts.add(l)
}

func (a *account) replay(l *line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.apply(l)
}

func (a *account) credit(l *line) {
	if a.set.Messages != nil {
		*a.set.Messages += l.Messages
	}
	if a.set.Balance != nil && l.Balance != nil {
		*a.set.Balance += *l.Balance
	}
	if a.set.Quota > 0 {
		a.set.Quota = max(a.set.Quota+l.Quota, 1)
	}
}

// topup credits the account, in the record first.
func (a *account) topup(rec *record, t Topup) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := line{Time: a.now(), Channel: a.channel, Out: outTopup, Messages: t.Messages, Quota: t.Quota, Balance: t.Balance}
	if err := rec.write(&l); err != nil {
		return err
	}
	a.apply(&l)
	return nil
}

func (a *account) setFaults(f Faults) error {
	if err := f.check(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set.Faults = f
	return nil
}

// left is what GET /sms/balance tells.
func (a *account) left() balanceAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(a.now())
	out := balanceAnswer{Code: "OK", Currency: a.set.Currency, Used: a.used}
	if a.set.Balance != nil {
		s := (*a.set.Balance - a.set.Price.Times(int(a.segments))).String()
		out.Balance = &s
	}
	if a.set.Messages != nil {
		n := *a.set.Messages - a.segments
		out.Messages = &n
	}
	if a.set.Quota > 0 {
		n := a.set.Quota
		out.Quota = &n
	}
	return out
}

// find is the id of a message, and how it ended.
func (a *account) find(ref string) (vendorID, ended string, found bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, ok := a.counts.refs[a.counts.hash(ref)]
	if !ok {
		return "", "", false
	}
	if n.undelivered {
		return id(uint64(n.first)), ReceiptUndelivered, true
	}
	return id(uint64(n.first)), ReceiptDelivered, true
}

// sent is a message that was taken. The record does not keep its text: after a start it is not known.
type sent struct {
	at                   time.Time
	id, ref, ended, text string
}

// sentTo are the messages that were taken for a number, of those that are found by it.
func (a *account) sentTo(to message.Address) []sent {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.listed[a.counts.hash(string(to))])
}

func (a *account) tally() Count {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.counts.tally()
}

// counter counts messages by address and by key. It holds hashes, so that a message costs some fifty bytes; with 64 bits, a
// million messages meet a wrong hit once in 37 million runs.
type counter struct {
	seed      maphash.Seed
	addresses map[uint64]uint32
	refs      map[uint64]seen
	twice     map[string]struct{} // masked addresses that were reached more than once, at most maxTwice
	count     Count
}

// seen is a key that was taken.
type seen struct {
	first uint32 // the number of the message that had it first
	times uint32

	undelivered bool
}

// maxTwice is how many addresses that were reached twice are listed; all are counted.
const maxTwice = 100

func newCounter() counter {
	return counter{
		seed: maphash.MakeSeed(), addresses: map[uint64]uint32{}, refs: map[uint64]seen{}, twice: map[string]struct{}{},
		count: Count{Turned: map[string]int{}},
	}
}

func (c *counter) hash(s string) uint64 { return maphash.String(c.seed, s) }

func (c *counter) add(l *line) {
	if !taken(l.Out) {
		c.count.Turned[l.Out]++
		return
	}
	c.count.Reached++
	c.count.Segments += l.Segments
	switch l.Receipt {
	case ReceiptDelivered:
		c.count.Delivered++
	case ReceiptUndelivered:
		c.count.Undelivered++
	}
	if l.Out != outAccepted {
		c.count.Unanswered++
	}
	h := c.hash(string(l.To))
	c.addresses[h]++
	if n := c.addresses[h]; n == 2 {
		c.count.Twice++
		if len(c.twice) < maxTwice {
			c.twice[l.To.Masked()] = struct{}{}
		}
	}
	if l.Ref == "" {
		return
	}
	h = c.hash(l.Ref)
	s := c.refs[h]
	if s.times++; s.times == 1 {
		s.first = uint32(c.count.Reached) // four thousand million messages are beyond a sandbox
		s.undelivered = l.Receipt == ReceiptUndelivered
	} else {
		c.count.Repeats++
	}
	c.refs[h] = s
}

func (c *counter) tally() Count {
	out := c.count
	out.Distinct = len(c.addresses)
	out.Turned = make(map[string]int, len(c.count.Turned))
	for k, v := range c.count.Turned {
		out.Turned[k] = v
	}
	out.TwiceList = sortedKeys(c.twice)
	return out
}

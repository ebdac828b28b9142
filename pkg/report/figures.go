package report

import (
	"cmp"
	"context"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Figures are what only a look at every message tells.
type Figures struct {
	People People `json:"people"`
	// Written says how often addresses were written to, by channel: what nobody should have been told twice.
	Written []Written `json:"written"`
	// Delivered is what is known of the messages that were accepted, by account.
	Delivered []Receipts `json:"delivered"`
	Delays    []Delay    `json:"delays"`
	// Domains are those of the mails, the largest first; the last of them, without a name, stands for all others.
	Domains  []Domain `json:"domains"`
	Rates    []Rate   `json:"rates"`
	Timeline Timeline `json:"timeline"`
}

// People are those whom messages were for, each counted once, by the best state of the messages that are for him, those of other rows
// through which he is told among them.
type People struct {
	Total   int                   `json:"total"`
	ByState map[message.State]int `json:"by_state"`
	// Delivered is of how many it is known that a message arrived.
	Delivered int `json:"delivered"`
}

// MaxTimes is the last line of Written.Times; it stands for more, too.
const MaxTimes = 5

// Written is how often the addresses of a channel were written to, what may have arrived among it.
type Written struct {
	Channel   message.Channel `json:"channel"`
	Failed    int             `json:"failed"`    // messages that were rejected
	Succeeded int             `json:"succeeded"` // messages that were accepted
	// Times are how many addresses were written to once, twice, and so on.
	Times [MaxTimes]int `json:"times"`
}

// Twice is how many addresses were written to more than once.
func (t *Written) Twice() int {
	n := 0
	for _, of := range t.Times[1:] {
		n += of
	}
	return n
}

// Delay is how long after they were accepted the messages of an account arrived, as far as receipts tell.
type Delay struct {
	Account  string        `json:"account"`
	Messages int           `json:"messages"`
	Median   time.Duration `json:"median_ns"`
	P95      time.Duration `json:"p95_ns"`
	Longest  time.Duration `json:"longest_ns"`
}

// Rate is how fast an account's messages were accepted, in messages a second; Limit is its rate as configured now, 0 for none.
type Rate struct {
	Account string  `json:"account"`
	Limit   float64 `json:"limit"`
	Mean    float64 `json:"mean"`
	Highest float64 `json:"highest"` // over one step of the timeline
	// Lasted is from the first to the last, without the pauses between runs.
	Lasted time.Duration `json:"lasted_ns"`
}

// Timeline is what happened when, in steps of equal length.
type Timeline struct {
	Step  time.Duration `json:"step_ns"`
	Steps []Step        `json:"steps"`
	// Later is how many messages were delivered after the last step.
	Later int `json:"later"`
}

// Step is what happened from At on.
type Step struct {
	At        time.Time      `json:"at"`
	Accepted  map[string]int `json:"accepted"` // by account
	Rejected  int            `json:"rejected"`
	Unknown   int            `json:"unknown"`
	Delivered int            `json:"delivered"`
}

// Sum is how many were accepted by all accounts.
func (s *Step) Sum() int {
	n := 0
	for _, of := range s.Accepted {
		n += of
	}
	return n
}

// maxSteps is how many a timeline has at the most: as many as can be told apart in a chart.
const maxSteps = 120

// stepFor is the shortest step of those that people think in with which a time is covered.
func stepFor(span time.Duration) time.Duration {
	const day = 86_400
	step := day
	for _, s := range []int{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200} {
		if span.Seconds() < float64(maxSteps*s) {
			step = s
			break
		}
	}
	for span.Seconds() >= float64(maxSteps*step) {
		step += day
	}
	return time.Duration(step) * time.Second
}

// A look goes over the messages of a campaign once, and holds none of them.
type look struct {
	pauses   []Pause
	first    time.Time
	step     time.Duration
	steps    []Step
	later    int
	accounts map[string]*carried
	domains  map[string]*Domain
	told     map[message.Channel]*Written
	// written are the hashes of the addresses that were written to: eight bytes for each.
	written map[message.Channel][]uint64
	seed    maphash.Seed
	people  People
	// one is the recipient whose messages come right now, and best where he stands.
	one     string
	row     int
	best    standing
	began   bool
	through map[int]standing // rows that are told through others' messages
	folds   []fold
}

// fold is a row that is told through the message of another.
type fold struct {
	row, through int
	channel      message.Channel
}

// standing is how good it stands for somebody; the least is that nothing is for him.
type standing int

// standings are the states, the best last; delivered stands above them.
func standings() []message.State {
	return []message.State{message.Cancelled, message.Rejected, message.Pending, message.Attempting, message.Unknown, message.Accepted}
}

const delivered standing = 100

// carried is what an account did.
type carried struct {
	accepted    int
	first, last time.Time
	delays      map[time.Duration]int // to the second
}

// newLook looks at what was attempted in the time of a report.
func newLook(r *Report) *look {
	first, last := r.First, r.Last
	l := &look{
		pauses:   r.Pauses,
		accounts: make(map[string]*carried), domains: make(map[string]*Domain), told: make(map[message.Channel]*Written),
		written: make(map[message.Channel][]uint64), seed: maphash.MakeSeed(), through: make(map[int]standing),
		people: People{ByState: make(map[message.State]int)},
	}
	if first.IsZero() {
		return l
	}
	l.step = stepFor(last.Sub(first))
	l.first = first.Truncate(l.step)
	l.steps = make([]Step, min(maxSteps, int(last.Sub(l.first)/l.step))+1)
	for i := range l.steps {
		l.steps[i] = Step{At: l.first.Add(time.Duration(i) * l.step), Accepted: make(map[string]int)}
	}
	return l
}

// at is the step of a moment; nil where it is after the last.
func (l *look) at(t time.Time) *Step {
	if l.step == 0 {
		return nil
	}
	if i := int(max(0, t.Sub(l.first)) / l.step); i < len(l.steps) {
		return &l.steps[i]
	}
	return nil
}

// see takes in a message.
func (l *look) see(m *seen) {
	rec, end := &m.Record, ledger.Ended(m.facts)
	arrived := end != nil && end.State == message.Delivered
	stands := standing(slices.Index(standings(), rec.State))
	if arrived {
		stands = delivered
	}
	l.person(rec, stands)
	t := l.told[rec.Channel]
	if t == nil {
		t = &Written{Channel: rec.Channel}
		l.told[rec.Channel] = t
	}
	at := m.sent()
	switch s := l.at(at); rec.State {
	case message.Accepted:
		t.Succeeded++
		l.accepted(rec, at, s)
		if arrived {
			l.arrived(rec, end, at)
		}
	case message.Rejected:
		t.Failed++
		if s != nil {
			s.Rejected++
		}
	case message.Unknown:
		if s != nil {
			s.Unknown++
		}
	case message.Pending, message.Attempting, message.Cancelled:
	}
	if rec.State == message.Accepted || rec.State == message.Unknown || rec.State == message.Attempting {
		l.written[rec.Channel] = append(l.written[rec.Channel], maphash.String(l.seed, strings.ToLower(string(rec.Address))))
	}
	l.domain(rec, end)
}

func (l *look) accepted(rec *ledger.Record, at time.Time, s *Step) {
	a := l.accounts[rec.Account]
	if a == nil {
		a = &carried{first: at, last: at, delays: make(map[time.Duration]int)}
		l.accounts[rec.Account] = a
	}
	a.accepted++
	if at.Before(a.first) {
		a.first = at
	}
	a.last = ledger.Latest(a.last, at)
	if s != nil {
		s.Accepted[rec.Account]++
	}
}

// arrived takes in that it was delivered. Where the vendor had to be asked, it is known when it was asked, and not when it arrived.
func (l *look) arrived(rec *ledger.Record, end *ledger.Fact, sent time.Time) {
	if end.Grade == message.GradeVendor {
		l.later++
		return
	}
	l.accounts[rec.Account].delays[max(0, end.At.Sub(sent)).Round(time.Second)]++
	if s := l.at(end.At); s != nil {
		s.Delivered++
	} else {
		l.later++
	}
}

// person takes in that a message stands so for a recipient, and for those who are told through it. The messages of one come together.
func (l *look) person(rec *ledger.Record, stands standing) {
	if !l.began || rec.Recipient != l.one || rec.Row != l.row {
		l.next()
		l.one, l.row, l.best, l.began = rec.Recipient, rec.Row, stands, true
	}
	l.best = max(l.best, stands)
	for _, row := range rec.Rows {
		l.folds = append(l.folds, fold{row: row, through: rec.Row, channel: rec.Channel})
		before, known := l.through[row]
		if !known || stands > before {
			l.through[row] = stands
		}
	}
}

// next counts the recipient whose messages came.
func (l *look) next() {
	if !l.began {
		return
	}
	best := l.best
	if through, ok := l.through[l.row]; ok {
		best = max(best, through)
		delete(l.through, l.row)
	}
	l.count(best)
}

func (l *look) count(stands standing) {
	l.people.Total++
	if stands == delivered {
		l.people.Delivered++
		stands = standing(len(standings()) - 1)
	}
	l.people.ByState[standings()[stands]]++
}

// figures are what was seen.
func (l *look) figures() Figures {
	l.next()
	for _, stands := range l.through { // rows that have no message of their own
		l.count(stands)
	}
	f := Figures{People: l.people, Written: []Written{}, Delivered: []Receipts{}, Delays: []Delay{}, Domains: l.largest(), Rates: []Rate{}}
	for _, s := range message.States() {
		f.People.ByState[s] += 0
	}
	for _, ch := range slices.Sorted(maps.Keys(l.told)) {
		t := *l.told[ch]
		t.Times = times(l.written[ch])
		f.Written = append(f.Written, t)
	}
	f.Timeline = Timeline{Step: l.step, Steps: some(l.steps), Later: l.later}
	for _, name := range slices.Sorted(maps.Keys(l.accounts)) {
		a := l.accounts[name]
		r := newReceipts(name)
		r.Accepted = a.accepted
		f.Delivered = append(f.Delivered, *r)
		if len(a.delays) > 0 {
			f.Delays = append(f.Delays, delayOf(name, a.delays))
		}
		f.Rates = append(f.Rates, l.rate(name, a))
	}
	return f
}

// times are how many of the hashes are there once, twice, and so on.
func times(hashes []uint64) (n [MaxTimes]int) {
	slices.Sort(hashes)
	for i := 0; i < len(hashes); {
		j := i + 1
		for j < len(hashes) && hashes[j] == hashes[i] {
			j++
		}
		n[min(j-i, MaxTimes)-1]++
		i = j
	}
	return n
}

func (l *look) rate(name string, a *carried) Rate {
	r := Rate{Account: name, Lasted: a.last.Sub(a.first)}
	for _, p := range l.pauses { // nobody waits for them to see how fast it went
		r.Lasted -= p.within(a.first, a.last)
	}
	if a.accepted > 1 { // in less than a second three messages would be faster than any limit
		r.Mean = float64(a.accepted-1) / max(r.Lasted.Seconds(), 1) // so many spaces lie between them
	}
	for i := range l.steps {
		r.Highest = max(r.Highest, float64(l.steps[i].Accepted[name])/l.step.Seconds())
	}
	return r
}

// delayOf is what of a number of delays is said: by nearest rank, so that each is one that was measured.
func delayOf(account string, delays map[time.Duration]int) Delay {
	d := Delay{Account: account}
	for _, n := range delays {
		d.Messages += n
	}
	sorted := slices.Sorted(maps.Keys(delays))
	rank := func(share float64) time.Duration {
		seen := 0
		for _, at := range sorted {
			if seen += delays[at]; float64(seen) >= share*float64(d.Messages) {
				return at
			}
		}
		return 0
	}
	d.Median, d.P95, d.Longest = rank(0.5), rank(0.95), sorted[len(sorted)-1]
	return d
}

// Facts is a ledger that keeps receipts.
type Facts interface {
	ReceiptSource
	Proofs(ctx context.Context, campaign string, keys ...message.Key) iter.Seq2[ledger.Proof, error]
	Bookmark(ctx context.Context, name string) (string, error)
	SetBookmark(ctx context.Context, name, value string) error
}

// seen is a message with what was told of it.
type seen struct {
	ledger.Record
	facts   []ledger.Fact
	settled message.Grade // the proof on which it was settled after it had been unknown
}

// sent is when it was sent: when the vendor answered, or, where it was settled later what had become of it, when it was about to leave.
func (m *seen) sent() time.Time {
	if m.settled != "" {
		return m.Claimed
	}
	return m.Settled
}

// proof is how it is known how the message stands: by a receipt, by what settled it, or by the vendor's answer to it. What we refused ourselves
// needs none.
func (m *seen) proof() message.Grade {
	if end := ledger.Ended(m.facts); end != nil {
		return end.Grade
	}
	answered := m.State == message.Accepted || m.State == message.Rejected && !strings.HasPrefix(m.Code, "notify:")
	if m.settled == "" && answered {
		return message.GradeVendor
	}
	return m.settled
}

// further are the facts that are told of it beside how it ended.
func (m *seen) further() string {
	var said []string
	for _, f := range m.facts {
		if !f.State.Final() && f.State != message.Waiting {
			said = append(said, string(f.State))
		}
	}
	return strings.Join(said, " ")
}

// all are the messages of a campaign in the order of the list, those in states only; none means all. What is known of them beyond that comes
// in the same order, so that nothing is held.
func all(ctx context.Context, s Source, campaign string, states ...message.State) iter.Seq2[*seen, error] {
	return func(yield func(*seen, error) bool) {
		if len(states) > 0 && !slices.Contains(states, message.Accepted) && !slices.Contains(states, message.Rejected) { // nothing was told of them
			for rec, err := range s.Messages(ctx, campaign, states...) {
				if !yield(&seen{Record: rec}, err) || err != nil {
					return
				}
			}
			return
		}
		next, stop := func() (ledger.Proof, error, bool) { return ledger.Proof{}, nil, false }, func() {}
		if f, ok := s.(Facts); ok {
			next, stop = iter.Pull2(f.Proofs(ctx, campaign))
		}
		defer stop()
		proof, wrong, more := next()
		for rec, err := range s.Messages(ctx, campaign) {
			one := &seen{Record: rec}
			if more && proof.Key == rec.Key {
				one.facts, one.settled = proof.Facts, proof.Settled
				proof, wrong, more = next()
			}
			if err := cmp.Or(err, wrong); err != nil {
				yield(one, err)
				return
			}
			if len(states) > 0 && !slices.Contains(states, rec.State) {
				continue
			}
			if !yield(one, nil) {
				return
			}
		}
	}
}

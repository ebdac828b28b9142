package send

import (
	"sync"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Snapshot is how far a run is.
type Snapshot struct {
	Total    int
	Accepted int
	Rejected int
	Unknown  int
	// Left is what is pending or in flight.
	Left     int
	InFlight int
	// Rate is messages accepted per second, over the last ten seconds or so.
	Rate float64
	// Remaining is how long it takes at that rate; negative where that cannot be known.
	Remaining time.Duration
	// Waiting says what the run waits for; zero while it sends.
	Waiting words.Text
	Started time.Time
}

// progress counts what a run does. It is safe for concurrent use.
type progress struct {
	mu    sync.Mutex
	snap  Snapshot
	marks [11]mark // accepted so far, once a second
	last  int
}

type mark struct {
	at time.Time
	n  int
}

func (p *progress) start(c ledger.Counts, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.snap = Snapshot{Started: now}
	p.count(c.ByState)
	for i := range p.marks {
		p.marks[i] = mark{now, p.snap.Accepted}
	}
}

// stands takes in how the campaign stands, with all its runs.
func (p *progress) stands(t ledger.Tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count(t)
}

func (p *progress) count(t ledger.Tally) {
	s := &p.snap
	s.Accepted, s.Rejected, s.Unknown = t.Of(message.Accepted), t.Of(message.Rejected), t.Of(message.Unknown)
	s.InFlight = t.Of(message.Attempting)
	s.Left = t.Of(message.Pending) + s.InFlight
	s.Total = s.Accepted + s.Rejected + s.Unknown + s.Left
}

func (p *progress) waiting(why words.Text) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.snap.Waiting = why
}

func (p *progress) waits() words.Text {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.snap.Waiting
}

// Snapshot is how far the run is at now. It may be called at any time, from any goroutine.
func (l *Loop) Snapshot() Snapshot {
	p, now := &l.progress, l.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.snap
	if now.Sub(p.marks[p.last].at) >= time.Second {
		p.last = (p.last + 1) % len(p.marks)
		p.marks[p.last] = mark{now, s.Accepted}
	}
	oldest := p.marks[(p.last+1)%len(p.marks)]
	s.Remaining = -1
	if d := now.Sub(oldest.at).Seconds(); d > 0 {
		s.Rate = float64(s.Accepted-oldest.n) / d
	}
	if s.Rate > 0 {
		s.Remaining = time.Duration(float64(s.Left) / s.Rate * float64(time.Second))
	}
	return s
}

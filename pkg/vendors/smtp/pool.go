package smtp

import (
	"context"
	"errors"
	"sync"
	"time"

	"notify/pkg/message"
)

// pool keeps the connections of an account. The latest idle one is taken first, so that what a slow campaign does not need
// grows old and is closed. A server that lets no further connection in is asked again later; meanwhile the open ones carry
// everything, and whoever finds none that is free waits for one.
type pool struct {
	mu      sync.Mutex
	idle    []*conn
	keep    int
	shut    bool
	open    int           // idle, in use, or saying good-bye
	opening int           // being made
	most    int           // that were open at a time
	room    int           // how many the server lets in; 0: as many as are wanted
	again   time.Time     // when one more than there is room for is tried
	trying  bool          // that is under way
	pause   time.Duration // how long after that one would be turned away
	said    string        // with what the last one was turned away
	changed chan struct{} // closed when there may be something for those who wait
}

// How long to leave a server alone that lets no further connection in. It is soon asked for as many as it had let in before:
// it needs a moment to notice that one was closed.
const (
	fullFirst = 10 * time.Second
	fullLast  = 5 * time.Minute
	fullKnown = time.Second
)

// take finds an idle connection, or says that a new one may be made, which the caller then does; otherwise it says what to
// wait for, and until when.
func (p *pool) take(now time.Time) (c *conn, may bool, changed <-chan struct{}, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		c = p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		return c, false, nil, time.Time{}
	}
	if p.room == 0 || p.open+p.opening < p.room || !now.Before(p.again) {
		if p.room > 0 && p.open+p.opening >= p.room {
			p.trying, p.again = true, now.Add(max(p.pause, fullKnown)) // one at a time
		}
		p.opening++
		return nil, true, nil, time.Time{}
	}
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return nil, false, p.changed, p.again
}

// opened takes in what came of a new connection. It reports whether one that failed is no matter, because there are others.
func (p *pool) opened(err error, now time.Time) (others bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.wake()
	p.opening--
	if err == nil {
		p.open++
		p.most = max(p.most, p.open)
		if p.room > 0 && p.open > p.room {
			p.room, p.again, p.pause, p.trying = p.open, now, fullFirst, false
		}
		if p.open >= p.keep {
			p.room = 0
		}
		return false
	}
	n := p.open + p.opening
	said, full := noRoom(err)
	if n == 0 || !full {
		return false
	}
	first := p.room == 0
	p.room, p.said = n, said
	switch {
	case p.open < p.most:
		p.again = now.Add(fullKnown)
	case p.trying:
		p.pause = min(2*p.pause, fullLast)
		p.again = now.Add(p.pause)
	case first:
		p.pause = fullFirst
		p.again = now.Add(p.pause)
	}
	p.trying = false
	return true
}

// noRoom reports a failure to connect that says nothing of those who are connected: the server turned us away for now, or
// did not answer.
func noRoom(err error) (said string, full bool) {
	var s *stepError
	if !errors.As(err, &s) || s.outcome.Code == codeContext {
		return "", false
	}
	k := s.outcome.Kind
	return s.outcome.Detail, k == message.OutcomeThrottled || k == message.OutcomeUnsent
}

// give keeps a connection that is idle now; false where it is to be closed.
func (p *pool) give(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut || len(p.idle) >= p.keep {
		return false
	}
	p.idle = append(p.idle, c)
	p.wake()
	return true
}

// gone takes in that a connection is no more.
func (p *pool) gone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.wake()
}

// wake has those who wait look again.
func (p *pool) wake() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

func (p *pool) drain() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle
	p.idle, p.shut = nil, true
	return idle
}

// Room implements vendors.Narrow.
func (v *relay) Room() (n int, said string, again time.Time) {
	p, now := &v.pool, v.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room == 0 {
		return 0, "", time.Time{}
	}
	if !now.Before(p.again) {
		return p.room + 1, p.said, p.again // so that somebody tries
	}
	return p.room, p.said, p.again
}

// errLate is a message whose time ran out while it waited for a connection.
var errLate = errors.New("no connection was free in time")

// get returns a connection on which a transaction can begin: a kept one, a new one, or the next that is free.
func (v *relay) get(ctx context.Context, late func() bool) (*conn, error) {
	for {
		c, may, changed, until := v.pool.take(v.now())
		switch {
		case c != nil:
			if v.usable(ctx, c) {
				return c, nil
			}
		case may:
			c, err := v.open(ctx)
			if others := v.pool.opened(err, v.now()); err == nil || !others || ctx.Err() != nil {
				return c, err
			}
		default:
			if err := v.wait(ctx, changed, until); err != nil {
				return nil, err
			}
			if late != nil && late() {
				return nil, errLate
			}
		}
	}
}

// lookLate is how often a message that waits for a connection looks at the clock.
const lookLate = time.Second

func (v *relay) wait(ctx context.Context, changed <-chan struct{}, until time.Time) error {
	t := time.NewTimer(min(max(until.Sub(v.now()), time.Millisecond), lookLate))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-t.C:
	}
	return nil
}

// usable looks at a connection that was idle, and ends it where nothing can begin on it.
func (v *relay) usable(ctx context.Context, c *conn) bool {
	idle := v.now().Sub(c.idleSince)
	switch {
	case idle < 0 || idle >= v.opts.idleTimeout:
		v.leave(c)
	case idle < checkAfter || c.alive(ctx):
		c.kept = true
		return true
	default:
		v.drop(c)
	}
	return false
}

// checkAfter is how long a connection may have been idle and still be used without asking the server first. A relay that
// closes sooner costs an attempt that is definitely unsent; a question before every message would cost a round trip.
const checkAfter = time.Second

// put keeps a connection for the next message.
func (v *relay) put(c *conn) {
	c.idleSince = v.now()
	if (v.opts.maxPerConnection > 0 && c.messages >= v.opts.maxPerConnection) || !v.pool.give(c) {
		v.leave(c)
	}
}

// leave ends a conversation beside what goes on: no message waits for a good-bye. Close does.
func (v *relay) leave(c *conn) {
	v.leaving.Go(func() {
		c.quit()
		v.pool.gone()
	})
}

// drop gives a connection up without a word.
func (v *relay) drop(c *conn) {
	c.close()
	v.pool.gone()
}

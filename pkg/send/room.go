package send

import "sync"

// room is how many messages of an account may be at its vendor at a time, where more of them lie here claimed than that. Nil is room for all.
type room struct {
	mu   sync.Mutex
	left *sync.Cond
	size int
	in   int
}

func newRoom(size int) *room {
	r := &room{size: size}
	r.left = sync.NewCond(&r.mu)
	return r
}

// enter waits for a place. Nobody stays in for ever: vendors have time-outs.
func (r *room) enter() {
	if r == nil {
		return
	}
	r.mu.Lock()
	for r.in >= r.size {
		r.left.Wait()
	}
	r.in++
	r.mu.Unlock()
}

func (r *room) leave() {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.in--
	r.mu.Unlock()
	r.left.Signal()
}

// resize lets others in, or no more until enough have left. What was claimed must leave: there is room for one at least.
func (r *room) resize(size int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.size = max(1, size)
	r.mu.Unlock()
	r.left.Broadcast()
}

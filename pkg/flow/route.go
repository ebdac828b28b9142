package flow

import (
	"slices"
	"time"
)

// Route spreads a channel's messages over accounts by weight, and over those that stand in where all of them are out.
// It is not safe for concurrent use.
type Route struct {
	shares   []share
	failover []*Account
}

type share struct {
	account *Account
	weight  float64
	// given is the weight by configuration.
	given float64
	// credit is how many messages are due to the account, by its weight, beyond those that it took: those of all accounts in
	// the running add up to nothing.
	credit  float64
	taken   int  // of Account.taken, what the credit has taken in
	running bool // at the last look it could take messages, if only it had a slot or a place
	free    int  // at the last look
}

// Add puts an account on the route with its weight. One with the weight 0 carries nothing.
func (r *Route) Add(a *Account, weight int) {
	r.shares = append(r.shares, share{account: a, weight: float64(weight), given: float64(weight), taken: a.taken})
}

// Weigh gives an account another weight from now on; nil gives back its own. What was due to each under the former weights is over.
func (r *Route) Weigh(name string, weight *int) {
	for i := range r.shares {
		s := &r.shares[i]
		w := s.given
		if weight != nil {
			w = float64(*weight)
		}
		if s.account.Name() != name || s.weight == w {
			continue
		}
		r.settle()
		s.weight, s.running = w, false
		for j := range r.shares {
			r.shares[j].credit = 0
		}
	}
}

// InUse are the accounts that may carry something, by weight or as those that stand in.
func (r *Route) InUse() []*Account {
	return slices.DeleteFunc(r.Accounts(), func(a *Account) bool {
		return !slices.Contains(r.failover, a) && !slices.ContainsFunc(r.shares, func(s share) bool { return s.account == a && s.weight > 0 })
	})
}

// AddFailover puts an account behind the others.
func (r *Route) AddFailover(a *Account) { r.failover = append(r.failover, a) }

// Accounts are all accounts, those that share first, each once.
func (r *Route) Accounts() []*Account {
	var all []*Account
	seen := make(map[*Account]bool)
	add := func(a *Account) {
		if !seen[a] {
			seen[a] = true
			all = append(all, a)
		}
	}
	for _, s := range r.shares {
		add(s.account)
	}
	for _, a := range r.failover {
		add(a)
	}
	return all
}

// Ask is how many messages to claim through an account.
type Ask struct {
	Account *Account
	N       int
	Probe   bool
}

// Asks says what to claim now, so that the shares hold over the campaign. Accounts that are out (down, used up, told to
// wait) leave their share to the others; one that has no free slot, or waits for its place under the rate, keeps it.
// Failover accounts are asked where none of those that share is well. Without an ask, until is when to look again; zero
// means when something in flight is answered, or never.
func (r *Route) Asks(now time.Time) (asks []Ask, until time.Time) {
	r.settle()
	well := false
	for i := range r.shares {
		s := &r.shares[i]
		a := s.account
		if s.weight == 0 {
			s.running = false
			continue
		}
		n, probe, at := a.Ready(now)
		until = earliest(until, at)
		up := a.up(now)
		s.running = up && !a.notBefore.After(now.Add(turnOfRate))
		switch {
		case probe && n > 0:
			asks = append(asks, Ask{Account: a, N: n, Probe: true})
		case s.running:
			s.free = max(0, n)
		}
		well = well || up
	}
	asks = append(asks, r.divide()...)
	if well {
		return asks, until
	}
	for _, a := range r.failover {
		n, probe, at := a.Ready(now)
		until = earliest(until, at)
		if n > 0 {
			return append(asks, Ask{Account: a, N: n, Probe: probe}), until
		}
		if a.up(now) {
			break
		}
	}
	return asks, until
}

// turnOfRate is the longest wait that is taken for a place under the rate, and not for being told to wait.
const turnOfRate = time.Second

// up reports that nothing is wrong with the account: what it waits for is its turn.
func (a *Account) up(now time.Time) bool {
	why, _, _ := a.Spent(now)
	return a.off == nil && !a.Open() && why == ""
}

// settle brings the credits up to what was claimed since the last look, among the accounts that were in the running.
func (r *Route) settle() {
	messages, weights := 0, 0.0
	for i := range r.shares {
		s := &r.shares[i]
		if s.running {
			n := s.account.taken - s.taken
			s.credit -= float64(n)
			messages, weights = messages+n, weights+s.weight
		}
		s.taken = s.account.taken
	}
	for i := range r.shares {
		if s := &r.shares[i]; s.running {
			s.credit += s.weight / weights * float64(messages)
		}
	}
}

// ahead is how many messages the others may be ahead of an account that has no room, by its share. Plans promise costs and
// quotas by weight: a fast account with many slots must not take what is due to a slow one.
const ahead = 1

// divide gives the free slots to the accounts by weight, message by message to the one that is owed most, until those that
// have no room are owed more than ahead.
func (r *Route) divide() []Ask {
	weights := 0.0
	for i := range r.shares {
		if r.shares[i].running {
			weights += r.shares[i].weight
		}
	}
	credits, n := make([]float64, len(r.shares)), make([]int, len(r.shares))
	for i := range r.shares {
		credits[i] = r.shares[i].credit
	}
	for due := 0; due >= 0; {
		due = -1
		for i := range r.shares {
			s := &r.shares[i]
			if !s.running {
				continue
			}
			credits[i] += s.weight / weights
			switch {
			case n[i] < s.free && (due < 0 || credits[i] > credits[due]):
				due = i
			case n[i] >= s.free && credits[i] > ahead:
				return r.askFor(n)
			}
		}
		if due >= 0 {
			credits[due]--
			n[due]++
		}
	}
	return r.askFor(n)
}

func (r *Route) askFor(n []int) []Ask {
	var asks []Ask
	for i, n := range n {
		if n > 0 {
			asks = append(asks, Ask{Account: r.shares[i].account, N: n})
		}
	}
	return asks
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

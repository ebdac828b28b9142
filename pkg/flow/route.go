package flow

import (
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
	credit  float64 // messages that are due to this account, by its weight
}

// Add puts an account on the route with its weight.
func (r *Route) Add(a *Account, weight int) {
	r.shares = append(r.shares, share{account: a, weight: float64(max(0, weight))})
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

// Asks says what to claim now. Accounts that cannot take anything leave their share to the others; failover accounts are
// asked where none of those that share is well. Without an ask, until is when to look again; zero means when something in
// flight is answered, or never.
func (r *Route) Asks(now time.Time) (asks []Ask, until time.Time) {
	well := false
	var ready []int
	room := 0
	for i := range r.shares {
		a := r.shares[i].account
		n, probe, at := a.Ready(now)
		until = earliest(until, at)
		switch {
		case probe && n > 0:
			asks = append(asks, Ask{Account: a, N: n, Probe: true})
		case n > 0:
			ready, room = append(ready, i), room+n
		}
		// Out of slots, or waiting for its turn under the rate, is well all the same.
		if _, _, spentUntil := a.Spent(now); !a.Open() && spentUntil.IsZero() && !a.spentForGood() {
			well = true
		}
	}
	asks = append(asks, r.divide(ready, room, now)...)
	if well {
		return asks, until
	}
	for _, a := range r.failover {
		n, probe, at := a.Ready(now)
		until = earliest(until, at)
		if n > 0 {
			return append(asks, Ask{Account: a, N: n, Probe: probe}), until
		}
		if !a.Open() && !a.spentForGood() {
			break
		}
	}
	return asks, until
}

func (a *Account) spentForGood() bool { return a.spent.why != "" && a.spent.until.IsZero() }

// divide gives the free slots to the accounts by weight. What an account could not take now stays due to it, up to a
// second helping, so that the shares hold over the campaign and not only in one batch.
func (r *Route) divide(ready []int, room int, now time.Time) []Ask {
	total := 0.0
	for _, i := range ready {
		total += r.shares[i].weight
	}
	if total == 0 {
		return nil
	}
	var asks []Ask
	due := ready[0]
	for _, i := range ready {
		s := &r.shares[i]
		free, _, _ := s.account.Ready(now)
		s.credit = min(s.credit+s.weight/total*float64(room), float64(2*free))
		n := min(free, int(s.credit+0.5))
		if len(ready) == 1 {
			n = free
		}
		if n > 0 {
			s.credit -= float64(n)
			asks = append(asks, Ask{Account: s.account, N: n})
		}
		if s.credit > r.shares[due].credit {
			due = i
		}
	}
	if len(asks) == 0 { // many accounts, few free slots: the one that is owed most
		r.shares[due].credit--
		asks = append(asks, Ask{Account: r.shares[due].account, N: 1})
	}
	return asks
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

package ledger

import (
	"context"
	"time"
)

// Rehearsal is a campaign that was sent whole to a sandbox: what it proves about the installation, and since when.
type Rehearsal struct {
	Campaign   string        `json:"campaign"`
	Digest     string        `json:"digest"` // of the plan that was rehearsed
	Recipients int           `json:"recipients"`
	Messages   int           `json:"messages"`
	Reached    int           `json:"reached"` // messages that the sandbox counted
	Rate       float64       `json:"rate"`    // messages per second from first to last
	Speed      float64       `json:"speed"`   // by how much the configured rates were multiplied: 1 is real time
	Took       time.Duration `json:"took_ns"`
	// Memory is the most that the process held, in bytes, the sandbox in it included; 0 where the system does not tell.
	Memory int64 `json:"memory"`
	// Faults are how many messages met which fault, in the sandbox's words: "sms throttled", "email unanswered".
	Faults map[string]int `json:"faults,omitempty"`
	// Complete says that every message reached the sandbox exactly once; only then anything is proven.
	Complete bool      `json:"complete"`
	At       time.Time `json:"at"`
}

// Rehearser is a ledger that keeps rehearsals.
type Rehearser interface {
	// Rehearsals reads all of them, the newest first.
	Rehearsals(ctx context.Context) ([]Rehearsal, error)
}

// RehearsalKeeper is a Rehearser that can be given more.
type RehearsalKeeper interface {
	Rehearser
	// Rehearsed records a rehearsal with its audit entry by. What is recorded is never rewritten and never deleted.
	Rehearsed(ctx context.Context, r Rehearsal, by Act) error
}

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
	Rate       float64       `json:"rate"` // messages per second from first to last
	Took       time.Duration `json:"took_ns"`
	// Complete says that every message reached the sandbox exactly once; only then anything is proven.
	Complete bool      `json:"complete"`
	At       time.Time `json:"at"`
}

// Rehearser is a ledger that keeps rehearsals.
type Rehearser interface {
	// Rehearsals reads all of them, the newest first.
	Rehearsals(ctx context.Context) ([]Rehearsal, error)
}

package ledger

import (
	"context"
	"time"

	"notify/pkg/words"
)

// ErrNoSignOff says that there is no such sign-off, or that it was revoked before.
var ErrNoSignOff = words.Err("ledger.error.no-sign-off", nil)

// SignOffs keeps what people answer for. A sign-off is never rewritten and never deleted; it can be revoked, once.
type SignOffs interface {
	// NewestCheck reads the newest preflight result of a campaign, whatever its digest; ErrNoCheck where there is none.
	NewestCheck(ctx context.Context, campaign string) (Check, error)
	// CheckAt reads the preflight result under the digest that was made at this time: the one that a sign-off stands on.
	// ErrNoCheck where there is none.
	CheckAt(ctx context.Context, campaign, digest string, at time.Time) (Check, error)
	// SignOff records a sign-off with its audit entry by, and returns its ID. The campaign need not be staged yet.
	SignOff(ctx context.Context, s SignOff, by Act) (int64, error)
	// Revoke takes a sign-off back, with its audit entry; ErrNoSignOff where it is not there or was revoked before.
	Revoke(ctx context.Context, id int64, by Act) error
	// SignOffs reads all sign-offs of a campaign, revoked ones too, the oldest first.
	SignOffs(ctx context.Context, campaign string) ([]SignOff, error)
}

// SignOff is a line of a checklist that a person answers for, for exactly one plan.
type SignOff struct {
	ID       int64 // set by the ledger
	Campaign string
	Item     string // id of the checklist's item
	Role     string // for which the person signed
	Name     string // the person, as notify.yaml calls him
	Who      string // the system user: "wang@ops-1"
	At       time.Time
	Digest   string // of the plan
	// Scopes are the digests of the plan's parts, and of the item itself, so that it can be said later which of them changed.
	Scopes map[string]string
	// Checked is when the preflight result was made that the person signed: CheckAt finds it.
	Checked time.Time
	// Evidence is what the person had before him, as JSON; opaque to the ledger. nil where there is none.
	Evidence []byte
	// Signature is what the key of the person made of it, armored; empty where it was made without one.
	Signature string
	// Revoked is who took it back, nil where nobody did.
	Revoked *Act
}

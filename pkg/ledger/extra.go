package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"

	"notify/pkg/words"
)

// ErrClosed is returned by every method after Close.
var ErrClosed = words.Err("ledger.error.closed", nil)

// MaxLater is the longest time for which a message that went back to pending is held. Settle brings a later NotBefore
// down to it; so a NotBefore further ahead than this can only mean that the clock stepped back, and counts as passed.
const MaxLater = 24 * time.Hour

// The codes under which the ledger itself records that an attempt is unknown.
const (
	CodeCrash     = "notify:crash"     // its run ended without settling it
	CodeUnsettled = "notify:unsettled" // its run was released without settling it
)

// Verifier is a ledger that can check itself.
type Verifier interface {
	// Verify reads everything: the database's own integrity, and whether sums, states and attempts agree. None
	// means that all agrees.
	Verify(ctx context.Context) (problems []words.Text, err error)
	// Glance is as much of Verify as ctx leaves time for.
	Glance(ctx context.Context) (problems []words.Text, err error)
}

// Later is when a message that goes back to pending may be claimed again: notBefore, at most MaxLater after at.
func Later(at, notBefore time.Time) time.Time {
	switch latest := at.Add(MaxLater); {
	case !given(notBefore):
		return time.Time{}
	case notBefore.After(latest):
		return latest
	}
	return notBefore
}

// given reports that it is a time: what was reckoned from none is none.
func given(t time.Time) bool { return t.Unix() > 0 }

// Ready reports whether a pending message with this NotBefore may be claimed at now.
func Ready(notBefore, now time.Time) bool {
	return !notBefore.After(now) || notBefore.After(now.Add(MaxLater))
}

// Latest is the latest of the times.
func Latest(ts ...time.Time) time.Time {
	l := ts[0]
	for _, t := range ts[1:] {
		if t.After(l) {
			l = t
		}
	}
	return l
}

// FileName is a campaign's name as a part of a file's: readable, and with a hash, because two names may look alike as files.
func FileName(campaign string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, campaign)
	if r := []rune(clean); len(r) > 40 {
		clean = string(r[:40])
	}
	sum := sha256.Sum256([]byte(campaign))
	return clean + "-" + hex.EncodeToString(sum[:4])
}

// Watcher is a ledger that can tell whether a run is alive without waiting for its lease.
type Watcher interface {
	// AtWork are the runs of the campaign that can still write, by what Acquire asks as well: whether their locks are held, and where no
	// lock can tell, whether lease and claims have passed. None where the campaign is not known.
	AtWork(ctx context.Context, campaign string, now time.Time) ([]Run, error)
}

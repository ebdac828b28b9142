package report

import (
	"context"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// alikeLeast is from how many on messages that were rejected alike are looked at as one thing.
const alikeLeast = 5

// Alike is the code with which most of what was tried was rejected, of all or of one channel: that is hardly about each of the recipients, and
// after its cause is mended they can all be tried again. Empty where there is none.
func Alike(ctx context.Context, s Source, campaign string, c ledger.Counts) (string, error) {
	if c.Of(message.Rejected) < alikeLeast {
		return "", nil
	}
	at, err := s.Review(ctx, campaign, 1)
	if err != nil {
		return "", err
	}
	return alike(at.Attention.Reasons, at.Counts.ByState), nil
}

// alike is the code of more than half of what was tried. What this program itself turned away is not a matter of trying again.
func alike(reasons []ledger.Reason, all ledger.Tally) string {
	rejected := all.Of(message.Rejected)
	for _, r := range reasons {
		if r.State != message.Rejected || strings.HasPrefix(r.Code, "notify:") {
			continue
		}
		if mostly(r.Messages, all) {
			return r.Code
		}
		for ch, states := range all {
			of := ledger.Tally{ch: states}
			// So many at least are of this channel: the others cannot be more than were rejected on the other ones.
			if mostly(r.Messages-(rejected-of.Of(message.Rejected)), of) {
				return r.Code
			}
		}
	}
	return ""
}

// mostly reports whether so many are enough to be looked at, and more than half of what was tried.
func mostly(n int, all ledger.Tally) bool {
	return n >= alikeLeast && 2*n > all.Of(message.Accepted, message.Rejected, message.Unknown)
}

package report

import (
	"context"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// alikeLeast is from how many on messages that were rejected alike are looked at as one thing.
const alikeLeast = 5

// Alike is the code with which most of what was tried was rejected: that is hardly about each of the recipients, and after
// its cause is mended they can all be tried again. Empty where there is none.
func Alike(ctx context.Context, s Source, campaign string, c ledger.Counts) (string, error) {
	if c.Of(message.Rejected) < alikeLeast {
		return "", nil
	}
	at, err := s.Review(ctx, campaign, 1)
	if err != nil {
		return "", err
	}
	return alike(at.Attention.Reasons, at.Counts.Of(message.Accepted, message.Rejected, message.Unknown)), nil
}

// alike is the code of more than half of what was tried. What this program itself turned away is not a matter of trying again.
func alike(reasons []ledger.Reason, tried int) string {
	for _, r := range reasons {
		if r.State == message.Rejected && r.Messages >= alikeLeast && 2*r.Messages > tried && !strings.HasPrefix(r.Code, "notify:") {
			return r.Code
		}
	}
	return ""
}

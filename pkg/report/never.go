package report

import (
	"context"
	"hash/fnv"
	"iter"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// MessageSource reads the messages of a campaign.
type MessageSource interface {
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error]
}

// NeverStaged is how many recipients of the list were never staged, where only parts of it were: nobody but the list knows of them.
func NeverStaged(ctx context.Context, s MessageSource, spec *plan.Spec) (int, error) {
	if spec.Part.All() {
		return 0, nil
	}
	people := make(map[uint64]struct{})
	for rec, err := range s.Messages(ctx, spec.Name, message.Pending, message.Attempting, message.Accepted, message.Unknown, message.Rejected) {
		if err != nil {
			return 0, err
		}
		h := fnv.New64a()
		h.Write([]byte(rec.Recipient))
		people[h.Sum64()] = struct{}{}
	}
	return max(0, spec.Listed-len(people)), nil
}

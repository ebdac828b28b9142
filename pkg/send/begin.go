// Package send owns the loop: claim, pace, render, hand over, settle. It reads only the ledger; the list and the campaign
// file are needed no more once Begin has staged the plan. It stands on ledger, flow, render and vendors, and draws nothing.
package send

import (
	"context"
	"fmt"
	"iter"

	"notify/pkg/ledger"
	"notify/pkg/plan"
)

// Begin stages the plan: the campaign and all its messages in one transaction. Under a name that is known it adds what is
// new and leaves alone what has left.
func Begin(ctx context.Context, l ledger.Campaigns, p *plan.Plan, by ledger.Act) (ledger.Staged, error) {
	spec, err := p.Spec.Encode()
	if err != nil {
		return ledger.Staged{}, err
	}
	staged, err := l.Stage(ctx, ledger.Staging{
		Campaign: p.Spec.Name, Digest: p.Digest, Spec: spec, By: by, Recipients: recipients(p),
	})
	if err != nil {
		return staged, fmt.Errorf("stage campaign %s: %w", p.Spec.Name, err)
	}
	return staged, nil
}

// recipients says the plan in the ledger's words.
func recipients(p *plan.Plan) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		var r ledger.Recipient
		for row, err := range p.Rows() {
			if err != nil {
				yield(ledger.Recipient{}, err)
				return
			}
			r.Row, r.Key, r.Fields = row.Row, row.Key, row.Fields
			r.Messages, r.Folds = r.Messages[:0], r.Folds[:0]
			for _, m := range row.Messages {
				r.Messages = append(r.Messages, ledger.NewMessage(m))
			}
			for _, f := range row.Folds {
				r.Folds = append(r.Folds, ledger.Fold(f))
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

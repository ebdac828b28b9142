// Package send owns the loop: claim, pace, render, hand over, settle. It reads only the ledger; the list and the campaign
// file are needed no more once Begin has staged the plan. It stands on ledger, flow, render and vendors, and draws nothing.
package send

import (
	"bytes"
	"context"
	"iter"

	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Begin stages the plan: the campaign and all its messages in one transaction. Under a name that is known it adds what is
// new and leaves alone what has left.
func Begin(ctx context.Context, l ledger.Campaigns, p *plan.Plan, by ledger.Act) (ledger.Staged, error) {
	spec, err := p.Spec.Encode()
	if err != nil {
		return ledger.Staged{}, err
	}
	staged, err := l.Stage(ctx, ledger.Staging{
		Campaign: p.Spec.Name, Digest: p.Staged(), Spec: spec, By: by, Part: !p.Part.All(), Recipients: recipients(p),
	})
	if err != nil {
		return staged, words.Wrap(err, "send.error.stage", words.A{"campaign": p.Spec.Name})
	}
	return staged, nil
}

// recipients says the plan in the ledger's words.
func recipients(p *plan.Plan) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for row, err := range p.Leaving() {
			if err != nil {
				yield(ledger.Recipient{}, err)
				return
			}
			// The driver may keep what it is given until it has a batch together; the plan reuses its memory.
			r := ledger.Recipient{
				Row: row.Row, Key: row.Key, Fields: bytes.Clone(row.Fields), Messages: make([]ledger.NewMessage, 0, len(row.Messages)),
			}
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

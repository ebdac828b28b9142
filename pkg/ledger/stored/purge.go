package stored

import (
	"context"
	"time"

	"notify/pkg/ledger"
)

var _ ledger.Purger = Common{}

// DropReceipts wipes what old receipts say: see ledger.Purger.
func (l Common) DropReceipts(ctx context.Context, before time.Time) (n int, err error) {
	err = l.DB.Write(ctx, "wipe old receipts", func(x Tx) error {
		n = 0
		return x.Each(func(Row) error {
			n++
			return nil
		}, "UPDATE receipt SET raw = $1, head = NULL WHERE at < $2 AND length(raw) > 0 AND fate IN ('settled', 'refused') RETURNING id", []byte{}, Nanos(before))
	})
	return n, err
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Forget forgets messages, and what of them is left in pages of the file: see ledger.Forgetter.
func (l *Ledger) Forget(ctx context.Context, campaign string, ids []int64, by ledger.Act) (out ledger.Forgotten, err error) {
	err = l.wiping(ctx, func() error {
		out, err = l.Common.Forget(ctx, campaign, ids, by)
		return err
	})
	return out, err
}

// ForgetAddress forgets an address outside of campaigns, and what of it is left in pages of the file: see ledger.Forgetter.
func (l *Ledger) ForgetAddress(ctx context.Context, a message.Address, by ledger.Act) (out ledger.Forgotten, err error) {
	err = l.wiping(ctx, func() error {
		out, err = l.Common.ForgetAddress(ctx, a, by)
		return err
	})
	return out, err
}

// wiping writes zeros over what a job deletes, and brings the log into the file: what was forgotten could otherwise be read from either.
// A reader that is under way keeps the log as long as it reads.
func (l *Ledger) wiping(ctx context.Context, job func() error) error {
	set := func(ctx context.Context, pragma string) error {
		return l.doAnyway(ctx, "wipe", func(x *tx) error { return x.each(func(*sql.Rows) error { return nil }, pragma) })
	}
	if err := set(ctx, "PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	err := job()
	return errors.Join(err, set(context.WithoutCancel(ctx), "PRAGMA secure_delete = OFF"), each(ctx, l.read, func(*sql.Rows) error { return nil }, "PRAGMA wal_checkpoint(TRUNCATE)"))
}

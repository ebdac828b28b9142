package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// shared is the ledger for what is written once for all drivers.
type shared struct{ l *Ledger }

// Write implements stored.Database.
func (s shared) Write(ctx context.Context, doing string, job func(stored.Tx) error) error {
	return s.l.do(ctx, doing, func(x *tx) error { return job(sharedTx{x}) })
}

// Read implements stored.Database.
func (s shared) Read(ctx context.Context, row func(stored.Row) error, query string, args ...any) error {
	return each(ctx, s.l.read, func(rows pgx.Rows) error { return row(rows) }, query, args...)
}

// Asking implements stored.Database.
func (s shared) Asking(err error, format string, args ...any) error {
	return s.l.asking(err, format, args...)
}

// sharedTx is a transaction for the same.
type sharedTx struct{ x *tx }

// Lock implements stored.Tx.
func (s sharedTx) Lock(name string) { s.x.lockNamed(name) }

// Exec implements stored.Tx.
func (s sharedTx) Exec(query string, args ...any) error { return s.x.exec(query, args...) }

// One implements stored.Tx.
func (s sharedTx) One(dest []any, query string, args ...any) error {
	return s.x.one(dest, query, args...)
}

// Each implements stored.Tx.
func (s sharedTx) Each(row func(stored.Row) error, query string, args ...any) error {
	return s.x.each(func(rows pgx.Rows) error { return row(rows) }, query, args...)
}

// Audit implements stored.Tx.
func (s sharedTx) Audit(campaign string, by ledger.Act) error { return s.x.audit(campaign, by) }

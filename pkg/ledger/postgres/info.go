package postgres

import (
	"context"

	"notify/pkg/ledger"
)

// Info describes the ledger, with what the server itself says about its commits.
func (l *Ledger) Info(ctx context.Context) (ledger.Info, error) {
	info := ledger.Info{ID: l.id, Driver: "postgres", Place: l.place, Schema: l.schema, Created: l.made, Free: -1}
	return info, l.do(ctx, "describe", func(x *tx) error {
		return x.one([]any{&info.Bytes, &info.Durable}, `SELECT coalesce((SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'), 0)::bigint,
			current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AND current_setting('synchronous_commit') IN ('on', 'remote_apply')
			AND NOT pg_is_in_recovery()`, l.at.schema)
	})
}

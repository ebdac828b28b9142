package postgres

import (
	"context"

	"notify/pkg/ledger"

	"github.com/jackc/pgx/v5"
)

// unsafeQuery are the settings that do not keep what a commit promises. A standby that is not waited for may be promoted, and has forgotten
// what it did not get.
const unsafeQuery = `SELECT name || ' = ' || setting FROM pg_settings
	WHERE name IN ('fsync', 'full_page_writes') AND setting <> 'on' OR name = 'synchronous_commit' AND setting NOT IN ('on', 'remote_apply')
	UNION ALL SELECT 'standby' WHERE pg_is_in_recovery()
	UNION ALL SELECT 'synchronous_standby_names = ''''' WHERE current_setting('synchronous_standby_names') = '' AND EXISTS (SELECT 1 FROM pg_stat_replication)`

// Info describes the ledger, with what the server itself says about its commits, read back on a connection that writes.
func (l *Ledger) Info(ctx context.Context) (ledger.Info, error) {
	info := ledger.Info{ID: l.id, Driver: "postgres", Place: l.place, Schema: l.schema, Created: l.made, Free: -1}
	err := l.do(ctx, "describe", func(x *tx) error {
		info.Unsafe = nil
		fits := x.wantClock()
		x.ask(func(rows pgx.Rows) error {
			var s string
			err := rows.Scan(&s)
			info.Unsafe = append(info.Unsafe, s)
			return err
		}, unsafeQuery)
		err := x.sync()
		_ = fits() // it learns how far the clock is ahead; who only looks is not refused
		return err
	})
	info.Server, info.Synchronous = l.server.look()
	info.Durable, info.Skew = len(info.Unsafe) == 0, l.clock.differs()
	return info, err
}

// Size is that of the tables with their indexes, which the server looks up file by file.
func (l *Ledger) Size(ctx context.Context) (size int64, err error) {
	err = l.read.QueryRow(ctx, `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`, l.at.schema).Scan(&size)
	return size, l.asking(err, "describe")
}

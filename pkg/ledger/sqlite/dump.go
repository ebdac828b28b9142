package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"notify/pkg/ledger"
)

var _ ledger.Dumper = (*Ledger)(nil)

// Where the other database has a column of another name, or one that is not here.
func elsewhere(table, column string) string {
	const (
		campaign = "(SELECT m.campaign_id FROM message m WHERE m.id = t.message_id)"
		reach    = `(SELECT count(*) FROM reach q WHERE q.campaign_id < t.campaign_id OR q.campaign_id = t.campaign_id AND q.channel <= t.channel)`
	)
	switch table + "." + column {
	case "run.login":
		return "t.user"
	case "reach.id":
		return reach
	case "claim.reach_id":
		return "CASE WHEN t.first_id IS NOT NULL THEN " + reach + " END"
	case "relist.campaign_id", "attempt.campaign_id", "resolution.campaign_id":
		return campaign
	}
	return `t."` + column + `"`
}

// Dump reads a table: see ledger.Dumper.
func (l *Ledger) Dump(ctx context.Context, table string, columns []string, row func([]any) error) error {
	from := make([]string, len(columns))
	for i, c := range columns {
		from[i] = elsewhere(table, c)
	}
	values := make([]any, len(columns))
	dest := make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	if len(from) == 0 {
		from, dest = []string{"1"}, []any{new(int)}
	}
	query := "SELECT " + strings.Join(from, ", ") + ` FROM "` + table + `" t`
	if table == "bookmark" {
		query += " WHERE name <> '" + ledger.MovedTo + "'" // it is this ledger that was moved
	}
	err := each(ctx, l.read, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		return row(values)
	}, query)
	return l.asking(err, "read the table %s", table)
}

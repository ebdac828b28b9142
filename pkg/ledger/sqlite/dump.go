package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
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
	if table == "domain_pace" {
		return l.asking(l.dumpPace(ctx, columns, row), "read the table %s", table)
	}
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

// dumpPace reads the domains one by one: here a row has what one transaction changed of them.
func (l *Ledger) dumpPace(ctx context.Context, columns []string, row func([]any) error) error {
	of := make(map[stored.DomainOf]ledger.DomainState)
	if err := l.eachPace(ctx, func(k stored.DomainOf, d ledger.DomainState) { of[k] = d }); err != nil {
		return err
	}
	for _, k := range stored.SortedKeys(of, stored.DomainOf.Compare) {
		d := of[k]
		held, err := stored.Held(d.DomainHeld)
		if err != nil {
			return err
		}
		all := map[string]any{"account": k.Account, "domain": k.Domain, "empty_at": stored.Nanos(d.EmptyAt), "tail": stored.Nanos(d.Tail), "held": held}
		values := make([]any, len(columns))
		for i, c := range columns {
			values[i] = all[c]
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return nil
}

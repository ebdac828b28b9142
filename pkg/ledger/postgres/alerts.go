package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// Raise takes in what a look found: see ledger.Alerts.
func (l *Ledger) Raise(ctx context.Context, look ledger.Look) ([]ledger.Notice, error) {
	open, err := l.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	if notices, after := look.Changes(open); len(notices) == 0 && len(after) == len(open) {
		return nil, nil
	}
	var made []ledger.Notice
	err = l.do(ctx, "keep alerts", func(x *tx) error {
		x.lockNamed("alert") // notices are read by their ids, which must not come out of order
		var open []ledger.Alert
		if err := x.each(func(rows pgx.Rows) error {
			a, err := scanAlert(rows)
			open = append(open, a)
			return err
		}, selectAlerts); err != nil {
			return err
		}
		var after []ledger.Alert
		made, after = look.Changes(open)
		return errors.Join(x.putAlerts(after), x.addNotices(made, look.At))
	})
	return made, err
}

const (
	conditionColumns = "kind, about, severity, said, next, again, passing, since"
	selectAlerts     = "SELECT " + conditionColumns + ", told FROM alert ORDER BY since, kind, about"
)

func conditionValues(c *ledger.Condition, since time.Time) []any {
	return []any{c.Kind, c.About, string(c.Severity), c.Said.Stored(), c.Next, int64(c.Again), c.Passing, stored.Nanos(since)}
}

func conditionDest(c *ledger.Condition, since *int64) []any {
	return []any{&c.Kind, &c.About, &c.Severity, &c.Said, &c.Next, (*int64)(&c.Again), &c.Passing, since}
}

func scanAlert(row scanner) (a ledger.Alert, err error) {
	var since, told int64
	err = row.Scan(append(conditionDest(&a.Condition, &since), &told)...)
	a.Since, a.Told = stored.Moment(since), stored.Moment(told)
	return a, err
}

func (x *tx) putAlerts(alerts []ledger.Alert) error {
	err := x.exec("DELETE FROM alert")
	for _, a := range alerts {
		err = errors.Join(err, x.exec("INSERT INTO alert ("+conditionColumns+", told) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			append(conditionValues(&a.Condition, a.Since), stored.Nanos(a.Told))...))
	}
	return err
}

func (x *tx) addNotices(notices []ledger.Notice, now time.Time) error {
	if len(notices) == 0 {
		return nil
	}
	err := x.exec("DELETE FROM notice WHERE at < $1", stored.Nanos(now.Add(-ledger.NoticesKept)))
	for i := range notices {
		n := &notices[i]
		err = errors.Join(err, x.one([]any{&n.ID}, "INSERT INTO notice ("+conditionColumns+", at, change) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
			append(conditionValues(&n.Condition, n.Since), stored.Nanos(n.At), string(n.Change))...))
	}
	return err
}

// Alerts reads what holds: see ledger.Alerts.
func (l *Ledger) Alerts(ctx context.Context) ([]ledger.Alert, error) {
	var out []ledger.Alert
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		a, err := scanAlert(rows)
		out = append(out, a)
		return err
	}, selectAlerts)
	return out, l.asking(err, "read the alerts")
}

// Notices reads notices after one: see ledger.Alerts.
func (l *Ledger) Notices(ctx context.Context, after int64, most int) ([]ledger.Notice, error) {
	var out []ledger.Notice
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		var n ledger.Notice
		var since, at int64
		err := rows.Scan(append(conditionDest(&n.Condition, &since), &n.ID, &at, &n.Change)...)
		n.Since, n.At = stored.Moment(since), stored.Moment(at)
		out = append(out, n)
		return err
	}, "SELECT "+conditionColumns+", id, at, change FROM notice WHERE id > $1 ORDER BY id LIMIT $2", after, most)
	return out, l.asking(err, "read the notices")
}

const targetColumns = "name, reached, not_before, told, tries, error"

func scanTarget(row scanner) (t ledger.Target, err error) {
	var notBefore, told int64
	err = row.Scan(&t.Name, &t.Reached, &notBefore, &told, &t.Tries, &t.Error)
	t.NotBefore, t.Told = stored.Moment(notBefore), stored.Moment(told)
	return t, err
}

// TakeTarget takes the delivery to a target: see ledger.Alerts.
func (l *Ledger) TakeTarget(ctx context.Context, name string, now, until time.Time) (t ledger.Target, took bool, err error) {
	err = l.do(ctx, "take the alert target "+name, func(x *tx) error {
		if err := x.exec(`INSERT INTO target (`+targetColumns+`)
			SELECT $1::text, (SELECT coalesce(max(id), 0) FROM notice WHERE at < $2), 0, 0, 0, '' ON CONFLICT (name) DO NOTHING`,
			name, stored.Nanos(ledger.FirstTold(now))); err != nil {
			return err
		}
		if err := x.each(func(row pgx.Rows) (err error) {
			t, err = scanTarget(row)
			return err
		}, "SELECT "+targetColumns+" FROM target WHERE name = $1 FOR UPDATE", name); err != nil {
			return err
		}
		if took = t.Free(now); !took {
			return nil
		}
		t.NotBefore = until
		return x.exec("UPDATE target SET not_before = $1 WHERE name = $2", stored.Nanos(until), name)
	})
	return t, took, err
}

// PutTarget gives the delivery back: see ledger.Alerts.
func (l *Ledger) PutTarget(ctx context.Context, t ledger.Target) error {
	return l.do(ctx, "put the alert target "+t.Name, func(x *tx) error {
		return x.exec("UPDATE target SET reached = $1, not_before = $2, told = $3, tries = $4, error = $5 WHERE name = $6",
			t.Reached, stored.Nanos(t.NotBefore), stored.Nanos(t.Told), t.Tries, t.Error.Stored(), t.Name)
	})
}

// Targets reads how all targets stand: see ledger.Alerts.
func (l *Ledger) Targets(ctx context.Context) ([]ledger.Target, error) {
	var out []ledger.Target
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		t, err := scanTarget(rows)
		out = append(out, t)
		return err
	}, "SELECT "+targetColumns+" FROM target ORDER BY name")
	return out, l.asking(err, "read the alert targets")
}

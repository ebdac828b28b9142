package stored

import (
	"context"
	"errors"
	"time"

	"notify/pkg/ledger"
)

// Raise takes in what a look found: see ledger.Alerts.
func (l Common) Raise(ctx context.Context, look ledger.Look) ([]ledger.Notice, error) {
	open, err := l.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	if notices, after := look.Changes(open); len(notices) == 0 && len(after) == len(open) {
		return nil, nil
	}
	var made []ledger.Notice
	err = l.DB.Write(ctx, "keep alerts", func(x Tx) error {
		x.Lock("alert") // notices are read by their ids, which must not come out of order
		var open []ledger.Alert
		if err := x.Each(func(rows Row) error {
			a, err := scanAlert(rows)
			open = append(open, a)
			return err
		}, selectAlerts); err != nil {
			return err
		}
		var after []ledger.Alert
		made, after = look.Changes(open)
		return errors.Join(putAlerts(x, after), addNotices(x, made, look.At))
	})
	return made, err
}

const (
	conditionColumns = "kind, about, severity, said, next, again, passing, since"
	selectAlerts     = "SELECT " + conditionColumns + ", told FROM alert ORDER BY since, kind, about"
)

func conditionValues(c *ledger.Condition, since time.Time) []any {
	return []any{c.Kind, c.About, string(c.Severity), c.Said.Stored(), c.Next, int64(c.Again), c.Passing, Nanos(since)}
}

func conditionDest(c *ledger.Condition, since *int64) []any {
	return []any{&c.Kind, &c.About, &c.Severity, &c.Said, &c.Next, (*int64)(&c.Again), &c.Passing, since}
}

func scanAlert(row Row) (a ledger.Alert, err error) {
	var since, told int64
	err = row.Scan(append(conditionDest(&a.Condition, &since), &told)...)
	a.Since, a.Told = Moment(since), Moment(told)
	return a, err
}

func putAlerts(x Tx, alerts []ledger.Alert) error {
	err := x.Exec("DELETE FROM alert")
	for _, a := range alerts {
		err = errors.Join(err, x.Exec("INSERT INTO alert ("+conditionColumns+", told) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			append(conditionValues(&a.Condition, a.Since), Nanos(a.Told))...))
	}
	return err
}

func addNotices(x Tx, notices []ledger.Notice, now time.Time) error {
	if len(notices) == 0 {
		return nil
	}
	err := x.Exec("DELETE FROM notice WHERE at < $1", Nanos(now.Add(-ledger.NoticesKept)))
	for i := range notices {
		n := &notices[i]
		err = errors.Join(err, x.One([]any{&n.ID}, "INSERT INTO notice ("+conditionColumns+", at, change) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
			append(conditionValues(&n.Condition, n.Since), Nanos(n.At), string(n.Change))...))
	}
	return err
}

// Alerts reads what holds: see ledger.Alerts.
func (l Common) Alerts(ctx context.Context) ([]ledger.Alert, error) {
	var out []ledger.Alert
	err := l.DB.Read(ctx, func(rows Row) error {
		a, err := scanAlert(rows)
		out = append(out, a)
		return err
	}, selectAlerts)
	return out, l.DB.Asking(err, "read the alerts")
}

// Notices reads notices after one: see ledger.Alerts.
func (l Common) Notices(ctx context.Context, after int64, most int) ([]ledger.Notice, error) {
	var out []ledger.Notice
	err := l.DB.Read(ctx, func(rows Row) error {
		var n ledger.Notice
		var since, at int64
		err := rows.Scan(append(conditionDest(&n.Condition, &since), &n.ID, &at, &n.Change)...)
		n.Since, n.At = Moment(since), Moment(at)
		out = append(out, n)
		return err
	}, "SELECT "+conditionColumns+", id, at, change FROM notice WHERE id > $1 ORDER BY id LIMIT $2", after, most)
	return out, l.DB.Asking(err, "read the notices")
}

const targetColumns = "name, reached, not_before, told, tries, error"

func scanTarget(row Row) (t ledger.Target, err error) {
	var notBefore, told int64
	err = row.Scan(&t.Name, &t.Reached, &notBefore, &told, &t.Tries, &t.Error)
	t.NotBefore, t.Told = Moment(notBefore), Moment(told)
	return t, err
}

// TakeTarget takes the delivery to a target: see ledger.Alerts.
func (l Common) TakeTarget(ctx context.Context, name string, now, until time.Time) (t ledger.Target, took bool, err error) {
	err = l.DB.Write(ctx, "take the alert target "+name, func(x Tx) error {
		x.Lock("target")
		if err := x.Exec(`INSERT INTO target (`+targetColumns+`)
			SELECT CAST($1 AS text), (SELECT coalesce(max(id), 0) FROM notice WHERE at < $2), 0, 0, 0, '' WHERE true ON CONFLICT (name) DO NOTHING`,
			name, Nanos(ledger.FirstTold(now))); err != nil {
			return err
		}
		if err := x.Each(func(row Row) (err error) {
			t, err = scanTarget(row)
			return err
		}, "SELECT "+targetColumns+" FROM target WHERE name = $1", name); err != nil {
			return err
		}
		if took = t.Free(now); !took {
			return nil
		}
		t.NotBefore = until
		return x.Exec("UPDATE target SET not_before = $1 WHERE name = $2", Nanos(until), name)
	})
	return t, took, err
}

// PutTarget gives the delivery back: see ledger.Alerts.
func (l Common) PutTarget(ctx context.Context, t ledger.Target) error {
	return l.DB.Write(ctx, "put the alert target "+t.Name, func(x Tx) error {
		return x.Exec("UPDATE target SET reached = $1, not_before = $2, told = $3, tries = $4, error = $5 WHERE name = $6",
			t.Reached, Nanos(t.NotBefore), Nanos(t.Told), t.Tries, t.Error.Stored(), t.Name)
	})
}

// Targets reads how all targets stand: see ledger.Alerts.
func (l Common) Targets(ctx context.Context) ([]ledger.Target, error) {
	var out []ledger.Target
	err := l.DB.Read(ctx, func(rows Row) error {
		t, err := scanTarget(rows)
		out = append(out, t)
		return err
	}, "SELECT "+targetColumns+" FROM target ORDER BY name")
	return out, l.DB.Asking(err, "read the alert targets")
}

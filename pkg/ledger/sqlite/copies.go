package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// What a ledger knows of the copies that it comes from stands in meta: all of them in one row, and for each campaign that was settled
// after a copy, when the newest of those was made.
const (
	metaCopies  = "copies"
	metaSettled = "settled/"
)

// Copies are the copies that a campaign was not settled after: see ledger.Backuper.
func (l *Ledger) Copies(ctx context.Context, campaign string) (open []ledger.Copy, err error) {
	all, err := readCopies(ctx, l.read)
	if err != nil || len(all) == 0 {
		return nil, l.asking(err, "read the copies")
	}
	settled, err := meta(ctx, l.read, metaSettled+campaign)
	if err != nil {
		return nil, l.asking(err, "read the copies")
	}
	until, _ := strconv.ParseInt(settled, 10, 64) // none is 0
	for _, c := range all {
		if campaign == "" || stored.Nanos(c.Made) > until {
			open = append(open, c)
		}
	}
	return open, nil
}

// one is what a question for a single value needs.
type single interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// meta reads a value; empty where there is none.
func meta(ctx context.Context, db single, name string) (value string, err error) {
	err = db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value, err
}

func readCopies(ctx context.Context, db single) (all []ledger.Copy, err error) {
	value, err := meta(ctx, db, metaCopies)
	if err == nil && value != "" {
		err = json.Unmarshal([]byte(value), &all)
	}
	return all, err
}

const setMeta = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

// copied is what a ledger that comes from these copies knows once it was copied again. What the same machine remembers as well is said once.
func copied(all []ledger.Copy, c ledger.Copy) []ledger.Copy {
	for _, was := range all {
		if !c.Made.After(was.Made) { // a clock that was put back
			c.Made = was.Made.Add(1)
		}
	}
	all = slices.DeleteFunc(all, func(was ledger.Copy) bool { return was.Memory == c.Memory })
	return append(all, c)
}

// mark writes into a copy that it is one.
func mark(ctx context.Context, db *sql.DB, c ledger.Copy) error {
	all, err := readCopies(ctx, db)
	if err != nil {
		return err
	}
	b, err := json.Marshal(copied(all, c))
	if err == nil {
		_, err = db.ExecContext(ctx, setMeta, metaCopies, string(b))
	}
	return err
}

// MarkCopy makes the ledger one that was copied: see ledger.Backuper.
func (l *Ledger) MarkCopy(ctx context.Context, c ledger.Copy) error {
	return l.changeCopies(ctx, func(all []ledger.Copy) []ledger.Copy { return copied(all, c) })
}

func (l *Ledger) changeCopies(ctx context.Context, change func([]ledger.Copy) []ledger.Copy) error {
	return l.doAnyway(ctx, "say what it was copied from", func(x *tx) error {
		var all []ledger.Copy
		var value string
		err := x.one([]any{&value}, "SELECT value FROM meta WHERE name = ?", metaCopies)
		if err == nil {
			err = json.Unmarshal([]byte(value), &all)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		b, err := json.Marshal(change(all))
		if err != nil {
			return err
		}
		return x.exec(setMeta, metaCopies, string(b))
	})
}

// SettleCopies says that what left after the copies is known: see ledger.Backuper.
func (l *Ledger) SettleCopies(ctx context.Context, campaign string, now time.Time) error {
	if campaign == "" {
		return l.changeCopies(ctx, func([]ledger.Copy) []ledger.Copy { return nil })
	}
	var newest time.Time
	err := l.changeCopies(ctx, func(all []ledger.Copy) []ledger.Copy {
		for i := range all {
			newest = ledger.Latest(newest, all[i].Made)
			if all[i].Used.IsZero() {
				all[i].Used = now
			}
		}
		return all
	})
	if err != nil || newest.IsZero() {
		return err
	}
	return l.doAnyway(ctx, "settle copies", func(x *tx) error {
		return x.exec(setMeta, metaSettled+campaign, strconv.FormatInt(stored.Nanos(newest), 10))
	})
}

package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"
)

const (
	// suppressPortion is how many entries one transaction takes: a run that waits for the writer waits milliseconds.
	suppressPortion = 1000
	// askPortion is how many addresses one query looks up.
	askPortion = 2000
)

const suppressionColumns = "s.id, s.address, s.channel, ifnull(s.reason, ''), s.note, s.who, s.at, s.seal"

func scanSuppression(scan func(...any) error, more ...any) (ledger.Suppression, error) {
	var s ledger.Suppression
	var at, seal int64
	err := scan(append([]any{&s.ID, &s.Address, &s.Channel, &s.Reason, &s.Note, &s.Who, &at, &seal}, more...)...)
	s.At = stored.Moment(at)
	if err == nil && seal != stored.SealSuppression(s) {
		err = stored.Changed(stored.Suppression, s.ID)
	}
	return s, err
}

// addLine adds a line to the list.
func (x *tx) addLine(s ledger.Suppression) error {
	if err := x.one([]any{&s.ID}, "SELECT ifnull(max(id), 0) + 1 FROM suppression"); err != nil {
		return err
	}
	values := stored.SuppressionValues(s)
	return x.write("INSERT INTO suppression (id, address, channel, reason, note, who, at, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		append(values, stored.SealOf(values...)))
}

// Suppress puts addresses on the list: see ledger.Suppressions.
func (l *Ledger) Suppress(ctx context.Context, entries iter.Seq2[ledger.Suppression, error], by ledger.Act) (ledger.Suppress, error) {
	var sum ledger.Suppress
	portion := make([]ledger.Suppression, 0, suppressPortion)
	commit := func(last bool) error {
		if len(portion) == 0 {
			return nil
		}
		var part ledger.Suppress
		err := l.do(ctx, "suppress", func(x *tx) (err error) {
			if part, err = x.suppress(portion); err != nil || !last {
				return err
			}
			by.Figures = &ledger.Figures{Addresses: sum.Added + part.Added}
			return x.audit("", by) // with the last portion, which knows the sum; each line says who and when by itself
		})
		if err != nil {
			return err
		}
		portion = portion[:0]
		sum.Added, sum.Known = sum.Added+part.Added, sum.Known+part.Known
		sum.Kept = append(sum.Kept, part.Kept[:min(len(part.Kept), ledger.MaxKept-len(sum.Kept))]...)
		return nil
	}
	for e, err := range entries {
		if err != nil {
			err = errors.Join(err, commit(true))
			return sum, err
		}
		if len(portion) == suppressPortion {
			if err := commit(false); err != nil {
				return sum, err
			}
		}
		portion = append(portion, e)
	}
	err := commit(true)
	return sum, err
}

func (x *tx) suppress(entries []ledger.Suppression) (ledger.Suppress, error) {
	var sum ledger.Suppress
	for _, e := range entries {
		first, err := x.suppressed(e.Address)
		switch {
		case err == nil:
			sum.Known++
			if len(sum.Kept) < ledger.MaxKept {
				sum.Kept = append(sum.Kept, first)
			}
			continue
		case !errors.Is(err, ledger.ErrNotSuppressed):
			return sum, err
		}
		if err := x.addLine(e); err != nil {
			return sum, err
		}
		sum.Added++
	}
	return sum, nil
}

// suppressed is the entry of an address that is in force, also where the address was forgotten; ErrNotSuppressed where there is none.
func (x *tx) suppressed(a message.Address) (ledger.Suppression, error) {
	s, err := x.newestLine(a)
	if errors.Is(err, sql.ErrNoRows) {
		var alias message.Address
		if alias, err = stored.AliasIn(sharedTx{x}, a); err != nil {
			return s, err
		}
		s, err = x.newestLine(alias)
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && s.Reason == "" {
		err = &words.Error{Text: words.T("ledger.error.not-suppressed-address", words.A{"address": a.Masked()}), Err: ledger.ErrNotSuppressed}
	}
	return s, err
}

func (x *tx) newestLine(a message.Address) (ledger.Suppression, error) {
	return scanSuppression(func(dest ...any) error {
		return x.one(dest, "SELECT "+suppressionColumns+" FROM suppression s WHERE s.address = ? ORDER BY s.id DESC LIMIT 1", string(a))
	})
}

// Unsuppress takes addresses off the list: see ledger.Suppressions.
func (l *Ledger) Unsuppress(ctx context.Context, addresses []message.Address, by ledger.Act) error {
	return l.do(ctx, "take off the suppression list", func(x *tx) error {
		by.Figures = &ledger.Figures{Addresses: len(addresses)}
		for _, a := range addresses {
			s, err := x.suppressed(a)
			if err != nil {
				return err
			}
			if err := x.addLine(ledger.Suppression{Address: s.Address, Channel: s.Channel, Note: by.Reason, Who: by.Who, At: by.At}); err != nil {
				return err
			}
		}
		return x.audit("", by)
	})
}

// Suppressions reads the entries in force: see ledger.SuppressionReader.
func (l *Ledger) Suppressions(ctx context.Context) iter.Seq2[ledger.Suppression, error] {
	return l.suppressions(ctx, `SELECT `+suppressionColumns+` FROM suppression s WHERE s.reason IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM suppression n WHERE n.address = s.address AND n.id > s.id) ORDER BY s.id`)
}

// SuppressionLog reads the lines after one: see ledger.SuppressionReader.
func (l *Ledger) SuppressionLog(ctx context.Context, after int64) iter.Seq2[ledger.Suppression, error] {
	return l.suppressions(ctx, "SELECT "+suppressionColumns+" FROM suppression s WHERE s.id > ? ORDER BY s.id", after)
}

func (l *Ledger) suppressions(ctx context.Context, query string, args ...any) iter.Seq2[ledger.Suppression, error] {
	return func(yield func(ledger.Suppression, error) bool) {
		err := each(ctx, l.read, func(rows *sql.Rows) error {
			s, err := scanSuppression(rows.Scan)
			if err == nil && !yield(s, nil) {
				err = errStop
			}
			return err
		}, query, args...)
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Suppression{}, l.asking(err, "read the suppression list"))
		}
	}
}

// Suppressed reports which addresses are on the list: see ledger.SuppressionReader.
func (l *Ledger) Suppressed(ctx context.Context, asked iter.Seq[ledger.Asked]) iter.Seq2[ledger.Found, error] {
	return func(yield func(ledger.Found, error) bool) {
		err := l.lookUp(ctx, asked, func(f ledger.Found) error {
			if !yield(f, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Found{}, l.asking(err, "look up the suppression list"))
		}
	}
}

func (l *Ledger) lookUp(ctx context.Context, asked iter.Seq[ledger.Asked], found func(ledger.Found) error) error {
	var some bool
	if err := l.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM suppression)").Scan(&some); err != nil || !some {
		return err
	}
	alias, err := l.Alias(ctx)
	if err != nil {
		return err
	}
	rows, addresses := make([]int, 0, askPortion), make([]message.Address, 0, askPortion)
	for a := range asked {
		rows, addresses = append(rows, a.Row), append(addresses, a.Address)
		if alias != nil {
			rows, addresses = append(rows, a.Row), append(addresses, alias(a.Address))
		}
		if len(rows) < askPortion {
			continue
		}
		if err := l.lookUpPortion(ctx, rows, addresses, found); err != nil {
			return err
		}
		rows, addresses = rows[:0], addresses[:0]
	}
	return l.lookUpPortion(ctx, rows, addresses, found)
}

// lookUpPortion asks for many addresses at once: a query for each would cost several times as much.
func (l *Ledger) lookUpPortion(ctx context.Context, of []int, addresses []message.Address, found func(ledger.Found) error) error {
	list, err := json.Marshal(addresses)
	if err != nil {
		return err
	}
	return each(ctx, l.read, func(rows *sql.Rows) error {
		var at int
		s, err := scanSuppression(rows.Scan, &at)
		if err != nil {
			return err
		}
		return found(ledger.Found{Row: of[at], Suppression: s})
	}, `SELECT `+suppressionColumns+`, j.key FROM json_each(?) j
		CROSS JOIN suppression s ON s.id = (SELECT max(n.id) FROM suppression n WHERE n.address = j.value)
		WHERE s.reason IS NOT NULL ORDER BY j.key`, string(list))
}

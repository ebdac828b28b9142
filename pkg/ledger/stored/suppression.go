package stored

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

const (
	// suppressPortion is how many entries one transaction takes: a run that waits for the writer waits milliseconds.
	suppressPortion = 1000
	// askPortion is how many addresses one query looks up.
	askPortion = 2000
)

const suppressionColumns = "s.id, s.address, s.channel, coalesce(s.reason, ''), s.note, s.who, s.at, s.seal"

func scanSuppression(row Row, more ...any) (ledger.Suppression, error) {
	var s ledger.Suppression
	var at, seal int64
	err := row.Scan(append([]any{&s.ID, &s.Address, &s.Channel, &s.Reason, &s.Note, &s.Who, &at, &seal}, more...)...)
	s.At = Moment(at)
	if err == nil && seal != SealSuppression(s) {
		err = Changed(Suppression, s.ID)
	}
	return s, err
}

// list is the suppression list in a transaction.
type list struct {
	Tx
	q *Queries
}

// add adds a line.
func (x list) add(s ledger.Suppression) error {
	if err := x.One([]any{&s.ID}, "SELECT coalesce(max(id), 0) + 1 FROM suppression"); err != nil {
		return err
	}
	return x.Exec("INSERT INTO suppression (id, address, channel, reason, note, who, at, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		s.ID, string(s.Address), string(s.Channel), OrNull(s.Reason), s.Note, s.Who, Nanos(s.At), SealSuppression(s))
}

// Suppress puts addresses on the list: see ledger.Suppressions.
func (l Common) Suppress(ctx context.Context, entries iter.Seq2[ledger.Suppression, error], by ledger.Act) (ledger.Suppress, error) {
	var sum ledger.Suppress
	portion := make([]ledger.Suppression, 0, suppressPortion)
	commit := func(last bool) error {
		if len(portion) == 0 {
			return nil
		}
		var part ledger.Suppress
		err := l.DB.Write(ctx, "suppress", func(x Tx) (err error) {
			if part, err = (list{x, &l.Queries}).put(portion...); err != nil || !last {
				return err
			}
			by.Figures = &ledger.Figures{Addresses: sum.Added + part.Added}
			return x.Audit("", by) // with the last portion, which knows the sum; each line says who and when by itself
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

// put puts those on the list that are not there.
func (x list) put(entries ...ledger.Suppression) (ledger.Suppress, error) {
	var sum ledger.Suppress
	x.Lock("suppression") // its lines are read by their ids, which must not come out of order
	for _, e := range entries {
		first, err := x.find(e.Address)
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
		if err := x.add(e); err != nil {
			return sum, err
		}
		sum.Added++
	}
	return sum, nil
}

// find is the entry of an address that is in force, also where the address was forgotten; ErrNotSuppressed where there is none.
func (x list) find(a message.Address) (ledger.Suppression, error) {
	s, err := x.newest(a)
	if errors.Is(err, sql.ErrNoRows) {
		var alias message.Address
		if alias, err = AliasIn(x, a); err != nil {
			return s, err
		}
		s, err = x.newest(alias)
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && s.Reason == "" {
		err = &words.Error{Text: words.T("ledger.error.not-suppressed-address", words.A{"address": a.Masked()}), Err: ledger.ErrNotSuppressed}
	}
	return s, err
}

// oneRow is a row that a transaction reads.
type oneRow func(dest ...any) error

// Scan implements Row.
func (r oneRow) Scan(dest ...any) error { return r(dest...) }

func (x list) newest(a message.Address) (ledger.Suppression, error) {
	return scanSuppression(oneRow(func(dest ...any) error {
		return x.One(dest, "SELECT "+suppressionColumns+" FROM suppression s WHERE "+x.q.Suppressed+" ORDER BY s.id DESC LIMIT 1", string(a))
	}))
}

// Unsuppress takes addresses off the list: see ledger.Suppressions.
func (l Common) Unsuppress(ctx context.Context, addresses []message.Address, by ledger.Act) error {
	return l.DB.Write(ctx, "take off the suppression list", func(x Tx) error {
		on := list{x, &l.Queries}
		x.Lock("suppression")
		by.Figures = &ledger.Figures{Addresses: len(addresses)}
		for _, a := range addresses {
			s, err := on.find(a)
			if err != nil {
				return err
			}
			if err := on.add(ledger.Suppression{Address: s.Address, Channel: s.Channel, Note: by.Reason, Who: by.Who, At: by.At}); err != nil {
				return err
			}
		}
		return x.Audit("", by)
	})
}

// Suppressions reads the entries in force: see ledger.SuppressionReader.
func (l Common) Suppressions(ctx context.Context) iter.Seq2[ledger.Suppression, error] {
	return l.suppressions(ctx, `SELECT `+suppressionColumns+` FROM suppression s WHERE s.reason IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM suppression n WHERE `+l.Queries.SameSuppressed+` AND n.id > s.id) ORDER BY s.id`)
}

// SuppressionLog reads the lines after one: see ledger.SuppressionReader.
func (l Common) SuppressionLog(ctx context.Context, after int64) iter.Seq2[ledger.Suppression, error] {
	return l.suppressions(ctx, "SELECT "+suppressionColumns+" FROM suppression s WHERE s.id > $1 ORDER BY s.id", after)
}

func (l Common) suppressions(ctx context.Context, query string, args ...any) iter.Seq2[ledger.Suppression, error] {
	return func(yield func(ledger.Suppression, error) bool) {
		err := l.DB.Read(ctx, func(row Row) error {
			s, err := scanSuppression(row)
			if err == nil && !yield(s, nil) {
				err = errStop
			}
			return err
		}, query, args...)
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Suppression{}, l.DB.Asking(err, "read the suppression list"))
		}
	}
}

// Suppressed reports which addresses are on the list: see ledger.SuppressionReader.
func (l Common) Suppressed(ctx context.Context, asked iter.Seq[ledger.Asked]) iter.Seq2[ledger.Found, error] {
	return func(yield func(ledger.Found, error) bool) {
		err := l.lookUp(ctx, asked, func(f ledger.Found) error {
			if !yield(f, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Found{}, l.DB.Asking(err, "look up the suppression list"))
		}
	}
}

func (l Common) lookUp(ctx context.Context, asked iter.Seq[ledger.Asked], found func(ledger.Found) error) error {
	var some bool
	if err := l.readOne(ctx, []any{&some}, "SELECT EXISTS (SELECT 1 FROM suppression)"); err != nil || !some {
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
func (l Common) lookUpPortion(ctx context.Context, of []int, addresses []message.Address, found func(ledger.Found) error) error {
	if len(of) == 0 {
		return nil
	}
	asked, err := json.Marshal(addresses)
	if err != nil {
		return err
	}
	return l.DB.Read(ctx, func(row Row) error {
		var nth int
		s, err := scanSuppression(row, &nth)
		if err != nil {
			return err
		}
		return found(ledger.Found{Row: of[nth], Suppression: s})
	}, "SELECT "+suppressionColumns+", j.nth FROM "+l.Queries.SuppressedAmong+" WHERE s.reason IS NOT NULL ORDER BY j.nth", string(asked))
}

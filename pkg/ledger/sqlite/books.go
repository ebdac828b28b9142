package sqlite

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

// books are what turns read and debit: each row is read once, and written once by a transaction, however many messages that
// holds. They stay good for the next transaction as long as nobody else writes.
type books struct {
	t         *tx
	version   int64 // of the database, as others change it, when the books were opened
	runs      map[ledger.RunID]*liveRun
	lives     map[int64][]liveRow // runs that have not ended, by campaign
	tallies   map[int64]stored.Tally
	reaches   map[int64]map[message.Channel]*reached
	accounts  map[string]*account
	usage     map[stored.DayOf]*stored.Count
	overlaps  map[stored.DayOf]ledger.Debit // what other days have of a day
	months    map[stored.DayOf]*ledger.Debit
	now       time.Time         // of the turn
	paces     *pace             // nil: not looked at
	touched   []stored.DomainOf // of this transaction
	unpaced   map[shelfOf]bool  // no message there waits for its domain
	nextClaim int64             // its id; 0: not looked up
}

type account struct {
	ledger.AccountState
	dirty bool
}

func newBooks(t *tx) *books {
	return &books{
		t: t, runs: make(map[ledger.RunID]*liveRun), accounts: make(map[string]*account), usage: make(map[stored.DayOf]*stored.Count), overlaps: make(map[stored.DayOf]ledger.Debit),
		months: make(map[stored.DayOf]*ledger.Debit), lives: make(map[int64][]liveRow),
		tallies: make(map[int64]stored.Tally), reaches: make(map[int64]map[message.Channel]*reached),
		unpaced: make(map[shelfOf]bool),
	}
}

const accountColumns = `name, empty_at, scale, not_before, failures, open_until, since, reason, error, error_at, weight, off_at, off_who, off_what, off_reason`

type scanner interface{ Scan(dest ...any) error }

func scanAccount(row scanner) (ledger.AccountState, error) {
	var a ledger.AccountState
	var empty, notBefore, open, since, at int64
	var off stored.Act
	err := row.Scan(append([]any{&a.Account, &empty, &a.Scale, &notBefore, &a.Failures, &open, &since, &a.Reason, &a.Error, &at, &a.Weight}, off.Dest()...)...)
	a.Off = off.Act()
	a.EmptyAt, a.NotBefore, a.OpenUntil, a.Since, a.At = stored.Moment(empty), stored.Moment(notBefore), stored.Moment(open), stored.Moment(since), stored.Moment(at)
	return a, err
}

// account is the shared state of the account, as it is now in this transaction.
func (b *books) account(name string) (*account, error) {
	if a, ok := b.accounts[name]; ok {
		return a, nil
	}
	a := &account{AccountState: ledger.AccountState{Account: name, Scale: 1}, dirty: true}
	err := b.t.each(func(rows *sql.Rows) (err error) {
		a.dirty = false
		a.AccountState, err = scanAccount(rows)
		return err
	}, "SELECT "+accountColumns+" FROM account WHERE name = ?", name)
	if err != nil {
		return nil, err
	}
	b.accounts[name] = a
	return a, nil
}

// day is what was debited on the account on the day and in its month. The month is summed before any of its days can
// change in this transaction.
func (b *books) day(name, on string) (*stored.Count, *ledger.Debit, error) {
	inMonth := stored.DayOf{Account: name, Day: stored.MonthOf(on)}
	m, ok := b.months[inMonth]
	if !ok {
		m = new(ledger.Debit)
		// '.' follows '-' in ASCII: the days of the month, whatever they are, and nothing else.
		err := b.t.one([]any{&m.Messages, &m.Segments, &m.Cost}, `
			SELECT ifnull(sum(messages), 0), ifnull(sum(segments), 0), ifnull(sum(cost), 0) FROM usage
			WHERE account = ? AND day >= ? AND day < ?`, name, inMonth.Day, inMonth.Day+".")
		if err != nil {
			return nil, nil, err
		}
		b.months[inMonth] = m
	}
	d, ok := b.usage[stored.DayOf{Account: name, Day: on}]
	if !ok {
		d = new(stored.Count)
		err := b.t.one([]any{&d.Messages, &d.Segments, &d.Cost, &d.Last},
			"SELECT messages, segments, cost, last FROM usage WHERE account = ? AND day = ?", name, on)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, nil, err
		}
		b.usage[stored.DayOf{Account: name, Day: on}] = d
	}
	return d, m, nil
}

const overlapQuery = "SELECT messages, segments, cost, last FROM usage WHERE account = ? AND day <> ? AND last >= ?"

// overlapping adds to a debit what of overlapQuery lies within the day.
func overlapping(day ledger.Day, d *ledger.Debit) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var on ledger.Debit
		var last int64
		err := rows.Scan(&on.Messages, &on.Segments, &on.Cost, &last)
		if day.Overlaps(stored.Moment(last)) {
			*d = d.Plus(on)
		}
		return err
	}
}

// overlap is what was debited within the request's day under the names of others, on the account or a scenario of it.
func (b *books) overlap(name string, req ledger.ClaimRequest, now time.Time) (d ledger.Debit, err error) {
	if req.DayFrom.IsZero() {
		return d, nil
	}
	of := stored.DayOf{Account: name, Day: req.Day}
	if d, ok := b.overlaps[of]; ok {
		return d, nil
	}
	err = b.t.each(overlapping(req.On(now), &d), overlapQuery, of.Account, of.Day, stored.Nanos(req.DayFrom))
	b.overlaps[of] = d
	return d, err
}

// debit posts messages of a claim that is made at that time.
func (b *books) debit(c *stored.Claimed, e ledger.Debit, at time.Time) error {
	for _, name := range c.Debited() {
		d, _, err := b.day(name, c.Day)
		if err != nil {
			return err
		}
		d.Last = stored.Nanos(at)
	}
	return b.post(c, e, +1)
}

// post debits messages of a claim on its account, scenario and day, or with sign -1 credits what it was debited.
func (b *books) post(c *stored.Claimed, e ledger.Debit, sign int64) error {
	for _, name := range c.Debited() {
		if err := b.postOn(name, c.Day, e, sign); err != nil {
			return err
		}
	}
	return nil
}

func (b *books) postOn(name, on string, e ledger.Debit, sign int64) error {
	d, m, err := b.day(name, on)
	if err != nil {
		return err
	}
	for _, into := range []*ledger.Debit{&d.Debit, m} {
		into.Messages += sign * e.Messages
		into.Segments += sign * e.Segments
		into.Cost += message.Money(sign) * e.Cost
	}
	d.Dirty = true
	return nil
}

// flush writes what changed. Rows are written in order, so that equal work makes equal files.
func (b *books) flush() error {
	for _, name := range stored.SortedKeys(b.accounts, strings.Compare) {
		a := b.accounts[name]
		if !a.dirty {
			continue
		}
		err := b.t.exec("INSERT OR REPLACE INTO account ("+accountColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			append([]any{name, stored.Nanos(a.EmptyAt), a.Scale, stored.Nanos(a.NotBefore), a.Failures, stored.Nanos(a.OpenUntil), stored.Nanos(a.Since), a.Reason, a.Error, stored.Nanos(a.At), a.Weight}, stored.ActColumns(a.Off)...)...)
		if err != nil {
			return err
		}
		a.dirty = false
	}
	for _, k := range stored.SortedKeys(b.usage, stored.DayOf.Compare) {
		if d := b.usage[k]; d.Dirty {
			err := b.t.exec("INSERT OR REPLACE INTO usage (account, day, messages, segments, cost, last) VALUES (?, ?, ?, ?, ?, ?)",
				k.Account, k.Day, d.Messages, d.Segments, int64(d.Cost), d.Last)
			if err != nil {
				return err
			}
			d.Dirty = false
		}
	}
	if err := b.flushTallies(); err != nil {
		return err
	}
	return b.flushDomains()
}

// Package stored owns how a ledger is written down, whatever the database: times and attempts as numbers, the seals of rows, and where a
// message counts; and what is the same SQL for all of them. Drivers import it beside the seam.
package stored

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Nanos is a time as it is stored: 0 for none.
func Nanos(t time.Time) int64 {
	if t.Unix() <= 0 { // the zero time, and what was reckoned from it, is none
		return 0
	}
	return t.UnixNano()
}

// Moment is a time as it was stored.
func Moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// UTC is a time as it is read again once it is stored.
func UTC(t time.Time) time.Time { return Moment(Nanos(t)) }

// An attempt is known outside by one number, made of its message's id and its own number: no message was ever attempted
// a million times, and no ledger has 2^43 messages.
const numberBits = 20

// AttemptID is the number under which the number-th attempt of a message is known.
func AttemptID(message int64, number int) int64 { return message<<numberBits | int64(number) }

// AttemptOf is the message and the number of an attempt.
func AttemptOf(id int64) (message int64, number int) {
	return id >> numberBits, int(id & (1<<numberBits - 1))
}

// Fits reports whether a message is to the address and, where each row of an address is told, to the recipient for which its key was made.
// A row that was changed under us is to somebody who is not on the list. Of an address that was forgotten nobody can tell; nothing is sent to it.
func Fits(key message.Key, campaign string, ch message.Channel, to message.Address, recipient string) bool {
	return to.Forgotten() || key == message.MakeKey(campaign, ch, to, "") || key == message.MakeKey(campaign, ch, to, recipient)
}

// MonthOf is the month of a day: "2026-11" of "2026-11-20".
func MonthOf(day string) string {
	if i := strings.LastIndexByte(day, '-'); i > 0 {
		return day[:i]
	}
	return day
}

// OrNull leaves out what is not there, which is most of it: a row then takes a third less.
func OrNull[T comparable](v T) any {
	if v == *new(T) {
		return nil
	}
	return v
}

// NotNil is nothing instead of none.
func NotNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// SortedKeys are the keys of a map in order, so that equal work makes equal rows.
func SortedKeys[K comparable, V any](m map[K]V, cmp func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp)
	return keys
}

// DayOf is an account on a day ("2026-11-20") or in a month ("2026-11").
type DayOf struct{ Account, Day string }

// Compare puts them in order.
func (d DayOf) Compare(o DayOf) int {
	return cmp.Or(strings.Compare(d.Account, o.Account), strings.Compare(d.Day, o.Day))
}

// DomainOf is a domain as an account sends to it.
type DomainOf struct{ Account, Domain string }

// Compare puts them in order.
func (d DomainOf) Compare(o DomainOf) int {
	return cmp.Or(strings.Compare(d.Account, o.Account), strings.Compare(d.Domain, o.Domain))
}

// Act is who did something, in columns that may be without it.
type Act struct {
	At                sql.NullInt64
	Who, What, Reason sql.NullString
}

// Dest is where its columns are scanned: at, who, what, reason.
func (a *Act) Dest() []any { return []any{&a.At, &a.Who, &a.What, &a.Reason} }

// Act is the act, nil where nobody did it.
func (a *Act) Act() *ledger.Act {
	if !a.At.Valid {
		return nil
	}
	act := &ledger.Act{Who: a.Who.String, What: a.What.String, At: Moment(a.At.Int64)}
	if act.Who != ledger.Itself || !strings.HasPrefix(a.Reason.String, "{") || act.Said.Scan(a.Reason.String) != nil {
		act.Reason = a.Reason.String
	}
	return act
}

// Held is how a domain is held back, as it is stored: empty for not at all.
func Held(d ledger.DomainHeld) (string, error) {
	if d == (ledger.DomainHeld{}) {
		return "", nil
	}
	d.SlowUntil, d.Until, d.Since = UTC(d.SlowUntil), UTC(d.Until), UTC(d.Since)
	b, err := json.Marshal(d)
	return string(b), err
}

// ReadHeld reads what Held wrote.
func ReadHeld(s string, d *ledger.DomainHeld) error {
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), d)
}

// ActColumns are the columns of an act, as in Act.Dest; NULL for none.
func ActColumns(a *ledger.Act) []any {
	if a == nil {
		return []any{nil, nil, nil, nil}
	}
	return []any{Nanos(a.At), a.Who, a.What, Reason(*a)}
}

// Reason is the reason of an act as it is stored: what a person typed, or a sentence of the program.
func Reason(by ledger.Act) any {
	if by.Said.IsZero() {
		return by.Reason
	}
	return by.Said
}

// Bitmap is a set of ids that lie close together, from From on.
type Bitmap struct {
	From int64
	bits []uint64
}

// Set adds an id and reports whether it was not there.
func (b *Bitmap) Set(id int64) bool {
	i := id - b.From
	for int64(len(b.bits)) <= i/64 {
		b.bits = append(b.bits, 0)
	}
	was := b.bits[i/64]&(1<<(i%64)) != 0
	b.bits[i/64] |= 1 << (i % 64)
	return !was
}

// Has reports whether an id is there.
func (b *Bitmap) Has(id int64) bool {
	i := id - b.From
	return i >= 0 && i/64 < int64(len(b.bits)) && b.bits[i/64]&(1<<(i%64)) != 0
}

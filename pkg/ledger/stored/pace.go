package stored

import (
	"encoding/binary"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// AppendPace appends how an account stands to a domain: two names, two instants and how it is held back.
func AppendPace(b []byte, of DomainOf, d *ledger.DomainState) ([]byte, error) {
	held, err := Held(d.DomainHeld)
	if err != nil {
		return b, err
	}
	b = appendText(appendText(b, of.Account), of.Domain)
	b = binary.AppendVarint(binary.AppendVarint(b, Nanos(d.EmptyAt)), Nanos(d.Tail))
	return appendText(b, held), nil
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// EachPace reads what AppendPace appended, one after the other.
func EachPace(b []byte, take func(DomainOf, ledger.DomainState)) error {
	r := paceReader{rest: b}
	for len(r.rest) > 0 {
		of := DomainOf{Account: r.text(), Domain: r.text()}
		d := ledger.DomainState{EmptyAt: Moment(r.number()), Tail: Moment(r.number())}
		held := r.text()
		if r.broken {
			return ledger.Damaged("ledger.damaged.pace", words.A{})
		}
		if err := ReadHeld(held, &d.DomainHeld); err != nil {
			return err
		}
		take(of, d)
	}
	return nil
}

type paceReader struct {
	rest   []byte
	broken bool
}

func (r *paceReader) text() string {
	n, used := binary.Uvarint(r.rest)
	if used <= 0 || n > uint64(len(r.rest)-used) {
		r.broken, r.rest = true, nil
		return ""
	}
	s := string(r.rest[used : used+int(n)])
	r.rest = r.rest[used+int(n):]
	return s
}

func (r *paceReader) number() int64 {
	n, used := binary.Varint(r.rest)
	if used <= 0 {
		r.broken, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[used:]
	return n
}

// Uncount takes a message of a claim back that counted as attempted under those names: see ledger.Settlement.
func Uncount(c *Claimed, names []string, domain func(account, name string) (*ledger.DomainState, error)) error {
	for _, name := range names {
		d, err := domain(c.Account, name)
		if err != nil {
			return err
		}
		d.Uncount(c.Day)
	}
	return nil
}

// paceKept is for how long what is known of a domain is kept that nothing was sent to: no rate is slower than that.
const paceKept = 72 * time.Hour

// PaceOver reports that what is known of a domain counts for nothing any more. What is known of a sender always does.
func PaceOver(of DomainOf, d *ledger.DomainState, now time.Time) bool {
	if _, is := ledger.SenderOf(of.Domain); is {
		return false
	}
	last := ledger.Latest(d.EmptyAt, d.Tail, d.SlowUntil, d.Until, d.Since)
	old := now.Add(-paceKept)
	return last.Before(old) && d.Day < old.Format(time.DateOnly)
}

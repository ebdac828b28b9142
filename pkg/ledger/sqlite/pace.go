package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"maps"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// repace gives back all places under the rates of domains, where those were others when the campaign ran last: the queues are
// made anew by who asks first. What has left counts as before.
func (x *tx) repace(campaign int64, pace string) error {
	var last string
	err := x.one([]any{&last}, "SELECT pace FROM run WHERE campaign_id = ? ORDER BY id DESC LIMIT 1", campaign)
	if errors.Is(err, sql.ErrNoRows) || err == nil && last == pace {
		return nil
	}
	if err != nil {
		return err
	}
	if err := x.exec("UPDATE standing SET not_before = 0, paced = 0 WHERE campaign_id = ? AND state = 'pending' AND paced > 0", campaign); err != nil {
		return err
	}
	p, err := x.pace()
	if err != nil {
		return err
	}
	for _, d := range p.of {
		d.Tail = d.EmptyAt
	}
	return x.wholePace()
}

// The widths of the rows of claiming.passed and claiming.passedAgain.
const (
	passedColumns      = 6
	passedAgainColumns = 3
)

// pace is what is known of the domains that accounts send to. A transaction writes what it changed of it as one row, however many domains
// there are; all of it is written when as much as that was added. What others wrote is read before it is used.
type pace struct {
	of      map[stored.DomainOf]*domain
	last    int64 // the id of the newest row that was read or written
	added   int   // domains in the rows after the one that has all
	version int64 // of the database when it was read
}

type domain struct {
	ledger.DomainState

	was     ledger.DomainState // before this transaction, where it was touched in it
	touched bool
}

// pace reads what others wrote since this writer was at it.
func (b *books) pace() (*pace, error) {
	if b.paces != nil {
		return b.paces, nil
	}
	p := b.t.known
	if p == nil {
		p = &pace{of: make(map[stored.DomainOf]*domain)}
	}
	if b.paces = p; p.version != 0 && p.version == b.version {
		return p, nil
	}
	p.version = b.version
	return p, b.t.rawEach(func(v []driver.Value) error {
		id, isID := v[0].(int64)
		whole, isWhole := v[1].(int64)
		entries, isEntries := v[2].([]byte)
		if !isID || !isWhole || !isEntries {
			return ledger.Damaged("ledger.damaged.pace", nil)
		}
		if p.last = id; whole != 0 {
			clear(p.of)
			p.added = 0
		}
		return stored.EachPace(entries, func(of stored.DomainOf, d ledger.DomainState) {
			p.of[of] = &domain{DomainState: d}
			p.added += int(1 - whole)
		})
	}, "SELECT id, whole, entries FROM domain_pace WHERE id > ? ORDER BY id", p.last)
}

// domain is the state of the domain, as it is now in this transaction.
func (b *books) domain(account, name string) (*ledger.DomainState, error) {
	p, err := b.pace()
	if err != nil {
		return nil, err
	}
	k := stored.DomainOf{Account: account, Domain: name}
	d := p.of[k]
	if d == nil {
		d = new(domain)
		p.of[k] = d
	}
	if !d.touched {
		d.was, d.touched = d.DomainState, true
		b.touched = append(b.touched, k)
	}
	return &d.DomainState, nil
}

// leastWhole is how many domains are added before all is written anew.
const leastWhole = 2000

// flushDomains writes what changed of the domains of this transaction.
func (b *books) flushDomains() (err error) {
	var entries []byte
	changed := 0
	for _, of := range b.touched {
		d := b.paces.of[of]
		d.touched = false
		if d.EmptyAt.Equal(d.was.EmptyAt) && d.Tail.Equal(d.was.Tail) && d.DomainHeld == d.was.DomainHeld {
			continue
		}
		changed++
		if entries, err = stored.AppendPace(entries, of, &d.DomainState); err != nil {
			return err
		}
	}
	b.touched = b.touched[:0]
	if changed == 0 {
		return nil
	}
	p := b.paces
	if p.added += changed; p.added > max(leastWhole, len(p.of)) {
		maps.DeleteFunc(p.of, func(of stored.DomainOf, d *domain) bool { return stored.PaceOver(of, &d.DomainState, b.now) })
		return b.wholePace()
	}
	return b.writePace(0, entries)
}

// wholePace writes all that is known of the domains in the place of what was written before.
func (b *books) wholePace() (err error) {
	var entries []byte
	for _, of := range stored.SortedKeys(b.paces.of, stored.DomainOf.Compare) {
		if entries, err = stored.AppendPace(entries, of, &b.paces.of[of].DomainState); err != nil {
			return err
		}
	}
	b.paces.added = 0
	if err := b.t.exec("DELETE FROM domain_pace"); err != nil {
		return err
	}
	return b.writePace(1, entries)
}

func (b *books) writePace(whole int64, entries []byte) error {
	b.paces.last++
	return b.t.write("INSERT INTO domain_pace (id, whole, entries) VALUES (?, ?, ?)", []driver.Value{b.paces.last, whole, stored.NotNil(entries)})
}

// Senders implements ledger.Reader.
func (l *Ledger) Senders(ctx context.Context, account string) (map[string]ledger.DomainHeld, error) {
	out := make(map[string]ledger.DomainHeld)
	err := l.eachPace(ctx, func(of stored.DomainOf, d ledger.DomainState) {
		if sender, is := ledger.SenderOf(of.Domain); is && of.Account == account {
			out[sender] = d.DomainHeld
		}
	})
	return out, l.asking(err, "senders of %s", account)
}

// eachPace reads what is known of the domains: of one the last that is said holds.
func (l *Ledger) eachPace(ctx context.Context, take func(stored.DomainOf, ledger.DomainState)) error {
	return each(ctx, l.read, func(rows *sql.Rows) error {
		var entries []byte
		if err := rows.Scan(&entries); err != nil {
			return err
		}
		return stored.EachPace(entries, take)
	}, "SELECT entries FROM domain_pace ORDER BY id")
}

// offer asks the teller about a message.
func (c *claiming) offer(req ledger.ClaimRequest, teller *flow.Teller, row *pendingRow) (flow.Verdict, error) {
	o := flow.Offer{Segments: row.claim.Segments, To: row.claim.Address, Place: row.pace}
	name := teller.Domain(row.claim.Address)
	if name != "" {
		var err error
		if o.Domain, err = c.x.domain(req.Limits.Account, name); err != nil {
			return flow.Verdict{}, err
		}
	}
	return teller.Offer(name, o), nil
}

// writePassed lets the messages wait that were passed over, many with one statement.
func (c *claiming) writePassed() error {
	if len(c.passed)+len(c.passedAgain) > 0 {
		clear(c.x.unpaced)
	}
	for rows, values := range statements(c.passed, passedColumns) {
		if err := c.x.exec(`INSERT OR FAIL INTO standing (state, message_id, not_before, paced, campaign_id, channel, seal)
			VALUES `+placeholders(rows, passedColumns, "'pending'"), values...); err != nil {
			return err
		}
	}
	for rows, values := range statements(c.passedAgain, passedAgainColumns) {
		if err := c.x.exec(`UPDATE OR FAIL standing SET not_before = v.column2, paced = v.column3
			FROM (VALUES `+placeholders(rows, passedAgainColumns)+`) v WHERE standing.message_id = v.column1`, values...); err != nil {
			return err
		}
	}
	c.passed, c.passedAgain = c.passed[:0], c.passedAgain[:0]
	return nil
}

// pass lets a message wait for its domain.
func (c *claiming) pass(s *shelf, row *pendingRow, v flow.Verdict) {
	place := []any{row.id, stored.Nanos(v.Wait), int(v.Place)}
	if !row.recorded {
		c.passed = append(c.passed, append(place, s.of.campaign, string(s.of.channel), stored.SealPending(s.of.campaign, s.of.channel, row.id))...)
		return
	}
	c.passedAgain = append(c.passedAgain, place...)
}

func (r *pendingRow) ready(now time.Time) bool {
	if r.pace != flow.PlaceNone {
		return flow.ReadyPlaced(r.notBefore, now)
	}
	return ledger.Ready(r.notBefore, now)
}

package sqlite

import (
	"database/sql"
	"errors"
	"slices"
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
	return x.exec("UPDATE domain_pace SET tail = empty_at")
}

// The widths of the rows of claiming.passed and claiming.passedAgain, and of domain_pace.
const (
	paceColumns        = 5
	passedColumns      = 6
	passedAgainColumns = 3
)

type domain struct {
	now, was ledger.DomainState
	asked    bool // in this transaction
}

// domain is the state of the domain, as it is now in this transaction.
func (b *books) domain(account, name string) (*ledger.DomainState, error) {
	k := stored.DomainOf{Account: account, Domain: name}
	d, ok := b.domains[k]
	if !ok {
		d = new(domain)
		err := b.t.each(func(rows *sql.Rows) error {
			var empty, tail int64
			var held string
			if err := rows.Scan(&empty, &tail, &held); err != nil {
				return err
			}
			d.now.EmptyAt, d.now.Tail = stored.Moment(empty), stored.Moment(tail)
			return stored.ReadHeld(held, &d.now.DomainHeld)
		}, "SELECT empty_at, tail, held FROM domain_pace WHERE account = ? AND domain = ?", account, name)
		if err != nil {
			return nil, err
		}
		d.was = d.now
		b.domains[k] = d
	}
	if !d.asked {
		d.asked = true
		b.asked = append(b.asked, k)
	}
	return &d.now, nil
}

// flushDomains writes what changed of the domains of this transaction: the books may know thousands.
func (b *books) flushDomains() error {
	slices.SortFunc(b.asked, stored.DomainOf.Compare)
	var changed []any
	for _, k := range b.asked {
		d := b.domains[k]
		d.asked = false
		if d.now.EmptyAt.Equal(d.was.EmptyAt) && d.now.Tail.Equal(d.was.Tail) && d.now.DomainHeld == d.was.DomainHeld {
			continue
		}
		held, err := stored.Held(d.now.DomainHeld)
		if err != nil {
			return err
		}
		changed = append(changed, k.Account, k.Domain, stored.Nanos(d.now.EmptyAt), stored.Nanos(d.now.Tail), held)
		d.was = d.now
	}
	for rows, values := range statements(changed, paceColumns) {
		if err := b.t.exec("INSERT OR REPLACE INTO domain_pace (account, domain, empty_at, tail, held) VALUES "+placeholders(rows, paceColumns), values...); err != nil {
			return err
		}
	}
	b.asked = b.asked[:0]
	return nil
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

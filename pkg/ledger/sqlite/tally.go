package sqlite

import (
	"cmp"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// cellOf is where a message counts in the tally of its campaign.
type cellOf struct {
	channel           message.Channel
	state             message.State
	account, currency string
	run               ledger.RunID
}

func (k cellOf) compare(o cellOf) int {
	return cmp.Or(cmp.Compare(k.channel, o.channel), cmp.Compare(k.state, o.state), cmp.Compare(k.account, o.account),
		cmp.Compare(k.currency, o.currency), cmp.Compare(k.run, o.run))
}

// debits reports whether what stands there is debited.
func (k cellOf) debits() bool { return debited(k.state) }

func debited(s message.State) bool {
	return s == message.Attempting || s == message.Accepted || s == message.Unknown
}

// plain is where a message counts that is pending or cancelled.
func plain(ch message.Channel, s message.State) cellOf { return cellOf{channel: ch, state: s} }

// claimed is what the messages of a claim share.
type claimed struct {
	id, campaign           int64
	run                    ledger.RunID
	channel                message.Channel
	account, currency, day string
	price                  message.Money
}

// cell is where a message of the claim counts in that state.
func (c *claimed) cell(s message.State) cellOf {
	switch s {
	case message.Pending, message.Cancelled:
		return plain(c.channel, s)
	case message.Attempting:
		return cellOf{channel: c.channel, state: s, account: c.account, currency: c.currency, run: c.run}
	case message.Accepted, message.Rejected, message.Unknown:
	}
	return cellOf{channel: c.channel, state: s, account: c.account, currency: c.currency}
}

// debit is what so many messages with so many segments cost.
func (c *claimed) debit(messages, segments int64) ledger.Debit {
	return ledger.Debit{Messages: messages, Segments: segments, Cost: c.price.Times(int(segments))}
}

// tally is the campaign's.
func (b *books) tally(campaign int64) (map[cellOf]*day, error) {
	if cells, ok := b.tallies[campaign]; ok {
		return cells, nil
	}
	cells := make(map[cellOf]*day)
	err := b.t.each(func(rows *sql.Rows) error {
		k, d, err := scanCell(rows, campaign)
		cells[k] = &day{Debit: d}
		return err
	}, tallyQuery, campaign)
	if err != nil {
		return nil, err
	}
	b.tallies[campaign] = cells
	return cells, nil
}

const tallyQuery = "SELECT channel, state, account, currency, run_id, messages, segments, cost, seal FROM tally WHERE campaign_id = ?"

func scanCell(row scanner, campaign int64) (k cellOf, d ledger.Debit, err error) {
	var seal int64
	err = row.Scan(&k.channel, &k.state, &k.account, &k.currency, &k.run, &d.Messages, &d.Segments, &d.Cost, &seal)
	if err == nil && seal != sealOf(k.values(campaign, d)...) {
		err = changed(rowTally, campaign)
	}
	return k, d, err
}

// values are the columns of a cell with what it counts.
func (k cellOf) values(campaign int64, d ledger.Debit) []driver.Value {
	return []driver.Value{campaign, string(k.channel), string(k.state), k.account, k.currency, int64(k.run), d.Messages, d.Segments, int64(d.Cost)}
}

// shift counts messages of a campaign in another cell than before. Without a state, from is where new ones come from.
func (b *books) shift(campaign int64, from, to cellOf, d ledger.Debit) error {
	if d.Messages == 0 || from == to {
		return nil
	}
	cells, err := b.tally(campaign)
	if err != nil {
		return err
	}
	for _, end := range []struct {
		cellOf
		sign int64
	}{{from, -1}, {to, +1}} {
		if end.state == "" {
			continue
		}
		cell := cells[end.cellOf]
		if cell == nil {
			cell = new(day)
			cells[end.cellOf] = cell
		}
		cell.dirty = true
		cell.Messages += end.sign * d.Messages
		if end.state == message.Pending || end.debits() {
			cell.Segments += end.sign * d.Segments
		}
		if end.debits() {
			cell.Cost += message.Money(end.sign) * d.Cost
		}
	}
	return nil
}

// resize takes in that a pending message has other segments than before.
func (b *books) resize(campaign int64, ch message.Channel, before, after int64) error {
	cells, err := b.tally(campaign)
	if err != nil || before == after {
		return err
	}
	cell := cells[plain(ch, message.Pending)]
	if cell == nil {
		return fmt.Errorf("channel %s of campaign %d counts nothing as pending, and something is", ch, campaign)
	}
	cell.Segments += after - before
	cell.dirty = true
	return nil
}

// cancelAll counts all that is pending as cancelled.
func (b *books) cancelAll(campaign int64) (int, error) {
	cells, err := b.tally(campaign)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, k := range sortedKeys(cells, cellOf.compare) {
		if k.state != message.Pending {
			continue
		}
		n += cells[k].Messages
		if err := b.shift(campaign, k, plain(k.channel, message.Cancelled), cells[k].Debit); err != nil {
			return 0, err
		}
	}
	return int(n), nil
}

// settled counts messages of a claim as what came of them, and credits what was definitely not accepted.
func (b *books) settled(c *claimed, from, to message.State, d ledger.Debit) error {
	if err := b.shift(c.campaign, c.cell(from), c.cell(to), d); err != nil {
		return err
	}
	if debited(to) {
		return nil
	}
	return b.post(c, d, -1)
}

// spentIn is what the campaign has spent in one currency.
func (b *books) spentIn(campaign int64, currency string) (message.Money, error) {
	cells, err := b.tally(campaign)
	var sum message.Money
	for k, c := range cells {
		if k.currency == currency {
			sum += c.Cost
		}
	}
	return sum, err
}

// openAt is how many messages of the campaign and the channel are open at the account.
func (b *books) openAt(campaign int64, ch message.Channel, account string) (int, error) {
	cells, err := b.tally(campaign)
	n := int64(0)
	for k, c := range cells {
		if k.state == message.Attempting && k.channel == ch && k.account == account {
			n += c.Messages
		}
	}
	return int(n), err
}

// states are the campaign's messages by channel and state.
func (b *books) states(campaign int64) (ledger.Tally, error) {
	cells, err := b.tally(campaign)
	t := make(ledger.Tally)
	for k, c := range cells {
		t.Add(k.channel, k.state, int(c.Messages))
	}
	return t, err
}

// flushTallies writes what changed. What no run attempts any more is forgotten: there would be rows of every run that ever was.
func (b *books) flushTallies() error {
	for campaign, cells := range b.tallies {
		for k, c := range cells {
			if !c.dirty {
				continue
			}
			c.dirty = false
			if c.Messages == 0 && k.run != 0 {
				delete(cells, k)
				if err := b.t.exec(`DELETE FROM tally WHERE campaign_id = ? AND channel = ? AND state = ? AND account = ? AND currency = ?
					AND run_id = ?`, campaign, string(k.channel), string(k.state), k.account, k.currency, int64(k.run)); err != nil {
					return err
				}
				continue
			}
			values := k.values(campaign, c.Debit)
			if err := b.t.write(`INSERT OR REPLACE INTO tally (campaign_id, channel, state, account, currency, run_id, messages, segments, cost, seal)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(values, sealOf(values...))); err != nil {
				return err
			}
		}
	}
	return nil
}

const reachQuery = `SELECT channel, last_id, next_id, ifnull((SELECT max(c.last_id) FROM claim c
	WHERE c.campaign_id = r.campaign_id AND c.channel = r.channel AND c.last_id IS NOT NULL), 0) FROM reach r WHERE campaign_id = ?`

// reached is how far a channel was handed out.
type reached struct {
	last, next int64
	swept      bool // beyond what was claimed none was found that is pending
}

// reach is how far the channels of the campaign were handed out.
func (b *books) reach(campaign int64) (map[message.Channel]*reached, error) {
	if r, ok := b.reaches[campaign]; ok {
		return r, nil
	}
	of := make(map[message.Channel]*reached)
	err := b.t.each(func(rows *sql.Rows) error {
		var ch message.Channel
		var claimed int64
		r := new(reached)
		err := rows.Scan(&ch, &r.last, &r.next, &claimed)
		if err == nil && claimed != r.last {
			err = fmt.Errorf("%w: %s of campaign %d was handed out up to message %d, and its claims end with %d", ledger.ErrDamaged, ch, campaign, r.last, claimed)
		}
		of[ch] = r
		return err
	}, reachQuery, campaign)
	if err != nil {
		return nil, err
	}
	b.reaches[campaign] = of
	return of, nil
}

package sqlite

import (
	"database/sql"
	"strconv"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"
)

// tally is the campaign's.
func (b *books) tally(campaign int64) (stored.Tally, error) {
	if cells, ok := b.tallies[campaign]; ok {
		return cells, nil
	}
	cells := make(stored.Tally)
	err := b.t.each(func(rows *sql.Rows) error {
		k, d, err := scanCell(rows, campaign)
		cells[k] = &stored.Count{Debit: d}
		return err
	}, tallyQuery, campaign)
	if err != nil {
		return nil, err
	}
	b.tallies[campaign] = cells
	return cells, nil
}

const tallyQuery = "SELECT channel, state, account, currency, run_id, messages, segments, cost, seal FROM tally WHERE campaign_id = ?"

func scanCell(row scanner, campaign int64) (k stored.Cell, d ledger.Debit, err error) {
	var seal int64
	err = row.Scan(&k.Channel, &k.State, &k.Account, &k.Currency, &k.Run, &d.Messages, &d.Segments, &d.Cost, &seal)
	if err == nil && seal != stored.SealOf(k.Values(campaign, d)...) {
		err = stored.Changed(stored.TallyCell, campaign)
	}
	return k, d, err
}

// shift counts messages of a campaign in another cell than before. Without a state, from is where new ones come from.
func (b *books) shift(campaign int64, from, to stored.Cell, d ledger.Debit) error {
	cells, err := b.tally(campaign)
	if err == nil {
		cells.Shift(from, to, d)
	}
	return err
}

// resize takes in that a pending message has other segments than before.
func (b *books) resize(campaign int64, ch message.Channel, before, after int64) error {
	cells, err := b.tally(campaign)
	if err != nil {
		return err
	}
	return cells.Resize(ch, before, after)
}

// cancelAll counts all that is pending as cancelled.
func (b *books) cancelAll(campaign int64) (int, error) {
	cells, err := b.tally(campaign)
	if err != nil {
		return 0, err
	}
	return cells.CancelAll(), nil
}

// settled counts messages of a claim as what came of them, and credits what was definitely not accepted.
func (b *books) settled(c *stored.Claimed, from, to message.State, d ledger.Debit) error {
	if err := b.shift(c.Campaign, c.Cell(from), c.Cell(to), d); err != nil {
		return err
	}
	if stored.Debited(to) {
		return nil
	}
	return b.post(c, d, -1)
}

// states are the campaign's messages by channel and state.
func (b *books) states(campaign int64) (ledger.Tally, error) {
	cells, err := b.tally(campaign)
	return cells.States(), err
}

// flushTallies writes what changed. What no run attempts any more is forgotten: there would be rows of every run that ever was.
func (b *books) flushTallies() error {
	for campaign, cells := range b.tallies {
		for k, c := range cells {
			if !c.Dirty {
				continue
			}
			c.Dirty = false
			if c.Messages == 0 && k.Run != 0 {
				delete(cells, k)
				if err := b.t.exec(`DELETE FROM tally WHERE campaign_id = ? AND channel = ? AND state = ? AND account = ? AND currency = ?
					AND run_id = ?`, campaign, string(k.Channel), string(k.State), k.Account, k.Currency, int64(k.Run)); err != nil {
					return err
				}
				continue
			}
			values := k.Values(campaign, c.Debit)
			if err := b.t.write(`INSERT OR REPLACE INTO tally (campaign_id, channel, state, account, currency, run_id, messages, segments, cost, seal)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(values, stored.SealOf(values...))); err != nil {
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
			err = ledger.Damaged("ledger.damaged.reach", words.A{
				"channel": words.Of("channel", ch), "last": strconv.FormatInt(r.last, 10), "claimed": strconv.FormatInt(claimed, 10),
			})
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

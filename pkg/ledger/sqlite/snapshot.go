package sqlite

import (
	"context"
	"database/sql"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

// Counts are the messages by channel and state, as they are kept.
func (l *Ledger) Counts(ctx context.Context, campaign string) (ledger.Counts, error) {
	var s ledger.Snapshot
	err := l.atOnce(ctx, func(db reader) error {
		c, err := readCampaign(ctx, db, campaign)
		if err != nil {
			return err
		}
		return readTally(ctx, db, c, &s)
	})
	return s.Counts, l.asking(err, "count campaign %s", campaign)
}

// Snapshot is all that a screen shows of a campaign: see ledger.Reader.
func (l *Ledger) Snapshot(ctx context.Context, campaign string, day ledger.Day) (ledger.Snapshot, error) {
	var s ledger.Snapshot
	err := l.atOnce(ctx, func(db reader) error {
		c, err := readCampaign(ctx, db, campaign)
		if err != nil {
			return err
		}
		s = ledger.Snapshot{Campaign: c.Campaign, Reach: make(ledger.Reach)}
		if err := readTally(ctx, db, c, &s); err != nil {
			return err
		}
		for i := range s.Accounts {
			a := &s.Accounts[i]
			if a.Usage, err = readUsage(ctx, db, a.State.Account, day); err != nil {
				return err
			}
			if err := each(ctx, db, func(rows *sql.Rows) error {
				a.State, err = scanAccount(rows)
				return err
			}, "SELECT "+accountColumns+" FROM account WHERE name = ?", a.State.Account); err != nil {
				return err
			}
		}
		if err := each(ctx, db, func(rows *sql.Rows) error {
			r, err := scanRun(rows)
			s.Last = &r
			return err
		}, "SELECT "+runColumns+" FROM run WHERE id = (SELECT max(id) FROM run WHERE campaign_id = ?)", c.id); err != nil {
			return err
		}
		return each(ctx, db, func(rows *sql.Rows) error {
			var ch message.Channel
			var last int64
			err := rows.Scan(&ch, &last)
			s.Reach[ch] = last
			return err
		}, "SELECT channel, last_id FROM reach WHERE campaign_id = ?", c.id)
	})
	return s, l.asking(err, "look at campaign %s", campaign)
}

// readTally reads how many messages are in which state, by channel and by account.
func readTally(ctx context.Context, db reader, c *campaignRow, s *ledger.Snapshot) error {
	s.Counts = stored.NewCounts(c.recipients, c.folded, c.people)
	return each(ctx, db, func(rows *sql.Rows) error {
		k, d, err := scanCell(rows, c.id)
		if err == nil {
			stored.Tell(s, k, d)
		}
		return err
	}, tallyQuery, c.id)
}

package postgres

import (
	"context"
	"errors"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"

	"github.com/jackc/pgx/v5"
)

// campaignRow is a campaign with what only this package needs of it.
type campaignRow struct {
	ledger.Campaign
	id          int64
	first, last int64 // its messages are within these ids
	ordered     bool
	recipients  int
	folded      int
	people      int
}

const campaignQuery = `SELECT c.id, c.name, c.digest, c.spec, c.created, c.staged, c.first_id, c.last_id, c.ordered, c.recipients, c.folded, c.people, ` +
	stoppedColumns + ` FROM campaign c`

func scanCampaign(rows pgx.Rows) (*campaignRow, error) {
	var c campaignRow
	var created, staged int64
	var p, a stored.Act
	err := rows.Scan(slices.Concat([]any{
		&c.id, &c.Name, &c.Digest, &c.Spec, &created, &staged,
		&c.first, &c.last, &c.ordered, &c.recipients, &c.folded, &c.people,
	}, p.Dest(), a.Dest())...)
	c.Created, c.Staged, c.Paused, c.Aborted = stored.Moment(created), stored.Moment(staged), p.Act(), a.Act()
	return &c, err
}

func (c *campaignRow) holder(rows pgx.Rows) error {
	r, err := scanRun(rows)
	c.Holders = append(c.Holders, r)
	return err
}

// campaign is the campaign, which stays locked against whoever stages it, begins a run, or decides about it.
func (x *tx) campaign(name string) (*campaignRow, error) {
	var c *campaignRow
	x.ask(func(pgx.Rows) error { return nil }, "SELECT id FROM campaign WHERE name = $1 FOR NO KEY UPDATE", name)
	x.ask(func(rows pgx.Rows) (err error) {
		c, err = scanCampaign(rows)
		return err
	}, campaignQuery+" WHERE c.name = $1", name)
	sound := true
	s := seals()[0]
	x.ask(func(rows pgx.Rows) error {
		v, err := valuesOf(rows)
		sound = v[len(v)-1] == nil || new(stored.Sealer).Fits(v) // it gets its seal when this transaction ends, or fits it
		return err
	}, "SELECT "+s.columns+", "+s.from+" WHERE name = $1", name)
	if err := x.sync(); err != nil {
		return nil, err
	}
	if c == nil {
		return nil, ledger.ErrNoCampaign
	}
	if !sound {
		return nil, stored.Changed(stored.Campaign, name)
	}
	live, err := x.live(c.id)
	c.Holders = slices.Clone(live)
	return c, err
}

// row reads one campaign.
func (l *Ledger) row(ctx context.Context, name string) (c *campaignRow, err error) {
	err = l.atOnce(ctx, func(db reader) error {
		c, err = readCampaign(ctx, db, name)
		return err
	})
	return c, l.asking(err, "read campaign %s", name)
}

func readCampaign(ctx context.Context, db reader, name string) (*campaignRow, error) {
	var c *campaignRow
	err := each(ctx, db, func(rows pgx.Rows) (err error) {
		c, err = scanCampaign(rows)
		return err
	}, campaignQuery+" WHERE c.name = $1", name)
	if err == nil && c == nil {
		err = ledger.ErrNoCampaign
	}
	if err != nil {
		return nil, err
	}
	return c, each(ctx, db, c.holder, liveQuery, c.id)
}

// Campaign reads one campaign.
func (l *Ledger) Campaign(ctx context.Context, name string) (ledger.Campaign, error) {
	c, err := l.row(ctx, name)
	if err != nil {
		return ledger.Campaign{}, err
	}
	return c.Campaign, nil
}

// Campaigns reads all campaigns, the newest first.
func (l *Ledger) Campaigns(ctx context.Context) ([]ledger.Campaign, error) {
	var out []ledger.Campaign
	err := l.atOnce(ctx, func(db reader) error {
		var cs []*campaignRow
		err := each(ctx, db, func(rows pgx.Rows) error {
			c, err := scanCampaign(rows)
			cs = append(cs, c)
			return err
		}, campaignQuery+" ORDER BY c.created DESC, c.id DESC")
		for _, c := range cs {
			err = errors.Join(err, each(ctx, db, c.holder, liveQuery, c.id))
			out = append(out, c.Campaign)
		}
		return err
	})
	return out, l.asking(err, "read campaigns")
}

// Usage is what was debited on the day and in its month.
func (l *Ledger) Usage(ctx context.Context, account string, day ledger.Day) (ledger.Usage, error) {
	u, err := readUsage(ctx, l.read, account, day)
	return u, l.asking(err, "read the usage of account %s", account)
}

func readUsage(ctx context.Context, db reader, account string, day ledger.Day) (u ledger.Usage, err error) {
	month := stored.MonthOf(day.Name)
	if err := each(ctx, db, func(rows pgx.Rows) error { return rows.Scan(&u.Month.Messages, &u.Month.Segments, &u.Month.Cost) },
		monthQuery, account, month, month+"."); err != nil {
		return u, err
	}
	var last int64
	err = each(ctx, db, func(rows pgx.Rows) error { return rows.Scan(&u.Day.Messages, &u.Day.Segments, &u.Day.Cost, &last) }, dayQuery, account, day.Name)
	if err != nil || day.From.IsZero() {
		return u, err
	}
	err = each(ctx, db, overlapping(day, &u.Day), overlapQuery, account, day.Name, stored.Nanos(day.From))
	return u, err
}

// Accounts is the shared state of every account, by name.
func (l *Ledger) Accounts(ctx context.Context) ([]ledger.AccountState, error) {
	var out []ledger.AccountState
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		a, err := scanAccount(rows)
		out = append(out, a)
		return err
	}, "SELECT "+accountColumns+" FROM account ORDER BY name")
	return out, l.asking(err, "read accounts")
}

func readAudit(ctx context.Context, db reader, campaign string) ([]ledger.AuditEntry, error) {
	var out []ledger.AuditEntry
	err := each(ctx, db, func(rows pgx.Rows) error {
		e, err := stored.ScanAudit(rows)
		out = append(out, e)
		return err
	}, "SELECT "+stored.AuditColumns+" FROM audit WHERE campaign = $1 ORDER BY id", campaign)
	return out, err
}

// Runs are the runs of a campaign, the newest first.
func (l *Ledger) Runs(ctx context.Context, campaign string) (out []ledger.Run, err error) {
	err = l.atOnce(ctx, func(db reader) error {
		c, err := readCampaign(ctx, db, campaign)
		if err == nil {
			out, err = readRuns(ctx, db, c)
		}
		return err
	})
	return out, l.asking(err, "read the runs of campaign %s", campaign)
}

func readRuns(ctx context.Context, db reader, c *campaignRow) ([]ledger.Run, error) {
	var out []ledger.Run
	err := each(ctx, db, func(rows pgx.Rows) error {
		r, err := scanRun(rows)
		out = append(out, r)
		return err
	}, "SELECT "+runColumns+" FROM run WHERE campaign_id = $1 ORDER BY id DESC", c.id)
	return out, err
}

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
			if err := each(ctx, db, func(rows pgx.Rows) error {
				a.State, err = scanAccount(rows)
				return err
			}, "SELECT "+accountColumns+" FROM account WHERE name = $1", a.State.Account); err != nil {
				return err
			}
		}
		if err := each(ctx, db, func(rows pgx.Rows) error {
			r, err := scanRun(rows)
			s.Last = &r
			return err
		}, "SELECT "+runColumns+" FROM run WHERE campaign_id = $1 ORDER BY id DESC LIMIT 1", c.id); err != nil {
			return err
		}
		return each(ctx, db, func(rows pgx.Rows) error {
			var ch message.Channel
			var last int64
			err := rows.Scan(&ch, &last)
			s.Reach[ch] = last
			return err
		}, "SELECT channel, last_id FROM reach WHERE campaign_id = $1", c.id)
	})
	return s, l.asking(err, "look at campaign %s", campaign)
}

// readTally reads how many messages are in which state, by channel and by account.
func readTally(ctx context.Context, db reader, c *campaignRow, s *ledger.Snapshot) error {
	s.Counts = stored.NewCounts(c.recipients, c.folded, c.people)
	return each(ctx, db, func(rows pgx.Rows) error {
		k, d, err := scanCell(rows, c.id)
		if err == nil {
			stored.Tell(s, k, d)
		}
		return err
	}, tallyQuery, c.id)
}

// Senders implements ledger.Reader.
func (l *Ledger) Senders(ctx context.Context, account string) (map[string]ledger.DomainHeld, error) {
	out := make(map[string]ledger.DomainHeld)
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		var name, held string
		if err := rows.Scan(&name, &held); err != nil {
			return err
		}
		var d ledger.DomainHeld
		err := stored.ReadHeld(held, &d)
		if sender, is := ledger.SenderOf(name); is {
			out[sender] = d
		}
		return err
	}, "SELECT domain, held FROM domain_pace WHERE account = $1 AND domain LIKE $2", account, ledger.RampOf("%"))
	return out, l.asking(err, "senders of %s", account)
}

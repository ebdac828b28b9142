package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// messagesOf are all messages of a campaign, in the order of their ids: as they lie. The planner prefers the index of the keys,
// in whose order every message is on another page.
const messagesOf = ` FROM message m NOT INDEXED WHERE m.id BETWEEN ? AND ? AND m.campaign_id = ?`

// standingOf is messagesOf, with how each stands. The sign keeps the index away.
const (
	standings  = ` FROM message_standing m`
	ofCampaign = ` WHERE m.id BETWEEN ? AND ? AND +m.campaign_id = ?`
	standingOf = standings + ofCampaign
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

const (
	campaignQuery = `SELECT c.id, c.name, c.digest, c.spec, c.created, c.staged, c.first_id, c.last_id, c.ordered, c.recipients, c.folded, c.people, ` +
		stoppedColumns + ` FROM campaign c`
	holdersQuery = `SELECT ` + runColumns + ` FROM run WHERE campaign_id = ? AND ended IS NULL ORDER BY id`
)

func scanCampaign(rows *sql.Rows) (*campaignRow, error) {
	var c campaignRow
	var created, staged int64
	paused, aborted, err := scanStopped(rows, &c.id, &c.Name, &c.Digest, &c.Spec, &created, &staged,
		&c.first, &c.last, &c.ordered, &c.recipients, &c.folded, &c.people)
	c.Created, c.Staged, c.Paused, c.Aborted = stored.Moment(created), stored.Moment(staged), paused, aborted
	return &c, err
}

func (c *campaignRow) holder(rows *sql.Rows) error {
	r, err := scanRun(rows)
	c.Holders = append(c.Holders, r)
	return err
}

func (x *tx) campaign(name string) (*campaignRow, error) {
	var c *campaignRow
	err := x.each(func(rows *sql.Rows) (err error) {
		c, err = scanCampaign(rows)
		return err
	}, campaignQuery+" WHERE c.name = ?", name)
	if err == nil && c == nil {
		err = ledger.ErrNoCampaign
	}
	if err != nil {
		return nil, err
	}
	if err := x.soundCampaign(name); err != nil {
		return nil, err
	}
	return c, x.each(c.holder, holdersQuery, c.id)
}

// soundCampaign refuses a campaign whose texts, or what else is frozen with them, do not fit its seal.
func (x *tx) soundCampaign(name string) error {
	return x.rawEach(func(v []driver.Value) error {
		if v[len(v)-1] == nil || x.w.sealer.Fits(v) {
			return nil // it gets its seal when this transaction ends, or fits it
		}
		return stored.Changed(stored.Campaign, name)
	}, "SELECT "+seals()[0].columns+", "+seals()[0].from+" WHERE name = ?", name)
}

// asking wraps the error of a reading call.
func (l *Ledger) asking(err error, format string, args ...any) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrConnDone), err.Error() == "sql: database is closed":
		err = ledger.ErrClosed
	}
	return l.failed(fmt.Sprintf(format, args...), err)
}

// reader is a connection, or a transaction that sees the ledger as it is at one moment.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls row for every row that the query reads.
func each(ctx context.Context, db reader, row func(*sql.Rows) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// atOnce runs look on the ledger as it is at one moment.
func (l *Ledger) atOnce(ctx context.Context, look func(reader) error) error {
	x, err := l.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = x.Rollback() }() // nothing was written
	return look(x)
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
	err := each(ctx, db, func(rows *sql.Rows) (err error) {
		c, err = scanCampaign(rows)
		return err
	}, campaignQuery+" WHERE c.name = ?", name)
	if err == nil && c == nil {
		err = ledger.ErrNoCampaign
	}
	if err != nil {
		return nil, err
	}
	return c, each(ctx, db, c.holder, holdersQuery, c.id)
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
		err := each(ctx, db, func(rows *sql.Rows) error {
			c, err := scanCampaign(rows)
			cs = append(cs, c)
			return err
		}, campaignQuery+" ORDER BY c.created DESC, c.id DESC")
		for _, c := range cs {
			err = errors.Join(err, each(ctx, db, c.holder, holdersQuery, c.id))
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
	err = each(ctx, db, func(rows *sql.Rows) error {
		return rows.Scan(&u.Day.Messages, &u.Day.Segments, &u.Day.Cost, &u.Month.Messages, &u.Month.Segments, &u.Month.Cost)
	}, `
		SELECT ifnull(sum(messages) FILTER (WHERE day = ?1), 0), ifnull(sum(segments) FILTER (WHERE day = ?1), 0),
			ifnull(sum(cost) FILTER (WHERE day = ?1), 0),
			ifnull(sum(messages), 0), ifnull(sum(segments), 0), ifnull(sum(cost), 0)
		FROM usage WHERE account = ?2 AND day >= ?3 AND day < ?4`, day.Name, account, month, month+".")
	if err != nil || day.From.IsZero() {
		return u, err
	}
	err = each(ctx, db, overlapping(day, &u.Day), overlapQuery, account, day.Name, stored.Nanos(day.From))
	return u, err
}

// Accounts is the shared state of every account, by name.
func (l *Ledger) Accounts(ctx context.Context) ([]ledger.AccountState, error) {
	var out []ledger.AccountState
	err := each(ctx, l.read, func(rows *sql.Rows) error {
		a, err := scanAccount(rows)
		out = append(out, a)
		return err
	}, "SELECT "+accountColumns+" FROM account ORDER BY name")
	return out, l.asking(err, "read accounts")
}

func readAudit(ctx context.Context, db reader, campaign string) ([]ledger.AuditEntry, error) {
	var out []ledger.AuditEntry
	err := each(ctx, db, func(rows *sql.Rows) error {
		e, err := stored.ScanAudit(rows)
		out = append(out, e)
		return err
	}, "SELECT "+stored.AuditColumns+" FROM audit WHERE campaign = ?1 ORDER BY id", campaign)
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
	err := each(ctx, db, func(rows *sql.Rows) error {
		r, err := scanRun(rows)
		out = append(out, r)
		return err
	}, "SELECT "+runColumns+" FROM run WHERE campaign_id = ? ORDER BY id DESC", c.id)
	return out, err
}

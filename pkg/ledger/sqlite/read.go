package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"

	"notify/pkg/ledger"
	"notify/pkg/message"
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

// reach is the last id that a range has claimed, of the campaign and the channel that follow; NULL where there is none.
const reach = `SELECT max(last_id) FROM claim WHERE last_id IS NOT NULL AND `

// campaignRow is a campaign with what only this package needs of it.
type campaignRow struct {
	ledger.Campaign
	id          int64
	first, last int64 // its messages are within these ids
	ordered     bool
	recipients  int
	folded      int
}

const campaignQuery = `SELECT c.id, c.name, c.digest, c.spec, c.created, c.staged, c.first_id, c.last_id, c.ordered, c.recipients, c.folded,
	r.id, r.host, r.pid, r.user, r.started, r.beat, r.expires, ` + stoppedColumns + `
	FROM campaign c LEFT JOIN run r ON r.campaign_id = c.id AND r.ended IS NULL`

func scanCampaign(rows *sql.Rows) (*campaignRow, error) {
	var c campaignRow
	var created, staged int64
	var run, pid, started, beat, expires sql.NullInt64
	var host, user sql.NullString
	paused, aborted, err := scanStopped(rows, &c.id, &c.Name, &c.Digest, &c.Spec, &created, &staged,
		&c.first, &c.last, &c.ordered, &c.recipients, &c.folded, &run, &host, &pid, &user, &started, &beat, &expires)
	c.Created, c.Staged, c.Paused, c.Aborted = moment(created), moment(staged), paused, aborted
	if run.Valid {
		c.Holder = &ledger.Run{
			ID: ledger.RunID(run.Int64), Host: host.String, PID: int(pid.Int64), User: user.String,
			Started: moment(started.Int64), Beat: moment(beat.Int64), Expires: moment(expires.Int64),
		}
	}
	return &c, err
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
	return c, err
}

// asking wraps the error of a reading call.
func (l *Ledger) asking(err error, format string, args ...any) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrConnDone), err.Error() == "sql: database is closed":
		err = ledger.ErrClosed
	}
	return fmt.Errorf("%s: ledger %s: %w", fmt.Sprintf(format, args...), l.path, translate(l.path, err))
}

// each calls row for every row that the query reads.
func each(ctx context.Context, db *sql.DB, row func(*sql.Rows) error, query string, args ...any) error {
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

// row reads one campaign on a reading connection.
func (l *Ledger) row(ctx context.Context, name string) (*campaignRow, error) {
	var c *campaignRow
	err := each(ctx, l.read, func(rows *sql.Rows) (err error) {
		c, err = scanCampaign(rows)
		return err
	}, campaignQuery+" WHERE c.name = ?", name)
	if err == nil && c == nil {
		err = ledger.ErrNoCampaign
	}
	return c, l.asking(err, "read campaign %s", name)
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
	err := each(ctx, l.read, func(rows *sql.Rows) error {
		c, err := scanCampaign(rows)
		out = append(out, c.Campaign)
		return err
	}, campaignQuery+" ORDER BY c.created DESC, c.id DESC")
	return out, l.asking(err, "read campaigns")
}

// countQuery counts, by channel, all messages, with no state, and by state those that have a standing; of each also how many the
// ranges reach. It reads both tables from end to end and looks nothing up; what is most is not grouped, because that sorts.
const countQuery = `
	WITH reach AS (SELECT
		(` + reach + `campaign_id = ? AND channel = 'sms') AS sms_to, (` + reach + `campaign_id = ? AND channel = 'email') AS email_to),
	every AS (SELECT count(*) FILTER (WHERE channel = 'sms') AS sms, count(*) FILTER (WHERE channel = 'sms' AND id <= sms_to) AS sms_reached,
		count(*) FILTER (WHERE channel = 'email') AS email, count(*) FILTER (WHERE channel = 'email' AND id <= email_to) AS email_reached
		FROM message NOT INDEXED CROSS JOIN reach WHERE id BETWEEN ? AND ? AND campaign_id = ?)
	SELECT 'sms', '', sms, sms_reached FROM every UNION ALL SELECT 'email', '', email, email_reached FROM every
	UNION ALL
	SELECT channel, state, count(*), count(*) FILTER (WHERE message_id <= CASE channel WHEN 'sms' THEN sms_to ELSE email_to END)
	FROM standing NOT INDEXED CROSS JOIN reach WHERE message_id BETWEEN ? AND ? AND campaign_id = ? GROUP BY channel, state`

// Counts are the messages by channel and state.
func (l *Ledger) Counts(ctx context.Context, campaign string) (ledger.Counts, error) {
	c, err := l.row(ctx, campaign)
	if err != nil {
		return ledger.Counts{}, err
	}
	out := ledger.Counts{
		ByState:    make(map[message.Channel]map[message.State]int),
		Recipients: c.recipients, Folded: c.folded, Cost: make(map[string]ledger.Debit),
	}
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		var ch message.Channel
		var state message.State
		var n, reached int
		if err := rows.Scan(&ch, &state, &n, &reached); err != nil || n == 0 {
			return err
		}
		of := out.ByState[ch]
		if of == nil {
			of = make(map[message.State]int)
			out.ByState[ch] = of
		}
		if state == "" {
			of[message.Pending] += n - reached
			of[message.Attempting] += reached
			return nil
		}
		// It is among all, too.
		of[state] += n
		of[message.Pending] -= n - reached
		of[message.Attempting] -= reached
		return nil
	}, countQuery, c.id, c.id, c.first, c.last, c.id, c.first, c.last, c.id)
	for _, of := range out.ByState {
		maps.DeleteFunc(of, func(_ message.State, n int) bool { return n == 0 })
	}
	if err != nil {
		return ledger.Counts{}, l.asking(err, "count campaign %s", campaign)
	}
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		var account string
		var d ledger.Debit
		if err := rows.Scan(&account, &d.Messages, &d.Segments, &d.Cost); err != nil {
			return err
		}
		out.Cost[account] = d
		return nil
	}, "SELECT account, sum(messages), sum(segments), sum(cost) FROM spent WHERE campaign_id = ? GROUP BY account", c.id)
	return out, l.asking(err, "count campaign %s", campaign)
}

// Usage is what was debited on the day and in its month.
func (l *Ledger) Usage(ctx context.Context, account, day string) (ledger.Usage, error) {
	var u ledger.Usage
	month := monthOf(day)
	err := l.read.QueryRowContext(ctx, `
		SELECT ifnull(sum(messages) FILTER (WHERE day = ?1), 0), ifnull(sum(segments) FILTER (WHERE day = ?1), 0),
			ifnull(sum(cost) FILTER (WHERE day = ?1), 0),
			ifnull(sum(messages), 0), ifnull(sum(segments), 0), ifnull(sum(cost), 0)
		FROM usage WHERE account = ?2 AND day >= ?3 AND day < ?4`, day, account, month, month+".").
		Scan(&u.Day.Messages, &u.Day.Segments, &u.Day.Cost, &u.Month.Messages, &u.Month.Segments, &u.Month.Cost)
	return u, l.asking(err, "read the usage of account %s", account)
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

// AuditLog reads what people did, the oldest first.
func (l *Ledger) AuditLog(ctx context.Context, campaign string) ([]ledger.AuditEntry, error) {
	var out []ledger.AuditEntry
	err := each(ctx, l.read, func(rows *sql.Rows) error {
		var e ledger.AuditEntry
		var at int64
		if err := rows.Scan(&e.Campaign, &e.Who, &e.What, &e.Reason, &at); err != nil {
			return err
		}
		e.At = moment(at)
		out = append(out, e)
		return nil
	}, "SELECT campaign, who, what, reason, at FROM audit WHERE ?1 = '' OR campaign = ?1 ORDER BY id", campaign)
	return out, l.asking(err, "read the audit log")
}

// Check reads the newest preflight result under the digest.
func (l *Ledger) Check(ctx context.Context, campaign, digest string) (ledger.Check, error) {
	c := ledger.Check{Campaign: campaign, Digest: digest}
	var at int64
	err := l.read.QueryRowContext(ctx, `SELECT verdict, result, at, who FROM preflight
		WHERE campaign = ? AND digest = ? ORDER BY id DESC LIMIT 1`, campaign, digest).Scan(&c.Verdict, &c.Result, &at, &c.Who)
	if errors.Is(err, sql.ErrNoRows) {
		err = ledger.ErrNoCheck
	}
	if err != nil {
		return ledger.Check{}, l.asking(err, "read the preflight of campaign %s", campaign)
	}
	c.At = moment(at)
	return c, nil
}

// Runs are the runs of a campaign, the newest first.
func (l *Ledger) Runs(ctx context.Context, campaign string) ([]ledger.Run, error) {
	c, err := l.row(ctx, campaign)
	if err != nil {
		return nil, err
	}
	var out []ledger.Run
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		r, err := scanRun(rows)
		out = append(out, r)
		return err
	}, "SELECT "+runColumns+" FROM run WHERE campaign_id = ? ORDER BY id DESC", c.id)
	return out, l.asking(err, "read the runs of campaign %s", campaign)
}

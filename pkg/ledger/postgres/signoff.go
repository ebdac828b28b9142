package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// NewestCheck reads the newest preflight result of a campaign: see ledger.SignOffs.
func (l *Ledger) NewestCheck(ctx context.Context, campaign string) (ledger.Check, error) {
	return l.check(ctx, campaign, "campaign = $1", campaign)
}

// CheckAt reads the preflight result that a sign-off stands on: see ledger.SignOffs.
func (l *Ledger) CheckAt(ctx context.Context, campaign, digest string, at time.Time) (ledger.Check, error) {
	return l.check(ctx, campaign, "campaign = $1 AND digest = $2 AND at = $3", campaign, digest, stored.Nanos(at))
}

func (l *Ledger) check(ctx context.Context, campaign, where string, args ...any) (ledger.Check, error) {
	c := ledger.Check{Campaign: campaign}
	var at int64
	err := l.read.QueryRow(ctx, "SELECT digest, verdict, result, at, who FROM preflight WHERE "+where+" ORDER BY id DESC LIMIT 1",
		args...).Scan(&c.Digest, &c.Verdict, &c.Result, &at, &c.Who)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ledger.ErrNoCheck
	}
	if err != nil {
		return ledger.Check{}, l.asking(err, "read the preflight of campaign %s", campaign)
	}
	c.At = stored.Moment(at)
	return c, nil
}

// SignOff records a sign-off: see ledger.SignOffs.
func (l *Ledger) SignOff(ctx context.Context, s ledger.SignOff, by ledger.Act) (int64, error) {
	parts, err := json.Marshal(s.Scopes)
	if err != nil {
		return 0, l.failed("sign "+s.Item+" of campaign "+s.Campaign, err)
	}
	var id int64
	err = l.do(ctx, "sign "+s.Item+" of campaign "+s.Campaign, func(x *tx) error {
		if err := x.one([]any{&id}, `INSERT INTO signoff (campaign, item, role, name, who, at, digest, parts, checked, evidence)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
			s.Campaign, s.Item, s.Role, s.Name, s.Who, stored.Nanos(s.At), s.Digest, string(parts), stored.Nanos(s.Checked), s.Evidence); err != nil {
			return err
		}
		return x.audit(s.Campaign, by)
	})
	return id, err
}

// Revoke takes a sign-off back: see ledger.SignOffs.
func (l *Ledger) Revoke(ctx context.Context, id int64, by ledger.Act) error {
	return l.do(ctx, fmt.Sprintf("revoke sign-off %d", id), func(x *tx) error {
		var campaign string
		err := x.one([]any{&campaign}, `UPDATE signoff SET revoked_at = $1, revoked_who = $2, revoked_what = $3, revoked_reason = $4
			WHERE id = $5 AND revoked_at IS NULL RETURNING campaign`, stored.Nanos(by.At), by.Who, by.What, by.Reason, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ledger.ErrNoSignOff
		}
		if err != nil {
			return err
		}
		return x.audit(campaign, by)
	})
}

// SignOffs reads all sign-offs of a campaign, the oldest first.
func (l *Ledger) SignOffs(ctx context.Context, campaign string) ([]ledger.SignOff, error) {
	var out []ledger.SignOff
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		s := ledger.SignOff{Campaign: campaign}
		var at, checked int64
		var parts string
		var revoked stored.Act
		if err := rows.Scan(&s.ID, &s.Item, &s.Role, &s.Name, &s.Who, &at, &s.Digest, &parts, &checked, &s.Evidence,
			&revoked.At, &revoked.Who, &revoked.What, &revoked.Reason); err != nil {
			return err
		}
		s.At, s.Checked, s.Revoked = stored.Moment(at), stored.Moment(checked), revoked.Act()
		out = append(out, s)
		return json.Unmarshal([]byte(parts), &out[len(out)-1].Scopes)
	}, `SELECT id, item, role, name, who, at, digest, parts, checked, evidence, revoked_at, revoked_who, revoked_what, revoked_reason
		FROM signoff WHERE campaign = $1 ORDER BY id`, campaign)
	return out, l.asking(err, "read the sign-offs of campaign %s", campaign)
}

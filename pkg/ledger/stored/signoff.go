package stored

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"notify/pkg/ledger"
)

// NewestCheck reads the newest preflight result of a campaign: see ledger.SignOffs.
func (l Common) NewestCheck(ctx context.Context, campaign string) (ledger.Check, error) {
	return l.check(ctx, campaign, "campaign = $1", campaign)
}

// CheckAt reads the preflight result that a sign-off stands on: see ledger.SignOffs.
func (l Common) CheckAt(ctx context.Context, campaign, digest string, at time.Time) (ledger.Check, error) {
	return l.check(ctx, campaign, "campaign = $1 AND digest = $2 AND at = $3", campaign, digest, Nanos(at))
}

// Check reads the newest preflight result under the digest: see ledger.Reader.
func (l Common) Check(ctx context.Context, campaign, digest string) (ledger.Check, error) {
	return l.check(ctx, campaign, "campaign = $1 AND digest = $2", campaign, digest)
}

func (l Common) check(ctx context.Context, campaign, where string, args ...any) (ledger.Check, error) {
	c := ledger.Check{Campaign: campaign}
	var at int64
	err := l.readOne(ctx, []any{&c.Digest, &c.Verdict, &c.Result, &at, &c.Who},
		"SELECT digest, verdict, result, at, who FROM preflight WHERE "+where+" ORDER BY id DESC LIMIT 1", args...)
	if errors.Is(err, sql.ErrNoRows) {
		err = ledger.ErrNoCheck
	}
	if err != nil {
		return ledger.Check{}, l.DB.Asking(err, "read the preflight of campaign %s", campaign)
	}
	c.At = Moment(at)
	return c, nil
}

// SaveCheck keeps a preflight result; earlier ones stay.
func (l Common) SaveCheck(ctx context.Context, c ledger.Check) error {
	return l.DB.Write(ctx, "save the preflight of campaign "+c.Campaign, func(x Tx) error {
		return x.Exec("INSERT INTO preflight (campaign, digest, verdict, result, at, who) VALUES ($1, $2, $3, $4, $5, $6)",
			c.Campaign, c.Digest, c.Verdict, NotNil(c.Result), Nanos(c.At), c.Who)
	})
}

// SignOff records a sign-off: see ledger.SignOffs.
func (l Common) SignOff(ctx context.Context, s ledger.SignOff, by ledger.Act) (int64, error) {
	parts, err := json.Marshal(s.Scopes)
	if err != nil {
		return 0, l.DB.Asking(err, "sign %s of campaign %s", s.Item, s.Campaign)
	}
	var id int64
	err = l.DB.Write(ctx, "sign "+s.Item+" of campaign "+s.Campaign, func(x Tx) error {
		if err := x.One([]any{&id}, `INSERT INTO signoff (campaign, item, role, name, who, at, digest, parts, checked, evidence, signature)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
			s.Campaign, s.Item, s.Role, s.Name, s.Who, Nanos(s.At), s.Digest, string(parts), Nanos(s.Checked), s.Evidence, s.Signature); err != nil {
			return err
		}
		return x.Audit(s.Campaign, by)
	})
	return id, err
}

// Revoke takes a sign-off back: see ledger.SignOffs.
func (l Common) Revoke(ctx context.Context, id int64, by ledger.Act) error {
	return l.DB.Write(ctx, fmt.Sprintf("revoke sign-off %d", id), func(x Tx) error {
		var campaign string
		err := x.One([]any{&campaign}, `UPDATE signoff SET revoked_at = $1, revoked_who = $2, revoked_what = $3, revoked_reason = $4
			WHERE id = $5 AND revoked_at IS NULL RETURNING campaign`, Nanos(by.At), by.Who, by.What, by.Reason, id)
		if errors.Is(err, sql.ErrNoRows) {
			return ledger.ErrNoSignOff
		}
		if err != nil {
			return err
		}
		return x.Audit(campaign, by)
	})
}

// SignOffs reads all sign-offs of a campaign, the oldest first.
func (l Common) SignOffs(ctx context.Context, campaign string) ([]ledger.SignOff, error) {
	var out []ledger.SignOff
	err := l.DB.Read(ctx, func(rows Row) error {
		s := ledger.SignOff{Campaign: campaign}
		var at, checked int64
		var parts string
		var revoked Act
		if err := rows.Scan(&s.ID, &s.Item, &s.Role, &s.Name, &s.Who, &at, &s.Digest, &parts, &checked, &s.Evidence, &s.Signature,
			&revoked.At, &revoked.Who, &revoked.What, &revoked.Reason); err != nil {
			return err
		}
		s.At, s.Checked, s.Revoked = Moment(at), Moment(checked), revoked.Act()
		out = append(out, s)
		return json.Unmarshal([]byte(parts), &out[len(out)-1].Scopes)
	}, `SELECT id, item, role, name, who, at, digest, parts, checked, evidence, signature, revoked_at, revoked_who, revoked_what, revoked_reason
		FROM signoff WHERE campaign = $1 ORDER BY id`, campaign)
	return out, l.DB.Asking(err, "read the sign-offs of campaign %s", campaign)
}

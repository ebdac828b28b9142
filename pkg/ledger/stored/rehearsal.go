package stored

import (
	"context"
	"encoding/json"
	"time"

	"notify/pkg/ledger"
)

var _ ledger.RehearsalKeeper = Common{}

// Rehearsed records a rehearsal: see ledger.RehearsalKeeper.
func (l Common) Rehearsed(ctx context.Context, r ledger.Rehearsal, by ledger.Act) error {
	if r.Faults == nil {
		r.Faults = map[string]int{}
	}
	faults, err := json.Marshal(r.Faults)
	if err != nil {
		return l.DB.Asking(err, "record the rehearsal of campaign %s", r.Campaign)
	}
	return l.DB.Write(ctx, "record the rehearsal of campaign "+r.Campaign, func(x Tx) error {
		if err := x.Exec(`INSERT INTO rehearsal (campaign, digest, recipients, messages, reached, rate, speed, took, memory, faults, complete, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			r.Campaign, r.Digest, r.Recipients, r.Messages, r.Reached, r.Rate, r.Speed, int64(r.Took), r.Memory, string(faults), r.Complete,
			Nanos(r.At)); err != nil {
			return err
		}
		return x.Audit(r.Campaign, by)
	})
}

// Rehearsals reads all rehearsals, the newest first.
func (l Common) Rehearsals(ctx context.Context) ([]ledger.Rehearsal, error) {
	var out []ledger.Rehearsal
	err := l.DB.Read(ctx, func(rows Row) error {
		var r ledger.Rehearsal
		var took, at int64
		var faults string
		if err := rows.Scan(&r.Campaign, &r.Digest, &r.Recipients, &r.Messages, &r.Reached, &r.Rate, &r.Speed, &took, &r.Memory, &faults,
			&r.Complete, &at); err != nil {
			return err
		}
		r.Took, r.At = time.Duration(took), Moment(at)
		if err := json.Unmarshal([]byte(faults), &r.Faults); err != nil {
			return err
		}
		out = append(out, r)
		return nil
	}, `SELECT campaign, digest, recipients, messages, reached, rate, speed, took, memory, faults, complete, at
		FROM rehearsal ORDER BY id DESC`)
	return out, l.DB.Asking(err, "read the rehearsals")
}

package stored

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"notify/pkg/ledger"
)

// What a run does to messages it does in its turns, and with its end; what a person does has an audit entry, where it is not the
// beginning of a run; what receipts do is counted in their inboxes.
const stampQuery = `SELECT c.id, c.staged,
	coalesce((SELECT CAST(sum(r.turn) AS bigint) FROM run r WHERE r.campaign_id = c.id), 0),
	(SELECT count(*) FROM run r WHERE r.campaign_id = c.id),
	(SELECT count(*) FROM run r WHERE r.campaign_id = c.id AND r.ended IS NOT NULL),
	coalesce((SELECT max(a.id) FROM audit a WHERE (a.campaign = c.name OR a.campaign = '') AND a.what NOT IN ('send', 'resume')), 0),
	coalesce((SELECT CAST(sum(i.ours) AS bigint) FROM inbox i), 0)
	FROM campaign c WHERE c.name = $1`

// Stamp says whether messages of a campaign changed: see ledger.Reader.
func (l Common) Stamp(ctx context.Context, campaign string) (string, error) {
	var of [7]int64
	dest := make([]any, len(of))
	for i := range of {
		dest[i] = &of[i]
	}
	err := l.readOne(ctx, dest, stampQuery, campaign)
	if errors.Is(err, sql.ErrNoRows) {
		err = ledger.ErrNoCampaign
	}
	return fmt.Sprint(of), l.DB.Asking(err, "read campaign %s", campaign)
}

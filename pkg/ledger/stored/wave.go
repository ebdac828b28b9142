package stored

import (
	"context"
	"database/sql"
	"errors"

	"notify/pkg/ledger"
)

// Wave makes a change, nil for none, and is how far the campaign has come after it.
func Wave(x Tx, id int64, campaign string, c *ledger.WaveChange) (ledger.WaveState, error) {
	var w ledger.WaveState
	var held int64
	var asked int
	err := x.One([]any{&w.Number, &held, &asked}, "SELECT number, held, asked FROM wave WHERE campaign_id = $1", id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return w, err
	}
	w.Held, w.Asked = Moment(held), asked != 0
	if c == nil {
		return w, nil
	}
	was := w
	by := c.Apply(&w)
	if w == was {
		return w, nil
	}
	asked = 0
	if w.Asked {
		asked = 1
	}
	if err := x.Exec(`INSERT INTO wave (campaign_id, number, held, asked) VALUES ($1, $2, $3, $4)
		ON CONFLICT (campaign_id) DO UPDATE SET number = excluded.number, held = excluded.held, asked = excluded.asked`, id, w.Number, Nanos(w.Held), asked); err != nil {
		return w, err
	}
	if by != nil {
		return w, x.Audit(campaign, *by)
	}
	return w, nil
}

// Wave is how far a campaign has come: see ledger.Reader.
func (l Common) Wave(ctx context.Context, campaign string) (ledger.WaveState, error) {
	var w ledger.WaveState
	var held int64
	var asked int
	err := l.readOne(ctx, []any{&w.Number, &held, &asked},
		"SELECT w.number, w.held, w.asked FROM wave w JOIN campaign c ON c.id = w.campaign_id WHERE c.name = $1", campaign)
	if errors.Is(err, sql.ErrNoRows) {
		return w, nil
	}
	w.Held, w.Asked = Moment(held), asked != 0
	return w, l.DB.Asking(err, "waves of campaign %s", campaign)
}

package report

import (
	"context"
	"encoding/json"

	"notify/pkg/ledger"
)

// To look at every message of a large campaign takes seconds. What was made of them is kept in the ledger under the stamp of the campaign, and
// is right for as long as that stays the same.

// page is what is kept. Its form is part of the stamp.
type page struct {
	Stamp   string  `json:"stamp"`
	Figures Figures `json:"figures"`
}

// form is the form of what is kept; another one when Figures or how they are counted changes.
const form = "1 "

// kept are the figures that were made of a campaign as it is.
func kept(ctx context.Context, f Facts, campaign, stamp string) (Figures, bool, error) {
	s, err := f.Bookmark(ctx, ledger.FiguresOf(campaign))
	var p page
	if err != nil || s == "" {
		return p.Figures, false, err
	}
	wrong := json.Unmarshal([]byte(s), &p)
	return p.Figures, wrong == nil && p.Stamp == form+stamp, nil // otherwise they are made anew
}

// keep keeps figures. That they could not be written down changes nothing in them.
func (f *Figures) keep(ctx context.Context, to Facts, campaign, stamp string) {
	if b, err := json.Marshal(page{Stamp: form + stamp, Figures: *f}); err == nil {
		_ = to.SetBookmark(ctx, ledger.FiguresOf(campaign), string(b)) // the next report is slower
	}
}

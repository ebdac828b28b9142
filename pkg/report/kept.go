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
	if err != nil || s == "" {
		return Figures{}, false, err
	}
	var p page
	if err := json.Unmarshal([]byte(s), &p); err != nil || p.Stamp != form+stamp {
		return Figures{}, false, nil // they are made anew
	}
	return p.Figures, true, nil
}

// keep keeps figures. That they could not be written down changes nothing in them.
func (f *Figures) keep(ctx context.Context, to Facts, campaign, stamp string) {
	if b, err := json.Marshal(page{Stamp: form + stamp, Figures: *f}); err == nil {
		_ = to.SetBookmark(ctx, ledger.FiguresOf(campaign), string(b)) // the next report is slower
	}
}

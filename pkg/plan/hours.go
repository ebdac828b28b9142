package plan

import (
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
)

// Open reports whether messages may leave at t, by the campaign's window and the hours of its class, and when they may next: t itself where
// they may, zero where that is never.
func Open(w campaign.Window, h config.Hours, t time.Time) (bool, time.Time) {
	at := t
	for range 1000 { // each step goes to an opening of one of the two
		_, next := w.Open(at)
		open, both := h.Open(next)
		if both.IsZero() {
			return false, both
		}
		if at = both; open && both.Equal(next) {
			return at.Equal(t), at
		}
	}
	return false, time.Time{}
}

//go:build unix

package witness_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/witness"
)

// Windows lets nobody remove or rename a file that a run has open.
func TestARunStopsWhereItsLedgerIsReplaced(t *testing.T) {
	for name, hurt := range map[string]func(h *house) error{
		"deleted": func(h *house) error { return os.Remove(h.path) },
		"replaced": func(h *house) error {
			return errors.Join(os.Rename(h.path, h.path+".old"), os.WriteFile(h.path, nil, 0o600))
		},
		"without its newest changes now": func(h *house) error { return os.Remove(h.path + "-wal") },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, 13)
			h.stage(people)
			c, err := h.l.Campaign(t.Context(), award)
			h.must(err)
			w, err := witness.Begin(h.place(), c)
			h.must(err)
			t.Cleanup(func() { h.must(w.Close()) })
			runs := w.Guard(h.l)
			got, err := runs.Acquire(t.Context(), ledger.Acquire{Campaign: award, Now: noon, Extend: time.Minute})
			h.must(err)
			h.must(hurt(h))
			_, err = runs.Turn(t.Context(), ledger.Turn{Run: got.Run.ID, Number: 1, Now: noon, Extend: time.Minute, Claim: []ledger.ClaimRequest{
				{Channel: message.SMS, Day: "2026-11-20", Max: 5, Ahead: time.Second, Grace: time.Second, Limits: ledger.Limits{Account: "sms"}},
			}})
			if !errors.Is(err, ledger.ErrReplaced) {
				t.Errorf("it goes on: %v", err)
			}
		})
	}
}

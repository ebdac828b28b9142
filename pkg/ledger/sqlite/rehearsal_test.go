package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"

	"github.com/google/go-cmp/cmp"
)

func TestRehearsalsAreKeptAsTheyWere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	if none, err := l.Rehearsals(t.Context()); err != nil || len(none) != 0 {
		t.Fatalf("a new ledger has %v, %v", none, err)
	}
	small := ledger.Rehearsal{
		Campaign: "award-2020", Digest: "d1", Recipients: 8000, Messages: 16000, Reached: 15999, Rate: 99.5, Speed: 1,
		Took: 161 * time.Second, Memory: 60 << 20, Faults: map[string]int{"sms rejected": 1}, At: start,
	}
	large := ledger.Rehearsal{
		Campaign: "award-2020", Digest: "d2", Recipients: 23000, Messages: 46000, Reached: 46000, Rate: 2000, Speed: 20,
		Took: 23 * time.Second, Complete: true, At: start.Add(time.Hour), Faults: map[string]int{},
	}
	for _, r := range []ledger.Rehearsal{small, large} {
		if err := l.Rehearsed(t.Context(), r, ledger.Act{Who: "wang@ops-1", What: "rehearse", At: r.At}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Rehearsals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ledger.Rehearsal{large, small}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	log, err := l.AuditLog(t.Context(), "award-2020")
	if err != nil || len(log) != 2 || log[0].What != "rehearse" {
		t.Errorf("the audit has %+v, %v", log, err)
	}
	db := raw(t, path)
	for name, query := range map[string]string{
		"rewritten": "UPDATE rehearsal SET recipients = 1000000",
		"deleted":   "DELETE FROM rehearsal",
	} {
		if _, err := db.Exec(query); err == nil {
			t.Errorf("a rehearsal can be %s", name)
		}
	}
	wantSound(t, l)
}

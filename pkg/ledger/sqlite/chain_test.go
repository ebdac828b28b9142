package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

func TestCheckNamesTheFirstEntryOfTheAuditThatWasChangedByHand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, what := range []string{"send", "pause", "abort"} {
		if err := l.Audit(t.Context(), "award", ledger.Act{Who: "wang@ops-1", What: what, At: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	problems, err := l.Verify(t.Context())
	if err != nil || len(problems) > 0 {
		t.Fatalf("untouched: %v, %v", problems, err)
	}
	db := raw(t, path)
	var trigger string
	if err := db.QueryRow("SELECT sql FROM sqlite_schema WHERE name = 'audit_stands'").Scan(&trigger); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"DROP TRIGGER audit_stands", "UPDATE audit SET who = 'chen@ops-1' WHERE what = 'pause'", trigger} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	problems, err = l.Verify(t.Context())
	if err != nil || len(problems) != 1 || problems[0].ID != "verify.audit-changed" || !strings.Contains(problems[0].String(), "entry 2 ") {
		t.Errorf("changed: %v, %v", problems, err)
	}
}

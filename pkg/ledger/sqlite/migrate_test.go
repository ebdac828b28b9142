package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

func TestALedgerOfTheFirstSchemaIsBroughtUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	step, err := os.ReadFile("migrations/0001_ledger.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		string(step), "INSERT INTO meta (name, value) VALUES ('id', 'old-one'), ('created', '1')",
		"INSERT INTO preflight (campaign, digest, verdict, result, at, who) VALUES ('award-2020', 'd1', 'pass', x'7b7d', 5, 'wang')",
		"PRAGMA application_id = 0x6e746679", "PRAGMA user_version = 1",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%v in %.40s", err, q)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	l := open(t, path, sqlite.Options{})
	info, err := l.Info(t.Context())
	if err != nil || info.ID != "old-one" {
		t.Fatalf("got %+v, %v", info, err)
	}
	if c, err := l.NewestCheck(t.Context(), "award-2020"); err != nil || c.Digest != "d1" {
		t.Errorf("the old preflight is %+v, %v", c, err)
	}
	signed(t, l)
	if got, err := l.SignOffs(t.Context(), "award-2020"); err != nil || len(got) != 1 || got[0].Revoked == nil {
		t.Errorf("signed %+v, %v", got, err)
	}
	wantSound(t, l)
	var _ ledger.SignOffs = l
}

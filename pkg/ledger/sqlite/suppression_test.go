package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/suppression"
)

// oneSuppressed has wang on the suppression list, and li, who was taken off.
func oneSuppressed(t *testing.T) (*sqlite.Ledger, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	by := ledger.Act{Who: "wang@ops-1", What: "suppress", Reason: "asked for it", At: start}
	entries := func(yield func(ledger.Suppression, error) bool) {
		for _, a := range []message.Address{"wang@example.test", "li@example.test"} {
			if !yield(ledger.Suppression{Address: a, Channel: message.Email, Reason: string(suppression.OptOut), Who: by.Who, At: start}, nil) {
				return
			}
		}
	}
	if got, err := l.Suppress(t.Context(), entries, by); err != nil || got.Added != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if err := l.Unsuppress(t.Context(), []message.Address{"li@example.test"}, by); err != nil {
		t.Fatal(err)
	}
	return l, path
}

func TestTheSchemaKeepsTheSuppressionListAsItWasWritten(t *testing.T) {
	l, path := oneSuppressed(t)
	db := raw(t, path)
	line := func(address, channel, reason, note string) string {
		return "INSERT INTO suppression (address, channel, reason, note, who, at) VALUES ('" + address + "', '" + channel + "', " + reason + ", '" + note + "', 'w', 1)"
	}
	for name, query := range map[string]string{
		"a line that is rewritten":                        "UPDATE suppression SET reason = 'other' WHERE id = 1",
		"a line that is deleted":                          "DELETE FROM suppression WHERE id = 1",
		"an address that is put on twice":                 line("WANG@example.test", "email", "'complaint'", ""),
		"an address that is taken off twice":              line("li@example.test", "email", "NULL", "again"),
		"an address that is taken off and was never on":   line("zhang@example.test", "email", "NULL", "why not"),
		"an address that is taken off without saying why": line("wang@example.test", "email", "NULL", ""),
		"a reason without a word":                         line("zhang@example.test", "email", "'spite'", ""),
		"no channel":                                      line("zhang@example.test", "", "'other'", ""),
		"no address":                                      line("", "email", "'other'", ""),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := db.Exec(query); err == nil {
				t.Errorf("taken: %s", query)
			} else if strings.Contains(err.Error(), "SQL logic error") {
				t.Errorf("not refused but wrong: %v", err)
			}
		})
	}
	wantSound(t, l)
}

func TestTheWordsOfTheSuppressionListAreThoseOfTheProgram(t *testing.T) {
	_, path := oneSuppressed(t)
	var text string
	if err := raw(t, path).QueryRow("SELECT sql FROM sqlite_schema WHERE name = 'suppression'").Scan(&text); err != nil {
		t.Fatal(err)
	}
	words := func(column string, list []string) string {
		return "CHECK (" + column + " = '" + strings.Join(list, "' OR "+column+" = '") + "')"
	}
	var reasons []string
	for _, r := range suppression.Reasons() {
		reasons = append(reasons, string(r))
	}
	if want := words("reason", reasons); !strings.Contains(text, want) {
		t.Errorf("the table has no %s: %s", want, text)
	}
}

func TestALedgerThatIsOpenForReadingKeepsItsSuppressionList(t *testing.T) {
	l, path := oneSuppressed(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, path, sqlite.Options{ReadOnly: true})
	n := 0
	for s, err := range l.Suppressions(t.Context()) {
		if err != nil || s.Address != "wang@example.test" {
			t.Fatalf("got %+v, %v", s, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d are on the list", n)
	}
	if err := l.Unsuppress(t.Context(), []message.Address{"wang@example.test"}, ledger.Act{Reason: "r"}); err == nil {
		t.Error("it was written")
	}
}

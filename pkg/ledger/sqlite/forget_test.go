package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

func TestWhatWasForgottenIsNotLeftInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	const to = message.Address("+8613490009876")
	by := ledger.Act{Who: "wang@ops-1", What: "test", Reason: "test", At: time.Unix(1_800_000_000, 0)}
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", By: by, Recipients: func(yield func(ledger.Recipient, error) bool) {
		yield(ledger.Recipient{Row: 2, Key: "E9876", Fields: []byte(`["Invented Person"]`), Messages: []ledger.NewMessage{{
			Key: message.MakeKey("award", message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1,
		}}}, nil)
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Suppress(t.Context(), func(yield func(ledger.Suppression, error) bool) {
		yield(ledger.Suppression{Address: to, Channel: message.SMS, Reason: "opt-out", Note: "Invented Person called", Who: "wang", At: time.Unix(1_800_000_000, 0)}, nil)
	}, by); err != nil {
		t.Fatal(err)
	}
	secrets := []string{string(to), "Invented Person", "E9876"}
	if left := leftIn(t, path, secrets); len(left) != len(secrets) {
		t.Fatalf("the files have %v of %v before anything is forgotten", left, secrets)
	}
	if got, err := l.Forget(t.Context(), "award", nil, by); err != nil || got.Messages != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if got, err := l.ForgetAddress(t.Context(), to, by); err != nil || got.Lines != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if left := leftIn(t, path, secrets); len(left) > 0 {
		t.Errorf("the files still have %v", left)
	}
}

// leftIn are the texts that a ledger's files have.
func leftIn(t *testing.T, path string, texts []string) (left []string) {
	t.Helper()
	var all []byte
	for _, name := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	for _, s := range texts {
		if bytes.Contains(all, []byte(s)) {
			left = append(left, s)
		}
	}
	return left
}

package report_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/suppression"
)

// lines of a suppression list, and an error where it breaks off.
func lines(all []ledger.Found, broken error) iter.Seq2[ledger.Found, error] {
	return func(yield func(ledger.Found, error) bool) {
		for _, l := range all {
			if !yield(l, nil) {
				return
			}
		}
		if broken != nil {
			yield(ledger.Found{}, broken)
		}
	}
}

func suppressed() []ledger.Found {
	at := time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)
	var all []ledger.Found
	for i, s := range []ledger.Suppression{
		{Address: "+8613490000001", Channel: message.SMS, Reason: "opt-out", Note: "=1+1"},
		{Address: "wang@example.test", Channel: message.Email, Reason: "complaint"},
		{Address: "+8613490000002", Channel: message.SMS, Reason: "opt-out"},
		{Address: "+8613490000001", Channel: message.SMS, Note: "a mistake"},
	} {
		s.ID, s.Who, s.At = int64(i+1), "li@ops-1", at
		all = append(all, ledger.Found{Suppression: s})
	}
	return all
}

func TestTheSuppressionListAddsUp(t *testing.T) {
	all := suppressed()
	got, err := report.CountSuppressed(lines(all, nil), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := &report.Suppressed{
		Entries: 3, ByReason: map[string]int{"opt-out": 2, "complaint": 1}, ByChannel: map[message.Channel]int{message.SMS: 2, message.Email: 1},
		TakenOff: 1, Newest: all[3:],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	whole, err := report.CountSuppressed(lines(all, nil), 0)
	if err != nil || len(whole.Newest) != len(all) {
		t.Fatalf("kept %d, %v", len(whole.Newest), err)
	}
	for a, on := range map[message.Address]bool{"+8613490000001": false, "WANG@example.test": true, "+8613490000002": true, "+8613490000003": false} {
		if whole.Holds(a) != on {
			t.Errorf("%s on the list: %v", a, !on)
		}
	}
	torn := errors.New("torn")
	if _, err := report.CountSuppressed(lines(all, torn), 0); !errors.Is(err, torn) {
		t.Errorf("got %v", err)
	}
}

func TestTheNewestLinesAreKeptHoweverManyThereAre(t *testing.T) {
	all := make([]ledger.Found, 1001)
	for i := range all {
		all[i] = ledger.Found{Suppression: ledger.Suppression{ID: int64(i), Address: message.Address(fmt.Sprintf("+86134%08d", i)), Channel: message.SMS, Reason: "other"}}
	}
	got, err := report.CountSuppressed(lines(all, nil), 20)
	if err != nil || got.Entries != 1001 || !cmp.Equal(got.Newest, all[981:]) {
		t.Errorf("%d entries, %d kept, %v", got.Entries, len(got.Newest), err)
	}
}

func TestAWrittenSuppressionListCanBeImported(t *testing.T) {
	for _, ending := range []string{".csv", ".xlsx"} {
		path := filepath.Join(t.TempDir(), "suppressed"+ending)
		if n, err := report.WriteSuppressed(t.Context(), path, lines(suppressed()[:3], nil), time.UTC, nil); err != nil || n != 3 {
			t.Fatalf("%d lines, %v", n, err)
		}
		f, err := suppression.Open(t.Context(), path, suppression.Options{Who: "wang@ops-2"})
		if err != nil {
			t.Fatal(err)
		}
		problems := &diag.List{}
		var got []suppression.Entry
		if _, err := f.Each(problems, func(e suppression.Entry) bool { got = append(got, e); return true }); err != nil || problems.Errors() > 0 {
			t.Fatalf("%v, %v", err, problems.Kept())
		}
		want := []suppression.Entry{
			{Address: "+8613490000001", Channel: message.SMS, Reason: suppression.OptOut, Note: "=1+1", Who: "wang@ops-2"},
			{Address: "wang@example.test", Channel: message.Email, Reason: suppression.Complaint, Who: "wang@ops-2"},
			{Address: "+8613490000002", Channel: message.SMS, Reason: suppression.OptOut, Who: "wang@ops-2"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", ending, diff)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		info, err := os.Stat(path)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("others may read the addresses: %v, %v", info.Mode(), err)
		}
	}
}

func TestASuppressionListIsWrittenAsAWholeOrNotAtAll(t *testing.T) {
	torn, dir := errors.New("torn"), t.TempDir()
	if _, err := report.WriteSuppressed(t.Context(), filepath.Join(dir, "s.csv"), lines(suppressed(), torn), time.UTC, nil); !errors.Is(err, torn) {
		t.Errorf("got %v", err)
	}
	if _, err := report.WriteSuppressed(t.Context(), filepath.Join(dir, "s.json"), lines(suppressed(), nil), time.UTC, nil); !errors.Is(err, report.ErrEnding) {
		t.Errorf("got %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

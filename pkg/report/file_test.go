package report_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
)

// table reads a file as a list, as the next campaign would.
func table(t *testing.T, path string) (header []string, rows [][]string) {
	t.Helper()
	r := must[list.Reader](t)(list.Open(t.Context(), path, list.Options{Country: "CN"}))
	defer r.Close()
	problems := &diag.List{}
	for {
		var row list.Row
		err := r.Next(&row, problems)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, slices.Clone(row.Values))
	}
	if problems.Errors() > 0 {
		t.Errorf("problems: %v", problems.Kept())
	}
	return r.Header().Columns, rows
}

func TestAFileOfMessagesIsAListAgain(t *testing.T) {
	l := ledgers(t)["sqlite"]
	staged(t, l, "award-2020")
	sent(t, l, "award-2020")
	for _, ending := range []string{".csv", ".xlsx"} {
		t.Run(ending, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out"+ending)
			if n, err := report.WriteFile(t.Context(), l, "award-2020", path, report.Options{Zone: zone, Terms: report.Terms{Prices: prices()}}); n != 15 || err != nil {
				t.Fatalf("%d rows, %v", n, err)
			}
			header, rows := table(t, path)
			if diff := cmp.Diff(columns(), header[:4]); diff != "" {
				t.Error(diff)
			}
			if !slices.Contains(header, "notify_state") || len(rows) != len(names()) { // each person once, though there is a row for each message
				t.Fatalf("%d rows under %v", len(rows), header)
			}
			seen := make(map[string]bool)
			for _, r := range rows {
				i := int(r[0][1] - '0')
				if diff := cmp.Diff(person(i), r[:4]); diff != "" {
					t.Errorf("row %d reads back otherwise: %s", i+2, diff)
				}
				seen[r[0]] = true
			}
			if len(seen) != len(names()) {
				t.Errorf("%d of %d people are on it", len(seen), len(names()))
			}
			first := rows[slices.IndexFunc(rows, func(r []string) bool { return r[0] == "E0" && slices.Contains(r, "sms") })]
			for column, want := range map[string]string{
				"notify_row": "2", "notify_channel": "sms", "notify_address": "+8613490000000", "notify_state": "accepted", "notify_attempts": "1",
				"notify_account": "sms", "notify_vendor_id": "v1", "notify_segments": "1", "notify_cost": "0.045", "notify_currency": "CNY", "notify_shared_rows": "9",
				"notify_claimed": "2026-11-20 10:00:00.000 +08:00", "notify_settled": "2026-11-20 10:00:01.000 +08:00",
			} {
				if ending == ".xlsx" { // a date there, without its zone
					want = strings.TrimSuffix(want, ".000 +08:00")
				}
				if got := first[slices.Index(header, column)]; got != want {
					t.Errorf("%s is %q, want %q", column, got, want)
				}
			}
		})
	}
}

func TestACellThatASpreadsheetWouldRunIsGuarded(t *testing.T) {
	l := ledgers(t)["memory"]
	staged(t, l, "award-2020")
	path := filepath.Join(t.TempDir(), "out.csv")
	must[int](t)(report.WriteFile(t.Context(), l, "award-2020", path, report.Options{}))
	text := string(must[[]byte](t)(os.ReadFile(path)))
	if !strings.HasPrefix(text, "\ufeff工号,姓名") {
		t.Errorf("it begins with %q", text[:20])
	}
	for _, want := range []string{",'=1+1,", ",'-,", ",'@here,", ",''=2,", ",'Li,", ",'+86,", ",'+8613490000000,"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	for _, bare := range []string{",=", ",@", ",+", ",-"} {
		if strings.Contains(text, bare) {
			t.Errorf("a cell begins with %q", bare[1:])
		}
	}
}

func TestAFileOfSomeStatesHoldsOnlyThose(t *testing.T) {
	l := ledgers(t)["sqlite"]
	staged(t, l, "award-2020")
	sent(t, l, "award-2020")
	path := filepath.Join(t.TempDir(), "missed.json")
	n := must[int](t)(report.WriteFile(t.Context(), l, "award-2020", path, report.Options{States: []message.State{message.Rejected, message.Unknown}}))
	var got struct {
		Schema   string           `json:"schema"`
		Messages []map[string]any `json:"messages"`
	}
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(path)), &got); err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, m := range got.Messages {
		states = append(states, fmt.Sprint(m["工号"], " ", m["notify_state"], " ", m["notify_code"], " ", m["notify_attempts"]))
	}
	if diff := cmp.Diff([]string{"E2 rejected 550 1", "E3 rejected 550 1", "E4 unknown notify:reset 1"}, states); diff != "" || n != 3 || got.Schema != "notify.messages/1" {
		t.Errorf("%d, %s: %s", n, got.Schema, diff)
	}
	none := must[int](t)(report.WriteFile(t.Context(), l, "award-2020", path, report.Options{States: []message.State{message.Cancelled}}))
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(path)), &got); err != nil || none != 0 || len(got.Messages) != 0 {
		t.Errorf("an empty file has %d rows, %v", none, err)
	}
}

// broken is a ledger whose messages cannot be read to the end.
type broken struct{ ledger.Ledger }

var errBroken = errors.New("the disk is gone")

func (b broken) Messages(ctx context.Context, name string, states ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for rec, err := range b.Ledger.Messages(ctx, name, states...) {
			if !yield(rec, err) {
				return
			}
			break
		}
		yield(ledger.Record{}, errBroken)
	}
}

func TestAFileIsReplacedAsAWholeOrNotAtAll(t *testing.T) {
	l := ledgers(t)["memory"]
	staged(t, l, "award-2020")
	for _, ending := range []string{".csv", ".json", ".xlsx"} {
		t.Run(ending, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "out"+ending)
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if n, err := report.WriteFile(t.Context(), broken{l}, "award-2020", path, report.Options{}); !errors.Is(err, errBroken) || n != 0 {
				t.Errorf("%d rows, %v", n, err)
			}
			if got := must[[]byte](t)(os.ReadFile(path)); string(got) != "old" {
				t.Errorf("the old file is %q now", got)
			}
			must[int](t)(report.WriteFile(t.Context(), l, "award-2020", path, report.Options{}))
			info := must[os.FileInfo](t)(os.Stat(path))
			if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 || info.Size() < 100 {
				t.Errorf("%v, %d bytes", info.Mode(), info.Size())
			}
			if left := must[[]os.DirEntry](t)(os.ReadDir(dir)); len(left) != 1 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// flood is a ledger of messages that are more than a spreadsheet in the making holds in memory, and break off.
type flood struct{ ledger.Ledger }

func (f flood) Messages(ctx context.Context, name string, _ ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for rec, err := range f.Ledger.Messages(ctx, name) {
			rec.Detail = strings.Repeat("x", 30_000)
			for range 1000 {
				if !yield(rec, err) {
					return
				}
			}
			break
		}
		yield(ledger.Record{}, errBroken)
	}
}

func TestALargeSpreadsheetThatBreaksOffLeavesNoTemporaryFiles(t *testing.T) {
	l := ledgers(t)["memory"]
	staged(t, l, "award-2020")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	path := filepath.Join(t.TempDir(), "out.xlsx")
	if _, err := report.WriteFile(t.Context(), flood{l}, "award-2020", path, report.Options{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	if left := must[[]os.DirEntry](t)(os.ReadDir(temp)); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestAnEndingThatNamesNoFormIsRefused(t *testing.T) {
	l := ledgers(t)["memory"]
	staged(t, l, "award-2020")
	for _, name := range []string{"out.xls", "out", "out.csv.gz"} {
		dir := t.TempDir()
		if _, err := report.WriteFile(t.Context(), l, "award-2020", filepath.Join(dir, name), report.Options{}); !errors.Is(err, report.ErrEnding) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := report.NewProblems(t.Context(), filepath.Join(dir, name), words.Printer{}); !errors.Is(err, report.ErrEnding) {
			t.Errorf("problems in %s: %v", name, err)
		}
		if left := must[[]os.DirEntry](t)(os.ReadDir(dir)); len(left) != 0 {
			t.Errorf("left over: %v", left)
		}
	}
	if _, err := report.WriteFile(t.Context(), l, "other", filepath.Join(t.TempDir(), "out.csv"), report.Options{}); !errors.Is(err, ledger.ErrNoCampaign) {
		t.Errorf("another campaign: %v", err)
	}
	if _, err := report.WriteFile(t.Context(), l, "award-2020", filepath.Join(t.TempDir(), "missing", "out.csv"), report.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another folder: %v", err)
	}
}

func TestAFileOfEveryProblem(t *testing.T) {
	for _, ending := range []string{".csv", ".xlsx"} {
		t.Run(ending, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "problems"+ending)
			p := must[*report.Problems](t)(report.NewProblems(t.Context(), path, words.Printer{}))
			l := &diag.List{Keep: 1, Each: p.Add}
			for i := range 30 {
				l.Add(diag.Problem{
					Code: "phone-invalid", Place: diag.Place{File: "award.xlsx", Sheet: "获奖名单", Row: i + 2, Column: "C 手机号"},
					Summary: words.Raw("not a mobile number"), Hint: words.Raw("correct it"),
				})
			}
			l.Add(diag.Problem{Severity: diag.Warning, Summary: words.Raw("odd"), Value: "=1+1"})
			if n, err := p.Close(t.Context()); n != 31 || err != nil {
				t.Fatalf("%d problems, %v", n, err)
			}
			info := must[os.FileInfo](t)(os.Stat(path))
			if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("its mode is %v", info.Mode())
			}
			if ending == ".xlsx" {
				return
			}
			lines := strings.Split(strings.TrimSpace(string(must[[]byte](t)(os.ReadFile(path)))), "\n")
			if len(lines) != 32 || lines[1] != "error,award.xlsx,获奖名单,2,,C 手机号,,not a mobile number,correct it,phone-invalid" || lines[31] != "warning,,,,,,'=1+1,odd,," {
				t.Errorf("%d lines: %q, %q", len(lines), lines[1], lines[31])
			}
		})
	}
}

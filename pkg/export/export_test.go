package export_test

import (
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/channel"
	"notify/pkg/export"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// kept is a ledger of n messages: the first was throttled, then unknown, then a person settled it, and a receipt came.
type kept struct {
	n    int
	each func(i int) // before each; nil: nothing
}

func key(i int) message.Key { return message.Key(fmt.Sprintf("k%d", i)) }

func (k kept) Campaign(context.Context, string) (ledger.Campaign, error) {
	b, err := (&plan.Spec{Schema: plan.SpecSchema, Name: "award", Columns: []string{"姓名", "note"}}).Encode()
	return ledger.Campaign{Name: "award", Spec: b}, err
}

func (k kept) Messages(context.Context, string, ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for i := range k.n {
			r := ledger.Record{
				Row: i + 2, Recipient: fmt.Sprint(i), Fields: []byte(`["Li","=1+1"]`), Key: key(i), Channel: message.SMS, Address: "+8613490000001", Segments: 1,
				State: message.Accepted, Attempts: 1, Account: "sms", Claimed: noon, Settled: noon, VendorID: "v", Price: 45_000,
			}
			if i == 0 {
				r.Attempts = 2
			}
			if k.each != nil {
				k.each(i)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (k kept) Proofs(context.Context, string, ...message.Key) iter.Seq2[ledger.Proof, error] {
	return func(yield func(ledger.Proof, error) bool) {
		yield(ledger.Proof{Key: key(0), Facts: []ledger.Fact{{State: message.Delivered, Grade: message.GradeSigned, At: noon.Add(time.Minute), Segments: 2}}}, nil)
	}
}

func (k kept) Past(context.Context, string) iter.Seq2[ledger.Past, error] {
	return func(yield func(ledger.Past, error) bool) {
		_ = yield(ledger.Past{Key: key(0), Try: ledger.Try{Number: 1, Account: "sms", Claimed: noon.Add(-time.Minute), Outcome: "throttled", Code: "slow", Price: 45_000, Currency: "CNY"}}, nil) &&
			yield(ledger.Past{Key: key(0), Try: ledger.Try{Number: 2, Resolved: &ledger.Settled{Outcome: "accepted", Unknown: noon, At: noon.Add(time.Hour), Who: "wang", Why: "he called", Grade: message.GradePerson}}}, nil)
	}
}

func write(t *testing.T, n int, name string, mask bool) (string, export.Written) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := export.Write(t.Context(), kept{n: n}, []string{"award"}, name, f, export.Options{
		Mask: mask, Channels: channel.Builtin(), Currencies: map[string]string{"sms": "CNY"}, Say: words.Printer{Lang: words.English, Zone: time.UTC},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.Name(), w
}

func TestALineHasAllThatIsKept(t *testing.T) {
	t.Parallel()
	path, w := write(t, 2, "x.jsonl", false)
	if w != (export.Written{Messages: 2, Attempts: 3, Receipts: 1}) {
		t.Errorf("written are %+v", w)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	var m export.Message
	if err := json.Unmarshal([]byte(first), &m); err != nil {
		t.Fatal(err)
	}
	want := export.Message{
		Campaign: "award", Row: 2, Recipient: "0", Channel: message.SMS, Address: "+8613490000001", Key: "k0", State: message.Accepted, Segments: 1,
		Values: map[string]string{"姓名": "Li", "note": "=1+1"},
		Attempts: []export.Attempt{
			{Number: 1, Account: "sms", Claimed: noon.Add(-time.Minute), Outcome: "throttled", Code: "slow", Price: 45_000, Currency: "CNY"},
			{
				Number: 2, Account: "sms", Claimed: noon, Settled: noon, Outcome: "accepted", VendorID: "v", Price: 45_000, Currency: "CNY",
				Resolved: &ledger.Settled{Outcome: "accepted", Unknown: noon, At: noon.Add(time.Hour), Who: "wang", Why: "he called", Grade: message.GradePerson},
			},
		},
		Receipts: []export.Receipt{{State: message.Delivered, At: noon.Add(time.Minute), Grade: message.GradeSigned, Segments: 2}},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAMaskedExportNamesNobody(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"x.jsonl", "x.csv", "x.sqlite"} {
		path, _ := write(t, 3, name, true)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, no := range []string{"13490000001", "k0", "=1+1", `"Li"`} {
			if strings.Contains(string(b), no) {
				t.Errorf("%s has %q", name, no)
			}
		}
		if !strings.Contains(string(b), "+86134****0001") {
			t.Errorf("%s has no masked address", name)
		}
	}
}

func TestTheTableHasALineForEachMessage(t *testing.T) {
	t.Parallel()
	path, _ := write(t, 3, "x.csv", false)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) != 4 {
		t.Fatalf("%d lines, %v", len(all), err)
	}
	want := []string{"award", "2", "0", "sms", "'+8613490000001", "k0", "accepted", "1", "2", "sms", "2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z", "", "", "v", "0.045", "CNY"}
	if diff := cmp.Diff(want, all[1][:len(want)]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheTablesCanBeAsked(t *testing.T) {
	t.Parallel()
	path, _ := write(t, 3, "x.sqlite", false)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for query, want := range map[string]string{
		"SELECT count(*) FROM message WHERE state = 'accepted'":                                                  "3",
		"SELECT group_concat(outcome, ' ') FROM (SELECT outcome FROM attempt WHERE message = 1 ORDER BY number)": "throttled accepted",
		"SELECT sum(price_millionths) FROM attempt WHERE outcome = 'accepted'":                                   "135000",
		"SELECT m.address || ' ' || r.state || ' ' || r.at FROM message m JOIN receipt r ON r.message = m.id":    "+8613490000001 delivered 2026-11-20T12:01:00Z",
		"SELECT resolved || ' ' || resolved_by || ' ' || grade FROM attempt WHERE resolved IS NOT NULL":          "accepted wang person",
		`SELECT json_extract("values", '$.note') FROM message WHERE id = 2`:                                      "=1+1",
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", query, got, err, want)
		}
	}
}

// Whether it is the hundredth message or the twenty thousandth, as much is held.
func TestItHoldsOneMessageAtATime(t *testing.T) {
	for _, name := range []string{"x.jsonl", "x.csv", "x.sqlite"} {
		var few, many uint64
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		source := kept{n: 20_000, each: func(i int) {
			held := map[int]*uint64{100: &few, 19_900: &many}[i]
			if held == nil {
				return
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*held = m.HeapAlloc
		}}
		if _, err := export.Write(t.Context(), source, []string{"award"}, name, f, export.Options{Channels: channel.Builtin(), Say: words.Printer{Lang: words.English, Zone: time.UTC}}); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		t.Logf("%s: %d kB at the hundredth message, %d kB near the end", name, few>>10, many>>10)
		if many > few+1<<20 {
			t.Errorf("%s: %d kB are held near the end, %d kB at the hundredth message", name, many>>10, few>>10)
		}
	}
}

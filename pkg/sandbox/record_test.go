package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/message"
	"notify/pkg/sandbox"
)

// writeRecord writes a record as a sandbox leaves it.
func writeRecord(tb testing.TB, path string, n int) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range n {
		to := message.Address(fmt.Sprintf("+1555%07d", i))
		_, _ = fmt.Fprintf(w, `{"time":"2020-01-01T09:00:00Z","channel":"sms","to":"%s","ref":"%s","hash":"0011223344556677",`+
			`"outcome":"accepted","id":"sb-%06d","segments":1}`+"\n", to, message.MakeKey("award", message.SMS, to, ""), i+1)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

func TestARecordSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.jsonl")
	now := func() time.Time { return time.Date(2020, 1, 1, 9, 0, 0, 0, time.UTC) }
	ten := int64(10)
	config := sandbox.Config{Record: path, Now: now, SMS: sandbox.Account{Messages: &ten, Quota: 100}}
	c := client(t)

	first := run(t, config)
	for i := range 3 {
		if r := send(t, c, first, fmt.Sprintf("+1555010000%d", i), fmt.Sprintf("k%d", i)); r.status != 200 {
			t.Fatalf("send: %+v", r)
		}
	}
	if err := first.Topup(sandbox.Topup{Messages: 5}); err != nil {
		t.Fatal(err)
	}
	before := first.Count()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second := run(t, config)
	if diff := cmp.Diff(before, second.Count()); diff != "" {
		t.Errorf("the counts changed over a restart (-before +after):\n%s", diff)
	}
	r := call(t, c, "GET", second.URL()+"/sms/balance", nil)
	if r.body["messages"] != 12.0 || r.body["used"] != 3.0 || r.body["quota"] != 100.0 {
		t.Errorf("balance %s, want 12 messages left of 10+5-3, and 3 used", r.raw)
	}
	if r := send(t, c, second, "+15550100009", "k9"); r.body["id"] != "sb-000004" {
		t.Errorf("ids begin again: %s", r.raw)
	}
	if r := call(t, c, "GET", second.URL()+"/sms/find?ref=k1", nil); r.body["id"] != "sb-000002" {
		t.Errorf("find over the restart: %s", r.raw)
	}
	read, err := sandbox.ReadRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(second.Count(), read); diff != "" {
		t.Errorf("the file says something else (-sandbox +file):\n%s", diff)
	}
}

func TestALineCutShortByAKillIsDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.jsonl")
	writeRecord(t, path, 2)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2020-01-01T09:00:00Z","channel":"sms","to":"+1555`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s := run(t, sandbox.Config{Record: path})
	if got := s.Count().SMS.Reached; got != 2 {
		t.Errorf("reached %d, want 2", got)
	}
	if r := send(t, client(t), s, "+15550100000", "new"); r.body["id"] != "sb-000003" {
		t.Errorf("send: %+v", r)
	}
	read, err := sandbox.ReadRecord(path)
	if err != nil {
		t.Fatalf("the new line was appended to the cut one: %v", err)
	}
	if read.SMS.Reached != 3 {
		t.Errorf("reached %d, want 3", read.SMS.Reached)
	}
}

func TestARecordThatIsNoneIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte("name,phone\nWang,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.ReadRecord(path); err == nil {
		t.Error("a CSV file was counted")
	}
	if s, err := sandbox.Start(context.Background(), sandbox.Config{Record: path, Now: time.Now}); err == nil {
		t.Error("a sandbox began with it")
		_ = s.Close()
	}
	if b, err := os.ReadFile(path); err != nil || len(b) != 18 {
		t.Errorf("the file was changed: %q, %v", b, err)
	}
}

func TestAMessageCostsLittleMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.jsonl")
	const n = 46000
	writeRecord(t, path, n)
	before := heap()
	s := run(t, sandbox.Config{Record: path})
	per := float64(heap()-before) / n
	t.Logf("%.0f bytes a message", per)
	if per > 100 {
		t.Errorf("%.0f bytes a message, want at most 100", per)
	}
	if s.Count().SMS.Distinct != n {
		t.Errorf("%d addresses, want %d", s.Count().SMS.Distinct, n)
	}
}

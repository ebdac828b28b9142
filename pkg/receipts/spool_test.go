package receipts_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/receipts"
	"notify/pkg/words"
)

// heldBox is a ledger that somebody else writes to until it is let go.
type heldBox struct {
	held chan struct{}
	kept chan ledger.Receipt
}

func (b *heldBox) Keep(_ context.Context, rs []ledger.Receipt) ([]bool, error) {
	<-b.held
	for _, r := range rs {
		b.kept <- r
	}
	return make([]bool, len(rs)), nil
}

func openSpool(t *testing.T, name string) (*receipts.Spool, []ledger.Receipt, int) {
	t.Helper()
	s, left, damaged, err := receipts.OpenSpool(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, left, damaged
}

func TestAnAnswerDoesNotWaitForTheLedgerAndSurvivesACrash(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify.db.receipts")
	spool, left, _ := openSpool(t, name)
	box := &heldBox{held: make(chan struct{}), kept: make(chan ledger.Receipt, 10)}
	account := &receipts.Account{Name: "sms", Kind: "aliyun-sms", Format: receipts.Formats()["aliyun-sms"]}
	log := slog.New(slog.DiscardHandler)
	l := receipts.NewListener(box, spool, left, "secret", []*receipts.Account{account}, time.Now, log)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	server := httptest.NewServer(l)
	defer server.Close()
	for _, body := range []string{`[{"biz_id":"1"}]`, `[{"biz_id":"2"}]`} {
		got, err := http.Post(server.URL+receipts.PathOf("secret", "sms"), "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		if got.StatusCode != http.StatusOK {
			t.Fatal(got.Status)
		}
	}
	if n, err := receipts.Spooled(name); n != 2 || err != nil {
		t.Fatalf("%d in the file, %v", n, err)
	}
	// What a listener leaves that is killed now.
	text, err := os.ReadFile(name + "1")
	if err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "notify.db.receipts")
	if err := os.WriteFile(crashed+"1", append(text, `{"Hash":"half a li`...), 0o600); err != nil {
		t.Fatal(err)
	}
	_, left, damaged := openSpool(t, crashed)
	if len(left) != 2 || damaged != 0 || string(left[0].Raw) != `[{"biz_id":"1"}]` || left[0].Hash == "" || left[0].Account != "sms" {
		t.Fatalf("%+v, %d damaged", left, damaged)
	}
	stop()
	close(box.held)
	<-ended
	if n, err := receipts.Spooled(name); n != 0 || err != nil || len(box.kept) != 2 {
		t.Fatalf("%d in the file, %d on the ledger, %v", n, len(box.kept), err)
	}
}

func TestASpoolTakesOverWhatTheDeadLeft(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state", "notify.db.receipts")
	first, _, _ := openSpool(t, name)
	second, _, _ := openSpool(t, name)
	refused := ledger.Receipt{
		Hash: "b", Account: "edm", Format: "ses", Source: "203.0.113.9", Head: []byte(`{}`), Raw: []byte("x\ny"), Grade: message.GradeUnsigned,
		At: time.Date(2026, 11, 20, 9, 0, 0, 5, time.UTC), Fate: ledger.ReceiptRefused, Why: words.T("receipts.signature", nil),
	}
	for s, r := range map[*receipts.Spool]ledger.Receipt{first: {Hash: "a"}, second: refused} {
		if err := s.Append([]ledger.Receipt{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	third, left, _ := openSpool(t, name) // the first is alive
	if len(left) != 1 || left[0].Hash != "b" || string(left[0].Raw) != "x\ny" || !left[0].At.Equal(refused.At) || left[0].Fate != refused.Fate ||
		left[0].Why.ID != refused.Why.ID {
		t.Fatalf("%+v", left)
	}
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+"2", []byte("no line of ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own, left, damaged := openSpool(t, name)
	if len(left) != 1 || left[0].Hash != "a" || damaged != 1 {
		t.Fatalf("%+v, %d damaged", left, damaged)
	}
	if text, err := os.ReadFile(name + "2" + receipts.Damaged); err != nil || string(text) != "no line of ours\n" {
		t.Errorf("put aside: %q, %v", text, err)
	}
	if err := own.Clear(); err != nil {
		t.Fatal(err)
	}
	if n, err := receipts.Spooled(name); n != 0 || err != nil {
		t.Fatalf("%d in the files, %v", n, err)
	}
}

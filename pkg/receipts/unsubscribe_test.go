package receipts_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/receipts"
)

// told is a ledger with a campaign of one mail, and the key of that.
func told(t *testing.T) (*sqlite.Ledger, message.Key) {
	t.Helper()
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "notify.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	to := message.Address("wang@example.test")
	k := message.MakeKey("award-2020", message.Email, to, "")
	_, err = l.Stage(t.Context(), ledger.Staging{
		Campaign: "award-2020", Digest: "d", Spec: []byte("{}"), By: ledger.Act{Who: "wang", What: "stage", At: at(0)},
		Recipients: func(yield func(ledger.Recipient, error) bool) {
			yield(ledger.Recipient{Row: 2, Key: "E1", Fields: []byte("[]"), Messages: []ledger.NewMessage{{Key: k, Channel: message.Email, Address: to, Segments: 1}}}, nil)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, k
}

func TestOneClickTakesSomebodyOff(t *testing.T) {
	l, k := told(t)
	links := message.OneClick{URL: "https://edm.example.test/leave", Secret: "a secret of 16 or more"}
	u := &receipts.Unsubscribe{Links: links, Ledger: l, Now: func() time.Time { return at(9) }, Log: slog.New(slog.DiscardHandler)}
	listener := receipts.NewListener(nil, nil, nil, "secret", nil, time.Now, u.Log)
	listener.Unsubscribe = u
	server := httptest.NewServer(listener)
	defer server.Close()
	linkOf := func(o message.OneClick, k message.Key) string {
		return strings.Replace(strings.Trim(o.Headers(k)["List-Unsubscribe"], "<>"), "https://edm.example.test", server.URL, 1)
	}
	link := linkOf(links, k)
	ask := func(method, to, form string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		page, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(page)
	}
	list := func() (out []string) {
		for s, err := range l.Suppressions(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(s.Address, " ", s.Reason, " ", s.Note, " ", s.Who))
		}
		return out
	}

	code, page := ask(http.MethodGet, link, "")
	if code != http.StatusOK || !strings.Contains(page, "退订") || !strings.Contains(page, "Unsubscribe") || strings.Contains(page, "<script") || len(list()) > 0 {
		t.Fatalf("looked at: %d, %v\n%s", code, list(), page)
	}
	base, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(page, `action="`)
	action, _, _ := strings.Cut(after, `"`)
	to, err := base.Parse(action)
	if err != nil || to.String() != link {
		t.Errorf("the page posts to %s, %v", to, err)
	}

	const form = "List-Unsubscribe=One-Click"
	if code, _ := ask(http.MethodPost, link, "yes"); code != http.StatusBadRequest || len(list()) > 0 {
		t.Errorf("another form: %d", code)
	}
	other := message.MakeKey("award-2020", message.Email, "li@example.test", "")
	forged := message.OneClick{URL: links.URL, Secret: "guessed, and too bad"}
	for _, no := range []string{linkOf(forged, k), strings.Replace(link, string(k), string(other), 1), server.URL + "/leave/"} {
		if code, _ := ask(http.MethodPost, no, form); code != http.StatusForbidden || len(list()) > 0 {
			t.Errorf("%s: %d, %v", no, code, list())
		}
	}
	for range 3 {
		if code, page := ask(http.MethodPost, link, form); code != http.StatusOK || !strings.Contains(page, "已退订") {
			t.Errorf("clicked: %d\n%s", code, page)
		}
	}
	if code, _ := ask(http.MethodPost, linkOf(links, other), form); code != http.StatusOK {
		t.Errorf("a link of another ledger: %d", code)
	}
	if got := strings.Join(list(), "\n"); got != "wang@example.test opt-out award-2020: one click, signed notify" {
		t.Errorf("the list is:\n%s", got)
	}
	log, err := l.AuditLog(t.Context(), "")
	if err != nil || len(log) != 2 || log[1].What != "unsubscribe" || log[1].Figures.Addresses != 1 {
		t.Errorf("the audit has %+v, %v", log, err)
	}
	if u.Left() != 1 || u.Forged() != 3 {
		t.Errorf("%d left, %d forged", u.Left(), u.Forged())
	}
}

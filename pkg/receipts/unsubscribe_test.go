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

// accepted has the mail taken by account edm.
func accepted(t *testing.T, l *sqlite.Ledger) {
	t.Helper()
	run, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: 1, User: "wang", Now: at(8), Extend: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	turn := ledger.Turn{Run: run.Run.ID, Now: at(8), Extend: time.Minute, Claim: []ledger.ClaimRequest{{
		Channel: message.Email, Day: "2026-11-20", Max: 1, Ahead: time.Second, Grace: time.Minute, Limits: ledger.Limits{Account: "edm"},
	}}}
	got, err := l.Turn(t.Context(), turn)
	if err != nil {
		t.Fatal(err)
	}
	turn.Claim = nil
	turn.Settle = []ledger.Settlement{{Attempt: got.Grants[0].Claims[0].Attempt, At: at(8), Outcome: message.Outcome{Kind: message.OutcomeAccepted}}}
	if _, err := l.Turn(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
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

// A click is told of the message that it was made in, once, with the proof that the link is ours; what nobody sent has none.
func TestOneClickIsAFactOfItsMessage(t *testing.T) {
	l, k := told(t)
	accepted(t, l)
	links := message.OneClick{URL: "https://edm.example.test/leave", Secret: "a secret of 16 or more"}
	now := func() time.Time { return at(9).AddDate(0, 2, 0) } // people keep mails
	log := slog.New(slog.DiscardHandler)
	u := &receipts.Unsubscribe{Links: links, Ledger: l, Now: now, Log: log}
	path, err := url.Parse(strings.Trim(links.Headers(k)["List-Unsubscribe"], "<>"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path.Path, strings.NewReader("List-Unsubscribe=One-Click"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		if u.ServeHTTP(w, req); w.Code != http.StatusOK {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
	}
	settler := receipts.Settler{Ledger: l, Formats: receipts.Formats(), Accounts: map[string]*receipts.Account{}, Now: now, Log: log}
	if sum, err := settler.All(t.Context()); err != nil || sum.Receipts != 1 || sum.Ours != 1 {
		t.Errorf("settled %+v, %v", sum, err)
	}
	var facts []ledger.Fact
	for p, err := range l.Proofs(t.Context(), "award-2020", k) {
		if err != nil {
			t.Fatal(err)
		}
		facts = p.Facts
	}
	if len(facts) != 1 || facts[0].State != message.OptedOut || facts[0].Grade != message.GradeSigned || !facts[0].At.Equal(now()) {
		t.Errorf("of the message was told %+v", facts)
	}
	all, err := l.Deliveries(t.Context(), "award-2020")
	if err != nil || len(all) != 1 || all[0].ByState[message.OptedOut] != 1 {
		t.Errorf("of the campaign was told %+v, %v", all, err)
	}
	if u.Left() != 1 {
		t.Errorf("%d left", u.Left())
	}
}

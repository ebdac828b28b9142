package twilio_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/twilio"
	"notify/pkg/vendors/vendorstest"
)

// imitation answers as the vendor's documentation says, and keeps what was asked.
type imitation struct {
	vendor vendors.Vendor
	asked  []string
}

func server(t *testing.T, options map[string]any, answer func(*http.Request) vendorstest.Answer) *imitation {
	t.Helper()
	s := new(imitation)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != sid || password != token {
			t.Errorf("authorisation %q", r.Header.Get("Authorization"))
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Form.Encode()))
		a := answer(r)
		w.WriteHeader(a.Status)
		_, _ = io.WriteString(w, a.Body)
	}))
	t.Cleanup(web.Close)
	v, err := twilio.Kind().New(vendors.Settings{
		Account: "acc", Endpoint: web.URL, Concurrency: 1, Timeout: time.Minute, Options: with(options), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	s.vendor = v
	return s
}

func TestTheBalanceIsMoney(t *testing.T) {
	s := server(t, nil, func(*http.Request) vendorstest.Answer {
		return vendorstest.Answer{Status: 200, Body: `{"account_sid":"AC0","balance":"-1.5300","currency":"USD"}`}
	})
	b, err := s.vendor.(vendors.Balancer).Balance(t.Context())
	if err != nil || b.Amount == nil || b.Amount.String() != "-1.53" || b.Currency != "USD" || b.Messages != nil || b.Date.IsZero() {
		t.Errorf("%+v, %v", b, err)
	}
	if s.asked[0] != "GET /2010-04-01/Accounts/"+sid+"/Balance.json" {
		t.Error(s.asked)
	}
}

// An answer without what was asked for is an error, and never a figure.
func TestWhatIsNotTold(t *testing.T) {
	for name, c := range map[string]struct {
		answer vendorstest.Answer
		want   string
	}{
		"no figure":  {vendorstest.Answer{Status: 200, Body: `{}`}, "balance"},
		"null":       {vendorstest.Answer{Status: 200, Body: `null`}, "balance"},
		"refused":    {fail(401, 20003, "Authenticate "+token), "20003"},
		"no code":    {vendorstest.Answer{Status: 503, Body: `{}`}, "HTTP 503"},
		"no JSON":    {vendorstest.Answer{Status: 502, Body: `<html>`}, "HTTP 502"},
		"no answer":  {vendorstest.Answer{Status: 200}, "HTTP 200"},
		"elsewhere":  {vendorstest.Answer{Status: 302, Body: `{}`}, "HTTP 302"},
		"not a text": {vendorstest.Answer{Status: 200, Body: `{"balance":5}`}, "HTTP 200"},
	} {
		s := server(t, nil, func(*http.Request) vendorstest.Answer { return c.answer })
		if b, err := s.vendor.(vendors.Balancer).Balance(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
}

func TestTheAccountIsTried(t *testing.T) {
	for body, want := range map[string]string{
		`{"status":"active"}`:    "",
		`{"status":"suspended"}`: "suspended",
		`{}`:                     "status",
	} {
		s := server(t, nil, func(*http.Request) vendorstest.Answer { return vendorstest.Answer{Status: 200, Body: body} })
		err := s.vendor.(vendors.Prober).Probe(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
		if s.asked[0] != "GET /2010-04-01/Accounts/"+sid+".json" {
			t.Error(s.asked)
		}
	}
}

func TestAMessageIsFoundByNumberTextAndTime(t *testing.T) {
	since := time.Date(2026, 11, 20, 23, 0, 0, 500, time.UTC)
	query := vendors.Query{
		Key: "k1", To: "+447700900001", Text: "line 1\r\n获奖 ", Since: since, Until: since.Add(2 * time.Hour),
	}
	row := func(text, direction, created, status string) string {
		return fmt.Sprintf(`{"sid":"SM1","body":%q,"direction":%q,"date_created":%q,"date_sent":null,"status":%q,"error_code":30005}`, text, direction, created, status)
	}
	const text, out, in = "line 1\n获奖", "outbound-api", "Fri, 20 Nov 2026 23:00:00 +0000"
	accepted, unknown := message.OutcomeAccepted, message.OutcomeUnknown
	for name, c := range map[string]struct {
		row     string
		want    message.OutcomeKind
		receipt message.ReceiptState
	}{
		"delivered":      {row(text, out, in, "delivered"), accepted, message.Delivered},
		"failed":         {row(text, out, in, "failed"), accepted, message.Undelivered},
		"in the queue":   {row(text, out, in, "queued"), accepted, message.Waiting},
		"another text":   {row("line 1\n没有", out, in, "delivered"), unknown, ""},
		"before":         {row(text, out, "Fri, 20 Nov 2026 22:59:59 +0000", "delivered"), unknown, ""},
		"after":          {row(text, out, "Sat, 21 Nov 2026 01:00:01 +0000", "delivered"), unknown, ""},
		"without a time": {row(text, out, "", "delivered"), unknown, ""},
		"their answer":   {row(text, "inbound", in, "received"), unknown, ""},
		"no such row":    {`{}`, unknown, ""},
		"null":           {`null`, unknown, ""},
	} {
		s := server(t, nil, func(r *http.Request) vendorstest.Answer {
			if r.Form.Get("Page") == "" {
				return vendorstest.Answer{Status: 200, Body: `{"messages":[],"next_page_uri":"/2010-04-01/Accounts/AC0/Messages.json?To=%2B44&PageSize=1000&Page=1&PageToken=PASM7"}`}
			}
			return vendorstest.Answer{Status: 200, Body: `{"messages":[` + c.row + `],"next_page_uri":null}`}
		})
		f, err := s.vendor.(vendors.Finder).Find(t.Context(), query)
		if err != nil || f.Answer != c.want || f.Receipt != c.receipt || f.Answer == accepted && (f.VendorID != "SM1" || f.Detail != "30005") {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		list := "GET /2010-04-01/Accounts/" + sid + "/Messages.json "
		if len(s.asked) != 2 || s.asked[0] != list+"PageSize=1000&To=%2B447700900001" || s.asked[1] != list+"Page=1&PageSize=1000&PageToken=PASM7&To=%2B447700900001" {
			t.Errorf("%s: asked %q", name, s.asked)
		}
	}
}

// Without its text a message cannot be told from others to the same number.
func TestAMessageWithoutItsTextIsNotLookedFor(t *testing.T) {
	s := server(t, nil, func(*http.Request) vendorstest.Answer {
		t.Error("it was asked")
		return vendorstest.Answer{Status: 500}
	})
	f, err := s.vendor.(vendors.Finder).Find(t.Context(), vendors.Query{Key: "k1", To: "+447700900001", Until: time.Now()})
	if err != nil || f.Answer != message.OutcomeUnknown {
		t.Errorf("%+v, %v", f, err)
	}
}

// A failure names the key, and not the person.
func TestALookUpThatFailsNamesNobody(t *testing.T) {
	for _, a := range []vendorstest.Answer{fail(401, 20003, "no +447700900001 for you "+token), {Status: 200, Body: `<html>+447700900001`}} {
		s := server(t, nil, func(*http.Request) vendorstest.Answer { return a })
		_, err := s.vendor.(vendors.Finder).Find(t.Context(), vendors.Query{Key: "k1", To: "+447700900001", Text: "x", Until: time.Now()})
		if err == nil || !strings.Contains(err.Error(), "k1") || strings.Contains(err.Error(), "447700900001") || strings.Contains(err.Error(), token) {
			t.Error(err)
		}
	}
}

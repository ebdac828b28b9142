package ses_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"notify/pkg/vendors"
	"notify/pkg/vendors/ses"
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
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		checkSignature(t, r, body)
		s.asked = append(s.asked, string(body))
		a := answer(r)
		for line := range strings.SplitSeq(strings.TrimSpace(a.Header), "\r\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(a.Status)
		_, _ = io.WriteString(w, a.Body)
	}))
	t.Cleanup(web.Close)
	v, err := ses.Kind().New(vendors.Settings{
		Account: "acc", Endpoint: web.URL, Concurrency: 1, Timeout: time.Minute, Options: with(options), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	s.vendor = v
	return s
}

func TestTheBalanceIsTheQuota(t *testing.T) {
	for body, want := range map[string][2]int64{
		`{"SendQuota":{"Max24HourSend":50000.0,"MaxSendRate":14.0,"SentLast24Hours":1234.0}}`: {50000, 1234},
		`{"SendQuota":{"Max24HourSend":-1,"SentLast24Hours":7}}`:                              {-1, -1},
	} {
		s := server(t, nil, func(r *http.Request) vendorstest.Answer {
			if r.Method != http.MethodGet || r.URL.Path != "/v2/email/account" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			return vendorstest.Answer{Status: 200, Body: body}
		})
		b, err := s.vendor.(vendors.Balancer).Balance(t.Context())
		if err != nil || b.Amount != nil || b.Messages != nil || b.Date.IsZero() || (b.QuotaLimit == nil) != (want[0] < 0) || (b.QuotaUsed == nil) != (want[1] < 0) {
			t.Fatalf("%s: %+v, %v", body, b, err)
		}
		if b.QuotaLimit != nil && (*b.QuotaLimit != want[0] || *b.QuotaUsed != want[1]) {
			t.Errorf("%s: %d of %d", body, *b.QuotaUsed, *b.QuotaLimit)
		}
	}
}

// An answer without what was asked for is an error, and never a figure.
func TestWhatIsNotTold(t *testing.T) {
	for name, c := range map[string]struct {
		answer vendorstest.Answer
		want   string
	}{
		"no figure": {vendorstest.Answer{Status: 200, Body: `{"SendQuota":{}}`}, "SendQuota"},
		"nothing":   {vendorstest.Answer{Status: 200, Body: `{}`}, "SendQuota"},
		"null":      {vendorstest.Answer{Status: 200, Body: `null`}, "SendQuota"},
		"refused":   {fail(403, "AccessDeniedException", "no right "+secret), "HTTP 403"},
		"no JSON":   {vendorstest.Answer{Status: 502, Body: `<html>`}, "HTTP 502"},
		"no answer": {vendorstest.Answer{Status: 200}, "HTTP 200"},
	} {
		s := server(t, nil, func(*http.Request) vendorstest.Answer { return c.answer })
		if b, err := s.vendor.(vendors.Balancer).Balance(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
}

func TestTheAccountIsTried(t *testing.T) {
	for body, want := range map[string]string{
		`{"SendingEnabled":true,"EnforcementStatus":"HEALTHY"}`:   "",
		`{"SendingEnabled":true,"EnforcementStatus":"PROBATION"}`: "",
		`{"SendingEnabled":true,"EnforcementStatus":"SHUTDOWN"}`:  "SHUTDOWN",
		`{"SendingEnabled":false}`:                                "SendingEnabled=false",
		`{}`:                                                      "SendingEnabled=false",
	} {
		s := server(t, nil, func(*http.Request) vendorstest.Answer { return vendorstest.Answer{Status: 200, Body: body} })
		err := s.vendor.(vendors.Prober).Probe(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

package ses_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		if told := strings.Contains(body, "MaxSendRate"); told != (b.Rate != nil) || told && *b.Rate != 14 {
			t.Errorf("%s: rate %v", body, b.Rate)
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

// The list is read page by page, and an address is looked up; what is not told is an error, and never an empty list.
func TestTheSuppressionListIsRead(t *testing.T) {
	pages := map[string]string{
		"": `{"NextToken":"p 2","SuppressedDestinationSummaries":[{"EmailAddress":"a@customer.test","Reason":"BOUNCE","LastUpdateTime":1.6050000001E9}]}`,
		"p 2": `{"SuppressedDestinationSummaries":[{"EmailAddress":"b@customer.test","Reason":"COMPLAINT","LastUpdateTime":1605000002},
			{"EmailAddress":"c@customer.test","Reason":"NOVEL"}]}`,
	}
	s := server(t, nil, func(r *http.Request) vendorstest.Answer {
		q := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != "/v2/email/suppression/addresses" || q.Get("PageSize") != "1000" || q.Get("StartDate") == "" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		return vendorstest.Answer{Status: 200, Body: pages[q.Get("NextToken")]}
	})
	var got []vendors.Suppressed
	for one, err := range s.vendor.(vendors.SuppressionLister).Suppressed(t.Context(), time.Unix(1605000000, 0)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, one)
	}
	want := []vendors.Suppressed{
		{Address: "a@customer.test", Reason: vendors.SuppressedBounce, Said: "BOUNCE", Since: time.Unix(1605000000, 0).UTC()},
		{Address: "b@customer.test", Reason: vendors.SuppressedComplaint, Said: "COMPLAINT", Since: time.Unix(1605000002, 0).UTC()},
		{Address: "c@customer.test", Reason: vendors.SuppressedOther, Said: "NOVEL"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	vendorstest.NoList(t, secret, func(t *testing.T, a vendorstest.Answer) (vendors.Vendor, func() int) {
		t.Helper()
		s := server(t, nil, func(*http.Request) vendorstest.Answer { return a })
		return s.vendor, func() int { return len(s.asked) }
	}, fail(429, "TooManyRequestsException", "slow "+secret), fail(403, "AccessDeniedException", "winner-001@customer.test "+secret))
}

func TestAnAddressIsLookedUp(t *testing.T) {
	s := server(t, nil, func(r *http.Request) vendorstest.Answer {
		switch r.URL.Path {
		case "/v2/email/suppression/addresses/a+1@customer.test":
			return vendorstest.Answer{Status: 200, Body: `{"SuppressedDestination":{"EmailAddress":"a+1@customer.test","Reason":"COMPLAINT","LastUpdateTime":1605000002}}`}
		case "/v2/email/suppression/addresses/b@customer.test":
			return fail(404, "NotFoundException", "Email address b@customer.test does not exist on your suppression list.")
		}
		t.Errorf("%s", r.URL)
		return vendorstest.Answer{Status: 500}
	})
	lister := s.vendor.(vendors.SuppressionLister)
	one, err := lister.SuppressedAt(t.Context(), "a+1@customer.test")
	if err != nil || one == nil || one.Reason != vendors.SuppressedComplaint {
		t.Errorf("%+v, %v", one, err)
	}
	if one, err = lister.SuppressedAt(t.Context(), "b@customer.test"); one != nil || err != nil {
		t.Errorf("%+v, %v", one, err)
	}
}

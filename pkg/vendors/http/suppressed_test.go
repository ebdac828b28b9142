package httpvendor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"
)

func withholds(t *testing.T, v vendors.Vendor) vendors.SuppressionLister {
	t.Helper()
	l, ok := vendors.As[vendors.SuppressionLister](v)
	if !ok {
		t.Fatal("it has no suppression list")
	}
	return l
}

func TestTheSuppressionListOfAVendorFileIsRead(t *testing.T) {
	url, log := asked(t, map[string]string{"/message-streams/outbound/suppressions/dump": `{"Suppressions":[
		{"EmailAddress":"a@customer.test","SuppressionReason":"HardBounce","Origin":"Recipient","CreatedAt":"2019-12-10T08:58:33-05:00"},
		{"EmailAddress":"B@customer.test","SuppressionReason":"SpamComplaint","Origin":"Recipient","CreatedAt":"2020-01-10T08:58:33-05:00"},
		{"EmailAddress":"c@customer.test","SuppressionReason":"Novel"}]}`})
	l := withholds(t, shipped(t, "postmark", url, map[string]any{"server_token": "s3cr3t"}))
	var got []vendors.Suppressed
	for one, err := range l.Suppressed(t.Context(), time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, one)
	}
	want := []vendors.Suppressed{
		{Address: "B@customer.test", Reason: vendors.SuppressedComplaint, Said: "SpamComplaint", Since: time.Date(2020, 1, 10, 13, 58, 33, 0, time.UTC)},
		{Address: "c@customer.test", Reason: vendors.SuppressedOther, Said: "Novel"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	one, err := l.SuppressedAt(t.Context(), "b@customer.test")
	if err != nil || one == nil || one.Reason != vendors.SuppressedComplaint {
		t.Errorf("%+v, %v", one, err)
	}
	if one, err = l.SuppressedAt(t.Context(), "d@customer.test"); one != nil || err != nil {
		t.Errorf("%+v, %v", one, err)
	}
	if len(*log) != 3 {
		t.Errorf("asked %v", *log)
	}
}

func TestWhatIsNoSuppressionListIsAnError(t *testing.T) {
	for name, it := range map[string]struct {
		options map[string]any
		nobody  string // an item without an address
	}{
		"postmark": {map[string]any{"server_token": "s3cr3t"}, `{"Suppressions":[{"SuppressionReason":"HardBounce"}]}`},
		"sendgrid": {map[string]any{"api_key": "s3cr3t"}, `[{"created":1}]`},
		"mailgun":  {map[string]any{"api_key": "s3cr3t", "domain": "mg.example.test"}, `{"items":[{"code":"550"}],"paging":{"next":"/n"}}`},
		"resend":   {map[string]any{"api_key": "s3cr3t"}, `{"has_more":false,"data":[{"id":"1"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			vendorstest.NoList(t, "s3cr3t", func(t *testing.T, a vendorstest.Answer) (vendors.Vendor, func() int) {
				t.Helper()
				n := 0
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					n++
					for line := range strings.SplitSeq(strings.TrimSpace(a.Header), "\r\n") {
						if name, value, ok := strings.Cut(line, ": "); ok {
							w.Header().Set(name, value)
						}
					}
					w.WriteHeader(a.Status)
					_, _ = w.Write([]byte(a.Body))
				}))
				t.Cleanup(srv.Close)
				return shipped(t, name, srv.URL, it.options), func() int { return n }
			}, vendorstest.Answer{Status: http.StatusOK, Body: it.nobody})
		})
	}
}

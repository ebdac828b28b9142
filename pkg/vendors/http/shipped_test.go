package httpvendor_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"

	"github.com/google/go-cmp/cmp"

	vendorfiles "notify/examples/vendors"
	httpvendor "notify/pkg/vendors/http"
)

// shipped builds a vendor on a shipped file.
func shipped(t *testing.T, name, endpoint string, options map[string]any) vendors.Vendor {
	t.Helper()
	options["definition"] = "builtin:" + name
	v, err := httpvendor.Kind(vendorfiles.FS()).New(vendors.Settings{
		Account: "acc", Endpoint: endpoint, Concurrency: 2, Timeout: 5 * time.Minute, Options: options,
		Now: func() time.Time { return time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func TestTheSandboxFileKnowsTheWholeContract(t *testing.T) {
	m := vendorstest.SMS(1)
	m.Template, m.Vars = "T1", map[string]string{"姓名": "李"}
	for _, tt := range []struct {
		name   string
		status int
		body   string
		kind   message.OutcomeKind
		reason message.Reason
	}{
		{"taken", 200, `{"code":"OK","id":"sb-1","segments":2}`, message.OutcomeAccepted, ""},
		{"no balance", 402, `{"code":"BALANCE","message":"m"}`, message.OutcomeRefused, message.ReasonBalance},
		{"no quota", 403, `{"code":"QUOTA"}`, message.OutcomeRefused, message.ReasonQuota},
		{"too fast", 429, `{"code":"RATE"}`, message.OutcomeThrottled, ""},
		{"not a number", 400, `{"code":"NUMBER"}`, message.OutcomeRejected, ""},
		{"not a text", 400, `{"code":"TEXT"}`, message.OutcomeRejected, ""},
		{"not allowed in", 401, `{"code":"AUTH"}`, message.OutcomeRefused, message.ReasonAuth},
		{"not approved", 403, `{"code":"TEMPLATE"}`, message.OutcomeRefused, message.ReasonTemplate},
		{"blocked", 403, `{"code":"BLOCKED"}`, message.OutcomeRefused, message.ReasonBlocked},
		{"broken", 500, `{"code":"INTERNAL"}`, message.OutcomeUnknown, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, last := record(t, tt.status, tt.body)
			o := shipped(t, "sandbox-sms", srv.URL, map[string]any{"token": "t"}).Send(t.Context(), m)
			if o.Kind != tt.kind || o.Reason != tt.reason {
				t.Errorf("%+v, want %s %s", o, tt.kind, tt.reason)
			}
			if !strings.HasSuffix(last.Body, `"ref":"`+string(m.Key)+`","template":"T1","vars":{"姓名":"李"}}`) {
				t.Errorf("the server read %s", last.Body)
			}
		})
	}
}

func TestTheSandboxFileReadsBalanceAndSearch(t *testing.T) {
	srv, _ := record(t, 200, `{"code":"OK","balance":"450.00","currency":"CNY","messages":10000,"quota":10000,"used":0}`)
	b, ok := vendors.As[vendors.Balancer](shipped(t, "sandbox-sms", srv.URL, map[string]any{"token": "t"}))
	if !ok {
		t.Fatal("no balancer")
	}
	got, err := b.Balance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := vendors.Balance{
		Amount: new(message.Money(450_000_000)), Currency: "CNY", Messages: new(int64(10000)),
		QuotaLimit: new(int64(10000)), QuotaUsed: new(int64(0)), Date: time.Date(2020, 1, 2, 3, 4, 0, 0, time.UTC),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for body, want := range map[string]vendors.Balance{
		`{"code":"OK","currency":"CNY","messages":10000,"used":7}`: {Currency: "CNY", Messages: new(int64(10000)), QuotaUsed: new(int64(7))},
		`{"code":"OK","currency":"CNY","used":0}`:                  {Currency: "CNY", QuotaUsed: new(int64(0))},
	} {
		srv, _ := record(t, 200, body)
		b, _ := vendors.As[vendors.Balancer](shipped(t, "sandbox-sms", srv.URL, map[string]any{"token": "t"}))
		got, err := b.Balance(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		got.Date = want.Date
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", body, d)
		}
	}
	for body, want := range map[string]vendors.Found{
		`{"code":"OK","found":true,"id":"sb-1","status":"undelivered"}`: {Answer: message.OutcomeAccepted, VendorID: "sb-1", Receipt: message.Undelivered, Detail: "undelivered"},
		`{"code":"OK","found":false}`:                                   {Answer: message.OutcomeUnsent},
		`{"code":"AUTH","found":false}`:                                 {},
		`{"code":"OK"}`:                                                 {},
	} {
		srv, last := record(t, 200, body)
		f, ok := vendors.As[vendors.Finder](shipped(t, "sandbox-sms", srv.URL, map[string]any{"token": "t"}))
		if !ok {
			t.Fatal("no finder")
		}
		got, err := f.Find(t.Context(), vendors.Query{Key: "k1", To: "+447700900001"})
		if (err != nil) != (want.Answer == "") {
			t.Errorf("%s: %v", body, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if last.URI != "/sms/find?ref=k1" {
			t.Errorf("asked %s", last.URI)
		}
	}
}

func TestTheSignedFileTakesAMissingListForNoAnswer(t *testing.T) {
	for body, want := range map[string]message.OutcomeKind{
		`{"code":0,"messages":[]}`:                                  message.OutcomeUnsent,
		`{"code":0,"messages":[{"reference":"other"}]}`:             message.OutcomeUnsent,
		`{"code":0,"messages":[{"reference":"k1","state":"GONE"}]}`: message.OutcomeAccepted,
		`{"code":0}`: "",
	} {
		srv, _ := record(t, 200, body)
		f, ok := vendors.As[vendors.Finder](shipped(t, "signed-sms", srv.URL, map[string]any{"app_id": "a", "app_secret": "s"}))
		if !ok {
			t.Fatal("no finder")
		}
		got, err := f.Find(t.Context(), vendors.Query{Key: "k1", To: "+447700900001", Until: time.Unix(0, 0)})
		if got.Answer != want || (err != nil) != (want == "") {
			t.Errorf("%s: %+v, %v; want %q", body, got, err, want)
		}
	}
}

func TestAQueryIsAskedOnceMoreWhereTheConnectionDied(t *testing.T) {
	asked := 0
	l := vendorstest.Listen(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		if asked++; asked > 1 {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n"+`{"code":"OK","found":false}`)
		}
	})
	f, ok := vendors.As[vendors.Finder](shipped(t, "sandbox-sms", "http://"+l.Addr(), map[string]any{"token": "t"}))
	if !ok {
		t.Fatal("no finder")
	}
	if got, err := f.Find(t.Context(), vendors.Query{Key: "k1"}); err != nil || got.Answer != message.OutcomeUnsent {
		t.Errorf("%+v, %v", got, err)
	}
}

package httpvendor_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"

	"github.com/google/go-cmp/cmp"

	httpvendor "notify/pkg/vendors/http"
)

// reading has a row for each thing that a table can say.
const reading = `name: reading
channels: [sms]
endpoint: https://api.example.test
options: {token: {secret: true}}
send: {path: /send, form: {to: "{{ to }}", text: "{{ text }}"}}
answer:
  accepted: body.ok == true
  code: body.error?.code ?? body.code
  id: body.id
  message: body.error?.text ?? body.text
  segments: body.parts
codes:
  - {code: [R1, 42], outcome: rejected, source: a test}
  - {code: R2, outcome: refused, reason: quota, source: a test}
  - {code: R3, status: [503], outcome: throttled, source: a test}
  - {code: R4, outcome: unknown, source: a test}
  - {code: R5, status: [400], outcome: rejected, source: a test}
  - {code: R5, outcome: refused, reason: other, source: a test}
`

func TestWhatAnAnswerMeans(t *testing.T) {
	_, read := halves(t, reading)
	m := vendorstest.SMS(1)
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   message.Outcome
	}{
		{"accepted, with a numeric id and parts as text", 200, `{"ok":true,"id":17,"parts":"2"}`, message.Outcome{Kind: message.OutcomeAccepted, VendorID: "17", Segments: 2}},
		{"an id beyond 53 bits stays exact", 200, `{"ok":true,"id":9007199254740993}`, message.Outcome{Kind: message.OutcomeAccepted, VendorID: "9007199254740993"}},
		{"an id beyond 64 bits stays exact", 200, `{"ok":true,"id":123456789012345678901234567890}`, message.Outcome{Kind: message.OutcomeAccepted, VendorID: "123456789012345678901234567890"}},
		{"accepted without an id proves nothing", 200, `{"ok":true}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:id"}},
		{"accepted with an id that is an object", 200, `{"ok":true,"id":{}}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:garbage", Detail: `{"id":"vendor.value-no-text","args":{"type":"map[string]interface {}"}}`}},
		{"accepted under a redirect", 302, `{"ok":true,"id":"1"}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:http-302"}},
		{"accepted under a failure of the server", 502, `{"ok":true,"id":"1"}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:http-502"}},
		{"accepted, with a code that refuses", 200, `{"ok":true,"id":"1","code":"R2"}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "R2", Detail: `{"id":"vendor.contradicts","args":{"outcome":{"id":"outcome.refused"},"said":"HTTP 200"}}`}},
		{"a code under 200", 200, `{"code":"R2","text":"used up"}`, message.Outcome{Kind: message.OutcomeRefused, Reason: message.ReasonQuota, Code: "R2", Detail: "used up"}},
		{"a code that is a number", 400, `{"error":{"code":42,"text":"bad"}}`, message.Outcome{Kind: message.OutcomeRejected, Code: "42", Detail: "bad"}},
		{"a code that is a number with decimals", 400, `{"code":42.0}`, message.Outcome{Kind: message.OutcomeRejected, Code: "42", Detail: "HTTP 400"}},
		{"a listed code under a 5xx that the table does not name", 500, `{"code":"R2"}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "R2", Detail: "HTTP 500"}},
		{"a listed code under the 5xx that the table names", 503, `{"code":"R3"}`, message.Outcome{Kind: message.OutcomeThrottled, Code: "R3", Detail: "HTTP 503"}},
		{"a code under a status that the row does not name", 400, `{"code":"R3"}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "R3", Detail: "HTTP 400"}},
		{"a row that names the status goes before one that does not", 400, `{"code":"R5"}`, message.Outcome{Kind: message.OutcomeRejected, Code: "R5", Detail: "HTTP 400"}},
		{"a row that names no status", 403, `{"code":"R5"}`, message.Outcome{Kind: message.OutcomeRefused, Reason: message.ReasonOther, Code: "R5", Detail: "HTTP 403"}},
		{"a code that is listed as unknown", 400, `{"code":"R4"}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "R4", Detail: "HTTP 400"}},
		{"a code that is not listed", 400, `{"code":"r2"}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "r2", Detail: "HTTP 400"}},
		{"no code", 404, `{}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:http-404"}},
		{"an array", 200, `[]`, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:garbage"}},
		{"two values", 200, `{"ok":true,"id":"1"}{"code":"R1"}`, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:garbage", Detail: `{"id":"vendor.answer-no-json","args":{"status":200}}`}},
		{"null", 200, `null`, message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:garbage"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := read(tt.status, []byte(tt.body), m)
			if tt.want.Detail == "" && got.Kind == message.OutcomeUnknown {
				got.Detail = "" // the words are the expression language's
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhatAVendorRepeatsIsTakenOut(t *testing.T) {
	_, read := halves(t, reading)
	m := vendorstest.SMS(7)
	body := `{"code":"R1","text":"` + strings.Repeat("长", 90) + `"}`
	if o := read(400, []byte(body), m); len(o.Detail) > 300 || !utf8.ValidString(o.Detail) {
		t.Errorf("%d bytes: %q", len(o.Detail), o.Detail)
	}
	for said, want := range map[string]string{
		`to +447700900007 no`:            "to +**** no",
		`00447700900007`:                 "****",
		`7700900007,7700900008`:          "****,7700900008",
		`token s3cr3t/+ or s3cr3t%2F%2B`: "token *** or ***",
		`basic czNjcjN0Lys=`:             "basic ***",
		`line 1\r\nline 2\u0000`:         "line 1  line 2",
	} {
		if o := read(400, []byte(`{"code":"R1","text":"`+said+`"}`), m); o.Detail != want {
			t.Errorf("%q became %q, want %q", said, o.Detail, want)
		}
	}
	if o := read(400, []byte(`{"code":"s3cr3t/+ +447700900007"}`), m); o.Code != "*** +****" {
		t.Errorf("code %q", o.Code)
	}
}

// halves builds a vendor on a file that is given as text.
func halves(tb testing.TB, file string) (func(message.Message) error, func(int, []byte, message.Message) message.Outcome) {
	tb.Helper()
	build, read, err := httpvendor.Halves(vendorOn(tb, file, "", map[string]any{"token": "s3cr3t/+"}))
	if err != nil {
		tb.Fatal(err)
	}
	return build, read
}

func vendorOn(tb testing.TB, file, endpoint string, options map[string]any) vendors.Vendor {
	tb.Helper()
	all := map[string]any{"definition": "builtin:v"}
	for k, v := range options {
		all[k] = v
	}
	v, err := httpvendor.Kind(fstest.MapFS{"v.yaml": {Data: []byte(file)}}).New(vendors.Settings{
		Account: "acc", Endpoint: endpoint, Concurrency: 2, Timeout: 5 * time.Minute, Options: all,
		Now: func() time.Time { return time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = v.Close() })
	return v
}

// FuzzAnswer: whatever a vendor answers, the outcome keeps the rules, and only what the table names is definite.
func FuzzAnswer(f *testing.F) {
	_, read := halves(f, reading)
	m := vendorstest.SMS(1)
	for _, body := range []string{`{"ok":true,"id":"1"}`, `{"error":{"code":42}}`, `{"code":"R2","text":"s3cr3t/+ +447700900001"}`, `[1e999]`, `"`, ``, "\xff\xfe", `{"code":[]}`} {
		f.Add(200, []byte(body))
		f.Add(503, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		o := read(status, body, m)
		listed := map[string]bool{"R1": true, "42": true, "R2": true, "R3": true, "R5": true}
		if o.Kind.Definite() && (!listed[o.Code] || status >= 500 && o.Code != "R3") {
			t.Errorf("definite without a row: %d %q: %+v", status, body, o)
		}
		if o.Kind == message.OutcomeUnsent {
			t.Errorf("an answer to what was never sent: %+v", o)
		}
		if (o.Kind == message.OutcomeRefused) != (o.Reason != "") || o.Kind == message.OutcomeAccepted && o.VendorID == "" {
			t.Errorf("%+v", o)
		}
		text := o.Code + o.Detail
		if len(o.Detail) > 300 || !utf8.ValidString(text) || strings.Contains(text, "s3cr3t/+") || strings.Contains(text, "7700900001") {
			t.Errorf("%+v", o)
		}
	})
}

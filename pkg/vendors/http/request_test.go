package httpvendor_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"

	"github.com/google/go-cmp/cmp"
)

// seen is a request as the server read it.
type seen struct {
	Method, URI, Body string
	Header            http.Header
}

// record answers every request with a status and a body, and keeps the last request.
func record(t *testing.T, status int, body string) (*httptest.Server, *seen) {
	t.Helper()
	last := &seen{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*last = seen{Method: r.Method, URI: r.RequestURI, Body: string(b), Header: r.Header}
		w.Header().Set("Date", "Thu, 02 Jan 2020 03:04:00 GMT")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv, last
}

const head = `name: v
channels: [sms, email]
options: {token: {secret: true, default: ""}, path: {default: "a/b ?#%"}}
answer: {accepted: status == 200}
`

func TestRequestsAreBuiltFromValuesThatAreNotReadAgain(t *testing.T) {
	m := vendorstest.SMS(1)
	m.Text = `"}],{{ option.token }} & <b> \ %0d` + "\r\n😀"
	m.Vars = map[string]string{"姓名": `{{ 1 }}"`}
	for _, tt := range []struct {
		name, send string
		want       seen
		kind       string
	}{
		{
			"a JSON body", `{path: /s, json: {to: "{{ to }}", text: "<{{ text }}>", vars: "{{ vars }}", n: "{{ segments }}", on: true, none: null, list: [1, "{{ key }}"], "gone?": "{{ template }}", deep: {"gone?": "", here: ""}}}`,
			seen{Method: "POST", URI: "/base/s", Body: `{"to":"+447700900001","text":"\u003c\"}],{{ option.token }} \u0026 \u003cb\u003e \\ %0d\r\n😀\u003e","vars":{"姓名":"{{ 1 }}\""},"n":1,"on":true,"none":null,"list":[1,"` + string(m.Key) + `"],"deep":{"here":""}}`},
			"application/json",
		},
		{
			"a form", `{method: PUT, path: /s, form: {to: "{{ trimPrefix(to, '+44') }}", "t x": "{{ text }}", "gone?": "{{ template }}", here: "{{ template }}"}}`,
			seen{Method: "PUT", URI: "/base/s", Body: "to=7700900001&t+x=%22%7D%5D%2C%7B%7B+option.token+%7D%7D+%26+%3Cb%3E+%5C+%250d%0D%0A%F0%9F%98%80&here="},
			"application/x-www-form-urlencoded",
		},
		{
			"a path and a query", `{path: "/x/{{ option.path }}/{{ to }}", query: {t: "{{ text }}", ts: "{{ timestamp }}", day: "{{ time.Format('20060102') }}"}}`,
			seen{Method: "POST", URI: "/base/x/a%2Fb%20%3F%23%25/+447700900001?t=%22%7D%5D%2C%7B%7B+option.token+%7D%7D+%26+%3Cb%3E+%5C+%250d%0D%0A%F0%9F%98%80&ts=1577934245&day=20200102"},
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, last := record(t, 200, "{}")
			v := vendorOn(t, head+"send: "+tt.send+"\n", srv.URL+"/base/", map[string]any{"token": "s3cr3t"})
			if o := v.Send(t.Context(), m); o.Kind != message.OutcomeAccepted {
				t.Fatalf("%+v", o)
			}
			if got := last.Header.Get("Content-Type"); got != tt.kind {
				t.Errorf("content type %q, want %q", got, tt.kind)
			}
			last.Header = nil
			if d := cmp.Diff(tt.want, *last); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhatCannotBeBuiltIsNotSent(t *testing.T) {
	mail := vendorstest.Mail(1)
	attached := vendorstest.SMS(1)
	attached.Attachments = []message.Attachment{{Name: "a.pdf"}}
	split := vendorstest.SMS(1)
	split.Name = "a\r\nX-Injected: b"
	for _, tt := range []struct {
		name, send string
		m          message.Message
		detail     string
	}{
		{"an expression that fails for this message", `{path: /s, json: {to: "{{ to }}", text: "{{ int(name) }}{{ text }}"}}`, vendorstest.SMS(1), "send.json.text"},
		{"a value that is no text", `{path: /s, form: {to: "{{ to }}", text: "{{ vars }}"}}`, vendorstest.SMS(1), "send.form.text"},
		{"a line break in a header", `{path: /s, headers: {X-Name: "{{ name }}"}, json: {to: "{{ to }}", text: "{{ text }}"}}`, split, ""},
		{"a mail whose headers have no place", `{path: /s, json: {to: "{{ to }}", text: "{{ text }}", html: "{{ html }}", from: "{{ from }}", subject: "{{ subject }}"}}`, mail, "headers"},
		{"a mail whose HTML has no place", `{path: /s, json: {to: "{{ to }}", text: "{{ text }}", headers: "{{ headers }}", from: "{{ from }}", subject: "{{ subject }}"}}`, mail, "html"},
		{"an attachment", `{path: /s, json: {to: "{{ to }}", text: "{{ text }}"}}`, attached, "attachments"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, last := record(t, 200, "{}")
			v := vendorOn(t, head+"send: "+tt.send+"\n", srv.URL, nil)
			o := v.Send(t.Context(), tt.m)
			if o.Kind != message.OutcomeUnsent || !strings.HasPrefix(o.Code, "notify:") || !strings.Contains(o.Detail, tt.detail) {
				t.Errorf("%+v, want unsent with %q", o, tt.detail)
			}
			if last.Method != "" {
				t.Errorf("the server read %+v", last)
			}
		})
	}
}

func TestAnOwnAuthorityIsTrustedAndNoOther(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the client that does not trust it
	srv.StartTLS()
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	file := head + `send: {path: /s, form: {to: "{{ to }}", text: "{{ text }}"}}` + "\n"
	trusted := vendorOn(t, file, srv.URL, map[string]any{"ca_file": ca})
	if o := trusted.Send(t.Context(), vendorstest.SMS(1)); o.Kind != message.OutcomeAccepted {
		t.Errorf("%+v, want accepted", o)
	}
	system := vendorOn(t, file, srv.URL, nil)
	if o := system.Send(t.Context(), vendorstest.SMS(1)); o.Kind != message.OutcomeUnsent || o.Code != "notify:tls" {
		t.Errorf("%+v, want unsent", o)
	}
}

func TestAbilitiesAreThoseOfTheFile(t *testing.T) {
	const send = `send: {path: /s, form: {to: "{{ to }}", text: "{{ text }}"}}` + "\n"
	const balance = "balance: {path: /b, ok: status == 200, amount: body.left}\n"
	const find = `find: {path: /f, query: {k: "{{ key }}"}, ok: status == 200, found: body.found}` + "\n"
	const probe = "probe: {path: /p, ok: status == 200}\n"
	for _, tt := range []struct {
		name, file             string
		balances, finds, tries bool
	}{
		{"none", "", false, false, false},
		{"a balance, which is a probe too", balance, true, false, true},
		{"a search", find, false, true, false},
		{"a probe", probe, false, false, true},
		{"all", balance + find + probe, true, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := vendorOn(t, head+send+tt.file, "http://127.0.0.1:1", nil)
			_, balances := vendors.As[vendors.Balancer](v)
			_, finds := vendors.As[vendors.Finder](v)
			_, tries := vendors.As[vendors.Prober](v)
			if balances != tt.balances || finds != tt.finds || tries != tt.tries {
				t.Errorf("balancer %t, finder %t, prober %t", balances, finds, tries)
			}
		})
	}
}

func TestWhoHasAPlaceForACodeAloneTakesApprovedTextsOnly(t *testing.T) {
	for form, want := range map[string]bool{
		`text: "{{ text }}"`:                          false,
		`text: "{{ text }}", id: "{{ template }}"`:    false,
		`id: "{{ template }}", v: "{{ json(vars) }}"`: true,
	} {
		v := vendorOn(t, head+`send: {path: /s, form: {to: "{{ to }}", `+form+"}}\n", "http://127.0.0.1:1", nil)
		only, ok := vendors.As[vendors.TemplateOnly](v)
		if !ok || only.TemplateOnly() != want {
			t.Errorf("%s: %t, want %t", form, !want, want)
		}
	}
}

func TestBalance(t *testing.T) {
	file := head + `send: {path: /s, form: {to: "{{ to }}", text: "{{ text }}"}}
auth: {bearer: "{{ option.token }}"}
balance: {path: /b, ok: "status == 200 && body.code == 'OK'", amount: body.balance, currency: body.currency, messages: body.messages, quota: body.quota, used: body.used}
`
	file = strings.Replace(file, "answer: {", "answer: {code: body.code, message: body.message, ", 1)
	date := time.Date(2020, 1, 2, 3, 4, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, body string
		status     int
		want       vendors.Balance
		err        string
	}{
		{
			"as text", `{"code":"OK","balance":"450.00","currency":"CNY","messages":10000,"quota":"10000","used":0}`, 200,
			vendors.Balance{Amount: new(message.Money(450_000_000)), Currency: "CNY", Messages: new(int64(10000)), QuotaLimit: new(int64(10000)), QuotaUsed: new(int64(0)), Date: date},
			"",
		},
		{
			"as a number, and more decimals than money has", `{"code":"OK","balance":0.12345678,"messages":1,"quota":1.0,"used":0}`, 200,
			vendors.Balance{Amount: new(message.Money(123456)), Messages: new(int64(1)), QuotaLimit: new(int64(1)), QuotaUsed: new(int64(0)), Date: date},
			"",
		},
		{"a figure that is missing", `{"code":"OK","balance":"1","quota":1,"used":0}`, 200, vendors.Balance{}, "messages"},
		{"a figure that is no number", `{"code":"OK","balance":"plenty","messages":1,"quota":1,"used":0}`, 200, vendors.Balance{}, "plenty"},
		{"a refusal", `{"code":"AUTH","message":"token s3cr3t is wrong"}`, 401, vendors.Balance{}, "HTTP 401 AUTH token *** is wrong"},
		{"garbage", `<html>`, 200, vendors.Balance{}, "not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, last := record(t, tt.status, tt.body)
			v := vendorOn(t, file, srv.URL, map[string]any{"token": "s3cr3t"})
			b, _ := vendors.As[vendors.Balancer](v)
			got, err := b.Balance(t.Context())
			wants(t, err, tt.err)
			if err == nil {
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Error(d)
				}
			}
			if last.Method != "GET" || last.URI != "/b" || last.Header.Get("Authorization") != "Bearer s3cr3t" {
				t.Errorf("%+v", last)
			}
			p, _ := vendors.As[vendors.Prober](v)
			if err := p.Probe(t.Context()); (err == nil) != (tt.status == 200 && strings.HasPrefix(tt.body, `{"code":"OK"`)) {
				t.Errorf("probe: %v", err)
			}
		})
	}
}

// wants compares an error with a part of its text, and looks for the secret.
func wants(t *testing.T, err error, part string) {
	t.Helper()
	switch {
	case part == "" && err != nil:
		t.Fatal(err)
	case part != "" && (err == nil || !strings.Contains(err.Error(), part)):
		t.Errorf("error %v, want %q", err, part)
	case err != nil && strings.Contains(err.Error(), "s3cr3t"):
		t.Errorf("the error holds a secret: %v", err)
	}
}

func TestFind(t *testing.T) {
	file := head + `send: {path: /s, form: {to: "{{ to }}", text: "{{ text }}"}}
find:
  path: /f
  query: {k: "{{ key }}", day: "{{ since.Format('20060102') }}"}
  ok: status == 200
  found: body.found
  id: body.id
  receipt: body.status
  receipts: {delivered: [DELIVRD], undelivered: [UNDELIV], waiting: [ACCEPTD]}
  not_found: {final: true, after: 10m, source: a test}
`
	weak := strings.Replace(file, "not_found: {final: true, after: 10m, source: a test}", "not_found: {final: false}", 1)
	now := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	m := vendorstest.SMS(3)
	for _, tt := range []struct {
		name, file, body string
		status           int
		until            time.Time
		want             vendors.Found
		err              string
	}{
		{"found and delivered", file, `{"found":true,"id":5,"status":"DELIVRD"}`, 200, now, vendors.Found{Answer: message.OutcomeAccepted, VendorID: "5", Receipt: message.Delivered, Detail: "DELIVRD"}, ""},
		{"found, in a state that is not listed", file, `{"found":true,"id":5,"status":"ODD"}`, 200, now, vendors.Found{Answer: message.OutcomeAccepted, VendorID: "5", Detail: "ODD"}, ""},
		{"not found, and old enough", file, `{"found":false}`, 200, now.Add(-10 * time.Minute), vendors.Found{Answer: message.OutcomeUnsent}, ""},
		{"not found, and too young", file, `{"found":false}`, 200, now.Add(-9 * time.Minute), vendors.Found{Answer: message.OutcomeUnknown}, ""},
		{"not found, and nobody knows how old", file, `{"found":false}`, 200, time.Time{}, vendors.Found{Answer: message.OutcomeUnknown}, ""},
		{"not found, which proves nothing", weak, `{"found":false}`, 200, now.Add(-time.Hour), vendors.Found{Answer: message.OutcomeUnknown}, ""},
		{"an answer that says neither", file, `{}`, 200, now.Add(-time.Hour), vendors.Found{}, "true or false"},
		{"a failure", file, `{"found":false}`, 500, now.Add(-time.Hour), vendors.Found{}, "HTTP 500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, last := record(t, tt.status, tt.body)
			f, ok := vendors.As[vendors.Finder](vendorOn(t, tt.file, srv.URL, map[string]any{"token": "s3cr3t"}))
			if !ok {
				t.Fatal("no finder")
			}
			got, err := f.Find(t.Context(), vendors.Query{Key: m.Key, To: m.To, Since: now, Until: tt.until})
			wants(t, err, tt.err)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if want := "/f?k=" + string(m.Key) + "&day=20200102"; last.URI != want {
				t.Errorf("asked %s, want %s", last.URI, want)
			}
		})
	}
}

package httpvendor_test

import (
	"bufio"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"

	"github.com/google/go-cmp/cmp"

	httpvendor "notify/pkg/vendors/http"
)

func TestBodiesOfEveryKind(t *testing.T) {
	m := vendorstest.SMS(1)
	m.Text = `您好 & <1>`
	for _, tt := range []struct{ name, send, body, kind string }{
		{"raw text", `{path: /s, raw: "{{ to }}|{{ text }}"}`, "+447700900001|您好 & <1>", "text/plain; charset=utf-8"},
		{"raw text in GBK", `{path: /s, charset: gbk, raw: "{{ to }}|{{ text }}"}`, "+447700900001|\xc4\xfa\xba\xc3 & <1>", "text/plain; charset=GBK"},
		{"XML, whose values are escaped", `{path: /s, xml: "<m to='{{ to }}'><c>{{ text }}</c></m>"}`, "<m to='+447700900001'><c>您好 &amp; &lt;1&gt;</c></m>", "application/xml; charset=utf-8"},
		{"a type of its own", `{path: /s, headers: {content-type: text/xml}, xml: "<c t='{{ to }}'>{{ text }}</c>"}`, "<c t='+447700900001'>您好 &amp; &lt;1&gt;</c>", "text/xml"},
		{"a form with repeated names", `{path: /s, form: {tag: [a, "{{ to }}"], "gone?": ["{{ template }}", ""], text: "{{ text }}"}}`, "tag=a&tag=%2B447700900001&text=%E6%82%A8%E5%A5%BD+%26+%3C1%3E", "application/x-www-form-urlencoded"},
		{"a form with names of a map", `{path: /s, form: {"h:*": "{{ {'X-B': to, 'X-A': text} }}"}}`, "h%3AX-A=%E6%82%A8%E5%A5%BD+%26+%3C1%3E&h%3AX-B=%2B447700900001", "application/x-www-form-urlencoded"},
		{"a form in GBK", `{path: /s, charset: gbk, form: {to: "{{ to }}", text: "{{ text }}"}}`, "to=%2B447700900001&text=%C4%FA%BA%C3+%26+%3C1%3E", "application/x-www-form-urlencoded; charset=GBK"},
		{"JSON in GBK", `{path: /s, charset: gbk, json: {to: "{{ to }}", text: "您{{ name == '' ? '' : text }}"}}`, "{\"to\":\"+447700900001\",\"text\":\"\xc4\xfa\xc4\xfa\xba\xc3 \\u0026 \\u003c1\\u003e\"}", "application/json; charset=GBK"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, last := record(t, 200, "{}")
			if o := vendorOn(t, head+"send: "+tt.send+"\n", srv.URL, nil).Send(t.Context(), m); o.Kind != message.OutcomeAccepted {
				t.Fatalf("%+v", o)
			}
			if last.Body != tt.body || last.Header.Get("Content-Type") != tt.kind {
				t.Errorf("%q of %q\nwant %q of %q", last.Body, last.Header.Get("Content-Type"), tt.body, tt.kind)
			}
		})
	}
}

func TestAMultipartBodyIsReadByTheStandardReader(t *testing.T) {
	srv, last := record(t, 200, "{}")
	v := vendorOn(t, head+`send: {path: /s, multipart: {to: "{{ to }}", tag: [a, b], text: "{{ text }}"}}`+"\n", srv.URL, nil)
	if o := v.Send(t.Context(), vendorstest.SMS(1)); o.Kind != message.OutcomeAccepted {
		t.Fatalf("%+v", o)
	}
	_, boundary, _ := strings.Cut(last.Header.Get("Content-Type"), "boundary=")
	form, err := multipart.NewReader(strings.NewReader(last.Body), boundary).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"to": {"+447700900001"}, "tag": {"a", "b"}, "text": {vendorstest.SMS(1).Text}}
	if d := cmp.Diff(want, form.Value); d != "" {
		t.Error(d)
	}
}

func TestWhatGBKDoesNotHaveIsNotSent(t *testing.T) {
	srv, last := record(t, 200, "{}")
	v := vendorOn(t, head+`send: {path: /s, charset: gbk, form: {to: "{{ to }}", text: "{{ text }}"}}`+"\n", srv.URL, nil)
	m := vendorstest.SMS(1)
	m.Text = "😀"
	if o := v.Send(t.Context(), m); o.Kind != message.OutcomeUnsent || !strings.Contains(o.Detail, "vendor.not-gbk") || last.Method != "" {
		t.Errorf("%+v; the server read %+v", o, last)
	}
}

func TestValuesOfFunctions(t *testing.T) {
	for src, want := range map[string]string{
		`hex(md5("abc"))`:                                   "900150983cd24fb0d6963f7d28e17f72", // RFC 1321, A.5
		`hex(sha1("abc"))`:                                  "a9993e364706816aba3e25717850c26c9cd0d89d",
		`hex(sha256("abc"))`:                                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		`hex(sha512("abc"))[:16]`:                           "ddaf35a193617aba",
		`upper(hex(hmac("md5", option.token, text)))`:       "750C783E6AB0B503EAA86E310A5DB738",             // RFC 2202, 2
		`hex(hmac("sha1", option.token, text))`:             "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",     // RFC 2202, 3
		`base64(hmac("sha256", option.token, text))`:        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=", // RFC 4231, 4.3
		`hex(hmac("sha512", option.token, text))[:8]`:       "164b7a7b",
		`urlencode("a b+~*您")`:                              "a%20b%2B~%2A%E6%82%A8",
		`formencode("a b+~*")`:                              "a+b%2B~%2A",
		`urlencode(gbk("您"))`:                               "%C4%FA",
		`canonical({"b": "1 2", "a-": 3, "a": "x"})`:        "a=x&a-=3&b=1%202",
		`sorted({"b": "1 2", "a": "x"}, "=", ",")`:          "a=x,b=1 2",
		`sorted({"b": "1", "a": "x"}, "", "")`:              "axb1",
		`json({"b": [1, "<"], "a": 0.5})`:                   `{"a":0.5,"b":[1,"<"]}`,
		`format(time, "2006-01-02 15:04", "Asia/Shanghai")`: "2020-01-02 11:04",
		`format(time, "20060102T150405Z")`:                  "20200102T030405Z",
		`format(since, "2006")`:                             "0001",
		`string(timestamp_ms)`:                              "1577934245000",
		`string(len(nonce) + len(uuid))`:                    "68",
		`uuid[14:15] + string(random > 0)`:                  "4true",
		`fromJSON('{"a":7}').a`:                             "7",
		`step.twice`:                                        "QUJDABC",
		`step.map.x`:                                        "1",
	} {
		t.Run(src, func(t *testing.T) {
			srv, last := record(t, 200, "{}")
			src = strings.ReplaceAll(src, "since", "time.AddDate(-2019, 0, 0)")
			file := head + "steps:\n  once: \"{{ 'ABC' }}\"\n  twice: \"{{ base64(step.once)[:4] }}{{ step.once }}\"\n  map: \"{{ {'x': 1} }}\"\n" +
				"send: {path: /s, raw: '{{ to }}|{{ " + strings.ReplaceAll(src, "'", "''") + " }}'}\n"
			file = strings.Replace(file, `default: ""}`, `}`, 1)
			m := vendorstest.SMS(1)
			m.Text = "what do ya want for nothing?"
			file = strings.Replace(file, "raw: '", "headers: {X: \"{{ text == '' }}\"}, raw: '", 1)
			if o := vendorOn(t, file, srv.URL, map[string]any{"token": "Jefe"}).Send(t.Context(), m); o.Kind != message.OutcomeAccepted {
				t.Fatalf("%+v", o)
			}
			if got := strings.TrimPrefix(last.Body, "+447700900001|"); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestADigestIsNotWrittenAsItIs(t *testing.T) {
	for _, send := range []string{`raw: "{{ to }}{{ md5(text) }}"`, `json: {to: "{{ to }}", text: "{{ md5(text) }}"}`} {
		srv, last := record(t, 200, "{}")
		o := vendorOn(t, head+`send: {path: /s, `+send+"}\n", srv.URL, nil).Send(t.Context(), vendorstest.SMS(1))
		if o.Kind != message.OutcomeUnsent || last.Method != "" {
			t.Errorf("%s: %+v, %+v", send, o, last)
		}
	}
}

// A signature sees those entries of its own part that do not hold it, and all of the parts before.
func TestASignatureSeesWhatIsSigned(t *testing.T) {
	file := head + `steps:
  form: "{{ canonical(request.form) }}"
  body: "{{ request.body }}"
  query: "{{ request.path }}?{{ canonical(request.query) }};{{ canonical(request.form) }}"
  headers: "{{ sorted(request.headers, ':', ' ') }};{{ canonical(request.query) }}"
send:
  path: /s
  query: {b: "2", sign: "{{ step.query }}", a: ["1", "0"]}
  headers: {X-One: "1", X-Body: "{{ step.body }}", X-Sign: "{{ step.headers }}"}
  form: {to: "{{ to }}", sign: "{{ step.form }}", text: "x{{ text == '' ? '' : '' }}"}
`
	srv, last := record(t, 200, "{}")
	if o := vendorOn(t, file, srv.URL, nil).Send(t.Context(), vendorstest.SMS(1)); o.Kind != message.OutcomeAccepted {
		t.Fatalf("%+v", o)
	}
	host := strings.TrimPrefix(srv.URL, "http://")
	const form = "to=%2B447700900001&sign=text%3Dx%26to%3D%252B447700900001&text=x"
	want := []string{
		"/s?b=2&sign=%2Fs%3Fa%3D1%26a%3D0%26b%3D2%3Bsign%3Dtext%253Dx%2526to%253D%25252B447700900001%26text%3Dx%26to%3D%252B447700900001&a=1&a=0", form, form,
		"content-type:application/x-www-form-urlencoded host:" + host + " x-body:" + form +
			" x-one:1;a=1&a=0&b=2&sign=%2Fs%3Fa%3D1%26a%3D0%26b%3D2%3Bsign%3Dtext%253Dx%2526to%253D%25252B447700900001%26text%3Dx%26to%3D%252B447700900001",
	}
	if d := cmp.Diff(want, []string{last.URI, last.Body, last.Header.Get("X-Body"), last.Header.Get("X-Sign")}); d != "" {
		t.Error(d)
	}
}

// A vendor that takes nothing but GET gets each request over a connection of its own, so that net/http has none to repeat it on.
func TestAGETIsSentOverAConnectionOfItsOwn(t *testing.T) {
	file := head + `send: {method: GET, get_only: a test, path: /s, query: {to: "{{ to }}", text: "{{ text }}"}}` + "\n"
	var mu sync.Mutex
	requests := 0
	l := vendorstest.Listen(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			q, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			mu.Lock()
			requests++
			n := requests
			mu.Unlock()
			if !q.Close {
				t.Error("the client would keep the connection")
			}
			if n == 2 {
				return // cut after the request was read
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") // and keeps it open
		}
	})
	v := vendorOn(t, file, "http://"+l.Addr(), nil)
	for i, want := range []message.OutcomeKind{message.OutcomeAccepted, message.OutcomeUnknown, message.OutcomeAccepted} {
		if o := v.Send(t.Context(), vendorstest.SMS(1)); o.Kind != want {
			t.Errorf("message %d: %+v, want %s", i+1, o, want)
		}
	}
	if requests != 3 || l.Total() != 3 {
		t.Errorf("%d requests over %d connections for 3 messages", requests, l.Total())
	}
}

func TestAnswersOfEveryFormat(t *testing.T) {
	const xml = `<?xml version="1.0" encoding="gb2312"?><returnsms><status n="1">Success</status><msg>` + "\xc4\xfa\xba\xc3" + `</msg><id>a</id><id>b</id></returnsms>`
	for _, tt := range []struct {
		name, answer, body string
		unmarked           bool
		kind               message.OutcomeKind
		id                 string
	}{
		{"XML", `{format: xml, accepted: "body.returnsms.status['#text'] == 'Success'", id: "body.returnsms.id[1] + body.returnsms.status['@n'] + body.returnsms.msg"}`, xml, true, message.OutcomeAccepted, "b1您好"},
		{"XML that is cut", `{format: xml, accepted: "body.returnsms.status['#text'] == 'Success'"}`, xml[:len(xml)-4], true, message.OutcomeUnknown, ""},
		{"two of them", `{format: xml, accepted: "body.a == '1'"}`, "<a>1</a><b/>", true, message.OutcomeUnknown, ""},
		{"a form", `{format: form, accepted: body.code == '0', id: "body.id[0] + body.id[1]"}`, "code=0&id=a+b&id=c\n", false, message.OutcomeAccepted, "a bc"},
		{"lines and fields", `{format: delimited, accepted: "body[0][0] == '0'", id: "body[1][1]"}`, "0\r\n\r\nx, 17 ,y\r\n", false, message.OutcomeAccepted, "17"},
		{"fields with a separator of their own", `{format: delimited, separator: "|", accepted: "body[0][0] == 'OK'", id: "body[0][1]"}`, "OK|a,b", false, message.OutcomeAccepted, "a,b"},
		{"text", `{format: text, accepted: "text startsWith 'Sent'", id: "split(text, ' ')[1]"}`, "Sent 5", false, message.OutcomeAccepted, "5"},
		{"text in GBK", `{format: text, charset: gbk, accepted: "text startsWith '您好'", id: text}`, "\xc4\xfa\xba\xc3", false, message.OutcomeAccepted, "您好"},
		{"text whose end is not marked", `{format: text, accepted: "text startsWith 'Sent'"}`, "Sent 5", true, message.OutcomeUnknown, ""},
		{"text that ends with the connection, as the vendor's do", `{format: text, until_close: true, accepted: "text startsWith 'Sent'", id: "split(text, ' ')[1]"}`, "Sent 5", true, message.OutcomeAccepted, "5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := vendorstest.Listen(t, func(c net.Conn) {
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				length := fmt.Sprintf("Content-Length: %d\r\n", len(tt.body))
				if tt.unmarked {
					length = "Connection: close\r\n"
				}
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+length+"\r\n"+tt.body)
			})
			file := strings.Replace(head, "answer: {accepted: status == 200}", "answer: "+tt.answer, 1) + `send: {path: /s, form: {to: "{{ to }}", text: "{{ text }}"}}` + "\n"
			o := vendorOn(t, file, "http://"+l.Addr(), nil).Send(t.Context(), vendorstest.SMS(1))
			if o.Kind != tt.kind || o.VendorID != tt.id {
				t.Errorf("%+v, want %s with %q", o, tt.kind, tt.id)
			}
		})
	}
}

// tokens is a vendor that wants a token.
type tokens struct {
	mu          sync.Mutex
	asked, sent int
	good        string // the token that it takes
	answer      string // to the question for one; %d is its number
}

func (s *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/token" {
		s.asked++
		user, password, _ := r.BasicAuth()
		if r.FormValue("grant_type") != "client_credentials" || user+password != "" {
			w.WriteHeader(http.StatusBadRequest)
		}
		s.good = fmt.Sprintf("tok-%d/+", s.asked)
		_, _ = io.WriteString(w, strings.ReplaceAll(s.answer, "%d", fmt.Sprint(s.asked)))
		return
	}
	s.sent++
	if r.Header.Get("Authorization") != "Bearer "+s.good {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":"EXPIRED","text":"`+r.Header.Get("Authorization")+` is no longer good"}`)
		return
	}
	_, _ = io.WriteString(w, `{"code":"OK"}`)
}

const withToken = `name: v
channels: [sms]
options: {id: {default: me}, secret: {secret: true}}
token:
  method: POST
  path: /token
  form: {grant_type: client_credentials, client_id: "{{ option.id }}", client_secret: "{{ option.secret }}"}
  ok: status == 200
  value: body.access_token
  expires: body.expires_in
  stale: status == 401
auth: {bearer: "{{ token }}"}
send: {path: /s, json: {to: "{{ to }}", text: "{{ text }}"}}
answer: {accepted: status == 200 && body.code == "OK", code: body.code, message: body.text}
codes: [{code: EXPIRED, outcome: throttled, source: a test}]
balance: {path: /b, ok: status == 200, messages: "1"}
`

func TestATokenIsKeptAndRenewed(t *testing.T) {
	s := &tokens{answer: `{"access_token":"tok-%d/+","expires_in":100}`}
	srv := httptest.NewServer(s)
	defer srv.Close()
	now := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	v, err := httpvendor.Kind(fstest.MapFS{"v.yaml": {Data: []byte(withToken)}}).New(vendors.Settings{
		Account: "acc", Endpoint: srv.URL, Concurrency: 8, Timeout: time.Minute, Now: func() time.Time { return now },
		Options: map[string]any{"definition": "builtin:v", "secret": "s3cr3t"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	accepted := func(asked, sent int) {
		t.Helper()
		if o := v.Send(t.Context(), vendorstest.SMS(1)); o.Kind != message.OutcomeAccepted {
			t.Errorf("%+v", o)
		}
		if s.asked != asked || s.sent != sent {
			t.Errorf("asked for %d tokens for %d messages, want %d and %d", s.asked, s.sent, asked, sent)
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { v.Send(t.Context(), vendorstest.SMS(1)) })
	}
	wg.Wait()
	accepted(1, 9) // one token for all who wanted one at once
	now = now.Add(89 * time.Second)
	accepted(1, 10)
	now = now.Add(2 * time.Second) // nine tenths of its time are over
	accepted(2, 11)
	s.good = "another" // the vendor has given it up before its time
	o := v.Send(t.Context(), vendorstest.SMS(1))
	if o.Kind != message.OutcomeThrottled || s.sent != 12 || s.asked != 2 {
		t.Errorf("%+v after %d messages and %d tokens: the message was sent again", o, s.sent, s.asked)
	}
	if strings.Contains(o.Detail, "tok-2") {
		t.Errorf("the token stands in %q", o.Detail)
	}
	accepted(3, 13)
	b, _ := vendors.As[vendors.Balancer](v)
	if _, err := b.Balance(t.Context()); err != nil || s.asked != 3 {
		t.Errorf("%v, %d tokens", err, s.asked)
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	for _, answer := range []string{`{"error":"invalid_client s3cr3t"}`, `{"access_token":"x"}`, `<html>`, ``} {
		s := &tokens{answer: answer}
		srv := httptest.NewServer(s)
		o := vendorOn(t, withToken, srv.URL, map[string]any{"secret": "s3cr3t"}).Send(t.Context(), vendorstest.SMS(1))
		if o.Kind != message.OutcomeUnsent || o.Code != "notify:token" || s.sent != 0 || strings.Contains(o.Detail, "s3cr3t") {
			t.Errorf("%s: %+v after %d messages", answer, o, s.sent)
		}
		srv.Close()
	}
}

// What is made of a secret and of nothing else is as good as the secret.
func TestADigestOfAPasswordIsASecret(t *testing.T) {
	file := `name: v
channels: [sms]
options: {password: {secret: true}}
steps: {digest: "{{ hex(md5(option.password)) }}"}
send: {path: "/{{ hex(sha1(option.password)) }}", query: {p: "{{ step.digest }}", q: "{{ upper(step.digest) }}"}, form: {to: "{{ to }}", text: "{{ text }}"}}
answer: {accepted: status == 200, code: body.code, message: body.text}
codes: [{code: NO, outcome: rejected, source: a test}]
`
	_, read, err := httpvendor.Halves(vendorOn(t, file, "http://127.0.0.1:1", map[string]any{"password": "abc"}))
	if err != nil {
		t.Fatal(err)
	}
	const digest = "900150983cd24fb0d6963f7d28e17f72"
	o := read(400, []byte(`{"code":"NO","text":"`+digest+" "+strings.ToUpper(digest)+` /a9993e364706816aba3e25717850c26c9cd0d89d"}`), vendorstest.SMS(1))
	if o.Detail != "*** *** ***" {
		t.Errorf("%q", o.Detail)
	}
}

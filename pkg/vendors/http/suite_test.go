package httpvendor_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"

	vendorfiles "notify/examples/vendors"
	httpvendor "notify/pkg/vendors/http"
)

// protocol is how one vendor file's API looks from the server's side.
type protocol struct {
	definition string
	options    map[string]any
	secrets    []string
	// read checks authorisation and form, and returns what arrived.
	read func(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival
	// answers by behaviour: a status, further header lines, a body with %d for a number.
	answers map[vendorstest.Behaviour]reply
	// retryAfter is what the answer to Throttle asks for.
	retryAfter time.Duration
	noKey      string
}

type reply struct {
	status int
	header string
	body   string
}

func TestTheSandboxFilePassesTheSuite(t *testing.T) { vendorstest.Run(t, harness(sandbox())) }
func TestTheTwilioFilePassesTheSuite(t *testing.T)  { vendorstest.Run(t, harness(twilio())) }
func TestTheSignedFilePassesTheSuite(t *testing.T)  { vendorstest.Run(t, harness(signed())) }

// echo is what an unkind vendor repeats: everything that it was sent.
const echo = "no, said we to +447700900001, that is 447700900001 and 07700900001, with ECHO"

func sandbox() protocol {
	const token = "sb-token-äß/5 %2"
	fail := func(status int, code string) reply {
		return reply{status: status, body: fmt.Sprintf(`{"code":%q,"message":%q}`, code, strings.ReplaceAll(echo, "ECHO", token))}
	}
	throttle := fail(429, "RATE")
	throttle.header = "Retry-After: 7\r\n"
	return protocol{
		definition: "builtin:sandbox-sms",
		options:    map[string]any{"token": token},
		secrets:    []string{token, url.QueryEscape(token)},
		retryAfter: 7 * time.Second,
		read: func(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
			t.Helper()
			if got := r.Header.Get("Authorization"); got != "Bearer "+token || r.Method != http.MethodPost || r.URL.Path != "/sms/send" {
				t.Errorf("%s %s, authorisation %q", r.Method, r.URL, got)
			}
			var in struct {
				To, Text, Ref string
				Template      *string
				Vars          map[string]string
			}
			strictJSON(t, body, &in)
			n := number(message.Address(in.To))
			if want := vendorstest.SMS(n); in.Text != want.Text || in.Template != nil || in.Vars != nil {
				t.Errorf("the server read %+v, want the text %q", in, want.Text)
			}
			return vendorstest.Arrival{Key: message.Key(in.Ref), To: message.Address(in.To)}
		},
		answers: map[vendorstest.Behaviour]reply{
			vendorstest.Accept:      {status: 200, body: `{"code":"OK","id":"sb-%d","segments":1}`},
			vendorstest.Reject:      fail(400, "NUMBER"),
			vendorstest.Throttle:    throttle,
			vendorstest.Refuse:      fail(402, "BALANCE"),
			vendorstest.Unlisted:    fail(400, "NOVELTY"),
			vendorstest.ServerError: fail(500, "INTERNAL"),
		},
	}
}

func twilio() protocol {
	const token, sid = "twilio-auth-token", "AC00000000000000000000000000000000"
	pair := base64.StdEncoding.EncodeToString([]byte(sid + ":" + token))
	fail := func(status, code int) reply {
		return reply{status: status, body: fmt.Sprintf(`{"code":%d,"message":%q,"status":%d}`, code, strings.ReplaceAll(echo, "ECHO", pair), status)}
	}
	return protocol{
		definition: "builtin:twilio-sms",
		options:    map[string]any{"account_sid": sid, "auth_token": token, "from": "+12025550100"},
		secrets:    []string{token, pair},
		noKey:      "the API has no field for it",
		read: func(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
			t.Helper()
			user, password, ok := r.BasicAuth()
			if !ok || user != sid || password != token || r.URL.Path != "/2010-04-01/Accounts/"+sid+"/Messages.json" {
				t.Errorf("%s %s by %q", r.Method, r.URL, user)
			}
			form, err := url.ParseQuery(string(body))
			if err != nil {
				t.Error(err)
			}
			to := message.Address(form.Get("To"))
			want := url.Values{"To": {string(to)}, "From": {"+12025550100"}, "Body": {vendorstest.SMS(number(to)).Text}}
			if form.Encode() != want.Encode() {
				t.Errorf("the server read %v, want %v", form, want)
			}
			return vendorstest.Arrival{To: to}
		},
		answers: map[vendorstest.Behaviour]reply{
			vendorstest.Accept:      {status: 201, body: `{"sid":"SM%d","status":"queued","num_segments":"1"}`},
			vendorstest.Reject:      fail(400, 21211),
			vendorstest.Throttle:    fail(429, 20429),
			vendorstest.Refuse:      fail(401, 20003),
			vendorstest.Unlisted:    fail(400, 20404),
			vendorstest.ServerError: fail(500, 21211), // a code that is in the table, under a failure of the server
		},
	}
}

func signed() protocol {
	const secret = "signing-secret"
	fail := func(status, code int) reply {
		return reply{status: status, body: fmt.Sprintf(`{"code":%d,"text":"refused","wait_seconds":2.5}`, code)}
	}
	return protocol{
		definition: "builtin:signed-sms",
		options:    map[string]any{"app_id": "app-1", "app_secret": secret},
		secrets:    []string{secret},
		retryAfter: 2500 * time.Millisecond,
		read: func(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
			t.Helper()
			mac := hmac.New(sha256.New, []byte(secret))
			_, _ = fmt.Fprintf(mac, "POST\n/base/v1/messages\n%s\n%s\n%s", r.Header.Get("X-Timestamp"), r.Header.Get("X-Nonce"), body)
			if want := hex.EncodeToString(mac.Sum(nil)); r.Header.Get("X-Signature") != want || len(r.Header.Get("X-Nonce")) != 32 {
				t.Errorf("signature %q, want %q", r.Header.Get("X-Signature"), want)
			}
			var in struct {
				Messages []struct{ Phone, Sender, Content, Reference string }
				Report   bool
			}
			strictJSON(t, body, &in)
			to := message.Address("+" + in.Messages[0].Phone)
			if in.Messages[0].Content != vendorstest.SMS(number(to)).Text || !in.Report || in.Messages[0].Sender != "NOTIFY" {
				t.Errorf("the server read %+v", in)
			}
			return vendorstest.Arrival{Key: message.Key(in.Messages[0].Reference), To: to}
		},
		answers: map[vendorstest.Behaviour]reply{
			vendorstest.Accept:      {status: 202, body: `{"results":[{"code":0,"message_id":900719925474099100%d}]}`},
			vendorstest.Reject:      {status: 202, body: `{"results":[{"code":1001,"text":"not a number"}]}`},
			vendorstest.Throttle:    fail(503, 9001), // the table names this status
			vendorstest.Refuse:      fail(402, 2001),
			vendorstest.Unlisted:    fail(400, 9999), // listed as unknown
			vendorstest.ServerError: fail(500, 9001),
		},
	}
}

func strictJSON(t *testing.T, body []byte, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Errorf("the server cannot read %s: %v", body, err)
	}
}

func number(to message.Address) int {
	n := 0
	_, _ = fmt.Sscanf(strings.TrimPrefix(string(to), "+447700900"), "%d", &n)
	return n
}

// gateway plays a protocol by hand, byte by byte.
type gateway struct {
	*vendorstest.Listener
	*vendorstest.Log
	t         *testing.T
	p         protocol
	b         vendorstest.Behaviour
	endpoint  string
	elsewhere *vendorstest.Listener
	release   chan struct{}
}

func harness(p protocol) vendorstest.Harness {
	refusal := message.ReasonBalance
	if p.definition == "builtin:twilio-sms" {
		refusal = message.ReasonAuth
	}
	return vendorstest.Harness{
		Start: func(t *testing.T, b vendorstest.Behaviour) vendorstest.Server {
			t.Helper()
			return start(t, p, b)
		},
		NotApplicable: map[vendorstest.Behaviour]string{vendorstest.CutBefore: "HTTP has no dialogue before the message; what is cut there is a connection or TLS"},
		Message:       vendorstest.SMS,
		Secrets:       p.secrets,
		RetryAfter:    p.retryAfter,
		Refusal:       refusal,
		NoKey:         p.noKey,
	}
}

func start(t *testing.T, p protocol, b vendorstest.Behaviour) *gateway {
	t.Helper()
	g := &gateway{Log: vendorstest.NewLog(), t: t, p: p, b: b, release: make(chan struct{})}
	g.elsewhere = vendorstest.Listen(t, func(c net.Conn) {
		g.Try() // whatever comes there has followed a redirect
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	g.Listener = vendorstest.Listen(t, g.serve)
	t.Cleanup(func() { close(g.release) })
	endpoints := map[vendorstest.Behaviour]string{
		vendorstest.NoListener: "http://" + vendorstest.ClosedPort(t),
		vendorstest.NoName:     "https://nobody.invalid",
		vendorstest.BadTLS:     "https://" + g.Addr(),
	}
	if g.endpoint = endpoints[b]; g.endpoint == "" {
		g.endpoint = "http://" + g.Addr()
	}
	return g
}

func (g *gateway) Vendor(t *testing.T, l vendorstest.Limits) vendors.Vendor {
	t.Helper()
	options := map[string]any{"definition": g.p.definition}
	for k, v := range g.p.options {
		options[k] = v
	}
	endpoint := g.endpoint
	if g.p.definition == "builtin:signed-sms" {
		endpoint += "/base/"
	}
	v, err := httpvendor.Kind(impatient(t)).New(vendors.Settings{
		Account: "acc", Endpoint: endpoint, Concurrency: l.Concurrency, Timeout: l.Timeout, Options: options, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// impatient are the shipped files without their least timeouts, which the suite undercuts.
func impatient(t *testing.T) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	files, err := fs.Glob(vendorfiles.FS(), "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no shipped files: %v", err)
	}
	for _, f := range files {
		b, err := fs.ReadFile(vendorfiles.FS(), f)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(b), ", min_timeout: 10s", ""))}
	}
	return out
}

func (g *gateway) serve(c net.Conn) {
	br := bufio.NewReader(c)
	for n := 1; ; n++ {
		if _, err := br.Peek(1); err != nil {
			return
		}
		if g.b != vendorstest.BadTLS {
			g.Try()
		}
		r, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		count := g.Arrive(g.p.read(g.t, r, body))
		if !g.answer(c, n, count) {
			return
		}
	}
}

// answer writes what the behaviour says, and reports whether the connection stays open.
func (g *gateway) answer(c net.Conn, n, count int) bool {
	say := func(b vendorstest.Behaviour) bool {
		a := g.p.answers[b]
		body := strings.Replace(a.body, "%d", fmt.Sprint(count), 1)
		_, err := fmt.Fprintf(c, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", a.status, a.header, len(body), body)
		return err == nil
	}
	switch g.b {
	case vendorstest.CutAfter:
		return false
	case vendorstest.Slow:
		<-g.release
		return false
	case vendorstest.Garbage:
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"code\":\"OK\" <html>")
		return err == nil
	case vendorstest.Empty:
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		return err == nil
	case vendorstest.Huge:
		return g.flood(c)
	case vendorstest.Redirect:
		_, err := fmt.Fprintf(c, "HTTP/1.1 307 X\r\nLocation: http://%s/\r\nContent-Length: 0\r\n\r\n", g.elsewhere.Addr())
		return err == nil
	case vendorstest.ReusedCut:
		return n == 1 && say(vendorstest.Accept)
	case vendorstest.ReusedClosed:
		say(vendorstest.Accept)
		return false
	default:
		return say(g.b)
	}
}

func (g *gateway) flood(c net.Conn) bool {
	if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"); err != nil {
		return false
	}
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<16, strings.Repeat(" ", 1<<16))
	for {
		if _, err := io.WriteString(c, chunk); err != nil {
			return false
		}
	}
}

package httpvendor_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
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

func TestTheSandboxFilePassesTheSuite(t *testing.T) { vendorstest.Run(t, sandbox(t).Harness()) }
func TestTheTwilioFilePassesTheSuite(t *testing.T)  { vendorstest.Run(t, twilio(t).Harness()) }
func TestTheSignedFilePassesTheSuite(t *testing.T)  { vendorstest.Run(t, signed(t).Harness()) }

// echo is what an unkind vendor repeats: everything that it was sent.
const echo = "no, said we to +447700900001, that is 447700900001 and 07700900001, with ECHO"

func sandbox(t *testing.T) vendorstest.HTTP {
	t.Helper()
	const token = "sb-token-äß/5 %2"
	fail := func(status int, code string) vendorstest.Answer {
		return vendorstest.Answer{Status: status, Body: fmt.Sprintf(`{"code":%q,"message":%q}`, code, strings.ReplaceAll(echo, "ECHO", token))}
	}
	throttle := fail(429, "RATE")
	throttle.Header = "Retry-After: 7\r\n"
	return vendorstest.HTTP{
		New:        builtinFile("builtin:sandbox-sms", map[string]any{"token": token}),
		Message:    vendorstest.SMS,
		Secrets:    []string{token, url.QueryEscape(token)},
		RetryAfter: 7 * time.Second,
		Refusal:    message.ReasonBalance,
		Read: func(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
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
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      {Status: 200, Body: `{"code":"OK","id":"sb-%d","segments":1}`},
			vendorstest.Reject:      fail(400, "NUMBER"),
			vendorstest.Throttle:    throttle,
			vendorstest.Refuse:      fail(402, "BALANCE"),
			vendorstest.Unlisted:    fail(400, "NOVELTY"),
			vendorstest.ServerError: fail(500, "INTERNAL"),
		},
	}
}

func twilio(t *testing.T) vendorstest.HTTP {
	t.Helper()
	const token, sid = "twilio-auth-token", "AC00000000000000000000000000000000"
	pair := base64.StdEncoding.EncodeToString([]byte(sid + ":" + token))
	fail := func(status, code int) vendorstest.Answer {
		return vendorstest.Answer{Status: status, Body: fmt.Sprintf(`{"code":%d,"message":%q,"status":%d}`, code, strings.ReplaceAll(echo, "ECHO", pair), status)}
	}
	return vendorstest.HTTP{
		New:     builtinFile("builtin:twilio-sms", map[string]any{"account_sid": sid, "auth_token": token, "from": "+12025550100"}),
		Message: vendorstest.SMS,
		Secrets: []string{token, pair},
		Refusal: message.ReasonAuth,
		NoKey:   "the API has no field for it",
		Read: func(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
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
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      {Status: 201, Body: `{"sid":"SM%d","status":"queued","num_segments":"1"}`},
			vendorstest.Reject:      fail(400, 21211),
			vendorstest.Throttle:    fail(429, 20429),
			vendorstest.Refuse:      fail(401, 20003),
			vendorstest.Unlisted:    fail(400, 20404),
			vendorstest.ServerError: fail(500, 21211), // a code that is in the table, under a failure of the server
		},
	}
}

func signed(t *testing.T) vendorstest.HTTP {
	t.Helper()
	const secret = "signing-secret"
	fail := func(status, code int) vendorstest.Answer {
		return vendorstest.Answer{Status: status, Body: fmt.Sprintf(`{"code":%d,"text":"refused","wait_seconds":2.5}`, code)}
	}
	return vendorstest.HTTP{
		New:        builtinFile("builtin:signed-sms", map[string]any{"app_id": "app-1", "app_secret": secret}),
		Message:    vendorstest.SMS,
		Secrets:    []string{secret},
		RetryAfter: 2500 * time.Millisecond,
		Refusal:    message.ReasonBalance,
		Read: func(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
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
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      {Status: 202, Body: `{"results":[{"code":0,"message_id":900719925474099100%d}]}`},
			vendorstest.Reject:      {Status: 202, Body: `{"results":[{"code":1001,"text":"not a number"}]}`},
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

// builtinFile builds the adapter on a file that ships.
func builtinFile(definition string, given map[string]any) func(*testing.T, vendors.Settings) (vendors.Vendor, error) {
	return func(t *testing.T, s vendors.Settings) (vendors.Vendor, error) {
		t.Helper()
		s.Options = map[string]any{"definition": definition}
		maps.Copy(s.Options, given)
		if definition == "builtin:signed-sms" {
			s.Endpoint += "/base/"
		}
		return httpvendor.Kind(impatient(t)).New(s)
	}
}

// impatient are the shipped files without their least timeouts, which the suite undercuts.
func impatient(t *testing.T) fstest.MapFS {
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

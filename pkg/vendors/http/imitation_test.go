package httpvendor_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	vendorfiles "notify/examples/vendors"
	httpvendor "notify/pkg/vendors/http"
)

// imitation is a vendor as its documents describe it, from testdata/imitations/NAME.yaml: what it wants of a request for a message, and what
// it answers. In what it wants, $to, $digits (the number without +), $local (as $to, since only a Chinese number is shortened), $key,
// $text, $from, $subject, $html and $template stand for those of the message, and * for what differs each time.
type imitation struct {
	Options map[string]any
	Secrets []string // as they travel, beside the options that are marked
	Mail    bool
	Request struct {
		Method, Path, Raw, Kind string
		Query, Header, Form     map[string]any
		JSON                    any
	}
	Token   string // the answer to the request for a token, and how its path begins
	TokenAt string `yaml:"token_at"`
	// The answers. %d is a number of its own; ECHO is everything that the vendor was told in secret, and the number.
	Accept, Reject, Throttle, Refuse, Unlisted, Fail reply
	NoKey                                            string `yaml:"no_key"`
	NoID                                             string `yaml:"no_id"`
	Never                                            map[string]string
	More                                             []reply
	Balance, Broken                                  *reply
	Find                                             []reply
	Templates                                        *reply
}

// reply is an answer, and what comes of it.
type reply struct {
	Status  int
	Header  string
	Body    string
	Outcome message.OutcomeKind
	Reason  message.Reason
	After   time.Duration

	Path     string // of a question
	Amount   string
	Currency string
	Messages *int64
	Quota    *int64
	Used     *int64
	Receipt  message.ReceiptState
	Listed   map[string]vendors.TemplateState
}

func imitated(t *testing.T) map[string]imitation {
	t.Helper()
	files, err := filepath.Glob("testdata/imitations/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	out := map[string]imitation{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d := yaml.NewDecoder(strings.NewReader(string(b)))
		d.KnownFields(true)
		var im imitation
		if err := d.Decode(&im); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".yaml")] = im
	}
	return out
}

func TestEveryShippedFileIsRunAgainstAnImitation(t *testing.T) {
	t.Parallel()
	have := imitated(t)
	files, err := fs.Glob(vendorfiles.FS(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f, ".yaml")
		if name == "sandbox-sms" || name == "twilio-sms" || name == "signed-sms" {
			continue // suite_test.go
		}
		if _, ok := have[name]; !ok {
			t.Errorf("%s has no imitation", f)
		}
	}
	for name := range have {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			im := have[name]
			h := im.http(t, name).Harness()
			for b, why := range im.Never {
				h.NotApplicable[vendorstest.Behaviour(b)] = why
			}
			vendorstest.Run(t, h)
			t.Run("more answers", func(t *testing.T) { im.more(t, name) })
			t.Run("no second request", func(t *testing.T) { im.once(t, name) })
			t.Run("questions", func(t *testing.T) { im.questions(t, name) })
		})
	}
}

var (
	fictional = regexp.MustCompile(`(?:\+|%2B)?(447700900\d{3})`)
	mailbox   = regexp.MustCompile(`winner-\d{3}(?:@|%40)customer\.test`)
)

// message is message n on the vendor's channel.
func (im imitation) message(n int) message.Message {
	if im.Mail {
		return vendorstest.Mail(n)
	}
	m := vendorstest.SMS(n)
	m.Template = "TPL-1"
	return m
}

// echo is what an unkind vendor repeats.
func (im imitation) echo(body string) string {
	secrets := strings.Join(im.Secrets, " ")
	quoted, _ := json.Marshal(secrets + " +447700900001 00447700900001 winner-001@customer.test")
	return strings.ReplaceAll(body, "ECHO", strings.Trim(string(quoted), `"`))
}

func (im imitation) answer(r reply) vendorstest.Answer {
	header := ""
	for line := range strings.Lines(r.Header) {
		header += strings.TrimSpace(line) + "\r\n"
	}
	return vendorstest.Answer{Status: r.Status, Header: header, Body: im.echo(r.Body)}
}

// http is the vendor for the suite.
func (im imitation) http(t *testing.T, name string) vendorstest.HTTP {
	t.Helper()
	token := im.tokens(t)
	return vendorstest.HTTP{
		New: func(t *testing.T, s vendors.Settings) (vendors.Vendor, error) {
			t.Helper()
			return im.vendor(t, name, s, token)
		},
		Message: im.message,
		Secrets: im.Secrets,
		Read: func(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
			t.Helper()
			return im.read(t, r, body)
		},
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept: im.answer(im.Accept), vendorstest.Reject: im.answer(im.Reject), vendorstest.Throttle: im.answer(im.Throttle),
			vendorstest.Refuse: im.answer(im.Refuse), vendorstest.Unlisted: im.answer(im.Unlisted), vendorstest.ServerError: im.answer(im.Fail),
		},
		RetryAfter: im.Throttle.After, Refusal: im.Refuse.Reason, NoKey: im.NoKey, NoID: im.NoID,
	}
}

// tokens answers the request for a token elsewhere, so that it does not count as a message.
func (im imitation) tokens(t *testing.T) string {
	t.Helper()
	if im.Token == "" {
		return ""
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, im.Token) }))
	t.Cleanup(srv.Close)
	return srv.URL
}

// vendor is the adapter on the shipped file. Least timeouts, which the suite undercuts, are left out, and the token comes from elsewhere.
func (im imitation) vendor(t *testing.T, name string, s vendors.Settings, token string) (vendors.Vendor, error) {
	t.Helper()
	files := impatient(t)
	file := string(files[name+".yaml"].Data)
	s.Options = map[string]any{"definition": "builtin:" + name}
	maps.Copy(s.Options, im.Options)
	if token != "" {
		// The account's endpoint would hold for the token too: it goes into the file instead.
		file = regexp.MustCompile(`(?m)^endpoint: .*$`).ReplaceAllString(file, "endpoint: "+s.Endpoint)
		file = strings.Replace(file, "\ntoken:", "\ntoken:\n  endpoint: "+token+"\n#", 1)
		s.Endpoint = ""
	}
	files[name+".yaml"].Data = []byte(file)
	return httpvendor.Kind(files).New(s)
}

// read compares a request with what the documents say, and finds out for whom it is.
func (im imitation) read(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
	t.Helper()
	all := r.RequestURI + " " + string(body)
	for _, values := range r.Header {
		all += " " + strings.Join(values, " ")
	}
	m, to := im.message(0), ""
	if im.Mail {
		to = strings.ReplaceAll(mailbox.FindString(all), "%40", "@")
	} else if found := fictional.FindStringSubmatch(all); found != nil {
		to = "+" + found[1]
	}
	for n := range 1000 {
		if m = im.message(n); string(m.To) == to {
			break
		}
	}
	if string(m.To) != to {
		t.Errorf("for whom is %s?", all)
	}
	im.compare(t, r, body, m)
	a := vendorstest.Arrival{To: message.Address(to)}
	if strings.Contains(all, string(m.Key)) {
		a.Key = m.Key
	}
	return a
}

func (im imitation) compare(t *testing.T, r *http.Request, body []byte, m message.Message) {
	t.Helper()
	want := im.Request
	fill := strings.NewReplacer("$to", string(m.To), "$digits", strings.TrimPrefix(string(m.To), "+"), "$key", string(m.Key), "$text", m.Text,
		"$from", m.From, "$subject", m.Subject, "$html", m.HTML, "$template", m.Template)
	if method := want.Method; r.Method != method && (method != "" || r.Method != http.MethodPost) || r.URL.Path != want.Path {
		t.Errorf("%s %s, want %s %s", r.Method, r.URL.Path, method, want.Path)
	}
	alike(t, "query", want.Query, listed(r.URL.Query()), fill)
	for name, v := range want.Header {
		if got := r.Header.Get(name); fmt.Sprint(v) != "*" && got != fill.Replace(fmt.Sprint(v)) {
			t.Errorf("header %s is %q, want %q", name, got, fill.Replace(fmt.Sprint(v)))
		}
	}
	switch {
	case want.JSON != nil:
		var got any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		alike(t, "JSON", want.JSON, got, fill)
	case want.Form != nil && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/"):
		_, boundary, _ := strings.Cut(r.Header.Get("Content-Type"), "boundary=")
		form, err := multipart.NewReader(strings.NewReader(string(body)), boundary).ReadForm(1 << 20)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		alike(t, "form", want.Form, listed(form.Value), fill)
	case want.Form != nil:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		alike(t, "form", want.Form, listed(form), fill)
	default:
		if want := fill.Replace(want.Raw); string(body) != want {
			t.Errorf("body %q, want %q", body, want)
		}
	}
}

// listed are values as JSON would have them: one is a text, several are a list.
func listed(v map[string][]string) any {
	out := map[string]any{}
	for name, values := range v {
		out[name] = values[0]
		if len(values) > 1 {
			var all []any
			for _, x := range values {
				all = append(all, x)
			}
			out[name] = all
		}
	}
	return out
}

// alike compares what is wanted, with its places filled, with what came.
func alike(t *testing.T, what string, want, got any, fill *strings.Replacer) {
	t.Helper()
	if want == nil {
		want = map[string]any{}
	}
	if d := cmp.Diff(filled(want, got, fill), got); d != "" {
		t.Errorf("%s (-want +got): %s", what, d)
	}
}

func filled(want, got any, fill *strings.Replacer) any {
	switch w := want.(type) {
	case string:
		if w == "*" {
			return got
		}
		return fill.Replace(w)
	case int:
		return float64(w)
	case map[string]any:
		g, _ := got.(map[string]any)
		out := map[string]any{}
		for k, v := range w {
			out[k] = filled(v, g[k], fill)
		}
		return out
	case []any:
		g, _ := got.([]any)
		var out []any
		for i, v := range w {
			var at any
			if i < len(g) {
				at = g[i]
			}
			out = append(out, filled(v, at, fill))
		}
		return out
	}
	return want
}

// more are answers beside those of the suite.
func (im imitation) more(t *testing.T, name string) {
	t.Helper()
	for i, r := range im.More {
		a := im.answer(r)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(a.Status)
			_, _ = io.WriteString(w, strings.ReplaceAll(a.Body, "%d", "7"))
		}))
		v, err := im.vendor(t, name, vendors.Settings{Account: "acc", Endpoint: srv.URL, Concurrency: 1, Timeout: time.Minute, Now: time.Now}, im.tokens(t))
		if err != nil {
			t.Fatal(err)
		}
		if o := v.Send(t.Context(), im.message(1)); o.Kind != r.Outcome || o.Reason != r.Reason {
			t.Errorf("answer %d, %d %s: %+v, want %s %s", i+1, r.Status, r.Body, o, r.Outcome, r.Reason)
		}
		_ = v.Close()
		srv.Close()
	}
}

// once counts the requests behind what makes HTTP clients and SDKs try again.
func (im imitation) once(t *testing.T, name string) {
	t.Helper()
	for what, answer := range map[string]string{
		"500": "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", "503": "HTTP/1.1 503 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
		"429": "HTTP/1.1 429 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", "a reset": "",
	} {
		requests := make(chan struct{}, 10)
		l := vendorstest.Listen(t, func(c net.Conn) {
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			requests <- struct{}{}
			if answer == "" {
				if tcp, ok := c.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0)
				}
				return
			}
			_, _ = io.WriteString(c, answer)
		})
		v, err := im.vendor(t, name, vendors.Settings{Account: "acc", Endpoint: "http://" + l.Addr(), Concurrency: 2, Timeout: time.Minute, Now: time.Now}, im.tokens(t))
		if err != nil {
			t.Fatal(err)
		}
		o := v.Send(t.Context(), im.message(1))
		_ = v.Close()
		if len(requests) != 1 || o.Kind == message.OutcomeUnsent || o.Kind == message.OutcomeAccepted || o.Kind == message.OutcomeRejected {
			t.Errorf("%s: %+v after %d requests", what, o, len(requests))
		}
	}
}

// questions asks what the file can ask, and only that.
func (im imitation) questions(t *testing.T, name string) {
	t.Helper()
	ask := func(r reply) vendors.Vendor {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if r.Path != "" && q.URL.Path != r.Path {
				t.Errorf("asked %s, want %s", q.URL.Path, r.Path)
			}
			w.WriteHeader(max(r.Status, 200))
			_, _ = io.WriteString(w, im.echo(strings.ReplaceAll(r.Body, "$key", string(im.message(1).Key))))
		}))
		t.Cleanup(srv.Close)
		v, err := im.vendor(t, name, vendors.Settings{Account: "acc", Endpoint: srv.URL, Concurrency: 1, Timeout: time.Minute, Now: time.Now}, im.tokens(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = v.Close() })
		return v
	}
	v := ask(reply{})
	_, balances := vendors.As[vendors.Balancer](v)
	_, finds := vendors.As[vendors.Finder](v)
	if balances != (im.Balance != nil) || finds != (len(im.Find) > 0) {
		t.Fatalf("balance %t, find %t", balances, finds)
	}
	if im.Balance != nil {
		im.balance(t, ask)
	}
	for _, r := range im.Find {
		f, _ := vendors.As[vendors.Finder](ask(r))
		m := im.message(1)
		got, err := f.Find(t.Context(), vendors.Query{Key: m.Key, To: m.To, Since: time.Now(), Until: time.Now()})
		if err != nil || got.Answer != r.Outcome || got.Receipt != r.Receipt {
			t.Errorf("%s: %+v, %v, want %s %s", r.Body, got, err, r.Outcome, r.Receipt)
		}
	}
	if r := im.Templates; r != nil {
		l, _ := vendors.As[vendors.TemplateLister](ask(*r))
		all, err := l.Templates(t.Context(), vendors.TemplateText)
		got := map[string]vendors.TemplateState{}
		for _, x := range all {
			got[x.Code] = x.State
		}
		if d := cmp.Diff(r.Listed, got); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
	}
}

func (im imitation) balance(t *testing.T, ask func(reply) vendors.Vendor) {
	t.Helper()
	r := *im.Balance
	b, _ := vendors.As[vendors.Balancer](ask(r))
	got, err := b.Balance(t.Context())
	want := vendors.Balance{Currency: r.Currency, Messages: r.Messages, QuotaLimit: r.Quota, QuotaUsed: r.Used, Date: got.Date}
	if r.Amount != "" {
		m, err := message.ParseMoney(r.Amount)
		if err != nil {
			t.Fatal(err)
		}
		want.Amount = &m
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	b, _ = vendors.As[vendors.Balancer](ask(im.Refuse))
	if _, err := b.Balance(t.Context()); err == nil {
		t.Error("a refusal is taken for a balance")
	} else {
		for _, s := range im.Secrets {
			if strings.Contains(err.Error(), s) {
				t.Errorf("a secret stands in %v", err)
			}
		}
	}
}

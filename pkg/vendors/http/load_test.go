package httpvendor_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"notify/pkg/diag"
	"notify/pkg/vendors"

	"github.com/google/go-cmp/cmp"

	vendorfiles "notify/examples/vendors"
	httpvendor "notify/pkg/vendors/http"
)

// good is a small file without a fault; the cases below each put one in.
const good = `name: small
channels: [sms]
endpoint: https://api.example.test
options:
  token: {secret: true, required: true}
  sender: {default: X}
auth:
  bearer: "{{ option.token }}"
send:
  method: POST
  path: /send
  json:
    to: "{{ to }}"
    text: "{{ text }}"
    from: "{{ option.sender }}"
answer:
  accepted: status == 200 && body.code == "OK"
  code: body.code
codes:
  - {code: BALANCE, outcome: refused, reason: balance, source: their page}
  - {code: RATE, outcome: throttled, source: their page}
find:
  path: /find
  query: {ref: "{{ key }}"}
  ok: status == 200
  found: body.found
  receipt: body.status
  receipts: {delivered: [d], waiting: [w]}
  not_found: {final: true, source: their page}
balance:
  path: /balance
  ok: status == 200
  amount: body.amount
`

func TestAGoodFileLoads(t *testing.T) {
	if err := httpvendor.Load("v.yaml", []byte(good)); err != nil {
		t.Fatal(err)
	}
}

func TestTheShippedFilesLoad(t *testing.T) {
	files, err := fs.Glob(vendorfiles.FS(), "*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		b, err := fs.ReadFile(vendorfiles.FS(), f)
		if err != nil {
			t.Fatal(err)
		}
		if err := httpvendor.Load(f, b); err != nil {
			t.Error(err)
		}
	}
}

func TestABrokenFileNamesFileLineKeyAndRemedy(t *testing.T) {
	for _, tt := range []struct {
		name, old, new string
		line           int
		key            string
		summary, hint  string // parts of them
	}{
		{"an unknown key at the top", "answer:\n", "anwser:\n", 16, "anwser", "is not known", "did you mean answer?"},
		{"an unknown key within", "  method: POST", "  methode: POST", 10, "send.methode", "is not known", "did you mean method?"},
		{"an unknown key in a row of the table", "outcome: throttled, source", "outcome: throttled, sauce", 21, "codes[2].sauce", "is not known", "source"},
		{"a key twice", "  path: /send", "  path: /send\n  path: /other", 12, "send.path", "twice", "keep one"},
		{"a key without a value", "  path: /send", "  path:", 11, "send.path", "not a path", "beginning with /"},
		{"a list where a value belongs", "  method: POST", "  method: [POST]", 10, "send.method", "a single value is expected", "one value"},
		{"a value where a list belongs", "codes:\n  - {code: BALANCE, outcome: refused, reason: balance, source: their page}\n  - {code: RATE, outcome: throttled, source: their page}", "codes: BALANCE", 19, "codes", "a list is expected", "[BALANCE]"},
		{"a GET that sends", "method: POST", "method: GET", 10, "send.method", "must not be a GET", "POST or PUT"},
		{"a path that is none", "path: /send", "path: send", 11, "send.path", "not a path", "beginning with /"},
		{"a query in the path", "path: /send", "path: /send?x=1", 11, "send.path", "query", "under query"},
		{"an endpoint without a scheme", "https://api.example.test", "api.example.test", 3, "endpoint", "begins with https", "https://host"},
		{"a password in the endpoint", "https://api", "https://u:p@api", 3, "endpoint", "no user or password", "https://host"},
		{"an unknown channel", "channels: [sms]", "channels: [smss]", 2, "channels[1]", "not a channel", "did you mean sms?"},
		{"a misspelt name in a template", "{{ text }}", "{{ txt }}", 14, "send.json.text", `"txt" is not known`, "did you mean text?"},
		{"an option that is not declared", "{{ option.sender }}", "{{ option.sendr }}", 15, "send.json.from", "option.sendr is not declared", "did you mean sender?"},
		{"an expression that does not parse", "{{ to }}", "{{ to + }}", 13, "send.json.to", "unexpected token", "expressions"},
		{"a template without an end", "{{ to }}", "{{ to", 13, "send.json.to", "is not closed", "close it"},
		{"a function that is not there", "{{ to }}", "{{ to + string(now()) }}", 13, "send.json.to", "now", "functions: len"},
		{"types that do not fit", "{{ to }}", "{{ to - 1 }}", 13, "send.json.to", "invalid operation", "functions"},
		{"a predicate that is not true or false", `status == 200 && body.code == "OK"`, "status", 17, "answer.accepted", "bool", ""},
		{"an acceptance of everything", `status == 200 && body.code == "OK"`, "true", 17, "answer.accepted", "does not look at the answer", "status == 200"},
		{"a loop in a loop", "code: body.code", "code: string(any(body, any(body, true)))", 18, "answer.code", "loop inside a loop", "one loop"},
		{"an unknown outcome", "outcome: throttled", "outcome: throtled", 21, "codes[2].outcome", "not known here", "did you mean throttled?"},
		{"a code that means unsent", "outcome: throttled", "outcome: unsent", 21, "codes[2].outcome", "not known here", ""},
		{"a refusal without a reason", "reason: balance, ", "", 20, "codes[1].reason", "without a reason", "known here"},
		{"a reason beside another outcome", "outcome: throttled", "outcome: throttled, reason: quota", 21, "codes[2].reason", "a reason beside", "remove it"},
		{"a row without a source", "outcome: throttled, source: their page", "outcome: throttled", 21, "codes[2].source", "no source", "where the vendor says so"},
		{"a code in two rows", "code: RATE", "code: [RATE, BALANCE]", 21, "codes[2].code[2]", "two rows", "keep one"},
		{"a status that is none", "outcome: throttled", "outcome: throttled, status: [52]", 21, "codes[2].status[1]", "not a status", "[503]"},
		{"a secret in the file", `bearer: "{{ option.token }}"`, "bearer: hunter2", 8, "auth.bearer", "a secret stands in the file", "option.NAME"},
		{"a secret from an option that is not marked", "{secret: true, required: true}", "{required: true}", 8, "auth.bearer", "not marked", "secret: true"},
		{"a default for a secret", "{secret: true, required: true}", "{secret: true, default: x}", 5, "options.token.default", "a secret stands in the file", "remove it"},
		{"an option that is not true or false", "secret: true", "secret: maybe", 5, "options.token.secret", "not known here", "true or false"},
		{"an option with a capital", "  sender: {", "  Sender: {", 6, "options.Sender", "not a name", "lower-case"},
		{"a table without a place for the code", "  code: body.code\n", "", 17, "answer.code", "no answer.code", "body.code"},
		{"an unknown format", "answer:\n", "answer:\n  format: jsn\n", 17, "answer.format", "not known here", "did you mean json?"},
		{"a final not-found without a source", "{final: true, source: their page}", "{final: true}", 29, "find.not_found.source", "no source", "final: false"},
		{"a final not-found by something else than the key", "{{ key }}", "{{ to }}", 29, "find.not_found.final", "our own key", "final: false"},
		{"a length of time that is none", "{final: true,", "{final: true, after: soon,", 29, "find.not_found.after", "not a time span", "90s"},
		{"a word for two receipts", "waiting: [w]", "waiting: [d]", 28, "find.receipts.waiting[1]", "means both", "keep it in one"},
		{"a balance that tells nothing", "  amount: body.amount\n", "", 30, "balance", "tells nothing", "amount"},
		{"a request to nobody", `to: "{{ to }}"`, `x: "y"`, 9, "send", "to whom", "{{ to }}"},
		{"a request without a text", `text: "{{ text }}"`, `x: "y"`, 9, "send", "does not say what", "{{ text }}"},
		{"two bodies", "  json:\n", "  form: {a: b}\n  json:\n", 12, "send.form", "one body", "keep json or form"},
		{"two authorisations", "auth:\n", "auth:\n  basic: {user: u, password: \"{{ option.token }}\"}\n", 9, "auth.bearer", "one authorisation", "basic or bearer"},
		{"a header that auth sets", "  json:\n", "  headers: {authorization: x}\n  json:\n", 12, "send.headers.authorization", "auth sets", "remove"},
		{"an unknown algorithm", "send:\n", "steps: {s: \"{{ hmca('sha256', option.token, to) }}\"}\nsend:\n", 9, "steps.s", `"hmca" is not known`, "did you mean hmac?"},
		{"a step that is not there", "text: \"{{ text }}\"", "text: \"{{ text }}{{ step.sign }}\"", 14, "send.json.text", "step.sign is not an earlier step", "under steps"},
		{"a step that is made of a later one", "send:\n", "steps: {a: \"{{ step.b }}\", b: x}\nsend:\n", 9, "steps.a", "step.b is not an earlier step", "above"},
		{"a signature in the body that it signs", "send:\n  method: POST\n  path: /send\n  json:\n", "steps: {s: \"{{ hex(md5(request.body)) }}\"}\nsend:\n  method: POST\n  path: /send\n  json:\n    s: \"{{ step.s }}\"\n", 13, "send.json", "not there yet", "the order is path"},
		{"a part that a request does not have", "send:\n", "steps: {s: \"{{ request.boddy }}\"}\nsend:\n", 9, "steps.s", "request.boddy is not a part", "headers"},
		{"a step of what another request has", "balance:\n", "steps: {s: \"{{ to }}\"}\nbalance:\n  query: {s: \"{{ step.s }}\"}\n", 32, "balance.query", "which this request does not have", "another step"},
		{"a key of a digest in the file", "send:\n", "steps: {s: \"{{ hmac('sha256', 'hunter2', to) }}\"}\nsend:\n", 9, "steps.s", "a secret stands in the file", "option.NAME"},
		{"a key of a digest from an option that is not marked", "send:\n", "steps: {s: \"{{ hmac('sha256', option.sender, to) }}\"}\nsend:\n", 9, "steps.s", "not marked", "secret: true"},
		{"an option without a name", "{{ option.sender }}", "{{ option }}", 15, "send.json.from", "without a name", "option.NAME"},
		{"a GET without a source", "  method: POST", "  method: GET\n  get_only: ''", 10, "send.method", "must not be a GET", "get_only"},
		{"a source for a GET beside a POST", "  method: POST", "  method: POST\n  get_only: their page", 11, "send.get_only", "beside the method POST", "remove it"},
		{"a token that nobody asks for", "{{ option.sender }}", "{{ token }}", 9, "send", "nobody asks for", "under token"},
		{"a token without an end", "send:\n", "token: {path: /t, ok: status == 200, value: body.t}\nsend:\n", 9, "token.keep", "how long", "expires"},
		{"a token for a token", "send:\n", "token: {path: /t, ok: status == 200, value: body.t, keep: 1h, query: {t: \"{{ token }}\"}}\nsend:\n", 9, "token", "cannot use a token", "option"},
		{"an anchor", "channels: [sms]", "channels: &c [sms]", 2, "channels", "anchors", "write the value out"},
		{"a limit that is none", "send:\n", "limits: {concurrency: many}\nsend:\n", 9, "limits.concurrency", "not a whole number", "digits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(good, tt.old) == 0 {
				t.Fatalf("the good file has no %q", tt.old)
			}
			broken := strings.Replace(good, tt.old, tt.new, 1)
			p := firstProblem(t, httpvendor.Load("vendors/v.yaml", []byte(broken)), tt.key)
			if p.Place.File != "vendors/v.yaml" || p.Place.Line != tt.line {
				t.Errorf("place %s, want line %d", p.Place, tt.line)
			}
			if !strings.Contains(p.Summary.String(), tt.summary) || !strings.Contains(p.Hint.String(), tt.hint) || p.Hint.String() == "" {
				t.Errorf("%s\nwant %q and %q", p, tt.summary, tt.hint)
			}
		})
	}
}

// firstProblem is the first one at a key.
func firstProblem(t *testing.T, err error, key string) diag.Problem {
	t.Helper()
	var input *diag.InputError
	if !errors.As(err, &input) {
		t.Fatalf("error %v, want an InputError", err)
	}
	for _, p := range input.Problems.Kept() {
		if p.Place.Column == key {
			return p
		}
	}
	t.Fatalf("no problem at %q: %v", key, input.Problems.Kept())
	return diag.Problem{}
}

func TestAFileThatIsNoYAMLNamesTheLine(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		line int
		text string
	}{
		"a template without quotes": {strings.Replace(good, `"{{ to }}"`, `{{ to }`, 1), 12, "not YAML"}, // where the block began that it lost the thread in,
		"a tab":                     {"name: x\n\tchannels: [sms]\n", 2, "indented with a tab"},
		"nothing":                   {"", 0, "empty"},
		"only a comment":            {"# nothing\n", 0, "comments only"},
		"a second document":         {good + "---\nname: y\n", 34, "second document"},
	} {
		t.Run(name, func(t *testing.T) {
			p := firstProblem(t, httpvendor.Load("v.yaml", []byte(tt.file)), "")
			if p.Place.File != "v.yaml" || p.Place.Line != tt.line || !strings.Contains(p.Summary.String(), tt.text) || p.Hint.String() == "" {
				t.Errorf("%+v, want line %d and %q", p, tt.line, tt.text)
			}
		})
	}
}

func TestEveryProblemIsToldAtOnce(t *testing.T) {
	broken := strings.NewReplacer("method: POST", "method: GET", "source: their page", "source: ''").Replace(good)
	var input *diag.InputError
	if err := httpvendor.Load("v.yaml", []byte(broken)); !errors.As(err, &input) {
		t.Fatal(err)
	}
	var keys []string
	for _, p := range input.Problems.Kept() {
		keys = append(keys, p.Place.Column)
	}
	want := []string{"codes[1].source", "codes[2].source", "send.method", "find.not_found.source"}
	if d := cmp.Diff(want, keys); d != "" {
		t.Error(d)
	}
}

func TestAnAccountIsComparedWithItsFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "v.yaml"), good)
	write(t, filepath.Join(dir, "limited.yaml"), good+"limits: {concurrency: 4, min_timeout: 5s}\n")
	write(t, filepath.Join(dir, "nowhere.yaml"), strings.Replace(good, "endpoint: https://api.example.test\n", "", 1))
	write(t, filepath.Join(dir, "no.pem"), "no certificate")
	write(t, filepath.Join(dir, "open.yaml"), strings.Replace(good, "  path: /balance\n", "  path: /balance\n  endpoint: http://elsewhere.example.test\n", 1))
	for _, tt := range []struct {
		name          string
		settings      vendors.Settings
		key           string
		summary, hint string
	}{
		{"no definition", vendors.Settings{Options: map[string]any{}}, "options.definition", "names no vendor file", "builtin:NAME"},
		{"a file that does not exist", vendors.Settings{Options: map[string]any{"definition": "w.yaml"}}, "options.definition", "w.yaml does not exist", "relative to notify.yaml"},
		{"a folder", vendors.Settings{Options: map[string]any{"definition": "."}}, "options.definition", "not a vendor file", ""},
		{"a name that does not ship", vendors.Settings{Options: map[string]any{"definition": "builtin:sandbox"}}, "options.definition", `"sandbox"`, "sandbox-sms"},
		{"a way out of the shipped files", vendors.Settings{Options: map[string]any{"definition": "builtin:../../v"}}, "options.definition", "ships", "sandbox-sms"},
		{"a misspelt option", vendors.Settings{Options: map[string]any{"definition": "v.yaml", "tokne": "t"}}, "options.tokne", "no option", "did you mean token?"},
		{"a missing option", vendors.Settings{Options: map[string]any{"definition": "v.yaml"}}, "options.token", "needs the option", "set it"},
		{"an option that is a list", vendors.Settings{Options: map[string]any{"definition": "v.yaml", "token": []any{"t"}}}, "options.token", "not one value", ""},
		{"a secret with a line break", vendors.Settings{Options: map[string]any{"definition": "v.yaml", "token": "s3cr3t\n"}}, "options.token", "line break", "remove"},
		{"an endpoint with a password", vendors.Settings{Endpoint: "https://u:s3cr3t@h.test", Options: map[string]any{"definition": "v.yaml", "token": "t"}}, "endpoint", "no user or password", "https://host"},
		{"an endpoint in the open without TLS", vendors.Settings{Endpoint: "http://api.example.test", Options: map[string]any{"definition": "v.yaml", "token": "t"}}, "endpoint", "no TLS", "plaintext"},
		{"a question in the open without TLS", vendors.Settings{Options: map[string]any{"definition": "open.yaml", "token": "t"}}, "endpoint", "no TLS", "plaintext"},
		{"no endpoint at all", vendors.Settings{Options: map[string]any{"definition": "nowhere.yaml", "token": "t"}}, "endpoint", "no address", "set it"},
		{"a certificate file without one", vendors.Settings{Options: map[string]any{"definition": "v.yaml", "token": "t", "ca_file": "no.pem"}}, "options.ca_file", "no certificate", "PEM"},
		{"more at a time than the vendor takes", vendors.Settings{Concurrency: 5, Options: map[string]any{"definition": "limited.yaml", "token": "t"}}, "concurrency", "4 requests at a time", "at most 4"},
		{"less time than the vendor needs", vendors.Settings{Timeout: time.Second, Options: map[string]any{"definition": "limited.yaml", "token": "t"}}, "timeout", "5s", "at least 5s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.settings.Account, tt.settings.Dir, tt.settings.Now = "acc", dir, time.Now
			_, err := registry().New("http", tt.settings)
			p := firstProblem(t, err, "accounts.acc."+tt.key)
			if !strings.Contains(p.Summary.String(), tt.summary) || !strings.Contains(p.Hint.String(), tt.hint) || p.Hint.String() == "" {
				t.Errorf("%s\nwant %q and %q", p, tt.summary, tt.hint)
			}
			if strings.Contains(fmt.Sprint(p), "s3cr3t") || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error holds a secret: %v", p)
			}
		})
	}
}

func registry() vendors.Registry {
	return vendors.Registry{"http": httpvendor.Kind(vendorfiles.FS())}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAPlainEndpointIsAllowedWhereItWasAskedFor(t *testing.T) {
	v, err := httpvendor.Kind(fstest.MapFS{"v.yaml": {Data: []byte(good)}}).New(vendors.Settings{
		Account: "acc", Endpoint: "http://gateway.example.test", Concurrency: 1, Timeout: time.Second, Now: time.Now,
		Options: map[string]any{"definition": "builtin:v", "token": "t", "plaintext": true, "sign_name": "示例"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(good))
	files, err := fs.Glob(vendorfiles.FS(), "*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := fs.ReadFile(vendorfiles.FS(), name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("a: &a [*a]\nsend: {json: {x: {{}}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := httpvendor.Load("v.yaml", data)
		if err == nil {
			return
		}
		var input *diag.InputError
		if !errors.As(err, &input) {
			t.Fatalf("%T: %v", err, err)
		}
		for _, p := range input.Problems.Kept() {
			if p.Place.File == "" || p.Summary.String() == "" || p.Hint.String() == "" {
				t.Errorf("a problem without place or remedy: %+v", p)
			}
		}
	})
}

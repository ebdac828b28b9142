package httpvendor_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"notify/pkg/vendors"

	"github.com/google/go-cmp/cmp"

	httpvendor "notify/pkg/vendors/http"
)

// lists finds the ability on a shipped file.
func lists(t *testing.T, v vendors.Vendor) vendors.TemplateLister {
	t.Helper()
	l, ok := vendors.As[vendors.TemplateLister](v)
	if !ok {
		t.Fatal("no lister")
	}
	return l
}

func TestTheSandboxFileReadsTemplatesAndSignatures(t *testing.T) {
	const both = `{"code":"OK","templates":[{"kind":"text","code":"SMS_1","state":"approved","text":"您好"},` +
		`{"code":"SMS_2","state":"rejected","reason":"token s3cr3t"},{"code":"SMS_3","state":"lost"}],"signatures":[{"code":"【示例】","state":"pending"}]}`
	for _, tt := range []struct {
		name, body string
		status     int
		kind       vendors.TemplateKind
		want       []vendors.Template
		is         error
		err        string
	}{
		{name: "texts", body: both, status: 200, kind: vendors.TemplateText, want: []vendors.Template{
			{Kind: vendors.TemplateText, Code: "SMS_1", State: vendors.TemplateApproved, Said: "approved", Text: "您好"},
			{Kind: vendors.TemplateText, Code: "SMS_2", State: vendors.TemplateRejected, Said: "rejected", Reason: "token ***"},
			{Kind: vendors.TemplateText, Code: "SMS_3", Said: "lost"},
		}},
		{name: "signatures", body: both, status: 200, kind: vendors.TemplateSignature, want: []vendors.Template{
			{Kind: vendors.TemplateSignature, Code: "示例", State: vendors.TemplatePending, Said: "pending"},
		}},
		{name: "none on file", body: `{"code":"OK"}`, status: 200, kind: vendors.TemplateText, is: vendors.ErrTakesAny},
		{name: "an empty list", body: `{"code":"OK","templates":[]}`, status: 200, kind: vendors.TemplateText, want: nil},
		{name: "no list", body: `{"code":"OK","templates":"all"}`, status: 200, kind: vendors.TemplateText, err: "no list"},
		{name: "an item without a code", body: `{"code":"OK","templates":[{"state":"approved"}]}`, status: 200, kind: vendors.TemplateText, err: "code: an item"},
		{name: "an item without a state", body: `{"code":"OK","templates":[{"code":"SMS_1"}]}`, status: 200, kind: vendors.TemplateText, err: "state: an item"},
		{name: "an item that is none", body: `{"code":"OK","templates":[7]}`, status: 200, kind: vendors.TemplateText, err: "expression"},
		{name: "a refusal", body: `{"code":"AUTH","message":"token s3cr3t is wrong"}`, status: 401, kind: vendors.TemplateText, err: "HTTP 401 AUTH token *** is wrong"},
		{name: "garbage", body: `<html>`, status: 200, kind: vendors.TemplateText, err: "not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, last := record(t, tt.status, tt.body)
			got, err := lists(t, shipped(t, "sandbox-sms", srv.URL, map[string]any{"token": "s3cr3t"})).Templates(t.Context(), tt.kind, "SMS_1")
			switch {
			case tt.is != nil && !errors.Is(err, tt.is):
				t.Errorf("%v, want %v", err, tt.is)
			case tt.is == nil:
				wants(t, err, tt.err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if last.Method != http.MethodGet || last.URI != "/sms/templates" || last.Header.Get("Authorization") != "Bearer s3cr3t" {
				t.Errorf("asked %+v", last)
			}
		})
	}
}

// asked answers each path and query with its body, and notes what was asked.
func asked(t *testing.T, answers map[string]string) (url string, log *[]string) {
	t.Helper()
	log = new([]string)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*log = append(*log, r.URL.String())
		body, ok := answers[r.URL.String()]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			body = `{"code":4004,"text":"there is none"}`
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, log
}

func TestAListInPagesIsReadToItsEnd(t *testing.T) {
	url, log := asked(t, map[string]string{
		"/v1/templates?page=1": `{"code":0,"page":1,"pages":3,"templates":[{"template_id":1,"audit":0}]}`,
		"/v1/templates?page=2": `{"code":0,"page":2,"pages":3,"templates":[{"template_id":2,"audit":1}]}`,
		"/v1/templates?page=3": `{"code":0,"page":3,"pages":3,"templates":[{"template_id":3,"audit":-1,"remark":"no"}]}`,
	})
	l := lists(t, shipped(t, "signed-sms", url, map[string]any{"app_id": "a", "app_secret": "s"}))
	got, err := l.Templates(t.Context(), vendors.TemplateText, "3")
	if err != nil {
		t.Fatal(err)
	}
	want := []vendors.Template{
		{Kind: vendors.TemplateText, Code: "1", State: vendors.TemplateApproved, Said: "0"},
		{Kind: vendors.TemplateText, Code: "2", State: vendors.TemplatePending, Said: "1"},
		{Kind: vendors.TemplateText, Code: "3", State: vendors.TemplateRejected, Said: "-1", Reason: "no"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(*log) != 3 {
		t.Errorf("asked %v", *log)
	}
}

func TestAListThatDoesNotEndIsAnError(t *testing.T) {
	srv, _ := record(t, 200, `{"code":0,"page":1,"pages":2,"templates":[]}`)
	_, err := lists(t, shipped(t, "signed-sms", srv.URL, map[string]any{"app_id": "a", "app_secret": "s"})).Templates(t.Context(), vendors.TemplateText)
	wants(t, err, "more than 200 pages")
	srv, _ = record(t, 200, `{"code":0,"templates":[]}`)
	_, err = lists(t, shipped(t, "signed-sms", srv.URL, map[string]any{"app_id": "a", "app_secret": "s"})).Templates(t.Context(), vendors.TemplateText)
	wants(t, err, "more:")
}

func TestEachCodeIsLookedUpWhereTheRequestNamesIt(t *testing.T) {
	url, log := asked(t, map[string]string{"/v1/signatures/%E7%A4%BA%E4%BE%8B": `{"code":0,"signature":{"words":"示例","audit":0}}`})
	l := lists(t, shipped(t, "signed-sms", url, map[string]any{"app_id": "a", "app_secret": "s"}))
	got, err := l.Templates(t.Context(), vendors.TemplateSignature, "示例", "别家")
	if err != nil {
		t.Fatal(err)
	}
	want := []vendors.Template{{Kind: vendors.TemplateSignature, Code: "示例", State: vendors.TemplateApproved, Said: "0"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(*log) != 2 {
		t.Errorf("asked %v", *log)
	}
}

func TestAFileWithoutAListTellsNothing(t *testing.T) {
	v := shipped(t, "twilio-sms", "http://127.0.0.1:1", map[string]any{"account_sid": "AC1", "auth_token": "t", "from": "+12025550100"})
	if _, ok := vendors.As[vendors.TemplateLister](v); ok {
		t.Error("it claims to list templates")
	}
	texts := head + `send: {path: /s, form: {to: "{{ to }}", text: "{{ text }}"}}` + "\n" + listing
	if _, err := lists(t, vendorOn(t, texts, "http://127.0.0.1:1", nil)).Templates(t.Context(), vendors.TemplateSignature); !errors.Is(err, vendors.ErrNotTold) {
		t.Errorf("signatures: %v, want %v", err, vendors.ErrNotTold)
	}
}

const listing = `templates:
  path: /t
  ok: status == 200
  list: body.list
  code: item.id
  state: item.state
  states: {approved: [a], pending: [p]}
`

func TestABrokenListingNamesLineKeyAndRemedy(t *testing.T) {
	file := good + listing
	at := strings.Count(good, "\n")
	for _, tt := range []struct {
		name, old, new string
		line           int
		key            string
		summary, hint  string
	}{
		{"an unknown key", "  list:", "  lists:", 4, "templates.lists", "is not known", "did you mean list?"},
		{"no list", "  list: body.list\n", "", 0, "templates.list", "missing", "body.templates"},
		{"no code", "  code: item.id\n", "", 0, "templates.code", "missing", "item.code"},
		{"no state", "  state: item.state\n", "", 0, "templates.state", "missing", "item.state"},
		{"a code that is not of the item", "item.id", "body.id", 5, "templates.code", "does not look at the item", "item.code"},
		{"item outside the list", "body.list", "item.list", 4, "templates.list", `"item" is not known`, "here: status"},
		{"nothing that is approved", "approved: [a], ", "", 7, "templates.states.approved", "nothing says what is approved", "approved"},
		{"a word for two states", "pending: [p]", "pending: [a]", 7, "templates.states.pending[1]", "means both approved and pending", "keep it in one"},
		{"pages that are not asked for", "  code:", "  more: body.more\n  code:", 5, "templates.more", "pages", "{{ page }}"},
		{"pages without an end", "path: /t", `path: "/t/{{ page }}"`, 2, "templates.more", "pages", "more:"},
		{"a query that always succeeds", "ok: status == 200\n  list", "ok: true\n  list", 3, "templates.ok", "does not look at the answer", "status == 200"},
		{"a method that changes", "path: /t", "method: PUT\n  path: /t", 2, "templates.method", "not known here", "GET or POST"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(listing, tt.old) == 0 {
				t.Fatalf("the good listing has no %q", tt.old)
			}
			p := firstProblem(t, httpvendor.Load("v.yaml", []byte(good+strings.Replace(listing, tt.old, tt.new, 1))), tt.key)
			if tt.line > 0 && p.Place.Line != at+tt.line {
				t.Errorf("line %d, want %d", p.Place.Line, at+tt.line)
			}
			if !strings.Contains(p.Summary.String(), tt.summary) || !strings.Contains(p.Hint.String(), tt.hint) || p.Hint.String() == "" {
				t.Errorf("%s\nwant %q and %q", fmt.Sprint(p), tt.summary, tt.hint)
			}
		})
	}
	if err := httpvendor.Load("v.yaml", []byte(file)); err != nil {
		t.Error(err)
	}
}

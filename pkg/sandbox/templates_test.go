package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"notify/pkg/sandbox"
)

func TestTemplatesAreDecidedWhileItRuns(t *testing.T) {
	s := run(t, sandbox.Config{Templates: []sandbox.Template{{Code: "T1", State: "pending", Text: "您好"}}})
	c := client(t)
	admin := sandbox.Admin{URL: s.URL(), Token: token, Client: c}
	listed := func(want string) {
		t.Helper()
		if r := call(t, c, "GET", s.URL()+"/sms/templates", nil); strings.TrimSpace(r.raw) != want {
			t.Errorf("the list is %s, want %s", r.raw, want)
		}
	}
	taken := func(want string) {
		t.Helper()
		r := call(t, c, "POST", s.URL()+"/sms/send", map[string]any{"to": "+15550100001", "template": "T1", "sign": "示例"})
		if r.body["code"] != want {
			t.Errorf("a message is answered %s, want %s", r.raw, want)
		}
	}
	listed(`{"code":"OK","templates":[{"kind":"text","code":"T1","state":"pending","text":"您好"}]}`)
	taken("TEMPLATE")
	for _, d := range []struct {
		template sandbox.Template
		then     string
	}{
		{sandbox.Template{Code: "T1", State: "approved"}, "OK"},
		{sandbox.Template{Code: "示例", Kind: sandbox.KindSignature, State: "rejected", Reason: "another company's"}, "SIGNATURE"},
		{sandbox.Template{Code: "示例", Kind: sandbox.KindSignature, State: "approved"}, "OK"},
		{sandbox.Template{Code: "T1", State: "rejected", Reason: "names a prize"}, "TEMPLATE"},
	} {
		if err := admin.Decide(t.Context(), d.template); err != nil {
			t.Fatal(err)
		}
		taken(d.then)
	}
	listed(`{"code":"OK","templates":[{"kind":"text","code":"T1","state":"rejected","reason":"names a prize","text":"您好"}],` +
		`"signatures":[{"kind":"signature","code":"示例","state":"approved"}]}`)
	for _, bad := range []struct {
		template sandbox.Template
		says     string
	}{
		{sandbox.Template{Code: "T1", State: "aproved"}, `no state "aproved"`},
		{sandbox.Template{Code: "T1", Kind: "image", State: "approved"}, `no kind of template "image"`},
		{sandbox.Template{Code: "【】", Kind: sandbox.KindSignature}, "has a code"},
	} {
		if err := admin.Decide(t.Context(), bad.template); err == nil || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%+v: %v, want %q", bad.template, err, bad.says)
		}
	}
	if _, err := sandbox.Start(t.Context(), sandbox.Config{Now: time.Now, Templates: []sandbox.Template{{}}}); err == nil {
		t.Error("a template without a code was taken at the start")
	}
}

func TestWithoutTemplatesOnFileAllAreTaken(t *testing.T) {
	s := run(t, sandbox.Config{})
	if r := call(t, client(t), "GET", s.URL()+"/sms/templates", nil); strings.TrimSpace(r.raw) != `{"code":"OK"}` {
		t.Errorf("the list is %s", r.raw)
	}
	if r := call(t, client(t), "POST", s.URL()+"/sms/send", map[string]any{"to": "+15550100001", "template": "T9", "sign": "别家"}); r.status != 200 {
		t.Errorf("a message is answered %s", r.raw)
	}
}

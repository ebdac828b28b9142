package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Template is a text or a signature that somebody asked the gateway to approve.
type Template struct {
	Kind   string `json:"kind,omitempty"` // KindText or KindSignature; empty: text
	Code   string `json:"code"`           // the words of a signature, with or without 【】
	State  string `json:"state"`          // "approved", "pending" or "rejected"; empty: approved
	Reason string `json:"reason,omitempty"`
	Text   string `json:"text,omitempty"`
}

// The kinds of template.
const (
	KindText      = "text"
	KindSignature = "signature"
)

// What is decided about a template.
const (
	stateApproved = "approved"
	statePending  = "pending"
	stateRejected = "rejected"
)

// TemplateStates are the words for what can be decided about a template.
func TemplateStates() []string { return []string{stateApproved, statePending, stateRejected} }

// approvals are the templates on file, in the order in which they came; safe for concurrent use.
type approvals struct {
	mu   sync.Mutex
	file []Template
}

// Decide puts a template on file, or changes what was decided about it.
func (s *Sandbox) Decide(t Template) error { return s.templates.decide(t) }

func (a *approvals) decide(t Template) error {
	if t.Kind == "" {
		t.Kind = KindText
	}
	if t.State == "" {
		t.State = stateApproved
	}
	t.Code = strings.Trim(t.Code, "【】")
	switch {
	case t.Code == "":
		return errors.New("a template has a code, and a signature its words")
	case t.Kind != KindText && t.Kind != KindSignature:
		return fmt.Errorf("no kind of template %q: text or signature", t.Kind)
	case !slices.Contains(TemplateStates(), t.State):
		return fmt.Errorf("no state %q: approved, pending or rejected", t.State)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	at := slices.IndexFunc(a.file, func(o Template) bool { return o.Kind == t.Kind && o.Code == t.Code })
	if at < 0 {
		a.file = append(a.file, t)
		return nil
	}
	if t.Text == "" {
		t.Text = a.file[at].Text
	}
	a.file[at] = t
	return nil
}

// of are the templates of a kind; nil where the gateway takes any.
func (a *approvals) of(kind string) []Template {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Template
	for _, t := range a.file {
		if t.Kind == kind {
			out = append(out, t)
		}
	}
	return out
}

// find is a template; without a state where it is not there. Where nothing is on file, everything is approved.
func (a *approvals) find(kind, code string) Template {
	on := a.of(kind)
	code = strings.Trim(code, "【】")
	if len(on) == 0 {
		return Template{Kind: kind, Code: code, State: stateApproved}
	}
	if at := slices.IndexFunc(on, func(t Template) bool { return t.Code == code }); at >= 0 {
		return on[at]
	}
	return Template{}
}

// allows is whether a message may use a template; a signature only counts where the message has one.
func (a *approvals) allows(kind, code string) bool {
	on := a.of(kind)
	if len(on) == 0 || kind == KindSignature && code == "" {
		return true
	}
	code = strings.Trim(code, "【】")
	return slices.ContainsFunc(on, func(t Template) bool { return t.Code == code && t.State == stateApproved })
}

// templatesAnswer is GET /sms/templates; a kind of which the gateway takes any is left out.
type templatesAnswer struct {
	Code       string     `json:"code"`
	Templates  []Template `json:"templates,omitempty"`
	Signatures []Template `json:"signatures,omitempty"`
}

func (s *Sandbox) listTemplates(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, templatesAnswer{"OK", s.templates.of(KindText), s.templates.of(KindSignature)})
}

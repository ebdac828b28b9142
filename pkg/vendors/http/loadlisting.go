package httpvendor

import (
	"slices"

	"notify/pkg/vendors"
	"notify/pkg/words"

	"github.com/expr-lang/expr/vm"
)

// listings compiles how a vendor is asked what it has approved.
func (l *loader) listings(d *definition, s *spec) {
	s.listings = map[vendors.TemplateKind]*listingPlan{}
	for _, one := range []struct {
		key  string
		kind vendors.TemplateKind
		in   *listing
	}{
		{"templates", vendors.TemplateText, d.Templates}, {"signatures", vendors.TemplateSignature, d.Signatures},
	} {
		if one.in != nil {
			s.listings[one.kind] = l.listing(one.in, one.key, d, s)
		}
	}
}

func (l *loader) listing(in *listing, key string, d *definition, s *spec) *listingPlan {
	p := &listingPlan{
		queryPlan: queryPlan{
			request: l.request(&in.request, key, []string{"GET", "POST"}, requestScope("code", "page"), d),
			ok:      l.question(in.OK, join(key, "ok"), "status == 200", d),
			json:    s.answer == nil || s.answer.json,
		},
		byCode: in.mentions("code"),
		code:   l.ofItem(in.Code, join(key, "code"), "item.code", d),
		state:  l.ofItem(in.State, join(key, "state"), "item.state", d),
		states: l.states(in, key),
	}
	if l.required(in.List, join(key, "list"), words.T("vendor.do.list", nil)) {
		p.list = l.optional(in.List, join(key, "list"), d)
	}
	if in.More.set() {
		p.more = l.question(in.More, join(key, "more"), "body.page < body.pages", d)
	}
	if pages := in.mentions("page"); pages != in.More.set() {
		l.errorf(max(in.More.Line, in.Path.Line), join(key, "more"), words.T("vendor.pages", nil), words.T("vendor.do.pages", words.A{"variable": "{{ page }}"}))
	}
	inItem := answerScope("item")
	if in.Text.set() {
		p.text = l.compile(in.Text, join(key, "text"), inItem, d.Options)
	}
	if in.Reason.set() {
		p.reason = l.compile(in.Reason, join(key, "reason"), inItem, d.Options)
	}
	return p
}

// ofItem compiles an expression that must be written and look at an item of the list.
func (l *loader) ofItem(t text, key, example string, d *definition) *vm.Program {
	if !l.required(t, key, words.T("vendor.do.expression", words.A{"example": example})) {
		return nil
	}
	p := l.compile(t, key, answerScope("item"), d.Options)
	if p != nil && !slices.Contains(inspect(t.Value).identifiers, "item") {
		l.errorf(t.Line, key, words.T("vendor.not-item", words.A{"expression": shorten(t.Value)}), words.T("vendor.do.expression", words.A{"example": example}))
	}
	return p
}

// states is the vendor's table of states.
func (l *loader) states(in *listing, key string) map[string]vendors.TemplateState {
	table := map[string]vendors.TemplateState{}
	if len(in.States.Approved) == 0 {
		l.errorf(in.Path.Line, join(key, "states.approved"), words.T("vendor.approved-missing", nil), words.T("vendor.do.approved", nil))
	}
	for _, group := range []struct {
		state vendors.TemplateState
		words texts
	}{
		{vendors.TemplateApproved, in.States.Approved}, {vendors.TemplatePending, in.States.Pending}, {vendors.TemplateRejected, in.States.Rejected},
	} {
		for _, w := range group.words {
			if was, ok := table[w.Value]; ok && was != group.state {
				l.errorf(w.Line, join(key, "states"), words.T("vendor.word-twice", words.A{"word": w.Value, "one": was, "other": group.state}), words.T("vendor.do.keep-word", nil))
			}
			table[w.Value] = group.state
		}
	}
	return table
}

package httpvendor

import (
	"context"
	"errors"
	"strings"

	"notify/pkg/vendors"
	"notify/pkg/words"
)

// maxPages bounds a list that comes in pages; a vendor that still has more then is not read to its end.
const maxPages = 200

// pagePlan is a compiled question for a list, in pages where more says so.
type pagePlan struct {
	queryPlan
	list, more *expression
}

// listingPlan is one for texts or signatures.
type listingPlan struct {
	pagePlan
	byCode                    bool // the request names a code, so that it is made for each
	code, state, text, reason *expression
	states                    map[string]vendors.TemplateState
}

// lister is a vendor whose file describes how to ask for texts, signatures or both.
type lister struct {
	*vendor
	next vendors.Vendor
}

// Unwrap implements vendors.Wrapper.
func (l lister) Unwrap() vendors.Vendor { return l.next }

// Templates implements vendors.TemplateLister.
func (l lister) Templates(ctx context.Context, kind vendors.TemplateKind, codes ...string) ([]vendors.Template, error) {
	p := l.spec.listings[kind]
	if p == nil {
		return nil, vendors.ErrNotTold
	}
	if !p.byCode {
		codes = []string{""}
	}
	var out []vendors.Template
	for _, code := range codes {
		err := l.pages(ctx, &p.pagePlan, code, maxPages, func(answer *answerEnv) error {
			some, err := l.templates(p, answer)
			out = append(out, some...)
			return err
		})
		if errors.Is(err, vendors.ErrTakesAny) {
			return nil, err
		}
		if err != nil {
			return nil, words.Wrap(err, "vendor.ask-templates", words.A{"account": l.account, "kind": kind})
		}
	}
	for i := range out {
		out[i].Kind = kind
		if kind == vendors.TemplateSignature {
			out[i].Code = strings.Trim(out[i].Code, "【】")
		}
	}
	return out, nil
}

// pages asks for one list to its end, at most so many pages, and calls read for each answer.
func (v *vendor) pages(ctx context.Context, p *pagePlan, code string, most int, read func(*answerEnv) error) error {
	for page := 1; page <= most; page++ {
		env := v.caller.env(p.request)
		env.Code, env.Page = code, page
		answer, _, err := v.ask(ctx, &p.queryPlan, &env, "")
		if err != nil {
			return err
		}
		if err := read(answer); err != nil || p.more == nil {
			return err
		}
		more, err := v.reader.truth(p.more, answer)
		if err != nil {
			return v.fault(words.T("vendor.at-key", words.A{"key": "more", "cause": words.Cause(err)}), "")
		}
		if !more {
			return nil
		}
	}
	return words.Err("vendor.pages-many", words.A{"most": most})
}

// items are those of one answer. A list that is missing is an error, unless the file itself says "none" for it: what the answer
// lacks must not be taken for a template that is not there, nor for a vendor that takes any.
func (v *vendor) items(p *pagePlan, answer *answerEnv) ([]any, error) {
	list, err := v.reader.engine.run(p.list, answer)
	if err != nil {
		return nil, v.fault(words.T("vendor.at-key", words.A{"key": "list", "cause": words.Cause(err)}), "")
	}
	if list == untold {
		return nil, vendors.ErrTakesAny
	}
	items, ok := list.([]any)
	if !ok {
		return nil, words.Err("vendor.list-none", nil)
	}
	return items, nil
}

// templates reads one answer.
func (v *vendor) templates(p *listingPlan, answer *answerEnv) ([]vendors.Template, error) {
	items, err := v.items(&p.pagePlan, answer)
	if err != nil {
		return nil, err
	}
	out := make([]vendors.Template, 0, len(items))
	for _, answer.Item = range items {
		t, err := v.template(p, answer)
		if err != nil {
			return nil, v.fault(words.Cause(err), "")
		}
		out = append(out, t)
	}
	return out, nil
}

// lacks is an item of a list without what it should have, and why that could not be read.
func lacks(key string, err error) error {
	if err != nil {
		return words.Wrap(err, "vendor.at-key", words.A{"key": key})
	}
	return words.Err("vendor.item-lacks", words.A{"key": key})
}

// template reads one item of a list.
func (v *vendor) template(p *listingPlan, item *answerEnv) (vendors.Template, error) {
	var t vendors.Template
	var err error
	if t.Code, err = v.reader.code(p.code, item); err != nil || t.Code == "" {
		return t, lacks("code", err)
	}
	if t.Said, err = v.reader.code(p.state, item); err != nil || t.Said == "" {
		return t, lacks("state", err)
	}
	t.State = p.states[t.Said]
	t.Said = v.scrub.Code(t.Said, "")
	// Text and reason are for people: an item without them is as good.
	if s, err := v.reader.code(p.text, item); err == nil {
		t.Text = v.scrub.Detail(s, "")
	}
	if s, err := v.reader.code(p.reason, item); err == nil {
		t.Reason = v.scrub.Detail(s, "")
	}
	return t, nil
}

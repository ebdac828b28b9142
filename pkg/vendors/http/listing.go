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
		err := l.pages(ctx, &p.pagePlan, code, maxPages, func(items []any, answer *answerEnv) error {
			some, err := l.templates(p, items, answer)
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

// templates reads one answer.
func (v *vendor) templates(p *listingPlan, items []any, answer *answerEnv) ([]vendors.Template, error) {
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

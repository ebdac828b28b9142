package httpvendor

import (
	"context"
	"net/url"
	"strings"

	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/words"
)

// maxListAnswer is how much of an answer that holds a list is read: there are vendors that give all of it at once.
const maxListAnswer = 64 << 20

// pagePlan is a compiled question for a list. It comes in pages where the request names one (a number, an offset, or what the answer before
// gave as the next), or where an answer links to the next one.
type pagePlan struct {
	queryPlan
	list, more, next, link *expression
}

// paged reports whether there can be another page.
func (p *pagePlan) paged() bool { return p.more != nil || p.next != nil || p.link != nil }

// turning is how far the reading of a list has come.
type turning struct {
	page, offset int
	next         string
	link         *url.URL
	said         string          // the answer before, where it had items
	seen         map[string]bool // what was named as the next page
}

// pages asks for one list to its end, at most so many pages, and calls read for the items of each answer.
func (v *vendor) pages(ctx context.Context, p *pagePlan, code string, most int, read func(items []any, answer *answerEnv) error) error {
	ctx = evidence.UpTo(ctx, maxListAnswer)
	at := turning{page: 1, seen: map[string]bool{}}
	for ; at.page <= most; at.page++ {
		env := v.caller.env(p.request)
		env.Code, env.Page, env.Offset, env.Next, env.link = code, at.page, at.offset, at.next, at.link
		answer, _, err := v.ask(ctx, &p.queryPlan, &env, "")
		if err != nil {
			return err
		}
		items, err := v.items(p, answer)
		if err != nil {
			return err
		}
		if len(items) > 0 && answer.Text == at.said {
			return words.Err("vendor.pages-again", nil)
		}
		if err := read(items, answer); err != nil || !p.paged() {
			return err
		}
		at.offset += len(items)
		if at.said = answer.Text; len(items) == 0 {
			at.said = ""
		}
		if on, err := v.turn(p, &at, answer, &env); err != nil || !on {
			return err
		}
	}
	return words.Err("vendor.pages-many", words.A{"most": most})
}

// turn finds out whether there is another page, and which.
func (v *vendor) turn(p *pagePlan, at *turning, answer *answerEnv, env *requestEnv) (bool, error) {
	if p.more != nil {
		more, err := v.reader.truth(p.more, answer)
		if err != nil || !more {
			return false, v.atKey("more", err)
		}
	}
	named, key := p.next, "next"
	if p.link != nil {
		named, key = p.link, "link"
	}
	if named == nil {
		return true, nil
	}
	said, err := v.reader.code(named, answer)
	if err != nil || said == "" {
		return false, v.atKey(key, err)
	}
	if at.seen[said] {
		return false, words.Err("vendor.pages-again", nil)
	}
	at.seen[said] = true
	if p.link == nil {
		at.next = said
		return true, nil
	}
	at.link, err = v.caller.linked(p.request, env, said)
	return err == nil, v.atKey(key, err)
}

// atKey is an error that an expression of the file gave; none stays none.
func (v *vendor) atKey(key string, err error) error {
	if err == nil {
		return nil
	}
	return v.fault(words.T("vendor.at-key", words.A{"key": key, "cause": words.Cause(err)}), "")
}

// linked is where the next page is, at the address that the account has: of what the answer says only the path and the query are taken, so that no
// secret goes elsewhere. Where it names another host, as behind a proxy, its path is one below the address that the file has.
func (c *caller) linked(p *requestPlan, env *requestEnv, said string) (*url.URL, error) {
	there, err := url.Parse(said)
	if err != nil || there.Opaque != "" {
		return nil, words.Err("vendor.address-none", nil)
	}
	base := c.address(p)
	here := *base
	here.RawPath = env.Request.Path
	if here.Path, err = url.PathUnescape(here.RawPath); err != nil {
		return nil, words.Err("vendor.request-path", words.A{"key": p.path.key})
	}
	there = here.ResolveReference(there)
	path := there.EscapedPath()
	if !strings.EqualFold(there.Host, base.Host) {
		own := p.base
		if own == nil {
			own, _ = parseEndpoint(c.spec.endpoint) // one that is none has no path
		}
		if own != nil {
			path = strings.TrimPrefix(path, own.EscapedPath())
		}
		path = base.EscapedPath() + path
	}
	out := *base
	out.RawPath, out.RawQuery = path, there.RawQuery
	if out.Path, err = url.PathUnescape(path); err != nil {
		return nil, words.Err("vendor.address-none", nil)
	}
	return &out, nil
}

// items are those of one answer. A list that is missing is an error, unless the file itself says "none" for it: what the answer
// lacks must not be taken for a template that is not there, nor for a vendor that takes any.
func (v *vendor) items(p *pagePlan, answer *answerEnv) ([]any, error) {
	list, err := v.reader.engine.run(p.list, answer)
	if err != nil {
		return nil, v.atKey("list", err)
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

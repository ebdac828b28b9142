package httpvendor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// requestPlan is a compiled request.
type requestPlan struct {
	key       string // where it stands in the file
	method    string
	base      *url.URL // of its own; nil: that of the account
	path      *template
	query     []entry
	headers   []entry
	body      bodyPlan
	gbk       bool
	steps     []*step // that it is made with
	templates []*template
	usesNonce bool
}

// bodyPlan is a compiled body. At most one of its forms is set.
type bodyPlan struct {
	tree      *tree     // JSON
	raw, xml  *template // as they stand; in XML what fills a hole is escaped
	form      []entry
	multipart []entry
}

// entry is a name with a template, or several: of a form, a query, the headers.
type entry struct {
	name     string
	optional bool
	values   []*template
	phase    phase // the latest of the steps that it is made with
}

// uses reports whether a request looks at a name anywhere, by way of steps too.
func (p *requestPlan) uses(name string) bool {
	return slices.ContainsFunc(p.templates, func(t *template) bool { return t.uses(name) }) ||
		slices.ContainsFunc(p.steps, func(x *step) bool { return slices.Contains(x.names, name) })
}

// whole reports whether nothing of it is broken.
func (p *requestPlan) whole() bool {
	return !slices.ContainsFunc(p.templates, func(t *template) bool { return t.broken })
}

// request compiles a request of the file. The caller asks for further keys, and then for Done.
func (l *loader) request(m *yamldoc.Map, methods []string, sc scope) *requestPlan {
	p := &requestPlan{key: strings.Join(m.Path(), "."), method: m.Value("method").OneOf(methods...)}
	if p.method == "" {
		p.method = methods[0]
	}
	if s := endpointOf(m); s != "" {
		p.base, _ = parseEndpoint(s) // a problem was told
	}
	p.path = l.path(m, sc)
	p.query = l.entries(m.Map("query"), sc)
	p.headers = l.entries(m.Map("headers"), sc)
	for i, h := range p.headers {
		p.headers[i].name = http.CanonicalHeaderKey(h.name)
		if strings.EqualFold(h.name, "Authorization") && (l.spec.bearer != nil || l.spec.user != nil) {
			m.Map("headers").Problem(h.name, words.T("vendor.header-auth", nil), words.T("vendor.do.header-auth", nil))
		}
	}
	l.body(m, p, sc)
	p.gbk = l.charset(m)
	l.gather(m, p, sc)
	return p
}

func (l *loader) path(m *yamldoc.Map, sc scope) *template {
	v := m.Value("path")
	t := l.template(v, sc)
	fixed := t.literals()
	if s := v.Text(); !v.IsMapOrList() && !strings.HasPrefix(s, "/") {
		m.Problem("path", words.T("vendor.path-invalid", words.A{"value": shorten(s)}), words.T("vendor.do.path", nil))
	}
	if strings.ContainsAny(fixed, "?#") {
		v.Problem(words.T("vendor.path-query", nil), words.T("vendor.do.query", nil))
	}
	return t
}

// charset reads in which encoding something is; true for GBK.
func (l *loader) charset(m *yamldoc.Map) bool {
	return m.Value("charset").OneOf("utf-8", "gbk") == "gbk"
}

// body compiles the one body that a request may have.
func (l *loader) body(m *yamldoc.Map, p *requestPlan, sc scope) {
	kinds, first := []string{"json", "form", "raw", "xml", "multipart"}, ""
	for _, kind := range kinds {
		if v := m.Value(kind); !v.Set() {
			continue
		}
		if first != "" {
			m.Problem(kind, words.T("vendor.body-twice", nil), words.T("vendor.do.body", words.A{"one": first, "other": kind}))
			continue
		}
		first = kind
	}
	switch first {
	case "json":
		p.body.tree = l.tree(m.Value(first), sc)
	case "form":
		p.body.form = l.entries(m.Map(first), sc)
	case "multipart":
		p.body.multipart = l.entries(m.Map(first), sc)
	case "raw":
		p.body.raw = l.template(m.Value(first), sc)
	case "xml":
		p.body.xml = l.template(m.Value(first), sc)
	}
}

// entries compiles names with values. A list is a name that is repeated.
func (l *loader) entries(m *yamldoc.Map, sc scope) []entry {
	var out []entry
	for _, key := range m.Keys() {
		name, optional := strings.CutSuffix(key, "?")
		x := entry{name: name, optional: optional}
		for _, v := range texts(m.Value(key)) {
			x.values = append(x.values, l.template(v, sc))
		}
		if len(x.values) == 0 {
			x.values = []*template{{key: key}}
		}
		for _, s := range l.spec.used(x.values) {
			x.phase = max(x.phase, s.phase)
		}
		out = append(out, x)
	}
	return out
}

// gather collects what the request is made of, and sees to it that each step can be made in time.
func (l *loader) gather(m *yamldoc.Map, p *requestPlan, sc scope) {
	within := func(key string, latest phase, ts ...*template) {
		p.templates = append(p.templates, ts...)
		for _, s := range l.spec.used(ts) {
			if s.phase > latest {
				m.Problem(key, words.T("vendor.step-late", words.A{"step": s.name}), words.T("vendor.do.step-late", nil))
			}
			for _, name := range s.names {
				if name != "request" && !slices.Contains(sc.names, name) {
					m.Problem(key, words.T("vendor.step-foreign", words.A{"step": s.name, "name": name}), words.T("vendor.do.step-foreign", nil))
				}
			}
		}
	}
	all := func(entries []entry) (ts []*template) {
		for _, x := range entries {
			ts = append(ts, x.values...)
		}
		return ts
	}
	within("path", beforehand, p.path)
	within("form", ofForm, all(p.body.form)...)
	within("multipart", ofForm, all(p.body.multipart)...)
	within("json", ofForm, p.body.tree.templates()...)
	for key, t := range map[string]*template{"raw": p.body.raw, "xml": p.body.xml} {
		if t != nil {
			within(key, ofForm, t)
		}
	}
	within("query", ofQuery, all(p.query)...)
	within("headers", ofHeaders, all(p.headers)...)
	for _, t := range []*template{l.spec.bearer, l.spec.user, l.spec.password} {
		if t != nil {
			p.templates = append(p.templates, t)
		}
	}
	p.steps = l.spec.used(p.templates)
	p.usesNonce = p.uses("nonce") || p.uses("uuid") || p.uses("random")
}

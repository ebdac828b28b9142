package httpvendor

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"notify/pkg/words"
)

// caller makes requests for one account.
type caller struct {
	engine  *engine
	spec    *spec
	base    *url.URL // the endpoint
	moved   bool     // the account has set the endpoint: it holds for requests with one of their own, too
	options map[string]string
	now     func() time.Time
}

// address is where a request goes: to the account's endpoint, or its own.
func (c *caller) address(p *requestPlan) *url.URL {
	if p.base != nil && !c.moved {
		return p.base
	}
	return c.base
}

// env is the part of a requestEnv that every request has.
func (c *caller) env(p *requestPlan) requestEnv {
	now := c.now().UTC()
	env := requestEnv{
		Option: c.options, Step: make(map[string]any, len(p.steps)),
		Time: now, Timestamp: now.Unix(), TimestampMS: now.UnixMilli(),
	}
	if p.usesNonce {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails: it ends the program instead
		env.identify(b)
	}
	return env
}

// identify makes nonce, uuid and random of chance: a UUID of version 4 (RFC 9562, 5.4).
func (env *requestEnv) identify(b [16]byte) {
	env.Nonce = hex.EncodeToString(b[:])
	env.Random = int64(binary.BigEndian.Uint64(b[:8])>>11) | 1 // exact in JSON, and never 0
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	u := hex.EncodeToString(b[:])
	env.UUID = u[:8] + "-" + u[8:12] + "-" + u[12:16] + "-" + u[16:20] + "-" + u[20:]
}

// making is one request that is being made.
type making struct {
	*caller
	plan *requestPlan
	env  *requestEnv
}

// build makes the request: form and body first, then the query, then the headers, and the steps in between.
func (c *caller) build(p *requestPlan, env *requestEnv) (*http.Request, error) {
	m := &making{caller: c, plan: p, env: env}
	base := c.address(p)
	env.Request.Method, env.Request.Host = p.method, base.Host
	if err := m.advance(beforehand); err != nil {
		return nil, err
	}
	path, err := p.path.text(c.engine, env, url.PathEscape)
	if err != nil {
		return nil, err
	}
	env.Request.Path = base.EscapedPath() + path
	if env.link != nil {
		env.Request.Path = env.link.EscapedPath()
	}
	body, kind, err := m.body()
	if err != nil {
		return nil, err
	}
	query, err := m.query()
	if err != nil {
		return nil, err
	}
	u := *base
	if u.Path, err = url.PathUnescape(env.Request.Path); err != nil {
		return nil, words.Err("vendor.request-path", words.A{"key": p.path.key})
	}
	u.RawPath, u.RawQuery = env.Request.Path, query
	r := &http.Request{Method: p.method, URL: &u, Header: make(http.Header, len(p.headers)+2)}
	if kind != "" {
		r.Header["Content-Type"] = []string{kind}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
	}
	return r, m.headers(r.Header)
}

// advance makes the steps of a phase.
func (m *making) advance(to phase) error {
	for _, s := range m.plan.steps {
		if s.phase != to {
			continue
		}
		v, err := s.value.value(m.engine, m.env)
		if err != nil {
			return err
		}
		m.env.Step[s.name] = v
	}
	return nil
}

// named is an entry with its values.
type named struct {
	name   string
	values []string
}

// fill makes the values of those entries that are of the phase, or of one before it: of those that are left out, none.
func (m *making) fill(entries []entry, into [][]named, late bool, limit phase) error {
	for i, x := range entries {
		if (x.phase >= limit) != late {
			continue
		}
		var err error
		if strings.Contains(x.name, "*") {
			into[i], err = m.spread(x)
		} else {
			into[i], err = m.one(x)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *making) one(x entry) ([]named, error) {
	out := named{name: x.name}
	for _, t := range x.values {
		s, err := t.text(m.engine, m.env, nil)
		if err != nil {
			return nil, err
		}
		if s == "" && x.optional {
			continue
		}
		out.values = append(out.values, s)
	}
	return []named{out}, nil
}

// spread is an entry whose name holds an asterisk, which stands for each name of the map that is its value.
func (m *making) spread(x entry) ([]named, error) {
	v, err := x.values[0].value(m.engine, m.env)
	if err != nil {
		return nil, err
	}
	pairs, err := pairsOf(v)
	if err != nil {
		return nil, words.Wrap(err, "vendor.at-key", words.A{"key": x.values[0].key})
	}
	var out []named
	for _, p := range pairs {
		out = append(out, named{name: strings.Replace(x.name, "*", p[0], 1), values: []string{p[1]}})
	}
	return out, nil
}

// entries makes those that a step of a phase is made of, shows them to it, makes the step, and then the others. Later steps see them all.
func (m *making) entries(entries []entry, at phase, show func(map[string]any)) ([]named, error) {
	each := make([][]named, len(entries))
	if err := m.fill(entries, each, false, at); err != nil {
		return nil, err
	}
	if m.needs(func(p phase) bool { return p == at }) {
		show(seen(slices.Concat(each...)))
		if err := m.advance(at); err != nil {
			return nil, err
		}
	}
	if err := m.fill(entries, each, true, at); err != nil {
		return nil, err
	}
	out := slices.Concat(each...)
	if m.needs(func(p phase) bool { return p > at }) {
		show(seen(out))
	}
	return out, nil
}

// seen is entries as steps see them: a text for each name, or a list where it is repeated.
func seen(entries []named) map[string]any {
	out := make(map[string]any, len(entries))
	for _, x := range entries {
		for _, v := range x.values {
			gather(out, x.name, v)
		}
	}
	return out
}

// needs reports whether a step of this request is of such a phase.
func (m *making) needs(such func(phase) bool) bool {
	return slices.ContainsFunc(m.plan.steps, func(s *step) bool { return such(s.phase) })
}

// octets encodes text as the request does.
func (m *making) octets(s string) ([]byte, error) {
	if !m.plan.gbk {
		return []byte(s), nil
	}
	return toGBK([]byte(s))
}

// encode is entries in the form of a query.
func (m *making) encode(entries []named) (string, error) {
	var b strings.Builder
	for _, x := range entries {
		name, err := m.octets(x.name)
		if err != nil {
			return "", err
		}
		for _, v := range x.values {
			value, err := m.octets(v)
			if err != nil {
				return "", err
			}
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(string(name)))
			b.WriteByte('=')
			b.WriteString(url.QueryEscape(string(value)))
		}
	}
	return b.String(), nil
}

// body is the request's body and its content type; no type means no body.
func (m *making) body() (body []byte, kind string, err error) {
	if len(m.plan.body.form) > 0 || len(m.plan.body.multipart) > 0 {
		body, kind, err = m.formBody()
	} else if err = m.advance(ofForm); err == nil {
		body, kind, err = m.textBody()
	}
	switch {
	case err != nil:
		return nil, "", err
	case kind != "" && m.plan.gbk:
		kind += "; charset=GBK"
	case strings.HasPrefix(kind, "text/"), strings.HasSuffix(kind, "/xml"):
		kind += "; charset=utf-8"
	}
	m.env.Request.Body = string(body)
	return body, kind, m.advance(ofBody)
}

// textBody is a body of one piece.
func (m *making) textBody() (body []byte, kind string, err error) {
	switch p := &m.plan.body; {
	case p.tree != nil:
		var b bytes.Buffer
		b.Grow(256 + len(m.env.Text))
		if _, err = p.tree.write(&b, m.engine, m.env); err != nil {
			return nil, "", err
		}
		body, kind = b.Bytes(), "application/json"
		if m.plan.gbk {
			body, err = toGBK(body)
		}
	case p.raw != nil:
		kind = "text/plain"
		body, err = m.filled(p.raw, nil)
	case p.xml != nil:
		kind = "application/xml"
		body, err = m.filled(p.xml, escapeXML)
	}
	return body, kind, err
}

// filled is a body that is a text.
func (m *making) filled(t *template, escape func(string) string) ([]byte, error) {
	s, err := t.text(m.engine, m.env, escape)
	if err != nil {
		return nil, err
	}
	return m.octets(s)
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

// formBody is a body of names and values.
func (m *making) formBody() ([]byte, string, error) {
	p := &m.plan.body
	show := func(seen map[string]any) { m.env.Request.Form = seen }
	if len(p.form) > 0 {
		entries, err := m.entries(p.form, ofForm, show)
		if err != nil {
			return nil, "", err
		}
		s, err := m.encode(entries)
		return []byte(s), "application/x-www-form-urlencoded", err
	}
	entries, err := m.entries(p.multipart, ofForm, show)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, x := range entries {
		for _, v := range x.values {
			value, err := m.octets(v)
			if err != nil {
				return nil, "", err
			}
			part, err := w.CreateFormField(x.name)
			if err != nil {
				return nil, "", words.Err("vendor.multipart", words.A{"key": m.plan.key})
			}
			_, _ = part.Write(value) // a buffer takes everything
		}
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType(), nil
}

func (m *making) query() (string, error) {
	if link := m.env.link; link != nil { // it has one of its own
		parsed, err := parseForm(link.RawQuery)
		if err != nil {
			return "", words.Err("vendor.address-none", nil)
		}
		m.env.Request.Query, _ = parsed.(map[string]any)
		return link.RawQuery, m.advance(ofQuery)
	}
	entries, err := m.entries(m.plan.query, ofQuery, func(seen map[string]any) { m.env.Request.Query = seen })
	if err != nil {
		return "", err
	}
	return m.encode(entries)
}

// headers sets those of the file. Authorization is set here too, since it may hold a token that is renewed.
func (m *making) headers(into http.Header) error {
	entries, err := m.entries(m.plan.headers, ofHeaders, func(seen map[string]any) {
		low := make(map[string]any, len(seen)+2)
		low["host"] = m.env.Request.Host
		if kind := into.Get("Content-Type"); kind != "" {
			low["content-type"] = kind
		}
		for name, v := range seen {
			low[strings.ToLower(name)] = v
		}
		m.env.Request.Headers = low
	})
	if err != nil {
		return err
	}
	for _, x := range entries {
		if len(x.values) > 0 {
			into[x.name] = x.values
		}
	}
	auth, _, err := m.authorisation(m.env)
	if auth != "" {
		into["Authorization"] = []string{auth}
	}
	return err
}

// authorisation is the header of that name, and the secrets in it; empty where there is none.
func (c *caller) authorisation(env *requestEnv) (header string, secrets []string, err error) {
	switch s := c.spec; {
	case s.bearer != nil:
		token, err := s.bearer.text(c.engine, env, nil)
		return "Bearer " + token, []string{token}, err
	case s.user != nil && s.password != nil:
		user, err := s.user.text(c.engine, env, nil)
		if err != nil {
			return "", nil, err
		}
		password, err := s.password.text(c.engine, env, nil)
		pair := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
		return "Basic " + pair, []string{pair, password}, err
	}
	return "", nil, nil
}

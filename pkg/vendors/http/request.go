package httpvendor

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" // what vendors sign with
	"crypto/rand"
	"crypto/sha1" // what vendors sign with
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"notify/pkg/words"
)

// requestPlan is a compiled request.
type requestPlan struct {
	method    string
	path      *template
	query     []entry
	headers   []entry
	tree      *tree   // a JSON body
	form      []entry // a form body
	hasForm   bool
	usesNonce bool
}

// signer is a compiled signature.
type signer struct {
	hash   func() hash.Hash
	encode func([]byte) string
	secret *template
	text   *template
}

// algorithms are the hashes that a signature can be made with, all of them keyed.
func algorithms() map[string]func() hash.Hash {
	return map[string]func() hash.Hash{"hmac-sha256": sha256.New, "hmac-sha1": sha1.New, "hmac-md5": md5.New}
}

func encodings() map[string]func([]byte) string {
	return map[string]func([]byte) string{
		"hex":    hex.EncodeToString,
		"HEX":    func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) },
		"base64": base64.StdEncoding.EncodeToString,
	}
}

// caller makes requests for one account.
type caller struct {
	engine  *engine
	signer  *signer
	base    *url.URL // the endpoint
	options map[string]string
	auth    string // the Authorization header; empty where there is none
	now     func() time.Time
}

// env is the part of a requestEnv that every request has.
func (c *caller) env(p *requestPlan) requestEnv {
	now := c.now().UTC()
	env := requestEnv{
		Option: c.options, Method: p.method,
		Time: now, Timestamp: now.Unix(), TimestampMS: now.UnixMilli(),
	}
	if p.usesNonce {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails: it ends the program instead
		env.Nonce = hex.EncodeToString(b[:])
	}
	return env
}

// build makes the request: path and body first, then the signature, then what may carry it.
func (c *caller) build(p *requestPlan, env *requestEnv) (*http.Request, error) {
	path, err := p.path.text(c.engine, env, url.PathEscape)
	if err != nil {
		return nil, err
	}
	env.Path = c.base.EscapedPath() + path
	if env.Signature, err = c.sign(p, env); err != nil {
		return nil, err
	}
	body, kind, err := p.body(c.engine, env)
	if err != nil {
		return nil, err
	}
	target, err := c.target(p, env)
	if err != nil {
		return nil, err
	}
	r := &http.Request{Method: p.method, URL: target, Header: make(http.Header, len(p.headers)+3)}
	if kind != "" {
		r.Header["Content-Type"] = []string{kind}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
	}
	if c.auth != "" {
		r.Header["Authorization"] = []string{c.auth}
	}
	for _, h := range p.headers {
		v, err := h.value.text(c.engine, env, nil)
		if err != nil {
			return nil, err
		}
		if v == "" && h.optional {
			continue
		}
		r.Header[h.name] = []string{v}
	}
	return r, nil
}

// sign makes the signature over the body as it leaves. A body that carries the signature is not part of what is signed; the
// loader has seen to that.
func (c *caller) sign(p *requestPlan, env *requestEnv) (string, error) {
	if c.signer == nil {
		return "", nil
	}
	body, _, err := p.body(c.engine, env)
	if err != nil {
		return "", err
	}
	env.Body = string(body)
	secret, err := c.signer.secret.text(c.engine, env, nil)
	if err != nil {
		return "", err
	}
	signed, err := c.signer.text.text(c.engine, env, nil)
	if err != nil {
		return "", err
	}
	mac := hmac.New(c.signer.hash, []byte(secret))
	_, _ = io.WriteString(mac, signed)
	return c.signer.encode(mac.Sum(nil)), nil
}

// body is the request's body and its content type; no type means no body.
func (p *requestPlan) body(e *engine, env *requestEnv) (body []byte, kind string, err error) {
	switch {
	case p.tree != nil:
		var b bytes.Buffer
		b.Grow(256 + len(env.Text))
		if _, err := p.tree.write(&b, e, env); err != nil {
			return nil, "", err
		}
		return b.Bytes(), "application/json", nil
	case p.hasForm:
		s, err := encode(p.form, e, env)
		return []byte(s), "application/x-www-form-urlencoded", err
	}
	return nil, "", nil
}

func (c *caller) target(p *requestPlan, env *requestEnv) (*url.URL, error) {
	query, err := encode(p.query, c.engine, env)
	if err != nil {
		return nil, err
	}
	u := *c.base
	if u.Path, err = url.PathUnescape(env.Path); err != nil {
		return nil, words.Err("vendor.request-path", words.A{"key": p.path.key})
	}
	u.RawPath, u.RawQuery = env.Path, query
	return &u, nil
}

// methodList are the methods that a request may have.
func methodList(methods []string) words.List {
	l := words.Names(methods, 0)
	l.Join = words.Or
	return l
}

// request compiles a request of the file.
func (l *loader) request(r *request, key string, methods []string, sc scope, d *definition) *requestPlan {
	p := &requestPlan{method: r.Method.Value, hasForm: len(r.Form) > 0}
	if p.method == "" {
		p.method = methods[0]
	}
	if !slices.Contains(methods, p.method) {
		l.errorf(r.Method.Line, join(key, "method"), words.T("vendor.method", words.A{"value": r.Method.Value}), words.T("vendor.do.method", words.A{"methods": methodList(methods)}))
	}
	if !strings.HasPrefix(r.Path.Value, "/") {
		l.errorf(r.Path.Line, join(key, "path"), words.T("vendor.path-invalid", words.A{"value": shorten(r.Path.Value)}), words.T("vendor.do.path", nil))
	}
	if strings.ContainsAny(literals(r.Path.Value), "?#") {
		l.errorf(r.Path.Line, join(key, "path"), words.T("vendor.path-query", nil), words.T("vendor.do.query", nil))
	}
	signed := sc
	if d.Sign != nil {
		signed.names = append(slices.Clone(sc.names), "signature")
	}
	inBody := signed
	if d.Sign != nil && mentions(d.Sign.Text.Value, "body") {
		inBody = sc
	}
	p.path = l.template(r.Path, join(key, "path"), sc, d.Options)
	p.query = l.entries(r.Query, join(key, "query"), signed, d.Options)
	p.headers = l.entries(r.Headers, join(key, "headers"), signed, d.Options)
	for i, h := range p.headers {
		p.headers[i].name = http.CanonicalHeaderKey(h.name)
		if strings.EqualFold(h.name, "Authorization") && d.Auth != nil {
			l.errorf(r.Headers[i].Name.Line, join(key, "headers."+h.name), words.T("vendor.header-auth", nil), words.T("vendor.do.header-auth", nil))
		}
	}
	p.form = l.entries(r.Form, join(key, "form"), inBody, d.Options)
	if r.JSON.Kind != 0 {
		p.tree = l.tree(&r.JSON, join(key, "json"), inBody, d.Options)
		if p.hasForm {
			l.errorf(r.JSON.Line, join(key, "json"), words.T("vendor.body-twice", nil), words.T("vendor.do.body", nil))
		}
	}
	p.usesNonce = r.mentions("nonce") || d.Sign != nil && mentions(d.Sign.Text.Value, "nonce")
	return p
}

// literals is a template without its holes.
func literals(s string) string {
	var b strings.Builder
	for {
		before, after, hole := strings.Cut(s, "{{")
		b.WriteString(before)
		if !hole {
			return b.String()
		}
		_, behind, ok := cutHole(after)
		if !ok {
			return b.String()
		}
		s = behind
	}
}

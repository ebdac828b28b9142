package httpvendor

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// maxFile bounds a vendor file; the shipped ones are below 10 kB.
const maxFile = 256 << 10

// spec is a compiled vendor file.
type spec struct {
	name           string
	about          string
	channels       []message.Channel
	endpoint       string
	options        map[string]fileOption
	maxConcurrency int           // 0: the vendor states none
	minTimeout     time.Duration // 0: the vendor states none
	steps          []*step
	user, password *template // basic authorisation
	bearer         *template
	token          *tokenPlan
	send           *requestPlan
	answer         *answerPlan
	carries        map[string]bool // which parts of a message the request has a place for
	balance        *balancePlan
	find           *findPlan
	probe          *queryPlan
	listings       map[vendors.TemplateKind]*listingPlan
	suppressed     []*suppressedPlan
}

// fileOption is a key that an account may set under its options.
type fileOption struct {
	secret, required bool
	preset, about    string
}

// loader reads one vendor file.
type loader struct {
	known    channel.Set
	problems *diag.List
	spec     *spec
	language []expr.Option // made once for all expressions
}

// load compiles a vendor file. The error holds every problem, each with its line and key.
func load(file string, data []byte, channels channel.Set) (*spec, error) {
	l := &loader{known: channels, problems: new(diag.List), spec: &spec{}}
	doc := yamldoc.Document{Place: diag.Place{File: file}, Problems: l.problems, Start: words.T("vendor.do.start", nil)}
	if m, ok := doc.Parse(data); ok {
		l.read(m)
		m.Done()
	}
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return l.spec, nil
}

// loadOptions reads what a file declares about its options; one that cannot be read declares nothing.
func loadOptions(data []byte) map[string]fileOption {
	l := &loader{problems: new(diag.List), spec: &spec{}}
	doc := yamldoc.Document{Problems: l.problems}
	if m, ok := doc.Parse(data); ok {
		l.options(m.Map("options"))
	}
	return l.spec.options
}

// read compiles everything: what others refer to first.
func (l *loader) read(m *yamldoc.Map) {
	s := l.spec
	s.name, s.about = required(m, "name", words.T("vendor.do.name", nil)), m.Value("about").Text()
	l.channels(m)
	s.endpoint = endpointOf(m)
	l.options(m.Map("options"))
	limits := m.Map("limits")
	s.maxConcurrency = int(limits.Value("concurrency").Int(1, 10000))
	s.minTimeout = limits.Value("min_timeout").Duration(0, time.Hour)
	limits.Done()
	l.steps(m.Map("steps"))
	l.answer(m)
	l.token(m)
	l.auth(m)
	l.sending(m)
	l.queries(m)
	l.listings(m)
	l.suppressed(m)
	m.Value("receipts") // what is pushed is read by package receipts
	if s.token == nil {
		l.noToken(m)
	}
}

// required is a text that must be written.
func required(m *yamldoc.Map, key string, hint words.Text) string {
	v := m.Value(key)
	s := v.Text()
	if v.Missing() || v.Set() && s == "" && !v.IsMapOrList() {
		m.Problem(key, words.T("vendor.missing", words.A{"key": key}), hint)
	}
	return s
}

// has reports whether a map has a key at all.
func has(m *yamldoc.Map, key string) bool { return slices.Contains(m.Keys(), key) }

// texts are one value or a list of them.
func texts(v yamldoc.Value) []yamldoc.Value {
	switch {
	case v.IsList():
		return v.List()
	case v.Set():
		return []yamldoc.Value{v}
	}
	return nil
}

func (l *loader) channels(m *yamldoc.Map) {
	all := texts(m.Value("channels"))
	if len(all) == 0 && !m.Value("channels").Set() {
		m.Problem("channels", words.T("vendor.missing", words.A{"key": "channels"}), words.T("vendor.do.channels", nil))
	}
	for _, v := range all {
		ch := message.Channel(v.Text())
		if ch != "" && !l.known.Has(ch) {
			v.Problem(words.T("vendor.channel-unknown", words.A{"value": string(ch)}), diag.Known(string(ch), l.known.Words()))
		}
		l.spec.channels = append(l.spec.channels, ch)
	}
}

// endpointOf is the address of an API.
func endpointOf(m *yamldoc.Map) string {
	v := m.Value("endpoint")
	s := v.Text()
	if s == "" {
		return ""
	}
	if _, err := parseEndpoint(s); err != nil {
		v.Problem(words.Cause(err), words.T("vendor.do.endpoint-file", nil))
	}
	return s
}

// parseEndpoint reads the address of an API.
func parseEndpoint(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, words.Err("vendor.address-none", nil)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, words.Err("vendor.address-scheme", nil)
	case u.Hostname() == "":
		return nil, words.Err("vendor.address-host", nil)
	case u.User != nil:
		return nil, words.Err("vendor.address-user", nil)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, words.Err("vendor.address-query", nil)
	}
	raw := strings.TrimRight(u.EscapedPath(), "/")
	u.Path, err = url.PathUnescape(raw)
	u.RawPath = raw
	return u, err
}

// Options that every account of this kind may set.
const (
	optionDefinition = "definition"
	optionCAFile     = "ca_file"
	optionPlaintext  = "plaintext"
	optionSignName   = "sign_name"
)

// ownOptions are those that every account of this kind has.
func ownOptions() option.Set {
	return option.Set{
		{Name: optionDefinition, Required: true, About: words.T("option.http.definition", nil)},
		{Name: optionSignName, Role: option.Signature, About: words.T("option.http.sign-name", nil)},
		{Name: optionCAFile, About: words.T("option.http.ca-file", nil)},
		{Name: optionPlaintext, Default: "false", About: words.T("option.http.plaintext", nil)},
	}
}

// optionName is lower case, since configuration keys are.
var optionName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (l *loader) options(m *yamldoc.Map) {
	l.spec.options = map[string]fileOption{}
	for _, name := range m.Keys() {
		in := m.Map(name)
		o := fileOption{
			secret: truth(in.Value("secret")), required: truth(in.Value("required")),
			preset: in.Value("default").Text(), about: in.Value("about").Text(),
		}
		if !optionName.MatchString(name) {
			m.Problem(name, words.T("vendor.option-name", words.A{"name": name}), words.T("vendor.do.option-name", nil))
		}
		if slices.Contains(ownOptions().Names(), name) && name != optionSignName {
			m.Problem(name, words.T("vendor.option-taken", words.A{"name": name}), words.T("vendor.do.option-other", nil))
		}
		if o.secret && o.preset != "" {
			in.Problem("default", words.T("vendor.secret-literal", nil), words.T("vendor.do.secret-remove", nil))
		}
		in.Done()
		l.spec.options[name] = o
	}
}

// truth is true or false; what is not set is false.
func truth(v yamldoc.Value) bool { return v.OneOf("true", "false") == "true" }

// auth compiles how every request is authorised.
func (l *loader) auth(m *yamldoc.Map) {
	in := m.Map("auth")
	basic := in.Map("basic")
	only := scope{names: []string{"option", "token"}}
	switch {
	case has(in, "basic") && has(in, "bearer"):
		in.Problem("bearer", words.T("vendor.auth-twice", nil), words.T("vendor.do.auth", nil))
		_ = in.Value("bearer")
	case has(in, "basic"):
		required(basic, "user", words.T("vendor.do.user", words.A{"example": "{{ option.NAME }}"}))
		l.spec.user = l.template(basic.Value("user"), only)
		l.spec.password = l.secret(basic, "password", only)
	case has(m, "auth"):
		l.spec.bearer = l.secret(in, "bearer", only)
	}
	_, _ = basic.Value("user"), basic.Value("password")
	_ = in.Value("bearer")
	basic.Done()
	in.Done()
}

// secret is a template that gets a secret from an option that is marked as one, so that it is kept out of every text.
func (l *loader) secret(m *yamldoc.Map, key string, sc scope) *template {
	if required(m, key, words.T("vendor.do.secret-use", words.A{"example": "{{ option.NAME }}"})) == "" {
		return nil
	}
	v := m.Value(key)
	t := l.template(v, sc)
	used := t.options()
	if len(used) == 0 && !t.uses("token") && t.whole() {
		v.Problem(words.T("vendor.secret-literal", nil), words.T("vendor.do.secret-option", words.A{"example": "{{ option.NAME }}"}))
	}
	for _, name := range used {
		if o, ok := l.spec.options[name]; ok && !o.secret {
			v.Problem(words.T("vendor.secret-unmarked", words.A{"name": name}), words.T("vendor.do.secret-mark", words.A{"name": name}))
		}
	}
	return t
}

// sending compiles the request that sends a message.
func (l *loader) sending(m *yamldoc.Map) {
	in := m.Map("send")
	if !has(m, "send") {
		m.Problem("send", words.T("vendor.missing", words.A{"key": "send"}), words.T("vendor.do.send", nil))
		return
	}
	p := l.request(in, []string{"POST", "PUT", "GET"}, sendScope())
	if source := in.Value("get_only"); p.method == "GET" && source.Text() == "" {
		in.Problem("method", words.T("vendor.get", nil), words.T("vendor.do.get", nil))
	} else if p.method != "GET" && source.Set() {
		source.Problem(words.T("vendor.get-only-beside", words.A{"method": p.method}), words.T("vendor.do.get-only-remove", nil))
	}
	in.Done()
	l.spec.send, l.spec.carries = p, map[string]bool{}
	for _, part := range []string{"from", "reply_to", "subject", "html", "headers", "text", "template"} {
		l.spec.carries[part] = p.uses(part)
	}
	if !p.whole() {
		return // what it lacks may stand in what could not be read
	}
	if !p.uses("to") {
		m.Problem("send", words.T("vendor.send-to", nil), words.T("vendor.do.send-to", words.A{"variable": "{{ to }}"}))
	}
	if !slices.ContainsFunc([]string{"text", "template", "vars", "html"}, p.uses) {
		m.Problem("send", words.T("vendor.send-text", nil), words.T("vendor.do.send-text", words.A{"variable": "{{ text }}"}))
	}
}

// optional compiles an expression of an answer where one is written.
func (l *loader) optional(m *yamldoc.Map, key string) *expression {
	v := m.Value(key)
	if s := v.Text(); s != "" {
		return l.compile(v, s, answerScope())
	}
	return nil
}

// truthful wants a value that is true or false, and looks at the answer.
func (l *loader) truthful(m *yamldoc.Map, key, example string) *expression {
	src := required(m, key, words.T("vendor.do.expression", words.A{"example": example}))
	if src == "" {
		return nil
	}
	v := m.Value(key)
	// The check for a truth value is made and its program thrown away: that program would take a missing value for false, and a
	// missing "found" is no proof that a message was not taken.
	if l.compile(v, src, answerScope(), asBool()) == nil {
		return nil
	}
	x := l.compile(v, src, answerScope())
	if !slices.ContainsFunc([]string{"status", "body", "header", "text"}, x.uses) {
		v.Problem(words.T("vendor.not-answer", words.A{"expression": shorten(src)}), words.T("vendor.do.expression", words.A{"example": example}))
	}
	return x
}

// names are the keys of a map, sorted.
func names[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func wordsOf[T ~string](ts []T) []string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = string(t)
	}
	return out
}

package httpvendor

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v3"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// maxFile bounds a vendor file; the shipped ones are below 5 kB.
const maxFile = 256 << 10

// spec is a compiled vendor file.
type spec struct {
	name           string
	channels       []message.Channel
	endpoint       string
	options        map[string]fileOption
	maxConcurrency int           // 0: the vendor states none
	minTimeout     time.Duration // 0: the vendor states none
	user, password *template     // basic authorisation
	bearer         *template
	signer         *signer
	send           *requestPlan
	answer         *answerPlan
	carries        map[string]bool // which parts of a mail the request has a place for
	balance        *balancePlan
	find           *findPlan
	probe          *probePlan
	listings       map[vendors.TemplateKind]*listingPlan
}

// load compiles a vendor file. The error holds every problem, each with its line and key.
func load(file string, data []byte, channels channel.Set) (*spec, error) {
	l := &loader{file: file, known: channels}
	d, ok := l.decode(data)
	if !ok {
		return nil, l.problems.Err()
	}
	s := l.compileAll(d)
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// decode reads the YAML, strictly.
func (l *loader) decode(data []byte) (*definition, bool) {
	if len(data) > maxFile {
		l.errorf(0, "", words.T("vendor.file-large", words.A{"size": len(data)}), words.T("vendor.do.file-large", nil))
		return nil, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	if err := dec.Decode(&root); err != nil {
		l.syntax(err)
		return nil, false
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		l.errorf(0, "", words.T("vendor.documents", nil), words.T("vendor.do.one-document", nil))
		return nil, false
	}
	if len(root.Content) != 1 {
		l.errorf(1, "", words.T("vendor.file-empty", nil), words.T("vendor.do.start", nil))
		return nil, false
	}
	l.strict(root.Content[0], reflect.TypeFor[definition](), "")
	if l.problems.Errors() > 0 {
		return nil, false
	}
	d := new(definition)
	if err := root.Decode(d); err != nil {
		l.syntax(err)
		return nil, false
	}
	return d, true
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

func (l *loader) syntax(err error) {
	if errors.Is(err, io.EOF) {
		l.errorf(1, "", words.T("vendor.file-empty", nil), words.T("vendor.do.start", nil))
		return
	}
	line, text := 0, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatchIndex(text); m != nil {
		line, _ = strconv.Atoi(text[m[2]:m[3]])
		text = text[m[1]:]
	}
	l.errorf(line, "", words.T("vendor.not-yaml", words.A{"said": words.Raw(text)}), words.T("vendor.do.yaml", words.A{"braces": "{{ }}"}))
}

func (l *loader) compileAll(d *definition) *spec {
	s := &spec{name: d.Name.Value, options: d.Options, endpoint: d.Endpoint.Value}
	l.required(d.Name, "name", words.T("vendor.do.name", nil))
	l.channels(d, s)
	if d.Endpoint.set() {
		if _, err := parseEndpoint(d.Endpoint.Value); err != nil {
			l.errorf(d.Endpoint.Line, "endpoint", words.Cause(err), words.T("vendor.do.endpoint-file", nil))
		}
	}
	l.options(d)
	l.limits(d, s)
	l.auth(d, s)
	l.sign(d, s)
	l.sending(d, s)
	l.answering(d, s)
	l.queries(d, s)
	l.listings(d, s)
	return s
}

func (l *loader) required(t text, key string, hint words.Text) bool {
	if !t.set() {
		l.errorf(t.Line, key, words.T("vendor.missing", words.A{"key": key}), hint)
		return false
	}
	return true
}

func (l *loader) channels(d *definition, s *spec) {
	if len(d.Channels) == 0 {
		l.errorf(0, "channels", words.T("vendor.channels-missing", nil), words.T("vendor.do.channels", nil))
	}
	for _, c := range d.Channels {
		ch := message.Channel(c.Value)
		if !l.known.Has(ch) {
			l.errorf(c.Line, "channels", words.T("vendor.channel-unknown", words.A{"value": c.Value}), diag.Known(c.Value, l.known.Words()))
		}
		s.channels = append(s.channels, ch)
	}
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

func (l *loader) options(d *definition) {
	for _, name := range names(d.Options) {
		o, key := d.Options[name], "options."+name
		line := max(o.Secret.Line, o.Required.Line, o.Default.Line, o.About.Line)
		if !optionName.MatchString(name) {
			l.errorf(line, key, words.T("vendor.option-name", words.A{"name": name}), words.T("vendor.do.option-name", nil))
		}
		if slices.Contains(ownOptions().Names(), name) && name != optionSignName {
			l.errorf(line, key, words.T("vendor.option-taken", words.A{"name": name}), words.T("vendor.do.option-other", nil))
		}
		if o.Secret.Value && o.Default.set() {
			l.errorf(o.Default.Line, key+".default", words.T("vendor.secret-literal", nil), words.T("vendor.do.secret-remove", nil))
		}
	}
}

func (l *loader) limits(d *definition, s *spec) {
	if t := d.Limits.Concurrency; t.set() {
		n, err := strconv.Atoi(t.Value)
		if err != nil || n < 1 {
			l.errorf(t.Line, "limits.concurrency", words.T("vendor.limit-number", words.A{"value": t.Value}), words.T("vendor.do.number", nil))
		}
		s.maxConcurrency = n
	}
	s.minTimeout = l.duration(d.Limits.MinTimeout, "limits.min_timeout")
}

func (l *loader) duration(t text, key string) time.Duration {
	if !t.set() {
		return 0
	}
	v, err := time.ParseDuration(t.Value)
	if err != nil || v < 0 {
		l.errorf(t.Line, key, words.T("vendor.limit-time", words.A{"value": t.Value}), words.T("vendor.do.time", nil))
		return 0
	}
	return v
}

func (l *loader) auth(d *definition, s *spec) {
	if d.Auth == nil {
		return
	}
	only := scope{names: []string{"option"}}
	b := d.Auth.Basic
	switch {
	case b != nil && d.Auth.Bearer.set():
		l.errorf(d.Auth.Bearer.Line, "auth.bearer", words.T("vendor.auth-twice", nil), words.T("vendor.do.auth", nil))
	case b != nil:
		l.required(b.User, "auth.basic.user", words.T("vendor.do.user", words.A{"example": "{{ option.NAME }}"}))
		l.secret(b.Password, "auth.basic.password", d)
		s.user = l.template(b.User, "auth.basic.user", only, d.Options)
		s.password = l.template(b.Password, "auth.basic.password", only, d.Options)
	default:
		l.secret(d.Auth.Bearer, "auth.bearer", d)
		s.bearer = l.template(d.Auth.Bearer, "auth.bearer", only, d.Options)
	}
}

// secret sees to it that a secret comes from an option that is marked as one, so that it is kept out of every text.
func (l *loader) secret(t text, key string, d *definition) {
	if !l.required(t, key, words.T("vendor.do.secret-use", words.A{"example": "{{ option.NAME }}"})) {
		return
	}
	var used []string
	for _, h := range holes(t.Value) {
		used = append(used, inspect(h).options...)
	}
	if len(used) == 0 {
		l.errorf(t.Line, key, words.T("vendor.secret-literal", nil), words.T("vendor.do.secret-option", words.A{"example": "{{ option.NAME }}"}))
	}
	for _, name := range used {
		if o, ok := d.Options[name]; ok && !o.Secret.Value {
			l.errorf(t.Line, key, words.T("vendor.secret-unmarked", words.A{"name": name}), words.T("vendor.do.secret-mark", words.A{"name": name}))
		}
	}
}

func (l *loader) sign(d *definition, s *spec) {
	if d.Sign == nil {
		return
	}
	s.signer = &signer{hash: algorithms()[d.Sign.Algorithm.Value], encode: encodings()[d.Sign.Encoding.Value]}
	if s.signer.hash == nil {
		l.errorf(d.Sign.Algorithm.Line, "sign.algorithm", words.T("vendor.algorithm-unknown", words.A{"value": d.Sign.Algorithm.Value}), diag.Known(d.Sign.Algorithm.Value, names(algorithms())))
	}
	if s.signer.encode == nil {
		l.errorf(d.Sign.Encoding.Line, "sign.encoding", words.T("vendor.encoding-unknown", words.A{"value": d.Sign.Encoding.Value}), diag.Known(d.Sign.Encoding.Value, names(encodings())))
	}
	l.secret(d.Sign.Secret, "sign.secret", d)
	l.required(d.Sign.Text, "sign.text", words.T("vendor.do.sign-text", nil))
	s.signer.secret = l.template(d.Sign.Secret, "sign.secret", scope{names: []string{"option"}}, d.Options)
	s.signer.text = l.template(d.Sign.Text, "sign.text", requestScope("key", "to", "text", "method", "path", "body"), d.Options)
}

func (l *loader) sending(d *definition, s *spec) {
	if d.Send == nil {
		l.errorf(0, "send", words.T("vendor.send-missing", nil), words.T("vendor.do.send", nil))
		return
	}
	s.send = l.request(d.Send, "send", []string{"POST", "PUT"}, sendScope(), d)
	s.carries = map[string]bool{}
	for _, part := range []string{"from", "reply_to", "subject", "html", "headers"} {
		s.carries[part] = d.Send.mentions(part)
	}
	if !d.Send.mentions("to") {
		l.errorf(d.Send.Path.Line, "send", words.T("vendor.send-to", nil), words.T("vendor.do.send-to", words.A{"variable": "{{ to }}"}))
	}
	if !slices.ContainsFunc([]string{"text", "template", "vars", "html"}, d.Send.mentions) {
		l.errorf(d.Send.Path.Line, "send", words.T("vendor.send-text", nil), words.T("vendor.do.send-text", words.A{"variable": "{{ text }}"}))
	}
}

// mentions reports whether a request uses a name anywhere.
func (r *request) mentions(name string) bool {
	if mentions(r.Path.Value, name) || nodeMentions(&r.JSON, name) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(r.Query, r.Headers, r.Form), func(p pair) bool { return mentions(p.Value.Value, name) })
}

func nodeMentions(n *yaml.Node, name string) bool {
	return n.Kind == yaml.ScalarNode && mentions(n.Value, name) ||
		slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return nodeMentions(c, name) })
}

// mentions reports whether a hole of a template uses a name.
func mentions(s, name string) bool {
	return slices.ContainsFunc(holes(s), func(h string) bool { return slices.Contains(inspect(h).identifiers, name) })
}

func holes(s string) []string {
	var out []string
	for {
		_, after, ok := strings.Cut(s, "{{")
		if !ok {
			return out
		}
		inside, behind, closed := cutHole(after)
		if !closed {
			return out
		}
		out = append(out, inside)
		s = behind
	}
}

// inspect looks at an expression; one that does not parse uses nothing, and is told where it is compiled.
func inspect(src string) inspection {
	var look inspection
	if tree, err := parse(src); err == nil {
		ast.Walk(&tree.Node, &look)
	}
	return look
}

func wordsOf[T ~string](ts []T) []string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = string(t)
	}
	return out
}

// optional compiles an expression of an answer where one is written.
func (l *loader) optional(t text, key string, d *definition) *vm.Program {
	if !t.set() {
		return nil
	}
	return l.compile(t, key, answerScope(), d.Options)
}

// question compiles an expression of an answer that must be written, look at the answer, and be true or false.
func (l *loader) question(t text, key, example string, d *definition) *vm.Program {
	if !l.required(t, key, words.T("vendor.do.expression", words.A{"example": example})) {
		return nil
	}
	// The check for a truth value is made and its program thrown away: that program would take a missing value for false, and a
	// missing "found" is no proof that a message was not taken.
	if l.compile(t, key, answerScope(), d.Options, expr.AsBool()) == nil {
		return nil
	}
	p := l.compile(t, key, answerScope(), d.Options)
	look := inspect(t.Value)
	looks := slices.ContainsFunc([]string{"status", "body", "header", "text"}, func(n string) bool { return slices.Contains(look.identifiers, n) })
	if !looks {
		l.errorf(t.Line, key, words.T("vendor.not-answer", words.A{"expression": shorten(t.Value)}), words.T("vendor.do.expression", words.A{"example": example}))
	}
	return p
}

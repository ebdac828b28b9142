// Package httpvendor is the adapter for every vendor with an HTTP API: a YAML file says what to ask and how to read the answer,
// so that a vendor is added without a new build. It stands on package evidence, which knows what left.
//
// What a file cannot do: send with a method that HTTP clients repeat, follow a redirect, take a failure of the server (5xx) for
// a refusal without naming that status, give a code a meaning without a source, or hold a secret. What no file has to say: a
// code that is not in its table is unknown, and so is every answer that was not read whole or is not in the form described.
package httpvendor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"notify/pkg/diag"
	"notify/pkg/inuse"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/scrub"
	"notify/pkg/words"
)

// builtinPrefix marks a definition that ships with the program.
const builtinPrefix = "builtin:"

// Kind is the adapter for the registry. The files in builtin can be used as "builtin:NAME", for a file NAME.yaml.
func Kind(builtin fs.FS) vendors.Kind {
	return vendors.Kind{
		Name: "http", About: words.T("vendor.http", nil),
		Options:   func(given map[string]any, dir string) option.Set { return declared(builtin, given, dir) },
		Abilities: []vendors.Ability{vendors.CanBalance, vendors.CanFind, vendors.CanProbe, vendors.CanList, vendors.CanSuppress},
		New: func(s vendors.Settings) (vendors.Vendor, error) {
			v, err := build(builtin, s)
			if err != nil {
				return nil, err
			}
			return v.abilities(), nil
		},
	}
}

// vendor is one account at a vendor that a file describes.
type vendor struct {
	account   string
	spec      *spec
	caller    *caller
	reader    *reader
	scrub     *scrub.Scrubber
	transport *evidence.Transport
	timeout   time.Duration
	purse     *purse
}

// TemplateOnly implements vendors.TemplateOnly: a request that has a place for the code of a text, and none for the text.
func (v *vendor) TemplateOnly() bool { return v.spec.carries["template"] && !v.spec.carries["text"] }

// abilities wraps the vendor in those that its file describes, and in no others. A balance query needs the credentials, so that
// it also serves as a probe.
func (v *vendor) abilities() vendors.Vendor {
	var out vendors.Vendor = v
	switch {
	case v.spec.probe != nil:
		out = prober{vendor: v, next: out, plan: v.spec.probe}
	case v.spec.balance != nil:
		out = prober{vendor: v, next: out, plan: &v.spec.balance.queryPlan}
	}
	if v.spec.find != nil {
		out = finder{vendor: v, next: out}
	}
	if v.spec.balance != nil {
		out = balancer{vendor: v, next: out}
	}
	if len(v.spec.listings) > 0 {
		out = lister{vendor: v, next: out}
	}
	if len(v.spec.suppressed) > 0 {
		out = withholder{vendor: v, next: out}
	}
	return out
}

// Format implements fmt.Formatter, so that no verb prints a secret.
func (v *vendor) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "account %s at %s", v.account, v.spec.name)
}

// Close implements vendors.Vendor.
func (v *vendor) Close() error {
	v.transport.Close()
	return nil
}

// Send implements vendors.Vendor.
func (v *vendor) Send(ctx context.Context, m message.Message) message.Outcome {
	if err := ctx.Err(); err != nil {
		return unsent(evidence.StageContext, "")
	}
	if what := v.spec.cannotCarry(m); what != "" {
		return unsent(evidence.StageRequest, words.T("vendor.no-place", words.A{"vendor": v.spec.name, "part": what}).Stored())
	}
	if m.Channel == message.SMS && m.Template == "" && v.TemplateOnly() {
		return unsent(evidence.StageRequest, words.T("vendor.template-none", nil).Stored())
	}
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	env := v.env(m)
	if err := v.prepare(ctx, v.spec.send, &env); err != nil {
		return unsent(stageToken, v.scrub.Text(words.Cause(err), m.To))
	}
	r, err := v.caller.build(v.spec.send, &env)
	if err != nil {
		return unsent(evidence.StageRequest, v.scrub.Text(words.Cause(err), m.To))
	}
	a := v.transport.Do(evidence.UnlessLate(ctx, m.Late), r)
	v.heed(a, env.Token)
	switch {
	case a.Whole:
		return v.reader.outcome(v.spec.answer, a, m)
	case a.Unsent:
		return unsent(a.Stage, v.scrub.Text(words.Cause(a.Err), m.To))
	}
	return unknown("notify:"+a.Stage, "")
}

// env is what the request that sends a message is made from.
func (v *vendor) env(m message.Message) requestEnv {
	env := v.caller.env(v.spec.send)
	env.Key, env.Campaign, env.To, env.Name = string(m.Key), m.Campaign, string(m.To), m.Name
	env.Text, env.Template, env.Vars, env.Segments = m.Text, m.Template, m.Vars, m.Segments
	env.From, env.ReplyTo, env.Subject, env.HTML, env.Headers = m.From, m.ReplyTo, m.Subject, m.HTML, m.Headers
	return env
}

// cannotCarry names a part of the message that the file's request would drop; empty means that there is none.
func (s *spec) cannotCarry(m message.Message) string {
	if !slices.Contains(s.channels, m.Channel) {
		return "channel " + string(m.Channel)
	}
	for _, part := range []struct {
		name string
		has  bool
	}{
		{"from", m.From != ""},
		{"reply_to", m.ReplyTo != ""},
		{"subject", m.Subject != ""},
		{"html", m.HTML != ""},
		{"headers", len(m.Headers) > 0},
	} {
		if part.has && !s.carries[part.name] {
			return part.name
		}
	}
	if len(m.Attachments) > 0 {
		return "attachments"
	}
	return ""
}

func unsent(stage, detail string) message.Outcome {
	return message.Outcome{Kind: message.OutcomeUnsent, Code: "notify:" + stage, Detail: detail}
}

// build reads the file and checks the account's options against it.
func build(builtin fs.FS, s vendors.Settings) (*vendor, error) {
	c := &checker{settings: s}
	file, _ := plain(s.Options[optionDefinition])
	if file == "" {
		c.errorf(optionDefinition, words.T("vendor.definition-missing", nil), definitionHint(builtin))
		return nil, c.problems.Err()
	}
	data, err := read(builtin, s.Dir, file)
	if err != nil {
		c.errorf(optionDefinition, words.Cause(err), definitionHint(builtin))
		return nil, c.problems.Err()
	}
	spec, err := load(file, data, s.Channels)
	if err != nil {
		return nil, err
	}
	return c.vendor(spec)
}

// declared are an account's options: those of every account, and those of the file that it names. A file that cannot be read
// declares nothing: New says what is wrong with it.
func declared(builtin fs.FS, given map[string]any, dir string) option.Set {
	set := ownOptions()
	file, _ := plain(given[optionDefinition])
	if file == "" {
		return set
	}
	data, err := read(builtin, dir, file)
	if err != nil {
		return set
	}
	options := loadOptions(data)
	for _, name := range names(options) {
		o := options[name]
		one := option.Option{Name: name, Secret: o.secret, Required: o.required, Default: o.preset, About: words.Raw(o.about)}
		if i := slices.Index(set.Names(), name); i >= 0 {
			one.Role = set[i].Role
			set[i] = one
			continue
		}
		set = append(set, one)
	}
	return set
}

// definitionHint says which files can be written.
func definitionHint(builtin fs.FS) words.Text {
	files, err := fs.Glob(builtin, "*.yaml")
	if err != nil {
		files = nil // the pattern is not malformed
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".yaml")
	}
	return words.T("vendor.do.definition", words.A{"names": words.Names(files, 0)})
}

// ReadFile is the vendor file of an account, a shipped one or the account's own.
func ReadFile(builtin fs.FS, dir, file string) ([]byte, error) { return read(builtin, dir, file) }

func read(builtin fs.FS, dir, file string) ([]byte, error) {
	if name, ok := strings.CutPrefix(file, builtinPrefix); ok {
		b, err := fs.ReadFile(builtin, name+".yaml")
		if err != nil {
			return nil, words.Err("vendor.definition-unknown", words.A{"name": name})
		}
		return b, nil
	}
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, words.Err("vendor.definition-none", words.A{"file": file})
	case err != nil:
		return nil, words.Err("vendor.definition-unreadable", words.A{"file": file})
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return nil, words.Err("vendor.definition-odd", words.A{"file": file})
	}
	b, err := inuse.ReadFile(path)
	if errors.Is(err, inuse.ErrHeld) {
		return nil, err
	}
	if err != nil {
		return nil, words.Err("vendor.definition-unreadable", words.A{"file": file})
	}
	return b, nil
}

// checker compares an account with the vendor file that it names.
type checker struct {
	settings vendors.Settings
	problems diag.List
}

func (c *checker) errorf(key string, summary, hint words.Text) {
	c.at("options."+key, summary, hint)
}

func (c *checker) at(key string, summary, hint words.Text) {
	place := diag.Place{Column: "accounts." + c.settings.Account + "." + key}
	c.problems.Add(diag.Of(place, summary).Then(hint))
}

func (c *checker) vendor(s *spec) (*vendor, error) {
	options := c.options(s)
	base := c.endpoint(s, options)
	if limit := s.maxConcurrency; limit > 0 && c.settings.Concurrency > limit {
		c.at("concurrency", words.T("vendor.concurrency-large", words.A{"limit": limit}), words.T("vendor.do.at-most", words.A{"limit": limit}))
	}
	if c.settings.Timeout < s.minTimeout {
		c.at("timeout", words.T("vendor.timeout-short", words.A{"limit": s.minTimeout}), words.T("vendor.do.timeout", words.A{"limit": s.minTimeout}))
	}
	transport := evidence.Options{Concurrency: c.settings.Concurrency, Single: s.send.method == http.MethodGet}
	if ca, _ := plain(c.settings.Options[optionCAFile]); ca != "" {
		transport.RootCAs = c.authority(ca)
	}
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	call := &caller{engine: new(engine), spec: s, base: base, moved: c.settings.Endpoint != "", options: options, now: c.settings.Now}
	secrets, err := call.secrets()
	if err != nil {
		return nil, err
	}
	scrubber := scrub.New(secrets...)
	return &vendor{
		account: c.settings.Account, spec: s, caller: call, scrub: scrubber, purse: newPurse(),
		reader:    &reader{engine: call.engine, options: options, scrub: scrubber, now: c.settings.Now},
		transport: evidence.New(transport), timeout: c.settings.Timeout,
	}, nil
}

// options are the declared options with the account's values and the file's defaults.
func (c *checker) options(s *spec) map[string]string {
	known := slices.Concat(names(s.options), ownOptions().Names())
	out := make(map[string]string, len(s.options)+1)
	for _, name := range names(c.settings.Options) {
		if !slices.Contains(known, name) {
			c.errorf(name, words.T("vendor.option-unknown", words.A{"vendor": s.name, "option": name}), diag.Known(name, known))
			continue
		}
		v, ok := plain(c.settings.Options[name])
		if !ok {
			c.errorf(name, words.T("vendor.option-shape", nil), words.T("vendor.do.one-value", nil))
			continue
		}
		if s.options[name].secret && strings.ContainsAny(v, "\r\n") {
			c.errorf(name, words.T("vendor.secret-line", nil), words.T("vendor.do.secret-line", nil))
		}
		out[name] = v
	}
	for _, name := range names(s.options) {
		o := s.options[name]
		if out[name] == "" {
			out[name] = o.preset
		}
		if out[name] == "" && o.required {
			hint := words.T("vendor.do.set", nil)
			if o.about != "" {
				hint = words.T("vendor.do.set-to", words.A{"about": o.about})
			}
			c.errorf(name, words.T("vendor.option-missing", words.A{"vendor": s.name, "option": name}), hint)
		}
	}
	return out
}

// endpoint is where the API is. Without TLS a token travels for all to read, so that beyond this machine it must be asked for.
func (c *checker) endpoint(s *spec, options map[string]string) *url.URL {
	address := c.settings.Endpoint
	if address == "" {
		address = s.endpoint
	}
	if address == "" {
		c.at("endpoint", words.T("vendor.endpoint-missing", words.A{"vendor": s.name}), words.T("vendor.do.endpoint-set", nil))
		return nil
	}
	u, err := parseEndpoint(address)
	if err != nil {
		c.at("endpoint", words.Cause(err), words.T("vendor.do.endpoint", nil))
		return nil
	}
	c.private(u, options)
	for _, p := range s.requests() {
		if p.base != nil && c.settings.Endpoint == "" {
			c.private(p.base, options)
		}
	}
	return u
}

// private wants TLS beyond this machine, unless the account does without.
func (c *checker) private(u *url.URL, options map[string]string) {
	if u.Scheme == "http" && !loopback(u.Hostname()) && options[optionPlaintext] != "true" {
		c.at("endpoint", words.T("vendor.endpoint-plain", nil), words.T("vendor.do.tls", nil))
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *checker) authority(file string) *x509.CertPool {
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.settings.Dir, path)
	}
	pem, err := inuse.ReadFile(path)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		c.errorf(optionCAFile, words.T("vendor.ca-none", words.A{"file": file}), words.T("vendor.do.ca", nil))
	}
	return pool
}

// secrets are what must be kept out of every text: secret options, what they travel as, and what is made of them and of nothing that
// differs from message to message, such as the digest of a password.
func (c *caller) secrets() ([]string, error) {
	var out []string
	for _, name := range names(c.spec.options) {
		if c.spec.options[name].secret {
			out = append(out, c.options[name])
		}
	}
	env := &requestEnv{Option: c.options, Step: map[string]any{}}
	fixed := map[string]bool{}
	for _, s := range c.spec.steps {
		if v, ok := c.made(s.value, env, fixed); ok {
			env.Step[s.name], fixed[s.name] = v, true
			if text, ok := plain(v); ok && c.secretive(s.value, fixed) {
				out = append(out, text)
			}
		}
	}
	for _, p := range c.spec.requests() {
		for _, t := range p.templates {
			if !c.secretive(t, fixed) {
				continue
			}
			if v, ok := c.made(t, env, fixed); ok {
				if text, ok := plain(v); ok {
					out = append(out, text)
				}
			}
		}
	}
	_, more, err := c.authorisation(env)
	if c.spec.token != nil {
		return out, nil // it may be made with a token that is not there yet
	}
	return append(out, more...), err
}

// made is a value that depends on nothing but the account's options.
func (c *caller) made(t *template, env *requestEnv, fixed map[string]bool) (any, bool) {
	for _, look := range t.looks() {
		for _, name := range look.identifiers {
			if name != "option" && name != "step" {
				return nil, false
			}
		}
		for _, name := range look.steps {
			if !fixed[name] {
				return nil, false
			}
		}
	}
	v, err := t.value(c.engine, env)
	return v, err == nil
}

// secretive reports whether a secret option is in a value.
func (c *caller) secretive(t *template, fixed map[string]bool) bool {
	for _, name := range t.options() {
		if c.spec.options[name].secret {
			return true
		}
	}
	for _, name := range t.steps() {
		if s := c.spec.step(name); fixed[name] && c.secretive(s.value, fixed) {
			return true
		}
	}
	return false
}

// requests are all that a file describes.
func (s *spec) requests() []*requestPlan {
	out := []*requestPlan{s.send}
	if s.token != nil {
		out = append(out, s.token.request)
	}
	if s.balance != nil {
		out = append(out, s.balance.request)
	}
	if s.find != nil {
		out = append(out, s.find.request)
	}
	if s.probe != nil {
		out = append(out, s.probe.request)
	}
	for _, kind := range names(s.listings) {
		out = append(out, s.listings[kind].request)
	}
	for _, p := range s.suppressed {
		out = append(out, p.request)
	}
	return out
}

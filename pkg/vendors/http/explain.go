package httpvendor

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/scrub"
	"notify/pkg/words"
)

// hidden is what stands in the place of a secret.
const hidden = "***"

// Explain makes the requests of a vendor file, and sends none. s.Options are those of an account, and name the file; what they lack is
// invented, and what is a secret is not used, so that a signature differs from that of a real request.
func Explain(builtin fs.FS, s vendors.Settings) (*vendors.Explained, error) {
	name, _ := plain(s.Options[optionDefinition])
	data, err := read(builtin, s.Dir, name)
	if err != nil {
		missing := words.Err("vendor.read-file", words.A{"cause": words.Cause(err)})
		missing.Hint = definitionHint(builtin)
		return nil, missing
	}
	compiled, err := load(name, data, s.Channels)
	if err != nil {
		return nil, err
	}
	v, err := (&checker{settings: compiled.invented(s)}).vendor(compiled)
	if err != nil {
		return nil, err
	}
	defer v.transport.Close()
	out := &vendors.Explained{
		File: name, Name: compiled.name, About: compiled.about, Channels: compiled.channels,
		Options: declared(builtin, s.Options, s.Dir),
	}
	made := map[string]string{}
	m := invention(compiled.channels)
	for _, p := range compiled.requests() {
		env := v.asked(p, m)
		out.Requests = append(out.Requests, v.show(p, &env, m.To))
		v.values(p, &env, m.To, made)
	}
	out.Keys = explanations(name, data, made)
	return out, nil
}

// invented are settings in which everything that the file wants is set, and no secret.
func (s *spec) invented(given vendors.Settings) vendors.Settings {
	all := maps.Clone(given.Options)
	for name, o := range s.options {
		was, _ := plain(all[name])
		switch {
		case o.secret:
			all[name] = hidden
		case was == "" && o.preset == "" && o.required:
			all[name] = strings.ToUpper(name)
		}
	}
	all[optionPlaintext] = "true"
	given.Options = all
	given.Account, given.Concurrency, given.Timeout = "test", 1, max(s.minTimeout, time.Minute)
	if given.Endpoint == "" && s.endpoint == "" {
		given.Endpoint = "https://endpoint.invalid"
	}
	return given
}

// invention is a message to somebody who does not exist: a number that is kept for fiction, or an address below .test.
func invention(channels []message.Channel) message.Message {
	m := message.Message{
		Campaign: "vendor-test", Channel: message.SMS, To: "+8613490000001", Name: "Li Ming", Text: "Li Ming, 您好", Template: "TEMPLATE",
		Vars: map[string]string{"name": "Li Ming"}, Segments: 1,
	}
	if !slices.Contains(channels, message.SMS) && len(channels) > 0 {
		m.Channel, m.To, m.Template, m.Vars = channels[0], "li.ming@customer.test", "", nil
		m.From, m.Subject, m.HTML = "Awards <award@edm.example.test>", "Your award", "<p>Li Ming, 您好</p>"
		m.Headers = map[string]string{"List-Unsubscribe": "<https://edm.example.test/u>"}
	}
	m.Key = message.MakeKey(m.Campaign, m.Channel, m.To, "")
	return m
}

// asked is what any of the requests is made from.
func (v *vendor) asked(p *requestPlan, m message.Message) requestEnv {
	env := v.env(m)
	general := v.caller.env(p)
	env.Step, env.Nonce, env.UUID, env.Random = general.Step, general.Nonce, general.UUID, general.Random
	env.Token, env.VendorID, env.Code, env.Page = hidden, "ID", m.Template, 1
	env.Since, env.Until = env.Time.Add(-time.Hour), env.Time
	return env
}

// show makes a request. It is not sent.
func (v *vendor) show(p *requestPlan, env *requestEnv, to message.Address) vendors.Shown {
	out := vendors.Shown{For: p.key}
	r, err := v.caller.build(p, env)
	if err != nil {
		out.Fault = v.scrub.Clean(words.Cause(err), to)
		return out
	}
	out.Method, out.URL = r.Method, masked(v.scrub, r.URL.String(), to)
	for _, name := range names(r.Header) {
		for _, value := range r.Header[name] {
			out.Headers = append(out.Headers, vendors.HeaderLine{Name: name, Value: masked(v.scrub, value, to)})
		}
	}
	out.Body = masked(v.scrub, bodyText(r, p.gbk), to)
	return out
}

// bodyText is a body for people to read.
func bodyText(r *http.Request, gbk bool) string {
	if r.Body == nil {
		return ""
	}
	b, _ := io.ReadAll(r.Body) // from memory
	if gbk {
		if decoded, err := simplifiedchinese.GBK.NewDecoder().Bytes(b); err == nil {
			b = decoded
		}
	}
	return string(b)
}

// masked takes the number out of a text, line by line.
func masked(s *scrub.Scrubber, text string, to message.Address) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = s.Line(line, 2000, to)
	}
	return strings.Join(lines, "\n")
}

// values are what the templates of a request became, by their keys.
func (v *vendor) values(p *requestPlan, env *requestEnv, to message.Address, into map[string]string) {
	all := slices.Clone(p.templates)
	for _, s := range p.steps {
		all = append(all, s.value)
	}
	for _, t := range all {
		if _, fixed := t.constant(); fixed || into[t.key] != "" {
			continue
		}
		value, err := t.value(v.caller.engine, env)
		if err != nil {
			continue // the request says so
		}
		text, ok := plain(value)
		if b, octets := value.([]byte); octets {
			text, ok = fmt.Sprintf("%x", b), true
		}
		if j, err := asJSON(value); !ok && err == nil {
			text, _ = j.(string)
		}
		into[t.key] = masked(v.scrub, text, to)
	}
}

// explanations are the keys of a file, in its order.
func explanations(name string, data []byte, made map[string]string) []vendors.Explanation {
	doc := yamldoc.Document{Place: diag.Place{File: name}, Problems: new(diag.List)} // the file has been read already: nothing is new
	m, ok := doc.Parse(data)
	if !ok {
		return nil
	}
	return keysBelow(m, made, nil)
}

func keysBelow(m *yamldoc.Map, made map[string]string, into []vendors.Explanation) []vendors.Explanation {
	for _, key := range m.Keys() {
		into = explained(m.Value(key), made, into)
	}
	return into
}

// explained is a key, or what stands below it. A row of the table of codes is one line.
func explained(v yamldoc.Value, made map[string]string, into []vendors.Explanation) []vendors.Explanation {
	place := v.Place()
	switch {
	case v.IsMap() && !strings.HasPrefix(place.Column, "codes["):
		return keysBelow(v.Map(), made, into)
	case v.IsList() && (place.Column == "codes" || place.Column == "suppressed" || strings.Contains(place.Column, ".json")):
		for _, item := range v.List() {
			into = explained(item, made, into)
		}
		return into
	}
	path := unnumbered(place.Column)
	e := vendors.Explanation{Key: place.Column, Line: place.Line, Value: written(v), About: aboutKey(path), Made: made[place.Column]}
	if strings.HasPrefix(path, "codes") {
		e.About = words.T("vendor.key.codes", nil)
	}
	return append(into, e)
}

// unnumbered is a path without the places in lists.
func unnumbered(path string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(path, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, path, _ = strings.Cut(after, "]")
	}
}

// written is a value as the file has it, on one line.
func written(v yamldoc.Value) string {
	switch {
	case v.IsMap():
		var parts []string
		m := v.Map()
		for _, key := range m.Keys() {
			parts = append(parts, key+": "+written(m.Value(key)))
		}
		return strings.Join(parts, ", ")
	case v.IsList():
		var parts []string
		for _, item := range v.List() {
			parts = append(parts, written(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return v.Text()
}

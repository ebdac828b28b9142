package httpvendor

import (
	"slices"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// phase is how far the making of a request has come. A request is made in a fixed order, and what signs it sees what is there: the
// entries of a form, the query or the headers that do not themselves hold what is made of them.
type phase int

// The phases: what a step looks at decides in which it can be made.
const (
	beforehand phase = iota // nothing of the request
	ofForm                  // request.path, request.form
	ofBody                  // request.body
	ofQuery                 // request.query
	ofHeaders               // request.headers
)

// phaseOf is when a part of the request is there.
func phaseOf(part string) (phase, bool) {
	switch part {
	case "method", "host":
		return beforehand, true
	case "path", "form":
		return ofForm, true
	case "body":
		return ofBody, true
	case "query":
		return ofQuery, true
	case "headers":
		return ofHeaders, true
	}
	return 0, false
}

// step is a named value, made of earlier ones.
type step struct {
	name  string
	value *template
	phase phase
	names []string // what it looks at, by way of earlier steps too
}

func (s *spec) step(name string) *step {
	if i := slices.IndexFunc(s.steps, func(x *step) bool { return x.name == name }); i >= 0 {
		return s.steps[i]
	}
	return nil
}

func (s *spec) stepNames() []string {
	var out []string
	for _, x := range s.steps {
		out = append(out, x.name)
	}
	return out
}

// steps compiles the named values, in the order of the file.
func (l *loader) steps(m *yamldoc.Map) {
	everything := requestScope("request", "key", "campaign", "to", "name", "text", "template", "vars", "segments", "from", "reply_to", "subject",
		"html", "headers", "vendor_id", "since", "until", "code", "page", "offset", "next")
	for _, name := range m.Keys() {
		v := m.Value(name)
		if !optionName.MatchString(name) {
			m.Problem(name, words.T("vendor.option-name", words.A{"name": name}), words.T("vendor.do.option-name", nil))
		}
		x := &step{name: name, value: l.template(v, everything)}
		for _, look := range x.value.looks() {
			x.names = append(x.names, look.identifiers...)
			for _, part := range look.parts {
				at, _ := phaseOf(part)
				x.phase = max(x.phase, at)
			}
			for _, earlier := range look.steps {
				if e := l.spec.step(earlier); e != nil {
					x.phase = max(x.phase, e.phase)
					x.names = append(x.names, e.names...)
				}
			}
		}
		l.spec.steps = append(l.spec.steps, x)
	}
}

// used are the steps behind templates, those that they are made of among them, in the order of the file.
func (s *spec) used(ts []*template) []*step {
	want := map[string]bool{}
	for _, t := range ts {
		for _, name := range t.steps() {
			want[name] = true
		}
	}
	var out []*step
	for _, x := range slices.Backward(s.steps) {
		if want[x.name] {
			out = append(out, x)
			for _, name := range x.value.steps() {
				want[name] = true
			}
		}
	}
	slices.Reverse(out)
	return out
}

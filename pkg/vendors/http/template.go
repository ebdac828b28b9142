package httpvendor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// template is text with holes: "Bearer {{ option.token }}". What fills a hole is a value and is not looked at again.
type template struct {
	parts []part
	key   string
	// broken says that a problem was told.
	broken bool
}

type part struct {
	literal string
	program *expression // nil for a literal
}

// template compiles a text. A problem is told; the result is then unusable, and so is the file.
func (l *loader) template(v yamldoc.Value, sc scope) *template {
	t := &template{key: v.Place().Column}
	src := v.Text()
	t.broken = v.IsMapOrList()
	rest := src
	for {
		before, after, hole := strings.Cut(rest, "{{")
		if before != "" {
			t.parts = append(t.parts, part{literal: before})
		}
		if !hole {
			return t
		}
		inside, behind, closed := cutHole(after)
		if !closed {
			v.Problem(words.T("vendor.hole-open", words.A{"text": shorten(src)}), words.T("vendor.do.hole", words.A{"braces": "}}"}))
			t.broken = true
			return t
		}
		p := l.compile(v, strings.TrimSpace(inside), sc)
		t.broken = t.broken || p == nil
		t.parts = append(t.parts, part{program: p})
		rest = behind
	}
}

// cutHole finds the end of a hole: the first }} outside quotes whose braces are balanced, so that an expression may hold a map.
func cutHole(s string) (inside, behind string, ok bool) {
	var quote byte
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			switch c {
			case '\\':
				i++
			case quote:
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '}' && strings.HasPrefix(s[i:], "}}"):
			return s[:i], s[i+2:], true
		}
	}
	return "", "", false
}

// literals is a template without its holes.
func (t *template) literals() string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.literal)
	}
	return b.String()
}

// looks are what its holes look at.
func (t *template) looks() []inspection {
	var out []inspection
	if t == nil {
		return nil
	}
	for _, p := range t.parts {
		if p.program != nil {
			out = append(out, p.program.looks)
		}
	}
	return out
}

func (t *template) options() (out []string) {
	for _, look := range t.looks() {
		out = append(out, look.options...)
	}
	return out
}

func (t *template) steps() (out []string) {
	for _, look := range t.looks() {
		out = append(out, look.steps...)
	}
	return out
}

func (t *template) uses(name string) bool {
	return slices.ContainsFunc(t.looks(), func(look inspection) bool { return slices.Contains(look.identifiers, name) })
}

func (t *template) whole() bool { return !t.broken }

// constant reports whether the template has no hole, and its text.
func (t *template) constant() (string, bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].program == nil:
		return t.parts[0].literal, true
	}
	return "", false
}

// value is what the template stands for: of any type where it is one hole and nothing else, otherwise text.
func (t *template) value(e *engine, env *requestEnv) (any, error) {
	if len(t.parts) == 1 && t.parts[0].program != nil {
		v, err := e.run(t.parts[0].program, env)
		if err != nil {
			return nil, words.Wrap(err, "vendor.at-key", words.A{"key": t.key})
		}
		return v, nil
	}
	return t.text(e, env, nil)
}

// text is the template as text; escape, where it is not nil, is applied to what fills the holes.
func (t *template) text(e *engine, env *requestEnv, escape func(string) string) (string, error) {
	if s, ok := t.constant(); ok {
		return s, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.program == nil {
			b.WriteString(p.literal)
			continue
		}
		v, err := e.run(p.program, env)
		if err != nil {
			return "", words.Wrap(err, "vendor.at-key", words.A{"key": t.key})
		}
		s, err := t.plain(v)
		if err != nil {
			return "", err
		}
		if escape != nil {
			s = escape(s)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// plain is what fills a hole, as text. Bytes are none: a digest is meant to be written as hex or base64.
func (t *template) plain(v any) (string, error) {
	s, ok := plain(v)
	if !ok {
		return "", words.Err("vendor.value-text", words.A{"key": t.key, "type": fmt.Sprintf("%T", v)})
	}
	return s, nil
}

// tree is a JSON value with templates as its leaves.
type tree struct {
	object []member
	array  []*tree
	isList bool
	isMap  bool
	leaf   *template
	fixed  []byte // already JSON
}

type member struct {
	name     []byte // as JSON, with the colon
	optional bool   // left out where the value is empty
	value    *tree
}

// tree compiles a JSON body.
func (l *loader) tree(v yamldoc.Value, sc scope) *tree {
	switch {
	case v.IsMap():
		t, in := &tree{isMap: true}, v.Map()
		for _, key := range in.Keys() {
			name, optional := strings.CutSuffix(key, "?")
			t.object = append(t.object, member{name: append(mustJSON(name), ':'), optional: optional, value: l.tree(in.Value(key), sc)})
		}
		return t
	case v.IsList():
		t := &tree{isList: true}
		for _, item := range v.List() {
			t.array = append(t.array, l.tree(item, sc))
		}
		return t
	case v.Tag() == "!!str":
		return &tree{leaf: l.template(v, sc)}
	}
	return &tree{fixed: fixed(v)}
}

// fixed is a value that is no text: a number, true or false, or nothing.
func fixed(v yamldoc.Value) []byte {
	s := v.Text()
	switch v.Tag() {
	case "":
		return []byte("null")
	case "!!bool":
		return []byte(strconv.FormatBool(strings.EqualFold(s, "true")))
	}
	if !json.Valid([]byte(s)) {
		v.Problem(words.T("vendor.value-json", words.A{"value": shorten(s)}), words.T("vendor.do.quotes", nil))
	}
	return []byte(s)
}

// templates are the leaves of a tree.
func (t *tree) templates() []*template {
	if t == nil {
		return nil
	}
	var out []*template
	for _, m := range t.object {
		out = append(out, m.value.templates()...)
	}
	for _, c := range t.array {
		out = append(out, c.templates()...)
	}
	if t.leaf != nil {
		out = append(out, t.leaf)
	}
	return out
}

// mustJSON is a string as JSON; every string has a form in JSON.
func mustJSON(s string) []byte {
	b, _ := json.Marshal(s) // strings always can be
	return b
}

// write appends the value as JSON. It reports whether it counts as left out.
func (t *tree) write(b *bytes.Buffer, e *engine, env *requestEnv) (bool, error) {
	switch {
	case t.isMap:
		return false, t.writeObject(b, e, env)
	case t.isList:
		b.WriteByte('[')
		for i, c := range t.array {
			if i > 0 {
				b.WriteByte(',')
			}
			if _, err := c.write(b, e, env); err != nil {
				return false, err
			}
		}
		b.WriteByte(']')
		return false, nil
	case t.leaf == nil:
		b.Write(t.fixed)
		return false, nil
	}
	v, err := t.leaf.value(e, env)
	if err != nil {
		return false, err
	}
	if _, octets := v.([]byte); octets {
		return false, words.Err("vendor.value-text", words.A{"key": t.leaf.key, "type": "[]byte"})
	}
	j, err := json.Marshal(v)
	if err != nil {
		return false, words.Err("vendor.value-no-json", words.A{"key": t.leaf.key, "type": fmt.Sprintf("%T", v)})
	}
	b.Write(j)
	return empty(v), nil
}

func (t *tree) writeObject(b *bytes.Buffer, e *engine, env *requestEnv) error {
	b.WriteByte('{')
	first := true
	for _, m := range t.object {
		mark := b.Len()
		if !first {
			b.WriteByte(',')
		}
		b.Write(m.name)
		left, err := m.value.write(b, e, env)
		if err != nil {
			return err
		}
		if left && m.optional {
			b.Truncate(mark)
			continue
		}
		first = false
	}
	b.WriteByte('}')
	return nil
}

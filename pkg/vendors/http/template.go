package httpvendor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v3"

	"notify/pkg/words"
)

// template is text with holes: "Bearer {{ option.token }}". What fills a hole is a value and is not looked at again.
type template struct {
	parts []part
	key   string
}

type part struct {
	literal string
	program *vm.Program // nil for a literal
}

// template compiles a text. A problem is told; the result is then unusable, and so is the file.
func (l *loader) template(src text, key string, sc scope, options map[string]fileOption) *template {
	t := &template{key: key}
	rest := src.Value
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
			l.errorf(src.Line, key, words.T("vendor.hole-open", words.A{"text": shorten(src.Value)}), words.T("vendor.do.hole", words.A{"braces": "}}"}))
			return t
		}
		p := l.compile(text{Value: strings.TrimSpace(inside), Line: src.Line}, key, sc, options)
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
		s, ok := plain(v)
		if !ok {
			return "", words.Err("vendor.value-text", words.A{"key": t.key, "type": fmt.Sprintf("%T", v)})
		}
		if escape != nil {
			s = escape(s)
		}
		b.WriteString(s)
	}
	return b.String(), nil
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
func (l *loader) tree(n *yaml.Node, key string, sc scope, options map[string]fileOption) *tree {
	switch n.Kind {
	case yaml.MappingNode:
		t := &tree{isMap: true}
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, optional := strings.CutSuffix(n.Content[i].Value, "?")
			t.object = append(t.object, member{
				name:     append(mustJSON(name), ':'),
				optional: optional,
				value:    l.tree(n.Content[i+1], join(key, name), sc, options),
			})
		}
		return t
	case yaml.SequenceNode:
		t := &tree{isList: true}
		for i, c := range n.Content {
			t.array = append(t.array, l.tree(c, fmt.Sprintf("%s[%d]", key, i), sc, options))
		}
		return t
	case yaml.DocumentNode, yaml.AliasNode, yaml.ScalarNode:
	}
	if n.Tag == "!!str" {
		return &tree{leaf: l.template(text{Value: n.Value, Line: n.Line}, key, sc, options)}
	}
	return &tree{fixed: l.fixed(n, key)}
}

func (l *loader) fixed(n *yaml.Node, key string) []byte {
	var v any
	if err := n.Decode(&v); err != nil {
		l.errorf(n.Line, key, words.T("vendor.value-unread", words.A{"value": shorten(n.Value)}), words.T("vendor.do.quotes", nil))
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		l.errorf(n.Line, key, words.T("vendor.value-json", words.A{"value": shorten(n.Value)}), words.T("vendor.do.quotes", nil))
	}
	return b
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

// entry is a name with a template: of a form, a query, the headers.
type entry struct {
	name     string
	optional bool
	value    *template
}

func (l *loader) entries(ps pairs, key string, sc scope, options map[string]fileOption) []entry {
	var out []entry
	for _, p := range ps {
		name, optional := strings.CutSuffix(p.Name.Value, "?")
		out = append(out, entry{
			name:     name,
			optional: optional,
			value:    l.template(p.Value, join(key, name), sc, options),
		})
	}
	return out
}

// encode is entries in the form of a query.
func encode(entries []entry, e *engine, env *requestEnv) (string, error) {
	var b strings.Builder
	for _, x := range entries {
		v, err := x.value.text(e, env, nil)
		if err != nil {
			return "", err
		}
		if v == "" && x.optional {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(x.name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(v))
	}
	return b.String(), nil
}

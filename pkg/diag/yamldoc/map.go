package yamldoc

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// Map is a map of the file, or one that is not there: then nothing in it is set.
type Map struct {
	doc   *Document
	path  []string
	line  int
	keys  []string
	nodes map[string]*yaml.Node
	lines map[string]int
	asked []string
	bad   map[string]bool // refused, and reported
}

func (d *Document) newMap(path []string, n *yaml.Node) *Map {
	m := &Map{doc: d, path: path, nodes: make(map[string]*yaml.Node), lines: make(map[string]int), bad: make(map[string]bool)}
	if n == nil {
		return m
	}
	m.line = n.Line
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			d.Problems.Add(diag.Err(d.at(k.Line, dotted(path)), "yaml.key-not-plain", words.A{"kind": kindName(k)}).Do("yaml.do.one-word", nil))
			continue
		}
		if first, twice := m.lines[k.Value]; twice {
			d.Problems.Add(diag.Err(d.at(k.Line, dotted(path, k.Value)), "yaml.key-duplicate", words.A{"line": first}).Do("yaml.do.keep-one", nil))
			continue
		}
		m.keys = append(m.keys, k.Value)
		m.nodes[k.Value] = v
		m.lines[k.Value] = k.Line
	}
	return m
}

func dotted(path []string, more ...string) string {
	return strings.Join(slices.Concat(path, more), ".")
}

// Keys are the keys in the order of the file, for maps whose keys the operator chooses.
func (m *Map) Keys() []string { return m.keys }

// Path is where the map stands: its keys from the top of the file.
func (m *Map) Path() []string { return slices.Clone(m.path) }

// Value is what the key is set to.
func (m *Map) Value(key string) Value {
	v := m.own(key)
	if m.doc.Merged == nil || v.bad {
		return v
	}
	switch text, origin, ok := m.doc.Merged(v.path); {
	case !ok:
	case origin != diag.Place{}:
		if v.node != nil && v.node.Kind == yaml.ScalarNode {
			v.tag = v.node.Tag
		}
		v.node, v.origin, v.line = nil, origin, 0
		v.outside, v.text = true, text
	case v.node != nil && v.node.Kind == yaml.ScalarNode:
		v.merged, v.text = true, text
	}
	return v
}

// Plain is the map as nested Go maps, for merging it with other sources: single values as they were written, so that no
// digit is lost; lists and keys without a value are left out.
func (m *Map) Plain() map[string]any {
	plain := make(map[string]any, len(m.keys))
	for _, k := range m.keys {
		switch n := m.nodes[k]; {
		case n.Kind == yaml.ScalarNode && n.Tag != "!!null":
			plain[k] = n.Value
		case n.Kind == yaml.MappingNode:
			// Its problems are reported when it is read; here they would be told twice.
			quiet := Document{Problems: &diag.List{}}
			plain[k] = quiet.newMap(nil, n).Plain()
		}
	}
	return plain
}

// Map is the map under a key; one in which nothing is set where it is not there or is no map.
func (m *Map) Map(key string) *Map {
	return m.own(key).Map()
}

// own is what the file has under the key, which becomes known.
func (m *Map) own(key string) Value {
	if !slices.Contains(m.asked, key) {
		m.asked = append(m.asked, key)
	}
	v := Value{doc: m.doc, path: append(m.Path(), key), line: m.lines[key], node: m.nodes[key], bad: m.bad[key]}
	if v.line == 0 {
		v.line = m.line
	}
	if v.bad {
		v.node = nil
		return v
	}
	v = v.checked()
	m.bad[key] = v.bad
	return v
}

// Problem reports an error about the key, in its line where it is set.
func (m *Map) Problem(key string, summary, hint words.Text) {
	line := m.lines[key]
	if line == 0 {
		line = m.line
	}
	m.doc.Problems.Add(diag.Of(m.doc.at(line, dotted(m.path, key)), summary).Then(hint))
}

// Done reports the keys that nobody asked for, each with the nearest known one.
func (m *Map) Done() {
	for _, k := range m.keys {
		if slices.Contains(m.asked, k) {
			continue
		}
		known := slices.Clone(m.asked)
		slices.Sort(known)
		m.Problem(k, words.T("yaml.key-unknown", words.A{"key": k}), diag.Known(k, known))
	}
}

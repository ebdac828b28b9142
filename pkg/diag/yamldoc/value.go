package yamldoc

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// Value is what a key is set to, by the file or from outside. Its typed readers report what does not fit, and then return
// the zero value; a value that is not set is the zero value without a problem.
type Value struct {
	doc     *Document
	path    []string
	line    int
	node    *yaml.Node
	outside bool // text is from elsewhere than the file, named in origin
	merged  bool // text is the file's, by way of Merged
	bad     bool // refused, and reported
	tag     string
	text    string
	origin  diag.Place
}

// checked refuses what the operator's files do not have.
func (v Value) checked() Value {
	if v.node == nil {
		return v
	}
	n := v.node
	v.node, v.bad = nil, true
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		v.Problem(words.T("yaml.yaml-alias", nil), words.T("yaml.do.write-out", nil))
	case n.Style&yaml.TaggedStyle != 0:
		v.Problem(words.T("yaml.yaml-tag", words.A{"tag": n.Tag}), words.T("yaml.do.no-tag", nil))
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		v.bad = false
	case n.Kind == yaml.ScalarNode && n.Style&yaml.DoubleQuotedStyle != 0:
		if inner, eaten := v.doc.eatenBackslash(n.Line, n.Column, n.Value); eaten {
			v.Problem(words.T("yaml.backslash", nil), singleQuotes(inner))
			break
		}
		v.node, v.bad = n, false
	default:
		v.node, v.bad = n, false
	}
	return v
}

// Set reports whether there is a value; "key:" with nothing behind it is not one.
func (v Value) Set() bool { return v.outside || v.node != nil }

// Missing reports whether there is no value, and that has not been reported.
func (v Value) Missing() bool { return !v.Set() && !v.bad }

// IsList reports whether the file has a list here.
func (v Value) IsList() bool { return v.node != nil && v.node.Kind == yaml.SequenceNode }

// IsMap reports whether the file has a map here.
func (v Value) IsMap() bool { return v.node != nil && v.node.Kind == yaml.MappingNode }

// FromFile reports whether the value stands in the file.
func (v Value) FromFile() bool { return v.node != nil }

// Tag is the YAML type that the file's value has, "!!int" for 5 and "!!str" for "5", also where another value is in force;
// empty where the file has none.
func (v Value) Tag() string {
	if v.node == nil {
		return v.tag
	}
	return v.node.Tag
}

// Place is where the value stands.
func (v Value) Place() diag.Place {
	if v.origin != (diag.Place{}) {
		place := v.origin
		place.Column = dotted(v.path)
		return place
	}
	return v.doc.at(v.line, dotted(v.path))
}

// Problem reports an error about the value.
func (v Value) Problem(summary, hint words.Text) {
	v.doc.Problems.Add(diag.Of(v.Place(), summary).Then(hint))
}

// Warn reports what is allowed and unwise.
func (v Value) Warn(summary, hint words.Text) {
	v.doc.Problems.Add(diag.Of(v.Place(), summary).Then(hint).Warns())
}

// Text is a single value as it was written, so that a number loses no digit.
func (v Value) Text() string {
	switch {
	case v.outside || v.merged:
		return v.text
	case v.node == nil:
		return ""
	case v.node.Kind != yaml.ScalarNode:
		v.Problem(words.T("yaml.not-a-value", words.A{"kind": kindName(v.node)}), words.T("yaml.do.one-value", nil))
		return ""
	}
	return v.node.Value
}

// Map is the map here; one in which nothing is set where there is none.
func (v Value) Map() *Map {
	if v.node != nil && v.node.Kind != yaml.MappingNode {
		v.Problem(words.T("yaml.not-a-map", words.A{"kind": kindName(v.node)}), words.T("yaml.do.keys-below", nil))
		v.node = nil
	}
	m := v.doc.newMap(v.path, v.node)
	if m.line == 0 {
		m.line = v.line
	}
	return m
}

// List are the items of a list. From outside, commas separate them.
func (v Value) List() []Value {
	var items []Value
	switch {
	case v.outside:
		for i, part := range strings.Split(v.text, ",") {
			items = append(items, Value{doc: v.doc, path: v.at(i), origin: v.origin, outside: true, text: strings.TrimSpace(part)})
		}
	case v.node == nil:
	case v.node.Kind != yaml.SequenceNode:
		v.Problem(words.T("yaml.not-a-list", words.A{"kind": kindName(v.node)}), words.T("yaml.do.as-list", words.A{"example": "[" + example(v.node) + "]"}))
	default:
		for i, n := range v.node.Content {
			item := Value{doc: v.doc, path: v.at(i), line: n.Line, node: n}.checked()
			if item.node == nil {
				if n.Kind == yaml.ScalarNode {
					item.Problem(words.T("yaml.item-missing", nil), words.T("yaml.do.item", nil))
				}
				continue
			}
			items = append(items, item)
		}
	}
	return items
}

func (v Value) at(i int) []string {
	if len(v.path) == 0 {
		return []string{strconv.Itoa(i + 1)}
	}
	path := slices.Clone(v.path)
	path[len(path)-1] += "[" + strconv.Itoa(i+1) + "]"
	return path
}

func example(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && len(n.Value) < 40 {
		return n.Value
	}
	return "one, two"
}

// OneOf is one of the words; empty where it is not set or another.
func (v Value) OneOf(known ...string) string {
	s := v.Text()
	if s == "" && v.IsMapOrList() || !v.Set() || slices.Contains(known, s) {
		return s
	}
	all := words.Names(known, 0)
	all.Join = words.Or
	hint := words.T("yaml.do.word", words.A{"words": all})
	if near := diag.Nearest(s, known); near != "" {
		hint = words.T("yaml.do.word-near", words.A{"near": near, "words": all})
	}
	v.Problem(words.T("yaml.word-unknown", words.A{"value": s}), hint)
	return ""
}

// IsMapOrList reports whether the file has something else than a single value here.
func (v Value) IsMapOrList() bool { return v.IsMap() || v.IsList() }

var wholeNumber = regexp.MustCompile(`^[+-]?[0-9]{1,18}$`)

// Int is a whole number from lo to hi.
func (v Value) Int(lo, hi int64) int64 {
	s := v.Text()
	if !v.Set() || v.IsMapOrList() {
		return 0
	}
	if !wholeNumber.MatchString(s) {
		v.Problem(words.T("yaml.not-a-number", words.A{"value": s}), words.T("yaml.do.digits", nil))
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < lo || n > hi {
		v.Problem(words.T("yaml.number-range", words.A{"value": s}), words.T("yaml.do.number-range", words.A{"from": lo, "to": hi}))
		return 0
	}
	return n
}

// Duration is a time span from lo to hi: "90s", "72h", "30d", "1d12h".
func (v Value) Duration(lo, hi time.Duration) time.Duration {
	s := v.Text()
	if !v.Set() || v.IsMapOrList() {
		return 0
	}
	d, err := ParseDuration(s)
	if err != nil {
		v.Problem(words.T("yaml.not-a-duration", words.A{"value": s}), words.T("yaml.do.duration", nil))
		return 0
	}
	if d < lo || d > hi {
		v.Problem(words.T("yaml.duration-range", words.A{"value": s}), words.T("yaml.do.duration-range", words.A{"from": typed(lo), "to": typed(hi)}))
		return 0
	}
	return d
}

// typed is a time span as ParseDuration reads it.
func typed(d time.Duration) string {
	const day = 24 * time.Hour
	if d != 0 && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return cmp.Or(words.Span(d), "0s")
}

// ParseDuration is time.ParseDuration with days of 24 hours in front: "30d", "1d12h".
func ParseDuration(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of days", days)
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil {
		return 0, err
	}
	return d + more, nil
}

// Parsed is a value read by parse, whose errors are told with the hint.
func Parsed[T any](v Value, parse func(string) (T, error), hint words.Text) (T, bool) {
	var zero T
	s := v.Text()
	if !v.Set() || v.IsMapOrList() {
		return zero, false
	}
	t, err := parse(strings.TrimSpace(s))
	if err != nil {
		v.Problem(words.Cause(err), hint)
		return zero, false
	}
	return t, true
}

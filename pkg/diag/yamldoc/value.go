package yamldoc

import (
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
	origin  string
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
		v.Problem("yaml-alias", "write the value out in both places", "anchors (&) and aliases (*) are not read")
	case n.Style&yaml.TaggedStyle != 0:
		v.Problem("yaml-tag", "leave out the tag", "tags such as %s are not read", n.Tag)
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		v.bad = false
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
	if v.origin != "" {
		return diag.Place{File: v.origin, Column: dotted(v.path)}
	}
	return diag.Place{File: v.doc.File, Line: v.line, Column: dotted(v.path)}
}

// Problem reports an error about the value.
func (v Value) Problem(code, hint, format string, args ...any) {
	v.doc.Problems.Errorf(v.Place(), code, hint, format, args...)
}

// Warn reports what is allowed and unwise.
func (v Value) Warn(code, hint, format string, args ...any) {
	v.doc.Problems.Add(diag.Problem{
		Severity: diag.Warning, Code: code, Place: v.Place(), Summary: words.Raw(fmt.Sprintf(format, args...)), Hint: words.Raw(hint),
	})
}

// Text is a single value as it was written, so that a number loses no digit.
func (v Value) Text() string {
	switch {
	case v.outside || v.merged:
		return v.text
	case v.node == nil:
		return ""
	case v.node.Kind != yaml.ScalarNode:
		v.Problem("not-a-value", "write one value behind the colon", "%s stands where a single value is expected", kindName(v.node))
		return ""
	}
	return v.node.Value
}

// Map is the map here; one in which nothing is set where there is none.
func (v Value) Map() *Map {
	if v.node != nil && v.node.Kind != yaml.MappingNode {
		v.Problem("not-a-map", "write keys below it, each with its value", "%s stands where keys are expected", kindName(v.node))
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
		v.Problem("not-a-list", "write ["+example(v.node)+"]", "%s stands where a list is expected", kindName(v.node))
	default:
		for i, n := range v.node.Content {
			item := Value{doc: v.doc, path: v.at(i), line: n.Line, node: n}.checked()
			if item.node == nil {
				if n.Kind == yaml.ScalarNode {
					item.Problem("value-missing", "delete the item, or write it", "the item is empty")
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

// Texts are the items of a list of single values.
func (v Value) Texts() []string {
	var texts []string
	for _, item := range v.List() {
		if s := item.Text(); s != "" {
			texts = append(texts, s)
		}
	}
	return texts
}

// OneOf is one of the words; empty where it is not set or another.
func (v Value) OneOf(words ...string) string {
	s := v.Text()
	if s == "" && v.IsMapOrList() || !v.Set() || slices.Contains(words, s) {
		return s
	}
	hint := "write " + strings.Join(words, " or ")
	if near := diag.Nearest(s, words); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	v.Problem("word-unknown", hint, "%q is not known here", s)
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
		v.Problem("not-a-number", "write digits only, like 10000", "%q is not a whole number", s)
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < lo || n > hi {
		v.Problem("number-range", fmt.Sprintf("write a number from %d to %d, or leave the key out", lo, hi), "%s is out of range", s)
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
		v.Problem("not-a-duration", "write a number with its unit, like 90s, 15m, 72h or 30d", "%q is not a time span", s)
		return 0
	}
	if d < lo || d > hi {
		v.Problem("number-range", fmt.Sprintf("write a time span from %s to %s, or leave the key out", lo, hi), "%s is out of range", s)
		return 0
	}
	return d
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
func Parsed[T any](v Value, parse func(string) (T, error), hint string) (T, bool) {
	var zero T
	s := v.Text()
	if !v.Set() || v.IsMapOrList() {
		return zero, false
	}
	t, err := parse(strings.TrimSpace(s))
	if err != nil {
		v.Problem("value-invalid", hint, "%v", err)
		return zero, false
	}
	return t, true
}

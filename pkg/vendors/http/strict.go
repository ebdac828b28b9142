package httpvendor

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"notify/pkg/channel"
	"notify/pkg/diag"
)

// loader collects what is wrong with one vendor file.
type loader struct {
	file     string
	known    channel.Set
	problems diag.List
}

func (l *loader) errorf(line int, key, hint, format string, args ...any) {
	place := diag.Place{File: l.file, Line: line, Column: key}
	l.problems.Errorf(place, "vendor-file", hint, format, args...)
}

// strict compares a node with the Go type that it will be decoded into: unknown keys, and values of the wrong shape.
func (l *loader) strict(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		l.errorf(n.Line, path, "write the value out", "anchors and aliases are not allowed")
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch reflect.New(t).Interface().(type) {
	case *text:
		l.want(n, yaml.ScalarNode, path, "one value")
	case *flag:
		if l.want(n, yaml.ScalarNode, path, "true or false") && n.Tag != "!!bool" {
			l.errorf(n.Line, path, "write true or false", "%q is neither true nor false", n.Value)
		}
	case *texts:
		l.strictTexts(n, path)
	case *pairs:
		l.strictMap(n, reflect.TypeFor[text](), path)
	case *yaml.Node:
		l.strictTree(n, path)
	default:
		l.strictKind(n, t, path)
	}
}

// strictKind compares with a struct, a map or a list, of which a definition consists.
func (l *loader) strictKind(n *yaml.Node, t reflect.Type, path string) {
	switch {
	case t.Kind() == reflect.Struct:
		l.strictStruct(n, t, path)
	case t.Kind() == reflect.Map:
		l.strictMap(n, t.Elem(), path)
	case l.want(n, yaml.SequenceNode, path, "a list"):
		for i, c := range n.Content {
			l.strict(c, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

func (l *loader) want(n *yaml.Node, kind yaml.Kind, path, what string) bool {
	if n.Kind == kind {
		return true
	}
	l.errorf(n.Line, path, "write "+what+" here", "this is not %s", what)
	return false
}

func (l *loader) strictTexts(n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		return
	}
	if l.want(n, yaml.SequenceNode, path, "one value or a list of values") {
		for i, c := range n.Content {
			l.strict(c, reflect.TypeFor[text](), fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// keys walks a mapping's keys, each of which may stand there once.
func (l *loader) keys(n *yaml.Node, path string, each func(k, v *yaml.Node)) {
	if !l.want(n, yaml.MappingNode, path, "keys with values") {
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if seen[k.Value] {
			l.errorf(k.Line, join(path, k.Value), "remove one of them", "this key stands here twice")
			continue
		}
		seen[k.Value] = true
		each(k, v)
	}
}

func (l *loader) strictMap(n *yaml.Node, elem reflect.Type, path string) {
	l.keys(n, path, func(k, v *yaml.Node) { l.strict(v, elem, join(path, k.Value)) })
}

func (l *loader) strictTree(n *yaml.Node, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		l.errorf(n.Line, path, "write the value out", "anchors and aliases are not allowed")
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		l.keys(n, path, func(k, v *yaml.Node) { l.strictTree(v, join(path, k.Value)) })
	case yaml.SequenceNode:
		for i, c := range n.Content {
			l.strictTree(c, fmt.Sprintf("%s[%d]", path, i))
		}
	case yaml.DocumentNode, yaml.ScalarNode, yaml.AliasNode:
	}
}

func (l *loader) strictStruct(n *yaml.Node, t reflect.Type, path string) {
	known := map[string]reflect.Type{}
	fieldsOf(t, known)
	l.keys(n, path, func(k, v *yaml.Node) {
		ft, ok := known[k.Value]
		if !ok {
			l.errorf(k.Line, join(path, k.Value), nearestHint(k.Value, names(known)), "unknown key %q", k.Value)
			return
		}
		if v.Tag == "!!null" {
			l.errorf(k.Line, join(path, k.Value), "give it a value or remove the line", "this key has no value")
			return
		}
		l.strict(v, ft, join(path, k.Value))
	})
}

// fieldsOf are the YAML keys of a struct, those of inlined structs among them.
func fieldsOf(t reflect.Type, into map[string]reflect.Type) {
	for f := range t.Fields() {
		tag, inline := strings.CutSuffix(f.Tag.Get("yaml"), ",inline")
		if inline {
			fieldsOf(f.Type, into)
			continue
		}
		into[tag] = f.Type
	}
}

func names[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// nearestHint names the known word that was probably meant, or else all of them.
func nearestHint(word string, known []string) string {
	best, distance := "", len(word)/2+1
	for _, k := range known {
		if d := diag.Distance(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(known) == 0 {
		return "remove it"
	}
	return "known here: " + strings.Join(known, ", ")
}

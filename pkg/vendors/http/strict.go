package httpvendor

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/words"
)

// loader collects what is wrong with one vendor file.
type loader struct {
	file     string
	known    channel.Set
	problems diag.List
}

func (l *loader) errorf(line int, key string, summary, hint words.Text) {
	place := diag.Place{File: l.file, Line: line, Column: key}
	l.problems.Add(diag.Of(place, summary).Then(hint))
}

// strict compares a node with the Go type that it will be decoded into: unknown keys, and values of the wrong shape.
func (l *loader) strict(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		l.errorf(n.Line, path, words.T("vendor.alias", nil), words.T("vendor.do.write-out", nil))
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch reflect.New(t).Interface().(type) {
	case *text:
		l.want(n, yaml.ScalarNode, path, words.T("vendor.shape.one", nil))
	case *flag:
		if l.want(n, yaml.ScalarNode, path, words.T("vendor.shape.bool", nil)) && n.Tag != "!!bool" {
			l.errorf(n.Line, path, words.T("vendor.not-bool", words.A{"value": n.Value}), words.T("vendor.do.bool", nil))
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
	case l.want(n, yaml.SequenceNode, path, words.T("vendor.shape.list", nil)):
		for i, c := range n.Content {
			l.strict(c, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

func (l *loader) want(n *yaml.Node, kind yaml.Kind, path string, what words.Text) bool {
	if n.Kind == kind {
		return true
	}
	l.errorf(n.Line, path, words.T("vendor.shape", words.A{"what": what}), words.T("vendor.do.shape", words.A{"what": what}))
	return false
}

func (l *loader) strictTexts(n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		return
	}
	if l.want(n, yaml.SequenceNode, path, words.T("vendor.shape.list-or-one", nil)) {
		for i, c := range n.Content {
			l.strict(c, reflect.TypeFor[text](), fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// keys walks a mapping's keys, each of which may stand there once.
func (l *loader) keys(n *yaml.Node, path string, each func(k, v *yaml.Node)) {
	if !l.want(n, yaml.MappingNode, path, words.T("vendor.shape.keys", nil)) {
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if seen[k.Value] {
			l.errorf(k.Line, join(path, k.Value), words.T("vendor.key-twice", nil), words.T("vendor.do.remove-one", nil))
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
		l.errorf(n.Line, path, words.T("vendor.alias", nil), words.T("vendor.do.write-out", nil))
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
			l.errorf(k.Line, join(path, k.Value), words.T("vendor.key-unknown", words.A{"key": k.Value}), diag.Known(k.Value, names(known)))
			return
		}
		if v.Tag == "!!null" {
			l.errorf(k.Line, join(path, k.Value), words.T("vendor.key-empty", nil), words.T("vendor.do.value", nil))
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

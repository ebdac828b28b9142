// Package yamldoc owns the strict reading of the YAML files that an operator writes: one document, a map at the top, no key
// twice, no key that nobody asked for. It reports into a diag.List with the line and the key, and leaves the meaning of
// the values to its callers, config and campaign.
//
// Asking for a key makes it known; Done then reports the keys of the file that were never asked for. So the list of known
// keys is the code that reads them and cannot be forgotten.
package yamldoc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"notify/pkg/diag"
	"notify/pkg/inuse"
	"notify/pkg/words"
)

// MaxBytes is the largest file that is read: a thousand times what an operator writes by hand.
const MaxBytes = 1 << 20

// Document is one file being read.
type Document struct {
	// Place is where the file is, in problems: its name.
	Place    diag.Place
	Problems *diag.List
	// Merged, where set, is asked for every single value: what is in force once the file is merged with other sources.
	// origin is such a source as the operator knows it, an environment variable, and is zero where the value is the file's.
	Merged func(path []string) (value string, origin diag.Place, ok bool)

	// Start is what to do where the file holds nothing; zero is to write one with notify init.
	Start words.Text

	text []byte
}

// empty reports a file that holds nothing.
func (d *Document) empty(summary words.Text) {
	hint := d.Start
	if hint.IsZero() {
		hint = words.T("yaml.do.init", nil)
	}
	d.fault(summary, hint)
}

// Read reads a file and returns the map at its top; false where it cannot be read, which is then among the problems.
func (d *Document) Read(path string) (*Map, bool) {
	data, ok := d.readFile(path)
	if !ok {
		return nil, false
	}
	return d.Parse(data)
}

func (d *Document) readFile(path string) ([]byte, bool) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.fault(words.T("yaml.file-missing", nil), words.T("yaml.do.check-name", nil))
		return nil, false
	case errors.Is(err, fs.ErrPermission):
		d.fault(words.T("yaml.file-permission", nil), words.T("yaml.do.right", nil))
		return nil, false
	case err != nil:
		d.fault(words.T("yaml.file-unreadable", words.A{"cause": words.Cause(err)}), words.Text{})
		return nil, false
	case info.IsDir():
		d.fault(words.T("yaml.file-is-folder", nil), words.T("yaml.do.name-file", nil))
		return nil, false
	case info.Size() > MaxBytes:
		d.fault(words.T("yaml.file-too-large", words.A{"size": info.Size(), "limit": MaxBytes}), words.T("yaml.do.other-file", nil))
		return nil, false
	}
	f, err := inuse.Open(context.Background(), path)
	if errors.Is(err, fs.ErrPermission) {
		d.fault(words.T("yaml.file-permission", nil), words.T("yaml.do.right", nil))
		return nil, false
	}
	if errors.Is(err, inuse.ErrHeld) {
		d.fault(words.Cause(err), words.HintOf(err))
		return nil, false
	}
	if err != nil {
		d.fault(words.T("yaml.file-unreadable", words.A{"cause": words.Cause(err)}), words.Text{})
		return nil, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes))
	if err != nil {
		d.fault(words.T("yaml.file-unreadable", words.A{"cause": words.Cause(err)}), words.Text{})
		return nil, false
	}
	return data, true
}

func (d *Document) fault(summary, hint words.Text) {
	d.Problems.Add(diag.Of(d.Place, summary).Then(hint))
}

// at is a line of the file, and a key in it.
func (d *Document) at(line int, key string) diag.Place {
	place := d.Place
	place.Line, place.Column = line, key
	return place
}

// Parse reads the text of a file.
func (d *Document) Parse(data []byte) (*Map, bool) {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		d.fault(words.T("yaml.file-utf16", nil), words.T("yaml.do.utf8", nil))
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d.text = data
	if !utf8.Valid(data) {
		line := 1 + bytes.Count(data[:firstInvalid(data)], []byte("\n"))
		d.Problems.Add(diag.Err(d.at(line, ""), "yaml.not-utf8", nil).Do("yaml.do.utf8-guess", nil))
		return nil, false
	}
	if len(bytes.TrimSpace(data)) == 0 {
		d.empty(words.T("yaml.file-empty", nil))
		return nil, false
	}
	var root yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&root)
	if errors.Is(err, io.EOF) {
		d.empty(words.T("yaml.file-comments", nil))
		return nil, false
	}
	if err != nil {
		d.syntax(data, err)
		return nil, false
	}
	top := root.Content[0]
	if top.Tag == "!!null" {
		d.empty(words.T("yaml.file-nothing", nil))
		return nil, false
	}
	if top.Kind != yaml.MappingNode {
		hint := words.T("yaml.do.keys", nil)
		if line, ok := fullWidthColon(data); ok {
			hint = words.T("yaml.do.colon", words.A{"line": line})
		}
		d.Problems.Add(diag.Err(d.at(top.Line, ""), "yaml.top-not-keys", words.A{"kind": kindName(top)}).Then(hint))
		return nil, false
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		d.Problems.Add(diag.Err(d.at(second.Line, ""), "yaml.second-document", nil).Do("yaml.do.one-document", nil))
		return nil, false
	} else if !errors.Is(err, io.EOF) {
		d.syntax(data, err)
		return nil, false
	}
	return d.newMap(nil, top), true
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return len(data)
}

func kindName(n *yaml.Node) words.Text {
	if n == nil {
		return words.T("yaml.empty", nil)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return words.T("yaml.keys", nil)
	case yaml.SequenceNode:
		return words.T("yaml.list", nil)
	case yaml.AliasNode:
		return words.T("yaml.alias", nil)
	case yaml.ScalarNode, yaml.DocumentNode:
	}
	return words.T("yaml.single", nil)
}

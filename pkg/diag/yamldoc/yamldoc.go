// Package yamldoc owns the strict reading of the YAML files that an operator writes: one document, a map at the top, no key
// twice, no key that nobody asked for. It reports into a diag.List with the line and the key, and leaves the meaning of
// the values to its callers, config and campaign.
//
// Asking for a key makes it known; Done then reports the keys of the file that were never asked for. So the list of known
// keys is the code that reads them and cannot be forgotten.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"notify/pkg/diag"
)

// MaxBytes is the largest file that is read: a thousand times what an operator writes by hand.
const MaxBytes = 1 << 20

// Document is one file being read.
type Document struct {
	// File is its name in problems.
	File     string
	Problems *diag.List
	// Merged, where set, is asked for every single value: what is in force once the file is merged with other sources.
	// origin names such a source as the operator knows it ("environment variable NOTIFY_COUNTRY") and is empty where the
	// value is the file's.
	Merged func(path []string) (value, origin string, ok bool)
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
		d.fault("file-missing", "check the name, or write one with notify init", "there is no such file")
		return nil, false
	case errors.Is(err, fs.ErrPermission):
		d.fault("file-permission", "give the user who runs notify the right to read it", "the file may not be read")
		return nil, false
	case err != nil:
		d.fault("file-unreadable", "", "the file cannot be read: %v", reason(err))
		return nil, false
	case info.IsDir():
		d.fault("file-is-folder", "name the file in it", "this is a folder")
		return nil, false
	case info.Size() > MaxBytes:
		d.fault("file-too-large", "this is hardly the file that was meant", "the file has %d bytes, more than %d", info.Size(), MaxBytes)
		return nil, false
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if errors.Is(err, fs.ErrPermission) {
		d.fault("file-permission", "give the user who runs notify the right to read it", "the file may not be read")
		return nil, false
	}
	if err != nil {
		d.fault("file-unreadable", "", "the file cannot be read: %v", reason(err))
		return nil, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes))
	if err != nil {
		d.fault("file-unreadable", "", "the file cannot be read: %v", reason(err))
		return nil, false
	}
	return data, true
}

// reason is an error of the file system without the path, which the place of the problem names already.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func (d *Document) fault(code, hint, format string, args ...any) {
	d.Problems.Errorf(diag.Place{File: d.File}, code, hint, format, args...)
}

// Parse reads the text of a file.
func (d *Document) Parse(data []byte) (*Map, bool) {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		d.fault("not-utf8", "save it again as UTF-8", "the file is UTF-16")
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		line := 1 + bytes.Count(data[:firstInvalid(data)], []byte("\n"))
		d.Problems.Errorf(diag.Place{File: d.File, Line: line}, "not-utf8", "save it again as UTF-8 (it may be GB18030 or ANSI now)", "the file is not UTF-8")
		return nil, false
	}
	if len(bytes.TrimSpace(data)) == 0 {
		d.fault("file-empty", "write one with notify init", "the file is empty")
		return nil, false
	}
	var root yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&root)
	if errors.Is(err, io.EOF) {
		d.fault("file-empty", "write one with notify init", "the file holds comments only")
		return nil, false
	}
	if err != nil {
		d.syntax(data, err)
		return nil, false
	}
	top := root.Content[0]
	if top.Tag == "!!null" {
		d.fault("file-empty", "write one with notify init", "the file holds nothing")
		return nil, false
	}
	if top.Kind != yaml.MappingNode {
		hint := "write keys and values, like \"name: award\""
		if line, ok := fullWidthColon(data); ok {
			hint = fmt.Sprintf("line %d has a full-width ：; write \": \"", line)
		}
		d.Problems.Errorf(diag.Place{File: d.File, Line: top.Line}, "not-a-map", hint, "the file holds %s, and should hold keys", kindName(top))
		return nil, false
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		d.Problems.Errorf(diag.Place{File: d.File, Line: second.Line}, "second-document", "put everything into one document, without ---", "a second document begins here")
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

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntax reports why the file is not YAML, in the operator's words where the usual causes are found.
func (d *Document) syntax(data []byte, err error) {
	place := diag.Place{File: d.File}
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		place.Line, _ = strconv.Atoi(m[1])
		what = strings.TrimPrefix(err.Error(), m[0])
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if bytes.ContainsRune(indent, '\t') {
			place.Line = i + 1
			d.Problems.Errorf(place, "yaml-tab", "indent with spaces", "the line is indented with a tab")
			return
		}
	}
	hint := "look at the indentation and the quotes of this line and the one before"
	if line, ok := fullWidthColon(data); ok {
		hint = fmt.Sprintf("line %d has a full-width ：; write \": \"", line)
	}
	d.Problems.Errorf(place, "yaml-syntax", hint, "this is not YAML: %s", what)
}

func fullWidthColon(data []byte) (int, bool) {
	for i, line := range strings.Split(string(data), "\n") {
		key, _, found := strings.Cut(line, "：")
		if found && !strings.ContainsAny(key, ":#\"'") {
			return i + 1, true
		}
	}
	return 0, false
}

func kindName(n *yaml.Node) string {
	if n == nil {
		return "nothing"
	}
	switch n.Kind {
	case yaml.MappingNode:
		return "keys"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	case yaml.ScalarNode, yaml.DocumentNode:
	}
	return "a single value"
}

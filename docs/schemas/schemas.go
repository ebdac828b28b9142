// Package schemas holds the forms of what --json writes, as JSON Schemas (draft 2020-12): one file for each name, NAME.schema.json for
// notify.NAME/N. Only tests read them; the program writes what they describe.
//
// To add an answer: a script of cmd/notify that says `json schema notify.NAME/1`; with -update it drafts the file here.
package schemas

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed *.schema.json
var files embed.FS

const suffix = ".schema.json"

// Names are the forms that are described, as answers name them: "notify.status/1".
func Names() ([]string, error) {
	paths, err := fs.Glob(files, "*"+suffix)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(paths))
	for _, path := range paths {
		text, err := files.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var form struct {
			Title string `json:"title"`
		}
		if err := json.Unmarshal(text, &form); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if fileOf(form.Title) != path {
			return nil, fmt.Errorf("%s describes %q", path, form.Title)
		}
		names = append(names, form.Title)
	}
	return names, nil
}

// fileOf is where a form is described.
func fileOf(name string) string {
	short, _, _ := strings.Cut(strings.TrimPrefix(name, "notify."), "/")
	return short + suffix
}

// Check holds an answer to the form that it names, and returns that name.
func Check(answer []byte) (name string, err error) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer))
	if err != nil {
		return "", err
	}
	object, _ := v.(map[string]any)
	name, _ = object["schema"].(string)
	text, err := files.ReadFile(fileOf(name))
	if err != nil {
		return name, fmt.Errorf("the form %q is described nowhere: %w", name, err)
	}
	form, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return name, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(fileOf(name), form); err != nil {
		return name, err
	}
	s, err := c.Compile(fileOf(name))
	if err != nil {
		return name, err
	}
	return name, s.Validate(v)
}

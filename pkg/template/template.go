// Package template owns the texts that vendors approve: templates/NAME.yaml, with who answers for each, what its variables may hold, and its code and
// state at every account. It knows the vendors' rules for texts and values, finds the template that a text was made of, and proposes templates
// for texts that are now sent through one of nothing but a variable. Rules that hang on a vendor name it by its kind.
package template

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// Template is a file of templates/.
type Template struct {
	ID    string `json:"id"`
	File  string `json:"file"`
	Line  int    `json:"-"` // at which the text begins
	Title string `json:"title,omitempty"`
	Owner string `json:"owner"`
	Team  string `json:"team,omitempty"`
	Class string `json:"class"`
	// Text has its variables in two braces, by the names of the list's columns.
	Text      string     `json:"text"`
	Variables []Variable `json:"variables"`
	// Codes are the vendor's ids, by account.
	Codes map[string]Code `json:"codes,omitempty"`
}

// Code is a template as one account's vendor has it.
type Code struct {
	Code  string `json:"code"`
	State string `json:"state,omitempty"` // approved, pending, rejected
}

// Variable is what may stand in one place of a text.
type Variable struct {
	Name string `json:"name"`
	// As is what the vendors' text calls it, where that has another name.
	As      string `json:"as,omitempty"`
	Kind    Kind   `json:"kind"`
	Max     int    `json:"max"` // characters
	Pattern string `json:"pattern,omitempty"`
	Example string `json:"example,omitempty"`
}

// Kind is what a variable holds.
type Kind string

// The kinds.
const (
	Captcha Kind = "code"  // 4 to 6 digits
	Chars   Kind = "chars" // Latin letters, digits and _
	Phone   Kind = "phone"
	Time    Kind = "time"
	Amount  Kind = "money"
	Name    Kind = "name"
	Other   Kind = "text"
)

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{Captcha, Chars, Phone, Time, Amount, Name, Other} }

const (
	maxText  = 500 // characters of a text
	maxValue = 35  // characters of a value, where nothing else is said
)

// Default is a variable of which nothing is said.
func Default(name string) Variable { return Variable{Name: name, Kind: Other, Max: maxValue} }

// Variable is the one of that name; the default where the file does not describe it.
func (t *Template) Variable(name string) Variable {
	if i := slices.IndexFunc(t.Variables, func(v Variable) bool { return v.Name == name }); i >= 0 {
		return t.Variables[i]
	}
	return Default(name)
}

// Load reads one file. What is wrong with it is a *diag.InputError: every problem at once.
func Load(path string) (*Template, error) {
	problems := &diag.List{Keep: 100}
	doc := &yamldoc.Document{Place: diag.Place{File: path}, Problems: problems}
	root, ok := doc.Read(path)
	if !ok {
		return nil, problems.Err()
	}
	t := read(root)
	t.File = path
	if t.ID == "" {
		t.ID = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	return t, problems.Err()
}

// Find is the template of that name, by the name of its file or by its id; nil, with the names that there are, where there is none. That another
// file is broken is no matter.
func Find(dir, name string) (*Template, []string, error) {
	files, err := files(dir)
	if err != nil {
		return nil, nil, err
	}
	var known []string
	for _, path := range files {
		base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if base == name {
			t, err := Load(path)
			return t, nil, err
		}
		known = append(known, base)
	}
	for _, path := range files {
		t, err := Load(path)
		switch {
		case err != nil:
		case t.ID == name:
			return t, nil, nil
		case !slices.Contains(known, t.ID):
			known = append(known, t.ID)
		}
	}
	return nil, known, nil
}

// LoadAll reads all files of a folder, in the order of their names.
func LoadAll(dir string) ([]*Template, error) {
	files, err := files(dir)
	if err != nil {
		return nil, err
	}
	var all []*Template
	for _, path := range files {
		t, err := Load(path)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, words.Wrap(err, "template.folder", words.A{"dir": dir}).Do("template.do.folder", nil)
	}
	var all []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			all = append(all, filepath.Join(dir, e.Name()))
		}
	}
	return all, nil
}

func read(m *yamldoc.Map) *Template {
	t := &Template{
		ID: m.Value("id").Text(), Title: m.Value("title").Text(), Owner: m.Value("owner").Text(), Team: m.Value("team").Text(),
		Class: m.Value("class").OneOf("notice", "marketing"), Text: strings.TrimSpace(m.Value("text").Text()), Variables: []Variable{},
	}
	for key, value := range map[string]string{"owner": t.Owner, "class": t.Class, "text": t.Text} {
		if value == "" && m.Value(key).Missing() {
			m.Problem(key, words.T("template.missing", words.A{"key": key}), words.T("template.do.missing", nil))
		}
	}
	t.Line = m.Value("text").Place().Line
	named := t.Names()
	vars := m.Map("variables")
	for _, name := range vars.Keys() {
		if !slices.Contains(named, name) {
			vars.Problem(name, words.T("template.variable-unused", words.A{"name": name}), diag.Known(name, named))
		}
		t.Variables = append(t.Variables, readVariable(vars.Map(name), name))
	}
	vars.Done()
	codes := m.Map("codes")
	for _, account := range codes.Keys() {
		if t.Codes == nil {
			t.Codes = make(map[string]Code)
		}
		c := codes.Map(account)
		t.Codes[account] = Code{Code: c.Value("code").Text(), State: c.Value("state").OneOf("approved", "pending", "rejected")}
		c.Done()
	}
	codes.Done()
	m.Done()
	return t
}

func readVariable(m *yamldoc.Map, name string) Variable {
	defer m.Done()
	var kinds []string
	for _, k := range Kinds() {
		kinds = append(kinds, string(k))
	}
	v := Variable{
		Name: name, As: m.Value("as").Text(), Kind: Kind(m.Value("kind").OneOf(kinds...)), Max: int(m.Value("max").Int(1, maxText)), Pattern: m.Value("pattern").Text(), Example: m.Value("example").Text(),
	}
	if v.Kind == "" {
		v.Kind = Other
	}
	if v.Max == 0 {
		v.Max = maxValue
	}
	if _, err := regexp.Compile(v.Pattern); err != nil {
		m.Value("pattern").Problem(words.T("template.pattern", nil), words.T("template.do.pattern", nil))
	}
	return v
}

var place = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// Names are the variables of the text, each once, in its order.
func (t *Template) Names() []string {
	var names []string
	for _, m := range place.FindAllStringSubmatch(t.Text, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// Read takes a text that was made of the template apart: the values of its variables; false where it is not of it.
func (t *Template) Read(text string) (map[string]string, bool) {
	var b strings.Builder
	at := 0
	b.WriteString(`(?s)^(?:【[^】]*】)?`)
	var names []string
	for _, m := range place.FindAllStringSubmatchIndex(t.Text, -1) {
		b.WriteString(regexp.QuoteMeta(t.Text[at:m[0]]) + `(.*?)`)
		names, at = append(names, t.Text[m[2]:m[3]]), m[1]
	}
	b.WriteString(regexp.QuoteMeta(t.Text[at:]) + `$`)
	found := regexp.MustCompile(b.String()).FindStringSubmatch(strings.TrimSpace(text))
	if found == nil {
		return nil, false
	}
	values := make(map[string]string)
	for i, name := range names {
		if have, twice := values[name]; twice && have != found[i+1] {
			return nil, false
		}
		values[name] = found[i+1]
	}
	return values, true
}

// Fixed is how many characters of the text are not variables.
func (t *Template) Fixed() int { return len([]rune(place.ReplaceAllString(t.Text, ""))) }

// Who is the template that a text was made of: of several the one with most that is fixed. Nil: none.
func Who(all []*Template, text string) (*Template, map[string]string) {
	var best *Template
	var values map[string]string
	for _, t := range all {
		if v, ok := t.Read(text); ok && t.Fixed() > 0 && (best == nil || t.Fixed() > best.Fixed()) {
			best, values = t, v
		}
	}
	return best, values
}

package checklist

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// Source says where lists are and which words they may use.
type Source struct {
	// Shipped are the lists that come with notify: "award-notice.yaml".
	Shipped fs.FS
	// Dir is what the names of files are relative to.
	Dir string
	// Checks are the ids of the preflight checks; nil takes any.
	Checks []string
	// Roles are the team's own roles, beside those that every installation knows.
	Roles []string
}

// Names are the shipped lists, sorted.
func (s Source) Names() []string {
	if s.Shipped == nil {
		return nil
	}
	files, err := fs.Glob(s.Shipped, "*.yaml")
	if err != nil {
		return nil // the pattern is not malformed
	}
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".yaml")
	}
	return files
}

// Load reads a list: a shipped one by its name, or a file. What the operator has to mend is a *diag.InputError: every
// problem at once.
func (s Source) Load(ref string) (*Checklist, error) {
	problems := &diag.List{Keep: 100}
	if name := strings.TrimSuffix(ref, ".yaml"); name == ref && !strings.ContainsAny(ref, `/\.`) {
		return s.shipped(name, problems)
	}
	path := ref
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	doc := &yamldoc.Document{Place: diag.Place{File: path}, Problems: problems}
	root, ok := doc.Read(path)
	if !ok {
		return nil, problems.Err()
	}
	return s.read(root, problems)
}

func (s Source) shipped(name string, problems *diag.List) (*Checklist, error) {
	doc := &yamldoc.Document{Place: diag.Place{File: name, Builtin: true}, Problems: problems}
	var data []byte
	err := fs.ErrNotExist
	if s.Shipped != nil {
		data, err = fs.ReadFile(s.Shipped, name+".yaml")
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		hint := words.T("checklist.do.shipped", words.A{"known": diag.Known(name, s.Names())})
		problems.Add(diag.Err(doc.Place, "checklist.checklist-unknown", nil).Then(hint))
		return nil, problems.Err()
	}
	if err != nil {
		return nil, err
	}
	root, ok := doc.Parse(data)
	if !ok {
		return nil, problems.Err()
	}
	return s.read(root, problems)
}

func (s Source) read(root *yamldoc.Map, problems *diag.List) (*Checklist, error) {
	r := &reader{checks: s.Checks, roles: slices.Concat(Roles(), s.Roles)}
	c := r.checklist(root)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// reader turns a file into a Checklist.
type reader struct {
	checks, roles []string
	ids           []string
}

const (
	maxPeople = 20
	year      = 366 * 24 * time.Hour
)

func (r *reader) checklist(root *yamldoc.Map) *Checklist {
	defer root.Done()
	c := &Checklist{Name: required(root, "name", words.T("checklist.do.name", nil)), Title: text(root, "title", words.T("checklist.do.text", nil))}
	items := root.Value("items")
	if items.Missing() {
		root.Problem("items", words.T("checklist.items-missing", nil), words.T("checklist.do.items", nil))
	}
	for _, v := range items.List() {
		if !v.IsMap() {
			v.Problem(words.T("checklist.item-keys", nil), words.T("checklist.do.item", nil))
			continue
		}
		c.Items = append(c.Items, r.item(v.Map()))
	}
	return c
}

var idPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (r *reader) item(m *yamldoc.Map) Item {
	defer m.Done()
	i := Item{
		ID: required(m, "id", words.T("checklist.do.id", nil)), Title: text(m, "title", words.T("checklist.do.text", nil)),
		Why:   text(m, "why", words.T("checklist.do.why", nil)),
		Phase: Phase(m.Value("phase").OneOf(string(Before), string(During), string(After))), Role: r.role(m),
	}
	switch {
	case i.ID == "":
	case !idPattern.MatchString(i.ID):
		m.Problem("id", words.T("checklist.id-invalid", words.A{"id": i.ID}), words.T("checklist.do.id", nil))
	case slices.Contains(r.ids, i.ID):
		m.Problem("id", words.T("checklist.id-twice", words.A{"id": i.ID}), words.T("checklist.do.id-own", nil))
	}
	r.ids = append(r.ids, i.ID)
	if m.Value("phase").Missing() {
		m.Problem("phase", words.T("checklist.phase-missing", nil), words.T("checklist.do.phase", nil))
	}
	r.proof(m, &i)
	return i
}

// proof reads check or sign, of which an item has exactly one.
func (r *reader) proof(m *yamldoc.Map, i *Item) {
	check, sign := m.Value("check"), m.Value("sign")
	named := slices.Contains(m.Keys(), "sign") // "sign:" with nothing below is a plain signature
	switch {
	case check.Set() && named:
		m.Problem("check", words.T("checklist.proof-twice", nil), words.T("checklist.do.proof-twice", nil))
	case check.Set():
		i.Check = r.check(m, check)
		if i.Phase == During || i.Phase == After {
			m.Problem("check", words.T("checklist.check-phase", nil), words.T("checklist.do.check-phase", nil))
		}
		return
	case !named:
		m.Problem("sign", words.T("checklist.proof-missing", nil), words.T("checklist.do.proof", nil))
		return
	}
	i.People = 1
	if sign.Missing() {
		return
	}
	s := sign.Map()
	defer s.Done()
	i.Evidence = Evidence(s.Value("evidence").OneOf(string(AnyEvidence), string(FileEvidence), string(LinkEvidence), string(NoteEvidence)))
	i.Expires = s.Value("expires").Duration(time.Minute, year)
	if n := s.Value("people").Int(1, maxPeople); n > 0 {
		i.People = int(n)
	}
}

func (r *reader) check(m *yamldoc.Map, v yamldoc.Value) string {
	id := v.Text()
	if r.checks == nil || id == "" || slices.Contains(r.checks, id) {
		return id
	}
	m.Problem("check", words.T("checklist.check-unknown", words.A{"check": id}), diag.Known(id, r.checks))
	return id
}

func (r *reader) role(m *yamldoc.Map) string {
	role := required(m, "role", words.T("checklist.do.role", words.A{"roles": words.Names(r.roles, 0)}))
	if role != "" && !slices.Contains(r.roles, role) {
		m.Problem("role", words.T("checklist.role-unknown", words.A{"role": role}), words.T("checklist.do.role-own", words.A{"known": diag.Known(role, r.roles)}))
	}
	return role
}

// text reads words in one language, or {en: …, zh: …}.
func text(m *yamldoc.Map, key string, hint words.Text) Text {
	v := m.Value(key)
	if !v.IsMap() {
		return Text{EN: required(m, key, hint)}
	}
	in := v.Map()
	defer in.Done()
	t := Text{EN: strings.TrimSpace(in.Value("en").Text()), ZH: strings.TrimSpace(in.Value("zh").Text())}
	if t == (Text{}) {
		m.Problem(key, words.T("checklist.words-missing", words.A{"key": key}), words.T("checklist.do.words", nil))
	}
	return t
}

func required(m *yamldoc.Map, key string, hint words.Text) string {
	v := m.Value(key)
	s := strings.TrimSpace(v.Text())
	if s == "" && !v.IsMapOrList() && (v.Missing() || v.Set()) {
		m.Problem(key, words.T("checklist.value-missing", words.A{"key": key}), hint)
	}
	return s
}

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
	doc := &yamldoc.Document{File: path, Problems: problems}
	root, ok := doc.Read(path)
	if !ok {
		return nil, problems.Err()
	}
	return s.read(root, problems)
}

func (s Source) shipped(name string, problems *diag.List) (*Checklist, error) {
	doc := &yamldoc.Document{File: "checklist " + name, Problems: problems}
	var data []byte
	err := fs.ErrNotExist
	if s.Shipped != nil {
		data, err = fs.ReadFile(s.Shipped, name+".yaml")
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		hint := "shipped are: " + strings.Join(s.Names(), ", ") + "; a file of your own is named with its ending, like ours.yaml"
		if near := diag.Nearest(name, s.Names()); near != "" {
			hint = "did you mean " + near + "? " + hint
		}
		problems.Errorf(diag.Place{File: doc.File}, "checklist-unknown", hint, "there is no such checklist")
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
	c := &Checklist{Name: required(root, "name", "write a name like award-notice"), Title: text(root, "title")}
	items := root.Value("items")
	if items.Missing() {
		root.Problem("items", "value-missing", "write items: and below it - id: …", "the list has no items")
	}
	for _, v := range items.List() {
		if !v.IsMap() {
			v.Problem("not-a-map", "write - id: texts-read, and below it title, why, phase, role, and check or sign", "an item holds keys")
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
		ID: required(m, "id", "write a short name like texts-read"), Title: text(m, "title"),
		Why:   required(m, "why", "write what goes wrong without it: a line without its reason is ticked without a look"),
		Phase: Phase(m.Value("phase").OneOf(string(Before), string(During), string(After))), Role: r.role(m),
	}
	switch {
	case i.ID == "":
	case !idPattern.MatchString(i.ID):
		m.Problem("id", "id-invalid", "use small letters, digits and - between them, like texts-read", "%q cannot be the id of an item", i.ID)
	case slices.Contains(r.ids, i.ID):
		m.Problem("id", "id-twice", "give each item an id of its own", "the id %q stands twice", i.ID)
	}
	r.ids = append(r.ids, i.ID)
	if m.Value("phase").Missing() {
		m.Problem("phase", "value-missing", "write phase: before, during or after", "phase is not set")
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
		m.Problem("check", "proof-twice", "keep one of the two, or make two items of it", "an item is proven by a check or by signatures")
	case check.Set():
		i.Check = r.check(m, check)
		if i.Phase == During || i.Phase == After {
			m.Problem("check", "check-phase", "write phase: before, or sign: in place of check:", "a preflight check runs before the campaign")
		}
		return
	case !named:
		m.Problem("sign", "value-missing", "write check: and the id of a preflight check, or sign: for a signature", "the item has no proof")
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
	m.Problem("check", "check-unknown", nearest(id, "the checks", r.checks), "there is no preflight check %q", id)
	return id
}

func (r *reader) role(m *yamldoc.Map) string {
	role := required(m, "role", "write who answers for it: "+strings.Join(r.roles, ", "))
	if role != "" && !slices.Contains(r.roles, role) {
		m.Problem("role", "role-unknown", nearest(role, "the roles", r.roles)+"; a role of your own stands under roles in notify.yaml",
			"there is no role %q", role)
	}
	return role
}

func nearest(word, what string, known []string) string {
	hint := what + ": " + strings.Join(known, ", ")
	if near := diag.Nearest(word, known); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return hint
}

// text reads words in one language, or {en: …, zh: …}.
func text(m *yamldoc.Map, key string) Text {
	v := m.Value(key)
	if !v.IsMap() {
		return Text{EN: required(m, key, `write words, or {en: "…", zh: "…"}`)}
	}
	in := v.Map()
	defer in.Done()
	t := Text{EN: strings.TrimSpace(in.Value("en").Text()), ZH: strings.TrimSpace(in.Value("zh").Text())}
	if t == (Text{}) {
		m.Problem(key, "value-missing", `write {en: "…", zh: "…"}`, "%s has no words", key)
	}
	return t
}

func required(m *yamldoc.Map, key, hint string) string {
	v := m.Value(key)
	s := strings.TrimSpace(v.Text())
	if s == "" && !v.IsMapOrList() && (v.Missing() || v.Set()) {
		m.Problem(key, "value-missing", hint, "%s is not set", key)
	}
	return s
}

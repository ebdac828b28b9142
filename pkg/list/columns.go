package list

import (
	"slices"
	"strconv"
	"strings"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

// role is what notify needs of a column.
type role string

const (
	roleNone role = ""
	roleKey  role = "key"
	roleName role = "name"
)

// roles are what columns can serve as: key, name, and an address for each channel.
type roles struct {
	all      []role
	channels map[role]channel.Entry
	// aliases are the names of each role, as headerForm writes them.
	aliases map[string]role
}

func newRoles(channels channel.Set) *roles {
	r := &roles{all: []role{roleKey, roleName}, channels: make(map[role]channel.Entry), aliases: make(map[string]role)}
	for of, headers := range personHeaders() {
		for _, h := range headers {
			r.aliases[h] = of
		}
	}
	for _, e := range channels.All() {
		column := role(e.Column)
		r.all, r.channels[column] = append(r.all, column), e
		for _, h := range e.Headers {
			r.aliases[h] = column
		}
	}
	return r
}

// isAddress reports a role that is the address of a channel.
func (r *roles) isAddress(of role) bool { _, ok := r.channels[of]; return ok }

// of is the role that is the address of a channel.
func (r *roles) of(ch message.Channel) role {
	for _, column := range r.all {
		if e, ok := r.channels[column]; ok && e.Name == ch {
			return column
		}
	}
	return roleNone
}

// column is one column of the file that has a header.
type column struct {
	index  int // 0-based in the file
	name   string
	role   role
	hidden bool
	unused bool           // no text fills it in, and it serves as nothing
	entry  *channel.Entry // of which it holds the addresses; nil: of none
}

// place is the column as a problem names it: "C 手机号".
func (c column) place() string { return letter(c.index) + " " + c.name }

// needsDigits reports a column whose numbers must have all their digits; an address that has lost some is told as such.
func (c column) needsDigits() bool { return !c.unused && c.entry == nil }

// columnSet gives every header a unique name, and every role its column.
type columnSet struct {
	roles    *roles
	place    diag.Place // of the header row
	columns  []column
	byRole   map[role]int        // position in columns
	compete  map[string][]string // columns of which each could be the one of a role
	problems *diag.List
}

func newColumnSet(rs *roles, place diag.Place, headers []string, mapping map[string]string) *columnSet {
	s := &columnSet{roles: rs, place: place, byRole: make(map[role]int), compete: make(map[string][]string), problems: &diag.List{}}
	s.name(headers)
	s.checkMapping(mapping)
	for _, r := range s.roles.all {
		if header, ok := mapping[string(r)]; ok && header != "" {
			s.assignMapped(r, header)
		}
	}
	for _, r := range s.roles.all {
		if mapping[string(r)] == "" {
			s.assignRecognised(r)
		}
	}
	return s
}

// name takes the headers over; of two that are the same, the second is called by its column as well: "备注 (F)".
func (s *columnSet) name(headers []string) {
	first := make(map[string]column)
	for i, h := range headers {
		h = strings.Join(strings.Fields(trim(h)), " ")
		if h == "" {
			continue
		}
		c := column{index: i, name: h}
		if twin, ok := first[h]; ok {
			c.name = h + " (" + letter(i) + ")"
			for s.position(c.name) >= 0 {
				c.name += "'"
			}
			s.problems.Add(diag.Err(s.at(c), "list.header-duplicate", words.A{"first": twin.place(), "second": letter(i) + " " + h}).
				Do("list.do.second-header", words.A{"name": c.name}).Warns())
		} else {
			first[h] = c
		}
		s.columns = append(s.columns, c)
	}
}

// at is a column's header.
func (s *columnSet) at(c column) diag.Place {
	p := s.place
	p.Column = c.place()
	return p
}

func (s *columnSet) position(name string) int {
	return slices.IndexFunc(s.columns, func(c column) bool { return c.name == name })
}

func (s *columnSet) checkMapping(mapping map[string]string) {
	known := make([]string, 0, len(s.roles.all))
	for _, r := range s.roles.all {
		known = append(known, string(r))
	}
	for _, name := range sortedKeys(mapping) {
		if !slices.Contains(known, name) {
			s.problems.Add(diag.Err(s.place, "list.mapping-unknown", words.A{"name": name}).Do("list.do.mapping-keys", words.A{"keys": words.Names(known, 0)}))
		}
	}
}

func (s *columnSet) assignMapped(r role, header string) {
	i := s.position(strings.Join(strings.Fields(trim(header)), " "))
	if i < 0 {
		i = slices.IndexFunc(s.columns, func(c column) bool { return headerForm(c.name) == headerForm(header) && headerForm(header) != "" })
	}
	if i < 0 {
		missing := diag.Err(s.place, "list.header-missing", words.A{"role": string(r), "header": header}).Do("list.do.headers", words.A{"headers": s.listed()})
		n := nearest(header, s.names())
		if i := slices.IndexFunc(s.columns, func(c column) bool { return s.roles.recognise(c.name) == r }); n == "" && i >= 0 {
			n = s.columns[i].name
		}
		if n != "" {
			missing = missing.Do("list.do.nearest-header", words.A{"near": n, "headers": s.listed()})
		}
		s.problems.Add(missing)
		return
	}
	if taken := s.columns[i].role; taken != roleNone {
		s.problems.Add(diag.Err(s.place, "list.mapping-twice", words.A{"first": string(taken), "second": string(r), "column": s.columns[i].place()}).Do("list.do.map-each", nil))
		return
	}
	s.assign(r, i)
}

func (s *columnSet) assignRecognised(r role) {
	var found []int
	for i, c := range s.columns {
		if c.role == roleNone && s.roles.recognise(strings.TrimSuffix(c.name, " ("+letter(c.index)+")")) == r {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0:
		return
	case len(found) > 1 && r == roleName:
		s.competes(r, found)
		c := s.columns[found[0]]
		s.problems.Add(diag.Err(s.at(c), "list.name.column-ambiguous", words.A{"column": c.place()}).Do("list.do.say-which", words.A{"mapping": mappingOf(r, "")}).Warns())
	case len(found) > 1:
		s.competes(r, found)
		var names []string
		for _, i := range found {
			names = append(names, s.columns[i].place())
		}
		s.problems.Add(diag.Err(s.place, "list.column-ambiguous", words.A{"role": string(r), "columns": words.Names(names, 0)}).
			Do("list.do.say-which", words.A{"mapping": mappingOf(r, s.columns[found[0]].name)}))
		return
	}
	s.assign(r, found[0])
}

func (s *columnSet) competes(r role, columns []int) {
	for _, i := range columns {
		s.compete[string(r)] = append(s.compete[string(r)], s.columns[i].name)
	}
}

func (s *columnSet) assign(r role, i int) {
	s.columns[i].role = r
	if e, ok := s.roles.channels[r]; ok {
		s.columns[i].entry = &e
	}
	s.byRole[r] = i
}

func (s *columnSet) names() []string {
	names := make([]string, len(s.columns))
	for i, c := range s.columns {
		names[i] = c.name
	}
	return names
}

// listed are the headers, as many as a line holds.
func (s *columnSet) listed() words.List { return words.Names(s.names(), 12) }

// mappingOf is what is to be written behind list.columns: {phone: "联系方式"}.
func mappingOf(r role, header string) string {
	if header == "" {
		return "{" + string(r) + ": …}"
	}
	return "{" + string(r) + ": " + strconv.Quote(header) + "}"
}

func (s *columnSet) mapped() map[string]string {
	m := make(map[string]string, len(s.byRole))
	for r, i := range s.byRole {
		m[string(r)] = s.columns[i].name
	}
	return m
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

package checklist

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Signature is what a person put his name to.
type Signature struct {
	Item string `json:"item"`
	Role string `json:"role"`
	Name string `json:"name"` // as notify.yaml calls the person
	Who  string `json:"who"`  // the system user: "wang@ops-1"
	// At is when it was signed; Digest and Parts are of the plan that was signed.
	At       time.Time         `json:"at"`
	Digest   string            `json:"digest"`
	Parts    map[string]string `json:"parts"`
	Checked  time.Time         `json:"checked"` // when the preflight was made that was signed
	Evidence *Proof            `json:"evidence,omitempty"`
	// Revoked is who took it back and why; empty where nobody did.
	Revoked string `json:"revoked,omitempty"`
}

// Proof is the evidence that came with a signature.
type Proof struct {
	Kind   Evidence `json:"kind"`             // file, link or note
	Name   string   `json:"name,omitempty"`   // of the file, or the link
	SHA256 string   `json:"sha256,omitempty"` // of the file, hexadecimal
	Bytes  int64    `json:"bytes,omitempty"`
	Note   string   `json:"note,omitempty"`
}

// String is the evidence on one line.
func (p *Proof) String() string {
	var parts []string
	switch {
	case p.SHA256 != "":
		parts = append(parts, fmt.Sprintf("%s (sha256 %.12s…)", p.Name, p.SHA256))
	case p.Name != "":
		parts = append(parts, p.Name)
	}
	if p.Note != "" {
		parts = append(parts, p.Note)
	}
	return strings.Join(parts, ": ")
}

// Meets reports whether the evidence is what an item wants; nil is none.
func (p *Proof) Meets(want Evidence) bool {
	switch want {
	case NoEvidence:
		return true
	case AnyEvidence:
		return p != nil
	case NoteEvidence:
		return p != nil && p.Note != ""
	case FileEvidence, LinkEvidence:
		return p != nil && p.Kind == want
	}
	return false
}

// The parts of a plan's digest, in the order in which a lapse names them. PartChecklist is the list that a signature was given
// under, and PartItem the signed item's own words.
const (
	PartList      = "list"
	PartTexts     = "texts"
	PartCampaign  = "campaign"
	PartAccounts  = "accounts"
	PartLimits    = "limits"
	PartChecklist = "checklist"
	PartItem      = "item"
)

var partWords = map[string]string{ //nolint:gochecknoglobals // a table
	PartList: "the list changed", PartTexts: "the texts changed", PartCampaign: "the campaign's rules changed",
	PartAccounts: "the accounts changed", PartLimits: "the limits changed", PartChecklist: "the checklist changed", PartItem: "the item was reworded",
}

// Plan is what signatures are measured against.
type Plan struct {
	Digest string
	Parts  map[string]string
	// Checklist is the digest of the list that is judged; Judge fills it in.
	Checklist string
	// Changed says in words what is different in a part since a signature was given: "price of sms: 0.045 CNY → 0.05 CNY".
	// nil, or empty words, leave it at the part's name.
	Changed func(s Signature, part string) string
}

// People says who may sign for which role: notify.yaml's roles.
type People map[string][]string

// May finds a person among those who may sign for the role, in whatever case he was typed, and returns his name as
// notify.yaml writes it.
func (p People) May(role, name string) (string, bool) {
	for _, n := range p[role] {
		if strings.EqualFold(n, name) {
			return n, true
		}
	}
	return "", false
}

// Lapsed says why a signature does not hold for the plan any more; empty where it holds.
func (i *Item) Lapsed(s Signature, p Plan, people People, now time.Time) string {
	if s.Revoked != "" {
		return "revoked: " + s.Revoked
	}
	var why []string
	for _, part := range []string{PartList, PartTexts, PartCampaign, PartAccounts, PartLimits} {
		if s.Parts[part] != p.Parts[part] {
			why = append(why, p.changed(s, part))
		}
	}
	if len(why) == 0 && s.Digest != p.Digest {
		why = append(why, "the plan changed")
	}
	switch under := s.Parts[PartChecklist]; {
	case under != "" && under != p.Checklist:
		why = append(why, p.changed(s, PartChecklist))
	case s.Parts[PartItem] != i.Digest():
		why = append(why, partWords[PartItem])
	}
	if i.Expires > 0 && now.After(s.At.Add(i.Expires)) {
		why = append(why, "it held until "+s.At.Add(i.Expires).In(now.Location()).Format("2006-01-02 15:04"))
	}
	if _, ok := people.May(i.Role, s.Name); !ok {
		why = append(why, s.Name+" may not sign for "+i.Role+" any more")
	}
	if len(why) == 0 {
		return ""
	}
	return "lapsed: " + strings.Join(why, ", ")
}

// changed is what is said of a part that is another one than was signed.
func (p *Plan) changed(s Signature, part string) string {
	words := partWords[part]
	if p.Changed != nil {
		if what := p.Changed(s, part); what != "" {
			words += " (" + what + ")"
		}
	}
	return words
}

// Status is how an item stands.
type Status string

// The statuses. Missing and Lapsed are of signatures, Failed and Unknown of checks.
const (
	Done       Status = "done"       // the check passed, warned or had nothing to look at; all signatures hold
	Missing    Status = "missing"    // signatures are missing
	Lapsed     Status = "lapsed"     // signatures are missing, and there are some that do not hold any more
	Failed     Status = "failed"     // the check failed, or broke
	Overridden Status = "overridden" // the check failed, and a person answers for going on
	Unknown    Status = "unknown"    // the check did not run
)

// Line is an item and how it stands.
type Line struct {
	Item
	Status Status `json:"status"`
	// Said is the check's status and summary; empty for signatures.
	Said string `json:"said,omitempty"`
	// Signatures are those that hold, one for each person.
	Signatures []Signature `json:"signatures,omitempty"`
	// Lapses are the newest of those that do not, one for each person who has none that holds.
	Lapses []Lapse `json:"lapses,omitempty"`
}

// Lapse is a signature that does not hold, and why.
type Lapse struct {
	Signature
	Why string `json:"why"`
}

// Wanting is how many more people have to sign.
func (l *Line) Wanting() int { return max(0, l.People-len(l.Signatures)) }

// State is a checklist as it stands for one plan.
type State struct {
	Name   string `json:"name"`
	Title  Text   `json:"title"`
	Digest string `json:"digest"` // of the plan that it is judged for
	Lines  []Line `json:"items"`
}

// Checklist is the list itself.
func (s *State) Checklist() *Checklist {
	c := &Checklist{Name: s.Name, Title: s.Title, Items: make([]Item, 0, len(s.Lines))}
	for _, l := range s.Lines {
		c.Items = append(c.Items, l.Item)
	}
	return c
}

// Open are the lines of the phases that are not done.
func (s *State) Open(phases ...Phase) []Line {
	var open []Line
	for _, l := range s.Lines {
		if l.Status != Done && l.Status != Overridden && slices.Contains(phases, l.Phase) {
			open = append(open, l)
		}
	}
	return open
}

// Of are the lines of the phases.
func (s *State) Of(phases ...Phase) []Line {
	var lines []Line
	for _, l := range s.Lines {
		if slices.Contains(phases, l.Phase) {
			lines = append(lines, l)
		}
	}
	return lines
}

// Answer is what a preflight check says of an item.
type Answer struct {
	Status Status // Done, Failed, Overridden, Unknown
	Said   string
}

// Judge says how every item stands. signatures are in the order in which they were given; answer may be nil: then every
// check is Unknown.
func (c *Checklist) Judge(p Plan, signatures []Signature, people People, answer func(check string) Answer, now time.Time) *State {
	p.Checklist = c.Digest()
	s := &State{Name: c.Name, Title: c.Title, Digest: p.Digest, Lines: make([]Line, 0, len(c.Items))}
	for _, item := range c.Items {
		line := Line{Item: item, Status: Unknown}
		switch {
		case item.Signed():
			line.sign(p, signatures, people, now)
		case answer != nil:
			a := answer(item.Check)
			line.Status, line.Said = a.Status, a.Said
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// sign sorts an item's signatures into those that hold and those that do not, the newest word of each person counting.
func (l *Line) sign(p Plan, signatures []Signature, people People, now time.Time) {
	var seen []string
	for _, s := range slices.Backward(signatures) {
		if s.Item != l.ID || slices.Contains(seen, strings.ToLower(s.Name)) {
			continue
		}
		seen = append(seen, strings.ToLower(s.Name))
		if why := l.Lapsed(s, p, people, now); why != "" {
			l.Lapses = append(l.Lapses, Lapse{Signature: s, Why: why})
			continue
		}
		l.Signatures = append(l.Signatures, s)
	}
	slices.Reverse(l.Signatures)
	slices.Reverse(l.Lapses)
	switch {
	case l.Wanting() == 0:
		l.Status = Done
	case len(l.Lapses) > 0:
		l.Status = Lapsed
	default:
		l.Status = Missing
	}
}

// Sender is the person who sends.
type Sender struct {
	Name string // as he calls himself
	Who  string // the system user
}

// Alone reports that a person would send what only he has signed. Signatures given from the sender's own login under one
// single name count as his, whatever the name.
func (s *State) Alone(by Sender) bool {
	var names []string
	own := true // every signature was given from the sender's login
	others := false
	for _, l := range s.Of(Before) {
		for _, sig := range l.Signatures {
			if name := strings.ToLower(sig.Name); !slices.Contains(names, name) {
				names = append(names, name)
			}
			own = own && sig.Who == by.Who
			others = others || !strings.EqualFold(sig.Name, by.Name)
		}
	}
	if len(names) == 0 {
		return false
	}
	return !others || own && len(names) == 1
}

package checklist

import (
	"slices"
	"strings"
	"time"

	"notify/pkg/words"
)

// Signature is what a person put his name to.
type Signature struct {
	Campaign string `json:"-"`
	Item     string `json:"item"`
	Role     string `json:"role"`
	Name     string `json:"name"` // as notify.yaml calls the person
	Who      string `json:"who"`  // the system user: "wang@ops-1"
	// At is when it was signed; Digest and Scopes are of the plan that was signed.
	At       time.Time         `json:"at"`
	Digest   string            `json:"digest"`
	Scopes   map[string]string `json:"scopes"`
	Checked  time.Time         `json:"checked"` // when the preflight was made that was signed
	Evidence *Proof            `json:"evidence,omitempty"`
	// SSH is what the person's key made of the statement, armored; Key names the key that it was held against, and Forged says that it is not
	// his: see Signers.Prove.
	SSH    string     `json:"-"`
	Key    string     `json:"key,omitempty"`
	Forged words.Text `json:"-"`
	// Revoked is who took it back and why; nil where nobody did.
	Revoked *Revocation `json:"revoked,omitempty"`
}

// Revocation is that somebody took a signature back.
type Revocation struct {
	Who    string `json:"who"`
	Reason string `json:"reason,omitempty"`
}

// Proof is the evidence that came with a signature.
type Proof struct {
	Kind   Evidence `json:"kind"`             // file, link or note
	Name   string   `json:"name,omitempty"`   // of the file, or the link
	SHA256 string   `json:"sha256,omitempty"` // of the file, hexadecimal
	Bytes  int64    `json:"bytes,omitempty"`
	Note   string   `json:"note,omitempty"`
}

// Says is the evidence on one line.
func (p *Proof) Says() words.List {
	var parts []words.Text
	switch {
	case p.SHA256 != "":
		parts = append(parts, words.T("checklist.file", words.A{"name": p.Name, "sha256": p.SHA256[:min(len(p.SHA256), 12)]}))
	case p.Name != "":
		parts = append(parts, words.Raw(p.Name))
	}
	if p.Note != "" {
		parts = append(parts, words.Raw(p.Note))
	}
	return words.Texts(words.Sentences, parts...)
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

// The parts of a plan's digest, in the order in which a lapse names them. ScopeChecklist is the list that a signature was given
// under, ScopeItem the signed item's own words, and ScopeFound what the item's check had found.
const (
	ScopeList      = "list"
	ScopeTexts     = "texts"
	ScopeCampaign  = "campaign"
	ScopeAccounts  = "accounts"
	ScopeLimits    = "limits"
	ScopeChecklist = "checklist"
	ScopeItem      = "item"
	ScopeFound     = "found"
)

// Scopes are the parts that can change.
func Scopes() []string {
	return []string{ScopeList, ScopeTexts, ScopeCampaign, ScopeAccounts, ScopeLimits, ScopeChecklist, ScopeItem, ScopeFound}
}

// Changed says that a part is another one now, and how, as far as that is known: most of it at most, 0 for all.
func Changed(part string, how []words.Text, most int) words.Text {
	what := words.Of("changed", part)
	if len(how) == 0 {
		return what
	}
	list := words.Texts(words.Sentences, how...)
	list.Most = most
	return words.T("checklist.changed", words.A{"what": what, "how": list})
}

// Plan is what signatures are measured against.
type Plan struct {
	Digest string
	Scopes map[string]string
	// Checklist is the digest of the list that is judged; Judge fills it in.
	Checklist string
	// Changed says what is different in a part since a signature was given: "price of sms: 0.045 CNY → 0.05 CNY". nil, or no
	// words, leave it at the part's name.
	Changed func(s Signature, part string) []words.Text
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

// shownChanges is how many changes of a part a lapse names.
const shownChanges = 4

// Lapsed says why a signature does not hold for the plan any more, where the item's check has found this; no words where it
// holds.
func (i *Item) Lapsed(s Signature, p Plan, people People, found Status, now time.Time) words.Text {
	if s.Revoked != nil {
		if s.Revoked.Reason == "" {
			return words.T("checklist.revoked-without", words.A{"who": s.Revoked.Who})
		}
		return words.T("checklist.revoked", words.A{"who": s.Revoked.Who, "reason": s.Revoked.Reason})
	}
	if !s.Forged.IsZero() {
		return s.Forged
	}
	why := i.outdated(s, p, found)
	if i.Expires > 0 && now.After(s.At.Add(i.Expires)) {
		why = append(why, words.T("checklist.expired", words.A{"until": s.At.Add(i.Expires).In(now.Location())}))
	}
	if _, ok := people.May(i.Role, s.Name); !ok {
		why = append(why, words.T("checklist.not-in-role", words.A{"name": s.Name, "role": RoleWord(i.Role)}))
	}
	if len(why) == 0 {
		return words.Text{}
	}
	return words.T("checklist.lapsed", words.A{"why": words.Texts(words.Commas, why...)})
}

// outdated is what is another one than was signed.
func (i *Item) outdated(s Signature, p Plan, found Status) []words.Text {
	var why []words.Text
	for _, part := range []string{ScopeList, ScopeTexts, ScopeCampaign, ScopeAccounts, ScopeLimits} {
		if s.Scopes[part] != p.Scopes[part] {
			why = append(why, p.changed(s, part))
		}
	}
	if len(why) == 0 && s.Digest != p.Digest {
		why = append(why, words.T("checklist.plan-changed", nil))
	}
	switch under := s.Scopes[ScopeChecklist]; {
	case under != "" && under != p.Checklist:
		why = append(why, p.changed(s, ScopeChecklist))
	case s.Scopes[ScopeItem] != i.Digest():
		why = append(why, Changed(ScopeItem, nil, 0))
	}
	if !i.Signed() && s.Scopes[ScopeFound] != string(found) {
		why = append(why, Changed(ScopeFound, nil, 0))
	}
	return why
}

// changed is what is said of a part that is another one than was signed.
func (p *Plan) changed(s Signature, part string) words.Text {
	if p.Changed == nil {
		return Changed(part, nil, 0)
	}
	return Changed(part, p.Changed(s, part), shownChanges)
}

// Status is how an item stands.
type Status string

// The statuses. What a check found is said as it is: an item is done where its check passed, or where those who answer for it
// have signed.
const (
	Proven        Status = "proven"         // the check passed
	Warned        Status = "warned"         // the check warned
	NotLookedAt   Status = "not-looked-at"  // nobody could be asked, or the check did not run
	NotApplicable Status = "does-not-apply" // the check has nothing to look at in this campaign
	Failed        Status = "failed"         // the check failed, or broke
	Overridden    Status = "overridden"     // the check failed, and the one who sends answers for going on
	TakenOn       Status = "taken-on"       // the check did not pass, and somebody of the item's role has signed for it
	Signed        Status = "signed"         // all signatures hold
	Missing       Status = "missing"        // signatures are missing
	Lapsed        Status = "lapsed"         // signatures are missing, and there are some that do not hold any more
)

// Done reports that the item is proven, or that people answer for it.
func (s Status) Done() bool { return s == Proven || s == Signed || s == TakenOn }

// Open reports that something has to be done before the item lets a campaign go.
func (s Status) Open() bool {
	switch s {
	case Missing, Lapsed, Failed, NotLookedAt:
		return true
	case Proven, Warned, NotApplicable, Overridden, TakenOn, Signed:
		return false
	}
	return true
}

// Line is an item and how it stands.
type Line struct {
	Item
	Status Status `json:"status"`
	// Found is what its check found, also where somebody has taken it on; empty for items that people sign.
	Found Status `json:"found,omitempty"`
	// Said is the check's evidence.
	Said []words.Text `json:"said,omitempty"`
	// Signatures are those that hold, one for each person.
	Signatures []Signature `json:"signatures,omitempty"`
	// Lapses are the newest of those that do not, one for each person who has none that holds.
	Lapses []Lapse `json:"lapses,omitempty"`
}

// Lapse is a signature that does not hold, and why.
type Lapse struct {
	Signature
	Why words.Text `json:"why"`
}

// Wanting is how many more people have to sign, or may take it on.
func (l *Line) Wanting() int {
	if l.Status == Proven {
		return 0
	}
	return max(0, max(1, l.People)-len(l.Signatures))
}

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

// Open are the lines of the phases that keep the campaign from going.
func (s *State) Open(phases ...Phase) []Line { return s.where(Status.Open, phases) }

// Unproven are the lines of the phases that let the campaign go, though nothing proves them and nobody has taken them on.
func (s *State) Unproven(phases ...Phase) []Line {
	return s.where(func(st Status) bool { return !st.Done() && !st.Open() }, phases)
}

func (s *State) where(is func(Status) bool, phases []Phase) []Line {
	var lines []Line
	for _, l := range s.Of(phases...) {
		if is(l.Status) {
			lines = append(lines, l)
		}
	}
	return lines
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
	Status Status // Proven, Warned, NotLookedAt, NotApplicable, Failed, Overridden
	Said   []words.Text
}

// Judge says how every item stands. signatures are in the order in which they were given; answer may be nil: then no check was
// looked at.
func (c *Checklist) Judge(p Plan, signatures []Signature, people People, answer func(check string) Answer, now time.Time) *State {
	p.Checklist = c.Digest()
	s := &State{Name: c.Name, Title: c.Title, Digest: p.Digest, Lines: make([]Line, 0, len(c.Items))}
	for _, item := range c.Items {
		line := Line{Item: item}
		if !item.Signed() {
			line.Found = NotLookedAt
			if answer != nil {
				a := answer(item.Check)
				line.Found, line.Said = a.Status, a.Said
			}
			line.Status = line.Found
		}
		if line.Status != Proven {
			line.sign(p, signatures, people, now)
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
		if why := l.Lapsed(s, p, people, l.Found, now); !why.IsZero() {
			l.Lapses = append(l.Lapses, Lapse{Signature: s, Why: why})
			continue
		}
		l.Signatures = append(l.Signatures, s)
	}
	slices.Reverse(l.Signatures)
	slices.Reverse(l.Lapses)
	switch {
	case !l.Signed() && l.Wanting() == 0:
		l.Status = TakenOn
	case !l.Signed():
	case l.Wanting() == 0:
		l.Status = Signed
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

package bill

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"notify/pkg/message"
)

// Ours is a message that the ledger debited to the account.
type Ours struct {
	Campaign string
	Key      message.Key
	VendorID string
	Channel  message.Channel
	To       message.Address
	At       time.Time // of the claim
	Segments int64
	Price    message.Money // of a segment; 0: not known, or nothing
	Unknown  bool          // it may not have left
}

// Kind is what a difference is about.
type Kind string

// The kinds.
const (
	OnlyOurs   Kind = "only-ours"
	OnlyTheirs Kind = "only-theirs"
	Segments   Kind = "segments"
	Price      Kind = "price"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{OnlyOurs, OnlyTheirs, Segments, Price} }

// Difference is a message, or a day, of which the two do not say the same.
type Difference struct {
	Kind     Kind            `json:"kind"`
	Row      int             `json:"row,omitempty"` // of their file
	Day      string          `json:"day,omitempty"`
	Channel  message.Channel `json:"channel,omitempty"`
	Campaign string          `json:"campaign,omitempty"`
	Key      message.Key     `json:"key,omitempty"`
	ID       string          `json:"vendor_id,omitempty"`
	To       message.Address `json:"address,omitempty"` // masked by what shows it
	Ours     Side            `json:"ours"`
	Theirs   Side            `json:"theirs"`
}

// Side is what one of the two says. Cost is nil where it is not known.
type Side struct {
	Messages int64          `json:"messages"`
	Segments int64          `json:"segments"`
	Cost     *message.Money `json:"cost"`
}

func (s *Side) add(o Side) {
	s.Messages += o.Messages
	s.Segments += o.Segments
	if o.Cost == nil {
		return
	}
	sum := *o.Cost
	if s.Cost != nil {
		sum += *s.Cost
	}
	s.Cost = &sum
}

// Result is how a file stands to the ledger.
type Result struct {
	Level       string       `json:"level"` // line, or bill
	Ours        Side         `json:"ours"`
	Theirs      Side         `json:"theirs"`
	Currency    string       `json:"currency"`
	Differences []Difference `json:"differences"`
	// Late is how many of their rows have no price yet: no difference, and in no sum.
	Late int `json:"late"`
	// Doubtful is how many of ours nobody knows to have left, and that are not with them.
	Doubtful int `json:"doubtful"`
	// Elsewhere is how many of their rows are of other months: no difference, and in no sum.
	Elsewhere int `json:"elsewhere"`
	// Times is by how much all segments that differ are more with them than here: 2 is what an encoding that changed looks like. 0: they are not.
	Times int64 `json:"times,omitempty"`
}

func (o *Ours) side() Side {
	s := Side{Messages: 1, Segments: o.Segments}
	if o.Price != 0 {
		cost := o.Price.Times(int(o.Segments))
		s.Cost = &cost
	}
	return s
}

// Compare holds what they say against ours, which is of the month that begins then.
func Compare(ours []Ours, told *Told, month time.Time) *Result {
	r := &Result{Currency: told.Currency, Differences: []Difference{}}
	if len(told.Lines) > 0 {
		r.Level = "line"
		r.lines(ours, told.Lines, month)
	} else {
		r.Level = "bill"
		r.days(ours, told, month.Format(MonthForm))
	}
	r.explain()
	return r
}

// sameTime is how far apart the two clocks, and a queue between them, may set one message.
const sameTime = 24 * time.Hour

// lines matches message by message: by the vendor's id, and what has none by address and the nearest time.
func (r *Result) lines(ours []Ours, lines []Line, month time.Time) {
	m := newMatching(ours)
	match := make([]int, len(lines))
	for n := range lines {
		match[n] = m.byID(&lines[n])
	}
	for n := range lines {
		l := &lines[n]
		if match[n] < 0 {
			match[n] = m.byTo(l)
		}
		switch {
		case match[n] >= 0:
			r.line(&ours[match[n]], l)
		case l.At.IsZero() || l.At.In(month.Location()).Format(MonthForm) == month.Format(MonthForm):
			r.line(nil, l)
		default:
			r.Elsewhere++
		}
	}
	for i := range ours {
		switch {
		case m.taken[i]:
		case ours[i].Unknown:
			r.Doubtful++
		default:
			r.differ(OnlyOurs, &ours[i], nil)
			r.Ours.add(ours[i].side())
		}
	}
}

// matching finds the message of ours that a line of theirs is about; each is found once.
type matching struct {
	ours  []Ours
	ids   map[string][]int
	to    map[message.Address][]int
	taken []bool
}

func newMatching(ours []Ours) *matching {
	m := &matching{ours: ours, ids: make(map[string][]int), to: make(map[message.Address][]int), taken: make([]bool, len(ours))}
	for i := range ours {
		if ours[i].VendorID != "" {
			m.ids[ours[i].VendorID] = append(m.ids[ours[i].VendorID], i)
		}
		m.to[ours[i].To] = append(m.to[ours[i].To], i)
	}
	return m
}

// byID goes by the vendor's id alone, whatever the time, and where our address was forgotten; -1 for none.
func (m *matching) byID(l *Line) int {
	return m.nearest(time.Time{}, m.ids[l.ID], func(o *Ours) bool { return l.To == "" || o.To == l.To || o.To.Forgotten() })
}

// byTo goes by address and time, where the id says nothing; -1 for none.
func (m *matching) byTo(l *Line) int {
	if l.To == "" || len(m.ids[l.ID]) > 0 {
		return -1
	}
	return m.nearest(l.At, m.to[l.To], func(o *Ours) bool { return l.ID == "" || o.VendorID == "" })
}

func (m *matching) nearest(at time.Time, among []int, fits func(*Ours) bool) int {
	best, apart := -1, sameTime+1
	for _, i := range among {
		d := time.Duration(0)
		if !at.IsZero() {
			d = m.ours[i].At.Sub(at).Abs()
		}
		if !m.taken[i] && fits(&m.ours[i]) && d < apart {
			best, apart = i, d
		}
	}
	if best >= 0 {
		m.taken[best] = true
	}
	return best
}

// line takes in a line of theirs, and the message of ours that it is; nil for none.
func (r *Result) line(o *Ours, l *Line) {
	theirs := Side{Messages: 1, Segments: l.Segments, Cost: l.Price}
	if l.Price == nil {
		r.Late++
	}
	r.Theirs.add(theirs)
	if o == nil {
		r.differ(OnlyTheirs, nil, l)
		return
	}
	r.Ours.add(o.side())
	segments := cmp.Or(l.Segments, o.Segments)
	if segments != o.Segments {
		r.differ(Segments, o, l)
	}
	if l.Price != nil && o.Price != 0 && *l.Price != o.Price.Times(int(segments)) {
		r.differ(Price, o, l)
	}
}

func (r *Result) differ(k Kind, o *Ours, l *Line) {
	d := Difference{Kind: k}
	if o != nil {
		d.Campaign, d.Key, d.ID, d.To, d.Channel, d.Ours = o.Campaign, o.Key, o.VendorID, o.To, o.Channel, o.side()
		d.Day = o.At.Format(time.DateOnly)
	}
	if l != nil {
		d.Row, d.ID, d.To, d.Theirs = l.Row, cmp.Or(l.ID, d.ID), cmp.Or(l.To, d.To), Side{Messages: 1, Segments: l.Segments, Cost: l.Price}
		if !l.At.IsZero() {
			d.Day = l.At.Format(time.DateOnly)
		}
	}
	r.Differences = append(r.Differences, d)
}

// dayOf is what a bill counts together.
type dayOf struct {
	day     string
	channel message.Channel
}

func (d dayOf) compare(o dayOf) int {
	return cmp.Or(strings.Compare(d.day, o.day), strings.Compare(string(d.channel), string(o.channel)))
}

// billed is what a bill says of a day. At is ours: what its segments cost at our prices.
type billed struct {
	Side
	row  int
	late bool
	unit map[message.Money]bool // prices of a segment
}

// days compares day by day and channel by channel.
func (r *Result) days(ours []Ours, told *Told, month string) {
	here, there := make(map[dayOf]*billed), make(map[dayOf]*billed)
	at := func(m map[dayOf]*billed, k dayOf) *billed {
		if m[k] == nil {
			m[k] = &billed{unit: make(map[message.Money]bool)}
		}
		return m[k]
	}
	whole := !slices.ContainsFunc(told.Items, func(i Item) bool { return i.Channel != "" })
	for i := range ours {
		if ours[i].Unknown {
			r.Doubtful++
		}
		k := dayOf{day: ours[i].At.Format(time.DateOnly), channel: ours[i].Channel}
		if whole {
			k.channel = ""
		}
		b := at(here, k)
		b.add(ours[i].side())
		b.unit[ours[i].Price] = true
		r.Ours.add(ours[i].side())
	}
	for _, i := range told.Items {
		if !strings.HasPrefix(i.Day, month+"-") {
			r.Elsewhere++
			continue
		}
		b := at(there, dayOf{day: i.Day, channel: i.Channel})
		side := Side{Messages: i.Messages, Segments: i.Segments, Cost: i.Amount}
		b.add(side)
		r.Theirs.add(side)
		b.row = cmp.Or(b.row, i.Row)
		if i.Amount == nil {
			b.late = true
			r.Late++
		}
		if i.Unit != nil {
			b.unit[*i.Unit] = true
		}
	}
	keys := maps.Clone(here)
	maps.Copy(keys, there)
	for _, k := range slices.SortedFunc(maps.Keys(keys), dayOf.compare) {
		r.day(k, here[k], there[k])
	}
}

func (r *Result) day(k dayOf, here, there *billed) {
	d := Difference{Day: k.day, Channel: k.channel}
	if here != nil {
		d.Ours = here.Side
	}
	if there != nil {
		d.Theirs, d.Row = there.Side, there.row
	}
	put := func(k Kind) {
		d.Kind = k
		r.Differences = append(r.Differences, d)
	}
	switch {
	case there == nil:
		put(OnlyOurs)
		return
	case here == nil:
		put(OnlyTheirs)
		return
	}
	if here.Segments != there.Segments {
		put(Segments)
	}
	if !there.late && otherPrice(here, there) {
		put(Price)
	}
}

// otherPrice reports that a day's segments cost another price with them. What is billed for other segments at our price is no other price.
func otherPrice(here, there *billed) bool {
	if here.Cost == nil || there.Cost == nil || here.Segments == 0 {
		return false
	}
	if len(there.unit) > 0 {
		for unit := range there.unit {
			if !here.unit[unit] {
				return true
			}
		}
	}
	if len(here.unit) > 1 && here.Segments != there.Segments {
		return false // which of them is billed at which price cannot be told
	}
	return int64(*here.Cost)*there.Segments != int64(*there.Cost)*here.Segments
}

// explain finds the factor by which all segments that differ are more with them.
func (r *Result) explain() {
	for _, d := range r.Differences {
		if d.Kind != Segments {
			continue
		}
		times := int64(0)
		if d.Ours.Segments > 0 && d.Theirs.Segments%d.Ours.Segments == 0 {
			times = d.Theirs.Segments / d.Ours.Segments
		}
		if times < 2 || r.Times != 0 && r.Times != times {
			r.Times = 0
			return
		}
		r.Times = times
	}
}

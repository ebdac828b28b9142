package plan

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"notify/pkg/channel"
	"notify/pkg/message"
	"notify/pkg/render"
)

// Facts are what can only be seen while texts are rendered: figures that preflight judges. They count every text that was
// made, also those that are told through another row's message.
type Facts struct {
	// Channels has an entry for each channel of the campaign.
	Channels map[message.Channel]*ChannelFacts
}

// ChannelFacts are the facts of one channel.
type ChannelFacts struct {
	// Texts is how many texts were made.
	Texts int
	// Braces are texts in which something still looks like a variable: {{, }}, ${ or a header in braces.
	Braces Sample
	// Headers are texts into which a value was filled that is the header of its own column.
	Headers Sample
	// Nothing are texts into which a value was filled that programs write for no value: null, undefined, NaN.
	Nothing Sample
	// URLs are texts into which a value with a web address was filled; Plain are those of them whose link begins with http://.
	URLs, Plain Sample
	// Brackets are SMS that have 【 or 】 behind a signature at their beginning, which has both.
	Brackets Sample
	// Mainland is how many SMS are counted by the rule of mainland China.
	Mainland int
	// Longest are the longest texts, the longest first: of SMS those of most segments, and in characters, without a signature that
	// the vendor adds; of mails in bytes of subject, text and HTML.
	Longest []Length
}

// Length is how long the text of a row is.
type Length struct {
	Row, Length, Segments int
}

// LongestKept is how many of the longest texts are kept.
const LongestKept = 10

// Sample counts rows, and keeps the numbers of the first SampleKept.
type Sample struct {
	Count int
	Rows  []int
}

// SampleKept is how many row numbers a Sample keeps.
const SampleKept = 5

// Add counts a row.
func (s *Sample) Add(row int) {
	s.Count++
	if len(s.Rows) < SampleKept {
		s.Rows = append(s.Rows, row)
	}
}

// looker collects the facts of one channel. What it looks for is made once, so that looking at a row makes no garbage.
type looker struct {
	facts   *ChannelFacts
	columns []string
	class   channel.Class
	uses    []int    // the columns that the texts fill in
	braced  []string // "{姓名}" for each of them
}

func newLooker(r *render.Renderer, ch message.Channel, class channel.Class) *looker {
	l := &looker{class: class, facts: &ChannelFacts{}, columns: r.Columns()}
	for _, name := range r.Uses(ch) {
		l.uses = append(l.uses, slices.Index(l.columns, name))
	}
	for _, name := range l.columns {
		l.braced = append(l.braced, "{"+name+"}")
	}
	return l
}

// look takes the facts of one rendered message.
func (l *looker) look(row int, values []string, m *message.Message, segments int) {
	f := l.facts
	f.Texts++
	l.values(row, values)
	if l.hasBraces(m.Subject, true) || l.hasBraces(m.Text, true) || l.hasBraces(m.HTML, false) {
		f.Braces.Add(row)
	}
	n := len(m.Subject) + len(m.Text) + len(m.HTML)
	if l.class == channel.Short {
		if strings.ContainsAny(afterSignature(m.Text), "【】") {
			f.Brackets.Add(row)
		}
		n = utf8.RuneCountInString(m.Text)
	}
	f.long(Length{Row: row, Length: n, Segments: segments})
}

func (l *looker) values(row int, values []string) {
	var header, nothing, url, plain bool
	for _, c := range l.uses {
		if c >= len(values) {
			continue
		}
		v := values[c]
		header = header || v == l.columns[c]
		nothing = nothing || isNothing(v)
		if strings.Contains(v, "://") || strings.Contains(v, "www.") {
			url = true
			plain = plain || strings.Contains(v, "http://")
		}
	}
	for _, found := range [...]struct {
		is     bool
		sample *Sample
	}{{header, &l.facts.Headers}, {nothing, &l.facts.Nothing}, {url, &l.facts.URLs}, {plain, &l.facts.Plain}} {
		if found.is {
			found.sample.Add(row)
		}
	}
}

// isNothing reports what programs write where they have no value. What spreadsheets write for an error is a problem of the
// list.
func isNothing(v string) bool {
	if len(v) < 3 || len(v) > len("undefined") {
		return false
	}
	switch strings.ToLower(v) {
	case "null", "nil", "nan", "none", "undefined", "(null)", "<null>", "n/a":
		return true
	}
	return false
}

// hasBraces reports what looks like a variable that was not filled in. Closing braces count in plain text only: style
// sheets are full of them.
func (l *looker) hasBraces(text string, plain bool) bool {
	if strings.IndexByte(text, '{') < 0 {
		return plain && strings.Contains(text, "}}")
	}
	if strings.Contains(text, "{{") || strings.Contains(text, "${") || plain && strings.Contains(text, "}}") {
		return true
	}
	return slices.ContainsFunc(l.braced, func(b string) bool { return strings.Contains(text, b) })
}

// afterSignature is the text without a 【signature】 at its beginning.
func afterSignature(text string) string {
	if rest, ok := strings.CutPrefix(text, "【"); ok {
		if _, after, closed := strings.Cut(rest, "】"); closed {
			return after
		}
	}
	return text
}

// long keeps the longest.
func (f *ChannelFacts) long(n Length) {
	if len(f.Longest) == LongestKept && longestFirst(f.Longest[LongestKept-1], n) < 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(f.Longest, n, longestFirst)
	f.Longest = slices.Insert(f.Longest, at, n)
	f.Longest = f.Longest[:min(len(f.Longest), LongestKept)]
}

// longestFirst orders by what is paid for and then by the length: one letter that the short alphabet lacks halves what a segment holds.
// Equals stand in the order of the list.
func longestFirst(a, b Length) int {
	return cmp.Or(cmp.Compare(b.Segments, a.Segments), cmp.Compare(b.Length, a.Length), cmp.Compare(a.Row, b.Row))
}

// Package channel owns what a way to reach a person is: how its addresses are read, recognised, masked and paced, what kind of text
// it takes, and how that is counted. A channel is one entry here, in a file of its own; nobody else tells one from another by name
// but those who are about one in particular, such as the checks of a mail's sender.
package channel

import (
	"slices"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Class is the kind of text that a channel takes.
type Class string

// The classes.
const (
	Short Class = "short" // one plain text, as an SMS
	Mail  Class = "mail"  // subject, plain and HTML parts, attachments
)

// Entry is a channel.
type Entry struct {
	Name message.Channel
	// Column is what its column of the list is called in list.columns, and Headers are those that are recognised for it, in lower
	// case, letters and digits only.
	Column  string
	Headers []string
	// Word is the channel in a sentence, "SMS", and What is one of its addresses, "phone number".
	Word, What words.Text
	// Class says which text it takes.
	Class Class
	// Digits says that an address is a number, of which a spreadsheet may keep too few digits.
	Digits bool
	// Is reports whether a text that may be of any channel can only be one of this one's addresses, right or wrong.
	Is func(raw string) bool
	// Parse reads an address as people type it, in its normal form. country is an ISO 3166 code; empty means DefaultCountry.
	// The error is an *AddressError.
	Parse func(raw, country string) (message.Address, error)
	// Likely is the address that was probably meant by one with a slip in it, in words; empty where there is no doubt. Nil: never.
	Likely func(pace string) string
	// Mask is one of its addresses as it may be shown.
	Mask func(message.Address) string
	// PaceKey is under which key the addresses share a pace: the domain of a mail. Nil: there is none.
	PaceKey func(message.Address) string
	// Region is the country of an address, as ISO 3166 has it, where prices hang on it; empty where it cannot be told. Nil: there is none.
	Region func(message.Address) string
	// Units is how many billing units a text to an address is, and by which rule. Nil: each message is one.
	Units func(text string, to message.Address, by Counting) (int, Rule)
	// Suppressible says that people can ask to get no more by it, so that the suppression list holds for it.
	Suppressible bool
}

// Counting is how an account counts texts: by which rule, empty for the address's own, and with which signature before each.
type Counting struct {
	Rule, Signature string
}

// PaceOf is the key under which an address is paced; empty where there is none.
func (e *Entry) PaceOf(a message.Address) string {
	if e.PaceKey == nil {
		return ""
	}
	return e.PaceKey(a)
}

// RegionOf is the country of an address; empty where there is none.
func (e *Entry) RegionOf(a message.Address) string {
	if e.Region == nil {
		return ""
	}
	return e.Region(a)
}

// Count is how many billing units a text is, and the rule by which it was counted, where there is one.
func (e *Entry) Count(text string, to message.Address, by Counting) (int, Rule) {
	if e.Units == nil {
		return 1, ""
	}
	return e.Units(text, to, by)
}

// Set are the channels of an installation, in the order in which they are shown. The zero value is the built-in ones.
type Set []Entry

// Builtin are the channels that the program has.
func Builtin() Set { return Set{sms(), email()} }

// With is the set and further channels.
func (s Set) With(more ...Entry) Set { return append(slices.Clone(s.All()), more...) }

// All are the entries.
func (s Set) All() []Entry {
	if s == nil {
		return Builtin()
	}
	return s
}

// Names are the channels' names.
func (s Set) Names() []message.Channel {
	var names []message.Channel
	for _, e := range s.All() {
		names = append(names, e.Name)
	}
	return names
}

// Words are the names as words, for a flag or a hint.
func (s Set) Words() []string {
	var names []string
	for _, e := range s.All() {
		names = append(names, string(e.Name))
	}
	return names
}

// Columns are what the channels' columns are called.
func (s Set) Columns() []string {
	var columns []string
	for _, e := range s.All() {
		columns = append(columns, e.Column)
	}
	return columns
}

// Has reports whether there is such a channel.
func (s Set) Has(ch message.Channel) bool { return slices.Contains(s.Names(), ch) }

// Of is the entry of a channel. Of a channel that is not in the set it is one that does no more than it must: its addresses
// are masked whole, and it has no pace.
func (s Set) Of(ch message.Channel) Entry {
	for _, e := range s.All() {
		if e.Name == ch {
			return e
		}
	}
	return Entry{Name: ch, Column: string(ch), Word: words.Raw(string(ch)), What: words.T("channel.address", nil), Class: Short, Mask: message.Address.Masked, Suppressible: true}
}

// Masked is an address of a channel as it may be shown, or of the channel that it looks like where ch is empty.
func (s Set) Masked(ch message.Channel, a message.Address) string {
	if ch == "" {
		ch = s.ChannelOf(a)
	}
	e := s.Of(ch)
	return e.Mask(a)
}

// MaskedKey is a recipient's key as it may be shown: where the list has no column for keys it is an address, and masked.
func (s Set) MaskedKey(key string) string {
	for _, e := range s.All() {
		if a, err := e.Parse(key, ""); err == nil && string(a) == key {
			return e.Mask(a)
		}
	}
	return key
}

// Sorted are channels in the order of the set, those that it does not have last.
func (s Set) Sorted(chs []message.Channel) []message.Channel {
	names := s.Names()
	at := func(ch message.Channel) int {
		if i := slices.Index(names, ch); i >= 0 {
			return i
		}
		return len(names)
	}
	out := slices.Clone(chs)
	slices.SortStableFunc(out, func(a, b message.Channel) int { return at(a) - at(b) })
	return out
}

// Parse reads one address as people type it, of whatever channel it looks like; of the first channel where it looks like none.
// The error is an *AddressError.
func (s Set) Parse(raw, country string) (message.Channel, message.Address, error) {
	e := s.like(raw)
	a, err := e.Parse(raw, country)
	return e.Name, a, err
}

// ChannelOf is the channel of an address in its normal form.
func (s Set) ChannelOf(a message.Address) message.Channel { return s.like(string(a)).Name }

func (s Set) like(raw string) Entry {
	all := s.All()
	for _, e := range all {
		if e.Is(raw) {
			return e
		}
	}
	return all[0]
}

// AddressError says why a text is not an address that can be written to. It never holds the text itself.
type AddressError struct {
	Code    string // stable, for machines: "phone-invalid"
	Summary words.Text
	Hint    words.Text
}

// Error is the summary.
func (e *AddressError) Error() string { return e.Summary.String() }

// Says is the summary, as words.Sayer wants it.
func (e *AddressError) Says() words.Text { return e.Summary }

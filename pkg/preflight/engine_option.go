package preflight

import (
	"fmt"
	"math"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// OptionKind is what an option asks for. The figures that it comes with depend on it.
type OptionKind string

// The kinds of options.
const (
	OptionTopUp       OptionKind = "top-up"       // pay Amount (Segments) into Account
	OptionRelease     OptionKind = "release"      // end other campaigns, which hold Segments of Account
	OptionPart        OptionKind = "part"         // send Parts[0] now, the others one after the other
	OptionSpread      OptionKind = "spread"       // let it take Days
	OptionAccount     OptionKind = "account"      // spread the channel over Shares
	OptionRaiseQuota  OptionKind = "raise-quota"  // have the vendor raise the quota of the day
	OptionRaiseBudget OptionKind = "raise-budget" // raise a budget by Amount
	OptionRate        OptionKind = "rate"         // change the rate of Account, or of recipient domains
	OptionLater       OptionKind = "later"        // begin At
	OptionDeadline    OptionKind = "deadline"     // move the deadline to At
	OptionWindow      OptionKind = "window"       // widen the campaign's window
	OptionTimer       OptionKind = "timer"        // start notify less often
	OptionRehearse    OptionKind = "rehearse"     // prove the capacity
	OptionFreeDisk    OptionKind = "free-disk"    // free Bytes
	OptionSender      OptionKind = "sender"       // send from a domain of its own, such as the one of Settings
)

// Option is one way to make a check pass, in figures. What its kind does not need is zero.
type Option struct {
	Kind OptionKind `json:"kind"`
	// Text is the option in words, as it stands among the remedies too.
	Text words.Text `json:"text"`
	// Enough says that following this option alone ends the FAIL or WARN that it was offered for, as far as is known now.
	Enough   bool            `json:"enough"`
	Account  string          `json:"account,omitempty"`
	Channel  message.Channel `json:"channel,omitempty"`
	Amount   *message.Money  `json:"amount,omitempty"`
	Currency string          `json:"currency,omitempty"`
	Segments int64           `json:"segments,omitempty"`
	Bytes    int64           `json:"bytes,omitempty"`
	Parts    []ListPart      `json:"parts,omitempty"`
	Days     []Day           `json:"days,omitempty"`
	At       time.Time       `json:"at,omitzero"`
	Shares   []ShareOf       `json:"shares,omitempty"`
	// Settings are what to write into files, all of them together.
	Settings []Setting `json:"settings,omitempty"`
	// Command is what to type, for the part that comes first where there are several.
	Command string `json:"command,omitempty"`
}

// ListPart is a part of a list that can be sent by itself, under the same campaign as the rest.
type ListPart struct {
	Recipients int `json:"recipients"`
	From       int `json:"from"` // the spreadsheet's numbers of its first and last row
	To         int `json:"to"`
	// Limit is the same part for --limit; 0 where it does not begin at the top of the list.
	Limit   int    `json:"limit,omitempty"`
	Command string `json:"command"`
}

// ShareOf is what an account would carry of a channel.
type ShareOf struct {
	Account  string `json:"account"`
	Weight   int    `json:"weight"` // of the route, in percent
	Messages int    `json:"messages"`
	Segments int    `json:"segments"`
}

// Setting is a key of notify.yaml or, where Campaign is set, of the campaign file, and what to set it to.
type Setting struct {
	Key      string `json:"key"` // "accounts.sms-a.daily_quota"
	Value    any    `json:"value"`
	Now      any    `json:"now,omitempty"`  // what it is set to; nil where it is not set
	Unit     string `json:"unit,omitempty"` // what stands behind the figure in the file: "/s"
	Campaign bool   `json:"campaign,omitempty"`
}

// Text is a setting as one writes it: "accounts.sms-a.rate to at least 1.7/s (now 1/s)".
func (s Setting) Text() words.Text {
	return words.T("preflight.setting", words.A{"key": s.Key, "value": s.written(s.Value), "now": s.written(s.Now)})
}

// written is a value as it stands in the file.
func (s Setting) written(v any) string { return fmt.Sprintf("%v%s", v, s.Unit) }

// listed are settings one after the other.
func listed(settings []Setting) words.List {
	all := make([]words.Text, 0, len(settings))
	for _, s := range settings {
		all = append(all, s.Text())
	}
	return words.Texts(words.And, all...)
}

// tenth rounds a rate up, so that it is enough.
func tenth(rate float64) float64 { return math.Ceil(rate*10-1e-9) / 10 }

// ways are the ways out of one FAIL or WARN, in words and in figures.
type ways struct {
	lines   []Remedy
	options []Option
}

// or adds options: the very first as it is, others as alternatives to it.
func (w *ways) or(options ...Option) {
	for _, o := range options {
		w.orSay(o.Text)
	}
	w.options = append(w.options, options...)
}

// orSay adds an alternative that has no figures.
func (w *ways) orSay(line words.Text) {
	w.lines = append(w.lines, Remedy{Text: line, Or: len(w.lines) > 0})
}

// say adds a line that is no alternative.
func (w *ways) say(line words.Text) { w.lines = append(w.lines, Remedy{Text: line}) }

// offer puts ways out into the finding.
func (f *Finding) offer(w ways) {
	f.Remedies, f.Options = append(f.Remedies, w.lines...), append(f.Options, w.options...)
}

// showRow is how one sees what a row of the list will read.
func (s *Subject) showRow(n int) string {
	return fmt.Sprintf("notify preflight %s --show %d", words.Typed(s.list()), n)
}

// sendCommand is how the campaign is sent, with further flags.
func (s *Subject) sendCommand(flags string) string {
	return strings.TrimSpace("notify send " + words.Typed(s.list()) + " " + flags)
}

// Package campaign owns award.yaml: who tells whom what, through which channels, under which rules.
// It reads the file and the texts that it names; the list is read by package list, and what follows from both by plan.
package campaign

import (
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// What is done with rows that share an address and differ in their text.
const (
	SharedRefuse = "refuse"
	SharedFold   = "fold"
	SharedEach   = "each"
)

// In which order messages leave.
const (
	OrderList   = ""       // that of the list
	OrderSpread = "spread" // each recipient domain spread evenly over the whole
)

// Campaign is a campaign file with its defaults filled in and its texts read.
type Campaign struct {
	// Path is the file; texts are relative to it.
	Path string
	// Files are all files that were read, the campaign file, texts and attachments: absolute paths.
	Files []string

	Name        string
	Owner       string
	Team        string
	Class       string
	Environment string
	Expect      int // recipients there should be; 0 where the file does not say
	List        ListOptions
	Texts       Texts
	Window      Window
	Deadline    time.Time // zero: none
	StopWhen    StopWhen
	Waves       Waves
	Budget      message.Money // 0: none
	Checklist   string
	Shared      string // SharedRefuse, SharedFold, SharedEach
	Order       string // OrderList or OrderSpread
	// DedupeWindow is how long the same text may not go to the same address again, in any campaign; 0: no check.
	DedupeWindow time.Duration
	// ToldLately is how far back it is of interest who was written to by other campaigns, whatever the text.
	ToldLately time.Duration

	// Warnings are what is allowed and unwise: a text that stands outside the campaign's folder.
	Warnings []words.Text `json:"-"`
}

// Channels are the channels of the campaign, in the order in which they are shown.
func (c *Campaign) Channels() []message.Channel { return c.Texts.Channels() }

// ListOptions is how the list is to be read.
type ListOptions struct {
	Sheet    string // empty: the first
	Encoding string // of a text file; empty: it is found out
	// Query is a file with the statement that the list is made of, once, and Database the URL of the one that answers it; empty for none.
	Query, Database string
	// Columns maps what notify needs (key, name, and the channels' addresses) to headers; what is missing is recognised by itself.
	Columns map[string]string
}

// Window is the time of day in which messages may leave, in the installation's zone; the zero value is all day.
// A window whose From is after its To goes over midnight.
type Window struct {
	From, To time.Duration // since midnight
}

// StopWhen pauses a run in which too much goes wrong. Zero values do not.
type StopWhen struct {
	Failed  float64 `json:"failed,omitzero"` // share of the last Window messages: 0.05
	Unknown float64 `json:"unknown,omitzero"`
	Window  int     `json:"window,omitzero"` // how many of the newest outcomes are looked at
}

// Waves let a campaign go out in parts, each larger than the one before, with a look at what came of it in between. The zero value has none.
type Waves struct {
	// Sizes are how many messages of each channel the waves have; what is left goes after the last.
	Sizes []int `json:"sizes"`
	// Hold is how long is waited after a wave, so that receipts come in.
	Hold time.Duration `json:"hold,omitempty"`
	// StopWhen says at which share of what is out a person is asked; Window says nothing here.
	StopWhen StopWhen `json:"stop_when,omitzero"`
	// Wait asks a person after every wave.
	Wait bool `json:"wait,omitempty"`
}

// Over is how many of the waves end before so many messages are out.
func (w Waves) Over(messages int) int {
	for i, n := range w.Sizes {
		if messages -= n; messages <= 0 {
			return i
		}
	}
	return len(w.Sizes)
}

// Length is how long the window is open each day: 24 h for the zero value.
func (w Window) Length() time.Duration {
	if w.From == w.To {
		return 24 * time.Hour
	}
	if w.To > w.From {
		return w.To - w.From
	}
	return 24*time.Hour - w.From + w.To
}

// Open reports whether t, in its own zone, is inside the window, and when the window opens next (t itself where it is open).
func (w Window) Open(t time.Time) (bool, time.Time) {
	if w.From == w.To {
		return true, t
	}
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	since := onTheClock(t)
	inside := since >= w.From && since < w.To
	if w.To < w.From {
		inside = since >= w.From || since < w.To
	}
	if inside {
		return true, t
	}
	if since >= w.From {
		midnight = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
	}
	h, m := int(w.From/time.Hour), int(w.From%time.Hour/time.Minute)
	next := time.Date(midnight.Year(), midnight.Month(), midnight.Day(), h, m, 0, 0, t.Location())
	// In an hour that summer time leaves out, Date may give a moment before it, at which the window is still shut.
	return false, next.Add(max(0, w.From-onTheClock(next)))
}

// onTheClock is the time of day that a clock on the wall shows.
func onTheClock(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
}

// Package campaign owns award.yaml: who tells whom what, through which channels, under which rules.
// It reads the file and the texts that it names; the list is read by package list, and what follows from both by plan.
package campaign

import (
	"time"

	"notify/pkg/message"
)

// What is done with rows that share an address and differ in their text.
const (
	SharedRefuse = "refuse"
	SharedFold   = "fold"
	SharedEach   = "each"
)

// Campaign is a campaign file with its defaults filled in and its texts read.
type Campaign struct {
	// Path is the file; texts are relative to it.
	Path string

	Name        string
	Owner       string
	Team        string
	Class       string
	Environment string
	Expect      int // recipients there should be; 0 where the file does not say
	List        ListOptions
	SMS         *SMS   // nil: no SMS
	Email       *Email // nil: no mail
	Window      Window
	Deadline    time.Time // zero: none
	StopWhen    StopWhen
	Budget      message.Money // 0: none
	Checklist   string
	Shared      string // SharedRefuse, SharedFold, SharedEach
	// DedupeWindow is how long the same text may not go to the same address again, in any campaign; 0: no check.
	DedupeWindow time.Duration
}

// Channels are the channels of the campaign, in the order in which they are shown.
func (c *Campaign) Channels() []message.Channel {
	var chs []message.Channel
	if c.SMS != nil {
		chs = append(chs, message.SMS)
	}
	if c.Email != nil {
		chs = append(chs, message.Email)
	}
	return chs
}

// ListOptions is how the list is to be read.
type ListOptions struct {
	Sheet string // empty: the first
	// Columns maps what notify needs (key, name, phone, email) to headers; what is missing is recognised by itself.
	Columns map[string]string
}

// SMS is the text message of a campaign.
type SMS struct {
	File string // where the text came from, for problems
	Text string
	// TemplateCode is the vendor's id of the approved text, by account.
	TemplateCode map[string]string
}

// Email is the mail of a campaign.
type Email struct {
	From, ReplyTo      string
	Subject            string
	TextFile, HTMLFile string
	Text, HTML         string // HTML may be empty
	Headers            map[string]string
	Attachments        []message.Attachment
}

// Window is the time of day in which messages may leave, in the installation's zone; the zero value is all day.
// A window whose From is after its To goes over midnight.
type Window struct {
	From, To time.Duration // since midnight
}

// StopWhen pauses a run in which too much goes wrong. Zero values do not.
type StopWhen struct {
	Failed  float64 // share of the last Window messages: 0.05
	Unknown float64
	Window  int // how many of the newest outcomes are looked at
}

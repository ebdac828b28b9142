package vendors

import (
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/words"
)

// Explained is what a vendor file would do.
type Explained struct {
	File     string            `json:"file"`
	Name     string            `json:"name"`
	About    string            `json:"about,omitempty"`
	Channels []message.Channel `json:"channels"`
	Options  option.Set        `json:"options"`
	// Requests are those that the file describes, made for an invented message. No secret is in them, since none is used.
	Requests []Shown `json:"requests"`
	// Keys are those of the file, in its order.
	Keys []Explanation `json:"keys"`
}

// Shown is a request as it would be made.
type Shown struct {
	For     string       `json:"for"` // send, token, balance, find, probe, templates, signatures
	Method  string       `json:"method,omitempty"`
	URL     string       `json:"url,omitempty"`
	Headers []HeaderLine `json:"headers,omitempty"`
	Body    string       `json:"body,omitempty"`
	Fault   words.Text   `json:"fault,omitzero"` // why it cannot be made
}

// HeaderLine is a header.
type HeaderLine struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Explanation is a key of a file: what it says, what it means, and what becomes of it in the request.
type Explanation struct {
	Key   string     `json:"key"`
	Line  int        `json:"line"`
	Value string     `json:"value"`
	About words.Text `json:"about"`
	Made  string     `json:"made,omitempty"`
}

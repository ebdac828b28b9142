// Package message owns the words that every other package speaks: channel, address, key, state, outcome, receipt, money.
// It imports the standard library only; a word that needs a neighbour does not belong here.
package message

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// Channel is a way to reach a person.
type Channel string

// The channels that the program has; package channel says what they are, and whether there are others.
const (
	SMS   Channel = "sms"
	Email Channel = "email"
)

// Address is a normalised address: a phone number in E.164 ("+8613800138000"), or an e-mail address whose domain is
// lower-case ASCII ("wang@example.test"). The zero value is no address.
type Address string

// ForgottenMark begins what stands in the place of an address, or of values, that a ledger was told to forget.
const ForgottenMark = "forgotten:"

// Forgotten reports that this is no address, but stands for one that was forgotten.
func (a Address) Forgotten() bool { return strings.HasPrefix(string(a), ForgottenMark) }

// Masked is the address as it may stand in a log line or an error: "+86138****8000", "wa***ng@example.test". Of a mail's name
// the two ends stay, as of a phone number, so that two people of one company can be told apart; of a short one only what leaves
// as much hidden as is shown.
func (a Address) Masked() string {
	s := string(a)
	if a.Forgotten() {
		return s // it says nothing
	}
	if at := strings.LastIndexByte(s, '@'); at >= 0 { // the last one: a quoted local part may hold others
		at = len(strings.TrimRight(s[:at], "@")) // an @ typed twice stays to be seen
		local, domain := []rune(s[:at]), s[at:]
		ends := min(2, len(local)/4)
		if ends == 0 {
			return string(local[:min(1, len(local))]) + "***" + domain
		}
		return string(local[:ends]) + "***" + string(local[len(local)-ends:]) + domain
	}
	r := []rune(s)
	switch {
	case len(r) >= 11:
		return string(r[:len(r)-8]) + "****" + string(r[len(r)-4:])
	case len(r) > 4:
		return strings.Repeat("*", len(r)-2) + string(r[len(r)-2:])
	default:
		return strings.Repeat("*", len(r))
	}
}

// Domain is the part of an e-mail address behind the @, and empty for a phone number.
func (a Address) Domain() string {
	if i := strings.LastIndexByte(string(a), '@'); i >= 0 {
		return string(a[i+1:])
	}
	return ""
}

// Key is our id of a message, the same on every run: 26 characters of lower-case base32.
type Key string

// keyEncoding has lower-case letters and digits only, so that a key may stand in a Message-ID, a URL and a file name.
var keyEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding) //nolint:gochecknoglobals // a constant of the format

// MakeKey makes the key of a message from the campaign's name, the channel and the address; and from the recipient's key
// where each row of a shared address is told (otherwise recipient is empty). Upper and lower case in an address make no
// difference: mail servers that tell Wang@ from wang@ are not found in practice, people who type both are.
func MakeKey(campaign string, ch Channel, to Address, recipient string) Key {
	sum := keySum(campaign, ch, to, "")
	if recipient != "" {
		own := keySum(campaign, ch, to, recipient)
		copy(sum[stemBytes:], own[:])
	}
	return Key(keyEncoding.EncodeToString(sum[:keyBytes]))
}

const (
	keyBytes  = 16
	keyChars  = 26
	stemBytes = 10 // of them, which make whole characters
	stemChars = stemBytes * 8 / 5
)

// Stem is what the keys of all messages of a campaign to one address begin with: so they are found by it, in the order of keys from it up to
// what begins otherwise.
func (k Key) Stem() string { return string(k[:min(len(k), stemChars)]) }

func keySum(campaign string, ch Channel, to Address, recipient string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, part := range [...]string{"notify key 1", campaign, string(ch), strings.ToLower(string(to)), recipient} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	h.Sum(sum[:0])
	return sum
}

// State is where a message stands.
type State string

// The states. A message begins pending; accepted, rejected, unknown and cancelled are where a run leaves it.
const (
	Pending    State = "pending"    // not sent yet, or definitely not accepted and to be tried again
	Attempting State = "attempting" // claimed: it may be leaving right now
	Accepted   State = "accepted"   // a vendor took it
	Rejected   State = "rejected"   // a vendor refused this recipient or text for good
	Unknown    State = "unknown"    // it may have been taken; settled by evidence or a person, never by sending again
	Cancelled  State = "cancelled"  // aborted, or no longer on the list, before it left
)

// States are all states, in the order in which they are shown.
func States() []State {
	return []State{Accepted, Pending, Attempting, Unknown, Rejected, Cancelled}
}

// Message is what leaves: rendered, for one address on one channel.
type Message struct {
	Key      Key
	Campaign string
	Channel  Channel
	To       Address
	Name     string // the recipient's name where the list has one, for a mail's To header
	// Text is the SMS, or the plain part of a mail.
	Text string
	// Template is the vendor's id of an approved text where the account has one for this campaign, otherwise empty.
	Template string
	// Vars are the template variables, for vendors that fill in the approved text themselves: by the names that the campaign gives
	// them there, else by column header. VarOrder are their names in the order in which they first stand in the text.
	Vars     map[string]string
	VarOrder []string
	// Segments is how many billing units an SMS is, by our count; 1 for a mail.
	Segments int
	// Expired reports whether the message must no longer begin to leave: another run may own it by then. An adapter asks right
	// before it writes the part that makes the vendor take the message. Nil: never.
	Expired func() bool

	// The rest is for mail only.
	From        string // RFC 5322 address, "Awards <award@edm.example.test>"
	ReplyTo     string
	Subject     string
	HTML        string
	Headers     map[string]string // further headers by canonical name
	Attachments []Attachment
}

// Late reports whether the message must no longer begin to leave.
func (m *Message) Late() bool { return m.Expired != nil && m.Expired() }

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name string // as the recipient sees it
	Type string // MIME type
	Data []byte
	// ContentID is by which an image of the HTML text names the file (cid:); empty: the file stands beside the text.
	ContentID string `json:",omitempty"`
}

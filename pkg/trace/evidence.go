package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"notify/pkg/message"
)

// EvidenceSchema names the form of the file for a vendor's support.
const EvidenceSchema = "notify.evidence/1"

// Evidence is what a vendor's support needs to find messages, and no more: no address as it is, no value, no text.
type Evidence struct {
	Schema   string            `json:"schema"`
	Made     time.Time         `json:"made"`
	Messages []EvidenceMessage `json:"messages"`
}

// EvidenceMessage is one message. The hash of its address is SHA-256 in hexadecimal of the normal form ("+8613490000001"), so that who has the
// number can see that it is that one.
type EvidenceMessage struct {
	Campaign      string          `json:"campaign"`
	Channel       message.Channel `json:"channel"`
	Key           message.Key     `json:"our_id"`
	Address       string          `json:"address"` // masked
	AddressSHA256 string          `json:"address_sha256"`
	TextSHA256    string          `json:"template_sha256"`
	Segments      int             `json:"segments"`
	State         message.State   `json:"state"`
	Attempts      []Attempt       `json:"attempts"`
	Facts         []Fact          `json:"receipts"`
}

// EvidenceOf is what there is to say of a result that was found in full.
func EvidenceOf(r *Result, o Options, now time.Time) Evidence {
	e := Evidence{Schema: EvidenceSchema, Made: now, Messages: []EvidenceMessage{}}
	for _, c := range r.Campaigns {
		text := make(map[message.Channel]string)
		for _, t := range c.Texts {
			text[t.Channel] = t.Subject + "\x00" + t.Text
		}
		for _, m := range c.Messages {
			to := message.Address(m.Address)
			e.Messages = append(e.Messages, EvidenceMessage{
				Campaign: c.Name, Channel: m.Channel, Key: m.Key, Address: o.Channels.Masked(m.Channel, to), AddressSHA256: hashed(m.Address),
				TextSHA256: hashed(text[m.Channel]), Segments: m.Segments, State: m.State, Attempts: m.Attempts, Facts: m.Facts,
			})
		}
	}
	return e
}

func hashed(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// Write writes it.
func (e *Evidence) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(e)
}

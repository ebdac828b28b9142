package receipts

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"notify/pkg/message"
)

// keyName is what our key is called where a vendor repeats what we give it; keyTag is the same where no underscore is allowed.
const (
	keyName = "notify_key"
	keyTag  = "notify-key"
)

// china is the time zone of mainland vendors.
func china() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// chinaTime reads a time without a zone.
func chinaTime(s string) time.Time {
	t, err := time.ParseInLocation(time.DateTime, strings.TrimSpace(s), china())
	if err != nil {
		return time.Time{} // it is not said when
	}
	return t.UTC()
}

// rfcTime reads a time with a zone.
func rfcTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// seconds is a time since 1970 with parts of a second.
func seconds(s float64) time.Time {
	if s <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(s * 1000)).UTC()
}

// home is a number as mainland vendors write it: without a country code, or with one and without a plus.
func home(n string) message.Address {
	n = strings.TrimPrefix(strings.TrimSpace(n), "+")
	if len(n) == 11 && n[0] == '1' {
		n = "86" + n
	}
	return number(n)
}

// number is digits with a country code.
func number(digits string) message.Address {
	if digits == "" {
		return ""
	}
	return message.Address("+" + strings.TrimPrefix(digits, "+"))
}

// mailbox is an address with a domain in lower case.
func mailbox(s string) message.Address {
	s = strings.Trim(strings.TrimSpace(s), "<>")
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		s = s[:at] + strings.ToLower(s[at:])
	}
	return message.Address(s)
}

// said is what a vendor says for people, in one line of at most 300 bytes.
func said(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	for len(s) > 300 {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// optOut reports whether a reply asks for no more: the words that carriers and vendors know.
func optOut(text string) bool {
	switch strings.ToUpper(strings.Trim(text, " 　\t\r\n.。,，!！【】[]\"")) {
	case "R", "T", "TD", "N", "退订", "退定", "退", "拒收", "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "0000":
		return true
	}
	return false
}

// replied is a reply to a number, as an event: it names the message by number and time alone.
func replied(to message.Address, text string, at time.Time) message.Event {
	e := message.Event{To: to, At: at, State: message.Replied, Detail: said(text)}
	if optOut(text) {
		e.State = message.OptedOut
	}
	return e
}

// itemsOf reads an array, or one object as an array of one. What the vendor posts to try the address is none.
func itemsOf[T any](body []byte) ([]T, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || bytes.Equal(body, []byte("{}")) {
		return nil, nil
	}
	if body[0] != '[' {
		body = append(append([]byte{'['}, body...), ']')
	}
	var out []T
	if err := json.Unmarshal(body, &out); err != nil {
		return nil, errForm(err)
	}
	return out, nil
}

// text is a JSON value as text: a string, a number or a truth value.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
		return nil
	}
	if v := string(b); v != "null" {
		*t = text(v)
	}
	return nil
}

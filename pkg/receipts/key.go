package receipts

import (
	"regexp"
	"strings"

	"notify/pkg/message"
)

// keyForm is a key of ours: see message.MakeKey.
var keyForm = regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{26}$`)

// keyIn is the key that a text is; empty where it is none.
func keyIn(s string) message.Key {
	if s = strings.TrimSpace(s); keyForm.MatchString(s) {
		return message.Key(s)
	}
	return ""
}

// idKey is our key in a Message-ID that we made, "<KEY@DOMAIN>"; empty in one of somebody else's.
func idKey(id string) message.Key {
	local, _, _ := strings.Cut(strings.Trim(strings.TrimSpace(id), "<>"), "@")
	return keyIn(local)
}

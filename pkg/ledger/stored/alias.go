package stored

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"strings"

	"notify/pkg/message"
)

// Aliases makes what stands in the place of what was forgotten: hashes with the ledger's key, so that equal ones stay equal.
type Aliases struct{ key []byte }

// AliasesBy are those that a key makes.
func AliasesBy(key string) *Aliases { return &Aliases{key: []byte(key)} }

func (a *Aliases) hash(kind string, what []byte) string {
	h := hmac.New(sha256.New, a.key)
	h.Write([]byte(kind + "\x00"))
	h.Write(what)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16]))
}

// Address stands for an address. Upper and lower case make no difference.
func (a *Aliases) Address(to message.Address) message.Address {
	if to.Forgotten() {
		return to
	}
	return message.ForgottenMark + message.Address(a.hash("address", []byte(strings.ToLower(string(to)))))
}

// Recipient stands for a recipient's key.
func (a *Aliases) Recipient(key string) string {
	if key == "" || strings.HasPrefix(key, message.ForgottenMark) {
		return key
	}
	return message.ForgottenMark + a.hash("recipient", []byte(key))
}

// Fields stand for a row's values: as many, so that columns stay what they are, and of them the first is the hash of all. One for each could be
// found by trying: there are not many names.
func (a *Aliases) Fields(fields []byte) []byte {
	var values []string
	_ = json.Unmarshal(fields, &values) // what is no list of values becomes one
	if len(values) > 0 && strings.HasPrefix(values[0], message.ForgottenMark) {
		return fields
	}
	blank := make([]string, max(1, len(values)))
	blank[0] = message.ForgottenMark + a.hash("fields", fields)
	b, err := json.Marshal(blank)
	if err != nil {
		return []byte("[]")
	}
	return b
}

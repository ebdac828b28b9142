package checklist

import (
	"encoding/json"
	"strings"
	"time"

	"notify/pkg/sshsign"
	"notify/pkg/words"
)

// Signers are the people who may sign, and the keys of those who have one.
type Signers struct {
	People People
	Keys   map[string]sshsign.Key // by the person's name in lower case
}

// Key is that of a person, false where he has none.
func (s Signers) Key(name string) (sshsign.Key, bool) {
	k, ok := s.Keys[strings.ToLower(name)]
	return k, ok
}

// statement is what a signer's key signs: all that a sign-off says, but the system's user, whom the signer cannot know beforehand.
type statement struct {
	Schema   string            `json:"schema"`
	Campaign string            `json:"campaign"`
	Item     string            `json:"item"`
	Role     string            `json:"role"`
	Name     string            `json:"name"`
	At       time.Time         `json:"at"`
	Checked  time.Time         `json:"checked"`
	Digest   string            `json:"digest"`
	Scopes   map[string]string `json:"scopes"`
	Evidence *Proof            `json:"evidence,omitempty"`
}

// Statement is the text under which the signature of the person's key stands.
func (s *Signature) Statement() ([]byte, error) {
	b, err := json.MarshalIndent(statement{
		Schema: "notify.sign-off/1", Campaign: s.Campaign, Item: s.Item, Role: s.Role, Name: s.Name, At: s.At.UTC(), Checked: s.Checked.UTC(),
		Digest: s.Digest, Scopes: s.Scopes, Evidence: s.Evidence,
	}, "", "  ")
	return append(b, '\n'), err
}

// StatedAt is when a statement was made.
func StatedAt(text []byte) (time.Time, error) {
	var s statement
	err := json.Unmarshal(text, &s)
	return s.At, err
}

// Prove looks whether a signature is the person's own, where he has a key.
func (s Signers) Prove(sig *Signature) {
	key, ok := s.Key(sig.Name)
	if !ok {
		return
	}
	if sig.SSH == "" {
		sig.Forged = words.T("checklist.without-key", words.A{"name": sig.Name, "key": key.Fingerprint()})
		return
	}
	text, err := sig.Statement()
	if err == nil {
		err = key.Verify(text, sig.SSH)
	}
	if err != nil {
		sig.Forged = words.T("checklist.forged", words.A{"name": sig.Name, "why": words.Cause(err)})
		return
	}
	sig.Key = key.Fingerprint()
}

// Package checklist owns what people have to look at and answer for: lists of items, each proven by a preflight check or by
// the signatures of people, and the judgement whether a signature still holds. It reads the files and judges; the ledger
// keeps the signatures, preflight brings both together, and view draws them.
//
// To add an item: a line in a file of checklists/, or in a file of the team's own that the campaign names.
package checklist

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"notify/pkg/words"
)

// Checklist is one list, as its file has it.
type Checklist struct {
	Name  string `json:"name"`
	Title Text   `json:"title"`
	Items []Item `json:"items"`
}

// Text is words in English and Chinese; either may be empty.
type Text struct {
	EN string `json:"en,omitempty"`
	ZH string `json:"zh,omitempty"`
}

// In is the text in a language, "en" or "zh", and in the other one where it is missing.
func (t Text) In(lang string) string {
	if lang == "zh" && t.ZH != "" || t.EN == "" {
		return t.ZH
	}
	return t.EN
}

// Phase is when an item is due.
type Phase string

// The phases. Only items before a campaign stop a send; the others stand in its status and report.
const (
	Before Phase = "before"
	During Phase = "during"
	After  Phase = "after"
)

// Phases are the phases in their order.
func Phases() []Phase { return []Phase{Before, During, After} }

// Roles are the roles that every installation knows; a team may add its own in notify.yaml.
func Roles() []string {
	return []string{"operations", "product", "it", "customer-service", "legal", "pr", "finance"}
}

// RoleWord is a role as it is read: one that every installation knows by its word, one of a team's own as the team calls it.
func RoleWord(role string) any {
	if slices.Contains(Roles(), role) {
		return words.Of("role", role)
	}
	return role
}

// Evidence is what a person must have before him when he signs.
type Evidence string

// The kinds of evidence. NoEvidence still takes some where it is given.
const (
	NoEvidence   Evidence = ""
	AnyEvidence  Evidence = "any"
	FileEvidence Evidence = "file" // its SHA-256 is kept
	LinkEvidence Evidence = "link"
	NoteEvidence Evidence = "note"
)

// Flag is how it is given to notify checklist sign, with a blank before it; empty where none is wanted.
func (e Evidence) Flag() string {
	switch e {
	case AnyEvidence, FileEvidence:
		return " --evidence FILE"
	case LinkEvidence:
		return " --evidence https://…"
	case NoteEvidence:
		return ` --note "…"`
	case NoEvidence:
	}
	return ""
}

// Item is one line.
type Item struct {
	ID    string `json:"id"` // "texts-read"
	Title Text   `json:"title"`
	Why   Text   `json:"why"` // what goes wrong without it
	Phase Phase  `json:"phase"`
	Role  string `json:"role"` // who answers for it
	// Check is the preflight check that proves it; empty where people sign.
	Check string `json:"check,omitempty"`
	// Evidence is what a signature wants; Expires is how long it holds, 0 for as long as the plan stays the same.
	Evidence Evidence      `json:"evidence,omitempty"`
	Expires  time.Duration `json:"expires_ns,omitempty"`
	// People is how many different people sign: at least 1 where Check is empty, otherwise 0.
	People int `json:"people,omitempty"`
}

// Signed reports whether the item is proven by signatures.
func (i *Item) Signed() bool { return i.Check == "" }

// Digest tells whether an item still says what was signed.
func (i *Item) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %q %q", i.Title.EN, i.Title.ZH, i.Why.EN, i.Why.ZH, i.Role, i.Evidence)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Digest tells whether a list is the one under which a signature was given: a signature answers for the whole of it, since
// what others check and sign is why one person's word is enough. The order of the items does not count, nor does the title.
func (c *Checklist) Digest() string {
	lines := make([]string, 0, len(c.Items))
	for _, i := range c.Items {
		lines = append(lines, fmt.Sprintf("%q %q %q %d %d %s", i.ID, i.Phase, i.Check, i.People, i.Expires, i.Digest()))
	}
	slices.Sort(lines)
	h := sha256.New()
	fmt.Fprintf(h, "%q", lines)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Item finds an item by its id; nil where there is none.
func (c *Checklist) Item(id string) *Item {
	for i := range c.Items {
		if c.Items[i].ID == id {
			return &c.Items[i]
		}
	}
	return nil
}

// IDs are the ids of all items, in order.
func (c *Checklist) IDs() []string {
	ids := make([]string, 0, len(c.Items))
	for i := range c.Items {
		ids = append(ids, c.Items[i].ID)
	}
	return ids
}

// Checks are the preflight checks that the list names, each once.
func (c *Checklist) Checks() []string {
	var ids []string
	for i := range c.Items {
		if id := c.Items[i].Check; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

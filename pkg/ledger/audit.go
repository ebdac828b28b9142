package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Figures are how much an act was about.
type Figures struct {
	Messages  int `json:"messages"`
	Addresses int `json:"addresses,omitempty"`
	// Keys is HashKeys of the messages, where they were named one by one.
	Keys string `json:"keys,omitempty"`
	// Cost is what the messages cost, by currency.
	Cost map[string]message.Money `json:"cost,omitempty"`
	// Unpriced are the accounts that Cost leaves out, since nobody has said what those ask.
	Unpriced []string `json:"unpriced,omitempty"`
}

// Spend adds to the cost. What costs nothing, or is in no currency, is left out.
func (f *Figures) Spend(currency string, cost message.Money) {
	if currency == "" || cost == 0 {
		return
	}
	if f.Cost == nil {
		f.Cost = make(map[string]message.Money)
	}
	f.Cost[currency] += cost
}

// HashKeys stands for keys that are too many to be written down: SHA-256 of them sorted, each on a line of its own.
func HashKeys(keys []message.Key) string {
	if len(keys) == 0 {
		return ""
	}
	sorted := make([]string, 0, len(keys))
	for _, k := range keys {
		sorted = append(sorted, string(k))
	}
	slices.Sort(sorted)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(sorted), "\n") + "\n"))
	return hex.EncodeToString(sum[:])
}

// Of is the act of a Resolve as the audit keeps it: with what came of how many messages, and why.
func (done Resolved) Of(by Act, rs []Resolution, cost map[string]message.Money) Act {
	if len(rs) == 0 {
		return by // what dead runs left was made unknown, and nothing settled
	}
	by.Figures = &Figures{Messages: done.Accepted + done.NotSent + done.Rejected, Cost: cost}
	keys := make([]message.Key, 0, len(rs))
	for _, r := range rs {
		keys = append(keys, r.Key)
	}
	by.Figures.Keys = HashKeys(keys)
	counts := words.A{"accepted": done.Accepted, "not_sent": done.NotSent, "rejected": done.Rejected}
	switch {
	case !by.Said.IsZero():
	case by.Reason == "":
		by.Said = words.T("act.why-asked", counts)
	default:
		counts["reason"] = by.Reason
		by.Said = words.T("act.why-decided", counts)
	}
	return by
}

// AuditEntry is an Act on a campaign. Entries are a chain: the hash of each covers that of the one before it.
type AuditEntry struct {
	Act
	Campaign string `json:"campaign"` // empty: of none
	// ID is its place, from 1 on, none left out, and Hash what it adds to the chain: SHA-256, in hexadecimal.
	ID   int64  `json:"id"`
	Hash string `json:"hash"`
}

package preflight

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// Missing are people of an earlier list who wait to be told and are not on this one.
type Missing struct {
	People int             `json:"people"`
	First  []MissingPerson `json:"first,omitempty"` // at most mostMissing
}

// MissingPerson is one of them, by the earlier list.
type MissingPerson struct {
	Row     int    `json:"row"`
	Key     string `json:"recipient"`
	Address string `json:"address"` // masked
}

const mostMissing = 20

// tells reports whether a message that is still to be sent tells the row: its own, or the one that it shares.
func (r *Remaining) tells(row *plan.Recipient) bool {
	return slices.ContainsFunc(row.Messages, func(m plan.Message) bool { return r.sends(m.Key) }) ||
		slices.ContainsFunc(row.Folds, func(f plan.Fold) bool { return r.sends(f.Into) })
}

// sends reports a message of the plan that is still to be sent.
func (r *Remaining) sends(k message.Key) bool {
	was, known := r.find(k)
	return !known || was.fate() != fateLeft && was.fate() != fateRefused
}

// missing finds the people who are pending and whom the list does not have any more. A part of a list takes nobody off it.
func (s *Subject) missing(ctx context.Context, r *Remaining) (Missing, error) {
	var m Missing
	if !s.Plan.Part.All() || r.Changes.Removed == 0 {
		return m, nil
	}
	waiting := make(map[string]MissingPerson)
	for rec, err := range s.Ledger.Messages(ctx, s.name(), message.Pending) {
		if err != nil {
			return m, err
		}
		if was, known := r.find(rec.Key); known && was.fate() == fatePending {
			waiting[rec.Recipient] = MissingPerson{Row: rec.Row, Key: s.Config.Channels.MaskedKey(rec.Recipient), Address: s.Config.Channels.Masked(rec.Channel, rec.Address)}
		}
	}
	// Who has another address on this list is on it.
	err := s.eachRow(ctx, func(row *plan.Recipient) bool {
		delete(waiting, row.Key)
		return true
	})
	if err != nil {
		return m, err
	}
	people := slices.SortedFunc(maps.Values(waiting), func(a, b MissingPerson) int { return cmp.Compare(a.Row, b.Row) })
	m.People, m.First = len(people), people[:min(len(people), mostMissing)]
	return m, nil
}

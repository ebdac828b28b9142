package preflight

import (
	"testing"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// What is staged of a row decides whether it is still to be sent, and how the list differs from the one before.
func TestWhatBecomesOfARowThatWasStaged(t *testing.T) {
	t.Parallel()
	const key = message.Key("award/sms/K1")
	was, now := []byte(`["K1","Wang"]`), []byte(`["K1","Li"]`)
	staged := func(fate mark) map[uint64]mark { return map[uint64]mark{short(key): marked(fate, was)} }
	for _, c := range []struct {
		name                 string
		staged               map[uint64]mark
		same                 bool // the very plan is staged
		row                  []byte
		want                 Changes
		kept, hasLeft, sends bool // it is not sent again; it may have left; it is still to be sent
	}{
		{"a new name", nil, false, now, Changes{Added: 1}, false, false, true},
		{"a new row", map[uint64]mark{short("other"): marked(fateLeft, was)}, false, now, Changes{Added: 1}, false, false, true},
		{"what is not kept of the very plan is pending", map[uint64]mark{short("other"): marked(fateLeft, was)}, true, now, Changes{Same: 1}, false, false, true},
		{"pending", staged(fatePending), false, was, Changes{Same: 1, Removed: -1}, false, false, true},
		{"pending, with another name", staged(fatePending), false, now, Changes{Changed: 1, Removed: -1}, false, false, true},
		{"left", staged(fateLeft), false, was, Changes{Left: 1, Gone: -1}, true, true, false},
		{"left of the very plan", staged(fateLeft), true, was, Changes{Left: 1, Gone: -1}, true, true, false},
		{"left, with another name", staged(fateLeft), false, now, Changes{Left: 1, Differs: 1, Gone: -1}, true, true, false},
		{"rejected", staged(fateRefused), false, was, Changes{Left: 1, Removed: -1}, true, false, false},
		{"rejected, with another name", staged(fateRefused), false, now, Changes{Left: 1, Differs: 1, Removed: -1}, true, false, false},
		{"cancelled", staged(fateOff), false, was, Changes{Added: 1}, false, false, true},
		{"cancelled, with another name", staged(fateOff), false, now, Changes{Added: 1}, false, false, true},
	} {
		r := Remaining{staged: c.staged, same: c.same}
		row := &plan.Recipient{Messages: []plan.Message{{Key: key}}}
		folded := &plan.Recipient{Messages: []plan.Message{{Key: key}}, Folds: []plan.Fold{{Into: key}}}
		if r.sends(key) != c.sends || r.tells(row) != c.sends || r.tells(folded) != c.sends || r.tells(&plan.Recipient{Folds: folded.Folds}) != c.sends {
			t.Errorf("%s: it is sent: %v, want %v", c.name, r.sends(key), c.sends)
		}
		if r.hasLeft(key) != c.hasLeft {
			t.Errorf("%s: it has left: %v", c.name, r.hasLeft(key))
		}
		if kept := r.compare(key, c.row); kept != c.kept || r.Changes != c.want {
			t.Errorf("%s: %v with %+v, want %v with %+v", c.name, kept, r.Changes, c.kept, c.want)
		}
	}
	r := Remaining{staged: map[uint64]mark{short(key): marked(fatePending, was), short("other"): marked(fatePending, was)}}
	if r.compare(key, was); len(r.staged) != 1 {
		t.Errorf("what is on the list is among what is missing: %v", r.staged)
	}
}

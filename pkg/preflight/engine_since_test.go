package preflight_test

import (
	"testing"

	"notify/pkg/checklist"
	"notify/pkg/preflight"

	"github.com/google/go-cmp/cmp"
)

// What changed in the checklist itself since the signatures stands among the changes, where it is still that list.
func TestAChangedChecklistIsAmongTheChanges(t *testing.T) {
	state := func(name string, ids ...string) *checklist.State {
		s := &checklist.State{Name: name}
		for _, id := range ids {
			s.Lines = append(s.Lines, checklist.Line{Item: checklist.Item{ID: id, People: 1}})
		}
		return s
	}
	for _, c := range []struct {
		name          string
		before, after *checklist.State
		want          []string
	}{
		{"the same list", state("ours", "a", "b"), state("ours", "b", "a"), []string{}},
		{"an item less", state("ours", "a", "b"), state("ours", "a"), []string{"the checklist changed: b is gone"}},
		{"items less and more", state("ours", "a", "b"), state("ours", "a", "c"), []string{"the checklist changed: b is gone; c is new"}},
		{"another list", state("ours", "a"), state("theirs", "b"), []string{}},
		{"none before", nil, state("ours", "a"), []string{}},
		{"none any more", state("ours", "a"), nil, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := preflight.Compare(&preflight.Result{Checklist: c.before}, &preflight.Result{Checklist: c.after})
			if d := cmp.Diff(c.want, append([]string{}, english(got)...)); d != "" {
				t.Error(d)
			}
		})
	}
}

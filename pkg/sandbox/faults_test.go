package sandbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/sandbox"
)

func TestFaultsAreReadFromWords(t *testing.T) {
	var got sandbox.Faults
	for _, text := range []string{
		"refuse=0.01", "throttle=0.02", "reject=0.03", "cut-before=0.04", "cut-after=0.05", "garbage=0.06", "error500=0.07", "slow=1",
	} {
		if err := got.Set(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	want := sandbox.Faults{
		Refuse: .01, Throttle: .02, Reject: .03, CutBefore: .04, CutAfter: .05, Garbage: .06, Error500: .07, Slow: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, text := range []string{"", "refuse", "refuse=", "refuse=2", "refuse=-1", "refuse=NaN", "nothing=0.1"} {
		if err := got.Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was refused changed the faults (-want +got):\n%s", diff)
	}
}

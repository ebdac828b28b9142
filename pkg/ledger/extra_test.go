package ledger_test

import (
	"strings"
	"testing"

	"notify/pkg/ledger"
)

func TestACampaignsNameAsAFileIsReadableAndOfItsOwn(t *testing.T) {
	t.Parallel()
	const hash = 1 + 8 // a dash and the hash
	forty := strings.Repeat("奖", 40)
	for name, want := range map[string]string{
		"award-2020_b": "award-2020_b", "../etc/passwd": "___etc_passwd", "a b:c": "a_b_c", "获奖1": "获奖1", "": "", forty: forty, forty + "x": forty,
	} {
		got := ledger.FileName(name)
		if len(got) < hash || got[:len(got)-hash] != want || got[len(got)-hash] != '-' {
			t.Errorf("%q is %q, want %q and a hash of 8", name, got, want)
		}
	}
	if ledger.FileName("a/b") == ledger.FileName("a_b") {
		t.Error("two names look alike as files")
	}
}

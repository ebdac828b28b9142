package ledger_test

import (
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
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

func TestWhyAnActWasDone(t *testing.T) {
	t.Parallel()
	said := words.T("run.why.done", nil)
	for _, c := range []struct {
		act  ledger.Act
		want words.Text
	}{
		{ledger.Act{}, words.Text{}},
		{ledger.Act{Reason: "wrong text"}, words.Raw("wrong text")},
		{ledger.Act{Said: said}, said},
		{ledger.Act{Said: said, Reason: "both"}, said},
		{ledger.Act{What: ledger.ActPause}, words.T("act.why-none", nil)},
		{ledger.Act{What: ledger.ActPause, Reason: "wrong text"}, words.Raw("wrong text")},
	} {
		if got := c.act.Why(); got.String() != c.want.String() {
			t.Errorf("%+v: %q, want %q", c.act, got, c.want)
		}
	}
}

func TestACampaignIsDoneWhereNothingIsPendingOrOpen(t *testing.T) {
	t.Parallel()
	for state, done := range map[message.State]bool{
		message.Pending: false, message.Attempting: false, message.Accepted: true, message.Rejected: true, message.Unknown: true, message.Cancelled: true,
	} {
		c := ledger.Counts{ByState: ledger.Tally{message.SMS: {state: 1}}}
		if c.Done() != done {
			t.Errorf("with one %s: done is %t", state, c.Done())
		}
	}
	if !(ledger.Counts{}).Done() {
		t.Error("nothing at all is not done")
	}
}

func TestATimeUpTo1970IsNone(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000, 0)
	for _, c := range []struct{ notBefore, want time.Time }{
		{time.Time{}, time.Time{}},
		{time.Unix(0, 0), time.Time{}},
		{time.Unix(1, 0), time.Unix(1, 0)},
		{now.Add(ledger.MaxLater), now.Add(ledger.MaxLater)},
		{now.Add(ledger.MaxLater + 1), now.Add(ledger.MaxLater)},
	} {
		if got := ledger.Later(now, c.notBefore); !got.Equal(c.want) {
			t.Errorf("%s: later is %s, want %s", c.notBefore, got, c.want)
		}
	}
}

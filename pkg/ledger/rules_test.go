package ledger_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Every driver goes by these rules; that it does so is held by ledgertest.

// s is a moment in seconds.
func s(n int) time.Time { return time.Unix(int64(1_000_000+n), 0).UTC() }

func same(t *testing.T, name string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

const putBack = int(ledger.PutBack / time.Second)

func TestHowADomainIsHeldBack(t *testing.T) {
	t.Parallel()
	held := ledger.DomainHeld{SlowTo: 2, SlowUntil: s(60), Until: s(30), Since: s(0)}
	for name, c := range map[string]struct {
		was    ledger.DomainHeld
		change ledger.DomainChange
		want   ledger.DomainHeld
	}{
		"slowed": {ledger.DomainHeld{}, ledger.DomainChange{At: s(1), SlowTo: 3, SlowUntil: s(20)}, ledger.DomainHeld{SlowTo: 3, SlowUntil: s(20), Since: s(1)}},
		"slower, and not as long": {
			held, ledger.DomainChange{At: s(1), SlowTo: 1, SlowUntil: s(20)}, ledger.DomainHeld{SlowTo: 1, SlowUntil: s(60), Until: s(30), Since: s(1)},
		},
		"faster, and longer": {
			held, ledger.DomainChange{At: s(1), SlowTo: 4, SlowUntil: s(90)}, ledger.DomainHeld{SlowTo: 2, SlowUntil: s(90), Until: s(30), Since: s(1)},
		},
		"slowed anew":            {held, ledger.DomainChange{At: s(60), SlowTo: 4, SlowUntil: s(90)}, ledger.DomainHeld{SlowTo: 4, SlowUntil: s(90), Until: s(30), Since: s(60)}},
		"a time that has passed": {held, ledger.DomainChange{At: s(1), SlowTo: 1, SlowUntil: s(1)}, held},
		"no rate":                {held, ledger.DomainChange{At: s(1), SlowUntil: s(90)}, held},
		"left alone for longer":  {held, ledger.DomainChange{At: s(1), Until: s(31)}, ledger.DomainHeld{SlowTo: 2, SlowUntil: s(60), Until: s(31), Since: s(1)}},
		"left alone as long":     {held, ledger.DomainChange{At: s(1), Until: s(30)}, held},
		"left alone until then":  {ledger.DomainHeld{}, ledger.DomainChange{At: s(1), Until: s(1)}, ledger.DomainHeld{}},
		"the clock put back":     {held, ledger.DomainChange{At: s(-putBack - 1), Until: s(5)}, ledger.DomainHeld{Until: s(5), Since: s(-putBack - 1)}},
		"the clock put back a little": {
			held, ledger.DomainChange{At: s(-putBack), Until: s(31)}, ledger.DomainHeld{SlowTo: 2, SlowUntil: s(60), Until: s(31), Since: s(-putBack)},
		},
	} {
		d := ledger.DomainState{DomainHeld: c.was}
		c.change.Apply(&d)
		same(t, name, d.DomainHeld, c.want)
	}
	for now, want := range map[time.Time]struct {
		rate  float64
		until time.Time
	}{s(29): {2, s(30)}, s(30): {2, time.Time{}}, s(59): {2, time.Time{}}, s(60): {}, s(-putBack): {2, s(30)}, s(-putBack - 1): {}} {
		d := held
		if rate, until := d.Slowed(now); rate != want.rate || !until.Equal(want.until) {
			t.Errorf("at %s it is slowed to %v and left alone until %s", now, rate, until)
		}
	}
}

func TestWhatASenderAttemptedByDay(t *testing.T) {
	t.Parallel()
	d := ledger.DomainHeld{Day: "2026-11-20", Sent: 2, Days: 3}
	same(t, "the day itself", d.On("2026-11-20"), d)
	same(t, "the clock put back", d.On("2026-11-19"), d)
	same(t, "the day after", d.On("2026-11-21"), ledger.DomainHeld{Day: "2026-11-21", Days: 4})
	same(t, "after a day with one", ledger.DomainHeld{Day: "2026-11-20", Sent: 1}.On("2026-11-21"), ledger.DomainHeld{Day: "2026-11-21", Days: 1})
	same(t, "after a day with nothing", ledger.DomainHeld{Day: "2026-11-20", Days: 3}.On("2026-11-22"), ledger.DomainHeld{Day: "2026-11-22", Days: 3})
	for _, want := range []int64{1, 0, 0} {
		if d.Uncount("2026-11-20"); d.Sent != want {
			t.Errorf("%d were sent, want %d", d.Sent, want)
		}
	}
	d.Sent = 2
	if d.Uncount("2026-11-19"); d.Sent != 2 {
		t.Error("what was attempted on another day was taken back")
	}
	for days, want := range []int64{500, 750, 1125, 1687} {
		if got := (ledger.Ramp{Start: 500, Factor: 1.5}).Most(days); got != want {
			t.Errorf("after %d days %d, want %d", days, got, want)
		}
	}
	if got := (ledger.Ramp{Start: 10, Factor: 1.1}).Most(1); got != 11 { // 10.999999999999998 otherwise
		t.Errorf("%d, want 11", got)
	}
	if got := (ledger.Ramp{Start: 500, Factor: 2}).Most(5000); got != 1<<40 {
		t.Errorf("without a bound: %d", got)
	}
	if of, is := ledger.SenderOf(ledger.RampOf("edm.example.test")); !is || of != "edm.example.test" {
		t.Errorf("%q, %t", of, is)
	}
	if _, is := ledger.SenderOf("edm.example.test"); is {
		t.Error("a domain was taken for a sender")
	}
}

func TestWhatARunLearnsOfAnAccount(t *testing.T) {
	t.Parallel()
	why, said := words.T("run.why.done", nil), words.T("run.why.lost", nil)
	was := ledger.AccountState{Scale: 0.5, Failures: 2, NotBefore: s(30), OpenUntil: s(60), Reason: why, Since: s(0)}
	with := func(change func(*ledger.AccountState)) ledger.AccountState {
		a := was
		change(&a)
		return a
	}
	for name, c := range map[string]struct {
		change ledger.AccountChange
		want   ledger.AccountState
	}{
		"nothing":  {ledger.AccountChange{At: s(1)}, was},
		"failures": {ledger.AccountChange{At: s(1), Failed: 3}, with(func(a *ledger.AccountState) { a.Failures = 5 })},
		"an answer, and a failure after it": {
			ledger.AccountChange{At: s(1), Well: true, Failed: 1},
			with(func(a *ledger.AccountState) { a.Failures, a.OpenUntil, a.Reason = 1, time.Time{}, words.Text{} }),
		},
		"anew":               {ledger.AccountChange{At: s(1), Anew: true}, with(func(a *ledger.AccountState) { a.NotBefore, a.OpenUntil = time.Time{}, s(1) })},
		"the clock put back": {ledger.AccountChange{At: s(-putBack - 1)}, with(func(a *ledger.AccountState) { a.NotBefore, a.OpenUntil = time.Time{}, s(-putBack-1) })},
		"a little":           {ledger.AccountChange{At: s(-putBack)}, was},
		"anew, and well": {
			ledger.AccountChange{At: s(1), Anew: true, Well: true},
			ledger.AccountState{Scale: 0.5},
		},
		"the rate":                     {ledger.AccountChange{At: s(1), Scale: &ledger.Rescale{From: 0.5, To: 0.25}}, with(func(a *ledger.AccountState) { a.Scale = 0.25 })},
		"a rate that was not in force": {ledger.AccountChange{At: s(1), Scale: &ledger.Rescale{From: 1, To: 0.5}}, was},
		"later":                        {ledger.AccountChange{At: s(1), NotBefore: s(31)}, with(func(a *ledger.AccountState) { a.NotBefore, a.Since = s(31), s(1) })},
		"no later":                     {ledger.AccountChange{At: s(1), NotBefore: s(30), OpenUntil: s(60), Reason: said}, was},
		"open for longer": {
			ledger.AccountChange{At: s(1), OpenUntil: s(61), Reason: said},
			with(func(a *ledger.AccountState) { a.OpenUntil, a.Reason, a.Since = s(61), said, s(1) }),
		},
		"what the vendor said": {ledger.AccountChange{At: s(1), Error: said}, with(func(a *ledger.AccountState) { a.Error, a.At = said, s(1) })},
	} {
		a := was
		c.change.Apply(&a)
		same(t, name, a, c.want)
	}
	closed := ledger.AccountState{Scale: 1}
	ledger.AccountChange{At: s(1), Anew: true, NotBefore: time.Unix(0, 0), OpenUntil: time.Unix(-5, 0)}.Apply(&closed)
	same(t, "a breaker that is closed, and times that are none", closed, ledger.AccountState{Scale: 1})
}

func TestWhatAPersonSetsOfAnAccount(t *testing.T) {
	t.Parallel()
	weight := func(n int) *int { return &n }
	li, wang := ledger.Act{Who: "li", Reason: "complaints"}, ledger.Act{Who: "wang"}
	var a ledger.AccountState
	ledger.AccountSetting{Weight: weight(0)}.Apply(&a, li)
	same(t, "no share", a, ledger.AccountState{Weight: weight(0)})
	ledger.AccountSetting{Weight: weight(-1)}.Apply(&a, li)
	same(t, "the configured share", a, ledger.AccountState{})
	said := li
	said.Said, said.Figures = words.T("run.why.done", nil), &ledger.Figures{Messages: 1}
	ledger.AccountSetting{Off: true}.Apply(&a, said)
	ledger.AccountSetting{Off: true}.Apply(&a, wang)
	same(t, "off, by the first who said so", a, ledger.AccountState{Off: &li})
	ledger.AccountSetting{}.Apply(&a, wang)
	same(t, "nothing set", a, ledger.AccountState{Off: &li})
	ledger.AccountSetting{On: true}.Apply(&a, wang)
	same(t, "on", a, ledger.AccountState{})
	ledger.AccountSetting{On: true, Off: true}.Apply(&a, wang)
	same(t, "on and off", a, ledger.AccountState{Off: &wang})
	a = ledger.AccountState{Scale: 0.5, Failures: 3, OpenUntil: s(9), NotBefore: s(9), Reason: words.Raw("x"), Since: s(1)}
	ledger.AccountSetting{CloseBreaker: true}.Apply(&a, wang)
	same(t, "closed by hand", a, ledger.AccountState{Scale: 0.5})
}

func TestWhatComesOfALook(t *testing.T) {
	t.Parallel()
	cond := func(kind, about string, change ...func(*ledger.Condition)) ledger.Condition {
		c := ledger.Condition{Kind: kind, About: about, Severity: ledger.SeverityWarning}
		for _, f := range change {
			f(&c)
		}
		return c
	}
	hourly := func(c *ledger.Condition) { c.Again = time.Hour }
	critical := func(c *ledger.Condition) { c.Severity = ledger.SeverityCritical }
	info := func(c *ledger.Condition) { c.Severity = ledger.SeverityInfo }
	passing := func(c *ledger.Condition) { c.Passing = true }
	const hour = 3600
	alert := func(c ledger.Condition, told int) ledger.Alert {
		return ledger.Alert{Condition: c, Since: s(0), Told: s(told)}
	}
	for name, c := range map[string]struct {
		open []ledger.Alert
		look ledger.Look
		want []ledger.Change // of the notices
		told []int           // of the alerts that hold after it
	}{
		"something new": {nil, ledger.Look{At: s(5), Holds: []ledger.Condition{cond("paused", "a")}}, []ledger.Change{ledger.Began}, []int{5}},
		"the same kind of another campaign, and another kind of the same": {
			[]ledger.Alert{alert(cond("paused", "a"), 0)},
			ledger.Look{At: s(5), Holds: []ledger.Condition{cond("paused", "a"), cond("paused", "b"), cond("died", "a")}},
			[]ledger.Change{ledger.Began, ledger.Began},
			[]int{0, 5, 5},
		},
		"still so, never told again": {[]ledger.Alert{alert(cond("paused", "a"), 0)}, ledger.Look{At: s(9 * hour), Holds: []ledger.Condition{cond("paused", "a")}}, nil, []int{0}},
		"still so, not due": {
			[]ledger.Alert{alert(cond("paused", "a", hourly), 1)}, ledger.Look{At: s(hour), Holds: []ledger.Condition{cond("paused", "a", hourly)}}, nil, []int{1},
		},
		"still so, due": {
			[]ledger.Alert{alert(cond("paused", "a", hourly), 0), alert(cond("paused", "b"), 0)},
			ledger.Look{At: s(hour), Holds: []ledger.Condition{cond("paused", "a", hourly), cond("paused", "b")}},
			[]ledger.Change{ledger.Holds},
			[]int{hour, 0},
		},
		"told after now, never again": {[]ledger.Alert{alert(cond("paused", "a"), 9)}, ledger.Look{At: s(5), Holds: []ledger.Condition{cond("paused", "a")}}, nil, []int{9}},
		"told after now": {
			[]ledger.Alert{alert(cond("paused", "a", hourly), 9)},
			ledger.Look{At: s(5), Holds: []ledger.Condition{cond("paused", "a", hourly)}},
			[]ledger.Change{ledger.Holds},
			[]int{5},
		},
		"worse":      {[]ledger.Alert{alert(cond("paused", "a"), 0)}, ledger.Look{At: s(5), Holds: []ledger.Condition{cond("paused", "a", critical)}}, []ledger.Change{ledger.Holds}, []int{5}},
		"not as bad": {[]ledger.Alert{alert(cond("paused", "a"), 0)}, ledger.Look{At: s(5), Holds: []ledger.Condition{cond("paused", "a", info)}}, nil, []int{0}},
		"over, of a kind that was looked for": {
			[]ledger.Alert{alert(cond("kept", "a"), 0), alert(cond("paused", "a"), 0), alert(cond("paused", "b"), 0), alert(cond("paused", "c", passing), 0), alert(cond("paused", "d"), 0)},
			ledger.Look{At: s(5), Kinds: []string{"paused"}, Unsure: []ledger.Condition{cond("paused", "b")}},
			[]ledger.Change{ledger.Over, ledger.Over},
			[]int{0, 0},
		},
	} {
		notices, after := c.look.Changes(c.open)
		var changes []ledger.Change
		for _, n := range notices {
			if changes = append(changes, n.Change); n.Change != ledger.Began && !n.Since.Equal(s(0)) || n.Change == ledger.Began && !n.Since.Equal(c.look.At) {
				t.Errorf("%s: %s since %s", name, n.Change, n.Since)
			}
		}
		var told []int
		for _, a := range after {
			told = append(told, int(a.Told.Sub(s(0))/time.Second))
		}
		same(t, name+": notices", changes, c.want)
		same(t, name+": alerts", told, c.told)
	}
	for _, c := range []struct {
		of, than ledger.Severity
		want     bool
	}{
		{ledger.SeverityInfo, ledger.SeverityInfo, true},
		{ledger.SeverityInfo, ledger.SeverityWarning, false},
		{ledger.SeverityCritical, ledger.SeverityWarning, true},
		{ledger.SeverityWarning, ledger.SeverityCritical, false},
	} {
		if c.of.Least(c.than) != c.want {
			t.Errorf("%s is at least %s: %t", c.of, c.than, !c.want)
		}
	}
}

func TestTheFiguresOfAnAct(t *testing.T) {
	t.Parallel()
	var f ledger.Figures
	f.Spend("", 5)
	f.Spend("CNY", 0)
	same(t, "what costs nothing", f, ledger.Figures{})
	f.Spend("CNY", 1)
	f.Spend("CNY", 2)
	f.Spend("USD", 4)
	same(t, "what costs", f.Cost, map[string]message.Money{"CNY": 3, "USD": 4})
	if ledger.HashKeys(nil) != "" {
		t.Error("no keys have a hash")
	}
	one := ledger.HashKeys([]message.Key{"b", "a", "b"})
	if one != ledger.HashKeys([]message.Key{"a", "b"}) || one == ledger.HashKeys([]message.Key{"ab"}) || one == ledger.HashKeys([]message.Key{"a"}) || len(one) != 64 {
		t.Errorf("the hash of keys: %q", one)
	}
	by := ledger.Act{Who: "li", What: "resolve"}
	same(t, "nothing settled", ledger.Resolved{Accepted: 1}.Of(by, nil, nil), by)
	rs := []ledger.Resolution{{Key: "a"}}
	cost := map[string]message.Money{"CNY": 3}
	got := ledger.Resolved{Accepted: 1, NotSent: 2, Rejected: 4, Skipped: 8}.Of(by, rs, cost)
	same(t, "figures", got.Figures, &ledger.Figures{Messages: 7, Keys: ledger.HashKeys([]message.Key{"a"}), Cost: cost})
	for said, c := range map[string]ledger.Act{"act.why-asked": by, "act.why-decided": {Reason: "looked up"}, "run.why.done": {Said: words.T("run.why.done", nil), Reason: "both"}} {
		if got := (ledger.Resolved{}).Of(c, rs, nil).Said.ID; got != said {
			t.Errorf("it says %s, want %s", got, said)
		}
	}
	if got := (ledger.Resolved{}).Of(ledger.Act{Reason: "looked up"}, rs, nil).Said.Args["reason"]; got != "looked up" {
		t.Errorf("the reason is %v", got)
	}
	li, itself := ledger.Act{Who: "li"}, ledger.Act{Who: ledger.Itself, Reason: "x"}
	why := ledger.Act{Who: "wang", Reason: "wrong text"}
	for _, c := range []struct {
		a      ledger.Act
		stands *ledger.Act
		want   bool
	}{
		{itself, nil, true}, {itself, &itself, false}, {itself, &li, false}, {li, &itself, true}, {li, &li, false}, {why, &li, true}, {why, &why, false}, {li, &why, false},
	} {
		if c.a.Outweighs(c.stands) != c.want {
			t.Errorf("%+v outweighs %+v: %t", c.a, c.stands, !c.want)
		}
	}
	for want, r := range map[message.Grade]ledger.Resolution{message.GradePerson: {}, message.GradeSigned: {Grade: message.GradeSigned}} {
		if r.Proven() != want {
			t.Errorf("%+v is proven by %s", r, r.Proven())
		}
	}
}

func TestFactsInWhateverOrder(t *testing.T) {
	t.Parallel()
	a := ledger.Fact{State: message.Delivered, Code: "a", Detail: "x", Grade: message.GradeUnsigned, At: s(1), Segments: 2}
	for name, c := range map[string]struct{ other, want ledger.Fact }{
		"older":              {ledger.Fact{Code: "b", At: s(0), Segments: 1}, a},
		"newer":              {ledger.Fact{Code: "0", Detail: "0", At: s(2), Segments: 3}, ledger.Fact{State: message.Delivered, Code: "0", Detail: "0", Grade: message.GradeUnsigned, At: s(2), Segments: 3}},
		"a better proof":     {ledger.Fact{Grade: message.GradeSigned, At: s(0)}, ledger.Fact{State: message.Delivered, Code: "a", Detail: "x", Grade: message.GradeSigned, At: s(1), Segments: 2}},
		"as new, a code":     {ledger.Fact{Code: "b", Detail: "0", At: s(1)}, ledger.Fact{State: message.Delivered, Code: "b", Detail: "0", Grade: message.GradeUnsigned, At: s(1), Segments: 2}},
		"as new, a detail":   {ledger.Fact{Code: "a", Detail: "y", At: s(1)}, ledger.Fact{State: message.Delivered, Code: "a", Detail: "y", Grade: message.GradeUnsigned, At: s(1), Segments: 2}},
		"as new, and less":   {ledger.Fact{Code: "0", Detail: "z", At: s(1)}, a},
		"as new, the same":   {ledger.Fact{Code: "a", Detail: "x", At: s(1)}, a},
		"as new, a shorter":  {ledger.Fact{Code: "a", Detail: "", At: s(1)}, a},
		"the same once more": {a, a},
	} {
		c.other.State = message.Delivered
		if c.other.Grade == "" {
			c.other.Grade = message.GradeUnsigned
		}
		same(t, name, a.Join(c.other), c.want)
		same(t, name+", the other way round", c.other.Join(a), c.want)
	}
	if ledger.Ended([]ledger.Fact{{State: message.Clicked, At: s(1)}}) != nil {
		t.Error("a click is the end")
	}
	end := ledger.Ended([]ledger.Fact{{State: message.Delivered, At: s(5)}, {State: message.SoftBounce, At: s(5)}, {State: message.HardBounce, At: s(4)}, {State: message.Clicked, At: s(9)}})
	if end == nil || end.State != message.SoftBounce {
		t.Errorf("it ended with %+v", end)
	}
	same(t, "where it counts", ledger.CountsOf([]ledger.Fact{
		{State: message.Delivered, At: s(1), Grade: message.GradeSigned}, {State: message.HardBounce, At: s(2), Grade: message.GradeUnsigned}, {State: message.Clicked, At: s(9), Grade: message.GradeSigned},
	}), []ledger.Counted{{State: message.HardBounce, Grade: message.GradeUnsigned}, {State: message.Clicked, Grade: message.GradeSigned}})
	same(t, "nothing told", ledger.CountsOf(nil), []ledger.Counted(nil))
	d := ledger.Delivery{ByState: map[message.ReceiptState]int{message.Delivered: 2, message.HardBounce: 3, message.Clicked: 5, message.Waiting: 7}}
	if d.Ended() != 5 {
		t.Errorf("%d ended", d.Ended())
	}
	e := message.Event{State: message.Delivered, Code: "c", Detail: "d", Grade: message.GradeSigned, Segments: 2}
	same(t, "without a time", ledger.FactOf(e, s(3)), ledger.Fact{State: message.Delivered, Code: "c", Detail: "d", Grade: message.GradeSigned, At: s(3), Segments: 2})
	e.At = s(1)
	if !ledger.FactOf(e, s(3)).At.Equal(s(1)) {
		t.Error("its own time does not count")
	}
}

func TestWhatAReceiptMeansForAMessage(t *testing.T) {
	t.Parallel()
	slack := int(ledger.ReceiptSlack / time.Second)
	late := int(ledger.ReceiptLate / time.Second)
	fits := ledger.Candidate{Awaited: ledger.Awaited{Account: "edm", Address: "wang@example.test", Key: "k", VendorID: "v", Claimed: s(0)}}
	for name, c := range map[string]struct {
		account string
		e       message.Event
		want    bool
	}{
		"another account":              {"sms", message.Event{Key: "k"}, false},
		"our key":                      {"edm", message.Event{Key: "k", VendorID: "w"}, true},
		"another key":                  {"edm", message.Event{Key: "l", VendorID: "v"}, false},
		"another address":              {"edm", message.Event{Key: "k", To: "li@example.test"}, false},
		"the address in other letters": {"edm", message.Event{Key: "k", To: "WANG@example.test"}, true},
		"the vendor's id":              {"edm", message.Event{VendorID: "v", At: s(1)}, true},
		"another id":                   {"edm", message.Event{VendorID: "w", At: s(1)}, false},
		"the address alone":            {"edm", message.Event{To: "wang@example.test", At: s(1)}, true},
		"a little before":              {"edm", message.Event{To: "wang@example.test", At: s(-slack)}, true},
		"before it was claimed":        {"edm", message.Event{To: "wang@example.test", At: s(-slack - 1)}, false},
	} {
		if got := fits.Fits(c.account, c.e, s(9)); got != c.want {
			t.Errorf("%s: fits is %t", name, got)
		}
	}
	for name, c := range map[string]struct {
		state    message.State
		attempts int
		e        message.Event
		arrived  int
		want     ledger.Judgement
	}{
		"never attempted":                    {message.Pending, 0, message.Event{State: message.Delivered}, 1, ledger.JudgeForeign},
		"another attempt's":                  {message.Accepted, 2, message.Event{State: message.Delivered, VendorID: "w"}, 1, ledger.JudgeContrary},
		"too late":                           {message.Accepted, 1, message.Event{State: message.Delivered, Key: "k"}, late + 1, ledger.JudgeLate},
		"just in time":                       {message.Accepted, 1, message.Event{State: message.Delivered}, late, ledger.JudgeRecord},
		"too late, waiting":                  {message.Accepted, 1, message.Event{State: message.Waiting, Key: "k"}, late + 1, ledger.JudgeLate},
		"late, what a person did":            {message.Accepted, 1, message.Event{State: message.OptedOut, Key: "k"}, late + 1, ledger.JudgeRecord},
		"late, what a person did, by nobody": {message.Accepted, 1, message.Event{State: message.OptedOut}, late + 1, ledger.JudgeLate},
		"under way":                          {message.Attempting, 1, message.Event{State: message.Delivered}, 1, ledger.JudgeHold},
		"accepted":                           {message.Accepted, 1, message.Event{State: message.HardBounce}, 1, ledger.JudgeRecord},
		"accepted, and waits":                {message.Accepted, 1, message.Event{State: message.Waiting}, 1, ledger.JudgeOurs},
		"unknown, signed":                    {message.Unknown, 1, message.Event{State: message.Delivered, Grade: message.GradeSigned}, 1, ledger.JudgeResolve},
		"unknown, unsigned":                  {message.Unknown, 1, message.Event{State: message.Delivered, Grade: message.GradeUnsigned}, 1, ledger.JudgeAsk},
		"rejected, and it arrived":           {message.Rejected, 1, message.Event{State: message.Delivered}, 1, ledger.JudgeContrary},
		"pending again, and it arrived":      {message.Pending, 1, message.Event{State: message.Delivered}, 1, ledger.JudgeContrary},
		"rejected, and it did not":           {message.Rejected, 1, message.Event{State: message.Undelivered}, 1, ledger.JudgeOurs},
	} {
		m := ledger.Candidate{Awaited: ledger.Awaited{State: c.state, VendorID: "v", Claimed: s(0)}, Attempts: c.attempts}
		if got := m.Judge(c.e, s(c.arrived)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	var n ledger.Noted
	for place, j := range []ledger.Judgement{
		ledger.JudgeForeign, ledger.JudgeLate, ledger.JudgeLate, ledger.JudgeContrary, ledger.JudgeContrary, ledger.JudgeContrary, ledger.JudgeHold, ledger.JudgeAsk,
		ledger.JudgeOurs, ledger.JudgeRecord, ledger.JudgeResolve,
	} {
		n.Count(j, place, &fits)
	}
	same(t, "counted", n, ledger.Noted{Ours: 3, Foreign: 1, Late: 2, Contrary: 3, Held: 2, Ask: []ledger.Ask{{Event: 7, Record: fits.Awaited}}})
	same(t, "delivered", ledger.ResolutionOf("k", message.Event{State: message.Delivered, VendorID: "v", Code: "c", Grade: message.GradeSigned}),
		ledger.Resolution{Key: "k", As: message.OutcomeAccepted, VendorID: "v", Code: ledger.CodeReceipt, Grade: message.GradeSigned})
	same(t, "dropped", ledger.ResolutionOf("k", message.Event{State: message.Dropped, Code: "c"}),
		ledger.Resolution{Key: "k", As: message.OutcomeRejected, Code: ledger.CodeReceipt, Detail: "c"})
	for _, state := range message.ReceiptStates() {
		line, is := ledger.Suppresses(&fits.Awaited, state, s(1))
		want := map[message.ReceiptState]string{message.HardBounce: "hard-bounce", message.Complained: "complaint", message.OptedOut: "opt-out"}[state]
		if is != (want != "") || line.Reason != want || line.Address != fits.Address || line.Who != ledger.Itself {
			t.Errorf("%s: %+v, %t", state, line, is)
		}
	}
}

func TestHowFarWavesHaveCome(t *testing.T) {
	t.Parallel()
	ask, next := &ledger.Act{What: "ask"}, &ledger.Act{What: "next"}
	for name, c := range map[string]struct {
		was    ledger.WaveState
		change ledger.WaveChange
		want   ledger.WaveState
		said   *ledger.Act
	}{
		"another wave":      {ledger.WaveState{Number: 1}, ledger.WaveChange{Number: 0, At: s(1), Held: true, Next: next}, ledger.WaveState{Number: 1}, nil},
		"the next":          {ledger.WaveState{Number: 1, Held: s(1), Asked: true}, ledger.WaveChange{Number: 1, Ask: ask, Next: next}, ledger.WaveState{Number: 2}, next},
		"asked":             {ledger.WaveState{Held: s(1)}, ledger.WaveChange{At: s(2), Ask: ask}, ledger.WaveState{Held: s(1), Asked: true}, ask},
		"asked before":      {ledger.WaveState{Asked: true}, ledger.WaveChange{At: s(2), Ask: ask}, ledger.WaveState{Asked: true}, nil},
		"out":               {ledger.WaveState{}, ledger.WaveChange{At: s(2), Held: true}, ledger.WaveState{Held: s(2)}, nil},
		"out before":        {ledger.WaveState{Held: s(1)}, ledger.WaveChange{At: s(2), Held: true}, ledger.WaveState{Held: s(1)}, nil},
		"not out":           {ledger.WaveState{}, ledger.WaveChange{At: s(2)}, ledger.WaveState{}, nil},
		"put back":          {ledger.WaveState{Held: s(putBack + 3)}, ledger.WaveChange{At: s(2), Held: true}, ledger.WaveState{Held: s(2)}, nil},
		"put back a little": {ledger.WaveState{Held: s(putBack + 2)}, ledger.WaveChange{At: s(2), Held: true}, ledger.WaveState{Held: s(putBack + 2)}, nil},
	} {
		w := c.was
		if said := c.change.Apply(&w); said != c.said {
			t.Errorf("%s: %+v is written down", name, said)
		}
		same(t, name, w, c.want)
	}
	for number, want := range []int{50, 1050, 0, 0} {
		if got := ledger.WaveMost([]int{50, 1000}, number); got != want {
			t.Errorf("wave %d: %d, want %d", number, got, want)
		}
	}
}

func TestSumsOfACampaign(t *testing.T) {
	t.Parallel()
	sum := ledger.Forgotten{Messages: 1, Cancelled: 2, Before: 3, UnderWay: 4, Rows: 5, Facts: 6, Lines: 7, Receipts: 8, Waiting: 9}
	sum.Add(sum)
	same(t, "forgotten", sum, ledger.Forgotten{Messages: 2, Cancelled: 4, Before: 6, UnderWay: 8, Rows: 10, Facts: 12, Lines: 14, Receipts: 16, Waiting: 18})
	if ledger.Alias(nil).Of("a") != "" || ledger.Alias(func(a message.Address) message.Address { return a + "x" }).Of("a") != "ax" {
		t.Error("an alias is another")
	}
	debit := ledger.Debit{Messages: 1, Segments: 2, Cost: 3}
	same(t, "debited", debit.Plus(ledger.Debit{Messages: 10, Segments: 20, Cost: 30}), ledger.Debit{Messages: 11, Segments: 22, Cost: 33})
	tally := make(ledger.Tally)
	tally.Add(message.SMS, message.Accepted, 0)
	same(t, "nothing added", tally, ledger.Tally{})
	tally.Add(message.SMS, message.Accepted, 2)
	tally.Add(message.SMS, message.Accepted, 1)
	tally.Add(message.Email, message.Pending, 5)
	same(t, "added", tally, ledger.Tally{message.SMS: {message.Accepted: 3}, message.Email: {message.Pending: 5}})
	c := ledger.Counts{ByState: tally}
	if c.Of(message.Accepted) != 3 || c.Of(message.Accepted, message.Pending) != 8 || c.Total() != 8 || c.Done() {
		t.Errorf("%d, %d, %d", c.Of(message.Accepted), c.Of(message.Accepted, message.Pending), c.Total())
	}
	settled := func(attempt int64, kind message.OutcomeKind) ledger.Settlement {
		return ledger.Settlement{Attempt: attempt, Outcome: message.Outcome{Kind: kind}}
	}
	turn := ledger.Turn{Settle: []ledger.Settlement{settled(1, message.OutcomeAccepted), settled(2, message.OutcomeAccepted), settled(3, message.OutcomeRejected)}}
	if turn.Sent(nil) != 2 || turn.Sent([]int64{2, 3}) != 1 {
		t.Errorf("%d and %d were sent", turn.Sent(nil), turn.Sent([]int64{2, 3}))
	}
	turned := ledger.Turned{Tally: ledger.Tally{message.SMS: {message.Attempting: 2}, message.Email: {message.Pending: 1}}}
	if !turned.Alone(message.SMS, 2) || turned.Alone(message.SMS, 1) || turned.Alone(message.Email, 9) {
		t.Error("who is alone is not")
	}
}

func TestTimesOfTheLedger(t *testing.T) {
	t.Parallel()
	most := int(ledger.MaxLater / time.Second)
	for at, want := range map[int]bool{-1: true, 0: true, 1: false, most: false, most + 1: true} {
		if ledger.Ready(s(at), s(0)) != want {
			t.Errorf("held for %d s: ready is %t", at, !want)
		}
	}
	for at, want := range map[int]bool{-1: true, 0: true, 1: false, 3600: false, 3601: true} {
		if target := (ledger.Target{NotBefore: s(at)}); target.Free(s(0)) != want {
			t.Errorf("a target left alone for %d s is free: %t", at, !want)
		}
	}
	if !ledger.FirstTold(s(3600)).Equal(s(0)) {
		t.Error("a new target is told of another time than the last hour")
	}
	if got := ledger.Latest(s(2), s(3), s(1)); !got.Equal(s(3)) {
		t.Errorf("the latest is %s", got)
	}
	day := ledger.DayOf(time.Date(2026, 11, 20, 13, 0, 0, 0, time.FixedZone("", 8*3600)))
	if day.Name != "2026-11-20" || !day.From.Equal(time.Date(2026, 11, 19, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", day)
	}
	back := day.Now.Add(ledger.PutBack)
	for debited, want := range map[time.Time]bool{day.From: true, day.From.Add(-1): false, back: true, back.Add(1): false} {
		if day.Overlaps(debited) != want {
			t.Errorf("what was debited at %s overlaps: %t", debited, !want)
		}
	}
	if (ledger.Day{Now: day.Now}).Overlaps(day.Now) {
		t.Error("a day without a beginning overlaps")
	}
	request := ledger.ClaimRequest{Day: day.Name, DayFrom: day.From}
	same(t, "the day of a request", request.On(day.Now), day)
	limits := ledger.Limits{Price: 45}
	if limits.PriceFor("+8613490000001") != 45 {
		t.Error("one price is another")
	}
	limits.PriceOf = func(message.Address) message.Money { return 30 }
	if limits.PriceFor("+8613490000001") != 30 {
		t.Error("the price by number does not count")
	}
}

func TestErrorsOfTheLedger(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		is   error
		want bool
		says string
	}{
		{&ledger.ClockError{Ahead: -3 * time.Second}, ledger.ErrClock, true, "3s"},
		{&ledger.ClockError{}, ledger.ErrBehind, false, ""},
		{ledger.Damaged("run.why.done", nil), ledger.ErrDamaged, true, "it was done"},
		{ledger.Damaged("run.why.done", nil), ledger.ErrBehind, false, ""},
		{&ledger.LeasedError{Holder: ledger.Run{PID: 7, Host: "ops-1"}}, ledger.ErrLeased, true, "process 7 on ops-1"},
		{&ledger.LeasedError{}, ledger.ErrBehind, false, ""},
		{&ledger.OtherServerError{Was: "a", Now: "b"}, ledger.ErrBehind, true, "was a and is b"},
		{&ledger.OtherServerError{}, ledger.ErrLeased, false, ""},
		{&ledger.OutOfTurnError{Run: 1, Asked: 5, Last: 3}, ledger.ErrBehind, true, "turn 5"},
		{&ledger.OutOfTurnError{Asked: 4, Last: 3}, ledger.ErrBehind, false, ""},
		{&ledger.OutOfTurnError{Asked: 5, Last: 3}, ledger.ErrLeased, false, ""},
	} {
		if errors.Is(c.err, c.is) != c.want || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%v is %v: %t", c.err, c.is, !c.want)
		}
	}
	for _, synchronous := range []bool{true, false} {
		if server, kept := ledger.ServerKept(ledger.ServerStands("7001", synchronous)); server != "7001" || kept != synchronous {
			t.Errorf("%q, %t", server, kept)
		}
	}
	for was, same := range map[string]bool{"7001/00000001/16402": true, "7001/00000002/16402": true, "7001/00000001/17001": false} {
		if ledger.SameTables(was, "7001/00000001/16402") != same {
			t.Errorf("the tables of %s are those of another: %t", was, !same)
		}
	}
	names := []string{ledger.ServerMark("a"), ledger.ScenarioOf("sms", "notice"), ledger.RampOf("a")}
	if slices.Contains(names, "") || names[0] == ledger.ServerMark("b") || names[1] == ledger.ScenarioOf("sms", "marketing") {
		t.Errorf("names of its own: %v", names)
	}
	if by := ledger.Ceased(s(1), words.Raw("why")); by.Said.IsZero() || by.Who != ledger.Itself || by.What != ledger.ActStop || !by.At.Equal(s(1)) {
		t.Errorf("%+v", by)
	}
	for want, a := range map[string]ledger.Act{"root@ops-1": {Who: "root@ops-1"}, "li (root@ops-1)": {Who: "root@ops-1", As: "li"}} {
		if a.Doer() != want {
			t.Errorf("%q did it, want %q", a.Doer(), want)
		}
	}
}

// A server's clock fits as long as the difference, as finely as it is told, is no more than may be: ahead and behind alike.
func TestWhichClockFits(t *testing.T) {
	for _, ahead := range []time.Duration{0, ledger.MaxSkew, ledger.MaxSkew + 49*time.Millisecond} {
		if err := errors.Join(ledger.FitsClock(ahead), ledger.FitsClock(-ahead)); err != nil {
			t.Errorf("%s: %v", ahead, err)
		}
	}
	for _, ahead := range []time.Duration{ledger.MaxSkew + 50*time.Millisecond, -ledger.MaxSkew - 50*time.Millisecond} {
		if e, ok := errors.AsType[*ledger.ClockError](ledger.FitsClock(ahead)); !ok || e.Ahead != ahead {
			t.Errorf("%s fits: %v", ahead, e)
		}
	}
}

// A server that does not do what it is asked for says what was not done, and why, as far as that is known.
func TestWhatAServerSaysThatDoesNotServe(t *testing.T) {
	e := &ledger.ServerError{Kind: ledger.ErrBusy, Err: errors.New("SQLSTATE 55P03")}
	same(t, "no reason", e.Says(), words.Cause(ledger.ErrBusy))
	e.Why = words.Raw("it is recovering")
	same(t, "a reason", e.Says(), words.T("ledger.error.server", words.A{"what": words.Cause(ledger.ErrBusy), "why": e.Why}))
}

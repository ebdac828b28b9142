package preflight

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// A check that got no evidence says why: it was stopped, its time was up, or something was wrong. Only what a person stopped is no error.
func TestWhyThereIsNoEvidence(t *testing.T) {
	t.Parallel()
	for said, of := range map[string]struct {
		err      error
		status   Status
		remedies int
	}{
		"preflight.interrupted": {fmt.Errorf("asked: %w", context.Canceled), NotRun, 0},
		"preflight.too-slow":    {fmt.Errorf("asked: %w", context.DeadlineExceeded), Error, 1},
		"words.raw":             {errors.New("no such table"), Error, 0},
	} {
		f := broken(of.err)
		if f.Status != of.status || len(f.Remedies) != of.remedies || len(f.Summary) != 1 || f.Summary[0].ID != said {
			t.Errorf("%v: %+v, want %s", of.err, f, said)
		}
	}
}

// Signatures that are missing stop a campaign, and are no fault that a preflight found.
func TestAPreflightFailsByWhatItFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		findings []Finding
		want     bool
	}{
		{"nothing was asked", nil, false},
		{"a warning", []Finding{{Group: GroupList, Status: Warn}}, false},
		{"a fault", []Finding{{Group: GroupList, Status: Pass}, {Group: GroupMoney, Status: Fail}}, true},
		{"a fault for which a person answers", []Finding{{Group: GroupMoney, Status: Fail, Override: &Override{}}}, false},
		{"a signature is missing", []Finding{{Group: GroupMoney, Status: Pass}, {Group: GroupChecklist, Status: Fail}}, false},
		{"a fault, and a signature is missing", []Finding{{Group: GroupMoney, Status: Error}, {Group: GroupChecklist, Status: Fail}}, true},
	} {
		if got := (&Result{Findings: c.findings}).Fails(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The newest signature is the one of which it is told what changed since, whether it lapsed or not, unless it was taken back.
func TestTheNewestSignature(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	by := func(name string, hour int) checklist.Signature {
		return checklist.Signature{Name: name, At: at.Add(time.Duration(hour) * time.Hour)}
	}
	revoked := by("chen", 9)
	revoked.Revoked = &checklist.Revocation{}
	for _, c := range []struct {
		name  string
		lines []checklist.Line
		want  string
	}{
		{"nobody signed", []checklist.Line{{}}, ""},
		{"one that stands", []checklist.Line{{Signatures: []checklist.Signature{by("li", 1), by("wang", 0)}}}, "li"},
		{"one that lapsed", []checklist.Line{{Signatures: []checklist.Signature{by("li", 1)}}, {Lapses: []checklist.Lapse{{Signature: by("wang", 2)}}}}, "wang"},
		{"one that was taken back", []checklist.Line{{Signatures: []checklist.Signature{revoked, by("li", 1)}}}, "li"},
		{"the only one was taken back", []checklist.Line{{Signatures: []checklist.Signature{revoked}}}, ""},
		{"the last of all was taken back", []checklist.Line{{Signatures: []checklist.Signature{by("li", 1), revoked}}}, "li"},
	} {
		got := ""
		if s := newestSignature(&checklist.State{Lines: c.lines}); s != nil {
			got = s.Name
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Nothing is done in full before it is, and of nothing nothing is done.
func TestAShareIsRoundedDown(t *testing.T) {
	t.Parallel()
	for of, want := range map[[2]int]words.Percent{{0, 0}: 0, {0, 1}: 0, {1, 1}: 100, {1, 3}: 33.3, {2, 3}: 66.6, {9999, 10000}: 99.9, {1, 1001}: 0} {
		if got := share(of[0], of[1]); got != want {
			t.Errorf("%d of %d are %v, want %v", of[0], of[1], got, want)
		}
	}
}

// A rate is rounded up to what one writes, so that it is enough, and no further.
func TestARateIsRoundedUp(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]float64{0.01: 0.1, 0.1: 0.1, 0.3: 0.3, 1.7: 1.7, 1.701: 1.8, 38.3334: 38.4, 100: 100} {
		if got := tenth(rate); got != want {
			t.Errorf("%v is %v, want %v", rate, got, want)
		}
	}
}

// A window over midnight is open twice a day, and the quota of the day is one.
func TestTheQuotaOfADayCountsInBothPartsOfAWindowOverMidnight(t *testing.T) {
	t.Parallel()
	p := pace{first: 10, daily: 10, rate: 1, window: campaign.Window{From: 22 * time.Hour, To: 2 * time.Hour}}
	begin := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	if n := p.before(100, begin, begin.Add(24*time.Hour)); n != 10 {
		t.Errorf("%d leave within the day", n)
	}
	if n := p.before(100, begin, begin.Add(49*time.Hour)); n != 30 {
		t.Errorf("%d leave by the third night", n)
	}
}

func TestCountriesAreToldWhereThereAreSeveral(t *testing.T) {
	t.Parallel()
	home := map[string]plan.Units{"CN": {Messages: 9}}
	if got := several(home); got != nil {
		t.Errorf("got %v", got)
	}
	both := map[string]plan.Units{"CN": {Messages: 9}, "HK": {Messages: 1}}
	if got := several(both); len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

// In whose name an account sends is what the channel says that it carries: SMS have no sender's domain.
func TestInWhoseNameAnAccountSends(t *testing.T) {
	t.Parallel()
	carries := func(account string) config.Route {
		return config.Route{Accounts: []config.Share{{Account: account, Weight: 1}}}
	}
	s := &Subject{
		Config: &config.Config{
			Accounts: map[string]config.Account{"sms": {}, "edm": {}, "spare": {}},
			Routes:   map[message.Channel]config.Route{message.SMS: carries("sms"), message.Email: carries("edm")},
		},
		Plan: &plan.Plan{Spec: plan.Spec{Texts: campaign.Texts{
			{Channel: message.SMS, Short: &campaign.Short{Text: "you won"}},
			{Channel: message.Email, Mail: &campaign.Mail{From: "Awards <award@EDM.example.test>", Text: "you won"}},
		}}},
	}
	s.memo = newMemo(t.Context(), t.Context())
	for account, want := range map[string]string{"edm": "edm.example.test", "sms": "", "spare": ""} {
		if got := s.senderAt(account); got != want {
			t.Errorf("%s sends in the name of %q, not %q", account, got, want)
		}
	}
}

package preflight

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
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

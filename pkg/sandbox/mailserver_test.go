package sandbox_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/sandbox"
)

func TestMailFaultsAreWhatAClientMakesOfThem(t *testing.T) {
	tests := []struct {
		name    string
		account sandbox.Account
		want    string
		reached int
	}{
		{"a mail is accepted", sandbox.Account{}, "accepted 250 2.0.0", 1},
		{"the account is blocked", sandbox.Account{Faults: sandbox.Faults{Refuse: 1}}, "refused 550 5.7.1", 0},
		{"too fast", sandbox.Account{Faults: sandbox.Faults{Throttle: 1}}, "throttled 454 4.7.0", 0},
		{"no such user", sandbox.Account{Faults: sandbox.Faults{Reject: 1}}, "rejected 550 5.1.1", 0},
		{"a cut before the mail", sandbox.Account{Faults: sandbox.Faults{CutBefore: 1}}, "unsent notify:hung-up", 0},
		{"a cut after the mail", sandbox.Account{Faults: sandbox.Faults{CutAfter: 1}}, "unknown notify:no-reply", 1},
		{"garbage after the mail", sandbox.Account{Faults: sandbox.Faults{Garbage: 1}}, "unknown notify:no-reply", 1},
		{"a failure of its own is a refusal", sandbox.Account{Faults: sandbox.Faults{Error500: 1}}, "throttled 451 4.3.0", 0},
		{"no prepaid mail left", sandbox.Account{Messages: ptr(int64(0))}, "refused 552 5.7.0", 0},
		{"the rate is exceeded", sandbox.Account{Rate: 1e-9, Burst: 1}, "accepted 250 2.0.0", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := run(t, sandbox.Config{Mail: tt.account})
			o := mailer(t, s, nil).Send(context.Background(), letter("winner@customer.test", "Your award"))
			if o.String() != tt.want {
				t.Errorf("outcome %+v, want %s", o, tt.want)
			}
			if got := s.Count().Mail; got.Reached != tt.reached {
				t.Errorf("count %+v, want %d reached", got, tt.reached)
			}
		})
	}
}

func TestMailLimitsAreToldInWordsThatRelaysUse(t *testing.T) {
	s := run(t, sandbox.Config{Mail: sandbox.Account{Quota: 1}})
	v := mailer(t, s, nil)
	if o := v.Send(context.Background(), letter("a@customer.test", "x")); o.Kind != message.OutcomeAccepted || o.VendorID != "sb-000001" {
		t.Fatalf("first: %+v", o)
	}
	if o := v.Send(context.Background(), letter("b@customer.test", "x")); o.Kind != message.OutcomeRefused || o.Reason != message.ReasonQuota {
		t.Errorf("over the quota: %+v", o)
	}
	fast := run(t, sandbox.Config{Mail: sandbox.Account{Rate: 1e-9, Burst: 1}})
	v = mailer(t, fast, nil)
	v.Send(context.Background(), letter("a@customer.test", "x"))
	if o := v.Send(context.Background(), letter("b@customer.test", "x")); o.Kind != message.OutcomeThrottled {
		t.Errorf("over the rate: %+v", o)
	}
}

func TestIdenticalSubjectsGetTheServerBlacklisted(t *testing.T) {
	now := time.Date(2020, 1, 1, 9, 0, 0, 0, time.UTC)
	s := run(t, sandbox.Config{
		Now: func() time.Time { return now }, Blacklist: sandbox.Blacklist{Subjects: 3, Within: time.Minute, For: time.Hour},
	})
	v := mailer(t, s, nil)
	try := func(n int, subject string) message.Outcome {
		return v.Send(context.Background(), letter(fmt.Sprintf("w%d@customer.test", n), subject))
	}
	for n := range 6 {
		if o := try(n, fmt.Sprintf("王%d，您的奖品", n)); o.Kind != message.OutcomeAccepted {
			t.Fatalf("personal subject %d: %+v", n, o)
		}
	}
	for n := range 3 {
		if o := try(n, "年度大奖"); o.Kind != message.OutcomeAccepted {
			t.Fatalf("identical subject %d: %+v", n, o)
		}
	}
	o := try(3, "年度大奖")
	if o.Kind != message.OutcomeRefused || o.Reason != message.ReasonBlocked || !strings.HasPrefix(o.Code, "554") {
		t.Errorf("the fourth identical subject in a minute: %+v", o)
	}
	if o := try(9, "Your order has been shipped"); o.Kind != message.OutcomeRefused {
		t.Errorf("order mail goes through a blacklisted server: %+v", o)
	}
	now = now.Add(time.Hour)
	if o := try(9, "Your order has been shipped"); o.Kind != message.OutcomeAccepted {
		t.Errorf("after an hour: %+v", o)
	}
	if got := s.Count().Mail; got.Turned["blacklisted"] != 2 || got.Reached != 10 {
		t.Errorf("count %+v", got)
	}
}

func TestMailAsksForThePassword(t *testing.T) {
	s := run(t, sandbox.Config{Username: "edm", Password: "right-password"})
	for _, tt := range []struct {
		name    string
		options map[string]any
		want    message.OutcomeKind
	}{
		{"none", nil, message.OutcomeRefused},
		{"a wrong one", map[string]any{"username": "edm", "password": "wrong-password"}, message.OutcomeRefused},
		{"the right one by PLAIN", map[string]any{"username": "edm", "password": "right-password", "auth": "plain"}, message.OutcomeAccepted},
		{"the right one by LOGIN", map[string]any{"username": "edm", "password": "right-password", "auth": "login"}, message.OutcomeAccepted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := mailer(t, s, tt.options).Send(context.Background(), letter("a@customer.test", "x"))
			if o.Kind != tt.want || tt.want == message.OutcomeRefused && o.Reason != message.ReasonAuth {
				t.Errorf("outcome %+v, want %s", o, tt.want)
			}
		})
	}
}

func TestMailsAreCountedByTheKeyInTheirMessageID(t *testing.T) {
	s := run(t, sandbox.Config{})
	v := mailer(t, s, nil)
	for _, to := range []string{"a@customer.test", "a@customer.test", "b@customer.test"} {
		if o := v.Send(context.Background(), letter(to, "x")); o.Kind != message.OutcomeAccepted {
			t.Fatalf("%+v", o)
		}
	}
	got := s.Count().Mail
	if got.Reached != 3 || got.Distinct != 2 || got.Twice != 1 || got.Repeats != 1 || fmt.Sprint(got.TwiceList) != "[a***@customer.test]" {
		t.Errorf("count %+v", got)
	}
}

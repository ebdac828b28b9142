package send

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// What an account may do is what its configuration says, and how it stands is what the ledger knows.
func TestWhatAnAccountMayDo(t *testing.T) {
	l := loopOfTwo()
	known := []ledger.AccountState{{Account: "a", Scale: 0.5}, {Account: "b", Scale: 0.25}}
	for name, want := range map[string]struct {
		slots, free int
		scale       float64
	}{"a": {4, 4, 0.5}, "b": {2, 2, 0.25}} {
		a, err := l.account(name, message.SMS, known)
		if err != nil || a.Limits.Concurrency != want.slots || a.Free() != want.free || a.Scale() != want.scale {
			t.Errorf("%s: %d slots, %d free, at %v of its rate, %v", name, a.Limits.Concurrency, a.Free(), a.Scale(), err)
		}
	}
	l.Config.Accounts["a"] = config.Account{Ahead: 2}
	if a, err := l.account("a", message.SMS, nil); err != nil || a.Limits.Concurrency != 3 || a.Scale() != 1 {
		t.Errorf("one slot and two ahead: %d, %v", a.Limits.Concurrency, err)
	}
	l.Config.Accounts["a"] = config.Account{Scenarios: map[string]config.Scenario{config.Notice: {Rate: 400, DailyQuota: 7}}}
	a, err := l.account("a", message.SMS, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&ledger.Scenario{Name: config.Notice, Rate: 400, AtOnce: 2, DailyQuota: 7}, a.Limits.Scenario); diff != "" {
		t.Error(diff)
	}
	l.Config.Accounts["a"] = config.Account{Environment: "test"}
	if _, err := l.account("a", message.SMS, nil); !errors.Is(err, ErrEnvironment) {
		t.Errorf("an account of another environment: %v", err)
	}
	if l.Config.Environment = "test"; l.Config.Accounts["a"].Environment != "test" {
		t.Fatal("not in the test's environment")
	}
	if _, err := l.account("a", message.SMS, nil); err != nil {
		t.Errorf("an account of this environment: %v", err)
	}
	if _, err := l.account("b", message.SMS, nil); err != nil {
		t.Errorf("an account of any environment: %v", err)
	}
	for _, gone := range []func(){func() { delete(l.Vendors, "a") }, func() { delete(l.Config.Accounts, "b") }} {
		gone()
	}
	for _, name := range []string{"a", "b"} {
		if _, err := l.account(name, message.SMS, nil); err == nil || errors.Is(err, ErrEnvironment) {
			t.Errorf("%s is not configured: %v", name, err)
		}
	}
}

// Who stands in has no share of his own, unless a person gives him one; who shares and stands in as well keeps his share.
func TestWhoStandsIn(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	one, none := 1, 0
	for _, tc := range []struct {
		name     string
		failover []string
		known    []ledger.AccountState
		asked    []string
		inUse    []string
	}{
		{"nobody", nil, nil, []string{"a"}, []string{"a"}},
		{"b, where a is well", []string{"b"}, nil, []string{"a"}, []string{"a", "b"}},
		{"b, where a is off", []string{"b"}, []ledger.AccountState{{Account: "a", Off: &ledger.Act{}}}, []string{"b"}, []string{"a", "b"}},
		{"b, to whom a person gave a share", []string{"b"}, []ledger.AccountState{{Account: "b", Weight: &one}}, []string{"a", "b"}, []string{"a", "b"}},
		{"b, where a person took the share of a", []string{"b"}, []ledger.AccountState{{Account: "a", Weight: &none}}, []string{"b"}, []string{"b"}},
		{"a itself", []string{"a"}, nil, []string{"a"}, []string{"a"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := loopOfTwo()
			l.Config.Routes[message.SMS] = config.Route{Accounts: []config.Share{{Account: "a", Weight: 1}}, Failover: tc.failover}
			r, err := l.route(message.SMS, tc.known)
			if err != nil {
				t.Fatal(err)
			}
			names := func(as []*flow.Account) (all []string) {
				for _, a := range as {
					all = append(all, a.Name())
				}
				return all
			}
			var asked []string
			asks, _ := r.Asks(now)
			for _, ask := range asks {
				asked = append(asked, ask.Account.Name())
			}
			if diff := cmp.Diff(tc.asked, asked); diff != "" {
				t.Errorf("asked: %s", diff)
			}
			if diff := cmp.Diff(tc.inUse, names(r.InUse())); diff != "" {
				t.Errorf("in use: %s", diff)
			}
		})
	}
}

// All rates by domain are one text, which runs on one ledger compare.
func TestRatesByDomainAreOneText(t *testing.T) {
	l := loopOfTwo()
	if got := l.pace(); got != "map[]" {
		t.Errorf("without rates: %s", got)
	}
	l.Config.Accounts["b"] = config.Account{DomainRate: map[string]float64{"d.test": 0.5}}
	if got := l.pace(); got != "map[b:map[d.test:0.5]]" {
		t.Errorf("with one: %s", got)
	}
}

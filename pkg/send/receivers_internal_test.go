package send

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/receivers"
)

// mailLane is a lane of mails over a and b, with what is shipped of receivers, and a rule of its own.
func mailLane(t *testing.T, l *Loop) *lane {
	t.Helper()
	file := filepath.Join(t.TempDir(), "receivers.yaml")
	err := os.WriteFile(file, []byte("rules:\n  - {match: 'come back', suspend: 1m}\n"), 0o600)
	if err == nil {
		l.Receivers, err = receivers.Read(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	l.watch = newWatch(campaign.StopWhen{})
	ln, err := l.newLane(t.Context(), message.Email, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// asking is a name server that remembers what it was asked for.
type asking struct {
	mu    sync.Mutex
	names []string
}

func (a *asking) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names = append(a.names, name)
	return nil, nil
}

// Domains with a pace, a quota or slots of their own name receivers; where there are none, nobody is asked who is one.
func TestWhichDomainsNameReceivers(t *testing.T) {
	for _, tc := range []struct {
		name  string
		a     config.Account
		asked []string
	}{
		{"none", config.Account{}, nil},
		{"one", config.Account{DomainRate: map[string]float64{"rate.test": 1}}, []string{"rate.test"}},
		{"by rate, quota and slots, but for what goes for all", config.Account{
			DomainRate: map[string]float64{"rate.test": 1, ledger.DefaultDomain: 2}, DomainQuota: map[string]int64{"quota.test": 1}, DomainSlots: map[string]int{"slots.test": 1, ledger.DefaultDomain: 2},
		}, []string{"quota.test", "rate.test", "slots.test"}},
	} {
		l, a := loopOfTwo(), &asking{}
		l.Lookup, l.Config.Accounts["a"] = a, tc.a
		ln := mailLane(t, l)
		if !ln.accounts["a"].Limits.DomainHeld || ln.paceKey("1@foxmail.com") != "qq.com" {
			t.Errorf("%s: domains are not told apart", tc.name)
		}
		if tc.asked == nil {
			ln.paceKey("1@another.test")
		}
		a.mu.Lock()
		if slices.Sort(a.names); !slices.Equal(a.names, tc.asked) {
			t.Errorf("%s: asked for %v", tc.name, a.names)
		}
		a.mu.Unlock()
	}
	ln := mailLane(t, loopOfTwo())
	ln.entry.PaceKey = nil
	if key := ln.paceKey("1@foxmail.com"); key != "" {
		t.Errorf("without paces by domain: %q", key)
	}
}

// What a receiver says is known, and what follows: how fast, for how long, and for how long nothing.
func TestWhatFollowsFromWhatAReceiverSays(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for said, want := range map[string]ledger.DomainChange{
		"450 frequency limited": {Account: "a", Domain: "qq.com", At: now, SlowTo: 0.5, SlowUntil: now.Add(30 * time.Minute)},
		"421 later":             {Account: "a", Domain: "qq.com", At: now, SlowTo: 0.5, SlowUntil: now.Add(30 * time.Minute), Until: now.Add(5 * time.Minute)},
		"450 come back":         {Account: "a", Domain: "qq.com", At: now, Until: now.Add(time.Minute)},
		"450 no reason":         {Account: "a", Domain: "qq.com", At: now, Until: now.Add(5 * time.Second)},
	} {
		ln := mailLane(t, loopOfTwo())
		ln.domains["a"].Claimed("other.test")
		say := func(k message.OutcomeKind, said string) bool {
			r := result{claim: ledger.Claim{Account: "a", Number: 1, Address: "1@foxmail.com"}, outcome: message.Outcome{Kind: k, Code: said}, at: now}
			ln.receiverSaid(&r)
			return r.outcome.Recipient
		}
		if say(message.OutcomeAccepted, said) || !say(message.OutcomeThrottled, said) || say(message.OutcomeUnsent, said) {
			t.Errorf("%s: what is about the recipient is not told apart", said)
		}
		if !say(message.OutcomeThrottled, said) { // of what was under way
			t.Errorf("%s: once more it is about the account", said)
		}
		if diff := cmp.Diff([]ledger.DomainChange{want}, ln.changes); diff != "" {
			t.Errorf("%s: %s", said, diff)
		}
		if say(message.OutcomeAccepted, said) || !ln.domains["a"].Calm() {
			t.Errorf("%s: one was taken", said)
		}
	}
}

// Slots of receivers count for mails that are under way through an account that has some.
func TestWhoseSlotsCount(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := readyLane(&now)
	slots := config.Account{DomainSlots: map[string]int{"wide.test": 2, ledger.DefaultDomain: 1}}
	ln.loop.Config.Accounts = map[string]config.Account{"a": slots, "b": slots, "c": {}}
	open := func(account string, to message.Address) string {
		return ln.opened(&ledger.Claim{Account: account, Address: to})
	}
	if got := open("a", "1@a.test"); got != "" || ln.domainRoom("a") != nil || len(ln.open) != 0 || !ln.full("a").IsZero() {
		t.Errorf("on a channel without domains: %q, %v", got, ln.open)
	}
	ln.entry.PaceKey = message.Address.Domain
	if got := open("c", "1@a.test"); got != "" || ln.domainRoom("c") != nil || len(ln.open) != 0 || !ln.full("c").IsZero() {
		t.Errorf("through an account without slots: %q, %v", got, ln.open)
	}
	if ln.closed(&result{claim: ledger.Claim{Account: "c"}}); len(ln.open) != 0 {
		t.Errorf("none was under way, and now %v", ln.open)
	}
	open("b", "1@0.test")
	open("a", "1@wide.test")
	if why := ln.full("a"); !why.IsZero() {
		t.Errorf("%v is full", why)
	}
	for _, to := range []message.Address{"1@d.test", "1@c.test", "1@e.test"} {
		open("a", to)
	}
	if why := ln.full("a"); why.Args["domain"] != "c.test" || why.Args["account"] != "a" {
		t.Errorf("%v is full", why)
	}
	ln.runs, ln.rank = 2, 1 // the slots are shared out
	if room := ln.domainRoom("a"); room("wide.test") != 0 || room("f.test") != 0 {
		t.Errorf("room for %d and %d", room("wide.test"), room("f.test"))
	}
}

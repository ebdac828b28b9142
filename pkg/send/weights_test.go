package send_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/send"
	"notify/pkg/vendors"
)

// Shares that a person changes count within a second, in each of two processes, in a clock that only waits move.
func TestOtherWeightsCountWithinASecondInTwoProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 600
		m := staged(t, messages)
		var runs [2]struct{ a, b slow }
		var wg sync.WaitGroup
		for i := range runs {
			l := m.Open()
			loop := loopOn(l, l, &runs[i].a, config.Account{Concurrency: 16, Rate: 20})
			loop.Config.Accounts["b"] = config.Account{Concurrency: 16, Rate: 20}
			loop.Config.Routes[message.SMS] = config.Route{Accounts: []config.Share{{Account: "a", Weight: 1}, {Account: "b", Weight: 0}}}
			loop.Vendors = map[string]vendors.Vendor{"a": &runs[i].a, "b": &runs[i].b}
			loop.PID, loop.Join = i, i > 0
			wg.Go(func() { ended(t, loop) })
			time.Sleep(time.Second) // the first is there to be joined
		}
		time.Sleep(2 * time.Second)
		l, none, all := m.Open(), 0, 1
		for account, weight := range map[string]*int{"a": &none, "b": &all} {
			if err := l.SetAccount(t.Context(), account, ledger.AccountSetting{Weight: weight}, ledger.Act{Who: "wang", What: ledger.ActSet, At: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		changed := time.Now()
		wg.Wait()
		sent := 0
		for i := range runs {
			a, b := runs[i].a.at, runs[i].b.at
			sent += len(a) + len(b)
			if len(a) == 0 || len(b) == 0 {
				t.Fatalf("process %d sent %d by a and %d by b", i, len(a), len(b))
			}
			last, first := a[len(a)-1].Sub(changed), b[0].Sub(changed)
			if last > time.Second || first > time.Second {
				t.Errorf("process %d: the last by a left %v after the change, the first by b %v", i, last, first)
			}
			t.Logf("process %d: the last by a left %v after the change, the first by b %v", i, last, first)
		}
		if sent != messages {
			t.Errorf("%d of %d were sent", sent, messages)
		}
	})
}

// ended runs a loop to its end.
func ended(t *testing.T, loop *send.Loop) {
	t.Helper()
	if res, err := loop.Run(t.Context()); err != nil || res.Pause != nil {
		t.Errorf("%+v, %v", res.Pause, err)
	}
}

//go:build unix

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"notify/pkg/config"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
)

// hook is a web address that alerts are posted to.
type hook struct {
	*httptest.Server
	mu      sync.Mutex
	notices []string // "began died"
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct{ Notices []ledger.Notice }
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, n := range call.Notices {
			h.notices = append(h.notices, string(n.Change)+" "+n.Kind)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// TestSomebodyIsToldOfARunThatDied: a run is killed; whoever looks next tells it, once; it goes on and finishes, and that is told, too.
func TestSomebodyIsToldOfARunThatDied(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	p := newPlace(t, nil, "NOTIFY_ALERTS="+h.URL+"/hook?key=T0KEN", "NOTIFY_ACCOUNTS_SMS_RATE=5/s")
	p.must(writeList(p.path("award.csv"), people(1, 40)))
	p.write("award.yaml", only("award-2020", message.SMS))
	run := p.begin("send", "award.csv", "--yes")
	log := &recordLog{p, message.SMS}
	p.must(await("3 messages", func() bool { return !run.alive() }, func() (bool, error) {
		n, err := log.reached()
		return n >= 3, err
	}))
	p.must(run.cmd.Process.Kill())
	_, err := run.wait()
	p.must(err)
	for range 2 { // the second look has nothing new to say
		p.wants([]int{exit.OK}, "status", "--alert")
	}
	p.env = append(p.env, "NOTIFY_ACCOUNTS_SMS_RATE=1000/s")
	p.wants([]int{exit.OK, exit.Some}, "resume", "award-2020")
	p.wants([]int{exit.OK}, "status", "--alert")
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := make(map[string]int)
	for _, n := range h.notices {
		counts[n]++
	}
	if counts["began died"] != 1 || counts["over died"] != 1 {
		t.Errorf("told %v", h.notices)
	}
}

// What is left for low_balance is what the preflight counts: packages at their price, and nothing in another currency.
func TestWhatIsLeftOnAnAccount(t *testing.T) {
	yuan := func(n message.Money) *message.Money { n *= 1_000_000; return &n }
	packages := int64(20)
	priced := config.Account{Currency: "CNY", Price: yuan(2)}
	for name, c := range map[string]struct {
		account config.Account
		told    *report.Live
		left    message.Money
		known   bool
	}{
		"no answer":            {priced, nil, 0, false},
		"no figure":            {priced, &report.Live{}, 0, false},
		"money":                {priced, &report.Live{Balance: yuan(3), Currency: "CNY"}, *yuan(3), true},
		"money of another":     {priced, &report.Live{Balance: yuan(3), Currency: "USD"}, 0, false},
		"packages":             {priced, &report.Live{Messages: &packages}, *yuan(40), true},
		"money and packages":   {priced, &report.Live{Balance: yuan(3), Messages: &packages}, *yuan(43), true},
		"packages, no price":   {config.Account{Currency: "CNY"}, &report.Live{Messages: &packages}, 0, false},
		"packages for nothing": {config.Account{Currency: "CNY", Price: yuan(0)}, &report.Live{Messages: &packages}, 0, true},
	} {
		if left, known := leftOn(&c.account, c.told); left != c.left || known != c.known {
			t.Errorf("%s: %v, %t", name, left, known)
		}
	}
}

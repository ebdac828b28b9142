package send_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/receivers"
	"notify/pkg/send"
	"notify/pkg/words"
)

// mailServer takes mails, but for those to a domain of which it has too many.
type mailServer struct {
	mu     sync.Mutex
	busy   string
	sorted bool       // the list is, by domain
	alone  bool       // all of the list is for d1.test
	said   words.Text // what the run waited for last
	loop   *send.Loop
	at     map[string][]time.Time // when mails were taken, by domain
	tries  map[string]int
	in     map[string]int // how many are under way, by domain, and how many were at the most
	most   map[string]int
	left   int // how many of the others are still to come
	done   func()
}

func (v *mailServer) Close() error { return nil }

func (v *mailServer) Send(ctx context.Context, m message.Message) message.Outcome {
	domain := m.To.Domain()
	v.mu.Lock()
	v.in[domain]++
	v.most[domain] = max(v.most[domain], v.in[domain])
	v.mu.Unlock()
	sleep(ctx, 20*time.Millisecond)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.in[domain]--
	v.tries[domain]++
	if domain == v.busy {
		return message.Outcome{Kind: message.OutcomeThrottled, Code: "421 4.7.0", Detail: "too many mails, closing", RetryAfter: time.Second}
	}
	v.at[domain] = append(v.at[domain], time.Now())
	if said := v.loop.Snapshot().Waiting; said.ID == "send.wait.receiver" {
		v.said = said
	}
	if v.alone || domain != "d0.test" && domain != "d1.test" {
		if v.left--; v.left == 0 {
			v.done()
		}
	}
	return message.Outcome{Kind: message.OutcomeAccepted}
}

const (
	manyDomains = 100
	toEach      = 20
)

// mailed sends to a hundred domains and says when the last mail to one of the other 98 was taken.
func mailed(t *testing.T, v *mailServer, a config.Account) time.Duration {
	t.Helper()
	domainOf := func(i int) int { return i % manyDomains }
	if v.sorted {
		domainOf = func(i int) int { return i / toEach }
	}
	if v.alone {
		domainOf = func(int) int { return 1 }
	}
	spec := plan.Spec{
		Schema: plan.SpecSchema, Name: "award", Columns: []string{"name"},
		Texts: campaign.Texts{{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "Award", TextFile: "t", Text: "Dear {{name}}"}}},
	}
	b, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	rows := func(yield func(ledger.Recipient, error) bool) {
		for i := range manyDomains * toEach {
			to := message.Address(fmt.Sprintf("w%d@d%d.test", i, domainOf(i)))
			if !yield(ledger.Recipient{Row: i + 2, Key: fmt.Sprint(i), Fields: []byte(`["Wang"]`), Messages: []ledger.NewMessage{{
				Key: message.MakeKey("award", message.Email, to, ""), Channel: message.Email, Address: to, Segments: 1, Fingerprint: int64(i),
			}}}, nil) {
				return
			}
		}
	}
	l := ledgertest.NewMemory().Open()
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", Spec: b, Recipients: rows}); err != nil {
		t.Fatal(err)
	}
	rules, err := receivers.Read("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v.at, v.tries, v.left, v.done = make(map[string][]time.Time), make(map[string]int), (manyDomains-2)*toEach, cancel
	v.in, v.most = make(map[string]int), make(map[string]int)
	loop := loopOn(l, l, v, a)
	v.loop = loop
	loop.Config.Routes = map[message.Channel]config.Route{message.Email: {Accounts: []config.Share{{Account: "a", Weight: 1}}}}
	loop.Receivers = rules
	begin := time.Now()
	res, err := loop.Run(ctx)
	if err != nil || v.left > 0 || res.Pause == nil && v.busy != "" {
		t.Fatalf("%d are left: %+v, %v", v.left, res.Pause, err)
	}
	last := begin
	for domain, at := range v.at {
		if domain != "d0.test" && domain != "d1.test" && at[len(at)-1].After(last) {
			last = at[len(at)-1]
		}
	}
	return last.Sub(begin)
}

// A hundred domains, one answers 421, one is limited to 30 a minute: the other 98 finish as fast as without them, within 5%.
func TestASlowReceiverHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := config.Account{Rate: 200, Concurrency: 16}
		alone := mailed(t, &mailServer{}, a)
		a.DomainRate = map[string]float64{"d1.test": 0.5}
		v := &mailServer{busy: "d0.test"}
		beside := mailed(t, v, a)
		if beside > alone*105/100 {
			t.Errorf("the other 98 take %v, and %v beside one that is busy and one that is slow", alone, beside)
		}
		if n := len(v.at["d1.test"]); float64(n) > beside.Seconds()/2+2 {
			t.Errorf("%d went to the slow one in %v", n, beside)
		}
		if v.tries["d0.test"] > 40 {
			t.Errorf("the busy one was asked %d times in %v", v.tries["d0.test"], beside)
		}
		t.Logf("alone %v, beside %v; the busy one was asked %d times", alone, beside, v.tries["d0.test"])
	})
}

// A list that is sorted by domain hammers no receiver that takes two mails at a time: those wait, and the slots are for the others.
func TestAReceiverGetsNoMoreAtATimeThanItHasSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := config.Account{Concurrency: 16}
		v := &mailServer{sorted: true}
		alone := mailed(t, v, a)
		if v.most["d1.test"] < 10 {
			t.Fatalf("without a limit, %d at a time", v.most["d1.test"])
		}
		a.DomainSlots = map[string]int{"d0.test": 2, "d1.test": 1}
		v = &mailServer{sorted: true}
		beside := mailed(t, v, a)
		if v.most["d0.test"] != 2 || v.most["d1.test"] != 1 {
			t.Errorf("at a time: %d of 2, %d of 1", v.most["d0.test"], v.most["d1.test"])
		}
		if beside > alone*105/100 {
			t.Errorf("the other 98 take %v, and %v beside two that have few slots", alone, beside)
		}
		if n := len(v.at["d0.test"]); n != toEach {
			t.Errorf("%d of %d went to the one with two slots in %v", n, toEach, beside)
		}
		t.Logf("alone %v, beside %v", alone, beside)
	})
}

// Where only messages to a receiver are left that has no slot free, the run says what it waits for.
func TestARunThatAReceiversSlotsHoldUpSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &mailServer{alone: true}
		mailed(t, v, config.Account{Concurrency: 16, DomainSlots: map[string]int{"d1.test": 3}})
		if said := v.said.String(); v.most["d1.test"] != 3 || !strings.Contains(said, "a: d1.test has the 3 at a time that it may have") {
			t.Errorf("%d at a time, and it says %q", v.most["d1.test"], said)
		}
	})
}

// BenchmarkPace compares a run that tells 5,000 receivers apart with one that tells none. They take turns: a machine is not equally fast for
// long.
func BenchmarkPace(b *testing.B) {
	w := shortMail()
	rules, err := receivers.Read("")
	if err != nil {
		b.Fatal(err)
	}
	paced := func(l *send.Loop) {
		a := l.Config.Accounts["a"]
		a.DomainRate = map[string]float64{ledger.DefaultDomain: 1000}
		l.Config.Accounts["a"], l.Receivers = a, rules
	}
	var plain, told []float64
	for b.Loop() {
		for range pairs {
			plain = append(plain, w.loopTo(b, func(*send.Loop) {}).Seconds())
			told = append(told, w.loopTo(b, paced).Seconds())
		}
	}
	ratios := make([]float64, len(plain))
	for i := range plain {
		ratios[i] = plain[i] / told[i]
	}
	for of, all := range map[string][]float64{"plain": plain, "paced": told} {
		slices.Sort(all)
		b.ReportMetric(benchMessages/all[len(all)/2], of+"/s")
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "paced:plain")
}

package send_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
	"notify/pkg/vendors"
)

// TestDomainsArePacedOnAnAccountWithoutARate: places under the rate of a domain are met, by a clock and a disk that take
// their time, also where the account itself has no rate.
func TestDomainsArePacedOnAnAccountWithoutARate(t *testing.T) {
	const n, perSecond = 300, 500.0
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), sqlite.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	stageMails(t, l, n, func(i int) string { return fmt.Sprintf("customer-%d.test", i%2) })
	loop := mailLoop(l, l, &reached{}, config.Account{Name: "a", Concurrency: 16, DomainRate: map[string]float64{ledger.DefaultDomain: perSecond}})
	start := time.Now()
	if _, err := loop.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < time.Duration((n/2-1)/perSecond*float64(time.Second)) {
		t.Errorf("%d for each of two domains at %v/s took %v", n/2, perSecond, took)
	}
	for r, err := range l.Messages(t.Context(), "award") {
		if err != nil {
			t.Fatal(err)
		}
		if r.State != message.Accepted {
			t.Errorf("row %d is %s", r.Row, r.State)
		}
	}
}

// stageMails stages a campaign of n mails to these domains.
func stageMails(t *testing.T, l ledger.Ledger, n int, domain func(i int) string) {
	t.Helper()
	spec := plan.Spec{
		Schema: plan.SpecSchema, Name: "award", Environment: config.Production, Columns: []string{"name"},
		Texts: campaign.Texts{{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "Award", TextFile: "t", Text: "Dear {{name}}"}}},
	}
	frozen, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	rows := func(yield func(ledger.Recipient, error) bool) {
		for i := range n {
			to := message.Address(fmt.Sprintf("w%d@%s", i, domain(i)))
			r := ledger.Recipient{Row: i + 2, Key: fmt.Sprint(i), Fields: []byte(`["Wang"]`), Messages: []ledger.NewMessage{{
				Key: message.MakeKey("award", message.Email, to, ""), Channel: message.Email, Address: to, Segments: 1, Fingerprint: int64(i),
			}}}
			if !yield(r, nil) {
				return
			}
		}
	}
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", Spec: frozen, Recipients: rows}); err != nil {
		t.Fatal(err)
	}
}

// mailLoop is a run of that campaign through one account.
func mailLoop(runs ledger.Runs, reader ledger.Reader, v vendors.Vendor, a config.Account) *send.Loop {
	loop := loopOn(runs, reader, v, a)
	loop.Config.Routes = map[message.Channel]config.Route{message.Email: {Accounts: []config.Share{{Account: "a", Weight: 1}}}}
	return loop
}

// mailbox is a vendor that notes when something arrived for a domain.
type mailbox struct {
	mu     sync.Mutex
	domain string
	n      int
	at     []time.Time
}

func (v *mailbox) Close() error { return nil }

func (v *mailbox) Send(_ context.Context, m message.Message) message.Outcome {
	v.mu.Lock()
	v.n++
	n := v.n
	if m.To.Domain() == v.domain {
		v.at = append(v.at, time.Now())
	}
	v.mu.Unlock()
	time.Sleep(time.Duration(5+n*13%30) * time.Millisecond)
	return message.Outcome{Kind: message.OutcomeAccepted}
}

// A domain that has thirty a minute gets them, within a hundredth, and never two within two seconds, also from four machines together, and where
// a commit takes far longer now and then.
func TestFourMachinesTogetherKeepTheRateOfADomain(t *testing.T) {
	const each, minutes = 2 * time.Second, 2
	synctest.Test(t, func(t *testing.T) {
		m, v := ledgertest.NewLeasedMemory(), &mailbox{domain: "slow.test"}
		l := m.Open()
		stageMails(t, l, 8*30*minutes, func(i int) string {
			if i%8 == 0 {
				return v.domain
			}
			return "quick.test"
		})
		var wait sync.WaitGroup
		for machine := range 4 {
			l := m.Open()
			disk := &turnsOf{Runs: l, turn: func(n int, do func() (ledger.Turned, error)) (ledger.Turned, error) {
				takes := time.Duration(2+(n*7+machine*11)%20) * time.Millisecond
				switch {
				case n%4 == 0:
					takes += 150 * time.Millisecond
				case n%9 == 0 && machine < 2:
					takes += 350 * time.Millisecond
				}
				time.Sleep(takes / 2) // for the lock
				defer time.Sleep(takes / 2)
				return do()
			}}
			loop := mailLoop(disk, l, v, config.Account{Name: "a", Concurrency: 8, DomainRate: map[string]float64{"slow.test": 0.5, "quick.test": 20}})
			loop.Join, loop.PID = true, machine+1
			wait.Go(func() {
				if res, err := loop.Run(t.Context()); err != nil || res.Pause != nil {
					t.Errorf("%+v, %v", res.Pause, err)
				}
			})
		}
		wait.Wait()
		slices.SortFunc(v.at, time.Time.Compare)
		for i := range v.at[1:] {
			if apart := v.at[i+1].Sub(v.at[i]); apart < each-each/10 {
				t.Errorf("mails %d and %d came within %s", i+1, i+2, apart)
			}
		}
		mean := v.at[len(v.at)-1].Sub(v.at[0]) / time.Duration(len(v.at)-1)
		t.Logf("%d mails, one each %s", len(v.at), mean)
		if (mean - each).Abs() > each/100 {
			t.Errorf("one mail each %s, want one each %s", mean, each)
		}
	})
}

package send_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
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
			to := message.Address(fmt.Sprintf("w%d@customer-%d.test", i, i%2))
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
	loop := &send.Loop{
		Ledger: l, Reader: l, Campaign: "award", Vendors: map[string]vendors.Vendor{"a": &reached{}}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Config: &config.Config{
			Environment: config.Production, Timezone: time.UTC,
			Accounts: map[string]config.Account{"a": {Name: "a", Concurrency: 16, DomainRate: map[string]float64{ledger.DefaultDomain: perSecond}}},
			Routes:   map[message.Channel]config.Route{message.Email: {Accounts: []config.Share{{Account: "a", Weight: 1}}}},
		},
	}
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

package send_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
	"notify/pkg/vendors"
)

// reached is a vendor that takes everything and remembers whom it reached.
type reached struct {
	mu sync.Mutex
	to []message.Address
}

func (r *reached) Close() error { return nil }

func (r *reached) Send(_ context.Context, m message.Message) message.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = append(r.to, m.To)
	return message.Outcome{Kind: message.OutcomeAccepted}
}

// resumeElsewhere resumes a campaign of four people, staged for one environment, in an installation of another.
func resumeElsewhere(t *testing.T, staged, installed, account string) (*reached, ledger.Counts, error) {
	t.Helper()
	ctx, l := context.Background(), ledgertest.NewMemory().Open()
	spec := plan.Spec{
		Schema: plan.SpecSchema, Name: "award", Environment: staged, Columns: []string{"name"}, Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "Dear {{name}}"}}},
	}
	b, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Stage(ctx, ledger.Staging{Campaign: "award", Digest: "d", Spec: b, Recipients: people("award", 4)}); err != nil {
		t.Fatal(err)
	}
	v := &reached{}
	loop := &send.Loop{
		Ledger: l, Reader: l, Campaign: "award", Vendors: map[string]vendors.Vendor{"a": v}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Config: &config.Config{
			Environment: installed, Timezone: time.UTC, AllowList: []string{fmt.Sprintf("+86100%08d", 1)},
			Accounts: map[string]config.Account{"a": {Name: "a", Environment: account, Concurrency: 2}},
			Routes:   map[message.Channel]config.Route{message.SMS: {Accounts: []config.Share{{Account: "a", Weight: 1}}}},
		},
	}
	_, err = loop.Run(ctx)
	counts, cerr := l.Counts(ctx, "award")
	if cerr != nil {
		t.Fatal(cerr)
	}
	return v, counts, err
}

func TestACampaignOfAnotherEnvironmentIsNotSent(t *testing.T) {
	for _, tt := range []struct{ name, staged, installed, account string }{
		{"a campaign of production in a test installation", config.Production, config.Test, ""},
		{"a campaign of a test in production", config.Test, config.Production, ""},
		{"an account of production in a test installation", config.Test, config.Test, config.Production},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, counts, err := resumeElsewhere(t, tt.staged, tt.installed, tt.account)
			if !errors.Is(err, send.ErrEnvironment) {
				t.Errorf("got %v, want ErrEnvironment", err)
			}
			if len(v.to) != 0 || counts.Of(message.Pending) != 4 {
				t.Errorf("%d were reached, %+v", len(v.to), counts.ByState)
			}
		})
	}
}

// The one account of a route is for another class than the campaign: that is what is wrong, and not that the route is empty.
func TestARouteOfAnotherClassIsToldApartFromNone(t *testing.T) {
	spec := awardSpec()
	spec.Class = config.Marketing
	frozen, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	l, v := ledgertest.NewMemory().Open(), &reached{}
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", Spec: frozen, Recipients: people("award", 4)}); err != nil {
		t.Fatal(err)
	}
	loop := loopOn(l, l, v, config.Account{Class: config.Notice, Concurrency: 2})
	for want, route := range map[string]config.Route{
		"account a is for notice, and campaign award is a marketing": {Accounts: []config.Share{{Account: "a", Weight: 1}}},
		"no account is on the route of SMS":                          {},
	} {
		loop.Config.Routes[message.SMS] = route
		if _, err := loop.Run(t.Context()); err == nil || err.Error() != want || len(v.to) != 0 {
			t.Errorf("%d were reached, got %v, want %s", len(v.to), err, want)
		}
	}
}

// TestOutsideProductionOnlyTheAllowListIsReached: the ledger was made elsewhere, and no preflight has looked.
func TestOutsideProductionOnlyTheAllowListIsReached(t *testing.T) {
	v, counts, err := resumeElsewhere(t, config.Test, config.Test, config.Test)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.to) != 1 || v.to[0] != "+8610000000001" {
		t.Errorf("reached %v", v.to)
	}
	if counts.Of(message.Accepted) != 1 || counts.Of(message.Rejected) != 3 {
		t.Errorf("%+v", counts.ByState)
	}
}

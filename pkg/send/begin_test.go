package send_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
)

// three is a list of three people.
type three struct{ read int }

func (l *three) Header() list.Header {
	return list.Header{File: "award.xlsx", Row: 1, Columns: []string{"name", "phone"}, Mapped: map[string]string{"name": "name", "phone": "phone"}}
}

func (l *three) Close() error { return nil }

func (l *three) Use([]string) {}

func (l *three) Next(row *list.Row, _ *diag.List) error {
	if l.read == 3 {
		return io.EOF
	}
	to := person(l.read)
	*row = list.Row{Number: l.read + 2, Key: string(to), To: []list.Reach{{Channel: message.SMS, Address: to}}, Values: []string{fmt.Sprint("n", l.read), string(to)}}
	l.read++
	return nil
}

func planOfThree(t *testing.T) *plan.Plan {
	t.Helper()
	c := &campaign.Campaign{Name: "award", Shared: campaign.SharedRefuse, Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "Dear {{name}}"}}}}
	cfg := &config.Config{Accounts: map[string]config.Account{"a": {}}, Routes: map[message.Channel]config.Route{message.SMS: {Accounts: []config.Share{{Account: "a", Weight: 1}}}}}
	p, err := plan.Make(t.Context(), plan.Inputs{Config: cfg, Campaign: c, List: &three{}, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestAPlanIsStagedAsItIs(t *testing.T) {
	l := ledgertest.NewMemory().Open()
	got, err := send.Begin(t.Context(), l, planOfThree(t), ledger.Act{Who: "wang"})
	if err != nil || got.Added != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	var there []string
	for r, err := range l.Messages(t.Context(), "award") {
		if err != nil {
			t.Fatal(err)
		}
		there = append(there, fmt.Sprintf("%d %s %s", r.Row, r.Address, r.Fields))
	}
	want := []string{
		`2 +8610000000000 ["n0","+8610000000000"]`, `3 +8610000000001 ["n1","+8610000000001"]`, `4 +8610000000002 ["n2","+8610000000002"]`,
	}
	if diff := cmp.Diff(want, there); diff != "" {
		t.Error(diff)
	}
}

// A plan that cannot be read to its end stages nothing.
func TestAPlanThatCannotBeReadIsNotStaged(t *testing.T) {
	l, p := ledgertest.NewMemory().Open(), planOfThree(t)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := send.Begin(t.Context(), l, p, ledger.Act{}); err == nil {
		t.Error("it was staged")
	}
	if _, err := l.Campaign(t.Context(), "award"); !errors.Is(err, ledger.ErrNoCampaign) {
		t.Errorf("the campaign is there: %v", err)
	}
}

// impatient is a ledger that takes one recipient and no more.
type impatient struct{ ledger.Ledger }

var errFull = errors.New("the disk is full")

func (impatient) Stage(_ context.Context, s ledger.Staging) (ledger.Staged, error) {
	for _, err := range s.Recipients {
		return ledger.Staged{}, errors.Join(err, errFull)
	}
	return ledger.Staged{}, nil
}

func TestALedgerThatDoesNotTakeAPlanIsHeard(t *testing.T) {
	if _, err := send.Begin(t.Context(), impatient{}, planOfThree(t), ledger.Act{}); !errors.Is(err, errFull) {
		t.Errorf("it ended with %v", err)
	}
}

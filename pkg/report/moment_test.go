package report_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/report"
)

// TestAReportOfARunAgreesWithItself: while a run writes, each report is one moment: why messages were rejected or are unknown adds up to how
// many there are, and nobody waits who is not pending.
func TestAReportOfARunAgreesWithItself(t *testing.T) {
	const name, messages, samples = "award-2020", 1_000, 30
	for driver, l := range ledgers(t) {
		t.Run(driver, func(t *testing.T) {
			stagedMany(t, l, name, messages)
			stop, over := make(chan struct{}), make(chan error, 1)
			go func() { over <- sending(t.Context(), l, name, stop) }()
			moved := map[int]bool{}
			for range samples {
				r := must[*report.Report](t)(report.Make(t.Context(), l, name, report.Terms{Prices: prices()}))
				by := map[message.State]int{}
				for _, c := range r.Codes {
					by[c.State] += c.Messages
				}
				for _, s := range []message.State{message.Rejected, message.Unknown} {
					if by[s] != r.Total[s] {
						t.Errorf("the reasons are of %d %s, and %d are", by[s], s, r.Total[s])
					}
				}
				if r.WaitingTotal > r.Total[message.Pending] || r.Messages != messages || len(r.Runs) != len(r.Running) {
					t.Errorf("%d wait of %d pending; %d messages, %d runs, %d alive", r.WaitingTotal, r.Total[message.Pending], r.Messages, len(r.Runs), len(r.Running))
				}
				moved[r.Total[message.Pending]] = true
			}
			close(stop)
			if err := <-over; err != nil {
				t.Fatal(err)
			}
			if len(moved) < 2 {
				t.Error("nothing was sent between the samples")
			}
		})
	}
}

func stagedMany(t *testing.T, l ledger.Ledger, name string, n int) {
	t.Helper()
	spec := plan.Spec{
		Schema: plan.SpecSchema, Name: name, Columns: []string{"phone"},
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "hi"}}},
	}
	must[ledger.Staged](t)(l.Stage(t.Context(), ledger.Staging{
		Campaign: name, Digest: "d1", Spec: must[[]byte](t)(spec.Encode()), By: wang,
		Recipients: func(yield func(ledger.Recipient, error) bool) {
			for i := range n {
				to := message.Address(fmt.Sprintf("+861349%07d", i))
				if !yield(ledger.Recipient{Row: i + 2, Key: string(to), Fields: []byte(`[""]`), Messages: []ledger.NewMessage{
					{Key: message.MakeKey(name, message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1},
				}}, nil) {
					return
				}
			}
		},
	}))
}

// sending claims and settles in every way until it is stopped.
func sending(ctx context.Context, l ledger.Ledger, name string, stop <-chan struct{}) error {
	got, err := l.Acquire(ctx, ledger.Acquire{Campaign: name, Host: "ops-1", Now: start, Extend: time.Hour})
	if err != nil {
		return err
	}
	turn := ledger.Turn{Run: got.Run.ID, Now: start, Extend: time.Hour, Claim: []ledger.ClaimRequest{{
		Channel: message.SMS, Day: "2026-11-20", Max: 8, Ahead: time.Second, Grace: time.Minute, Limits: ledger.Limits{Account: "sms"},
	}}}
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		turned, err := l.Turn(ctx, turn)
		if err != nil {
			return err
		}
		turn.Settle = nil
		for _, g := range turned.Grants {
			for i, c := range g.Claims {
				turn.Settle = append(turn.Settle, ledger.Settlement{Attempt: c.Attempt, At: start, Outcome: []message.Outcome{
					{Kind: message.OutcomeAccepted, VendorID: "v"},
					{Kind: message.OutcomeRejected, Code: "NUMBER"},
					{Kind: message.OutcomeUnknown, Code: "cut"},
					{Kind: message.OutcomeUnsent, Code: "dial"},
				}[i%4]})
			}
		}
	}
}

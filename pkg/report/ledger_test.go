package report_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

var (
	start = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	zone  = time.FixedZone("CST", 8*3600)
	wang  = ledger.Act{Who: "wang@ops-1", What: "stage", At: start}
)

// columns are those of the list; names have what spreadsheets take for formulas.
func columns() []string { return []string{"工号", "姓名", "手机号", "邮箱"} }

func names() []string {
	return []string{"王小明", "=1+1", "-", "@here", "'=2", "'Li", "+86", "He said \"no\", and left"}
}

// person is the row i of the list.
func person(i int) []string {
	return []string{fmt.Sprintf("E%d", i), names()[i], fmt.Sprintf("+861349000000%d", i), fmt.Sprintf("p%d@a.test", i)}
}

// ledgers are both drivers.
func ledgers(t *testing.T) map[string]ledger.Ledger {
	t.Helper()
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "notify.db"), sqlite.Options{Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return map[string]ledger.Ledger{"sqlite": l, "memory": ledgertest.NewMemory().Open()}
}

// must ends the test with an error.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// staged puts a campaign of eight people, both channels, into the ledger. The last is told his SMS through the first's.
func staged(t *testing.T, l ledger.Ledger, name string) {
	t.Helper()
	spec := plan.Spec{
		Schema: plan.SpecSchema, Name: name, Owner: "Operations Wang", Class: "notice", Columns: columns(),
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "hi"}}, {Channel: message.Email, Mail: &campaign.Mail{Subject: "hi"}}},
	}
	by := wang
	must[ledger.Staged](t)(l.Stage(t.Context(), ledger.Staging{
		Campaign: name, Digest: "d1", Spec: must[[]byte](t)(spec.Encode()), By: by,
		Recipients: func(yield func(ledger.Recipient, error) bool) {
			for i := range names() {
				p := person(i)
				r := ledger.Recipient{Row: i + 2, Key: p[0], Fields: must[[]byte](t)(json.Marshal(p))}
				sms := message.MakeKey(name, message.SMS, message.Address(p[2]), "")
				if i == len(names())-1 {
					r.Folds = []ledger.Fold{{Channel: message.SMS, Into: message.MakeKey(name, message.SMS, message.Address(person(0)[2]), "")}}
				} else {
					r.Messages = append(r.Messages, ledger.NewMessage{Key: sms, Channel: message.SMS, Address: message.Address(p[2]), Segments: 1 + i%2})
				}
				r.Messages = append(r.Messages, ledger.NewMessage{
					Key: message.MakeKey(name, message.Email, message.Address(p[3]), ""), Channel: message.Email, Address: message.Address(p[3]), Segments: 1,
				})
				if !yield(r, nil) {
					return
				}
			}
		},
	}))
}

// outcomes are what comes of the SMS, in the order of the list; the mails stay pending.
func outcomes() []message.Outcome {
	return []message.Outcome{
		{Kind: message.OutcomeAccepted, VendorID: "v1"},
		{Kind: message.OutcomeAccepted, VendorID: "v2"},
		{Kind: message.OutcomeRejected, Code: "550", Detail: "the first of them"},
		{Kind: message.OutcomeRejected, Code: "550", Detail: "the second"},
		{Kind: message.OutcomeUnknown, Code: "notify:reset"},
		{Kind: message.OutcomeUnsent, Code: "notify:dial"},
	}
}

// sent runs the campaign: six SMS are answered, the seventh is under way.
func sent(t *testing.T, l ledger.Ledger, name string) ledger.RunID {
	t.Helper()
	return sentFor(t, l, name, 45_000)
}

// sentFor is sent at a price; 0 is none.
func sentFor(t *testing.T, l ledger.Ledger, name string, price message.Money) ledger.RunID {
	t.Helper()
	got := must[ledger.Acquired](t)(l.Acquire(t.Context(), ledger.Acquire{Campaign: name, Host: "ops-1", PID: 7, User: "wang", Now: start, Extend: time.Minute}))
	turned := must[ledger.Turned](t)(l.Turn(t.Context(), ledger.Turn{
		Run: got.Run.ID, Now: start, Extend: time.Minute,
		Claim: []ledger.ClaimRequest{{
			Channel: message.SMS, Day: "2026-11-20", Max: 7, Grace: 10 * time.Second,
			Limits: ledger.Limits{Account: "sms", Price: price, Currency: "CNY", DailyQuota: 1000},
		}},
	}))
	if n := len(turned.Grants[0].Claims); n != 7 {
		t.Fatalf("%d messages were claimed", n)
	}
	byRow := make(map[int]ledger.Claim)
	for _, c := range turned.Grants[0].Claims {
		byRow[c.Row] = c
	}
	turn := ledger.Turn{Run: got.Run.ID, Now: start.Add(time.Second), Extend: time.Minute}
	for i, o := range outcomes() {
		turn.Settle = append(turn.Settle, ledger.Settlement{Attempt: byRow[i+2].Attempt, Outcome: o, At: start.Add(time.Second)})
	}
	must[ledger.Turned](t)(l.Turn(t.Context(), turn))
	return got.Run.ID
}

func released(t *testing.T, l ledger.Ledger, run ledger.RunID) {
	t.Helper()
	if err := l.Release(context.Background(), run, start.Add(2*time.Second), words.Raw("interrupted")); err != nil {
		t.Fatal(err)
	}
}

package trace_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/trace"
	"notify/pkg/words"
)

var (
	campaigns = flag.Int("campaigns", 20, "how many campaigns the ledger has")
	messages  = flag.Int("messages", 100, "how many messages each of them has")
)

// BenchmarkFind traces by number, by key, by a vendor's id and by a pasted text in a ledger of many campaigns, whose texts are near to each other. For 10 million
// messages: -campaigns 1000 -messages 10000.
func BenchmarkFind(b *testing.B) {
	l, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "notify.db"), sqlite.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for i := range *campaigns {
		stage(b, l, i)
		send(b, l, i)
		if i == *campaigns-2 { // the last is not in order yet
			began := time.Now()
			if err := l.Gather(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.Logf("%d ids of vendors were put in order in %s", (i+1)**messages, time.Since(began).Round(time.Millisecond))
		}
	}
	middle := *campaigns / 2
	someone := person(middle, *messages/2)
	to, name := address(someone), nameOf(middle)
	queries := map[string]string{
		"number": string(to), "key": string(message.MakeKey(name, message.SMS, to, "")), "text": "【示例】" + textOf(middle, someone),
		"vendor-id": vendorID(middle, to), "new-vendor-id": vendorID(*campaigns-1, address(person(*campaigns-1, *messages/2))),
	}
	for _, by := range []string{"number", "key", "vendor-id", "new-vendor-id", "text"} {
		q, err := trace.Read(queries[by], channel.Builtin(), "CN")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(by, func(b *testing.B) {
			for b.Loop() {
				r, err := trace.Find(b.Context(), l, q, trace.Options{Most: 50})
				if err != nil || r.Messages == 0 {
					b.Fatalf("%+v, %v", r, err)
				}
			}
		})
	}
}

func nameOf(i int) string { return fmt.Sprintf("campaign-%04d", i) }

// shared is after how many campaigns the same people come again: a number is in a few of a thousand.
const shared = 200

func person(i, n int) int { return n + i%shared**messages }

func address(n int) message.Address { return message.Address(fmt.Sprintf("+861349%07d", n)) }

func textOf(i, n int) string {
	return fmt.Sprintf("P%d，您在第%d期活动中获得奖品，请于1月2日前领取。", n, i)
}

func vendorID(i int, to message.Address) string { return fmt.Sprintf("7f3c%06d%s", i, to[1:]) }

// send has all messages of a campaign accepted.
func send(b *testing.B, l ledger.Ledger, i int) {
	b.Helper()
	now := time.Unix(1_800_000_000+int64(i), 0)
	run, err := l.Acquire(b.Context(), ledger.Acquire{Campaign: nameOf(i), Host: "ops-1", PID: 1, User: "wang", Now: now, Extend: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	for turn := (ledger.Turn{Run: run.Run.ID, Now: now, Extend: time.Minute}); ; {
		turn.Claim = []ledger.ClaimRequest{{
			Channel: message.SMS, Day: "2026-11-20", Max: 500, Ahead: time.Second, Grace: time.Minute, Limits: ledger.Limits{Account: "sms", Price: 45000, Currency: "CNY"},
		}}
		got, err := l.Turn(b.Context(), turn)
		if err != nil {
			b.Fatal(err)
		}
		turn.Settle = nil
		for _, c := range got.Grants[0].Claims {
			turn.Settle = append(turn.Settle, ledger.Settlement{Attempt: c.Attempt, At: now, Outcome: message.Outcome{Kind: message.OutcomeAccepted, VendorID: vendorID(i, c.Address)}})
		}
		if len(turn.Settle) == 0 {
			break
		}
	}
	if err := l.Release(b.Context(), run.Run.ID, now, words.Raw("done")); err != nil {
		b.Fatal(err)
	}
}

func stage(b *testing.B, l ledger.Ledger, i int) {
	b.Helper()
	spec, err := json.Marshal(plan.Spec{
		Schema: plan.SpecSchema, Name: nameOf(i), Owner: "Operations", Columns: []string{"name"},
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: fmt.Sprintf("{{name}}，您在第%d期活动中获得奖品，请于1月2日前领取。", i)}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	_, err = l.Stage(b.Context(), ledger.Staging{
		Campaign: nameOf(i), Digest: "d", Spec: spec, By: ledger.Act{Who: "wang", What: "stage", At: time.Unix(1_800_000_000+int64(i), 0)},
		Recipients: func(yield func(ledger.Recipient, error) bool) {
			for n := range *messages {
				to := address(person(i, n))
				if !yield(ledger.Recipient{Row: n + 2, Key: fmt.Sprint(n), Fields: fmt.Appendf(nil, `["P%d"]`, person(i, n)), Messages: []ledger.NewMessage{{
					Key: message.MakeKey(nameOf(i), message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: plan.Fingerprint("", textOf(i, person(i, n)), ""),
				}}}, nil) {
					return
				}
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// BenchmarkHistory compares a ledger that twenty campaigns were sent from with a fresh one: the preflight of the example's 23,000, the
// status of one campaign and its report, and claiming and settling. NOTIFY_BENCH_OLDER sets how many older messages there are; 10000000, for the figure
// that counts, takes a quarter of an hour to make.
func BenchmarkHistory(b *testing.B) {
	older := 200_000
	if n, err := strconv.Atoi(os.Getenv("NOTIFY_BENCH_OLDER")); err == nil {
		older = n
	}
	box, err := sandbox.Start(b.Context(), sandbox.Config{SMSAddr: "127.0.0.1:0", MailAddr: "127.0.0.1:0", Token: "sandbox", Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer box.Close()
	b.Setenv("NOTIFY_ACCOUNTS_SMS_ENDPOINT", box.URL())
	b.Setenv("NOTIFY_ACCOUNTS_SMS_BACKUP_ENDPOINT", box.URL())
	b.Setenv("NOTIFY_ACCOUNTS_EDM_OPTIONS_ADDRESS", box.MailAddr())
	const campaigns = 20
	for _, c := range []struct {
		name string
		each int
	}{{"fresh", 1}, {"older", older / campaigns}} {
		dir := b.TempDir()
		if err := os.CopyFS(dir, os.DirFS("../../examples")); err != nil {
			b.Fatal(err)
		}
		l, err := sqlite.Open(b.Context(), filepath.Join(dir, "notify.db"), sqlite.Options{Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		for i := range campaigns {
			sendOlder(b, l, fmt.Sprintf("older-%d", i), c.each)
		}
		b.Run(c.name+"/status", func(b *testing.B) {
			for b.Loop() {
				if _, err := report.States(b.Context(), l, "older-7", nil, time.Now()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/report", func(b *testing.B) {
			for b.Loop() {
				if _, err := report.Make(b.Context(), l, "older-7", report.Terms{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/claim and settle", func(b *testing.B) {
			const n = 20_000
			for i := 0; b.Loop(); i++ {
				sendOlder(b, l, fmt.Sprintf("new-%d-%d", b.N, i), n)
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "messages/s")
		})
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		b.Run(c.name+"/preflight", func(b *testing.B) {
			for b.Loop() {
				checkAll(b, filepath.Join(dir, "award.xlsx"))
			}
		})
	}
}

// sendOlder stages a campaign of n people and has all but the last hundred accepted: those wait.
func sendOlder(b *testing.B, l ledger.Ledger, name string, n int) {
	b.Helper()
	by := ledger.Act{Who: "bench", What: "send", At: time.Now()}
	_, err := l.Stage(b.Context(), ledger.Staging{
		Campaign: name, Digest: "d", Spec: []byte(`{"schema":"notify.spec/1","name":"` + name + `"}`), By: by,
		Recipients: func(yield func(ledger.Recipient, error) bool) {
			for i := range n {
				to := message.Address(fmt.Sprintf("+86134%08d", i))
				if !yield(ledger.Recipient{Row: i + 2, Key: strconv.Itoa(i), Fields: []byte(`["王"]`), Messages: []ledger.NewMessage{{
					Key: message.MakeKey(name, message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: int64(i)<<20 + int64(len(name)),
				}}}, nil) {
					return
				}
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	run, err := l.Acquire(b.Context(), ledger.Acquire{Campaign: name, Host: "bench", PID: os.Getpid(), Now: time.Now(), Extend: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	var settle []ledger.Settlement
	for left := n - 100; left > 0 || len(settle) > 0; {
		t := ledger.Turn{Run: run.Run.ID, Now: time.Now(), Extend: time.Minute, Settle: settle}
		if left > 0 {
			t.Claim = []ledger.ClaimRequest{{
				Channel: message.SMS, Day: t.Now.Format(time.DateOnly), Max: min(left, 256), Grace: time.Minute,
				Limits: ledger.Limits{Account: "sms", Price: 45000, Currency: "CNY"},
			}}
		}
		got, err := l.Turn(b.Context(), t)
		if err != nil {
			b.Fatal(err)
		}
		settle = settle[:0]
		for _, g := range got.Grants {
			left -= len(g.Claims)
			for _, cl := range g.Claims {
				settle = append(settle, ledger.Settlement{Attempt: cl.Attempt, At: t.Now, Outcome: message.Outcome{Kind: message.OutcomeAccepted, Code: "OK"}})
			}
		}
	}
	if err := l.Release(b.Context(), run.Run.ID, time.Now(), words.Raw("done")); err != nil {
		b.Fatal(err)
	}
}

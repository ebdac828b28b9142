package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// older is what a ledger holds that was sent from for long: campaigns over the last 70 days, whose people come again in several.
const (
	olderDays   = 70
	olderPeople = 2_000_000
)

// BenchmarkHistory compares a ledger that many campaigns were sent from with a fresh one: the preflight of the example's 23,000, the status of one
// campaign and its report, questions about a person and about all campaigns, and claiming and settling. BENCH_OLDER sets how many older
// messages there are, BENCH_CAMPAIGNS of how many campaigns: 10000000 and 1000, for the figures that count, take a quarter of an hour to make.
// BENCH_KEEP is a folder where that ledger is left, and found again.
func BenchmarkHistory(b *testing.B) {
	older, campaigns, kept := setting("BENCH_OLDER", 200_000), setting("BENCH_CAMPAIGNS", 20), os.Getenv("BENCH_KEEP")
	box, err := sandbox.Start(b.Context(), sandbox.Config{SMSAddr: "127.0.0.1:0", MailAddr: "127.0.0.1:0", Token: "sandbox", Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer box.Close()
	b.Setenv("NOTIFY_ACCOUNTS_SMS_ENDPOINT", box.URL())
	b.Setenv("NOTIFY_ACCOUNTS_SMS_BACKUP_ENDPOINT", box.URL())
	b.Setenv("NOTIFY_ACCOUNTS_EDM_OPTIONS_ADDRESS", box.MailAddr())
	b.Setenv("XDG_STATE_HOME", b.TempDir())
	for _, c := range []struct {
		name      string
		campaigns int
		each      int
	}{{"fresh", 1, 200}, {"older", campaigns, older / campaigns}} {
		dir := b.TempDir()
		if kept != "" && c.name == "older" {
			dir = kept
		}
		l := makeHistory(b, dir, c.campaigns, c.each)
		if err := l.Gather(b.Context()); err != nil { // as every run does in its end
			b.Fatal(err)
		}
		middle := c.campaigns / 2
		b.Run(c.name+"/claim and settle", func(b *testing.B) {
			const n = 20_000
			for i := 0; b.Loop(); i++ {
				sendOlder(b, l, fmt.Sprintf("new-%d-%d", time.Now().UnixNano(), i), 0, n, time.Now())
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
		to := olderAddress(olderFrom(middle) + c.each/2)
		for _, q := range [][]string{
			{"status", olderName(middle)},
			{"report", olderName(middle)},
			{"trace", string(to)},
			{"trace", string(message.MakeKey(olderName(middle), message.SMS, to, ""))},
			{"trace", olderID(olderName(middle), c.each/2)},
			{"trace", "【示例】" + olderText(middle, c.each/2)},
			{"person", string(to), "show", "--as", "wang"},
			{"cost", "--by", "month"},
			{"cost", "--by", "campaign"},
			{"incidents", "--by", "month"},
			{"accounts"},
		} {
			b.Run(c.name+"/"+strings.Join(q, " "), func(b *testing.B) {
				for b.Loop() {
					asked(b, dir, q...)
				}
			})
		}
	}
}

func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// makeHistory makes an installation and its ledger, unless it is there.
func makeHistory(b *testing.B, dir string, campaigns, each int) *sqlite.Ledger {
	b.Helper()
	_, err := os.Stat(filepath.Join(dir, "notify.db"))
	made := err == nil
	if !made {
		if err := os.CopyFS(dir, os.DirFS("../../examples")); err != nil {
			b.Fatal(err)
		}
	}
	l, err := sqlite.Open(b.Context(), filepath.Join(dir, "notify.db"), sqlite.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; !made && i < campaigns; i++ {
		sendOlder(b, l, olderName(i), i, each, time.Now().AddDate(0, 0, -olderDays*(campaigns-i)/campaigns))
	}
	return l
}

func olderName(i int) string { return fmt.Sprintf("older-%04d", i) }

func olderID(campaign string, n int) string { return fmt.Sprintf("%x-%s", n*2654435761, campaign) }

// olderFrom is the first person of a campaign.
func olderFrom(i int) int { return i * 7919 % olderPeople }

func olderAddress(n int) message.Address {
	return message.Address(fmt.Sprintf("+861349%07d", n%olderPeople))
}

func olderText(i, n int) string {
	return fmt.Sprintf("P%d，您在第%d期活动中获得奖品，请于1月2日前领取。", n, i)
}

// asked runs a command in this process.
func asked(b *testing.B, dir string, args ...string) {
	b.Helper()
	e := newEnv(bytes.NewReader(nil), io.Discard, io.Discard, os.Getenv, func() time.Time { return time.Now().Round(0) })
	defer e.close()
	root := newRoot(e)
	root.SetArgs(append(args, "--json", "--quiet", "--config", filepath.Join(dir, "notify.yaml")))
	if err := root.ExecuteContext(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// sendOlder stages a campaign of n people and has all but the last hundred accepted: those wait.
func sendOlder(b *testing.B, l ledger.Ledger, name string, nth, n int, now time.Time) {
	b.Helper()
	spec, err := json.Marshal(plan.Spec{
		Schema: plan.SpecSchema, Name: name, Owner: "Operations Wang", Team: "Rewards", Class: "notice", Columns: []string{"name"},
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: strings.Replace(olderText(nth, 0), "P0", "{{name}}", 1)}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	by := ledger.Act{Who: "bench", What: "send", At: now}
	_, err = l.Stage(b.Context(), ledger.Staging{
		Campaign: name, Digest: "d", Spec: spec, By: by,
		Recipients: func(yield func(ledger.Recipient, error) bool) {
			for i := range n {
				to := olderAddress(olderFrom(nth) + i)
				if !yield(ledger.Recipient{Row: i + 2, Key: strconv.Itoa(i), Fields: fmt.Appendf(nil, `["P%d"]`, i), Messages: []ledger.NewMessage{{
					Key: message.MakeKey(name, message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1,
					Fingerprint: plan.Fingerprint("", olderText(nth, i), ""),
				}}}, nil) {
					return
				}
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	run, err := l.Acquire(b.Context(), ledger.Acquire{Campaign: name, Host: "bench", PID: os.Getpid(), Now: now, Extend: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	var settle []ledger.Settlement
	sent := 0
	for left := n - 100; left > 0 || len(settle) > 0; {
		t := ledger.Turn{Run: run.Run.ID, Now: now, Extend: time.Minute, Settle: settle}
		if left > 0 {
			t.Claim = []ledger.ClaimRequest{{
				Channel: message.SMS, Day: t.Now.Format(time.DateOnly), Max: min(left, 512), Grace: time.Minute,
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
				settle = append(settle, ledger.Settlement{Attempt: cl.Attempt, At: t.Now, Outcome: message.Outcome{
					Kind: message.OutcomeAccepted, Code: "OK", VendorID: olderID(name, sent), Segments: 1,
				}})
				sent++
			}
		}
	}
	if err := l.Release(b.Context(), run.Run.ID, now, words.Raw("done")); err != nil {
		b.Fatal(err)
	}
}

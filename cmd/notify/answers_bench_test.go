//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"notify/pkg/exit"
	"notify/pkg/message"
)

// BenchmarkReceiptAnswers says how long a vendor waits for the answer to its receipts: 1,000 of them over 50 connections, to a listener that settles
// them on the ledger of a run at full speed, of one that stages its list, or of none. BENCH_ROWS sets how many people the run tells.
func BenchmarkReceiptAnswers(b *testing.B) {
	const connections, requests, earlier = 50, 1000, 2000
	rows := 60_000
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROWS")); err == nil {
		rows = n
	}
	for _, c := range []struct {
		name    string
		each    int // receipts in a request
		reached int // messages of the run before the first receipt comes; -1: nobody sends
	}{{"alone", 1, -1}, {"beside a run", 1, 3000}, {"beside a run that stages", 1, 0}, {"100 in each beside a run", 100, 3000}} {
		b.Run(c.name, func(b *testing.B) {
			p := newReceipted(b, true)
			p.env = append(p.env, "NOTIFY_ACCOUNTS_SMS_RATE=100000/s", "NOTIFY_ACCOUNTS_SMS_DAILY_QUOTA=1000000", "NOTIFY_ACCOUNTS_SMS_BUDGET_DAY=1000000",
				"NOTIFY_CAPACITY_RECIPIENTS=1000000")
			all := people(1, earlier)
			p.must(writeList(p.path("award.csv"), all))
			p.wants([]int{exit.OK}, "send", "award.csv", "--yes")
			p.must(writeList(p.path("more.csv"), people(1, rows)))
			p.write("more.yaml", only("more", message.SMS))
			p.listen()
			alive := func() bool { return true }
			if c.reached >= 0 {
				run := p.begin("send", "more.csv", "--campaign", "more.yaml", "--yes")
				p.must(p.receiver.reached(message.SMS, earlier+c.reached, func() bool { return !run.alive() }))
				alive = run.alive
			}
			var took []time.Duration
			for round := 0; b.Loop(); round++ {
				took = append(took, p.answers(b, connections, requests, func(i int) []byte { return toldOf(all, round, i, c.each) })...)
				if !alive() {
					b.Log("the run ended before the receipts did: BENCH_ROWS")
				}
			}
			slices.Sort(took)
			at := func(share float64) float64 {
				return float64(took[min(len(took)-1, int(share*float64(len(took))))].Microseconds()) / 1000
			}
			b.ReportMetric(at(0.5), "ms-p50")
			b.ReportMetric(at(0.99), "ms-p99")
			b.ReportMetric(at(1), "ms-max")
		})
	}
}

// toldOf is a request's body: receipts of messages of the earlier campaign.
func toldOf(all []person, round, request, each int) []byte {
	var told []map[string]any
	for i := range each {
		to := "+86" + message.Address(all[(request*each+i)%len(all)].phone)
		told = append(told, map[string]any{
			"ref": message.MakeKey("award-2020", message.SMS, to, ""), "to": to, "at": time.Now().Add(time.Duration(round*1000+request) * time.Millisecond),
			"status": "delivered", "code": "DELIVRD",
		})
	}
	body, _ := json.Marshal(told) // of texts and times alone
	return body
}

// answers posts receipts and says how long each waited for its answer.
func (p *receipted) answers(b *testing.B, connections, requests int, body func(i int) []byte) []time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}, Timeout: patience}
	defer client.CloseIdleConnections()
	next := make(chan int)
	go func() {
		defer close(next)
		for i := 0; i < requests; i++ {
			next <- i
		}
	}()
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			for i := range next {
				text := body(i)
				mac := hmac.New(sha256.New, []byte(receiptSecret))
				mac.Write(text)
				req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+p.address+p.at, bytes.NewReader(text))
				if err != nil {
					panic(err)
				}
				req.Header.Set("X-Sandbox-Signature", hex.EncodeToString(mac.Sum(nil)))
				began := time.Now()
				got, err := client.Do(req)
				if err != nil {
					b.Error(err)
					continue
				}
				_ = got.Body.Close()
				d := time.Since(began)
				if got.StatusCode != http.StatusOK {
					b.Error(got.Status)
				}
				mu.Lock()
				took = append(took, d)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return took
}

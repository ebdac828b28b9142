package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"notify/pkg/message"
	"notify/pkg/sandbox"
)

// inParallel has 16 clients work off b.N messages.
func inParallel(b *testing.B, send func(n int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 16 {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := send(int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkSMS(b *testing.B) {
	s := run(b, sandbox.Config{Record: filepath.Join(b.TempDir(), "record.jsonl")})
	c := client(b)
	inParallel(b, func(n int) error {
		r, err := try(c, http.MethodPost, s.URL()+"/sms/send",
			map[string]any{"to": fmt.Sprintf("+1555%07d", n), "text": "您好", "ref": fmt.Sprint(n)})
		if err == nil && r.status != http.StatusOK {
			err = fmt.Errorf("status %d", r.status)
		}
		return err
	})
}

func BenchmarkMail(b *testing.B) {
	s := run(b, sandbox.Config{Record: filepath.Join(b.TempDir(), "record.jsonl")})
	v := mailer(b, s, nil)
	inParallel(b, func(n int) error {
		o := v.Send(context.Background(), letter(fmt.Sprintf("winner-%d@customer.test", n), "Your award"))
		if o.Kind != message.OutcomeAccepted {
			return fmt.Errorf("outcome %+v", o)
		}
		return nil
	})
}

// BenchmarkReadRecord reads the record of 23,000 SMS; it also shows what a message costs in memory.
func BenchmarkReadRecord(b *testing.B) {
	path := filepath.Join(b.TempDir(), "record.jsonl")
	writeRecord(b, path, 23000)
	for b.Loop() {
		t, err := sandbox.ReadRecord(path)
		if err != nil || t.SMS.Reached != 23000 {
			b.Fatalf("%+v, %v", t.SMS, err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

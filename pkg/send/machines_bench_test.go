//go:build unix

package send_test

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/send"
)

// BenchmarkMachines has one loop on a file, and one, two and four on a PostgreSQL, send the same short mails to one smtp-sink, by turns. Together they have
// the slots that the one has. All share the processors of this machine, with the server and the receiver: more machines than it has processors
// show what sharing costs, and not what machines of their own would bring.
func BenchmarkMachines(b *testing.B) {
	s, err := pgtest.New(b.Context(), "fsync = on")
	if errors.Is(err, pgtest.ErrMissing) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Remove() })
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	const slots, rounds = 256, 3
	address, w := smtpSink(b), shortMail()
	took := make(map[string]time.Duration)
	for schema := 0; b.Loop(); schema++ {
		for round := range rounds {
			v := benchVendor(b, "smtp", address, slots)
			took["sqlite"] += w.loop(b, v, slots)
			_ = v.Close()
			for _, n := range []int{1, 2, 4} {
				url := s.SocketURL(pgtest.Superuser, "postgres") + fmt.Sprintf("&schema=machines_%d_%d_%d_%d", b.N, schema, round, n)
				took[fmt.Sprintf("machines=%d", n)] += w.onMachines(b, n, address, slots, url)
			}
		}
	}
	for name, d := range took {
		b.ReportMetric(float64(b.N)*rounds*benchMessages/d.Seconds(), name+"/s")
	}
}

// onMachines runs n loops, each with connections of its own to the ledger and to the receiver.
func (w benchWork) onMachines(b *testing.B, n int, address string, slots int, url string) time.Duration {
	b.Helper()
	var first ledger.Ledger
	loops := make([]*send.Loop, 0, n)
	for i := range n {
		l, err := postgres.Open(context.Background(), url, postgres.Options{Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		if first == nil {
			first = l
			w.stage(b, l)
		} else {
			defer func() { _ = l.Close() }()
		}
		v := benchVendor(b, "smtp", address, slots/n)
		defer func() { _ = v.Close() }()
		loop := w.loopOn(l, v, slots)
		loop.Join, loop.PID = true, i+1
		loops = append(loops, loop)
	}
	return timed(b, first, loops...)
}

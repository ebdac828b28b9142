package preflight

import (
	"context"
	"errors"
	"fmt"
	"notify/pkg/words"
	"os"
	"path/filepath"
	"time"
)

// How a flush is measured: appends of one database page, each made durable.
const (
	flushes   = 100
	flushSize = 4 << 10
	flushTime = 5 * time.Second // slow disks are measured with fewer
	// commitWork is what a commit costs beside its flush, on a slow machine.
	commitWork = time.Millisecond
)

// flushCheck asks whether the ledger's disk makes attempts durable as fast as the accounts may send. Every message in
// flight waits for about two commits, and what a vendor takes to answer comes on top.
func flushCheck() Check {
	return Check{ID: "flush", Group: GroupLedger, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		info, err := s.Ledger.Info(ctx)
		if err != nil {
			return broken(err)
		}
		if info.Driver != "sqlite" {
			return Finding{Status: Skip, oldSummary: fmt.Sprintf(textFlushElsewhere, info.Driver)}
		}
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		flush, err := measureFlush(ctx, filepath.Dir(info.Place), s.Now)
		if err != nil {
			return broken(err)
		}
		if flush <= 0 {
			return Finding{Status: Skip, oldSummary: textClockStands}
		}
		var want float64
		inFlight := 0
		for _, n := range byAccount(needs) {
			want += n.Account.Rate
			inFlight += max(1, n.Account.Concurrency)
		}
		most := float64(inFlight) / (2 * (flush + commitWork)).Seconds()
		f := Finding{Status: Pass, Facts: []Fact{
			{"flush_ms", float64(flush.Microseconds()) / 1000},
			{"in_flight", inFlight},
			{"most_per_second", int(most)},
			{"wanted_per_second", want},
		}}
		ms := fmt.Sprintf("%.2f ms", float64(flush.Microseconds())/1000)
		switch {
		case want == 0:
			f.oldSummary = fmt.Sprintf(textFlushNoRate, ms, inFlight, num(int(most)))
		case most < want:
			f.Status, f.oldSummary = Warn, fmt.Sprintf(textFlush, ms, inFlight, num(int(most)), fmt.Sprintf("%.4g", want))
			f.oldRemedies = []string{fmt.Sprintf(textMoreInFlight, int(want*(2*(flush+commitWork)).Seconds())+1)}
		default:
			f.oldSummary = fmt.Sprintf(textFlush, ms, inFlight, num(int(most)), fmt.Sprintf("%.4g", want))
		}
		return f
	}}
}

// measureFlush is how long it takes, on average, until an appended page survives power loss. Its file is removed.
func measureFlush(ctx context.Context, dir string, now func() time.Time) (_ time.Duration, err error) {
	f, err := os.CreateTemp(dir, "notify-flush-*")
	if err != nil {
		return 0, words.Wrap(err, "preflight.measure-disk", nil)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, flushSize)
	start := now()
	for n := 1; n <= flushes; n++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if _, err := f.Write(page); err != nil {
			return 0, words.Wrap(err, "preflight.measure-disk", nil)
		}
		if err := fdatasync(f); err != nil {
			return 0, words.Wrap(err, "preflight.measure-disk", nil)
		}
		if took := now().Sub(start); took > flushTime || n == flushes {
			return took / time.Duration(n), nil
		}
	}
	return 0, nil
}

const (
	textFlush          = "a durable write takes %s: with %d in flight at most %s/s, wanted %s/s"
	textFlushNoRate    = "a durable write takes %s: with %d in flight at most %s/s; no account has a rate"
	textClockStands    = "not measured: the clock stands still"
	textFlushElsewhere = "the ledger is on %s: its disk is not here"
	textMoreInFlight   = "let more messages be in flight: concurrency together at least %d in notify.yaml, more where the vendor answers slowly; or put the ledger on a faster disk"
)

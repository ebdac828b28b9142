package preflight

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"notify/pkg/words"
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
//
// *Is the disk fast enough?* Each message waits for durable writes. WARN where they hold the configured rate back.
func flushCheck() Check {
	return Check{ID: "flush", Group: GroupLedger, Overrule: "a slow disk makes a slow campaign", Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		info, err := s.Ledger.Info(ctx)
		if err != nil {
			return broken(err)
		}
		if info.Driver != "sqlite" {
			return Finding{Status: Skip, Summary: said("flush.elsewhere", words.A{"driver": info.Driver})}
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
			return Finding{Status: NotLooked, Summary: said("flush.clock-stands", nil)}
		}
		var want float64
		inFlight := 0
		for _, n := range byAccount(needs) {
			want += n.Account.Rate
			inFlight += max(1, n.Account.Concurrency) + n.Account.Ahead
		}
		most := float64(inFlight) / (2 * (flush + commitWork)).Seconds()
		f := Finding{Status: Pass, Facts: []Fact{
			{"flush_ms", float64(flush.Microseconds()) / 1000},
			{"in_flight", inFlight},
			{"most_per_second", int(most)},
			{"wanted_per_second", want},
		}}
		figures := words.A{
			"ms": strconv.FormatFloat(float64(flush.Microseconds())/1000, 'f', 2, 64), "in_flight": inFlight, "most": words.Rate(math.Floor(most)),
		}
		switch {
		case want == 0:
			f.Summary = []words.Text{{ID: "flush.no-rate", Args: figures}}
		case most < want:
			figures["wanted"] = words.Rate(want)
			f.Status, f.Summary = Warn, []words.Text{{ID: "flush.speed", Args: figures}}
			f.Remedies = do(words.T("flush.more", words.A{"in_flight": int(want*(2*(flush+commitWork)).Seconds()) + 1}))
		default:
			figures["wanted"] = words.Rate(want)
			f.Summary = []words.Text{{ID: "flush.speed", Args: figures}}
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
	unlinked := os.Remove(f.Name()) == nil // where the system takes that, a kill leaves nothing behind
	defer func() {
		err = errors.Join(err, f.Close())
		if !unlinked {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	page := make([]byte, flushSize)
	start := now()
	for n := 1; ; n++ {
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
}

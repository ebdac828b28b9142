package preflight

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"
)

// What a message takes in the ledger beside its row's fields: the message, its indexes, one attempt with the vendor's id
// and detail. Measured on the SQLite ledger; the test of this check holds it against a real one.
const (
	bytesPerMessage = 900
	diskMargin      = 64 << 20 // write-ahead log, temporary files, others on the disk
)

// diskCheck asks whether the ledger's disk has room for the campaign: twice what it should take, and a margin.
func diskCheck() Check {
	return Check{ID: "disk", Group: GroupLedger, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		info, err := s.Ledger.Info(ctx)
		if err != nil {
			return broken(err)
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		need := 2*(int64(r.Messages())*bytesPerMessage+r.Fields) + diskMargin
		f := Finding{Facts: []Fact{{"free", info.Free}, {"need", need}, {"messages", r.Messages()}}}
		switch {
		case info.Free < 0:
			f.Status, f.oldSummary = Warn, fmt.Sprintf(textFreeUnknown, size(need))
			f.oldRemedies = []string{textLookAtDisk}
		case info.Free < need:
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textDisk, size(info.Free), size(need), count(r.Messages(), "message"))
			var w ways
			w.or(Option{
				Kind: OptionFreeDisk, Enough: true, Bytes: need - info.Free, oldText: fmt.Sprintf(textFreeDisk, size(need-info.Free), info.Place),
			})
			f.offer(w)
		default:
			f.Status, f.oldSummary = Pass, fmt.Sprintf(textDisk, size(info.Free), size(need), count(r.Messages(), "message"))
		}
		return f
	}}
}

func size(n int64) string {
	return humanize.IBytes(uint64(max(0, n))) //nolint:gosec // not negative
}

const (
	textDisk        = "%s free, needs %s for %s"
	textFreeUnknown = "free space cannot be read; needs %s"
	textLookAtDisk  = "look at the free space of the ledger's disk yourself"
	textFreeDisk    = "free at least %s on the disk of %s, or move the ledger to a larger one"
)

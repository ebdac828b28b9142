package preflight

import (
	"context"

	"notify/pkg/words"
)

// What a message takes in the ledger beside its row's fields: the message, its indexes, one attempt with the vendor's id
// and detail. Measured on the SQLite ledger; the test of this check holds it against a real one.
const (
	bytesPerMessage = 900
	diskMargin      = 64 << 20 // write-ahead log, temporary files, others on the disk
)

// diskCheck asks whether the ledger's disk has room for the campaign: twice what it should take, and a margin.
//
// *Is there room for the campaign?* Twice what it should take, and 64 MiB. FAIL with how much to free.
func diskCheck() Check {
	return Check{ID: "disk", Group: GroupLedger, Run: func(ctx context.Context, s *Subject) Finding {
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
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		need := 2*(int64(r.Messages())*bytesPerMessage+r.Fields) + diskMargin
		f := Finding{Facts: []Fact{{"free", info.Free}, {"need", need}, {"messages", r.Messages()}}}
		free, needs := words.Weigh(words.Size(info.Free), words.Size(need))
		room := said("disk.room", words.A{"free": free, "need": needs, "messages": words.N(r.Messages(), "message")})
		switch {
		case info.Free < 0:
			f.Status, f.Summary = Warn, said("disk.unknown", words.A{"need": words.Size(need)})
			f.Remedies = do(words.T("disk.look", nil))
		case info.Free < need:
			f.Status, f.Summary = Fail, room
			short := need - info.Free
			var w ways
			w.or(Option{
				Kind: OptionFreeDisk, Enough: true, Bytes: short, Text: words.T("disk.free", words.A{"bytes": words.Size(short), "place": info.Place}),
			})
			f.offer(w)
		default:
			f.Status, f.Summary = Pass, room
		}
		return f
	}}
}

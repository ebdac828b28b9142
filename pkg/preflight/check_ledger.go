package preflight

import (
	"context"
	"errors"
	"fmt"
	"time"

	"notify/pkg/ledger"

	"github.com/dustin/go-humanize"
)

// What is verified whole in a preflight: a ledger of this size, in this time. A larger one is verified by its own command.
const (
	verifyUpTo = 64 << 20
	verifyTime = 5 * time.Second
)

// ledgerCheck asks whether the ledger can be opened, survives power loss, and agrees with itself.
func ledgerCheck() Check {
	return Check{ID: "ledger", Group: GroupLedger, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return Finding{Status: Fail, oldSummary: s.noLedger().Error(), oldRemedies: []string{ledgerRemedy(s.LedgerErr)}}
		}
		info, err := s.Ledger.Info(ctx)
		if err != nil {
			f := broken(err)
			f.oldRemedies = append(f.oldRemedies, ledgerRemedy(err))
			return f
		}
		f := Finding{Status: Pass, Facts: []Fact{
			{"place", info.Place},
			{"id", info.ID},
			{"schema", info.Schema},
			{"bytes", info.Bytes},
			{"durable", info.Durable},
		}}
		f.oldSummary = fmt.Sprintf(textLedger, info.Place, humanize.IBytes(uint64(max(0, info.Bytes)))) //nolint:gosec // not negative
		if !info.Durable {
			f.Status = Fail
			f.oldSummary += textNotDurable
			f.oldRemedies = []string{textMakeDurable}
			return f
		}
		return s.verify(ctx, f, info)
	}}
}

func (s *Subject) verify(ctx context.Context, f Finding, info ledger.Info) Finding {
	v, ok := s.Ledger.(ledger.Verifier)
	if !ok || info.Bytes > verifyUpTo {
		f.oldSummary += textNotVerified
		f.Facts = append(f.Facts, Fact{"verified", false})
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	problems, err := v.Verify(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.oldSummary += textNotVerified
		f.Facts = append(f.Facts, Fact{"verified", false})
	case err != nil:
		b := broken(err)
		f.Status, f.oldSummary = b.Status, b.oldSummary
		f.oldRemedies = []string{ledgerRemedy(err)}
	case len(problems) > 0:
		f.Status, f.oldSummary = Fail, f.oldSummary+fmt.Sprintf(textDisagrees, count(len(problems), "contradiction"))
		f.oldDetails = problems[:min(len(problems), firstStrangers)]
		f.oldRemedies = []string{ledgerRemedy(ledger.ErrDamaged)}
	default:
		f.oldSummary += textVerified
		f.Facts = append(f.Facts, Fact{"verified", true})
	}
	return f
}

// ledgerRemedy is what to do about a ledger that cannot be used.
func ledgerRemedy(err error) string {
	for _, r := range []struct {
		err    error
		remedy string
	}{
		{ledger.ErrBusy, textLedgerBusy},
		{ledger.ErrReadOnly, textLedgerReadOnly},
		{ledger.ErrFull, textLedgerFull},
		{ledger.ErrDamaged, textLedgerDamaged},
		{ledger.ErrNewerSchema, textLedgerNewer},
		{ledger.ErrNotLedger, textNotLedger},
		{ledger.ErrUnsafeFS, textLedgerUnsafe},
	} {
		if errors.Is(err, r.err) {
			return r.remedy
		}
	}
	return textLookAtLedger
}

const (
	textLedger         = "%s, %s, commits survive power loss"
	textNotDurable     = ": no, they do not"
	textVerified       = ", agrees with itself"
	textNotVerified    = "; not verified whole (notify ledger check does)"
	textDisagrees      = ", and has %s"
	textMakeDurable    = "put the ledger on a local disk, and do not open it read-only; without durable commits a crash can send twice"
	textLedgerBusy     = "another program holds the ledger: close it (a database browser, a backup), and run the preflight again"
	textLedgerReadOnly = "make the ledger's file and folder writable for this user"
	textLedgerFull     = "free space on the ledger's disk"
	textLedgerDamaged  = "do not send; keep a copy of the file, see notify ledger check, and go back to the newest backup"
	textLedgerNewer    = "install the newer notify that wrote this ledger"
	textNotLedger      = "name the ledger's file in notify.yaml (ledger), or with --ledger"
	textLedgerUnsafe   = "move the ledger to a local disk: on a network file system two runs could send the same message"
	textLookAtLedger   = "look at the ledger's path in notify.yaml, and at the rights on its folder"
)

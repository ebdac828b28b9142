package preflight

import (
	"context"
	"errors"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// What is verified whole in a preflight: a ledger of this size, in this time. A larger one is verified by its own command.
const (
	verifyUpTo = 64 << 20
	verifyTime = 5 * time.Second
)

// ledgerCheck asks whether the ledger can be opened, survives power loss, and agrees with itself.
//
// *Can it be opened, does it survive power loss, does it agree with itself?* FAIL where not, with what to do. A ledger above 64 MiB is read
// whole by `notify ledger check` only. WARN where its folder is one that a program copies to other machines (OneDrive, iCloud, Dropbox, a
// roaming profile …): an older copy that is put back has forgotten who was told; and where everybody on the machine may write to the file or
// its folder. On a share, also behind a junction, it is not opened at all.
func ledgerCheck() Check {
	return Check{ID: "ledger", Group: GroupLedger, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return Finding{Status: Fail, Summary: []words.Text{words.Cause(s.noLedger())}, Remedies: do(ledgerRemedy(s.LedgerErr))}
		}
		info, err := s.Ledger.Info(ctx)
		var size int64
		if err == nil {
			size, err = s.Ledger.Size(ctx)
		}
		if err != nil {
			f := broken(err)
			f.Remedies = append(f.Remedies, do(ledgerRemedy(err))...)
			return f
		}
		f := Finding{Status: Pass, Facts: []Fact{
			{"place", info.Place},
			{"id", info.ID},
			{"schema", info.Schema},
			{"bytes", size},
			{"durable", info.Durable},
		}}
		if len(info.Unsafe) > 0 {
			f.Status = Fail
			f.Facts = append(f.Facts, Fact{"unsafe", info.Unsafe})
			f.Summary = []words.Text{words.T("ledger.unsafe", words.A{"place": info.Place, "settings": words.Names(info.Unsafe, 0)})}
			f.Remedies = do(words.T("ledger.make-safe", nil))
			return f
		}
		if err := ledger.FitsClock(info.Skew); err != nil {
			f.Status, f.Summary = Fail, []words.Text{words.Cause(err)}
			f.Remedies = do(words.T("cmd.do.clock", nil))
			return f
		}
		if !info.Durable {
			f.Status, f.Summary = Fail, figures("ledger.not-durable", info, size)
			f.Remedies = do(words.T("ledger.make-durable", nil))
			return f
		}
		f = s.verify(ctx, f, info, size)
		if info.Synced != "" && f.Status == Pass {
			f.Status, f.Summary = Warn, figures("ledger.synced", info, size)
			f.Summary[0].Args["by"] = info.Synced
			f.Remedies = do(words.T("ledger.do-synced", nil))
		}
		if info.Exposed != "" && f.Status == Pass {
			f.Status, f.Summary = Warn, []words.Text{words.T("ledger.exposed", words.A{"what": info.Exposed})}
			f.Remedies = do(words.T("ledger.do-exposed", words.A{"command": "chmod o-w " + words.Typed(info.Exposed)}))
		}
		return f
	}}
}

// figures are the ledger's place and size in a sentence.
func figures(id string, info ledger.Info, size int64) []words.Text {
	return []words.Text{{ID: id, Args: words.A{"place": info.Place, "size": words.Size(size)}}}
}

func (s *Subject) verify(ctx context.Context, f Finding, info ledger.Info, size int64) Finding {
	v, ok := s.Ledger.(ledger.Verifier)
	if !ok || size > verifyUpTo {
		f.Summary = figures("ledger.not-verified", info, size)
		f.Facts = append(f.Facts, Fact{"verified", false})
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	problems, err := v.Verify(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.Summary = figures("ledger.not-verified", info, size)
		f.Facts = append(f.Facts, Fact{"verified", false})
	case err != nil:
		b := broken(err)
		f.Status, f.Summary, f.Remedies = b.Status, b.Summary, do(ledgerRemedy(err))
	case len(problems) > 0:
		f.Status, f.Summary = Fail, figures("ledger.disagrees", info, size)
		f.Summary[0].Args["contradictions"] = words.N(len(problems), "contradiction")
		f.Details = append(f.Details, problems[:min(len(problems), firstStrangers)]...)
		f.Details = append(f.Details, andMore(len(problems)-firstStrangers)...)
		f.Remedies = do(ledgerRemedy(ledger.ErrDamaged))
	default:
		f.Summary = figures("ledger.good", info, size)
		f.Facts = append(f.Facts, Fact{"verified", true})
	}
	return f
}

// ledgerRemedy is what to do about a ledger that cannot be used.
func ledgerRemedy(err error) words.Text {
	var server *ledger.ServerError
	if errors.As(err, &server) && !server.Do.IsZero() {
		return server.Do
	}
	if hint := words.HintOf(err); !hint.IsZero() {
		return hint
	}
	for _, r := range []struct {
		err error
		id  string
	}{
		{ledger.ErrBusy, "ledger.do-busy"},
		{ledger.ErrReadOnly, "ledger.do-read-only"},
		{ledger.ErrNoRight, "ledger.do.rights"},
		{ledger.ErrUnreachable, "ledger.do-server"},
		{ledger.ErrFull, "ledger.do-full"},
		{ledger.ErrDamaged, "ledger.do-damaged"},
		{ledger.ErrNewerSchema, "ledger.do-newer"},
		{ledger.ErrNotLedger, "ledger.do-not-ledger"},
		{ledger.ErrUnsafeFS, "ledger.do-unsafe"},
	} {
		if errors.Is(err, r.err) {
			return words.Text{ID: r.id}
		}
	}
	return words.T("ledger.do-look", nil)
}

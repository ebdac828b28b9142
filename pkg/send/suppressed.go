package send

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/suppression"
	"notify/pkg/words"
)

// suppressEvery is how old what a run knows of the suppression list may be when a message leaves.
const suppressEvery = 2 * time.Second

// suppressed is the suppression list in memory: read when the run begins, and from then on only what came to it. Preflight has looked at it;
// but somebody may opt out while a campaign runs, or lies between a pause and a resume.
type suppressed struct {
	set    suppression.Set
	from   ledger.SuppressionReader
	alias  ledger.Alias // nil: nobody was forgotten
	newest int64        // line of the list; of whoever holds busy
	busy   atomic.Bool
	read   atomic.Int64 // when, by the clock that nobody can set: nanoseconds since began
	began  time.Time
}

// newSuppressed reads the list.
func newSuppressed(ctx context.Context, from ledger.SuppressionReader) (*suppressed, error) {
	//nolint:forbidigo // it measures spans, it records nothing
	s := &suppressed{from: from, began: time.Now()}
	var err error
	if s.alias, err = from.Alias(ctx); err == nil {
		err = s.catchUp(ctx)
	}
	if err != nil {
		return nil, words.Wrap(err, "send.error.suppressed", nil)
	}
	return s, nil
}

func (s *suppressed) catchUp(ctx context.Context) error {
	s.read.Store(int64(time.Since(s.began)))
	for line, err := range s.from.SuppressionLog(ctx, s.newest) {
		if err != nil {
			return err
		}
		s.set.Put(line.Address, line.Reason != "")
		s.newest = line.ID
	}
	return nil
}

// withheld reports whether the address must not be written to. One of the workers that ask reads what is new, when it is
// time; where that fails, what is known stands: a ledger that cannot be read ends the run by itself.
func (l *Loop) withheld(ctx context.Context, to message.Address) bool {
	s := l.suppressed
	if s == nil {
		return false
	}
	if time.Since(s.began)-time.Duration(s.read.Load()) >= suppressEvery && s.busy.CompareAndSwap(false, true) {
		if err := s.catchUp(ctx); err != nil {
			words.LogError(l.Log, slog.LevelWarn, words.Wrap(err, "log.suppressed", nil))
		}
		s.busy.Store(false)
	}
	return s.set.Has(to) || s.alias != nil && s.set.Has(s.alias(to))
}

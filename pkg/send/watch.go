package send

import (
	"fmt"
	"sync"

	"notify/pkg/campaign"
	"notify/pkg/message"
)

// watch looks at the newest outcomes of a run and says when too many of them are failures, or unknown. Outcomes after which
// a message goes back to pending do not count: nothing is lost by them.
type watch struct {
	mu              sync.Mutex
	limit           campaign.StopWhen
	ring            []message.OutcomeKind
	next            int
	failed, unknown int
	why             string
}

// defaultWindow is how many outcomes are looked at where the campaign does not say.
const defaultWindow = 200

func newWatch(limit campaign.StopWhen) *watch {
	if limit.Window <= 0 {
		limit.Window = defaultWindow
	}
	return &watch{limit: limit, ring: make([]message.OutcomeKind, limit.Window)}
}

// observe takes in an outcome.
func (w *watch) observe(k message.OutcomeKind) {
	if k.State() == message.Pending {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(w.ring[w.next], -1)
	w.ring[w.next] = k
	w.next = (w.next + 1) % len(w.ring)
	w.add(k, +1)
	over := func(n int, share float64) bool { return share > 0 && float64(n) > share*float64(len(w.ring)) }
	switch {
	case w.why != "":
	case over(w.unknown, w.limit.Unknown):
		w.why = w.says(w.unknown, "are unknown", w.limit.Unknown)
	case over(w.failed, w.limit.Failed):
		w.why = w.says(w.failed, "failed", w.limit.Failed)
	}
}

func (w *watch) add(k message.OutcomeKind, n int) {
	switch k {
	case message.OutcomeRejected:
		w.failed += n
	case message.OutcomeUnknown:
		w.unknown += n
	case message.OutcomeAccepted, message.OutcomeThrottled, message.OutcomeRefused, message.OutcomeUnsent:
	}
}

func (w *watch) says(n int, what string, share float64) string {
	return fmt.Sprintf("%d of the last %d messages %s, the campaign's limit is %g%%", n, len(w.ring), what, share*100)
}

// tripped says why the run must pause; empty while all is well.
func (w *watch) tripped() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.why
}

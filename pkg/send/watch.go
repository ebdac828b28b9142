package send

import (
	"sync"

	"notify/pkg/campaign"
	"notify/pkg/message"
	"notify/pkg/words"
)

// watch looks at the newest outcomes of a run and says when too many of them are failures, or unknown. Outcomes after which
// a message goes back to pending do not count: nothing is lost by them.
type watch struct {
	mu              sync.Mutex
	limit           campaign.StopWhen
	newest          []message.OutcomeKind // so many as are looked at, the oldest first
	failed, unknown int
	runs            int
	why             words.Text
}

// defaultWindow is how many outcomes are looked at where the campaign does not say.
const defaultWindow = 200

func newWatch(limit campaign.StopWhen) *watch {
	if limit.Window <= 0 {
		limit.Window = defaultWindow
	}
	return &watch{limit: limit, runs: 1}
}

// window is how many of its own outcomes a run looks at: its share of what the campaign says, so that several together let no more fail
// than one alone would.
func (w *watch) window() int { return max(1, w.limit.Window/w.runs) }

// share says how many runs there are.
func (w *watch) share(runs int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs = max(1, runs)
	w.forget()
}

// forget lets go of what lies before the window.
func (w *watch) forget() {
	for len(w.newest) > w.window() {
		w.add(w.newest[0], -1)
		w.newest = w.newest[1:]
	}
}

// observe takes in an outcome.
func (w *watch) observe(k message.OutcomeKind) {
	if k.State() == message.Pending {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest = append(w.newest, k)
	w.add(k, +1)
	w.forget()
	over := func(n int, share float64) bool { return share > 0 && float64(n) > share*float64(w.window()) }
	switch {
	case !w.why.IsZero():
	case over(w.unknown, w.limit.Unknown):
		w.why = words.T("send.too-many-unknown", w.figures(w.unknown, w.limit.Unknown))
	case over(w.failed, w.limit.Failed):
		w.why = words.T("send.too-many-rejected", w.figures(w.failed, w.limit.Failed))
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

// figures are what was counted and what the campaign allows. A run that has not tried a whole window yet says how many it has tried.
func (w *watch) figures(bad int, share float64) words.A {
	return words.A{"bad": bad, "n": len(w.newest), "share": words.Percent(share * 100), "window": w.window()}
}

// tripped says why the run must pause, nothing while all is well, and whether there are others who must, too.
func (w *watch) tripped() (why words.Text, others bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.why, !w.why.IsZero() && w.runs > 1
}

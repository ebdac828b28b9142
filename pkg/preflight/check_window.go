package preflight

import (
	"context"
	"fmt"
	"time"

	"notify/pkg/campaign"
)

// windowCheck asks whether messages may leave now.
func windowCheck() Check {
	return Check{ID: "window", Group: GroupTime, Run: func(_ context.Context, s *Subject) Finding {
		w, now := s.Plan.Spec.Window, s.now()
		if w == (campaign.Window{}) {
			return Finding{Status: Skip, oldSummary: textAllDay}
		}
		open, opens := w.Open(now)
		f := Finding{Status: Pass, Facts: []Fact{{"from", clock(w.From)}, {"to", clock(w.To)}, {"open", open}}}
		if open {
			f.oldSummary = fmt.Sprintf(textOpen, clock(w.From), clock(w.To), now.Format("15:04 -07:00"))
			return f
		}
		f.Status = Warn
		f.Facts = append(f.Facts, Fact{"opens", opens})
		f.oldSummary = fmt.Sprintf(textClosed, clock(w.From), clock(w.To), now.Format("15:04 -07:00"), when(opens))
		command := s.sendCommand("")
		var way ways
		way.or(Option{Kind: OptionLater, Enough: true, At: opens, Command: command, oldText: fmt.Sprintf(textItWaits, when(opens))})
		f.offer(way)
		return f
	}}
}

// clock is a time of day: "09:00".
func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d%time.Hour/time.Minute))
}

const (
	textAllDay  = "the campaign has no window: messages may leave at any time"
	textOpen    = "%s to %s, it is %s: open"
	textClosed  = "%s to %s, it is %s: closed until %s"
	textItWaits = "a send started now waits until %s; or start it then"
)

package preflight

import (
	"context"

	"notify/pkg/campaign"
	"notify/pkg/words"
)

// windowCheck asks whether messages may leave now.
//
// *May messages leave now?* WARN where the campaign's window is closed, or the hours of its class are over (`windows`), with when it opens.
func windowCheck() Check {
	return Check{ID: "window", Group: GroupTime, Overrule: "nothing leaves outside the window, it only takes longer", Run: func(_ context.Context, s *Subject) Finding {
		w, now := s.Plan.Spec.Window, s.now()
		hours := s.hours()
		if w == (campaign.Window{}) && hours.Zone == nil {
			return Finding{Status: Skip, Summary: said("window.none", nil)}
		}
		open, opens := s.opens(now)
		f := Finding{Status: Pass, Facts: []Fact{{"from", words.Clock(w.From)}, {"to", words.Clock(w.To)}, {"open", open}}}
		if hours.Zone != nil {
			f.Facts = append(f.Facts, Fact{"hours", hours.String()})
		}
		within, _ := hours.Open(now)
		if open && w == (campaign.Window{}) {
			f.Summary = said("window.hours", words.A{"class": classWord(s.Plan.Spec.Class), "hours": hours.String()})
			return f
		}
		if open {
			f.Summary = said("window.open", words.A{"from": words.Clock(w.From), "to": words.Clock(w.To), "now": now.Format("15:04 -07:00")})
			return f
		}
		f.Status = Warn
		f.Facts = append(f.Facts, Fact{"opens", opens})
		f.Summary = said("window.closed", words.A{"from": words.Clock(w.From), "to": words.Clock(w.To), "now": now.Format("15:04 -07:00"), "opens": opens})
		if !within {
			f.Summary = said("window.shut-hours", words.A{"class": classWord(s.Plan.Spec.Class), "hours": hours.String(), "at": opens})
		}
		command := s.sendCommand("")
		var way ways
		way.or(Option{Kind: OptionLater, Enough: true, At: opens, Command: command, Text: words.T("window.waits", words.A{"opens": opens})})
		f.offer(way)
		return f
	}}
}

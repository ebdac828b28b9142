package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// dedupeCheck asks whether another campaign has told somebody the same, a short while ago.
func dedupeCheck() Check {
	return Check{ID: "dedupe", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		window := s.Plan.Spec.Dedupe
		if window <= 0 {
			return Finding{Status: Skip, oldSummary: textNoDedupe}
		}
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		since := s.now().Add(-window)
		told, campaigns := 0, make(map[string]int)
		var details []string
		var pairsErr error
		for sent, err := range s.Ledger.Recent(ctx, s.name(), since, s.pairs(ctx, r, &pairsErr)) {
			if err != nil {
				return broken(errors.Join(err, pairsErr))
			}
			told++
			campaigns[sent.Campaign]++
			if len(details) < firstStrangers {
				details = append(details, fmt.Sprintf(textToldWhen, sent.Address.Masked(), sent.Campaign, when(sent.At.In(since.Location()))))
			}
		}
		if pairsErr != nil {
			return broken(pairsErr)
		}
		f := Finding{Status: Pass, Facts: []Fact{{"told", told}, {"window_hours", window.Hours()}}, oldDetails: details}
		if told == 0 {
			f.oldSummary = fmt.Sprintf(textNotTold, num(r.Messages()), hours(window))
			return f
		}
		names := slices.Sorted(maps.Keys(campaigns))
		f.Status, f.oldSummary = Fail, fmt.Sprintf(textTold, num(told), num(r.Messages()), hours(window), first(names, 3))
		f.oldRemedies = []string{fmt.Sprintf(textSameCampaign, names[0]), textShorterWindow}
		return f
	}}
}

const (
	textNoDedupe      = "the campaign has no dedupe_window"
	textNotTold       = "none of %s messages went to the same address within %s in another campaign"
	textTold          = "%s of %s messages went to the same address with the same text within %s, in %s"
	textToldWhen      = "%s in %s, %s"
	textSameCampaign  = "if this is that campaign again, go on with it under its own name: notify resume %s"
	textShorterWindow = "if they are to be told again, shorten dedupe_window in the campaign file"
)

package preflight

import (
	"context"
	"errors"
	"maps"
	"slices"

	"notify/pkg/words"
)

// dedupeCheck asks whether another campaign has told somebody the same, a short while ago.
//
// *Did another campaign tell somebody the same a short while ago?* FAIL with the first addresses, within `dedupe_window`.
func dedupeCheck() Check {
	return Check{ID: "dedupe", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		window := s.Plan.Spec.Dedupe
		if window <= 0 {
			return Finding{Status: Skip, Summary: said("dedupe.none", nil)}
		}
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		since := s.now().Add(-window)
		told, campaigns := 0, make(map[string]struct{})
		var details []words.Text
		var pairsErr error
		for sent, err := range s.Ledger.Recent(ctx, s.name(), since, s.pairs(ctx, r, &pairsErr)) {
			if err != nil {
				return broken(errors.Join(err, pairsErr))
			}
			told++
			campaigns[sent.Campaign] = struct{}{}
			if len(details) < firstStrangers {
				details = append(details, words.T("dedupe.when", words.A{
					"address": s.Config.Channels.Masked("", sent.Address), "campaign": sent.Campaign, "at": sent.At.In(since.Location()),
				}))
			}
		}
		if pairsErr != nil {
			return broken(pairsErr)
		}
		f := Finding{Status: Pass, Facts: []Fact{{"told", told}, {"window_hours", window.Hours()}}, Details: append(details, andMore(told-len(details))...)}
		if told == 0 {
			f.Summary = said("dedupe.good", words.A{"messages": words.N(r.Messages(), "message"), "within": window})
			return f
		}
		names := slices.Sorted(maps.Keys(campaigns))
		f.Status, f.Summary = Fail, said("dedupe.told", words.A{
			"told": told, "messages": words.N(r.Messages(), "message"), "within": window, "campaigns": words.Names(names, 3),
		})
		f.Remedies = do(words.T("dedupe.same", words.A{"command": "notify resume " + words.Typed(names[0])}), words.T("dedupe.shorter", nil))
		return f
	}}
}

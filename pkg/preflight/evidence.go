package preflight

import (
	"context"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// What several checks look at comes to them through these: a check whose evidence cannot be had breaks here, in one way for
// all, and one that has nothing to look at is skipped.

type ask = func(ctx context.Context, s *Subject) Finding

// ofWholePlan is for checks of what was counted while the plan was made.
func ofWholePlan(of ask) ask {
	return func(ctx context.Context, s *Subject) Finding {
		if err := s.whole(ctx); err != nil {
			return broken(err)
		}
		return of(ctx, s)
	}
}

// ofTexts is for checks of the finished texts of one channel, where there are any.
func ofTexts(ch message.Channel, of func(ctx context.Context, s *Subject, f *plan.ChannelFacts) Finding) ask {
	return func(ctx context.Context, s *Subject) Finding {
		f, err := s.facts(ch)
		switch {
		case err != nil:
			return broken(err)
		case f != nil && f.Texts > 0:
			return of(ctx, s, f)
		case ch == message.SMS:
			return Finding{Status: Skip, Summary: said("sms.none", nil)}
		}
		return Finding{Status: Skip, Summary: said("mail.none", nil)}
	}
}

// ofMainlandSMS is for checks of rules that only carriers in mainland China have.
func ofMainlandSMS(of func(ctx context.Context, s *Subject, f *plan.ChannelFacts) Finding) ask {
	return ofTexts(message.SMS, func(ctx context.Context, s *Subject, f *plan.ChannelFacts) Finding {
		if f.Mainland == 0 {
			return Finding{Status: Skip, Summary: said("sms.no-mainland", nil)}
		}
		return of(ctx, s, f)
	})
}

// ofNeeds is for checks of what the accounts are still to carry.
func ofNeeds(of func(ctx context.Context, s *Subject, needs []Need) Finding) ask {
	return func(ctx context.Context, s *Subject) Finding {
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		return of(ctx, s, needs)
	}
}

// ofAccountStates is for checks of what all processes on the ledger share about the accounts, by name.
func ofAccountStates(of func(ctx context.Context, s *Subject, states map[string]ledger.AccountState) Finding) ask {
	return func(ctx context.Context, s *Subject) Finding {
		states, err := s.accountStates(ctx)
		if err != nil {
			return broken(err)
		}
		return of(ctx, s, states)
	}
}

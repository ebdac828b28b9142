package preflight

import (
	"context"
	"errors"
	"time"

	"notify/pkg/words"
)

// A clock that is off by maxSkew makes signed requests invalid (Tencent Cloud and AWS refuse those older than 5 minutes),
// and windows and quotas of the day begin at the wrong time; warnSkew is more than a network takes and less than hurts.
const (
	warnSkew = 30 * time.Second
	maxSkew  = 5 * time.Minute
)

// clockCheck compares our clock with those of the vendors, as they date their answers.
//
// *Is our clock right?* Compares it with the time at which vendors date their answers. WARN above 30 s, FAIL above 5 minutes: beyond that
// signed requests are refused (Tencent Cloud, AWS), and windows and quotas begin at the wrong time.
func clockCheck() Check {
	return Check{ID: "clock", Group: GroupAccounts, Online: true, Overrule: "a wrong clock delays or hastens windows and quotas by what it is off, and nothing is sent twice", Run: func(ctx context.Context, s *Subject) Finding {
		var a answers
		for _, r := range s.routed() {
			b, err := s.balanceAt(ctx, r.Name)
			switch {
			case errors.Is(err, errCannotTell), err == nil && b.Date.IsZero():
				continue
			case err != nil && !r.Carries:
				a.say(Warn, "clock.unanswered", words.A{"account": r.Name, "cause": words.Cause(err)})
			case err != nil:
				a.say(Error, "clock.unanswered", words.A{"account": r.Name, "cause": words.Cause(err)}, mendAccount(r.Name))
			default:
				skew(&a, r.Name, b.at.Sub(b.Date))
			}
		}
		if a.status == NotRun {
			a.say(NotLooked, "clock.none", nil)
		}
		return a.done(words.Text{})
	}}
}

// skew judges by how much we are ahead of a vendor.
func skew(a *answers, account string, ahead time.Duration) {
	a.fact("account."+account+".ahead_seconds", ahead.Seconds())
	off := ahead.Abs().Round(time.Second) // vendors date to the second, and what is told is what is judged
	line := words.T("clock.ahead", words.A{"account": account, "off": off})
	if ahead < 0 {
		line.ID = "clock.behind"
	}
	switch {
	case off > maxSkew:
		a.add(Fail, line, words.T("clock.set", nil))
	case off > warnSkew:
		a.add(Warn, line, words.T("clock.set", nil))
	default:
		a.add(Pass, line)
	}
}

package preflight

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A clock that is off by maxSkew makes signed requests invalid (Tencent Cloud and AWS refuse those older than 5 minutes),
// and windows and quotas of the day begin at the wrong time; warnSkew is more than a network takes and less than hurts.
const (
	warnSkew = 30 * time.Second
	maxSkew  = 5 * time.Minute
)

// clockCheck compares our clock with those of the vendors, as they date their answers.
func clockCheck() Check {
	return Check{ID: "clock", Group: GroupAccounts, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		var a answers
		for _, r := range s.routed() {
			b, err := s.balanceAt(ctx, r.Name)
			switch {
			case errors.Is(err, errCannotTell), err == nil && b.Date.IsZero():
				continue
			case err != nil && !r.Carries:
				a.add(Warn, fmt.Sprintf(textBalanceNotTold, r.Name))
			case err != nil:
				a.add(Error, fmt.Sprintf(textBalanceNotTold, r.Name), textSeeBalance)
			default:
				skew(&a, r.Name, b.at.Sub(b.Date))
			}
		}
		return a.done(textNoClock)
	}}
}

// skew judges by how much we are ahead of a vendor.
func skew(a *answers, account string, ahead time.Duration) {
	a.fact("account."+account+".ahead_seconds", ahead.Seconds())
	word := "ahead of"
	off := ahead
	if off < 0 {
		word, off = "behind", -off
	}
	line := fmt.Sprintf(textSkew, length(off), word, account)
	switch {
	case off > maxSkew:
		a.add(Fail, line, textSetClock)
	case off > warnSkew:
		a.add(Warn, line, textSetClock)
	default:
		a.add(Pass, line)
	}
}

const (
	textNoClock  = "no vendor dates its answers"
	textSkew     = "%s %s %s"
	textSetClock = "let this machine set its clock by itself (timedatectl set-ntp true), and run the preflight again"
)

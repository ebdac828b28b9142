package preflight

import (
	"context"
	"errors"
	"fmt"
	"notify/pkg/words"
	"sync"

	"notify/pkg/vendors"
)

// vendorCheck asks every account on the routes whether it can be reached and takes our credentials. An account that only
// stands in does not stop the campaign.
func vendorCheck() Check {
	return Check{ID: "vendor", Group: GroupAccounts, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		routed := s.routed()
		type probed struct {
			told bool
			err  error
		}
		results := make([]probed, len(routed))
		var wg sync.WaitGroup
		for i, r := range routed {
			wg.Go(func() { results[i].told, results[i].err = s.probe(ctx, r.Name) })
		}
		wg.Wait()
		var a answers
		for i, r := range routed {
			bad := Fail
			if !r.Carries {
				bad = Warn
			}
			late := errors.Is(results[i].err, context.DeadlineExceeded) || errors.Is(results[i].err, context.Canceled)
			switch {
			case late && r.Carries:
				a.add(Error, fmt.Sprintf(textNotInTime, r.Name), words.T("preflight.ask-again", nil))
			case results[i].err != nil:
				a.add(bad, fmt.Sprintf("%s: %v", r.Name, results[i].err), fmt.Sprintf(textMendAccount, r.Name))
			case !results[i].told:
				a.add(Warn, fmt.Sprintf(textCannotTry, r.Name), fmt.Sprintf(textTryOne, r.Name))
			default:
				a.add(Pass, fmt.Sprintf(textReached, r.Name))
			}
			a.fact("account."+r.Name, results[i].told && results[i].err == nil)
		}
		return a.done(textNoChannel)
	}}
}

// probe tries an account; told is false where its vendor has no way to be tried.
func (s *Subject) probe(ctx context.Context, account string) (told bool, err error) {
	v, err := s.vendor(account)
	if err != nil {
		return false, err
	}
	p, ok := vendors.As[vendors.Prober](v)
	if !ok {
		return false, nil
	}
	return true, p.Probe(ctx)
}

const (
	textReached     = "%s answers and takes our credentials"
	textNotInTime   = "%s did not answer in time"
	textCannotTry   = "%s cannot be tried without sending"
	textTryOne      = "send one message to yourself through %s before the campaign"
	textMendAccount = "look at accounts.%s in notify.yaml (endpoint, credentials), at the connection, and at the vendor's console; then run the preflight again"
)

package preflight

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"sync"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// vendorCheck asks every account on the routes whether it can be reached and takes our credentials. An account that only
// stands in does not stop the campaign.
//
// *Does every account answer, and take our credentials?* Connects and authenticates without sending. FAIL for an account that carries
// traffic, ERROR where it does not answer in time, WARN for one that only stands in, that cannot be tried,
// that greets with a name without a dot, or that does not offer what the campaign needs (SMTPUTF8, DSN). FAIL where the largest mail is larger
// than its server announces to take.
func vendorCheck() Check {
	return Check{ID: "vendor", Group: GroupAccounts, Online: true, Overrule: "an account that is refused opens its breaker, and the run pauses", Run: func(ctx context.Context, s *Subject) Finding {
		routed := s.routed()
		results := make([]probed, len(routed))
		var wg sync.WaitGroup
		for i, r := range routed {
			wg.Go(func() { results[i] = s.probe(ctx, r.Name) })
		}
		wg.Wait()
		var a answers
		for i, r := range routed {
			s.answered(&a, r, results[i])
		}
		return a.done(noChannel())
	}}
}

// probed is what came of trying an account; told is false where its vendor has no way to be tried.
type probed struct {
	vendor vendors.Vendor
	told   bool
	err    error
}

func (s *Subject) probe(ctx context.Context, account string) (p probed) {
	p.vendor, p.err = s.vendor(account)
	var prober vendors.Prober
	if prober, p.told = vendors.As[vendors.Prober](p.vendor); p.told {
		p.err = prober.Probe(ctx)
	}
	return p
}

func (s *Subject) answered(a *answers, r routedAccount, p probed) {
	bad := Fail
	if !r.Carries {
		bad = Warn
	}
	late := errors.Is(p.err, context.DeadlineExceeded) || errors.Is(p.err, context.Canceled)
	switch {
	case late && r.Carries:
		a.say(Error, "vendor.late", words.A{"account": r.Name}, words.T("preflight.ask-again", nil))
	case p.err != nil:
		s.accountFault(a, bad, r.Name, p.err)
	case !p.told:
		a.say(Warn, "vendor.untried", words.A{"account": r.Name}, words.T("vendor.try-one", words.A{"account": r.Name}))
	case s.advised(a, r, p.vendor):
	default:
		a.say(Pass, "vendor.reached", words.A{"account": r.Name})
	}
	a.fact("account."+r.Name, p.told && p.err == nil)
}

// advised adds what receivers will hold against an account, and what its server will not take; how a server on this machine was greeted
// nobody sees.
func (s *Subject) advised(a *answers, r routedAccount, v vendors.Vendor) (said bool) {
	adviser, ok := vendors.As[vendors.Adviser](v)
	if !ok {
		return false
	}
	for _, advice := range adviser.Advise(s.load()) {
		status := Warn
		if advice.Stops && r.Carries {
			status = Fail
		} else if advice.Strangers && r.Account.Local() != "" {
			continue
		}
		a.say(status, "sender.account", words.A{"account": r.Name, "said": advice.Found}, advice.Do)
		said = true
	}
	return said
}

// load is what an account's server will have to take.
func (s *Subject) load() vendors.Load {
	text := s.Plan.Spec.Texts.Mail(message.Email)
	if text == nil {
		return vendors.Load{}
	}
	l := vendors.Load{UTF8: localUTF8(text.From)}
	if f, err := s.facts(message.Email); err == nil {
		l.Largest, _, _ = largestMail(text, f)
	}
	return l
}

// localUTF8 reports a sender whose address needs SMTPUTF8.
func localUTF8(from string) bool {
	a, err := mail.ParseAddress(from)
	if err != nil {
		return false
	}
	local, _, _ := strings.Cut(a.Address, "@")
	return !isASCII(local)
}

// accountFault adds that an account cannot be used.
func (s *Subject) accountFault(a *answers, st Status, account string, err error) {
	a.add(st, s.faultOf(account, err), s.mendFault(account, err))
}

// faultOf says that an account cannot be used. Where nothing answers on this machine, it is the sandbox that is not running.
func (s *Subject) faultOf(account string, err error) words.Text {
	if off := s.Config.SandboxOff(account, err); !off.IsZero() {
		return off
	}
	return words.T("account.error", words.A{"account": account, "cause": words.Cause(err)})
}

// mendFault is what to do about faultOf.
func (s *Subject) mendFault(account string, err error) words.Text {
	if off := s.Config.SandboxOff(account, err); !off.IsZero() {
		return words.T("account.start-sandbox", words.A{"account": account})
	}
	if do := words.HintOf(err); !do.IsZero() {
		return do
	}
	return mendAccount(account)
}

// mendAccount is what to do about an account that cannot be used.
func mendAccount(account string) words.Text {
	return words.T("account.mend", words.A{"account": account})
}

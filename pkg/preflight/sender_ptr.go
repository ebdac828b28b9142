package preflight

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"notify/pkg/dns"
)

// ptrCheck asks whether the addresses of our own servers have names that lead back to them. Gmail and many others refuse
// mails from addresses that have none. The addresses of a vendor are the vendor's affair.
func ptrCheck() Check {
	return Check{ID: "ptr", Group: GroupSender, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			for _, m := range from.Mailers {
				s.reverse(ctx, from, m, a)
			}
		})
	}}
}

// reverse looks at the addresses of one account.
func (s *Subject) reverse(ctx context.Context, from mailSender, m mailer, a *senderAnswers) {
	o, err := s.origin(ctx, m)
	switch {
	case err != nil:
		a.unknown(m.Name+": "+fmt.Sprintf(textServerIn, m.Host), err)
		return
	case len(o.Addrs) == 0:
		a.about(m, Skip, fmt.Sprintf(textNoAddress, o.Why))
		return
	case !s.isOurs(from, m):
		a.about(m, Skip, fmt.Sprintf(textForeign, m.Host))
		return
	}
	for _, addr := range o.Addrs {
		names, confirmed, err := s.confirmed(ctx, addr)
		a.fact("address."+addr.String(), confirmed)
		remedy := fmt.Sprintf(textSetPTR, addr)
		switch {
		case err != nil:
			a.unknown(m.Name+": "+fmt.Sprintf(textNameOf, addr), err)
		case len(names) == 0:
			a.about(m, Fail, fmt.Sprintf(textNoPTR, addr), remedy)
		case confirmed == "":
			a.about(m, Fail, fmt.Sprintf(textPTRElsewhere, addr, first(names, shownNames)), remedy)
		default:
			a.about(m, Pass, fmt.Sprintf(textPTRGood, addr, confirmed))
		}
	}
}

// isOurs reports addresses that were written down, and a server under a name of the sender's or a protected organisation.
func (s *Subject) isOurs(from mailSender, m mailer) bool {
	org := organisation(m.Host)
	return len(m.Account.SendsFrom) > 0 || org == organisation(from.From) ||
		slices.ContainsFunc(s.Config.ProtectedDomains, func(d string) bool { return org == organisation(d) })
}

// confirmed are the names of an address, and the one of them that has this address; empty where there is none.
func (s *Subject) confirmed(ctx context.Context, addr netip.Addr) (names []string, confirmed string, err error) {
	names, err = s.resolver().LookupAddr(ctx, addr.String())
	if dns.IsNotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	var broke error
	for _, name := range names {
		found, err := s.resolver().LookupIPAddr(ctx, name)
		if err != nil && !dns.IsNotFound(err) {
			broke = err
		}
		if slices.Contains(toAddrs(found), addr) {
			return names, name, nil
		}
	}
	return names, "", broke
}

const (
	textNoAddress    = "%s, so there is no address to look up"
	textForeign      = "the addresses of %s are its owner's affair"
	textNameOf       = "which name %s has"
	textNoPTR        = "%s has no name (PTR)"
	textPTRElsewhere = "%s says that it is %s, which is another address"
	textPTRGood      = "%s is %s, and back"
	textSetPTR       = "have whoever gave you %s (hosting or network provider) set its PTR to the server's name, and let that name have this address"
)

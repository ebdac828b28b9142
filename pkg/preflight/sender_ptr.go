package preflight

import (
	"context"
	"net/netip"
	"slices"

	"notify/pkg/dns"
	"notify/pkg/words"
)

// ptrCheck asks whether the addresses of our own servers have names that lead back to them. Gmail and many others refuse
// mails from addresses that have none. The addresses of a vendor are the vendor's affair.
//
// *Do the addresses of our own servers have names that lead back to them?* FAIL where not; SKIP for a vendor's.
func ptrCheck() Check {
	return Check{ID: "ptr", Group: GroupSender, Online: true, Overrule: "what receivers refuse bounces, and nothing is sent twice", Run: func(ctx context.Context, s *Subject) Finding {
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
		a.unknown(m.of(serverIn(m.Host)), err)
		return
	case len(o.Addrs) == 0:
		st := NotLooked
		if o.Sandbox {
			st = Skip
		}
		a.about(m, st, words.T("ptr.no-address", words.A{"why": o.Why}))
		return
	case !s.isOurs(from, m):
		a.about(m, Skip, words.T("ptr.foreign", words.A{"host": m.Host}))
		return
	}
	for _, addr := range o.Addrs {
		names, confirmed, err := s.confirmed(ctx, addr)
		a.fact("address."+addr.String(), confirmed)
		remedy := words.T("ptr.set", words.A{"address": addr.String()})
		switch {
		case err != nil:
			a.unknown(m.of(nameOf(addr)), err)
		case len(names) == 0:
			a.about(m, Fail, words.T("ptr.none", words.A{"address": addr.String()}), remedy)
		case confirmed == "":
			a.about(m, Fail, words.T("ptr.elsewhere", words.A{"address": addr.String(), "names": words.Names(names, shownNames)}), remedy)
		default:
			a.about(m, Pass, words.T("ptr.good", words.A{"address": addr.String(), "name": confirmed}))
		}
	}
}

// nameOf is the question which name an address has, serverIn that where a server is.
func nameOf(addr netip.Addr) words.Text {
	return words.T("ptr.name-of", words.A{"address": addr.String()})
}

func serverIn(host string) words.Text { return words.T("sender.where", words.A{"host": host}) }

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

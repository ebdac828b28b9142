package preflight

import (
	"context"
	"maps"
	"net"
	"slices"
	"time"

	"notify/pkg/dns"
	"notify/pkg/plan"
	"notify/pkg/receivers"
)

// hostsTime is for how long mail hosts are asked for: a list may have thousands of domains.
const hostsTime = 5 * time.Second

// tellReceivers puts together what domains with the same mail hosts get, as a run does: they are one receiver, under one pace. Where no
// account has a limit by domain nothing hangs on it, and nobody is asked.
func (s *Subject) tellReceivers(ctx context.Context, c *RemainingChannel) {
	c.Named = len(c.Domains)
	own, limited := s.Config.PacedDomains(plan.RouteAccounts(s.route(c.Channel)))
	if s.Receivers == nil || !limited {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, hostsTime)
	defer cancel()
	var lookup receivers.Lookup
	if !s.Offline && !s.Config.NoSameMX {
		lookup = mailHosts{s.resolver()}
	}
	of, unsaid := receivers.NewHosts(ctx, s.Receivers, lookup, own).Ask(slices.Sorted(maps.Keys(c.Domains)))
	got := make(map[string]int, len(c.Domains))
	for domain, n := range c.Domains {
		got[of[domain]] += n
	}
	if c.Domains, c.Unsaid = got, unsaid; s.Offline && !s.Config.NoSameMX {
		c.Unsaid = c.Named
	}
}

// mailHosts asks nobody about names that exist nowhere.
type mailHosts struct{ *dns.Resolver }

// LookupMX implements receivers.Lookup.
func (m mailHosts) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if isReserved(name) {
		return nil, &net.DNSError{Err: "reserved", Name: name, IsNotFound: true}
	}
	return m.Resolver.LookupMX(ctx, name)
}

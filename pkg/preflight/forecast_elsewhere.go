package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// bears says whether an account would carry its part of these needs, as far as one check is concerned.
type bears func(ctx context.Context, needs []Need, account string) bool

// elsewhere offers to give a part of an account's traffic to another that only stands in on the same route now: no more than
// has to go, to the first that bears it.
func (s *Subject) elsewhere(ctx context.Context, w *ways, n Need, ok bears) {
	for _, other := range s.standIns(n.Channel, n.Name) {
		if o := s.move(ctx, n, other, ok); o != nil {
			w.or(*o)
			return
		}
	}
}

// move takes percent after percent off an account until it bears the rest; nil where it bears nothing, or
// that cannot be worked out.
func (s *Subject) move(ctx context.Context, n Need, other string, ok bears) *Option {
	route := s.route(n.Channel).Accounts
	for p := percent(route, n.Name) - 1; p >= 0; p-- {
		shares := shifted(route, n.Name, other, p)
		needs, err := s.needsBy(ctx, func(ch message.Channel) []config.Share {
			if ch == n.Channel {
				return shares
			}
			return s.route(ch).Accounts
		})
		if err != nil {
			return nil
		}
		if !ok(ctx, needs, n.Name) {
			continue
		}
		if !ok(ctx, needs, other) || !s.paysFor(ctx, needs, other) || !s.withinQuota(ctx, needs, other) {
			return nil // the less goes there, the less it needs: no smaller share is enough for the first account
		}
		o := &Option{Kind: OptionAccount, Enough: true, Account: other, Channel: n.Channel, Shares: weighed(n.Channel, shares, needs)}
		at := slices.IndexFunc(o.Shares, func(sh ShareOf) bool { return sh.Account == other })
		key := fmt.Sprintf("routes.%s.accounts", n.Channel)
		written := asWritten(s.withOthers(n.Channel, shares))
		o.Settings = []Setting{{Key: key, Value: written, Now: asWritten(s.Config.Routes[n.Channel].Accounts)}}
		o.Text = words.T("elsewhere.move", words.A{
			"account": n.Name, "messages": words.N(o.Shares[at].Messages, "message"), "other": other, "setting": key + ": " + written,
		})
		return o
	}
	return nil
}

// percent is an account's part of a route.
func percent(route []config.Share, account string) int {
	total, own := 0, 0
	for _, sh := range route {
		total += sh.Weight
		if sh.Account == account {
			own += sh.Weight
		}
	}
	return part(100, own, total)
}

// shifted is a route in percent of which an account keeps so much, and another gets the rest of what it had.
func shifted(route []config.Share, account, other string, keep int) []config.Share {
	var shares []config.Share
	left := 100
	for _, sh := range route {
		p := percent(route, sh.Account)
		if sh.Account == account {
			p = keep
		}
		if p > 0 {
			shares = append(shares, config.Share{Account: sh.Account, Weight: p})
		}
		left -= p
	}
	return append(shares, config.Share{Account: other, Weight: left})
}

// withOthers are shares of a channel with those of the other class, which keep theirs.
func (s *Subject) withOthers(ch message.Channel, shares []config.Share) []config.Share {
	own := s.route(ch).Accounts
	all := slices.Clone(shares)
	for _, sh := range s.Config.Routes[ch].Accounts {
		if !slices.ContainsFunc(own, func(o config.Share) bool { return o.Account == sh.Account }) {
			all = append(all, sh)
		}
	}
	return all
}

// asWritten is a route as it stands in notify.yaml: "[sms-a: 39, sms-b: 61]".
func asWritten(shares []config.Share) string {
	var all []string
	for _, sh := range shares {
		all = append(all, fmt.Sprintf("%s: %d", sh.Account, sh.Weight))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func weighed(ch message.Channel, shares []config.Share, needs []Need) []ShareOf {
	all := make([]ShareOf, 0, len(shares))
	for _, sh := range shares {
		one := ShareOf{Account: sh.Account, Weight: sh.Weight}
		for _, n := range needs {
			if n.Name == sh.Account && n.Channel == ch {
				one.Messages, one.Segments = n.Messages, n.Segments
			}
		}
		all = append(all, one)
	}
	return all
}

// standIns are accounts of the same class that only stand in on a route that the account is on. Where a person decides what a share is,
// nothing that is written into a file does.
func (s *Subject) standIns(ch message.Channel, account string) []string {
	states := s.said()
	decided := func(sh config.Share) bool { return states[sh.Account].Weight != nil || states[sh.Account].Off != nil }
	route := s.route(ch)
	if slices.ContainsFunc(route.Accounts, decided) {
		return nil
	}
	var names []string
	for _, name := range plan.RouteAccounts(route) {
		carrying := slices.ContainsFunc(route.Accounts, func(sh config.Share) bool { return sh.Account == name && carries(sh) })
		if !carrying && !decided(config.Share{Account: name}) && s.Config.Accounts[name].Class == s.Config.Accounts[account].Class {
			names = append(names, name)
		}
	}
	return names
}

// paysFor reports whether the balance of an account covers what falls to it, or cannot be told.
func (s *Subject) paysFor(ctx context.Context, needs []Need, account string) bool {
	for _, n := range byAccount(needs) {
		if n.Name != account || n.Messages == 0 || s.Offline {
			continue
		}
		balance, err := s.Balance(ctx, account)
		if errors.Is(err, errCannotTell) {
			return true
		}
		promised, errPromised := s.Promised(ctx)
		if err != nil || errPromised != nil {
			return false
		}
		b := bill{need: n, balance: balance, promise: promised[account], margin: s.margin()}
		covered, known := b.covered()
		return !b.foreign() && (!known || covered >= b.wanted())
	}
	return true
}

// withinQuota reports whether the quota of the day does not hold an account back.
func (s *Subject) withinQuota(ctx context.Context, needs []Need, account string) bool {
	for _, n := range needs {
		if n.Name != account {
			continue
		}
		p, err := s.paceNow(ctx, n)
		if err != nil {
			return false
		}
		days, _ := p.schedule(n.Messages, s.now())
		if unlimited, _ := p.unlimited().schedule(n.Messages, s.now()); !slices.Equal(days, unlimited) {
			return false
		}
	}
	return true
}

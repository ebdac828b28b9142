package preflight

import (
	"context"
	"maps"
	"math/big"
	"slices"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Need is what one account is still to carry for one channel of the campaign.
type Need struct {
	Account   config.Account
	Name      string
	Channel   message.Channel
	Share     float64 // the account's part of the channel
	OfAccount float64 // the channel's part of the account: 1 unless it carries several
	Messages  int
	Segments  int
	// Cost is nil where the account has no price. Where the price hangs on the country, Account.Price is what a segment costs on the average.
	Cost *message.Money
	// Countries is what goes to each country, of the channel and not of the account, where that decides the price; Unpriced are those
	// of which the price is not known.
	Countries map[string]plan.Units
	Unpriced  []string
	// Domains is how many messages of the channel, not of the account, go to each receiver: see RemainingChannel.
	Domains       map[string]int
	Named, Unsaid int
}

// Needs spread what remains over the accounts of each channel's route.
func (s *Subject) Needs(ctx context.Context) ([]Need, error) {
	return s.needsBy(ctx, func(ch message.Channel) []config.Share { return s.route(ch).Accounts })
}

// needsBy is Needs as they would be by these shares of each channel.
func (s *Subject) needsBy(ctx context.Context, shares func(message.Channel) []config.Share) ([]Need, error) {
	r, err := s.Remaining(ctx)
	if err != nil {
		return nil, err
	}
	var needs []Need
	for _, c := range r.Channels {
		needs = append(needs, s.divide(c, shares(c.Channel))...)
	}
	setShares(needs)
	return needs, nil
}

// divide spreads what remains of a channel over accounts by weight, in the proportion in which the whole was.
func (s *Subject) divide(c RemainingChannel, shares []config.Share) []Need {
	var needs []Need
	for _, p := range spread(shares, s.Plan.Channel(c.Channel).Messages, tally{c.Messages, c.Segments}) {
		a := s.Config.Accounts[p.account]
		n := Need{
			Account: a, Name: p.account, Channel: c.Channel, Domains: c.Domains, Named: c.Named, Unsaid: c.Unsaid,
			Messages: p.messages, Segments: p.segments, Share: p.share,
		}
		n.charge(c)
		needs = append(needs, n)
	}
	return needs
}

// charge says what a need costs. Of several accounts each has its part of every country.
func (n *Need) charge(c RemainingChannel) {
	a := &n.Account
	if a.Prices == nil {
		if a.Price != nil {
			cost := a.Price.Times(n.Segments)
			n.Cost = &cost
		}
		return
	}
	n.Countries, a.Price = c.Countries, a.Dearest() // for nothing at all
	if n.Countries == nil {
		n.Countries = map[string]plan.Units{"": {Messages: c.Messages, Segments: c.Segments}}
	}
	var whole message.Money
	for _, country := range slices.Sorted(maps.Keys(n.Countries)) {
		p := a.PriceIn(country)
		if p == nil {
			n.Unpriced = append(n.Unpriced, country)
			continue
		}
		whole += p.Times(n.Countries[country].Segments)
	}
	if len(n.Unpriced) > 0 {
		a.Price = nil
		return
	}
	var cost message.Money
	if c.Segments > 0 {
		cost = rounded(whole, n.Segments, c.Segments)
		average := rounded(whole, 1, c.Segments)
		a.Price = &average
	}
	n.Cost = &cost
}

// rounded is amount×n/of, rounded up to the least that there is.
func rounded(amount message.Money, n, of int) message.Money {
	r := new(big.Int).Mul(big.NewInt(int64(amount)), big.NewInt(int64(n)))
	r.Add(r, big.NewInt(int64(of-1)))
	return message.Money(r.Div(r, big.NewInt(int64(of))).Int64())
}

// portion is what falls to one account.
type portion struct {
	account string
	tally
	share float64 // of the whole
}

// spread gives what is still to be sent to accounts by weight, as the whole of it was given. The portions add up.
func spread(shares []config.Share, whole int, left tally) []portion {
	total := 0
	for _, sh := range shares {
		total += sh.Weight
	}
	var all []portion
	var given tally
	weight, before := 0, 0
	for _, sh := range shares {
		weight += sh.Weight
		upTo := part(whole, weight, total)
		p := portion{account: sh.Account}
		p.messages = part(left.messages, upTo, whole) - given.messages
		p.segments = part(left.segments, upTo, whole) - given.segments
		given = tally{given.messages + p.messages, given.segments + p.segments}
		if whole > 0 {
			p.share = float64(upTo-before) / float64(whole)
		}
		before = upTo
		all = append(all, p)
	}
	return all
}

// setShares says of each need which part of its account it is.
func setShares(needs []Need) {
	for i, n := range needs {
		total := 0
		for _, other := range needs {
			if other.Name == n.Name {
				total += other.Messages
			}
		}
		needs[i].OfAccount = 1
		if total > 0 {
			needs[i].OfAccount = float64(n.Messages) / float64(total)
		}
	}
}

// part is n×of/whole, rounded to the nearest; cumulative parts add up to n.
func part(n, of, whole int) int {
	if whole == 0 {
		return 0
	}
	return int((int64(n)*int64(of)*2 + int64(whole)) / (2 * int64(whole)))
}

// accountNeed is what one account is still to carry on all its channels.
type accountNeed struct {
	Name     string
	Account  config.Account
	Channels []Need
	Messages int
	Segments int
	Cost     *message.Money
}

// billed is what the account's vendor counts: segments, or mails where it carries nothing else.
func (s *Subject) billed(n *accountNeed) words.Count {
	if slices.ContainsFunc(n.Channels, func(one Need) bool { return s.Config.Channels.Of(one.Channel).Units != nil }) {
		return words.N(n.Segments, "segment")
	}
	return words.N(n.Segments, "mail")
}

// byAccount adds the needs of an account together, in the order of the plan.
func byAccount(needs []Need) []accountNeed {
	var all []accountNeed
	for _, n := range needs {
		i := slices.IndexFunc(all, func(a accountNeed) bool { return a.Name == n.Name })
		if i < 0 {
			all = append(all, accountNeed{Name: n.Name, Account: n.Account})
			i = len(all) - 1
		}
		a := &all[i]
		a.Channels = append(a.Channels, n)
		a.Messages += n.Messages
		a.Segments += n.Segments
		switch {
		case n.Cost == nil:
			a.Cost = nil
		case len(a.Channels) == 1:
			sum := *n.Cost
			a.Cost = &sum
		case a.Cost != nil:
			*a.Cost += *n.Cost
		}
	}
	return all
}

// Promise is what other campaigns on the ledger, staged and neither finished nor aborted, are still to take from an account.
type Promise struct {
	Campaigns []string
	Segments  int
	// Running is how many messages belong to campaigns that a live run is sending now.
	Running int
}

// Promised is by account, read once in a run. Today's routes are taken for all campaigns.
func (s *Subject) Promised(ctx context.Context) (map[string]Promise, error) {
	return s.memo.promised.get(ctx, s.memo.base, s.readPromised)
}

func (s *Subject) readPromised(ctx context.Context) (map[string]Promise, error) {
	promised := make(map[string]Promise)
	if s.Ledger == nil {
		return promised, nil
	}
	campaigns, err := s.Ledger.Campaigns(ctx)
	if err != nil {
		return nil, words.Wrap(err, "measured.read", nil)
	}
	for _, c := range campaigns {
		if c.Name == s.name() || c.Aborted != nil {
			continue
		}
		counts, err := s.Ledger.Counts(ctx, c.Name)
		if err != nil {
			return nil, words.Wrap(err, "preflight.read-campaign", words.A{"campaign": c.Name})
		}
		running := slices.ContainsFunc(c.Holders, s.holds)
		spec, _ := plan.DecodeSpec(c.Spec) // what it does not say is not known
		for _, ch := range slices.Sorted(maps.Keys(counts.Waiting)) {
			s.promise(promised, c.Name, s.routeOf(ch, spec.Class, false), tally{counts.ByState[ch][message.Pending], int(counts.Waiting[ch])}, running)
		}
	}
	return promised, nil
}

type tally struct{ messages, segments int }

// promise spreads a campaign's pending messages over the accounts of the channel's route.
func (s *Subject) promise(promised map[string]Promise, name string, route config.Route, t tally, running bool) {
	for _, one := range spread(route.Accounts, t.messages, t) {
		p := promised[one.account]
		p.Segments += one.segments
		if running {
			p.Running += one.messages
		}
		if one.messages > 0 && !slices.Contains(p.Campaigns, name) {
			p.Campaigns = append(p.Campaigns, name)
		}
		promised[one.account] = p
	}
}

// routed are all accounts of the campaign's routes, each once, with whether it carries traffic or only stands in.
func (s *Subject) routed() []routedAccount {
	var all []routedAccount
	for _, ch := range s.Plan.Spec.Channels() {
		route := s.route(ch)
		for _, name := range plan.RouteAccounts(route) {
			carrying := slices.ContainsFunc(route.Accounts, func(sh config.Share) bool { return sh.Account == name && carries(sh) })
			i := slices.IndexFunc(all, func(a routedAccount) bool { return a.Name == name })
			if i >= 0 {
				all[i].Carries = all[i].Carries || carrying
				continue
			}
			a, known := s.Config.Accounts[name]
			all = append(all, routedAccount{Name: name, Account: a, Known: known, Carries: carrying})
		}
	}
	return all
}

// carries reports that some of the traffic falls to a share.
func carries(sh config.Share) bool { return sh.Weight > 0 }

// route is how a channel of the campaign is spread now.
func (s *Subject) route(ch message.Channel) config.Route {
	return s.routeOf(ch, s.Plan.Spec.Class, s.Emergency)
}

// routeOf is how a channel of such campaigns is spread now: over the accounts of their class, by the weights that people gave them. Where
// none has a share, the first that stands in carries everything.
func (s *Subject) routeOf(ch message.Channel, class string, emergency bool) config.Route {
	r := plan.RouteFor(s.Config, ch, class, emergency)
	states := s.said()
	r.Failover = slices.DeleteFunc(r.Failover, func(name string) bool { return states[name].Off != nil })
	for i := range r.Accounts {
		sh := &r.Accounts[i]
		if st := states[sh.Account]; st.Weight != nil {
			sh.Weight = *st.Weight
		}
		if states[sh.Account].Off != nil {
			sh.Weight = 0
		}
	}
	for _, name := range slices.Clone(r.Failover) {
		if w := states[name].Weight; w != nil && *w > 0 && !slices.ContainsFunc(r.Accounts, func(sh config.Share) bool { return sh.Account == name }) {
			r.Accounts = append(r.Accounts, config.Share{Account: name, Weight: *w})
		}
	}
	if len(r.Failover) > 0 && !slices.ContainsFunc(r.Accounts, carries) {
		r.Accounts = append(slices.DeleteFunc(r.Accounts, func(sh config.Share) bool { return sh.Account == r.Failover[0] }), config.Share{Account: r.Failover[0], Weight: 1})
	}
	return r
}

// said is what the ledger knows of the accounts; where it cannot be read, its own checks say so.
func (s *Subject) said() map[string]ledger.AccountState {
	states, _ := s.accountStates(s.memo.base)
	return states
}

type routedAccount struct {
	Name    string
	Account config.Account
	Known   bool // it is configured
	Carries bool // it has a share of the traffic; otherwise it only stands in
}

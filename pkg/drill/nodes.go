package drill

import (
	"context"
	"fmt"
	"time"

	"notify/pkg/exit"
	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// Two nodes send at once. The account is mended to a rate that the vendor takes; twice that, as two nodes would make which
// each keep to it by themselves, the vendor turns away.
const (
	nodeList  = 600         // people of each node's own list
	nodeRate  = 400         // of the account, a second
	takesRate = 500         // the vendor's
	takesPeak = 100         // what it takes at once beyond it
	nodeSoon  = time.Second // by which more than the rate's worth may seem to leave: its burst, and a late clock
)

// nodes sends the lists of two nodes at the same time through one account.
func (s *stage) nodes(ctx context.Context, a *award, _ *sandbox.Sandbox) error {
	vendor, err := s.sandbox(ctx, sandbox.Config{SMS: sandbox.Account{Rate: takesRate, Burst: takesPeak}})
	if err != nil {
		return err
	}
	a.URL, a.Rate = vendor.URL(), fmt.Sprintf("%d/s", nodeRate)
	if err := s.install(a); err != nil {
		return err
	}
	var runs []*process
	began := s.options.Now()
	for i, name := range []string{"node-one", "node-two"} {
		if err := s.people(name+".csv", nodeList, func(n int) somebody { return person(winners+i*nodeList+n, "customer.test") }); err != nil {
			return err
		}
		if err := s.write(name+".yaml", smsCampaign(name)); err != nil {
			return err
		}
		p, err := s.begin(ctx, "send", name+".csv", "--yes")
		if err != nil {
			return err
		}
		runs = append(runs, p)
	}
	worst := exit.OK
	for _, p := range runs {
		r, err := p.wait()
		if err != nil {
			return err
		}
		worst = max(worst, r.code)
	}
	took := s.options.Now().Sub(began)
	c := vendor.Count().SMS
	least := time.Duration(2*nodeList)*time.Second/nodeRate - nodeSoon
	s.line("one-node", words.T("drill.award-2020.one-node", nil),
		worst == exit.OK && c.Reached == 2*nodeList && c.Twice == 0 && c.Turned["rate"] == 0 && took >= least,
		Stop{By: words.T("drill.by.policy", nil), Exit: worst, Said: words.T("drill.said.nodes", words.A{
			"sms": c.Reached, "rate": words.Rate(nodeRate), "takes": words.Rate(takesRate), "turned": c.Turned["rate"],
		})})
	s.tally()
	return nil
}

// smsCampaign tells by SMS only.
func smsCampaign(name string) string {
	return "name: " + name + `
owner: Operations Wang
class: notice
environment: test
channels:
  sms: {text: award.sms.txt}
`
}

package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/render"
)

// survey is what one reading of all rows finds out for every check that looks at rows.
type survey struct {
	Rows int
	// Columns are those that are mapped: the name, and the channels' addresses.
	Columns []columnLook
	// Tests are rows that look as if somebody had typed them to try something.
	Tests plan.Sample
	// Why says what the rows that Tests keeps look like, in the same order.
	Why []string
	// Protected is how many mails go to each protected domain.
	Protected map[string]int
}

// columnLook is what stands in a mapped column.
type columnLook struct {
	Role, Header string
	index        int
	// Filled is how many cells have a value; Odd how many of them look like something that belongs into another column,
	// and Like names what the first of them look like.
	Filled int
	Odd    plan.Sample
	Like   string
}

// survey reads the rows once in a run.
func (s *Subject) survey(ctx context.Context) (*survey, error) {
	return s.memo.surveyed.get(ctx, s.memo.base, func(ctx context.Context) (*survey, error) {
		v := &survey{Protected: make(map[string]int)}
		for _, role := range append([]string{"name"}, s.Config.Channels.Columns()...) {
			header := s.Plan.Header.Mapped[role]
			if i := slices.Index(s.Plan.Header.Columns, header); i >= 0 {
				v.Columns = append(v.Columns, columnLook{Role: role, Header: header, index: i})
			}
		}
		var values []string
		var bad error
		err := s.eachRow(ctx, func(row *plan.Recipient) bool {
			if bad = json.Unmarshal(row.Fields, &values); bad != nil {
				bad = fmt.Errorf("read row %d of the plan: %w", row.Row, bad)
				return false
			}
			v.row(row, values, s.Config.ProtectedDomains)
			return true
		})
		if err := errors.Join(err, bad); err != nil {
			return nil, err
		}
		return v, nil
	})
}

func (v *survey) row(row *plan.Recipient, values, protected []string) {
	v.Rows++
	name := ""
	for i := range v.Columns {
		c := &v.Columns[i]
		if c.index >= len(values) {
			continue
		}
		c.look(row.Row, values[c.index])
		if c.Role == "name" {
			name = values[c.index]
		}
	}
	why := ""
	if looksTyped(name) {
		why = fmt.Sprintf(textTestName, name)
	}
	for _, m := range row.Messages {
		if why == "" {
			why = testAddress(m.Address)
		}
		if domain := m.Address.Domain(); domain != "" {
			if p := within(domain, protected); p != "" {
				v.Protected[p]++
			}
		}
	}
	if why == "" {
		return
	}
	v.Tests.Add(row.Row)
	if len(v.Why) < len(v.Tests.Rows) {
		v.Why = append(v.Why, why)
	}
}

// within is the entry of domains that the domain is, or is below; empty where there is none.
func within(domain string, domains []string) string {
	for _, d := range domains {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return d
		}
	}
	return ""
}

// renderer are the campaign's texts, read once in a run.
func (s *Subject) renderer(ctx context.Context) (*render.Renderer, error) {
	return s.memo.texts.get(ctx, s.memo.base, func(context.Context) (*render.Renderer, error) {
		return render.New(render.Texts{Texts: s.Plan.Spec.Texts}, s.Plan.Spec.Columns)
	})
}

var errNoFacts = errors.New("the plan does not say what its texts look like")

// facts are those of one channel; nil where the campaign does not use it.
func (s *Subject) facts(ch message.Channel) (*plan.ChannelFacts, error) {
	if s.Plan.Facts == nil {
		return nil, errNoFacts
	}
	return s.Plan.Facts.Channels[ch], nil
}

// everyFacts are those of all channels of the campaign, in order, each with its channel.
func (s *Subject) everyFacts() ([]channelFacts, error) {
	var all []channelFacts
	for _, ch := range s.Plan.Spec.Channels() {
		f, err := s.facts(ch)
		if err != nil {
			return nil, err
		}
		if f != nil {
			all = append(all, channelFacts{ch, f})
		}
	}
	return all, nil
}

type channelFacts struct {
	channel message.Channel
	*plan.ChannelFacts
}

// accountStates is what all processes on the ledger share about the accounts, by name.
func (s *Subject) accountStates(ctx context.Context) (map[string]ledger.AccountState, error) {
	return s.memo.states.get(ctx, s.memo.base, func(ctx context.Context) (map[string]ledger.AccountState, error) {
		if s.Ledger == nil {
			return nil, s.noLedger()
		}
		all, err := s.Ledger.Accounts(ctx)
		if err != nil {
			return nil, err
		}
		by := make(map[string]ledger.AccountState, len(all))
		for _, a := range all {
			by[a.Account] = a
		}
		return by, nil
	})
}

// carriers are the accounts that have a share of a channel's traffic.
func (s *Subject) carriers(ch message.Channel) []config.Account {
	var all []config.Account
	for _, sh := range s.Config.Routes[ch].Accounts {
		if a, ok := s.Config.Accounts[sh.Account]; ok && sh.Weight > 0 {
			a.Name = sh.Account
			all = append(all, a)
		}
	}
	return all
}

// rowsOf names the rows of a sample: "rows 3, 7, 9 and 20 more".
func rowsOf(s plan.Sample) string {
	words := make([]string, 0, len(s.Rows))
	for _, r := range s.Rows {
		words = append(words, num(r))
	}
	text := strings.Join(words, ", ")
	if more := s.Count - len(s.Rows); more > 0 {
		text += " and " + num(more) + " more"
	}
	if s.Count == 1 {
		return "row " + text
	}
	return "rows " + text
}

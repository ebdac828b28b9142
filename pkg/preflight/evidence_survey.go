package preflight

import (
	"context"
	"slices"
	"strings"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/render"
	"notify/pkg/words"
)

// survey is what one reading of all rows finds out for every check that looks at rows.
type survey struct {
	Rows int
	// Columns are those that are mapped: the name, and the channels' addresses.
	Columns []columnLook
	// Tests are rows that look as if somebody had typed them to try something.
	Tests plan.Sample
	// Why says what the rows that Tests keeps look like, in the same order.
	Why []words.Text
	// Protected is how many mails go to each protected domain.
	Protected map[string]int
}

// columnLook is what stands in a mapped column.
type columnLook struct {
	Role, Header string
	index        int
	// Filled is how many cells have a value; Odd how many of them look like something that belongs into another column,
	// and Like names what they look like.
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
		err := s.eachCells(ctx, func(row *plan.Recipient, values []string) bool {
			v.row(row, values, s.Config.ProtectedDomains)
			return true
		})
		if err != nil {
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
	var why words.Text
	if looksTyped(name) {
		why = words.T("test-rows.name", words.A{"name": name})
	}
	for _, m := range row.Messages {
		if why.IsZero() {
			why = testAddress(m.Address)
		}
		if domain := m.Address.Domain(); domain != "" {
			if p := within(domain, protected); p != "" {
				v.Protected[p]++
			}
		}
	}
	if why.IsZero() {
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

var errNoFacts = words.Err("preflight.no-facts", nil)

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

// carrier is an account that may carry messages of a channel.
type carrier struct {
	config.Account
	StandsIn bool // it has no share of the traffic, and takes over where another fails
}

// carriers are the accounts that have a share of a channel's traffic, and behind them those that stand in.
func (s *Subject) carriers(ch message.Channel) []carrier {
	var all []carrier
	put := func(name string, standsIn bool) {
		a, known := s.Config.Accounts[name]
		if known && !slices.ContainsFunc(all, func(have carrier) bool { return have.Name == name }) {
			a.Name = name
			all = append(all, carrier{Account: a, StandsIn: standsIn})
		}
	}
	r := s.route(ch)
	for _, sh := range r.Accounts {
		if sh.Weight > 0 {
			put(sh.Account, false)
		}
	}
	for _, name := range r.Failover {
		put(name, true)
	}
	return all
}

// sayOf adds an answer about a carrier. One that only stands in stops nothing: the answer says so, and what would fail then.
func (a *answers) sayOf(c *carrier, st Status, said words.Text, remedies ...words.Text) {
	if c.StandsIn {
		args := words.A{"said": said, "account": c.Name}
		switch st {
		case Fail:
			st, said = Warn, words.T("stand-in.fails", args)
		case Warn, Error:
			st, said = Warn, words.T("stand-in.only", args)
		case NotRun, Skip, Pass, NotLooked:
		}
	}
	a.add(st, said, remedies...)
}

// rowsOf names the rows of a sample: "rows 3, 7, 9 and 20 more".
func rowsOf(s plan.Sample) words.Text {
	names := make([]any, 0, s.Count)
	for _, r := range s.Rows {
		names = append(names, row(r))
	}
	var rows any = words.List{Items: names}
	if more := s.Count - len(s.Rows); more > 0 {
		rows = words.T("words.and-more", words.A{"shown": rows, "n": more})
	}
	return words.T("preflight.rows", words.A{"n": s.Count, "rows": rows})
}

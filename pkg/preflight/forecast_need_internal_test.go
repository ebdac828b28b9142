package preflight

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// Whatever the weights and whatever has left: the portions add up, and nobody has a message more or less than his part of what is left,
// but for the rounding of the whole and of the rest.
func TestPortionsAddUp(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		var shares []config.Share
		total := 0
		for range 1 + chance.IntN(4) {
			w := chance.IntN(10)
			shares, total = append(shares, config.Share{Account: "any", Weight: w}), total+w
		}
		whole := chance.IntN(3000)
		left := tally{messages: chance.IntN(whole + 1)}
		left.segments = left.messages * (1 + chance.IntN(3))
		var sum tally
		part := 0.0
		for i, p := range spread(shares, whole, left) {
			sum, part = tally{sum.messages + p.messages, sum.segments + p.segments}, part+p.share
			exact := float64(shares[i].Weight) / float64(max(1, total))
			if p.messages < 0 || p.segments < 0 || whole > 0 && math.Abs(p.share-exact) > 1/float64(whole) ||
				math.Abs(float64(p.messages)-exact*float64(left.messages)) > 2 || total == 0 && p != (portion{account: "any"}) {
				t.Fatalf("%+v of %+v of %d by %+v", p, left, whole, shares)
			}
		}
		if total > 0 && whole > 0 && (sum != left || math.Abs(part-1) > 1e-9) {
			t.Fatalf("%+v and %v of %+v of %d by %+v", sum, part, left, whole, shares)
		}
	}
}

// Of one message and of none, too.
func TestTheSharesOfTheWhole(t *testing.T) {
	t.Parallel()
	for whole, want := range [][2]float64{{0, 0}, {0, 1}, {0.5, 0.5}, {1.0 / 3, 2.0 / 3}} {
		all := spread([]config.Share{{Account: "a", Weight: 2}, {Account: "b", Weight: 3}}, whole, tally{})
		if got := [2]float64{all[0].share, all[1].share}; got != want {
			t.Errorf("of %d the shares are %v, want %v", whole, got, want)
		}
	}
}

func TestPartsAreRounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ n, of, whole, want int }{{100, 1, 3, 33}, {100, 2, 3, 67}, {1, 1, 2, 1}, {1, 1, 3, 0}, {7, 3, 3, 7}, {7, 0, 3, 0}, {7, 3, 0, 0}, {100, 1, 1, 100}} {
		if got := part(c.n, c.of, c.whole); got != c.want {
			t.Errorf("%d×%d/%d is %d, want %d", c.n, c.of, c.whole, got, c.want)
		}
	}
	for _, c := range []struct {
		amount message.Money
		n, of  int
		want   message.Money
	}{{100, 1, 3, 34}, {100, 2, 3, 67}, {99, 1, 3, 33}, {0, 1, 3, 0}, {1, 1, 1000, 1}, {math.MaxInt64, 1000, 1000, math.MaxInt64}} {
		if got := rounded(c.amount, c.n, c.of); got != c.want {
			t.Errorf("%d×%d/%d is %d, want %d", c.amount, c.n, c.of, got, c.want)
		}
	}
}

// What an account costs is known where all of its channels' costs are.
func TestNeedsOfAnAccountAreAddedUp(t *testing.T) {
	t.Parallel()
	cost := func(m message.Money) *message.Money { return &m }
	for _, c := range []struct {
		name  string
		costs []*message.Money
		want  *message.Money
	}{
		{"one", []*message.Money{cost(2)}, cost(2)},
		{"two", []*message.Money{cost(2), cost(3)}, cost(5)},
		{"three", []*message.Money{cost(2), cost(3), cost(4)}, cost(9)},
		{"one that is not known", []*message.Money{nil}, nil},
		{"the first is not known", []*message.Money{nil, cost(3)}, nil},
		{"the last is not known", []*message.Money{cost(2), nil}, nil},
		{"the one in the middle is not known", []*message.Money{cost(2), nil, cost(4)}, nil},
	} {
		needs := []Need{{Name: "other", Messages: 100, Cost: cost(100)}}
		for i, m := range c.costs {
			needs = append(needs, Need{Name: "edm", Messages: i + 1, Segments: 2 * (i + 1), Cost: m})
		}
		all := byAccount(needs)
		if len(all) != 2 || all[0].Name != "other" || *all[0].Cost != 100 || all[0].Messages != 100 {
			t.Fatalf("%s: %+v", c.name, all)
		}
		n, sum := all[1], len(c.costs)*(len(c.costs)+1)/2
		if n.Messages != sum || n.Segments != 2*sum || len(n.Channels) != len(c.costs) || (n.Cost == nil) != (c.want == nil) || n.Cost != nil && *n.Cost != *c.want {
			t.Errorf("%s: %+v", c.name, n)
		}
		if c.costs[0] != nil && *c.costs[0] != 2 {
			t.Errorf("%s: the need itself costs %d now", c.name, *c.costs[0])
		}
	}
}

// A channel's part of its account is what falls to it of the account's messages.
func TestChannelsShareTheirAccount(t *testing.T) {
	t.Parallel()
	needs := []Need{{Name: "edm", Messages: 30}, {Name: "sms", Messages: 5}, {Name: "edm", Messages: 10}, {Name: "idle"}, {Name: "few", Messages: 1}, {Name: "few"}}
	setShares(needs)
	for i, want := range []float64{0.75, 1, 0.25, 1, 1, 0} {
		if needs[i].OfAccount != want {
			t.Errorf("%d of %s are %v of it, want %v", needs[i].Messages, needs[i].Name, needs[i].OfAccount, want)
		}
	}
}

// Each account of the campaign's routes is named once, and carries something where it has a share on one of them.
func TestTheAccountsOfAllRoutes(t *testing.T) {
	t.Parallel()
	s := &Subject{
		Config: &config.Config{
			Accounts: map[string]config.Account{"a": {}, "b": {}, "c": {}, "d": {}, "e": {}},
			Routes: map[message.Channel]config.Route{
				message.SMS:   {Accounts: []config.Share{{Account: "a", Weight: 1}, {Account: "b"}}, Failover: []string{"c"}},
				message.Email: {Accounts: []config.Share{{Account: "a"}, {Account: "b", Weight: 1}, {Account: "unknown", Weight: 1}, {Account: "e"}}, Failover: []string{"d"}},
			},
		},
		Plan: &plan.Plan{Spec: plan.Spec{Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{}}, {Channel: message.Email, Mail: &campaign.Mail{}}}}},
	}
	s.memo = newMemo(t.Context(), t.Context())
	var got []routedAccount
	for _, r := range s.routed() {
		r.Account = config.Account{}
		got = append(got, r)
	}
	want := []routedAccount{
		{Name: "a", Known: true, Carries: true},
		{Name: "b", Known: true, Carries: true},
		{Name: "c", Known: true},
		{Name: "unknown", Carries: true},
		{Name: "e", Known: true},
		{Name: "d", Known: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

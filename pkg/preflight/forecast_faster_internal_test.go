package preflight

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/plan"
)

// Of an account's rates those are raised that hold back what is wanted, and no others; with them nothing does any more.
func TestWhichRatesAreRaised(t *testing.T) {
	t.Parallel()
	two := map[string]int{"a.test": 80, "b.test": 20}
	for _, c := range []struct {
		name             string
		rate             float64
		rates            map[string]float64
		domains          map[string]int
		share, ofAccount float64
		messages         int
		want             map[string]float64 // at two a second
	}{
		{"the account is fast enough", 2, nil, nil, 1, 1, 100, nil},
		{"the account is too slow", 1.9, nil, nil, 1, 1, 100, map[string]float64{"rate": 2}},
		{"nothing is known to hold it", 0, nil, nil, 1, 1, 100, nil},
		{"half of the account is for the channel", 3, nil, nil, 1, 0.5, 100, map[string]float64{"rate": 4}},
		{"half of the account is for the channel, which is fast enough", 4, nil, nil, 1, 0.5, 100, nil},
		{"a domain is too slow", 5, map[string]float64{"a.test": 1.5}, two, 1, 1, 100, map[string]float64{"domain_rate.a.test": 1.6}},
		{"a domain is fast enough", 5, map[string]float64{"a.test": 1.6}, two, 1, 1, 100, nil},
		{"both are too slow", 1, map[string]float64{"a.test": 1, "b.test": 0.1}, two, 1, 1, 100, map[string]float64{"rate": 2, "domain_rate.a.test": 1.6, "domain_rate.b.test": 0.4}},
		{"by default", 0, map[string]float64{"default": 0.1}, two, 1, 1, 100, map[string]float64{"domain_rate.default": 1.6}},
		{"by default one of them", 0, map[string]float64{"default": 0.5}, two, 1, 1, 100, map[string]float64{"domain_rate.default": 1.6}},
		{"by default both are fast enough", 0, map[string]float64{"default": 1.6}, two, 1, 1, 100, nil},
		{"one by default, and one of its own", 0, map[string]float64{"default": 0.1, "a.test": 1}, two, 1, 1, 100, map[string]float64{"domain_rate.default": 0.4, "domain_rate.a.test": 1.6}},
		{"any rate, and by default less", 0, map[string]float64{"default": 0.1, "a.test": 0}, two, 1, 1, 100, map[string]float64{"domain_rate.default": 0.4}},
		{"half of the channel", 0, map[string]float64{"a.test": 1.5}, two, 0.5, 1, 50, map[string]float64{"domain_rate.a.test": 1.6}},
	} {
		n := Need{
			Account: config.Account{Rate: c.rate, DomainRate: c.rates}, Name: "edm", Domains: c.domains, Share: c.share, OfAccount: c.ofAccount, Messages: c.messages,
		}
		settings := n.faster(config.Notice, 2)
		var got map[string]float64
		for _, s := range settings {
			if got == nil {
				got = make(map[string]float64)
			}
			name := s.Key[len("accounts.edm."):]
			got[name] = s.Value.(float64)
			now := c.rate
			if name != keyRate {
				now = c.rates[name[len(keyDomainRate):]]
			}
			if s.Now != now || s.Unit != "/s" || s.Campaign {
				t.Errorf("%s: %+v, and it is %v now", c.name, s, now)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		before := maps.Clone(c.rates)
		quick := n.with(config.Notice, settings)
		if again := quick.faster(config.Notice, 2); len(again) > 0 {
			t.Errorf("%s: %v, and then %v", c.name, settings, again)
		}
		if d := cmp.Diff(before, c.rates); d != "" {
			t.Errorf("%s: the account itself has other rates now: %s", c.name, d)
		}
		if _, raised := c.want[keyRate]; !raised && quick.Account.Rate != c.rate {
			t.Errorf("%s: the account's rate is %v", c.name, quick.Account.Rate)
		}
	}
}

// The rate of the campaign's class on an account is raised where it holds, alone or with the account's own.
func TestTheRateOfAClassIsRaised(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		account, class, ofAccount float64
		want                      []Setting
	}{
		"fast enough":         {5, 2, 1, nil},
		"the class is slow":   {5, 1, 1, []Setting{{Key: "accounts.sms.scenarios.notice.rate", Value: 2.0, Now: 1.0, Unit: "/s"}}},
		"both are":            {1.5, 1, 1, []Setting{{Key: "accounts.sms.rate", Value: 2.0, Now: 1.5, Unit: "/s"}, {Key: "accounts.sms.scenarios.notice.rate", Value: 2.0, Now: 1.0, Unit: "/s"}}},
		"only the class has":  {0, 1, 1, []Setting{{Key: "accounts.sms.scenarios.notice.rate", Value: 2.0, Now: 1.0, Unit: "/s"}}},
		"half of the account": {9, 3, 0.5, []Setting{{Key: "accounts.sms.scenarios.notice.rate", Value: 4.0, Now: 3.0, Unit: "/s"}}},
	} {
		own := map[string]config.Scenario{config.Notice: {Rate: c.class, DailyQuota: 7}, config.Marketing: {Rate: 0.5}}
		n := Need{Account: config.Account{Rate: c.account, Scenarios: own}, Name: "sms", Share: 1, OfAccount: c.ofAccount, Messages: 100}
		settings := n.faster(config.Notice, 2)
		if d := cmp.Diff(c.want, settings); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		quick := n.with(config.Notice, settings)
		if again := quick.faster(config.Notice, 2); len(again) > 0 {
			t.Errorf("%s: %v, and then %v", name, settings, again)
		}
		if own[config.Notice].Rate != c.class || quick.Account.Scenarios[config.Notice].DailyQuota != 7 || quick.Account.Scenarios[config.Marketing].Rate != 0.5 {
			t.Errorf("%s: %v, and it was %v", name, quick.Account.Scenarios, own)
		}
	}
}

// The smallest window that is enough: half an hour later rather than half an hour earlier, and never at night.
func TestAWindowIsWidenedByDay(t *testing.T) {
	t.Parallel()
	at := func(hours float64) time.Duration { return time.Duration(hours * float64(time.Hour)) }
	until := func(hours float64) func(pace) bool { return func(p pace) bool { return p.window.To >= at(hours) } }
	since := func(hours float64) func(pace) bool { return func(p pace) bool { return p.window.From <= at(hours) } }
	long := func(hours float64) func(pace) bool {
		return func(p pace) bool { return p.window.To-p.window.From >= at(hours) }
	}
	for _, c := range []struct {
		name     string
		own      [2]float64
		enough   func(pace) bool
		from, to float64
		ok       bool
	}{
		{"half an hour more", [2]float64{9, 20}, long(11.5), 9, 20.5, true},
		{"an hour more", [2]float64{9, 20}, long(12), 9, 21, true},
		{"half an hour earlier", [2]float64{9, 20}, since(8.5), 8.5, 20, true},
		{"as late as may be", [2]float64{9, 20}, until(22), 9, 22, true},
		{"too late", [2]float64{9, 20}, until(22.5), 9, 20, false},
		{"as early as may be", [2]float64{9, 20}, since(7), 7, 20, true},
		{"too early", [2]float64{9, 20}, since(6.5), 9, 20, false},
		{"as early as may be, from late on", [2]float64{21.5, 22}, since(7), 7, 22, true},
		{"as late as may be, from early on", [2]float64{7, 7.5}, until(22), 7, 22, true},
		{"all day already", [2]float64{7, 22}, long(15.5), 7, 22, false},
		{"nothing is enough", [2]float64{9, 20}, func(pace) bool { return false }, 9, 20, false},
		{"over midnight", [2]float64{20, 9}, func(pace) bool { return true }, 20, 9, false},
		{"none", [2]float64{0, 0}, func(pace) bool { return true }, 0, 0, false},
	} {
		s := &Subject{Plan: &plan.Plan{Spec: plan.Spec{Window: campaign.Window{From: at(c.own[0]), To: at(c.own[1])}}}}
		got, ok := s.wider(pace{}, c.enough)
		if want := (campaign.Window{From: at(c.from), To: at(c.to)}); got != want || ok != c.ok {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, ok, want, c.ok)
		}
	}
}

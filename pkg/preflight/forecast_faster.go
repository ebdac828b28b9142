package preflight

import (
	"maps"
	"slices"
	"strings"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/words"
)

// faster are the settings that let an account send so many messages a second on the need's channel: its own rate, that of the
// class, and those of recipient domains that would still hold it back. None where no rate does.
func (n Need) faster(class string, want float64) []Setting {
	var all []Setting
	account := "accounts." + n.Name + "."
	raise := func(key string, rate float64) {
		if rate > 0 && rate*n.OfAccount < want {
			all = append(all, Setting{Key: account + key, Value: tenth(want / n.OfAccount), Now: rate, Unit: "/s"})
		}
	}
	raise(keyRate, n.Account.Rate)
	raise(keyClassRate(class), n.Account.Scenarios[class].Rate)
	byDefault := 0.0
	for _, domain := range slices.Sorted(maps.Keys(n.Domains)) {
		limit := n.domainRate(domain)
		needs := want * float64(n.Domains[domain]) * n.Share / float64(n.Messages)
		switch _, own := n.Account.DomainRate[domain]; {
		case limit <= 0 || limit >= needs:
		case own:
			all = append(all, Setting{Key: account + keyDomainRate + domain, Value: tenth(needs), Now: limit, Unit: "/s"})
		default:
			byDefault = max(byDefault, needs)
		}
	}
	if byDefault > 0 {
		now := n.Account.DomainRate["default"]
		all = append(all, Setting{Key: account + keyDomainRate + "default", Value: tenth(byDefault), Now: now, Unit: "/s"})
	}
	return all
}

// with is the need as it would be with these settings of its account's rates.
func (n Need) with(class string, settings []Setting) Need {
	domains, scenarios := maps.Clone(n.Account.DomainRate), maps.Clone(n.Account.Scenarios)
	for _, s := range settings {
		rate, _ := s.Value.(float64)
		key := strings.TrimPrefix(s.Key, "accounts."+n.Name+".")
		domain, ofDomain := strings.CutPrefix(key, keyDomainRate)
		switch {
		case ofDomain:
			domains[domain] = rate
		case key == keyClassRate(class):
			of := scenarios[class]
			of.Rate = rate
			scenarios[class] = of
		default:
			n.Account.Rate = rate
		}
	}
	n.Account.DomainRate, n.Account.Scenarios = domains, scenarios
	return n
}

// hasten offers the rates at which a need is done within so much open time; enough says of the pace that comes of it whether
// it suffices.
func (s *Subject) hasten(w *ways, n Need, p pace, open time.Duration, enough func(pace) bool) {
	if open <= 0 {
		return
	}
	want := float64(n.Messages) / open.Seconds()
	class := s.Plan.Spec.Class
	settings := n.faster(class, want)
	if len(settings) == 0 {
		return
	}
	quick := s.paceOf(n.with(class, settings))
	quick.first, quick.daily, quick.ahead, quick.grow = p.first, p.daily, p.ahead, p.grow
	suffices := enough(quick)
	ofClass := func(one Setting) bool { return one.Key == "accounts."+n.Name+"."+keyClassRate(class) }
	if !suffices && slices.ContainsFunc(settings, ofClass) {
		return // what a class may send is agreed on with others, and is raised for a reason
	}
	w.or(Option{
		Kind: OptionRate, Enough: suffices, Account: n.Name, Channel: n.Channel, Settings: settings,
		Text: words.T("preflight.faster", words.A{"settings": listed(settings), "limit": p.limit.text()}),
	})
}

// Nobody wants to be told at night that he won: no window is offered that begins before dayBegins or ends after dayEnds.
const (
	dayBegins = 7 * time.Hour
	dayEnds   = 22 * time.Hour
)

// wider is the smallest window around the campaign's own, in steps of half an hour and by day, that is enough; ok is false where
// there is none.
func (s *Subject) wider(p pace, enough func(pace) bool) (window campaign.Window, ok bool) {
	const step = 30 * time.Minute
	own := s.Plan.Spec.Window
	if own.From >= own.To {
		return own, false
	}
	for by := step; own.To+by <= dayEnds || own.From-by >= dayBegins; by += step {
		if p.window = (campaign.Window{From: own.From, To: own.To + by}); p.window.To <= dayEnds && enough(p) {
			return p.window, true
		}
		if p.window = (campaign.Window{From: own.From - by, To: own.To}); p.window.From >= dayBegins && enough(p) {
			return p.window, true
		}
	}
	return own, false
}

// widen offers a wider window.
func (s *Subject) widen(w *ways, n Need, p pace, enough func(pace) bool) {
	window, ok := s.wider(p, enough)
	if !ok {
		return
	}
	own := s.Plan.Spec.Window
	w.or(Option{
		Kind: OptionWindow, Enough: true, Account: n.Name, Channel: n.Channel,
		Settings: []Setting{
			{Key: "window.from", Value: words.Clock(window.From), Now: words.Clock(own.From), Campaign: true},
			{Key: "window.to", Value: words.Clock(window.To), Now: words.Clock(own.To), Campaign: true},
		},
		Text: words.T("window.widen", words.A{
			"from": words.Clock(window.From), "to": words.Clock(window.To), "was_from": words.Clock(own.From), "was_to": words.Clock(own.To),
		}),
	})
}

// Keys of an account in notify.yaml.
const (
	keyRate       = "rate"
	keyDomainRate = "domain_rate."
)

// keyClassRate is the key of a class's rate on an account.
func keyClassRate(class string) string { return "scenarios." + class + ".rate" }

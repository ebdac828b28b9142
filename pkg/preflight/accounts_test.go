package preflight_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

var errDisk = errors.New("disk I/O error")

// brokenLedger cannot read campaigns.
type brokenLedger struct{ ledger.Ledger }

func (brokenLedger) Campaign(context.Context, string) (ledger.Campaign, error) {
	return ledger.Campaign{}, errDisk
}

// forgetful is a ledger that cannot read what was used.
type forgetful struct{ ledger.Ledger }

func (forgetful) Usage(context.Context, string, ledger.Day) (ledger.Usage, error) {
	return ledger.Usage{}, errDisk
}

func route(shares []config.Share, failover ...string) func(*world) {
	return func(w *world) { w.config.Routes[message.SMS] = config.Route{Accounts: shares, Failover: failover} }
}

func TestRoutes(t *testing.T) {
	askAll(t, "routes", []question{
		{
			name: "no route", want: preflight.Fail, change: route(nil),
			summary: []string{"sms has no account"}, remedies: []string{"routes.sms.accounts"},
		},
		{
			name: "a route without weight", want: preflight.Fail, change: route([]config.Share{{Account: "sms-a"}}),
			summary: []string{"sms has no account"},
		},
		{
			name: "a marketing account that only stands in carries nothing", want: preflight.Pass,
			change:  route([]config.Share{{Account: "sms-a", Weight: 1}}, "promo"),
			summary: []string{"promo is for marketing and carries nothing of this"},
		},
		{
			name: "a campaign of a class that no account has", want: preflight.Fail,
			change: func(w *world) {
				w.campaign.Class = config.Marketing
				delete(w.config.Accounts, "promo")
			},
			summary: []string{"sms-a is for notice, the campaign is marketing"}, remedies: []string{"configure an account with class: marketing"},
		},
		{
			name: "an account that is not configured", want: preflight.Fail, change: route([]config.Share{{Account: "sms-x", Weight: 1}}),
			summary: []string{"sms-x is on the route and not configured"}, remedies: []string{"accounts.sms-x"},
		},
		{
			name: "an account that does not say its class", want: preflight.Warn,
			change:  func(w *world) { w.account("sms-a", func(a *config.Account) { a.Class = "" }) },
			summary: []string{"does not say its class"}, remedies: []string{"sms-a"},
		},
		{
			name: "a campaign that does not say its class", want: preflight.Warn, change: func(w *world) { w.campaign.Class = "" },
			summary: []string{"account sms-a or the campaign does not say its class"},
		},
		{
			name: "an account of the other class in an emergency", want: preflight.Warn,
			change: both(route([]config.Share{{Account: "sms-a", Weight: 1}}, "promo"), func(w *world) {
				w.subject = func(s *preflight.Subject) { s.Emergency = true }
			}),
			summary: []string{"sms: sms-a, promo", "account promo is for marketing and stands in for notice: an emergency"},
		},
		{
			name: "all are switched off", want: preflight.Fail, change: knows(ledger.AccountState{Account: "sms-a", Off: &ledger.Act{Who: "wang"}}),
			summary: []string{"sms: all accounts are switched off, or have no share"}, remedies: []string{"notify accounts"},
		},
		{
			name: "one that stands in is switched off", want: preflight.Pass, summary: []string{"sms: sms-a"},
			change: both(route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b"), knows(ledger.AccountState{Account: "sms-b", Off: &ledger.Act{Who: "wang"}})),
		},
		{
			name: "one that stands in is switched off, and nobody says a class", want: preflight.Warn, summary: []string{"sms: sms-a", "account sms-a or the campaign does not say its class"},
			change: both(route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b"), knows(ledger.AccountState{Account: "sms-b", Off: &ledger.Act{Who: "wang"}}), func(w *world) {
				w.campaign.Class = ""
			}),
		},
	})
}

func TestEnvironment(t *testing.T) {
	askAll(t, "environment", []question{
		{
			name: "an account that says nothing belongs to the installation", want: preflight.Pass,
			change: func(w *world) { w.account("sms-a", func(a *config.Account) { a.Environment = "" }) },
		},
		{
			name: "a test account on a production installation", want: preflight.Fail,
			change:  func(w *world) { w.account("sms-a", func(a *config.Account) { a.Environment = config.Test }) },
			summary: []string{"account sms-a is for test, this installation is production"}, remedies: []string{"take account sms-a off the route"},
		},
		{
			name: "a test account that only stands in", want: preflight.Fail,
			change: func(w *world) {
				route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b")(w)
				w.account("sms-b", func(a *config.Account) { a.Environment = config.Test })
			},
			summary: []string{"account sms-b is for test"},
		},
	})
}

// advising is a server that greets strangers badly, and lacks something.
type advising struct{ *vendor }

func (advising) Advise(vendors.Load) []vendors.Advice {
	return []vendors.Advice{
		{Found: words.T("smtp.helo-short", words.A{"helo": "laptop"}), Do: words.T("smtp.do.helo", words.A{"account": "sms-a"}), Strangers: true},
		{Found: words.T("smtp.dsn-not-offered", nil), Do: words.T("smtp.do.dsn", words.A{"account": "sms-a"})},
	}
}

// weighing is a server that is told what it will have to take, and advises nothing.
type weighing struct {
	*vendor
	load vendors.Load
}

func (v *weighing) Advise(l vendors.Load) []vendors.Advice {
	v.load = l
	return nil
}

// What a server will have to take: the largest mail on its way, with its headers, and whether its sender needs SMTPUTF8.
func TestWhatAServerWillHaveToTake(t *testing.T) {
	from := func(sender string) func(*world) { return mails(func(e *campaign.Mail) { e.From = sender }) }
	for name, c := range map[string]struct {
		change func(*world)
		want   vendors.Load
	}{
		// 20 letters of the subject and 18 of the text, a third more in base64, and 2,048 for headers
		"a mail":                             {both(many(1), mails(nil)), vendors.Load{Largest: 38*4/3 + 2048}},
		"a sender beyond ASCII":              {both(many(1), from("王@edm.example.test")), vendors.Load{Largest: 38*4/3 + 2048, UTF8: true}},
		"only his name is":                   {both(many(1), from("王 <a@edm.example.test>")), vendors.Load{Largest: 38*4/3 + 2048}},
		"only his domain is, and DNS has it": {both(many(1), from("a@例子.test")), vendors.Load{Largest: 38*4/3 + 2048}},
		"a sender that is none":              {both(many(1), from("王")), vendors.Load{Largest: 38*4/3 + 2048}},
		"nobody gets a mail":                 {both(many(0), mails(nil)), vendors.Load{Largest: 2048}},
		"nobody looked at the texts":         {both(mails(nil), factless), vendors.Load{}},
		"no mail":                            {both(), vendors.Load{}},
	} {
		w := newWorld(t)
		c.change(w)
		server := &weighing{vendor: &vendor{}}
		w.vendors["sms-a"], w.vendors["edm"] = server, server
		if f := w.ask("vendor"); f.Status != preflight.Pass || server.load != c.want {
			t.Errorf("%s: %s, it is told %+v, want %+v: %s", name, f.Status, server.load, c.want, summary(f))
		}
	}
}

func TestVendor(t *testing.T) {
	refuses := func(w *world) { w.vendors["sms-a"].(*vendor).probeErr = fmt.Errorf("dial: %w", syscall.ECONNREFUSED) }
	here := smsA(func(a *config.Account) { a.Endpoint = "http://127.0.0.1:8025" })
	askAll(t, "vendor", []question{
		{
			name: "what only stands in does not stop it", want: preflight.Warn,
			change: func(w *world) {
				route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b")(w)
				w.vendors["sms-b"].(*vendor).probeErr = errDown
			},
			summary: []string{"sms-a answers", "sms-b: the vendor is down"},
		},
		{
			name: "what only stands in may be slow", want: preflight.Warn,
			change: func(w *world) {
				route([]config.Share{{Account: "sms-b", Weight: 1}}, "sms-a")(w)
				silentVendor(w)
			},
			summary: []string{"sms-b answers", "sms-a: "},
		},
		{
			name: "what a server on this machine does not offer is said, and how it is greeted is not", want: preflight.Warn,
			change: func(w *world) {
				w.vendors["sms-a"] = advising{&vendor{}}
				smsA(func(a *config.Account) { a.Endpoint = "http://127.0.0.1:8025" })(w)
			},
			summary: []string{"sms-a: the server promises no delivery notices (DSN)"},
		},
		{
			name: "elsewhere both are said", want: preflight.Warn, change: func(w *world) { w.vendors["sms-a"] = advising{&vendor{}} },
			summary: []string{`is greeted as "laptop", a name without a dot`, "sms-a: the server promises no delivery notices (DSN)"},
		},
		{
			name: "nothing listens on this machine", want: preflight.Fail, change: both(refuses, here),
			summary: []string{"sms-a", "127.0.0.1:8025"}, remedies: []string{"notify sandbox"},
		},
		{name: "nothing listens elsewhere", want: preflight.Fail, change: refuses, summary: []string{"sms-a: nothing answers there"}, remedies: []string{"accounts.sms-a"}},
		{
			name: "a vendor that cannot be tried", want: preflight.Warn, change: func(w *world) { w.vendors["sms-a"] = mute{} },
			summary: []string{"cannot be tried"}, remedies: []string{"one message to yourself through sms-a"},
		},
		{
			name: "an account that could not be opened says why", want: preflight.Fail,
			change: func(w *world) {
				w.vendors = map[string]vendors.Vendor{}
				w.subject = func(s *preflight.Subject) { s.VendorErrs = map[string]error{"sms-a": vendors.ErrNoKind} }
			},
			summary: []string{"sms-a: no such vendor"},
		},
		{
			name: "an account that nobody opened", want: preflight.Fail, change: func(w *world) { delete(w.vendors, "sms-a") },
			summary: []string{"sms-a was not opened"},
		},
	})
}

// What people decide of an account takes the place of what is configured.
func TestWhoCarriesWhatPeopleDecide(t *testing.T) {
	weighs := func(account string, n int) ledger.AccountState {
		return ledger.AccountState{Account: account, Weight: &n}
	}
	off := func(account string) ledger.AccountState {
		return ledger.AccountState{Account: account, Off: &ledger.Act{}}
	}
	a, b := config.Share{Account: "sms-a", Weight: 1}, config.Share{Account: "sms-b", Weight: 1}
	alone := route([]config.Share{a}, "sms-b", "sms-c")
	for _, c := range []struct {
		name   string
		route  func(*world)
		states []ledger.AccountState
		want   string
	}{
		{"nothing", alone, nil, "sms-a 100"},
		{"one that stands in has a share", alone, []ledger.AccountState{weighs("sms-b", 1)}, "sms-a 50, sms-b 50"},
		{"the second that stands in has a share", alone, []ledger.AccountState{weighs("sms-c", 3)}, "sms-a 25, sms-c 75"},
		{"one that stands in has none", alone, []ledger.AccountState{weighs("sms-b", 0)}, "sms-a 100"},
		{"one that stands in is switched off, whatever its share", alone, []ledger.AccountState{{Account: "sms-b", Weight: ptr(1), Off: &ledger.Act{}}}, "sms-a 100"},
		{"the only one has no share", alone, []ledger.AccountState{weighs("sms-a", 0)}, "sms-a 0, sms-b 100"},
		{"the only one is switched off", alone, []ledger.AccountState{off("sms-a")}, "sms-a 0, sms-b 100"},
		{"so is the first that stands in", alone, []ledger.AccountState{off("sms-a"), off("sms-b")}, "sms-a 0, sms-c 100"},
		{"so are all", alone, []ledger.AccountState{off("sms-a"), off("sms-b"), off("sms-c")}, "sms-a 0"},
		{"the only one is switched off, and one that stands in has a share", alone, []ledger.AccountState{off("sms-a"), weighs("sms-c", 5)}, "sms-a 0, sms-c 100"},
		{"another share", route([]config.Share{a, b}), []ledger.AccountState{weighs("sms-a", 3)}, "sms-a 75, sms-b 25"},
		{"one of two is switched off", route([]config.Share{a, b}), []ledger.AccountState{off("sms-a")}, "sms-a 0, sms-b 100"},
		{"one that shares and stands in has another share", route([]config.Share{a, b}, "sms-b"), []ledger.AccountState{weighs("sms-b", 3)}, "sms-a 25, sms-b 75"},
		{"one that has no share and stands in", route([]config.Share{a, {Account: "sms-b"}}, "sms-b"), []ledger.AccountState{off("sms-a")}, "sms-a 0, sms-b 100"},
	} {
		w := newWorld(t)
		w.config.Accounts["sms-c"] = w.config.Accounts["sms-b"]
		both(c.route, knows(c.states...))(w)
		var got []string
		for _, one := range preflight.Run(t.Context(), w.make(), nil).Plan.Accounts {
			got = append(got, fmt.Sprintf("%s %d", one.Account, one.Messages))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
}

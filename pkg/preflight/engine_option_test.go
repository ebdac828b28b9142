package preflight_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
)

// follow does what an option says, with nothing but its figures.
func (w *world) follow(o preflight.Option) {
	w.t.Helper()
	switch o.Kind {
	case preflight.OptionTopUp:
		v := w.vendors[o.Account].(*vendor)
		if o.Amount != nil {
			v.balance.Amount = ptr(*v.balance.Amount + *o.Amount)
		} else {
			v.balance.Messages = ptr(*v.balance.Messages + o.Segments)
		}
	case preflight.OptionRelease:
		name := strings.Fields(o.Command)[2]
		if _, err := w.ledger.Abort(w.t.Context(), name, w.act("abort")); err != nil {
			w.t.Fatal(err)
		}
	case preflight.OptionPart:
		w.part = plan.Part{From: o.Parts[0].From, To: o.Parts[0].To}
	case preflight.OptionSpread:
		spread(w)
	case preflight.OptionLater:
		w.now = o.At
		if v, ok := w.vendors[o.Account].(*vendor); ok && v.balance.QuotaUsed != nil {
			v.balance.QuotaUsed = ptr(int64(0)) // the vendor's day is another too
		}
	case preflight.OptionDeadline:
		w.campaign.Deadline = o.At
	case preflight.OptionAccount:
		r := w.config.Routes[o.Channel]
		r.Accounts = nil
		for _, s := range o.Shares {
			r.Accounts = append(r.Accounts, config.Share{Account: s.Account, Weight: s.Weight})
		}
		w.config.Routes[o.Channel] = r
		return
	case preflight.OptionFreeDisk:
		tells(told{change: func(i *ledger.Info) { i.Free += o.Bytes }})(w)
	case preflight.OptionRehearse:
		if len(o.Settings) == 0 {
			all := []ledger.Rehearsal{{Recipients: len(w.people), Complete: true, At: w.now, Rate: 95}}
			w.ledger = rehearsed{Ledger: w.ledger, all: all}
		}
	case preflight.OptionRaiseQuota, preflight.OptionRaiseBudget, preflight.OptionRate, preflight.OptionWindow, preflight.OptionTimer:
	default:
		w.t.Fatalf("nobody knows how to follow %q", o.Kind)
	}
	for _, s := range o.Settings {
		w.set(s)
	}
}

// set writes a setting where the program reads it.
func (w *world) set(s preflight.Setting) {
	w.t.Helper()
	words := strings.SplitN(s.Key, ".", 4)
	last := words[len(words)-1]
	clock := func() time.Duration {
		h, m, _ := strings.Cut(s.Value.(string), ":")
		hours, errH := strconv.Atoi(h)
		minutes, errM := strconv.Atoi(m)
		if errH != nil || errM != nil {
			w.t.Fatalf("%v is no time of day", s.Value)
		}
		return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	}
	if words[0] == "accounts" {
		w.account(words[1], func(a *config.Account) {
			switch words[2] {
			case "rate":
				a.Rate = s.Value.(float64)
			case "domain_rate":
				rates := map[string]float64{last: s.Value.(float64)}
				for d, r := range a.DomainRate {
					if d != last {
						rates[d] = r
					}
				}
				a.DomainRate = rates
			case "daily_quota":
				a.DailyQuota = s.Value.(int64)
				if v, ok := w.vendors[words[1]].(*vendor); ok && v.balance.QuotaLimit != nil {
					v.balance.QuotaLimit = ptr(s.Value.(int64))
				}
			case "scenarios":
				class, _, _ := strings.Cut(last, ".")
				a.Scenarios = map[string]config.Scenario{class: {DailyQuota: s.Value.(int64)}}
			case "budget":
				if last == "day" {
					a.DayBudget = s.Value.(message.Money)
				} else {
					a.MonthBudget = s.Value.(message.Money)
				}
			default:
				w.t.Fatalf("nobody knows the setting %s", s.Key)
			}
		})
		return
	}
	if s.Campaign != (words[0] == "window" || words[0] == "deadline" || words[0] == "budget") {
		w.t.Errorf("%s stands in the wrong file", s.Key)
	}
	switch s.Key {
	case "capacity.recipients":
		w.config.Capacity.Recipients = s.Value.(int)
	case "budget":
		w.campaign.Budget = s.Value.(message.Money)
	case "window.from":
		w.campaign.Window.From = clock()
	case "window.to":
		w.campaign.Window.To = clock()
	case "deadline":
		at, err := time.Parse(time.RFC3339, s.Value.(string))
		if err != nil || !at.Equal(w.campaign.Deadline) {
			w.t.Errorf("the deadline is %v, %v; want %v", at, err, w.campaign.Deadline)
		}
	case "timer":
		every, err := time.ParseDuration(s.Value.(string))
		if err != nil {
			w.t.Fatal(err)
		}
		w.config.Timer = every
	default:
		w.t.Fatalf("nobody knows the setting %s", s.Key)
	}
}

// tenth is the incident of 2020 on a scale of 1:10, with an account that stands in; nothing stops it yet.
func tenth(w *world) {
	w.people = people(2300)
	w.campaign.Expect = 2300
	w.account("sms-a", func(a *config.Account) { a.Rate, a.DailyQuota = 10, 10000 })
	w.account("sms-b", func(a *config.Account) { a.Rate = 10 })
	w.campaign.Window = campaign.Window{From: 9 * time.Hour, To: 20 * time.Hour}
	route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b")(w)
	balance("10000")(w)
}

func kinds(options []preflight.Option) []preflight.OptionKind {
	var all []preflight.OptionKind
	for _, o := range options {
		all = append(all, o.Kind)
	}
	return all
}

// classQuota is one of the account, 0 for none, and one of what its class may send.
func classQuota(own, class int64) func(*world) {
	return smsA(func(a *config.Account) {
		a.DailyQuota, a.Scenarios = own, map[string]config.Scenario{config.Notice: {DailyQuota: class}}
	})
}

// What is offered must be true: each option that says it is enough is followed, in a world of its own, by its figures alone.
func TestOptionsMakeItPass(t *testing.T) {
	const (
		topUp, release, part, spreads, account = preflight.OptionTopUp, preflight.OptionRelease, preflight.OptionPart, preflight.OptionSpread, preflight.OptionAccount
		quotas, budgets, rates, later, due     = preflight.OptionRaiseQuota, preflight.OptionRaiseBudget, preflight.OptionRate, preflight.OptionLater, preflight.OptionDeadline
		windows, timer, rehearse, disk         = preflight.OptionWindow, preflight.OptionTimer, preflight.OptionRehearse, preflight.OptionFreeDisk
	)
	in := func(d time.Duration) func(*world) { return func(w *world) { w.campaign.Deadline = w.now.Add(d) } }
	usedToday := func(n int) func(*world) { // elsewhere: the vendor counts them
		return func(w *world) {
			v := w.vendors["sms-a"].(*vendor)
			v.balance.QuotaUsed = ptr(int64(n))
		}
	}
	mail := func(w *world) {
		mails(nil)(w)
		domains(920, "customer.test")(w)
		w.account("edm", func(a *config.Account) { a.DomainRate = map[string]float64{"default": 2, "customer.test": 0.1} })
	}
	for _, c := range []struct {
		name, check string
		change      func(*world)
		bad         preflight.Status
		want        []preflight.OptionKind // those that are enough, in their order
	}{
		{"800 by design", "capacity", func(w *world) { w.config.Capacity.Recipients = 800 }, preflight.Fail, []preflight.OptionKind{part, rehearse}},
		{"800 rehearsed", "rehearsal", func(w *world) {
			w.config.Capacity.RequireRehearsal = 720 * time.Hour
			w.ledger = rehearsed{Ledger: w.ledger, all: []ledger.Rehearsal{{Recipients: 800, Complete: true, At: w.now.Add(-time.Hour)}}}
		}, preflight.Fail, []preflight.OptionKind{rehearse, part}},
		{"a balance for 990", "balance", balance("44.55"), preflight.Fail, []preflight.OptionKind{topUp, part, account}},
		{"a debt", "balance", balance("-3.20"), preflight.Fail, []preflight.OptionKind{topUp, account}},
		{"packages for 990", "balance", both(noPrice, balance("", func(b *vendors.Balance) { b.Messages = ptr(int64(990)) })), preflight.Fail, []preflight.OptionKind{topUp, part, account}},
		{"another campaign holds it", "balance", both(otherPending, balance("113.85")), preflight.Fail, []preflight.OptionKind{topUp, release, part, account}},
		{"two others hold it, and the end of one is not enough", "balance", both(otherPending, pending("third", 30), balance("113.85")), preflight.Fail, []preflight.OptionKind{topUp, part, account}},
		{"1,000 a day", "quota", quota(1000), preflight.Fail, []preflight.OptionKind{quotas, spreads, part, account}},
		{"1,000 a day at the vendor", "quota", live(1000, 0), preflight.Fail, []preflight.OptionKind{quotas, spreads, part, account}},
		{"40 a day for the class", "quota", classQuota(0, 40), preflight.Fail, []preflight.OptionKind{quotas, spreads, part, account}},
		{"1,000 a day, and 40 for the class", "quota", classQuota(1000, 40), preflight.Fail, []preflight.OptionKind{quotas, spreads, part, account}},
		{"1,000 a day, and no matter what for the class", "quota", classQuota(1000, 10_000), preflight.Fail, []preflight.OptionKind{quotas, spreads, part, account}},
		{"today's is used up", "quota", live(2300, 2300), preflight.Fail, []preflight.OptionKind{quotas, later, account}},
		{"today's is used up, and tomorrow is too late", "quota", both(live(2300, 2300), in(10*time.Hour)), preflight.Fail, []preflight.OptionKind{quotas, account}},
		{"today's is used up, and tomorrow's is too little", "quota", live(2000, 2000), preflight.Fail, []preflight.OptionKind{quotas, spreads, account}},
		{"some of today's is used", "quota", both(live(2400, 0), usedToday(2000)), preflight.Fail, []preflight.OptionKind{quotas, spreads, later, part, account}},
		{"1,000 a day, and days are too many", "quota", both(quota(1000), in(24*time.Hour)), preflight.Fail, []preflight.OptionKind{quotas, part, account}},
		{"a budget of the day", "budget", smsA(func(a *config.Account) { a.DayBudget = 45_000_000 }), preflight.Fail, []preflight.OptionKind{budgets, part, account}},
		{"a budget of the day, of which some is used", "budget", both(used, smsA(func(a *config.Account) { a.DayBudget = 103_000_000 })), preflight.Fail, []preflight.OptionKind{budgets, later, part, account}},
		{"a budget of the month", "budget", smsA(func(a *config.Account) { a.MonthBudget = 45_000_000 }), preflight.Fail, []preflight.OptionKind{budgets, part, account}},
		{"the campaign's budget", "budget", func(w *world) { w.campaign.Budget = yuan(w.t, "45") }, preflight.Fail, []preflight.OptionKind{budgets, part}},
		{"too slow for the deadline", "deadline", both(perSecond(0.2), in(2*time.Hour)), preflight.Fail, []preflight.OptionKind{rates, due, part, account}},
		{"the window ends before", "deadline", both(perSecond(0.03), in(30*time.Hour)), preflight.Fail, []preflight.OptionKind{rates, due, part, account}},
		{"a wider window would do", "deadline", both(perSecond(0.06), in(12*time.Hour)), preflight.Fail, []preflight.OptionKind{rates, windows, due, part, account}},
		{"the window opens too late", "deadline", both(window(18*time.Hour, 20*time.Hour), in(time.Hour)), preflight.Fail, []preflight.OptionKind{windows, due}},
		{"a deadline that has passed", "deadline", in(-time.Hour), preflight.Fail, []preflight.OptionKind{due}},
		{"a quota too small for the deadline", "deadline", both(quota(1000), in(24*time.Hour)), preflight.Fail, []preflight.OptionKind{due, part, account}},
		{"a slow domain", "deadline", both(mail, in(2*time.Hour)), preflight.Fail, []preflight.OptionKind{rates, due, part}},
		{"never done, and due", "deadline", both(many(4000), perSecond(0.00001), in(8*time.Hour)), preflight.Fail, []preflight.OptionKind{rates, account}},
		{"never done", "deadline", both(many(4000), perSecond(0.00001)), preflight.Fail, []preflight.OptionKind{rates}},
		{"more than a day", "duration", perSecond(0.055), preflight.Warn, []preflight.OptionKind{rates, later}},
		{"more than any day", "duration", perSecond(0.03), preflight.Warn, []preflight.OptionKind{rates, later}},
		{"more than ten years", "duration", both(many(4000), perSecond(0.00001)), preflight.Fail, []preflight.OptionKind{rates, later}},
		{"the window is shut", "window", window(12*time.Hour, 20*time.Hour), preflight.Warn, []preflight.OptionKind{later}},
		{"a timer of 10 minutes", "timer", both(perSecond(80.0/60), func(w *world) { w.config.Timer = 10 * time.Minute }), preflight.Warn, []preflight.OptionKind{rates, timer}},
		{"no pace", "pace", both(many(6000), mails(nil), domains(5500, "customer.test")), preflight.Fail, []preflight.OptionKind{rates}},
		{"a rate that was never reached", "measured-rate", both(perSecond(100), func(w *world) {
			w.ledger = earlier{Ledger: w.ledger, sent: 500, took: 10 * time.Second, now: w.now}
		}), preflight.Warn, []preflight.OptionKind{rates}},
		{"a rate that the vendor does not take", "measured-rate", both(perSecond(100), func(w *world) {
			w.vendors["sms-a"].(*vendor).balance.Rate = ptr(14.0)
		}), preflight.Warn, []preflight.OptionKind{rates}},
		{"little left afterwards", "low-balance", both(balance("110"), smsA(func(a *config.Account) { a.LowBalance = 50_000_000 })), preflight.Warn, []preflight.OptionKind{topUp}},
		{"a full disk", "disk", tells(told{change: func(i *ledger.Info) { i.Free = 1 << 20 }}), preflight.Fail, []preflight.OptionKind{disk}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			both(tenth, c.change)(w)
			f := w.ask(c.check)
			var enough []preflight.Option
			for _, o := range f.Options {
				if o.Enough {
					enough = append(enough, o)
				}
				if o.Text.IsZero() || !strings.Contains(strings.Join(remedies(f), "\n"), o.Text.String()) {
					t.Errorf("the words of the option are not among the remedies: %q, %q", o.Text, remedies(f))
				}
			}
			if f.Status != c.bad || !slices.Equal(kinds(enough), c.want) {
				t.Fatalf("it is %s with the options %v, want %s with %v: %s %q", f.Status, kinds(enough), c.bad, c.want, summary(f), remedies(f))
			}
			for _, o := range enough {
				again := newWorld(t)
				both(tenth, c.change)(again)
				again.follow(o)
				if got := again.ask(c.check); !better(got, o) {
					t.Errorf("%s was followed, and it is %s: %s", o.Text, got.Status, summary(got))
				}
				again.everyPart(c.check, o)
			}
		})
	}
}

// better reports that an option helped. Days that are accepted stay a warning; so does an account whose balance nobody tells.
func better(f preflight.Finding, o preflight.Option) bool {
	warned := o.Kind == preflight.OptionSpread || o.Kind == preflight.OptionAccount && f.ID == "balance"
	return f.Status == preflight.Pass || warned && f.Status == preflight.Warn
}

// everyPart asks about each part of the list by itself, and about the first by its number of recipients.
func (w *world) everyPart(check string, o preflight.Option) {
	w.t.Helper()
	sum := 0
	for i, p := range o.Parts {
		sum += p.Recipients
		for _, part := range []plan.Part{{From: p.From, To: p.To}, {Limit: p.Limit}} {
			if part.All() && i > 0 {
				continue // it does not begin at the top
			}
			w.part = part
			if got := preflight.Run(w.t.Context(), w.make(), nil).Plan.People; got != p.Recipients {
				w.t.Errorf("%v is for %d recipients, want %d", part, got, p.Recipients)
			}
			if f := w.ask(check); f.Status != preflight.Pass {
				w.t.Errorf("%v is %s: %s", part, f.Status, summary(f))
			}
		}
	}
	if len(o.Parts) > 1 && sum != len(w.people) {
		w.t.Errorf("the parts have %d of %d recipients", sum, len(w.people))
	}
}

// closing is a ledger that takes the plan's rows away when it is asked what accounts have spent, or for all campaigns.
type closing struct {
	ledger.Ledger
	plan *plan.Plan
}

func (c *closing) Usage(context.Context, string, ledger.Day) (ledger.Usage, error) {
	_ = c.plan.Close()
	return ledger.Usage{}, nil
}

func (c *closing) Campaigns(context.Context) ([]ledger.Campaign, error) {
	_ = c.plan.Close()
	return nil, nil
}

// Where the rows cannot be read a second time no part is offered, and nothing else is left out. The quota's answer is to be trusted in all
// of its ways or in none.
func TestWithoutRowsNoPartIsOffered(t *testing.T) {
	for _, c := range []struct {
		check  string
		change func(*world)
		want   preflight.Status
		kinds  []preflight.OptionKind
	}{
		{"balance", balance("1"), preflight.Fail, []preflight.OptionKind{preflight.OptionTopUp}},
		{"budget", smsA(func(a *config.Account) { a.DayBudget = 1_000_000 }), preflight.Fail, []preflight.OptionKind{preflight.OptionRaiseBudget}},
		{"deadline", both(perSecond(0.01), func(w *world) { w.campaign.Deadline = w.now.Add(time.Hour) }), preflight.Fail, []preflight.OptionKind{preflight.OptionRate, preflight.OptionDeadline}},
		{"quota", quota(40), preflight.Error, nil},
	} {
		w := newWorld(t)
		c.change(w)
		w.subject = func(s *preflight.Subject) { s.Ledger = &closing{s.Ledger, s.Plan} }
		if f := w.ask(c.check); f.Status != c.want || !slices.Equal(kinds(f.Options), c.kinds) {
			t.Errorf("%s: %s with %v, want %s with %v: %s %q", c.check, f.Status, kinds(f.Options), c.want, c.kinds, summary(f), remedies(f))
		}
	}
}

// The incident in figures.
func TestOptionsOfTheIncident(t *testing.T) {
	w := incident(t)
	route([]config.Share{{Account: "sms-a", Weight: 1}}, "sms-b")(w)
	r := preflight.Run(t.Context(), w.make(), preflight.All())
	option := func(id string, kind preflight.OptionKind) preflight.Option {
		f, _ := r.Finding(id)
		i := slices.Index(kinds(f.Options), kind)
		if i < 0 {
			t.Fatalf("%s has no %s: %q", id, kind, remedies(f))
		}
		return f.Options[i]
	}
	if o := option("balance", preflight.OptionTopUp); *o.Amount != yuan(t, "693") || o.Currency != "CNY" || o.Segments != 15400 || o.Account != "sms-a" {
		t.Errorf("%+v", o)
	}
	if o := option("balance", preflight.OptionPart).Parts[0]; o != (preflight.ListPart{Recipients: 9000, From: 1, To: 9001, Limit: 9000, Command: "notify send award.xlsx --rows 1-9001"}) {
		t.Errorf("%+v", o)
	}
	if o := option("balance", preflight.OptionAccount); !slices.Equal(o.Shares, []preflight.ShareOf{{"sms-a", 39, 8970, 8970}, {"sms-b", 61, 14030, 14030}}) {
		t.Errorf("%+v", o)
	}
	if o := option("quota", preflight.OptionRaiseQuota).Settings[0]; o != (preflight.Setting{Key: "accounts.sms-a.daily_quota", Value: int64(23000), Now: int64(10000)}) {
		t.Errorf("%+v", o)
	}
	if o := option("quota", preflight.OptionSpread); o.Command != "notify send award.xlsx --spread" ||
		!slices.Equal(o.Days, []preflight.Day{{"2026-11-20", 10000}, {"2026-11-21", 10000}, {"2026-11-22", 3000}}) {
		t.Errorf("%+v", o)
	}
	parts := option("capacity", preflight.OptionPart).Parts
	if len(parts) != 3 || parts[1].Recipients != 7667 || parts[1].Command != "notify send award.xlsx --rows 7669-15335" || parts[2].To != 23001 {
		t.Errorf("%+v", parts)
	}
}

// Whatever the routes, the lengths of the texts and what has left before: the part that is offered fits, and one row more
// does not.
func TestThePartThatIsOfferedIsTheLargestThatFits(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	offered := 0
	for range 60 {
		w := newWorld(t)
		w.people = people(2 + chance.IntN(60))
		for i := range w.people {
			w.people[i].Values[1] = strings.Repeat("长", 1+chance.IntN(180))
		}
		route([]config.Share{{Account: "sms-a", Weight: 1 + chance.IntN(9)}, {Account: "sms-b", Weight: chance.IntN(9)}})(w)
		if chance.IntN(2) == 0 {
			w.stage()
			w.send(1+chance.IntN(3)%len(w.people), "sms-a", message.OutcomeAccepted)
		}
		w.vendors["sms-a"].(*vendor).balance.Amount = ptr(message.Money(45_000 * chance.IntN(80)))
		f := w.ask("balance")
		i := slices.Index(kinds(f.Options), preflight.OptionPart)
		if i < 0 {
			continue
		}
		offered++
		p := f.Options[i].Parts[0]
		w.part = plan.Part{From: p.From, To: p.To}
		if got := w.ask("balance"); got.Status == preflight.Fail {
			t.Fatalf("%s does not fit: %s", p.Command, summary(got))
		}
		w.part.To++
		if got := w.ask("balance"); got.Status != preflight.Fail {
			t.Fatalf("%s is not the largest: %s", p.Command, summary(got))
		}
	}
	if offered < 10 {
		t.Errorf("a part was offered %d times only", offered)
	}
}

package report

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Incident is something that stopped a campaign or an account: found by the system, which stopped by itself, or by a person.
type Incident struct {
	Kind     string    `json:"kind"`
	By       string    `json:"found_by"` // system, or person
	Campaign string    `json:"campaign,omitempty"`
	Account  string    `json:"account,omitempty"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended,omitzero"` // zero: not yet
	// Said is why, and Done the first thing that somebody did about it.
	Said words.Text         `json:"said,omitzero"`
	Done *ledger.AuditEntry `json:"done,omitempty"`
}

// Who finds incidents.
const (
	BySystem = "system"
	ByPerson = "person"
)

// IncidentKinds are all of them.
func IncidentKinds() []string {
	return []string{"paused", "off", "interrupted", "died", "error", "breaker", "refused", "quota", "budget", "deadline", "stopped"}
}

// endings are the reasons why runs ended that are incidents; those that are none are empty. A reason that is not named is a stop.
func endings() map[string]string {
	return map[string]string{
		"run.why.done": "", "run.why.aborted": "", "run.why.forgotten": "", "send.sibling": "", "send.window": "",
		"send.paused": "", "send.paused-why": "", "send.off": "", "send.no-share": "", // they are in the audit, where a person did it
		"send.interrupted": "interrupted", "run.why.lost": "died", "run.why.error": "error", "send.breaker": "breaker", "send.refused": "refused",
		"send.quota": "quota", "send.quota-class": "quota", "send.budget": "budget", "send.deadline": "deadline",
	}
}

// History is what incidents are read from.
type History interface {
	Campaigns(ctx context.Context) ([]ledger.Campaign, error)
	Runs(ctx context.Context, campaign string) ([]ledger.Run, error)
	AuditLog(ctx context.Context, campaign string) ([]ledger.AuditEntry, error)
	Notices(ctx context.Context, after int64, most int) ([]ledger.Notice, error)
	Spent(ctx context.Context) ([]ledger.Spent, error)
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error]
}

// Incidents are those that began since a time, the oldest first: pauses and accounts that were switched off, from the audit; runs that died or
// stopped, from how they ended; breakers that opened, from what was told of them.
func Incidents(ctx context.Context, h History, since, now time.Time) ([]Incident, error) {
	log, err := h.AuditLog(ctx, "")
	if err != nil {
		return nil, err
	}
	notices, err := h.Notices(ctx, 0, maxNotices)
	if err != nil {
		return nil, err
	}
	all := append(byPeople(log), breakers(notices)...)
	campaigns, err := h.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	for i := range campaigns {
		runs, err := runsOf(ctx, h, campaigns[i].Name, now)
		if err != nil {
			return nil, err
		}
		all = append(all, stops(&campaigns[i], runs)...)
	}
	all = slices.DeleteFunc(all, func(i Incident) bool { return i.Began.Before(since) })
	for i := range all {
		all[i].Done = firstAfter(log, &all[i])
	}
	slices.SortStableFunc(all, func(a, b Incident) int {
		return cmp.Or(a.Began.Compare(b.Began), strings.Compare(a.Campaign, b.Campaign))
	})
	return all, nil
}

// runsOf are the runs of a campaign. One that died is over with its last sign of life, though nobody resumed yet and the ledger was not told.
func runsOf(ctx context.Context, h History, campaign string, now time.Time) ([]ledger.Run, error) {
	runs, err := h.Runs(ctx, campaign)
	w, can := h.(ledger.Watcher)
	open := slices.ContainsFunc(runs, func(r ledger.Run) bool { return r.Ended.IsZero() })
	if err != nil || !can || !open {
		return runs, err
	}
	alive, err := w.AtWork(ctx, campaign, now)
	for i := range runs {
		r := &runs[i]
		if r.Ended.IsZero() && !slices.ContainsFunc(alive, func(a ledger.Run) bool { return a.ID == r.ID }) {
			r.Ended, r.Why = r.Beat, words.T("run.why.lost", nil)
		}
	}
	return runs, err
}

// maxNotices is more than thirty days have.
const maxNotices = 1 << 20

// byPeople are the pauses of people, and the accounts that they switched off.
func byPeople(log []ledger.AuditEntry) []Incident {
	var all []Incident
	open := make(map[string]int)
	for _, a := range log {
		if a.Who == ledger.Itself {
			continue
		}
		account, set := strings.CutPrefix(a.What, ledger.ActSet+" ")
		account, said, _ := strings.Cut(account, ": ")
		changed := strings.Split(said, ", ")
		switch {
		case a.What == ledger.ActPause || set && slices.Contains(changed, "off"):
			i := Incident{Kind: "paused", By: ByPerson, Campaign: a.Campaign, Began: a.At, Said: a.Why()}
			if set {
				i.Kind, i.Account, i.Said = "off", account, words.Raw(a.Reason)
			}
			key := i.Campaign + "/" + i.Account
			if n, is := open[key]; !is {
				open[key], all = len(all), append(all, i)
			} else if all[n].Said.ID == (ledger.Act{What: ledger.ActPause}).Why().ID { // it was given later
				all[n].Said = i.Said
			}
			continue
		case set && !slices.Contains(changed, "on"), !set && a.What != "unpause" && a.What != "abort":
			continue
		case !set:
			account = ""
		}
		if i, is := open[a.Campaign+"/"+account]; is {
			all[i].Ended = a.At
			delete(open, a.Campaign+"/"+account)
		}
	}
	return all
}

// together is how close the ends of runs on several machines are that stopped for one reason.
const together = time.Minute

// stops are the ends of a campaign's runs that nobody wanted, until the next run, or until the campaign was given up.
func stops(c *ledger.Campaign, runs []ledger.Run) []Incident {
	var all []Incident
	kinds := endings()
	for _, r := range slices.Backward(runs) { // the newest is the first
		kind, known := kinds[r.Why.ID]
		if !known {
			kind = "stopped"
		}
		if r.Ended.IsZero() || r.Why.IsZero() || kind == "" {
			continue
		}
		last := len(all) - 1
		if last >= 0 && all[last].Kind == kind && r.Ended.Sub(all[last].Began) < together && (all[last].Ended.IsZero() || all[last].Ended.After(r.Ended)) {
			continue
		}
		all = append(all, stop(c, runs, &r, kind))
	}
	return all
}

// stop is the end of one run.
func stop(c *ledger.Campaign, runs []ledger.Run, r *ledger.Run, kind string) Incident {
	i := Incident{Kind: kind, By: BySystem, Campaign: c.Name, Began: r.Ended, Said: r.Why}
	if kind == "interrupted" {
		i.By = ByPerson
	}
	if kind == "died" {
		i.Began = r.Beat
	}
	for _, next := range runs {
		if next.Started.After(r.Started) && !next.Started.Before(r.Ended) && (i.Ended.IsZero() || next.Started.Before(i.Ended)) {
			i.Ended = next.Started
		}
	}
	if i.Ended.IsZero() && c.Aborted != nil {
		i.Ended = c.Aborted.At
	}
	return i
}

// breakers are the accounts that were left alone after failures in a row, as far as somebody looked.
func breakers(notices []ledger.Notice) []Incident {
	var all []Incident
	for _, n := range notices {
		if n.Kind != "breaker" {
			continue
		}
		i := slices.IndexFunc(all, func(i Incident) bool { return i.Account == n.About && i.Ended.IsZero() })
		switch {
		case n.Change == ledger.Over && i >= 0:
			all[i].Ended = n.At
		case n.Change == ledger.Began && i < 0:
			all = append(all, Incident{Kind: "breaker", By: BySystem, Account: n.About, Began: n.At, Said: n.Said})
		}
	}
	return all
}

// firstAfter is what somebody did about it first.
func firstAfter(log []ledger.AuditEntry, i *Incident) *ledger.AuditEntry {
	for n := range log {
		a := &log[n]
		about := a.Campaign != "" && a.Campaign == i.Campaign || i.Account != "" && strings.HasPrefix(a.What, ledger.ActSet+" "+i.Account+":")
		if about && a.At.After(i.Began) && a.Who != ledger.Itself && (i.Kind != "paused" || a.What != ledger.ActPause) {
			return a
		}
	}
	return nil
}

// Month is how a month went.
type Month struct {
	Month     string `json:"month"`
	Incidents int    `json:"incidents"`
	BySystem  int    `json:"found_by_system"`
	Open      int    `json:"open"`
	// Stopped is how long they took together.
	Stopped time.Duration `json:"stopped_ns"`
	Service []Service     `json:"service"`
}

// Service is how a channel, an account or a vendor served in a month.
type Service struct {
	Of       string `json:"of"` // channel, account or vendor
	Name     string `json:"name"`
	Tried    int64  `json:"tried"`
	Accepted int64  `json:"accepted"`
	Unknown  int64  `json:"unknown"`
	// Down is for how long in the month none of its accounts could be used: switched off, or left alone by the breaker.
	Down time.Duration `json:"down_ns"`
	Span time.Duration `json:"span_ns"` // of the month, until now
}

// Months sums incidents up by month, with how channels, accounts and vendors served. vendors are those of the accounts.
func Months(ctx context.Context, h History, incidents []Incident, vendors map[string]string, since, now time.Time) ([]Month, error) {
	months := make(map[string]*Month)
	month := func(t time.Time) *Month {
		name := t.In(now.Location()).Format(monthForm)
		if months[name] == nil {
			months[name] = &Month{Month: name}
		}
		return months[name]
	}
	for _, i := range incidents {
		m := month(i.Began)
		m.Incidents++
		if i.By == BySystem {
			m.BySystem++
		}
		if i.Ended.IsZero() {
			m.Open++
		}
		m.Stopped += cmp.Or(i.Ended, now).Sub(i.Began)
	}
	served, err := serving(ctx, h, vendors, since, now.Location())
	if err != nil {
		return nil, err
	}
	for name, all := range served {
		at, err := time.ParseInLocation(monthForm, name, now.Location())
		if err != nil {
			return nil, err
		}
		m := month(at)
		end := at.AddDate(0, 1, 0)
		if end.After(now) {
			end = now
		}
		for _, s := range all {
			s.Span, s.Down = end.Sub(at), down(incidents, s.accounts, at, end)
			m.Service = append(m.Service, s.Service)
		}
		slices.SortFunc(m.Service, func(a, b Service) int { return cmp.Or(strings.Compare(a.Of, b.Of), strings.Compare(a.Name, b.Name)) })
	}
	var out []Month
	for _, name := range slices.Sorted(maps.Keys(months)) {
		out = append(out, *months[name])
	}
	return out, nil
}

type served struct {
	Service
	accounts map[string]bool
}

// services are how channels, accounts and vendors served, by month.
type services struct {
	zone    *time.Location
	vendors map[string]string
	by      map[string]map[[2]string]*served
}

const monthForm = "2006-01"

func (v *services) month(at time.Time) string { return at.In(v.zone).Format(monthForm) }

// add counts messages that were tried.
func (v *services) add(at time.Time, ch message.Channel, account string, state message.State, n int64) {
	name := v.month(at)
	if v.by[name] == nil {
		v.by[name] = make(map[[2]string]*served)
	}
	for _, of := range [][2]string{{"channel", string(ch)}, {"account", account}, {"vendor", v.vendors[account]}} {
		s := v.by[name][of]
		if s == nil {
			s = &served{Service: Service{Of: of[0], Name: of[1]}, accounts: make(map[string]bool)}
			v.by[name][of] = s
		}
		s.accounts[account] = true
		s.Tried += n
		switch state {
		case message.Accepted:
			s.Accepted += n
		case message.Unknown:
			s.Unknown += n
		case message.Pending, message.Attempting, message.Rejected, message.Cancelled:
		}
	}
}

// serving counts what was tried by month, and by channel, account and vendor. What is kept of a campaign says it at once; the messages are looked
// through of one that was under way in two months, or when the time began.
func serving(ctx context.Context, h History, vendors map[string]string, since time.Time, zone *time.Location) (map[string]map[[2]string]*served, error) {
	spent, err := h.Spent(ctx)
	if err != nil {
		return nil, err
	}
	spent = slices.DeleteFunc(spent, func(c ledger.Spent) bool { return c.State == message.Attempting || c.Last.Before(since) })
	v := services{zone: zone, vendors: vendors, by: make(map[string]map[[2]string]*served)}
	apart := make(map[string]bool)
	for _, c := range spent {
		if c.First.Before(since) || v.month(c.First) != v.month(c.Last) {
			apart[c.Campaign] = true
		}
	}
	for _, c := range spent {
		if !apart[c.Campaign] {
			v.add(c.First, c.Channel, c.Account, c.State, c.Messages)
		}
	}
	for name := range apart {
		for r, err := range h.Messages(ctx, name, message.Accepted, message.Rejected, message.Unknown) {
			if err != nil {
				return nil, err
			}
			if !r.Claimed.Before(since) && r.Account != "" {
				v.add(r.Claimed, r.Channel, r.Account, r.State, 1)
			}
		}
	}
	return v.by, nil
}

// down is for how long none of the accounts could be used.
func down(incidents []Incident, accounts map[string]bool, from, to time.Time) time.Duration {
	edges := []time.Time{from, to}
	at := func(i *Incident) (time.Time, time.Time) {
		began, ended := i.Began, cmp.Or(i.Ended, to)
		if began.Before(from) {
			began = from
		}
		if ended.After(to) {
			ended = to
		}
		return began, ended
	}
	var of []Incident
	for _, i := range incidents {
		began, ended := at(&i)
		if accounts[i.Account] && ended.After(began) {
			of = append(of, i)
			edges = append(edges, began, ended)
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	var sum time.Duration
	for n := 1; n < len(edges); n++ {
		without := make(map[string]bool)
		for i := range of {
			if began, ended := at(&of[i]); !began.After(edges[n-1]) && !ended.Before(edges[n]) {
				without[of[i].Account] = true
			}
		}
		if len(without) == len(accounts) {
			sum += edges[n].Sub(edges[n-1])
		}
	}
	return sum
}

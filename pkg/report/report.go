// Package report owns the question what happened: it reads the ledger and says it in figures and person by person. View
// draws its figures; files are written here, because they are data and not a drawing.
package report

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Source is what a report reads.
type Source interface {
	Campaign(ctx context.Context, name string) (ledger.Campaign, error)
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error]
	Review(ctx context.Context, campaign string, most int) (ledger.Review, error)
	Stamp(ctx context.Context, campaign string) (string, error)
}

// Report is what happened to a campaign, in figures. ByState adds up to Messages on every channel.
type Report struct {
	Campaign string `json:"campaign"`
	Owner    string `json:"owner"`
	Team     string `json:"team,omitempty"`
	Class    string `json:"class"`
	Digest   string `json:"digest"`
	List     string `json:"list"`
	// Environment is where it was sent; empty where the campaign names none.
	Environment string `json:"environment,omitempty"`
	// EachTold says that every row of an address that rows share was told.
	EachTold bool `json:"each_told,omitempty"`
	// Columns are those of the list.
	Columns    []string  `json:"-"`
	Staged     time.Time `json:"staged"`
	Recipients int       `json:"recipients"`
	// NeverStaged is how many recipients of the list were never staged: only a part of it was sent.
	NeverStaged int `json:"never_staged"`
	Folded      int `json:"folded"`
	Messages    int `json:"messages"`

	Channels []Channel `json:"channels"`
	Accounts []Account `json:"accounts"`
	Costs    []Sum     `json:"costs"`           // by currency
	Unpriced []string  `json:"unpriced"`        // accounts of which it is not known what they cost
	Codes    []Code    `json:"codes"`           // why messages were rejected or are unknown
	Alike    string    `json:"alike,omitempty"` // the code with which most of what was tried was rejected
	Unknown  []Person  `json:"unknown"`         // the first MaxPeople of them
	Rejected []Person  `json:"rejected"`
	Waiting  []Person  `json:"waiting"` // pending messages that were tried already
	// WaitingTotal is how many of those there are.
	WaitingTotal int `json:"waiting_total"`

	Runs    []ledger.Run          `json:"runs"`
	Audit   []ledger.AuditEntry   `json:"audit"`
	First   time.Time             `json:"first,omitzero"` // first and last attempt
	Last    time.Time             `json:"last,omitzero"`
	Paused  *ledger.Act           `json:"paused,omitempty"`
	Aborted *ledger.Act           `json:"aborted,omitempty"`
	Running []ledger.Run          `json:"running"`
	Total   map[message.State]int `json:"by_state"`
	// Pauses are the times between two runs, and who or what made them.
	Pauses []Pause `json:"pauses"`
	// Against is a campaign with which this one is compared; nil for none. Make leaves it to its caller.
	Against *Report `json:"against,omitempty"`
	Figures
	// Overrides are the checks that somebody overruled, and why. Checklist is who signed what, and what is still to be done;
	// nil where the campaign has none. Make leaves it to its caller.
	Overrides []ledger.AuditEntry `json:"overrides,omitempty"`
	Checklist *checklist.State    `json:"checklist,omitempty"`
}

// some is a list that is empty where there is none, as machines want it.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// MaxPeople is how many people a Report names for each state; files name all of them.
const MaxPeople = 20

// Channel is the messages of one channel by state.
type Channel struct {
	Channel  message.Channel       `json:"channel"`
	Messages int                   `json:"messages"`
	ByState  map[message.State]int `json:"by_state"`
}

// Account is what an account carried of a campaign, as far as it may have arrived.
type Account struct {
	Account string `json:"account"`
	Spent
	Currency string `json:"currency,omitempty"`
}

// Code is a reason, and how many messages it concerns.
type Code struct {
	State    message.State `json:"state"`
	Code     string        `json:"code"`
	Said     words.Text    `json:"said,omitzero"` // of the first message with it
	Messages int           `json:"messages"`
}

// Person is one message in a list of exceptions. The address is masked.
type Person struct {
	Row      int             `json:"row"`
	Key      string          `json:"recipient"`
	Channel  message.Channel `json:"channel"`
	Address  string          `json:"address"`
	Message  message.Key     `json:"key,omitempty"`
	Account  string          `json:"account,omitempty"`
	Attempts int             `json:"attempts"`
	At       time.Time       `json:"at,omitzero"`
	Code     string          `json:"code,omitempty"`
	Said     words.Text      `json:"said,omitzero"`
}

// Terms are what of an installation a report needs to know.
type Terms struct {
	Prices   Prices
	Limits   map[string]float64 // rates by account, in messages a second
	Channels channel.Set
	// Country is that of numbers without one, and Mask hides every address, and the keys that are made of them.
	Country string
	Mask    bool
}

// TermsOf are those of an installation.
func TermsOf(cfg *config.Config) Terms {
	limits := make(map[string]float64, len(cfg.Accounts))
	for name, a := range cfg.Accounts {
		limits[name] = a.Rate
	}
	return Terms{Prices: PricesOf(cfg), Limits: limits, Channels: cfg.Channels, Country: cfg.Country}
}

// Make says what happened to a campaign. While it is being sent, what is counted message by message is a little newer than the rest.
func Make(ctx context.Context, s Source, name string, o Terms) (*Report, error) {
	r, err := begin(ctx, s, name, o)
	if err != nil {
		return nil, err
	}
	stamp, err := s.Stamp(ctx, name)
	if err != nil {
		return nil, err
	}
	f, ok := s.(Facts)
	if ok {
		if r.Figures, ok, err = kept(ctx, f, name, stamp); err != nil {
			return nil, err
		}
	}
	if !ok {
		look := newLook(r)
		for m, err := range all(ctx, s, name) {
			if err != nil {
				return nil, err
			}
			look.see(m)
		}
		r.Figures = look.figures()
		if f != nil && len(r.Running) == 0 {
			r.keep(ctx, f, name, stamp)
		}
	}
	return r, r.finish(ctx, s, o)
}

// finish completes a report with what is known of what was accepted, and with the limits of today.
func (r *Report) finish(ctx context.Context, s Source, o Terms) error {
	for i := range r.Rates {
		r.Rates[i].Limit = o.Limits[r.Rates[i].Account]
	}
	f, ok := s.(Facts)
	if !ok {
		return nil
	}
	inboxes, err := f.Inboxes(ctx)
	if err != nil {
		return err
	}
	return told(ctx, f, r.Campaign, r.Delivered, inboxes)
}

// begin reads what is kept of a campaign: all of it at one moment.
func begin(ctx context.Context, s Source, name string, o Terms) (*Report, error) {
	at, err := s.Review(ctx, name, MaxPeople)
	if err != nil {
		return nil, err
	}
	c := at.Campaign
	spec, err := plan.DecodeSpec(c.Spec)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Campaign: c.Name, Owner: spec.Owner, Team: spec.Team, Class: spec.Class, Digest: c.Digest, Staged: c.Staged,
		Paused: c.Paused, Aborted: c.Aborted, Running: some(c.Holders), Total: make(map[message.State]int),
		Channels: []Channel{}, Accounts: []Account{}, Codes: []Code{}, Unknown: []Person{}, Rejected: []Person{}, Waiting: []Person{},
		Runs: at.Runs, Audit: at.Audit, Overrides: Overrides(at.Audit), NeverStaged: NeverStaged(&spec, at.Counts),
		List: spec.List, Environment: spec.Environment, EachTold: spec.Shared == campaign.SharedEach, Columns: spec.Columns, Pauses: pauses(at.Runs, at.Audit),
	}
	r.figures(at.Counts, spec.Channels(), o.Prices)
	r.people(&at.Attention, o)
	r.Alike = alike(at.Attention.Reasons, at.Counts.ByState)
	return r, nil
}

// ActOverride is how the audit entry of an overruled check begins; the check's id follows.
const ActOverride = "override "

// Overrides are the entries of an audit log that say that a check was overruled.
func Overrides(log []ledger.AuditEntry) []ledger.AuditEntry {
	var out []ledger.AuditEntry
	for _, a := range log {
		if strings.HasPrefix(a.What, ActOverride) {
			out = append(out, a)
		}
	}
	return out
}

// figures takes over the counts, the channels of the campaign first.
func (r *Report) figures(c ledger.Counts, channels []message.Channel, prices Prices) {
	r.Recipients, r.Folded, r.Messages = c.Recipients, c.Folded, c.Total()
	for _, ch := range slices.Sorted(maps.Keys(c.ByState)) { // whatever else was staged under its name before
		if !slices.Contains(channels, ch) {
			channels = append(channels, ch)
		}
	}
	for _, ch := range channels {
		by, ok := c.ByState[ch]
		if !ok {
			continue
		}
		line := Channel{Channel: ch, ByState: make(map[message.State]int)}
		for _, s := range message.States() { // those that nobody is in, too: a reader need not ask whether a key is there
			line.ByState[s] = by[s]
			line.Messages += by[s]
			r.Total[s] += by[s]
		}
		r.Channels = append(r.Channels, line)
	}
	r.Accounts = prices.Accounts(c)
	r.Costs, r.Unpriced = Sums(r.Accounts)
}

// lastEnd is when the last run was over; zero while one is not.
func lastEnd(runs []ledger.Run) time.Time {
	var last time.Time
	for _, r := range runs {
		if r.Ended.IsZero() {
			return time.Time{}
		}
		last = ledger.Latest(last, r.Ended)
	}
	return last
}

// people names those who need somebody's attention.
func (r *Report) people(a *ledger.Attention, o Terms) {
	r.First, r.Last, r.WaitingTotal = a.First, a.Last, a.WaitingTotal
	if over := lastEnd(r.Runs); !over.IsZero() && over.Before(r.Last) { // what was settled afterwards is no attempt
		r.Last = over
	}
	for _, of := range []struct {
		into *[]Person
		from []ledger.Record
	}{{&r.Unknown, a.Unknown}, {&r.Rejected, a.Rejected}, {&r.Waiting, a.Waiting}} {
		for i := range of.from {
			*of.into = append(*of.into, person(&of.from[i], o))
		}
	}
	for _, c := range a.Reasons {
		r.Codes = append(r.Codes, Code{State: c.State, Code: c.Code, Said: words.Said(c.Code, c.Detail), Messages: c.Messages})
	}
}

// Unsettled are the messages of a campaign of which it is not known whether they arrived.
type Unsettled struct {
	// Unknown are the first MaxPeople of them.
	Unknown []Person `json:"unknown"`
	// All is how many are unknown.
	All int `json:"all_unknown"`
	// Lost is how many were under way when the last run ended without a word; while a run is alive they are on their way.
	Lost int `json:"lost,omitempty"`
}

// StillUnknown reads what of a campaign is not settled, while a run of it is alive or none is.
func StillUnknown(ctx context.Context, s Source, campaign string, alive bool, o Terms) (Unsettled, error) {
	at, err := s.Review(ctx, campaign, MaxPeople)
	u := Unsettled{Unknown: []Person{}, All: at.Counts.Of(message.Unknown)}
	if !alive {
		u.Lost = at.Counts.Of(message.Attempting)
	}
	for i := range at.Attention.Unknown {
		u.Unknown = append(u.Unknown, person(&at.Attention.Unknown[i], o))
	}
	return u, err
}

func person(rec *ledger.Record, o Terms) Person {
	p := Person{
		Row: rec.Row, Key: o.Channels.MaskedKey(rec.Recipient), Channel: rec.Channel, Address: o.Channels.Masked(rec.Channel, rec.Address), Message: rec.Key,
		Account: rec.Account, Attempts: rec.Attempts, At: rec.Claimed, Code: rec.Code, Said: words.Said(rec.Code, rec.Detail),
	}
	if o.Mask {
		p.Key, p.Message = o.masked(rec.Recipient), ""
	}
	return p
}

// masked is a value of the list as it may leave the team: an address in it is masked.
func (o *Terms) masked(value string) string {
	if ch, a, err := o.Channels.Parse(value, o.Country); err == nil {
		return o.Channels.Masked(ch, a)
	}
	return value
}

// fields are a record's values by the columns of its spec.
func fields(rec *ledger.Record) ([]string, error) {
	var values []string
	if err := json.Unmarshal(rec.Fields, &values); err != nil {
		return nil, words.Wrap(err, "report.row", words.A{"row": rec.Row})
	}
	return values, nil
}

package report

import (
	"context"
	"slices"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/checklist"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// Status is how far a campaign is.
type Status struct {
	Campaign string `json:"campaign"`
	Owner    string `json:"owner"`
	List     string `json:"list"`
	State    string `json:"state"` // running, paused, aborted, finished, unfinished
	Messages int    `json:"messages"`
	// NeverStaged is how many recipients of the list were never staged: only a part of it was sent.
	NeverStaged int                   `json:"never_staged"`
	ByState     map[message.State]int `json:"by_state"`
	Channels    []Channel             `json:"channels"`
	Accounts    []Account             `json:"accounts"`
	Costs       []Sum                 `json:"costs"`
	Unpriced    []string              `json:"unpriced"`
	Staged      time.Time             `json:"staged"`
	At          time.Time             `json:"at"`
	// Rate is messages accepted per second since the look before; 0 on the first look.
	Rate float64 `json:"rate"`
	// Remaining is how long it takes at that rate; negative where that cannot be known.
	Remaining time.Duration `json:"remaining"`
	// Running are the runs that are alive.
	Running []AtWork    `json:"running,omitempty"`
	Paused  *ledger.Act `json:"paused,omitempty"`
	Aborted *ledger.Act `json:"aborted,omitempty"`
	// Set are accounts that a person switched off, or gave another share.
	Set []ledger.AccountState `json:"accounts_set,omitempty"`
	// Wave is how far a campaign is that goes out in waves; nil where it has none, or all are over.
	Wave *Wave `json:"wave,omitempty"`
	// Last is the newest run, and why it ended.
	Last *ledger.Run `json:"last_run,omitempty"`
	// Checklist is the campaign's checklist as it stands; nil where it has none. States leaves it to its caller.
	Checklist *checklist.State `json:"checklist,omitempty"`
	// Receipts is what is known of the messages that were accepted, by account; Told completes it.
	Receipts []Receipts `json:"receipts"`
}

// AtWork is a run that is alive.
type AtWork struct {
	ledger.Run
	// Rate is messages accepted per second: since the look before, or since it began.
	Rate float64 `json:"rate"`
}

// Working are runs with their rates since they began.
func Working(runs []ledger.Run) []AtWork {
	out := make([]AtWork, len(runs))
	for i, r := range runs {
		out[i] = AtWork{Run: r}
		if d := r.Beat.Sub(r.Started).Seconds(); d > 0 {
			out[i].Rate = float64(r.Sent) / d
		}
	}
	return out
}

// StatusSource is what States reads.
type StatusSource interface {
	Campaigns(ctx context.Context) ([]ledger.Campaign, error)
	Snapshot(ctx context.Context, campaign string, day ledger.Day) (ledger.Snapshot, error)
	Accounts(ctx context.Context) ([]ledger.AccountState, error)
	Wave(ctx context.Context, campaign string) (ledger.WaveState, error)
}

// Wave is the wave that is out, from 1.
type Wave struct {
	Number int   `json:"number"`
	Sizes  []int `json:"sizes"`
	// Until is until when is waited to see what comes of it; zero while it is going out.
	Until time.Time `json:"until,omitzero"`
	// Asked says that a person is to say whether it goes on.
	Asked bool `json:"asked,omitempty"`
}

func newWave(w campaign.Waves, at ledger.WaveState) *Wave {
	if at.Number >= len(w.Sizes) {
		return nil
	}
	out := &Wave{Number: at.Number + 1, Sizes: w.Sizes, Asked: at.Asked}
	if !at.Held.IsZero() && !at.Asked {
		out.Until = at.Held.Add(w.Hold)
	}
	return out
}

// States reads how far one campaign is, or all of them, the newest first.
func States(ctx context.Context, s StatusSource, name string, prices Prices, now time.Time) ([]Status, error) {
	names := []string{name}
	if name == "" {
		cs, err := s.Campaigns(ctx)
		if err != nil {
			return nil, err
		}
		names = names[:0]
		for _, c := range cs {
			names = append(names, c.Name)
		}
	}
	accounts, err := s.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	accounts = slices.DeleteFunc(accounts, func(a ledger.AccountState) bool { return a.Weight == nil && a.Off == nil })
	out := make([]Status, 0, len(names))
	for _, n := range names {
		st, err := state(ctx, s, n, prices, now)
		if err != nil {
			return nil, err
		}
		if w := st.Word(); w != "finished" && w != "aborted" {
			st.Set = accounts
		}
		out = append(out, st)
	}
	return out, nil
}

// state is one read: figures of one screen are of one moment.
func state(ctx context.Context, s StatusSource, name string, prices Prices, now time.Time) (Status, error) {
	at, err := s.Snapshot(ctx, name, ledger.DayOf(now))
	if err != nil {
		return Status{}, err
	}
	c := at.Campaign
	spec, err := plan.DecodeSpec(c.Spec)
	if err != nil {
		return Status{}, err
	}
	wave, err := s.Wave(ctx, name)
	if err != nil {
		return Status{}, err
	}
	r := Report{Total: make(map[message.State]int), Channels: []Channel{}, Accounts: []Account{}}
	r.figures(at.Counts, spec.Channels(), prices)
	receipts := []Receipts{}
	for _, u := range at.Accounts {
		if n := u.ByState[message.Accepted]; n > 0 {
			one := newReceipts(u.State.Account)
			one.Accepted = n
			receipts = append(receipts, *one)
		}
	}
	return Status{
		Receipts: receipts,
		Campaign: c.Name, Owner: spec.Owner, List: spec.List, NeverStaged: NeverStaged(&spec, at.Counts), Messages: r.Messages, ByState: r.Total, Channels: r.Channels, Accounts: r.Accounts,
		Costs: r.Costs, Unpriced: r.Unpriced, Staged: c.Staged, At: now, Remaining: -1, Running: Working(c.Holders), Paused: c.Paused,
		Aborted: c.Aborted, Last: at.Last, Wave: newWave(spec.Waves, wave),
	}, nil
}

// Word is the status in one word: running, paused, aborted, finished or unfinished.
func (s *Status) Word() string {
	switch {
	case s.Aborted != nil:
		return "aborted"
	case s.Paused != nil:
		return "paused"
	case len(s.Running) > 0:
		return "running"
	case s.ByState[message.Pending]+s.ByState[message.Attempting] == 0:
		return "finished"
	}
	return "unfinished"
}

// Rates completes statuses with what two looks together tell. before may be empty.
func Rates(before, now []Status) []Status {
	for i := range now {
		now[i].State = now[i].Word()
		for _, b := range before {
			if b.Campaign != now[i].Campaign {
				continue
			}
			if d := now[i].At.Sub(b.At).Seconds(); d > 0 {
				now[i].Rate = float64(now[i].ByState[message.Accepted]-b.ByState[message.Accepted]) / d
				now[i].ratesOfRuns(&b, d)
			}
		}
		if left := now[i].ByState[message.Pending] + now[i].ByState[message.Attempting]; now[i].Rate > 0 {
			now[i].Remaining = time.Duration(float64(left) / now[i].Rate * float64(time.Second))
		}
	}
	return now
}

// ratesOfRuns says how fast the runs were in the seconds between two looks.
func (s *Status) ratesOfRuns(before *Status, seconds float64) {
	for i := range s.Running {
		r := &s.Running[i]
		for j := range before.Running {
			if was := &before.Running[j]; was.ID == r.ID {
				r.Rate = float64(r.Sent-was.Sent) / seconds
			}
		}
	}
}

// Finished reports that none of the campaigns will send any more by itself.
func Finished(ss []Status) bool {
	for i := range ss {
		if w := ss[i].Word(); w == "running" || w == "unfinished" {
			return false
		}
	}
	return true
}

package report

import (
	"context"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Receipts is what is known of the messages that an account took.
type Receipts struct {
	Account string `json:"account"`
	// Accepted is how many it took; Ended of how many it is known how they ended; Missing the share of the others, in percent.
	Accepted int     `json:"accepted"`
	Ended    int     `json:"ended"`
	Missing  float64 `json:"missing"`
	// Last is when the last receipt came that was not refused, of any campaign; zero where none ever did.
	Last    time.Time                    `json:"last,omitzero"`
	ByState map[message.ReceiptState]int `json:"by_state"`
	ByGrade map[message.Grade]int        `json:"by_grade"`
}

// add takes in what is known of further messages.
func (r *Receipts) add(d *ledger.Delivery) {
	for s, n := range d.ByState {
		r.ByState[s] += n
	}
	for g, n := range d.ByGrade {
		r.ByGrade[g] += n
	}
	r.Ended += d.Ended()
	r.share()
}

func (r *Receipts) share() {
	if r.Accepted > 0 {
		r.Missing = 100 * float64(max(0, r.Accepted-r.Ended)) / float64(r.Accepted)
	}
}

func newReceipts(account string) *Receipts {
	return &Receipts{Account: account, ByState: map[message.ReceiptState]int{}, ByGrade: map[message.Grade]int{}}
}

// ReceiptSource is what is read about receipts.
type ReceiptSource interface {
	Inboxes(ctx context.Context) ([]ledger.Inbox, error)
	Deliveries(ctx context.Context, campaign string) ([]ledger.Delivery, error)
}

// Told completes statuses with what is known of the messages that were accepted.
func Told(ctx context.Context, s ReceiptSource, ss []Status) error {
	inboxes, err := s.Inboxes(ctx)
	if err != nil {
		return err
	}
	for i := range ss {
		if err := told(ctx, s, ss[i].Campaign, ss[i].Receipts, inboxes); err != nil {
			return err
		}
	}
	return nil
}

// told completes what is known of a campaign's messages.
func told(ctx context.Context, s ReceiptSource, campaign string, rs []Receipts, inboxes []ledger.Inbox) error {
	ds, err := s.Deliveries(ctx, campaign)
	if err != nil {
		return err
	}
	for i := range rs {
		r := &rs[i]
		r.share()
		for k := range ds {
			if ds[k].Account == r.Account {
				r.add(&ds[k])
			}
		}
		for _, in := range inboxes {
			if in.Account == r.Account {
				r.Last = in.Last
			}
		}
	}
	return nil
}

// ToldAccounts completes accounts with what is known of the messages that they took for the campaigns of the last ledger.ReceiptLate.
func ToldAccounts(ctx context.Context, s ReceiptSource, states StatusSource, as []AccountStatus, now time.Time) error {
	inboxes, err := s.Inboxes(ctx)
	if err != nil {
		return err
	}
	by := make(map[string]*Receipts)
	for i := range as {
		as[i].Receipts = newReceipts(as[i].Account)
		by[as[i].Account] = as[i].Receipts
		for _, in := range inboxes {
			if in.Account == as[i].Account {
				as[i].Inbox = &in
				as[i].Receipts.Last = in.Last
			}
		}
	}
	campaigns, err := states.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, c := range campaigns {
		if now.Sub(c.Staged) > ledger.ReceiptLate {
			continue
		}
		at, err := states.Snapshot(ctx, c.Name, ledger.DayOf(now))
		if err != nil {
			return err
		}
		for _, u := range at.Accounts {
			if r := by[u.State.Account]; r != nil {
				r.Accepted += u.ByState[message.Accepted]
				r.share()
			}
		}
		ds, err := s.Deliveries(ctx, c.Name)
		if err != nil {
			return err
		}
		for i := range ds {
			if r := by[ds[i].Account]; r != nil {
				r.add(&ds[i])
			}
		}
	}
	return nil
}

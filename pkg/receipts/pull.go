package receipts

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/vendors"
)

const (
	pullPortion = 200
	// pullBack is how far back vendors can be asked; those that keep less say so.
	pullBack = ledger.ReceiptLate
	// pullPace is how long there is between two questions at the least.
	pullPace = 2 * time.Millisecond
)

// Puller asks vendors what became of messages of which it is not known how they ended.
type Puller struct {
	Ledger ledger.Receipts
	Vendor func(account string) vendors.Vendor
	// Kind is the kind of an account's vendor.
	Kind func(account string) string
	Now  func() time.Time
	Log  *slog.Logger
}

// paceOf is how long there is between two questions to a kind of vendor: Tencent takes 20 a second.
func paceOf(kind string) time.Duration {
	if strings.HasPrefix(kind, "tencent-") {
		return time.Second / 18
	}
	return pullPace
}

// Pulled counts what a Puller did.
type Pulled struct {
	Asked    int // messages asked about
	Told     int // of these: the vendor knew more than we did
	Unasked  int // of these: the vendor could not be asked
	CannotBe []string
}

// Account asks about an account's messages, some at a time. Where it was stopped, it goes on from there the next time.
func (p *Puller) Account(ctx context.Context, account string, sum *Pulled) error {
	f, ok := vendors.As[vendors.Finder](p.Vendor(account))
	if !ok {
		sum.CannotBe = append(sum.CannotBe, account)
		return nil
	}
	name := "pull " + account
	place, err := p.place(ctx, name)
	if err != nil {
		return err
	}
	since := p.Now().Add(-pullBack)
	for {
		some, next, err := p.Ledger.Awaited(ctx, account, since, place, pullPortion)
		if err != nil {
			return err
		}
		if err := p.some(ctx, f, account, some, sum); err != nil {
			return err
		}
		if place = next; place == (ledger.Place{}) {
			return p.Ledger.SetBookmark(ctx, name, "")
		}
		at, err := json.Marshal(place)
		if err != nil {
			return err
		}
		if err := p.Ledger.SetBookmark(ctx, name, string(at)); err != nil {
			return err
		}
	}
}

func (p *Puller) place(ctx context.Context, name string) (place ledger.Place, err error) {
	at, err := p.Ledger.Bookmark(ctx, name)
	if err != nil || at == "" {
		return place, err
	}
	return place, json.Unmarshal([]byte(at), &place)
}

// some asks about some messages, and keeps the answers as a receipt.
func (p *Puller) some(ctx context.Context, f vendors.Finder, account string, asked []ledger.Awaited, sum *Pulled) error {
	var mu sync.Mutex
	var events []message.Event
	var g errgroup.Group
	g.SetLimit(askAtOnce)
	pace := time.NewTicker(paceOf(p.Kind(account)))
	defer pace.Stop()
	for i := range asked {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
		g.Go(func() error {
			ask, cancel := context.WithTimeout(ctx, askWithin)
			defer cancel()
			found, err := f.Find(ask, QueryOf(&asked[i], p.Now()))
			mu.Lock()
			defer mu.Unlock()
			sum.Asked++
			if err != nil {
				sum.Unasked++
				p.Log.Debug("a message could not be asked about", "account", account, "error", err)
				return nil
			}
			if e, ok := answer(&asked[i], found, p.Now()); ok {
				sum.Told++
				events = append(events, e)
			}
			return nil
		})
	}
	_ = g.Wait() // none returns an error
	if len(events) == 0 {
		return ctx.Err()
	}
	slices.SortFunc(events, func(a, b message.Event) int { return cmp.Compare(a.Key, b.Key) })
	r, err := eventsReceipt(account, "pull", events, message.GradeVendor, p.Now())
	if err != nil {
		return err
	}
	_, err = p.Ledger.Keep(context.WithoutCancel(ctx), []ledger.Receipt{r})
	return err
}

// answer is what a vendor said of a message, as an event; none where it says no more than is known. That it does not have the message proves nothing
// here: a person, or notify resolve, looks after that.
func answer(a *ledger.Awaited, f vendors.Found, now time.Time) (message.Event, bool) {
	if f.Answer != message.OutcomeAccepted || a.State == message.Accepted && !f.Receipt.Final() {
		return message.Event{}, false
	}
	e := message.Event{Key: a.Key, VendorID: f.VendorID, To: a.Address, At: now, State: f.Receipt, Code: f.Detail, Grade: message.GradeVendor}
	if e.State == "" {
		e.State = message.Waiting
	}
	return e, true
}

package receipts

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

const (
	// settleAtOnce is how many receipts one transaction settles, and eventsAtOnce of how many events: a run on the same ledger waits for it.
	settleAtOnce = 20
	eventsAtOnce = 50
	// settlePause is the longest pause between two transactions.
	settlePause = 200 * time.Millisecond
	askAtOnce   = 8
	askWithin   = 15 * time.Second
	// holdFirst is when a receipt is looked at again that cannot be settled yet; then twice as long each time, up to holdMost.
	holdFirst = time.Second
	holdMost  = 10 * time.Minute
	// lookEvery is how often held receipts are looked for.
	lookEvery = time.Second
)

// Settler settles what was kept.
type Settler struct {
	Ledger   ledger.Receipts
	Formats  map[string]*Format
	Accounts map[string]*Account
	// Vendor is the account's vendor, to be asked; nil where it cannot be had.
	Vendor func(account string) vendors.Vendor
	// Confirm fetches an address by which a vendor asks whether we want its receipts.
	Confirm func(address string) ([]byte, error)
	Now     func() time.Time
	Log     *slog.Logger
}

// Settled counts what a Settler did.
type Settled struct {
	Receipts int
	Refused  int // what is in no form that is known, of all Receipts
	ledger.Noted
}

// add adds what became of a receipt.
func (s *Settled) add(n ledger.Noted) {
	s.Receipts++
	s.Ours += n.Ours
	s.Foreign += n.Foreign
	s.Late += n.Late
	s.Contrary += n.Contrary
	s.Held += n.Held
}

// Run settles until ctx ends: at once when kept says so, and what was held when its time has come.
func (s *Settler) Run(ctx context.Context, kept <-chan struct{}) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var trouble words.Trouble
	for {
		_, err := s.All(ctx)
		switch {
		case ctx.Err() != nil:
		case err == nil && trouble.Over():
			words.Log(s.Log, slog.LevelWarn, words.T("log.receipts-again", nil))
		case err != nil && trouble.New(err):
			words.LogError(s.Log, slog.LevelError, words.Wrap(err, "log.receipts-unsettled", nil))
		}
		select {
		case <-ctx.Done():
			return
		case <-kept:
		case <-look.C:
		}
	}
}

// All settles what is due.
func (s *Settler) All(ctx context.Context) (Settled, error) {
	var sum Settled
	for {
		due, err := s.Ledger.Due(ctx, s.Now(), settleAtOnce)
		if err != nil || len(due) == 0 {
			return sum, err
		}
		for notes, events := []ledger.Note(nil), 0; len(due) > 0; due = due[1:] {
			n := s.read(&due[0])
			notes, events = append(notes, n), events+len(n.Events)
			if events < eventsAtOnce && len(due) > 1 {
				continue
			}
			began := s.Now()
			if err := s.some(ctx, notes, &sum); err != nil {
				return sum, err
			}
			notes, events = nil, 0
			// As long again the ledger is left to those who send.
			pause := time.NewTimer(min(s.Now().Sub(began), settlePause))
			select {
			case <-ctx.Done():
			case <-pause.C:
			}
			pause.Stop()
		}
	}
}

func (s *Settler) some(ctx context.Context, notes []ledger.Note, sum *Settled) error {
	noted, err := s.Ledger.Note(ctx, notes, s.by())
	if err != nil {
		return err
	}
	var all ledger.Noted
	for _, n := range noted {
		all.Ours, all.Foreign, all.Late, all.Contrary, all.Held = all.Ours+n.Ours, all.Foreign+n.Foreign, all.Late+n.Late, all.Contrary+n.Contrary, all.Held+n.Held
	}
	s.Log.Info("receipts were settled", "n", len(notes), "ours", all.Ours, "foreign", all.Foreign, "late", all.Late, "contrary", all.Contrary, "held", all.Held)
	var again []ledger.Note
	for i, n := range noted {
		if !notes[i].Refuse.IsZero() {
			sum.Refused++
		}
		if len(n.Ask) > 0 && s.confirm(ctx, &notes[i], n.Ask) {
			again = append(again, notes[i])
			continue
		}
		sum.add(n)
	}
	if len(again) == 0 {
		return nil
	}
	if noted, err = s.Ledger.Note(ctx, again, s.by()); err != nil {
		return err
	}
	for _, n := range noted {
		sum.add(n)
	}
	return nil
}

func (s *Settler) by() ledger.Act {
	return ledger.Act{Who: ledger.Itself, What: "receipts", Said: words.T("act.why-receipts", nil), At: s.Now()}
}

// read is what a receipt says, as it is to be noted.
func (s *Settler) read(r *ledger.Receipt) ledger.Note {
	n := ledger.Note{Receipt: r.ID}
	a := s.Accounts[r.Account]
	if a == nil {
		a = &Account{Name: r.Account} // it is not configured any more
	}
	f := s.Formats[r.Format]
	if a.Format != nil && a.Format.Name == r.Format {
		f = a.Format
	}
	if f == nil {
		n.Refuse = why(words.Err("receipts.no-format", words.A{"format": r.Format}))
		return n
	}
	told, err := f.Read(a, posted(r))
	if err != nil {
		n.Refuse = why(err)
		return n
	}
	n.Said = told.Said
	if n.Events = told.Events; told.Confirm != "" {
		n.Said = words.T("receipts.confirmed", nil)
		if _, err := s.Confirm(told.Confirm); err != nil {
			n.Said = words.T("receipts.not-confirmed", words.A{"cause": words.Cause(err)})
			n.Again, n.Hold = s.later(r.Tries), true
			return n
		}
	}
	for i := range n.Events {
		forgive(&n.Events[i])
		if n.Events[i].Grade == "" {
			n.Events[i].Grade = r.Grade
		}
	}
	n.Again = s.later(r.Tries)
	return n
}

// later is when to look again at what was held so many times.
func (s *Settler) later(tries int) time.Time {
	d := holdFirst << min(tries, 20)
	return s.Now().Add(min(d, holdMost))
}

// confirm asks the vendor about events that prove too little, and betters those that it confirms. It reports whether there was one.
func (s *Settler) confirm(ctx context.Context, n *ledger.Note, asks []ledger.Ask) bool {
	found := make([]vendors.Found, len(asks))
	var g errgroup.Group
	g.SetLimit(askAtOnce)
	for i, ask := range asks {
		f, ok := vendors.As[vendors.Finder](s.Vendor(ask.Record.Account))
		if !ok {
			continue
		}
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, askWithin)
			defer cancel()
			got, err := f.Find(ctx, QueryOf(&ask.Record, s.Now()))
			if err != nil {
				s.Log.Debug("a receipt could not be confirmed", "account", ask.Record.Account, "error", err)
				return nil
			}
			found[i] = got
			return nil
		})
	}
	_ = g.Wait() // none returns an error
	answers := make(map[int]vendors.Found)
	for i, ask := range asks {
		if found[i].Answer == message.OutcomeAccepted {
			answers[ask.Event] = found[i]
		}
	}
	var events []message.Event
	for i, e := range n.Events {
		if f, ok := answers[i]; ok {
			events = append(events, bettered(e, f)...)
			continue
		}
		events = append(events, e)
	}
	n.Events = events
	return len(answers) > 0
}

// bettered is an event about a message that the vendor says it has.
func bettered(e message.Event, f vendors.Found) []message.Event {
	if f.VendorID != "" {
		e.VendorID = f.VendorID // whoever sent the event may have made up another
	}
	switch {
	case f.Receipt == e.State || !e.State.Final():
		e.Grade = message.GradeConfirmed
	case f.Receipt.Final():
		e.State, e.Code, e.Grade = f.Receipt, f.Detail, message.GradeVendor
	default: // it knows no more yet: what the event says beyond that is proven as little as before
		taken := e
		taken.State, taken.Grade = message.Waiting, message.GradeVendor
		return []message.Event{taken, e}
	}
	return []message.Event{e}
}

// QueryOf asks a vendor about a message.
func QueryOf(a *ledger.Awaited, now time.Time) vendors.Query {
	return vendors.Query{Key: a.Key, To: a.Address, VendorID: a.VendorID, Since: a.Claimed.Add(-time.Minute), Until: now}
}

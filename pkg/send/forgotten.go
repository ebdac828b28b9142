package send

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/vendors"
)

// Forgotten asks the vendors what a ledger may have forgotten: one that was put back from a copy, or with the machine that it lies on. It
// sends nothing, and it changes nothing: what it finds is for ledger.Operators.Doubt and Resolve.
type Forgotten struct {
	Ledger   ledger.Ledger
	Vendors  map[string]vendors.Vendor
	Config   *config.Config
	Campaign string
	Spec     plan.Spec
	Now      func() time.Time
	// Since is from when on something may have left that the ledger does not know of.
	Since time.Time

	texts texts
}

const (
	// probes is of how many messages of each channel a start asks: those that would leave next are those that left first, where the
	// ledger has forgotten that they did.
	probes = 3
	// probeWithin is for how long a start asks.
	probeWithin = 10 * time.Second
)

// asked is what the vendors say of a message.
type asked struct {
	account string // that has it, or may have it; empty: nobody has
	found   vendors.Found
}

// Probe asks for the messages that would leave next. Found are those that a vendor has, though this ledger never tried them: it is older than
// what was sent. Who cannot be asked, or does not answer, proves nothing.
func (f *Forgotten) Probe(ctx context.Context) (found []ledger.Record, err error) {
	ahead, ok := f.Ledger.(ledger.Ahead)
	if !ok || !f.canAsk() {
		return nil, nil
	}
	next, err := ahead.Next(ctx, f.Campaign, probes)
	if err != nil || len(next) == 0 {
		return nil, err
	}
	if f.texts, err = newTexts(&f.Spec); err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	for i, a := range f.all(asking, next) {
		if a.found.Answer == message.OutcomeAccepted {
			found = append(found, next[i])
		}
	}
	if len(found) == 0 || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	// A run beside this one may have sent them in the meantime, and then the ledger knows.
	still, err := ahead.Next(ctx, f.Campaign, probes)
	return slices.DeleteFunc(found, func(r ledger.Record) bool {
		return !slices.ContainsFunc(still, func(s ledger.Record) bool { return s.Key == r.Key })
	}), err
}

// canAsk reports that there is an account that can be asked.
func (f *Forgotten) canAsk() bool {
	for _, v := range f.Vendors {
		if _, ok := vendors.As[vendors.Finder](v); ok {
			return true
		}
	}
	return false
}

// Told is what the vendors say of all that a ledger may send yet.
type Told struct {
	// Lost is what a vendor has, or may have.
	Lost []ledger.Lost
	// Accepted are those of them that a vendor has.
	Accepted []ledger.Resolution
	// NotAsked is how many of them went, if they did, through an account that cannot say; CannotAsk are those accounts.
	NotAsked  int
	CannotAsk []string
	// Clear is how many no account has.
	Clear int
}

// Ask asks for every message that could be sent from the ledger, but for those that are known to have left. A message that none of its
// accounts has, and each can tell, stays as it is; any other is lost.
func (f *Forgotten) Ask(ctx context.Context, known map[message.Key]bool) (Told, error) {
	var t Told
	var err error
	if f.texts, err = newTexts(&f.Spec); err != nil {
		return t, err
	}
	var batch []ledger.Record
	for rec, err := range f.Ledger.Messages(ctx, f.Campaign, message.Pending, message.Rejected, message.Cancelled) {
		if err != nil {
			return t, err
		}
		if known[rec.Key] {
			continue
		}
		if batch = append(batch, rec); len(batch) == resolveBatch {
			f.tell(&t, batch, f.all(ctx, batch))
			batch = batch[:0]
		}
	}
	f.tell(&t, batch, f.all(ctx, batch))
	return t, ctx.Err()
}

// all asks for several messages at a time.
func (f *Forgotten) all(ctx context.Context, recs []ledger.Record) []asked {
	out := make([]asked, len(recs))
	var g errgroup.Group
	g.SetLimit(resolveAsks)
	for i := range recs {
		g.Go(func() error {
			out[i] = f.one(ctx, &recs[i])
			return nil
		})
	}
	_ = g.Wait() // an account that cannot be asked is an answer
	return out
}

// one asks each account that may have had the message.
func (f *Forgotten) one(ctx context.Context, rec *ledger.Record) asked {
	var may asked
	for _, name := range plan.RouteAccounts(f.Config.Routes[rec.Channel]) {
		found, err := f.find(ctx, name, rec)
		switch {
		case err == nil && found.Answer == message.OutcomeAccepted:
			return asked{account: name, found: found}
		case (err != nil || found.Answer != message.OutcomeUnsent) && may.account == "":
			may.account = name
		}
	}
	return may
}

var errMute = errors.New("it cannot be asked")

func (f *Forgotten) find(ctx context.Context, account string, rec *ledger.Record) (vendors.Found, error) {
	v, ok := vendors.As[vendors.Finder](f.Vendors[account])
	if !ok {
		return vendors.Found{}, errMute
	}
	m := message.Message{Key: rec.Key, Channel: rec.Channel, To: rec.Address}
	if err := f.texts.fill(rec.Fields, account, &m); err != nil {
		m.Text = "" // it is looked for by its key alone
	}
	return v.Find(ctx, vendors.Query{Key: rec.Key, To: rec.Address, Text: m.Text, Since: f.Since, Until: f.Now()})
}

// tell sorts answers.
func (f *Forgotten) tell(t *Told, recs []ledger.Record, answers []asked) {
	for i, a := range answers {
		if a.account == "" {
			t.Clear++
			continue
		}
		if a.found.Answer == message.OutcomeAccepted {
			t.Accepted = append(t.Accepted, ledger.Resolution{
				Key: recs[i].Key, As: message.OutcomeAccepted, VendorID: a.found.VendorID, Code: "notify:found", Detail: a.found.Detail, Grade: message.GradeVendor,
			})
		} else {
			t.NotAsked++
			if !slices.Contains(t.CannotAsk, a.account) {
				t.CannotAsk = append(t.CannotAsk, a.account)
			}
		}
		t.lose(f.lost(&recs[i], a.account), recs[i].Key)
	}
}

// lose adds a message to those of its account and its price.
func (t *Told) lose(l ledger.Lost, key message.Key) {
	i := slices.IndexFunc(t.Lost, func(have ledger.Lost) bool {
		return have.Channel == l.Channel && have.Account == l.Account && have.Price == l.Price
	})
	if i < 0 {
		i = len(t.Lost)
		t.Lost = append(t.Lost, l)
	}
	t.Lost[i].Keys = append(t.Lost[i].Keys, key)
}

// lost is where a message is debited to an account, and with what: today, as nobody knows the day.
func (f *Forgotten) lost(rec *ledger.Record, account string) ledger.Lost {
	a := f.Config.Accounts[account]
	price, of := a.Debits(f.Config.Channels.Of(rec.Channel))
	if of != nil {
		price = of(rec.Address)
	}
	return ledger.Lost{
		Channel: rec.Channel, Account: account, Currency: a.Currency, Price: price, Day: f.Now().In(f.Config.Timezone).Format(time.DateOnly),
	}
}

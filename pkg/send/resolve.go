package send

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// Resolver settles messages that are unknown. It sends nothing.
type Resolver struct {
	Ledger   ledger.Ledger
	Vendors  map[string]vendors.Vendor
	Campaign string
	By       ledger.Act
	Now      func() time.Time
	// Spec is the campaign as it was frozen: what its messages say, for vendors that keep no id of ours.
	Spec plan.Spec
	// Keys are the messages to settle; none means all that are unknown.
	Keys []string

	texts texts
	mu    sync.Mutex
	early int
	again time.Time
	dumb  int
	cause words.Text
	seen  map[string]bool
}

// Resolved counts what a Resolver did.
type Resolved struct {
	ledger.Resolved
	// Named is how many messages were named, each once; 0: none was, and all that are unknown were meant.
	Named int `json:"named,omitempty"`
	// Left is how many messages are unknown still: among Keys, if there are any.
	Left int `json:"left"`
	// NotAsked is how many of them went through an account that cannot be asked.
	NotAsked int `json:"not_asked"`
	// CannotAsk are those accounts.
	CannotAsk []string `json:"cannot_ask,omitempty"`
	// Early is how many of them the vendor does not have, and may still get: they were tried a moment ago. Again is when to ask
	// once more.
	Early int       `json:"early,omitempty"`
	Again time.Time `json:"again,omitzero"`
	// Mute is how many of them their vendor could not be asked for now, and Cause why: of the first.
	Mute  int        `json:"mute,omitempty"`
	Cause words.Text `json:"cause,omitzero"`
	// NotUnknown are those of Keys that no unknown message has.
	NotUnknown []string `json:"not_unknown,omitempty"`
}

const (
	resolveBatch = 200
	resolveAsks  = 8
	// resolveSettle is how old an attempt must be before "not there" is believed: until then it may still be on its way.
	resolveSettle = 30 * time.Second
)

// Decide settles them as a person found out: accepted, or unsent.
func (r *Resolver) Decide(ctx context.Context, as message.OutcomeKind) (Resolved, error) {
	return r.each(ctx, func(_ context.Context, rec *ledger.Record) *ledger.Resolution {
		return &ledger.Resolution{Key: rec.Key, As: as, Code: "notify:person", Detail: r.By.Reason, Grade: message.GradePerson}
	})
}

// Ask asks the vendors by our own id. Those that cannot say are left as they are.
func (r *Resolver) Ask(ctx context.Context) (Resolved, error) {
	var err error
	if r.texts, err = newTexts(&r.Spec); err != nil {
		return Resolved{}, err
	}
	var mute []string
	notAsked := 0
	for rec, err := range r.Ledger.Messages(ctx, r.Campaign, message.Unknown) {
		if err != nil {
			return Resolved{}, err
		}
		if _, ok := vendors.As[vendors.Finder](r.Vendors[rec.Account]); !ok && r.wanted(&rec) {
			notAsked++
			if !slices.Contains(mute, rec.Account) {
				mute = append(mute, rec.Account)
			}
		}
	}
	got, err := r.each(ctx, r.ask)
	got.NotAsked, got.CannotAsk = notAsked, mute
	return got, err
}

func (r *Resolver) ask(ctx context.Context, rec *ledger.Record) *ledger.Resolution {
	f, ok := vendors.As[vendors.Finder](r.Vendors[rec.Account])
	if !ok {
		return nil
	}
	m := message.Message{Key: rec.Key, Channel: rec.Channel, To: rec.Address}
	if err := r.texts.fill(rec.Fields, rec.Account, &m); err != nil {
		m.Text = "" // it is looked for by its key alone
	}
	found, err := f.Find(ctx, vendors.Query{
		Key: rec.Key, To: rec.Address, VendorID: rec.VendorID, Text: m.Text, Since: rec.Claimed.Add(-time.Minute), Until: r.Now(),
	})
	if err != nil {
		r.noAnswer(err) // the message stays unknown
		return nil
	}
	switch found.Answer {
	case message.OutcomeAccepted:
		return &ledger.Resolution{Key: rec.Key, As: message.OutcomeAccepted, VendorID: found.VendorID, Code: "notify:found", Detail: found.Detail, Grade: message.GradeVendor}
	case message.OutcomeUnsent:
		if at := rec.Claimed.Add(resolveSettle); r.Now().Before(at) {
			r.tooEarly(at)
			return nil
		}
		return &ledger.Resolution{Key: rec.Key, As: message.OutcomeUnsent, Code: "notify:not-found", Detail: found.Detail, Grade: message.GradeVendor}
	case message.OutcomeRejected, message.OutcomeThrottled, message.OutcomeRefused, message.OutcomeUnknown:
	}
	return nil
}

func (r *Resolver) noAnswer(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dumb++; r.dumb == 1 {
		r.cause = words.Cause(err)
	}
}

func (r *Resolver) tooEarly(again time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.early++
	if again.After(r.again) {
		r.again = again
	}
}

func (r *Resolver) wanted(rec *ledger.Record) bool {
	return len(r.Keys) == 0 || slices.Contains(r.Keys, string(rec.Key))
}

// each goes through the unknown messages and settles those for which decide has an answer, a batch at a time.
func (r *Resolver) each(ctx context.Context, decide func(context.Context, *ledger.Record) *ledger.Resolution) (Resolved, error) {
	var total Resolved
	r.seen = make(map[string]bool)
	keys := slices.Compact(slices.Sorted(slices.Values(r.Keys)))
	total.Named = len(keys)
	var batch []ledger.Record
	flush := func() error {
		got, err := r.batch(ctx, batch, decide)
		total.Accepted += got.Accepted
		total.NotSent += got.NotSent
		total.Rejected += got.Rejected
		total.Skipped += got.Skipped
		total.Left += len(batch) - got.Accepted - got.NotSent - got.Rejected - got.Skipped
		batch = batch[:0]
		return err
	}
	for rec, err := range r.Ledger.Messages(ctx, r.Campaign, message.Unknown) {
		if err != nil {
			return total, err
		}
		if !r.wanted(&rec) {
			continue
		}
		r.seen[string(rec.Key)] = true
		if batch = append(batch, rec); len(batch) == resolveBatch {
			if err := flush(); err != nil {
				return total, err
			}
		}
	}
	err := flush()
	total.Early, total.Again, total.Mute, total.Cause = r.early, r.again, r.dumb, r.cause
	for _, k := range keys {
		if !r.seen[k] {
			total.NotUnknown = append(total.NotUnknown, k)
		}
	}
	return total, err
}

func (r *Resolver) batch(ctx context.Context, recs []ledger.Record, decide func(context.Context, *ledger.Record) *ledger.Resolution) (ledger.Resolved, error) {
	answers := make([]*ledger.Resolution, len(recs))
	var g errgroup.Group
	g.SetLimit(resolveAsks)
	for i := range recs {
		g.Go(func() error {
			answers[i] = decide(ctx, &recs[i])
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return ledger.Resolved{}, err
	}
	var rs []ledger.Resolution
	for _, a := range answers {
		if a != nil {
			rs = append(rs, *a)
		}
	}
	if len(rs) == 0 {
		return ledger.Resolved{}, nil
	}
	return r.Ledger.Resolve(ctx, r.Campaign, rs, r.By)
}

package preflight

import (
	"context"
	"fmt"
	"sync"
	"time"

	"notify/pkg/words"

	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/dns"
	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/receivers"
	"notify/pkg/render"
	"notify/pkg/vendors"
)

// DefaultMargin is what must be there beyond the cost: vendors count segments in their own way, and a few are paid twice.
const DefaultMargin = 0.10

// Subject is what is checked, and what it is checked against.
type Subject struct {
	Plan   *plan.Plan
	Config *config.Config
	// Ledger is nil where it could not be opened; LedgerErr says why.
	Ledger    ledger.Ledger
	LedgerErr error
	// Vendors are the accounts on the campaign's routes, by name; VendorErrs say why one is missing.
	Vendors    map[string]vendors.Vendor
	VendorErrs map[string]error
	Now        func() time.Time

	// Alive reports whether the process that holds a lease still runs; nil: the lease alone decides.
	Alive func(ledger.Run) bool
	// Margin is what must be there beyond the cost, as a part of it; 0 means DefaultMargin, negative none.
	Margin float64
	// Spread says that the operator accepts that the campaign takes several days.
	Spread bool
	// Emergency says that accounts of the other class may stand in.
	Emergency bool
	// Offline leaves out what only vendors know.
	Offline bool
	// Limit is how long a check may take; 0 means DefaultLimit.
	Limit time.Duration
	// DNS is asked about the sender of mails; nil means the server of Config.
	DNS *dns.Resolver
	// Receivers tell which domains are one receiver; nil: each stands for itself.
	Receivers *receivers.Rules
	// List is the list as the operator typed it, for commands to type next; empty means the file's name.
	List string
	// Checklist is the campaign's checklist; nil where it names none. Sending says that a send follows, by Sender: then
	// signatures that are missing stop it.
	Checklist *checklist.Checklist
	Sending   bool
	Sender    checklist.Sender
	// Elsewhere is which secrets other installations use, as far as this machine and the ledger know; ElsewhereErr says why that could not be read.
	Elsewhere    []ledger.Credential
	ElsewhereErr error

	memo *memo
}

// list is how the operator calls the list.
func (s *Subject) list() string {
	if s.List != "" {
		return s.List
	}
	return s.Plan.Header.File
}

func (s *Subject) margin() float64 {
	switch {
	case s.Margin < 0:
		return 0
	case s.Margin == 0:
		return DefaultMargin
	}
	return s.Margin
}

// now is the time in the zone of windows and quotas.
func (s *Subject) now() time.Time { return s.Now().In(s.Config.Timezone) }

func (s *Subject) name() string { return s.Plan.Spec.Name }

// noLedger says why there is no ledger to look into.
func (s *Subject) noLedger() error {
	if s.LedgerErr != nil {
		return words.Wrap(s.LedgerErr, "preflight.ledger-unopened", nil)
	}
	return errNoLedger
}

// memo keeps evidence that several checks look at, so that it is asked for once in a run.
type memo struct {
	asking   context.Context // it bounds what vendors are asked
	base     context.Context // it bounds what is shared by checks that each have a context of their own
	rows     chan struct{}   // held while the plan's rows are read: it allows one reader at a time
	remain   shared[*Remaining]
	promised shared[map[string]Promise]
	surveyed shared[*survey]
	texts    shared[*render.Renderer]
	states   shared[map[string]ledger.AccountState]
	mu       sync.Mutex
	balances map[string]*shared[balanceAt]
	usages   map[string]*shared[ledger.Usage]
}

// balanceAt is a vendor's answer, and our time when it came.
type balanceAt struct {
	vendors.Balance
	at time.Time
}

func newMemo(base, asking context.Context) *memo {
	return &memo{
		base: base, asking: asking, rows: make(chan struct{}, 1),
		balances: make(map[string]*shared[balanceAt]), usages: make(map[string]*shared[ledger.Usage]),
	}
}

// shared is evidence that is fetched once. Each who waits for it gives up with his own context.
type shared[T any] struct {
	once  sync.Once
	done  chan struct{}
	value T
	err   error
}

func (m *shared[T]) get(ctx, base context.Context, fetch func(context.Context) (T, error)) (T, error) {
	m.once.Do(func() {
		m.done = make(chan struct{})
		go func() {
			defer close(m.done)
			defer func() {
				if v := recover(); v != nil {
					m.err = words.Err("preflight.broke", words.A{"fault": fmt.Sprint(v)})
				}
			}()
			m.value, m.err = fetch(base)
		}()
	})
	var zero T
	select {
	case <-m.done:
		return m.value, m.err // also where the time is over since
	default:
	}
	select {
	case <-m.done:
		return m.value, m.err
	case <-ctx.Done():
		return zero, ctx.Err()
	case <-base.Done():
		return zero, base.Err()
	}
}

// entry finds or makes the place of one account's evidence.
func entry[T any](mu *sync.Mutex, by map[string]*shared[T], account string) *shared[T] {
	mu.Lock()
	defer mu.Unlock()
	e, ok := by[account]
	if !ok {
		e = &shared[T]{}
		by[account] = e
	}
	return e
}

// Balance is what the vendor says is left on the account, asked once in a run. It is errCannotTell where the vendor has
// no way to say.
func (s *Subject) Balance(ctx context.Context, account string) (vendors.Balance, error) {
	b, err := s.balanceAt(ctx, account)
	return b.Balance, err
}

func (s *Subject) balanceAt(ctx context.Context, account string) (balanceAt, error) {
	return entry(&s.memo.mu, s.memo.balances, account).get(ctx, s.memo.asking, func(ctx context.Context) (balanceAt, error) {
		v, err := s.vendor(account)
		if err != nil {
			return balanceAt{}, err
		}
		asker, ok := vendors.As[vendors.Balancer](v)
		if !ok {
			return balanceAt{}, errCannotTell
		}
		b, err := asker.Balance(ctx)
		return balanceAt{Balance: b, at: s.Now()}, err
	})
}

// vendor is the account's vendor, or why there is none.
func (s *Subject) vendor(account string) (vendors.Vendor, error) {
	if v := s.Vendors[account]; v != nil {
		return v, nil
	}
	if err := s.VendorErrs[account]; err != nil {
		return nil, err
	}
	return nil, words.Err("preflight.account-unopened", words.A{"account": account})
}

// usageAhead is what is debited on the account for the day that comes next.
func (s *Subject) usageAhead(ctx context.Context, account string) (ledger.Usage, error) {
	return entry(&s.memo.mu, s.memo.usages, "ahead "+account).get(ctx, s.memo.base, func(ctx context.Context) (ledger.Usage, error) {
		if s.Ledger == nil {
			return ledger.Usage{}, s.noLedger()
		}
		return s.Ledger.Usage(ctx, account, ledger.DayOf(dayAfter(s.now(), 1)))
	})
}

// Usage is what was debited on the account today and in this month, by every campaign on the ledger.
func (s *Subject) Usage(ctx context.Context, account string) (ledger.Usage, error) {
	return entry(&s.memo.mu, s.memo.usages, account).get(ctx, s.memo.base, func(ctx context.Context) (ledger.Usage, error) {
		if s.Ledger == nil {
			return ledger.Usage{}, s.noLedger()
		}
		return s.Ledger.Usage(ctx, account, ledger.DayOf(s.now()))
	})
}

package send

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// turns makes the turns of a run, one after the other, each with its number. Lanes that come while one is under way share the next.
//
// A turn that failed is in doubt: it may have been made, and only its answer was lost. It is asked for again under its number, without
// claiming, before anything else is asked for. What it turns out to have claimed is given back: its places have passed meanwhile.
type turns struct {
	loop *Loop

	mu      sync.Mutex
	busy    bool
	waiting []*part

	// Of whoever is busy.
	number  int64     // of the last turn that is known to have been made
	doubt   bool      // the next one may have been made
	failing *patience // since the ledger cannot be written
}

// part is what one lane wants of a turn.
type part struct {
	settle   []ledger.Settlement
	accounts []ledger.AccountChange
	domains  []ledger.DomainChange
	pause    *ledger.Act
	wave     *ledger.WaveChange
	claim    []ledger.ClaimRequest

	out  ledger.Turned
	err  error
	lead chan bool // true: it is to make the next turn, for all who wait; false: it was made
}

// take returns when the part is durable, or cannot be made so. Grants is empty where nothing was claimed because of a doubt.
func (t *turns) take(ctx context.Context, p *part) (ledger.Turned, error) {
	p.lead = make(chan bool, 1)
	t.mu.Lock()
	t.waiting = append(t.waiting, p)
	if t.busy {
		t.mu.Unlock()
		if !<-p.lead {
			return p.out, p.err
		}
		t.mu.Lock()
	}
	t.busy = true
	group := t.waiting
	t.waiting = nil
	t.mu.Unlock()

	t.makeFor(ctx, group)

	t.mu.Lock()
	if t.busy = len(t.waiting) > 0; t.busy {
		t.waiting[0].lead <- true
	}
	t.mu.Unlock()
	for _, other := range group {
		if other != p {
			other.lead <- false
		}
	}
	return p.out, p.err
}

// makeFor makes one turn of the parts, and answers each.
func (t *turns) makeFor(ctx context.Context, group []*part) {
	var all ledger.Turn
	for _, p := range group {
		all.Settle = append(all.Settle, p.settle...)
		all.Accounts = append(all.Accounts, p.accounts...)
		all.Domains = append(all.Domains, p.domains...)
		all.Claim = append(all.Claim, p.claim...)
		if all.Pause == nil {
			all.Pause = p.pause
		}
		if all.Wave == nil {
			all.Wave = p.wave
		}
	}
	out, err := t.next(ctx, all)
	grants := out.Grants
	for _, p := range group {
		p.out, p.err = out, err
		if p.out.Grants = nil; len(grants) > 0 {
			p.out.Grants, grants = grants[:len(p.claim)], grants[len(p.claim):]
		}
	}
}

// next makes the turn that follows.
func (t *turns) next(ctx context.Context, turn ledger.Turn) (ledger.Turned, error) {
	if t.doubt {
		if _, err := t.settled(ctx, ledger.Turn{}); err != nil {
			return ledger.Turned{}, err
		}
	}
	return t.settled(ctx, turn)
}

// settled makes a turn under the next number. What it had claimed before its answer was lost is given back by one more.
func (t *turns) settled(ctx context.Context, turn ledger.Turn) (ledger.Turned, error) {
	out, err := t.commit(ctx, turn)
	for err == nil && len(out.Recovered) > 0 {
		words.Log(t.loop.Log, slog.LevelWarn, words.T("log.recovered", words.A{"n": len(out.Recovered)}))
		out, err = t.commit(ctx, ledger.Turn{Settle: givenBack(out.Recovered, t.loop.Now())})
	}
	return out, err
}

func givenBack(cs []ledger.Claim, now time.Time) []ledger.Settlement {
	var out []ledger.Settlement
	for _, c := range cs {
		out = append(out, ledger.Settlement{Attempt: c.Attempt, At: now, Outcome: message.GiveBack(message.BackLost), Uncount: c.Counted})
	}
	return out
}

// commit makes a turn. Where the ledger cannot be written and outcomes wait to be recorded, it tries again for a while: what is known
// to have left is worth waiting for.
func (t *turns) commit(ctx context.Context, turn ledger.Turn) (ledger.Turned, error) {
	const pause = 200 * time.Millisecond
	turn.Run, turn.Extend, turn.Number, turn.Watch, turn.Waves = t.loop.run, t.loop.Timing.Lease, t.number+1, t.loop.accounts, t.loop.spec.Waves.Sizes
	turn.Ordered, turn.Waiting = t.loop.ordered, t.loop.progress.waits()
	try, fresh := t.failing, t.failing == nil
	if fresh {
		try = t.loop.patience(ctx)
	}
	var damaged error
	once := false
	for tries := 0; ; tries++ {
		turn.Now = t.loop.Now()
		out, err := t.loop.Ledger.Turn(try, turn)
		if err == nil {
			t.made(turn, try)
			return out, damaged
		}
		t.doubt, t.failing = true, try
		if refused(err) {
			return out, err
		}
		if tries == 0 {
			if fresh { // else it was said
				words.LogError(t.loop.Log, slog.LevelWarn, words.Wrap(err, "log.unwritable", nil))
			}
			if errors.Is(err, ledger.ErrDamaged) && len(turn.Claim) > 0 {
				damaged = &recordedError{err} // what is known is recorded first
			}
			turn.Claim = nil
			once = len(turn.Settle) == 0 && !passes(err)
			if fresh { // else it passed for the others, too: there is one for all
				try = t.anew(ctx, try)
			}
		}
		if once && tries > 0 {
			return out, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-try.Done():
			timer.Stop()
			return out, err
		case <-timer.C:
		}
	}
}

// made notes a turn that the ledger has, and says so where it could not be written before.
func (t *turns) made(turn ledger.Turn, try *patience) {
	now := t.loop.Now()
	if m := t.loop.Meter; m != nil {
		m.Committed(now.Sub(turn.Now))
	}
	if t.failing != nil {
		words.Log(t.loop.Log, slog.LevelInfo, words.T("log.writable", words.A{"took": now.Sub(try.since).Round(time.Second)}))
	}
	t.number, t.doubt, t.failing = turn.Number, false, nil
	try.end()
}

// anew begins a patience again that passed while one try was under way: no try takes so long, so that the machine slept. What is known
// would not be recorded otherwise.
func (t *turns) anew(ctx context.Context, try *patience) *patience {
	if try.Err() == nil || ctx.Err() != nil {
		return try
	}
	try.end()
	t.failing = t.loop.patience(ctx)
	t.failing.since = try.since
	return t.failing
}

// end forgets a ledger that was waited for.
func (t *turns) end() {
	if t.failing != nil {
		t.failing.end()
	}
}

// patience is a context that ends when a ledger that cannot be written was waited for long enough: one deadline over all tries, of all lanes.
type patience struct {
	context.Context
	end   context.CancelFunc
	since time.Time
}

// farewell is how long a ledger is waited for when the run was asked to stop: a person waits, too.
const farewell = 2 * time.Second

// patience begins now.
func (l *Loop) patience(ctx context.Context) *patience {
	ctx, end := context.WithTimeout(ctx, l.Timing.Settle)
	if l.stop == nil {
		return &patience{ctx, end, l.Now()}
	}
	forget := context.AfterFunc(l.stop, func() {
		select {
		case <-ctx.Done():
		case <-time.After(farewell):
			end()
		}
	})
	return &patience{ctx, func() { forget(); end() }, l.Now()}
}

// recordedError ends a run whose outcomes are all recorded.
type recordedError struct{ error }

func (e *recordedError) Unwrap() error { return e.error }

// passes reports that others hold the ledger, or that its server is away: that mostly ends by itself.
func passes(err error) bool {
	return errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrUnreachable) || errors.Is(err, ledger.ErrUndurable)
}

// refused reports an answer that asking again does not change.
func refused(err error) bool {
	var outOfTurn *ledger.OutOfTurnError
	return errors.Is(err, ledger.ErrLeaseLost) || errors.Is(err, ledger.ErrReplaced) || errors.Is(err, ledger.ErrClosed) || errors.As(err, &outOfTurn) ||
		errors.Is(err, ledger.ErrBehind) || errors.Is(err, ledger.ErrRolledBack)
}

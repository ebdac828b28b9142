package ledgertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// SeedVar is the environment variable that replays one walk: the seed that a failing test printed.
const SeedVar = "NOTIFY_LEDGER_SEED"

const (
	walks     = 12
	walkSteps = 150
	universe  = 14 // rows from which lists are drawn
)

func walkAll(t *testing.T, fresh func(t *testing.T) Target) {
	t.Helper()
	seeds := make([]uint64, walks)
	for i := range seeds {
		seeds[i] = rand.Uint64()
	}
	if s := os.Getenv(SeedVar); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("replay it with %s=%d", SeedVar, seed)
				}
			})
			w := newWalk(t, fresh(t), seed)
			for w.steps = range walkSteps {
				w.step()
			}
			w.compare()
			w.story.sound(w.names...)
		})
	}
}

// walk does everything twice: to the ledger under test, and to the model.
type walk struct {
	story *story
	rnd   *rand.Rand
	steps int
	model *Memory
	procs []*proc
	names []string
	now   time.Time
	seq   int
}

// proc is a process: a handle on each of the two, and what it is doing.
type proc struct {
	real  ledger.Ledger
	model *Handle
	run   pair[ledger.RunID]
	turns int64       // of the run
	last  ledger.Turn // the newest, as the ledger under test was asked for it
	open  []opened    // attempts to settle
}

// opened is an attempt that is open.
type opened struct {
	pair[int64]
	counted []string // as ledger.Claim.Counted
}

// pair is an id on the ledger under test and its counterpart on the model.
type pair[T any] struct{ real, model T }

func newWalk(t *testing.T, tg Target, seed uint64) *walk {
	t.Helper()
	w := &walk{
		rnd: rand.New(rand.NewPCG(seed, 1)), model: NewLeasedMemory(), now: noon, names: []string{award, "other"},
	}
	if tg.KnowsDead {
		w.model = NewMemory()
	}
	w.story = &story{T: t, target: tg, Ledger: open(t, tg), now: noon}
	for range 3 {
		w.procs = append(w.procs, w.start())
	}
	for _, name := range w.names {
		w.stage(w.procs[0], name)
	}
	return w
}

func (w *walk) start() *proc {
	return &proc{real: open(w.story.T, w.story.target), model: w.model.Open()}
}

func (w *walk) step() {
	w.story.Helper()
	p := w.procs[w.rnd.IntN(len(w.procs))]
	name := w.names[w.rnd.IntN(len(w.names))]
	switch n := w.rnd.IntN(100); {
	case n < 46:
		w.turn(p)
	case n < 50:
		w.again(p)
	case n < 62:
		w.acquire(p, name)
	case n < 67:
		w.stage(p, name)
	case n < 71:
		w.release(p)
	case n < 74:
		w.crash(p)
	case n < 80:
		w.pause(p, name)
	case n < 87:
		w.resolve(p, name)
	case n < 90:
		w.retry(p, name)
	case n < 91 && w.steps > walkSteps/2:
		w.abort(p, name)
	case n < 93:
		w.set(p)
	default:
		w.tick()
	}
	if w.rnd.IntN(8) == 0 {
		w.compare()
	}
}

// tick moves the clock: mostly a little on, sometimes over the lease or the day, sometimes back.
func (w *walk) tick() {
	switch n := w.rnd.IntN(10); {
	case n < 6:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(20_000)) * time.Millisecond)
	case n < 8:
		w.now = w.now.Add(lease + hold)
	case n < 9:
		w.now = w.now.Add(20 * time.Hour)
	default:
		w.now = w.now.Add(-time.Duration(w.rnd.IntN(26)) * time.Hour)
	}
}

// agree compares what the two answered, and reports whether both did without an error.
func (w *walk) agree(what string, got, model any, gotErr, modelErr error) bool {
	w.story.Helper()
	for _, sentinel := range []error{ledger.ErrNoCampaign, ledger.ErrAborted, ledger.ErrLeased, ledger.ErrLeaseLost, ledger.ErrClosed} {
		if errors.Is(gotErr, sentinel) != errors.Is(modelErr, sentinel) {
			w.story.Fatalf("step %d: %s: got error %v, the model says %v", w.steps, what, gotErr, modelErr)
		}
	}
	if (gotErr == nil) != (modelErr == nil) {
		w.story.Fatalf("step %d: %s: got error %v, the model says %v", w.steps, what, gotErr, modelErr)
	}
	if gotErr != nil {
		return false
	}
	w.story.same(fmt.Sprintf("step %d: %s", w.steps, what), got, model)
	return true
}

func (w *walk) by(what string) ledger.Act {
	return ledger.Act{Who: "wang@ops-1", What: what, At: w.now}
}

func (w *walk) stage(p *proc, name string) {
	w.story.Helper()
	w.seq++
	var rs []ledger.Recipient
	for row := 1; row <= universe; row++ {
		if w.rnd.IntN(5) == 0 {
			continue
		}
		r := w.person(name, row)
		if w.rnd.IntN(6) == 0 && len(rs) > 0 && len(rs[0].Messages) > 0 {
			r.Messages, r.Folds = nil, []ledger.Fold{{Channel: message.SMS, Into: rs[0].Messages[0].Key}}
		}
		rs = append(rs, r)
	}
	if w.rnd.IntN(3) == 0 {
		w.rnd.Shuffle(len(rs), func(i, j int) { rs[i].Row, rs[j].Row = rs[j].Row, rs[i].Row })
	}
	digest := fmt.Sprintf("d%d", w.seq-w.rnd.IntN(2))
	s := ledger.Staging{Campaign: name, Digest: digest, Spec: []byte(digest), By: w.by("stage"), Part: w.rnd.IntN(4) == 0, Recipients: list(rs...)}
	got, gotErr := p.real.Stage(w.story.ctx(), s)
	model, modelErr := p.model.Stage(w.story.ctx(), s)
	w.agree("stage "+name, got, model, gotErr, modelErr)
}

// person has a number or, every third row, an address in one of two domains: a ledger does not mind which channel has which.
func (w *walk) person(name string, row int) ledger.Recipient {
	r := person(name, row, 1+w.rnd.IntN(2))
	if row%3 == 0 {
		mailed(name, &r, fmt.Sprintf("e%d@d%d.test", row, row%2))
	}
	return r
}

// mailed gives the message another address, and the key that belongs to it.
func mailed(campaign string, r *ledger.Recipient, to string) {
	m := &r.Messages[0]
	m.Address = message.Address(to)
	m.Key = message.MakeKey(campaign, m.Channel, m.Address, "")
}

func (w *walk) acquire(p *proc, name string) {
	w.story.Helper()
	if p.run.real != 0 {
		return
	}
	a := ledger.Acquire{Campaign: name, Host: "ops-1", PID: 7, User: "wang", Now: w.now, Extend: lease, Rates: fmt.Sprint(w.rnd.IntN(2)), Join: w.rnd.IntN(2) == 0}
	got, gotErr := p.real.Acquire(w.story.ctx(), a)
	model, modelErr := p.model.Acquire(w.story.ctx(), a)
	var realHeld, modelHeld *ledger.LeasedError
	if errors.As(gotErr, &realHeld) && errors.As(modelErr, &modelHeld) {
		w.story.same(fmt.Sprintf("step %d: until", w.steps), realHeld.Until, modelHeld.Until)
	}
	if w.agree("acquire "+name, got.Orphans, model.Orphans, gotErr, modelErr) {
		p.run, p.turns = pair[ledger.RunID]{got.Run.ID, model.Run.ID}, 0
		w.agree("holders", len(got.Campaign.Holders), len(model.Campaign.Holders), nil, nil)
	}
}

func (w *walk) release(p *proc) {
	w.story.Helper()
	if p.run.real == 0 {
		return
	}
	w.agree("release", nil, nil, p.real.Release(w.story.ctx(), p.run.real, w.now, words.Raw("done")), p.model.Release(w.story.ctx(), p.run.model, w.now, words.Raw("done")))
	p.run, p.open = pair[ledger.RunID]{}, nil
	if w.rnd.IntN(2) == 0 {
		w.agree("gather", nil, nil, p.real.Gather(w.story.ctx()), p.model.Gather(w.story.ctx()))
	}
}

func (w *walk) crash(p *proc) {
	w.story.Helper()
	w.agree("crash", nil, nil, p.real.Close(), p.model.Close())
	*p = *w.start()
}

// set is a person who changes an account.
func (w *walk) set(p *proc) {
	w.story.Helper()
	weight := w.rnd.IntN(4) - 1
	s := []ledger.AccountSetting{{Weight: &weight}, {Off: true}, {On: true}, {On: true}, {CloseBreaker: true}}[w.rnd.IntN(5)]
	name, by := w.accountName(), w.by(ledger.ActSet)
	w.agree("set", nil, nil, p.real.SetAccount(w.story.ctx(), name, s, by), p.model.SetAccount(w.story.ctx(), name, s, by))
}

func (w *walk) pause(p *proc, name string) {
	w.story.Helper()
	if w.rnd.IntN(3) == 0 {
		w.agree("pause", nil, nil, p.real.Pause(w.story.ctx(), name, w.by("pause")), p.model.Pause(w.story.ctx(), name, w.by("pause")))
		return
	}
	w.agree("unpause", nil, nil, p.real.Unpause(w.story.ctx(), name, w.by("unpause")), p.model.Unpause(w.story.ctx(), name, w.by("unpause")))
}

func (w *walk) abort(p *proc, name string) {
	w.story.Helper()
	got, gotErr := p.real.Abort(w.story.ctx(), name, w.by("abort"))
	model, modelErr := p.model.Abort(w.story.ctx(), name, w.by("abort"))
	w.agree("abort", got, model, gotErr, modelErr)
}

func (w *walk) resolve(p *proc, name string) {
	w.story.Helper()
	as := []message.OutcomeKind{message.OutcomeAccepted, message.OutcomeUnsent, message.OutcomeRejected}
	var rs []ledger.Resolution
	for range 1 + w.rnd.IntN(4) {
		rs = append(rs, ledger.Resolution{
			Key: w.person(name, 1+w.rnd.IntN(universe)).Messages[0].Key, As: as[w.rnd.IntN(len(as))], Code: fmt.Sprintf("c%d", w.rnd.IntN(3)),
		})
	}
	got, gotErr := p.real.Resolve(w.story.ctx(), name, rs, w.by("resolve"))
	model, modelErr := p.model.Resolve(w.story.ctx(), name, rs, w.by("resolve"))
	w.agree("resolve", got, model, gotErr, modelErr)
}

func (w *walk) retry(p *proc, name string) {
	w.story.Helper()
	var codes []string
	if w.rnd.IntN(2) == 0 {
		codes = []string{"c1"}
	}
	got, gotErr := p.real.Retry(w.story.ctx(), name, codes, w.by("retry"))
	model, modelErr := p.model.Retry(w.story.ctx(), name, codes, w.by("retry"))
	w.agree("retry", got, model, gotErr, modelErr)
}

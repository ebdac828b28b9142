package send_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/receivers"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

var (
	simSeeds = flag.Int("seeds", 150, "how many worlds the simulation tries; one in five on a real file")
	simSeed  = flag.Uint64("seed", 0, "one world to run again, with its story; 0 runs -seeds of them")
)

// TestNobodyIsToldTwice lives through seeded worlds in virtual time: a vendor with every fault, processes that die at any
// step, several at a time on one campaign and one ledger, answers of the ledger that are lost, two channels, people who pause, and a clock
// that is put back. After each the invariants must hold.
func TestNobodyIsToldTwice(t *testing.T) {
	t.Parallel()
	if *simSeed != 0 {
		runWorld(t, *simSeed, os.Stderr)
		return
	}
	// One part of the worlds for each processor: a world knows nothing of the others, and few of them take most of the time.
	parts := runtime.GOMAXPROCS(0)
	var tried atomic.Uint64
	for part := range parts {
		t.Run(fmt.Sprintf("part %d of %d", part+1, parts), func(t *testing.T) {
			t.Parallel()
			for seed := tried.Add(1); seed <= uint64(*simSeeds); seed = tried.Add(1) {
				runWorld(t, seed, io.Discard)
				if t.Failed() {
					t.Fatalf("seed %d failed; see its story with: go test ./pkg/send -run TestNobodyIsToldTwice -seed %d", seed, seed)
				}
			}
		})
	}
}

func runWorld(t *testing.T, seed uint64, story io.Writer) {
	t.Helper()
	path := ""
	if seed%5 == 1 {
		path = filepath.Join(quickDir(t), "ledger.db")
	}
	tryWorld(t, seed, path, story)
}

func tryWorld(t *testing.T, seed uint64, path string, story io.Writer) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, path, story)
		w.live()
		w.judge()
	})
}

// quickDir is a folder in memory, where there is one: a power cut is not what is tried here, and a disk that flushes is slow.
func quickDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "notify-sim-") //nolint:usetesting // that one lies on a disk
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// world is everything outside the program: the vendor, the clock, and what happens to the processes.
type world struct {
	t      *testing.T
	seed   uint64
	log    *slog.Logger
	path   string // of the file, or the server's URL; empty: in memory
	memory *ledgertest.Memory
	cfg    *config.Config
	names  []string
	people int
	start  time.Time

	mu         sync.Mutex
	rng        *rand.Rand
	taken      map[message.Key]int
	tries      map[message.Key]int
	arrivals   map[string][]time.Time
	atDomain   map[[2]string][]time.Time // arrivals by account and domain
	offset     time.Duration             // what the clock is off by
	stepped    bool
	badUnknown int // answers that make a message unknown without a crash
	refusing   time.Time
	faults     float64
	sleepy     bool
	deaf       bool              // answers of the ledger are lost now and then
	mails      bool              // everybody gets a mail as well
	undone     map[string]undone // by campaign
	receivers  *receivers.Rules  // nil in some worlds: domains are not told apart
	waves      campaign.Waves
	often      int // messages that an address may get on a channel, of all campaigns; 0: any number
	domains    int // over how many domains the addresses are spread; 0: they are numbers
	timing     send.Timing
}

func newWorld(t *testing.T, seed uint64, path string, story io.Writer) *world {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0x6e6f74696679))
	w := &world{
		t: t, seed: seed, path: path, memory: ledgertest.NewLeasedMemory(), rng: rng, taken: make(map[message.Key]int), tries: make(map[message.Key]int), arrivals: make(map[string][]time.Time), atDomain: make(map[[2]string][]time.Time),
		start: time.Now(), people: 5 + rng.IntN(40), faults: []float64{0, 0.05, 0.3}[rng.IntN(3)],
		log: slog.New(slog.NewTextHandler(story, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	w.sleepy, w.deaf, w.mails, w.undone = rng.IntN(3) == 0, rng.IntN(3) == 0, rng.IntN(2) == 0, make(map[string]undone)
	w.names = []string{"one", "two"}[:1+rng.IntN(2)]
	if rules, err := receivers.Read(""); err != nil {
		t.Fatal(err)
	} else if rng.IntN(2) == 0 {
		w.receivers = rules
	}
	price := message.Money(45000)
	account := func() config.Account {
		return config.Account{
			Rate: []float64{0, 5, 50, 1000}[rng.IntN(4)], Concurrency: 1 + rng.IntN(8), Ahead: []int{0, 0, 1, 8}[rng.IntN(4)], Price: &price, Currency: "CNY",
			DailyQuota: []int64{0, 0, int64(5 + rng.IntN(60))}[rng.IntN(3)],
			DayBudget:  []message.Money{0, 0, price.Times(5 + rng.IntN(80))}[rng.IntN(3)],
			Scenarios: []map[string]config.Scenario{nil, nil, {config.Notice: {
				Rate: []float64{0, 3, 30}[rng.IntN(3)], DailyQuota: []int64{0, int64(5 + rng.IntN(60))}[rng.IntN(2)],
			}}}[rng.IntN(3)],
		}
	}
	paced := channel.Builtin().Of(message.SMS)
	paced.PaceKey = message.Address.Domain
	w.cfg = &config.Config{
		Environment: config.Production, Timezone: time.FixedZone("CST", 8*3600), Channels: channel.Set{paced, channel.Builtin().Of(message.Email)},
		Accounts: map[string]config.Account{"a": account(), "b": account(), "c": account()},
		Routes: map[message.Channel]config.Route{message.SMS: {
			Accounts: [][]config.Share{{{Account: "a", Weight: 1}}, {{Account: "a", Weight: 3}, {Account: "b", Weight: 1}}}[rng.IntN(2)],
			Failover: [][]string{nil, {"b"}}[rng.IntN(2)],
		}, message.Email: {Accounts: []config.Share{{Account: "c", Weight: 1}}}},
	}
	if w.domains = max(0, rng.IntN(9)-4); w.domains > 0 {
		for _, name := range []string{"a", "b"} {
			a := w.cfg.Accounts[name]
			a.DomainRate = map[string]float64{"d0.test": []float64{0.2, 3}[rng.IntN(2)], ledger.DefaultDomain: []float64{1, 20}[rng.IntN(2)]}
			w.cfg.Accounts[name] = a
		}
	}
	if rng.IntN(3) == 0 {
		w.waves = campaign.Waves{Sizes: []int{1 + rng.IntN(3), 1 + rng.IntN(9)}, Hold: time.Duration(rng.IntN(60)) * time.Second, Wait: rng.IntN(2) == 0}
		w.waves.StopWhen.Failed = []float64{0, 0.2}[rng.IntN(2)]
	}
	w.often = rng.IntN(6) / 2 // 0: as often as they are on lists
	if limit := (config.Frequency{Most: w.often, Days: 365}); w.often > 0 {
		w.cfg.Frequency = map[string]map[message.Channel]config.Frequency{config.Notice: {message.SMS: limit, message.Email: limit}}
	}
	w.timing = send.DefaultTiming()
	if rng.IntN(4) > 0 { // days that are waited for take a step each minute, not each second
		w.timing.Lease, w.timing.Look = 3*time.Minute, time.Minute
	}
	w.log.Info("world", "seed", seed, "timing", w.timing, "often", w.often, "people", w.people, "campaigns", w.names, "accounts", fmt.Sprintf("%+v", w.cfg.Accounts), "routes", fmt.Sprintf("%+v", w.cfg.Routes), "faults", w.faults, "waves", w.waves)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset).Round(0)
}

// open is what a process does first. The ledger is a file in some worlds, a schema on a server in a few, and otherwise the model that the conformance
// suite holds to be equal to them: thousands of worlds in memory, a part of them on disk.
func (w *world) open() (l ledger.Ledger) {
	var err error
	switch {
	case w.path == "":
		return w.memory.Open()
	case strings.HasPrefix(w.path, "postgres:"):
		l, err = postgres.Open(context.Background(), w.path, postgres.Options{CallersClock: true})
	default:
		l, err = sqlite.Open(context.Background(), w.path, sqlite.Options{NoFileLock: true, Now: w.now})
	}
	if err != nil {
		w.t.Fatalf("seed %d: %v", w.seed, err)
	}
	return l
}

// stage puts the campaigns into the ledger.
func (w *world) stage() {
	l := w.open()
	defer l.Close()
	for _, name := range w.names {
		spec := plan.Spec{
			Schema: plan.SpecSchema, Name: name, Class: config.Notice, Environment: config.Production, Columns: []string{"name"}, Waves: w.waves,
			Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{File: "t", Text: "Dear {{name}}, you won."}}},
		}
		if w.mails {
			mail := &campaign.Mail{From: "a@edm.example.test", Subject: "Award", TextFile: "t", Text: "Dear {{name}}"}
			spec.Texts = append(spec.Texts, campaign.Text{Channel: message.Email, Mail: mail})
		}
		b, err := spec.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = l.Stage(context.Background(), ledger.Staging{
			Campaign: name, Digest: "d", Spec: b, By: ledger.Act{Who: "sim", At: w.now()}, Recipients: w.recipients(name),
		})
		if err != nil {
			w.t.Fatalf("seed %d: %v", w.seed, err)
		}
	}
}

// recipients are those of a campaign. In some worlds they have domains, which an account paces on any channel.
func (w *world) recipients(name string) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for r, err := range people(name, w.people) {
			if w.domains > 0 {
				to := message.Address(fmt.Sprintf("e%s@d%d.test", r.Key, r.Row%w.domains))
				r.Messages[0].Address, r.Messages[0].Key = to, message.MakeKey(name, message.SMS, to, "")
			}
			if w.mails {
				to := message.Address("m" + r.Key + "@mail.test")
				r.Messages = append(r.Messages, ledger.NewMessage{
					Key: message.MakeKey(name, message.Email, to, ""), Channel: message.Email, Address: to, Segments: 1, Fingerprint: int64(r.Row),
				})
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func people(name string, n int) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for i := range n {
			to := message.Address(fmt.Sprintf("+86100%08d", i))
			ok := yield(ledger.Recipient{Row: i + 2, Key: fmt.Sprint(i), Fields: fmt.Appendf(nil, `["n%d"]`, i), Messages: []ledger.NewMessage{{
				Key: message.MakeKey(name, message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: int64(i),
			}}}, nil)
			if !ok {
				return
			}
		}
	}
}

// live runs processes until every campaign is finished. Each campaign has one to four processes that try all the time, as a
// timer that fires too often would, or to take part.
func (w *world) live() {
	w.stage()
	ctx, cancel := context.WithTimeout(context.Background(), 30*24*time.Hour)
	defer cancel()
	var wg sync.WaitGroup
	for _, name := range w.names {
		for range 1 + w.chance(4) {
			begin := w.span(time.Millisecond)
			wg.Go(func() {
				sleep(ctx, begin)
				w.operator(ctx, name)
			})
		}
	}
	if w.odds(0.3) {
		wg.Go(func() { w.clock(ctx) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		w.t.Errorf("seed %d: not finished after 30 days", w.seed)
	}
}

// clock puts the clock back or forward now and then, by minutes: by far more than the program allows for, and without hours in which the runs of a
// world only wait for the lease of one that died before.
func (w *world) clock(ctx context.Context) {
	for range 1 + w.chance(4) {
		sleep(ctx, w.span(20*time.Second))
		w.mu.Lock()
		w.offset += time.Duration(w.rng.IntN(1200)-600) * time.Second
		w.stepped = true
		w.log.Info("clock stepped", "offset", w.offset)
		w.mu.Unlock()
	}
}

// operator starts a process again and again until the campaign is finished.
func (w *world) operator(ctx context.Context, name string) {
	for leased := 0; ctx.Err() == nil; {
		before := w.putBack(name, undone{})
		res, err := w.process(ctx, name)
		w.log.Info("run ended", "campaign", name, "err", err, "pause", res.Pause)
		// What is left is looked at first: a person may put messages back at any time, also between two looks.
		if err == nil && res.Pause == nil && !w.finished(name) && w.putBack(name, undone{}) == before && before.begun == before.ended {
			w.t.Errorf("seed %d: a run of %s ended without a pause, and something is pending or open", w.seed, name)
		}
		w.person(name)
		if res.Pause != nil && res.Pause.Why == send.PauseOff {
			w.restore()
		}
		if w.odds(0.5) {
			w.resolve(name)
		}
		if err == nil && res.Pause == nil && w.finished(name) {
			return
		}
		wait := w.span(w.timing.Lease / 5)
		if errors.Is(err, ledger.ErrLeased) {
			leased++ // the other run may wait for days; try now and then
			wait <<= min(leased, 12)
		} else {
			leased = 0
		}
		if res.Pause != nil && !res.Pause.Until.IsZero() && w.odds(0.9) {
			wait += max(0, res.Pause.Until.Sub(w.now()))
		}
		sleep(ctx, wait)
	}
}

// resolve is a person who looks into the vendor's log and says of what is unknown whether it is there. That must be safe at
// any time: what an earlier run left can no longer leave once it counts as unknown.
func (w *world) resolve(name string) {
	l := w.open()
	defer l.Close()
	var rs []ledger.Resolution
	for r, err := range l.Messages(context.Background(), name, message.Unknown) {
		if err != nil {
			w.t.Fatal(err)
		}
		as := message.OutcomeUnsent
		w.mu.Lock()
		if w.taken[r.Key] > 0 {
			as = message.OutcomeAccepted
		}
		w.mu.Unlock()
		rs = append(rs, ledger.Resolution{Key: r.Key, As: as})
	}
	w.putBack(name, undone{begun: len(rs)})
	defer w.putBack(name, undone{ended: len(rs)})
	got, err := l.Resolve(context.Background(), name, rs, ledger.Act{Who: "sim", At: w.now()})
	w.log.Info("resolved", "campaign", name, "got", got, "err", err)
	if err != nil && !errors.Is(err, ledger.ErrLeased) && !errors.Is(err, ledger.ErrBusy) {
		w.t.Errorf("seed %d: resolve: %v", w.seed, err)
	}
}

// undone is how many messages of a campaign a person began to put back, and of how many that has ended, one way or the other.
type undone struct{ begun, ended int }

// putBack counts how often messages were put back, which a run that ended did not know.
func (w *world) putBack(name string, n undone) undone {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.undone[name]
	u.begun, u.ended = u.begun+n.begun, u.ended+n.ended
	w.undone[name] = u
	return u
}

// person pauses the campaign now and then, and lifts what stops it.
func (w *world) person(name string) {
	l := w.open()
	defer l.Close()
	by := ledger.Act{Who: "sim", What: "pause", At: w.now()}
	err := error(nil)
	if w.odds(0.05) {
		err = l.Pause(context.Background(), name, by)
	} else if w.odds(0.7) {
		err = l.Unpause(context.Background(), name, by)
	}
	if err != nil && !errors.Is(err, ledger.ErrBusy) {
		w.t.Errorf("seed %d: %v", w.seed, err)
	}
	if w.odds(0.2) {
		w.set(l)
	}
}

// restore is a person who reads why a run ended: all accounts are as configured again.
func (w *world) restore() {
	l := w.open()
	defer l.Close()
	given := -1
	for _, account := range []string{"a", "b", "c"} {
		s := ledger.AccountSetting{On: true, Weight: &given}
		if err := l.SetAccount(context.Background(), account, s, ledger.Act{Who: "sim", What: ledger.ActSet, At: w.now()}); err != nil && !errors.Is(err, ledger.ErrBusy) {
			w.t.Errorf("seed %d: %v", w.seed, err)
		}
	}
}

// set switches an account, gives it another weight, or closes its breaker, while others run. What is off is on again before long.
func (w *world) set(l ledger.Ledger) {
	account, weight, given := []string{"a", "b", "c"}[w.chance(3)], w.chance(4), -1
	back := ledger.AccountSetting{On: true, Weight: &given}
	s := []ledger.AccountSetting{back, back, back, {Off: true}, {Weight: &weight}, {CloseBreaker: true}}[w.chance(6)]
	err := l.SetAccount(context.Background(), account, s, ledger.Act{Who: "sim", What: ledger.ActSet, At: w.now()})
	w.log.Info("account set", "account", account, "setting", fmt.Sprintf("%+v", s), "weight", weight, "err", err)
	if err != nil && !errors.Is(err, ledger.ErrBusy) {
		w.t.Errorf("seed %d: %v", w.seed, err)
	}
}

func (w *world) finished(name string) bool {
	l := w.open()
	defer l.Close()
	c, err := l.Counts(context.Background(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.Done()
}

// process is one run, with a death at some step for some of them.
func (w *world) process(ctx context.Context, name string) (send.Result, error) {
	l := w.open()
	defer l.Close()
	life := &life{w: w, steps: -1}
	if w.odds(0.5) {
		life.steps = w.chance(60)
	}
	vs := make(map[string]vendors.Vendor)
	for _, a := range []string{"a", "b", "c"} {
		vs[a] = &simVendor{w: w, life: life, account: a}
	}
	soft, interrupt := context.WithCancel(ctx)
	defer interrupt()
	if w.odds(0.1) {
		after := w.span(2000 * time.Millisecond)
		timer := time.AfterFunc(after, interrupt)
		defer timer.Stop()
	}
	loop := &send.Loop{
		Ledger: &mortalRuns{Runs: l, life: life}, Reader: l, Campaign: name, Config: w.cfg, Vendors: vs, Now: w.now, Log: w.log,
		Host: "sim", User: "sim", PID: 1, Receivers: w.receivers, Timing: w.timing, Wait: w.path == "" && w.odds(0.05), Join: w.odds(0.6),
	}
	return loop.Run(soft)
}

func (w *world) chance(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rng.IntN(n)
}

// span is a time to wait, to the nanosecond: two goroutines hardly ever wake at the same instant, so that a seed tells the same
// story again.
func (w *world) span(most time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.rng.Int64N(int64(most)))
}

func (w *world) odds(p float64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rng.Float64() < p
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

var (
	errDead = errors.New("the process is dead")
	errDeaf = errors.New("the answer was lost")
)

// life counts the steps of a process down to its death. A dead process does nothing any more: no step has an effect.
type life struct {
	w     *world
	mu    sync.Mutex
	steps int
	dead  bool
}

// step is called before and after everything that has an effect outside the process. In some worlds the machine is
// suspended there for a while, and others go on.
func (l *life) step() bool {
	if l.w.sleepy && l.w.odds(0.05) {
		l.w.log.Info("machine suspended")
		time.Sleep(l.w.span(time.Minute))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return false
	}
	if l.steps == 0 {
		l.dead = true
		l.w.log.Info("process died")
		return false
	}
	l.steps--
	return true
}

// mortalRuns is a ledger that a dying process can use no more: it may die before a transaction, or after the commit and
// before it knows.
type mortalRuns struct {
	ledger.Runs
	life *life
}

func (m *mortalRuns) Acquire(ctx context.Context, a ledger.Acquire) (ledger.Acquired, error) {
	if !m.life.step() {
		return ledger.Acquired{}, errDead
	}
	got, err := m.Runs.Acquire(ctx, a)
	if !m.life.step() {
		return ledger.Acquired{}, errDead
	}
	return got, err
}

func (m *mortalRuns) Turn(ctx context.Context, t ledger.Turn) (ledger.Turned, error) {
	if !m.life.step() {
		return ledger.Turned{}, errDead
	}
	lost := m.life.w.deaf && m.life.w.odds(0.05)
	if lost && m.life.w.odds(0.5) {
		return ledger.Turned{}, errDeaf
	}
	got, err := m.Runs.Turn(ctx, t)
	if !m.life.step() {
		return ledger.Turned{}, errDead
	}
	if lost && err == nil {
		return ledger.Turned{}, errDeaf
	}
	return got, err
}

func (m *mortalRuns) Release(ctx context.Context, id ledger.RunID, now time.Time, why words.Text) error {
	if !m.life.step() {
		return errDead
	}
	return m.Runs.Release(ctx, id, now, why)
}

// simVendor is the vendor as one process sees it.
type simVendor struct {
	w       *world
	life    *life
	account string
}

func (v *simVendor) Close() error { return nil }

func (v *simVendor) Send(ctx context.Context, m message.Message) message.Outcome {
	w := v.w
	rng := w.fate(m.Key)
	span := func(most time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(most))) }
	sleep(ctx, span(30*time.Millisecond)) // connecting
	if !v.life.step() {
		return message.Outcome{}
	}
	if m.Late() {
		return message.GiveBack(message.BackDeadline)
	}
	takes, o := w.answer(v.account, rng)
	if takes {
		w.take(v.account, &m)
	}
	sleep(ctx, span(200*time.Millisecond))
	if !v.life.step() {
		return message.Outcome{}
	}
	return o
}

// fate is the chance of one attempt: it hangs on the world, the message and the number of the attempt, and not on which
// goroutine of equals came first.
func (w *world) fate(k message.Key) *rand.Rand {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries[k]++
	h := fnv.New64a()
	fmt.Fprint(h, k, w.tries[k])
	return rand.New(rand.NewPCG(w.seed, h.Sum64()))
}

// answer decides what the vendor does with a message, and what it says.
func (w *world) answer(account string, rng *rand.Rand) (takes bool, o message.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if account == "a" && w.refusing.After(time.Now()) {
		return false, message.Outcome{Kind: message.OutcomeRefused, Reason: message.ReasonBalance, Code: "BALANCE"}
	}
	if rng.Float64() >= w.faults {
		return true, message.Outcome{Kind: message.OutcomeAccepted, VendorID: "v"}
	}
	switch rng.IntN(12) {
	case 0, 1:
		return false, message.Outcome{Kind: message.OutcomeThrottled, Code: "429", RetryAfter: time.Duration(rng.IntN(3)) * time.Second}
	case 2, 3:
		return false, message.Outcome{Kind: message.OutcomeUnsent, Code: "refused"}
	case 4, 5:
		return false, message.Outcome{Kind: message.OutcomeRejected, Code: "NUMBER"}
	case 6:
		w.badUnknown++
		return true, message.Outcome{Kind: message.OutcomeUnknown, Code: "timeout"}
	case 7:
		w.badUnknown++
		return false, message.Outcome{Kind: message.OutcomeUnknown, Code: "timeout"}
	case 8:
		w.refusing = time.Now().Add(time.Duration(rng.IntN(20)) * time.Minute)
		return false, message.Outcome{Kind: message.OutcomeRefused, Reason: message.ReasonBalance, Code: "BALANCE"}
	}
	return true, message.Outcome{Kind: message.OutcomeAccepted}
}

func (w *world) take(account string, m *message.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken[m.Key]++
	w.arrivals[account] = append(w.arrivals[account], time.Now())
	at := [2]string{account, m.To.Domain()}
	w.atDomain[at] = append(w.atDomain[at], time.Now())
}

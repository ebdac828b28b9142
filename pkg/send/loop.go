package send

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/receivers"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// Loop is one run of a campaign. Fill in the exported fields, then call Run once.
type Loop struct {
	Ledger   ledger.Runs
	Reader   ledger.Reader
	Campaign string
	// Config says what the accounts may do and which zone the days are in.
	Config *config.Config
	// Vendors are the accounts on the campaign's routes, by name.
	Vendors map[string]vendors.Vendor
	Now     func() time.Time // wall clock
	Log     *slog.Logger
	// Meter is told what the run does; nil: nobody is.
	Meter Meter
	// Who is at work.
	Host, User string
	PID        int
	Process    time.Time // when the process began
	// Join takes part beside the runs that are alive.
	Join bool
	// Wait goes on waiting where the run would otherwise end because of a window, a quota or a budget of the day.
	Wait bool
	// Emergency lets accounts of the other class stand in, behind all others.
	Emergency bool
	// Receivers say what follows where a receiver of mail gets too much; nil: nothing is known. Lookup tells which domains are one
	// receiver; nil: each stands for itself.
	Receivers *receivers.Rules
	Lookup    receivers.Lookup
	// Timing; the zero value means DefaultTiming.
	Timing Timing
	// Policy is how accounts react; the zero value means flow.DefaultPolicy.
	Policy flow.Policy

	spec       plan.Spec
	texts      texts
	suppressed *suppressed
	run        ledger.RunID
	turns      *turns
	accounts   []string        // all that the run may use
	stop       context.Context // ends when the run is asked to stop
	progress   progress
	watch      *watch
	paused     atomic.Bool // a lane of this run has paused
	ordered    bool        // a lane looks at who claimed an address before
	goOn       int         // the wave, from 1, of which a person said by this run that it goes on

	lost     chan struct{} // closed when the lease is lost: nothing more may leave
	loseOnce sync.Once
}

// Timing is how long the loop waits for what.
type Timing struct {
	Lease    time.Duration // how long the lease lasts without a sign of life
	Hold     time.Duration // how long after its time a claimed message may still begin to leave
	Ahead    time.Duration // how far ahead places under the rate are taken
	Patience time.Duration // how long a vendor may be down before the run pauses
	Settle   time.Duration // how long outcomes are kept for a ledger that cannot be written
	Look     time.Duration // how often a run that waits looks at the ledger: what a person sets, and what another run has open, counts within it
}

// DefaultTiming suits vendors that answer within seconds.
func DefaultTiming() Timing {
	return Timing{
		Lease: 15 * time.Second, Hold: 10 * time.Second, Ahead: 250 * time.Millisecond, Patience: 2 * time.Minute,
		Settle: 20 * time.Second, Look: 700 * time.Millisecond, // what a person sets counts within a second
	}
}

// ErrEnvironment says that installation, account and campaign do not belong together. Preflight says so first; the loop looks
// again, because a ledger can be copied and a campaign be resumed elsewhere.
var ErrEnvironment = errors.New("another environment")

func otherEnvironment(id string, args words.A) error {
	return &words.Error{Text: words.T(id, args), Err: ErrEnvironment}
}

// MaxAttempts is how often a message is tried that is definitely not accepted each time; then it counts as rejected.
const MaxAttempts = 25

// Result is what came of a run.
type Result struct {
	// Pause is nil where the campaign is done: the ledger counts nothing as pending or open, and no other run holds anything.
	Pause   *Pause
	Aborted *ledger.Act
	// Orphans is how many attempts of earlier runs had no outcome and became unknown.
	Orphans int
	// Unrecorded are outcomes that could not be written: in the ledger these messages are, or will be, unknown.
	Unrecorded int
	// Sent is how many messages this run handed over.
	Sent int
}

// pace is all rates by domain in words.
func (l *Loop) pace() string {
	rates := make(map[string]map[string]float64)
	for name, a := range l.Config.Accounts {
		if len(a.DomainRate) > 0 {
			rates[name] = a.DomainRate
		}
	}
	return fmt.Sprint(rates) // in the order of the names
}

// Run takes the lease and sends until nothing is left, or a reason to pause. When ctx ends it stops claiming, finishes what
// is under way, records it, and returns a Pause. The error is a *ledger.LeasedError, ledger.ErrLeaseLost, or a failure of
// the ledger; messages that had not begun to leave are pending all the same, or become unknown at the next run. Where others take part,
// it ends with them: a run that finds nothing more to claim waits for what they hold.
func (l *Loop) Run(ctx context.Context) (Result, error) {
	if l.Timing == (Timing{}) {
		l.Timing = DefaultTiming()
	}
	got, err := l.Ledger.Acquire(ctx, ledger.Acquire{
		Campaign: l.Campaign, Host: l.Host, PID: l.PID, Process: l.Process, User: l.User, Now: l.Now(), Extend: l.Timing.Lease,
		Rates: l.pace(), Join: l.Join,
	})
	if err != nil {
		return Result{}, err
	}
	l.Log.Info("the run begins", "campaign", l.Campaign, "run", got.Run.ID, "joined", l.Join, "orphans", got.Orphans, "host", l.Host, "user", l.User)
	l.run, l.lost, l.turns, l.stop = got.Run.ID, make(chan struct{}), &turns{loop: l}, ctx
	// From here on the ledger is written even when ctx has ended: what left must be recorded.
	work := context.WithoutCancel(ctx)
	res, err := l.send(ctx, work, got)
	l.turns.end()
	res.Orphans = got.Orphans
	if err == nil {
		err = l.left(work, &res)
	}
	why := words.T("run.why.done", nil)
	switch {
	case err != nil:
		why = words.T("run.why.error", words.A{"cause": words.Cause(err)})
	case res.Aborted != nil:
		why = words.T("run.why.aborted", nil)
	case res.Pause != nil:
		why = res.Pause.Detail
	}
	l.Log.Info("the run ends", "campaign", l.Campaign, "run", l.run, "sent", res.Sent, "unrecorded", res.Unrecorded, "why", why.String())
	if !errors.Is(err, ledger.ErrLeaseLost) {
		if rel := l.release(work, err, why); rel != nil && err == nil {
			err = words.Wrap(rel, "send.error.release", nil)
		}
	}
	if err == nil {
		l.gather(ctx)
	}
	return res, err
}

// gather puts in order by which what was sent is found. Nothing hangs on it: whoever is next goes on with it.
func (l *Loop) gather(ctx context.Context) {
	if err := l.Ledger.Gather(ctx); err != nil && ctx.Err() == nil {
		words.LogError(l.Log, slog.LevelWarn, words.Wrap(err, "log.gather", nil))
	}
}

// release ends the run. A ledger that was waited for is not waited for once more: the lock and the lease tell that the run is over, too.
func (l *Loop) release(work context.Context, err error, why words.Text) error {
	if errors.Is(err, ledger.ErrBusy) {
		var end context.CancelFunc
		work, end = context.WithTimeout(work, time.Second)
		defer end()
	}
	return l.Ledger.Release(work, l.run, l.Now(), why)
}

// left looks whether a run that has no reason to end has nothing to do, either: that is for the ledger's counts to say.
func (l *Loop) left(work context.Context, res *Result) error {
	if res.Pause != nil || res.Aborted != nil {
		return nil
	}
	counts, err := l.Reader.Counts(work, l.Campaign)
	if err == nil && !counts.Done() {
		res.Pause = &Pause{Why: PauseLeft, Detail: words.T("send.left", words.A{
			"pending": counts.Of(message.Pending), "open": counts.Of(message.Attempting),
		})}
	}
	return err
}

func (l *Loop) send(ctx, work context.Context, got ledger.Acquired) (Result, error) {
	var err error
	if l.spec, err = plan.DecodeSpec(got.Campaign.Spec); err != nil {
		return Result{}, err
	}
	if err := l.fits(); err != nil {
		return Result{}, err
	}
	if l.texts, err = newTexts(&l.spec); err != nil {
		return Result{}, err
	}
	if l.suppressed, err = newSuppressed(work, l.Reader); err != nil {
		return Result{}, err
	}
	counts, err := l.Reader.Counts(work, l.Campaign)
	if err != nil {
		return Result{}, err
	}
	known, err := l.Reader.Accounts(work)
	if err != nil {
		return Result{}, err
	}
	if err := l.askedWave(work); err != nil {
		return Result{}, err
	}
	l.progress.start(counts, l.Now())
	l.watch = newWatch(l.spec.StopWhen)
	var lanes []*lane
	for _, ch := range l.spec.Channels() {
		ln, err := l.newLane(work, ch, known)
		if err != nil {
			return Result{}, err
		}
		lanes = append(lanes, ln)
		l.accounts = append(l.accounts, slices.Sorted(maps.Keys(ln.accounts))...)
	}
	return l.drive(ctx, work, lanes)
}

// fits refuses a campaign that this installation cannot send as it was frozen.
func (l *Loop) fits() error {
	if e := l.spec.Environment; e != "" && e != l.Config.Environment {
		return otherEnvironment("send.error.environment", words.A{
			"campaign": l.Campaign, "of": words.Of("environment", e), "here": words.Of("environment", l.Config.Environment),
		})
	}
	for _, ch := range l.spec.Channels() {
		if mail := l.spec.Texts.Mail(ch); mail != nil && mail.OneClick && !l.Config.Unsubscribe.Set() {
			return words.Err("unsubscribe.not-configured", nil).Do("unsubscribe.configure", nil)
		}
	}
	return nil
}

// askedWave takes it that who starts a run goes on with the wave that a person was asked about.
func (l *Loop) askedWave(ctx context.Context) error {
	if len(l.spec.Waves.Sizes) == 0 || l.Join {
		return nil
	}
	w, err := l.Reader.Wave(ctx, l.Campaign)
	if err == nil && w.Asked {
		l.goOn = w.Number + 1
	}
	return err
}

// drive runs the lanes side by side. A lane that fails stops the others.
func (l *Loop) drive(ctx, work context.Context, lanes []*lane) (Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ends := make([]laneEnd, len(lanes))
	var wg sync.WaitGroup
	for i, ln := range lanes {
		wg.Go(func() {
			ends[i] = ln.drive(ctx, work)
			if ends[i].pause != nil {
				l.paused.Store(true)
			}
			if e := ends[i]; e.err != nil || e.pause != nil && e.pause.Why == PauseStopWhen {
				stop(errSibling)
			}
		})
	}
	wg.Wait()
	var res Result
	var errs []error
	for _, e := range ends {
		res.Unrecorded += e.unrecorded
		res.Sent += e.sent
		if e.aborted != nil {
			res.Aborted = e.aborted
		}
		errs = append(errs, e.err)
		if e.pause != nil && (res.Pause == nil || res.Pause.Why == pauseSibling) {
			res.Pause = e.pause
		}
	}
	return res, errors.Join(errs...)
}

// errSibling stops a lane because another one ended the run.
var errSibling = errors.New("the other channel ended the run")

// lose says that nothing more may leave.
func (l *Loop) lose() { l.loseOnce.Do(func() { close(l.lost) }) }

func (l *Loop) isLost() bool {
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}

// route builds a channel's accounts from the configuration and what the ledger knows of them.
func (l *Loop) route(ch message.Channel, known []ledger.AccountState) (*flow.Route, error) {
	cfg := plan.RouteFor(l.Config, ch, l.spec.Class, l.Emergency)
	byName := make(map[string]*flow.Account)
	for _, n := range plan.RouteAccounts(cfg) {
		a, err := l.account(n, ch, known)
		if err != nil {
			return nil, err
		}
		byName[n] = a
	}
	if all := plan.RouteAccounts(l.Config.Routes[ch]); len(byName) == 0 && len(all) > 0 {
		return nil, words.Err("send.error.class", words.A{
			"account": all[0], "of": words.Of("class", l.Config.Accounts[all[0]].Class), "campaign": l.Campaign, "is": words.Of("class", l.spec.Class),
		}).Do("send.do.class", nil)
	}
	if len(byName) == 0 {
		return nil, words.Err("send.error.no-account", words.A{"channel": words.Of("channel", ch)})
	}
	r := &flow.Route{}
	for _, s := range cfg.Accounts {
		r.Add(byName[s.Account], s.Weight)
	}
	for _, n := range cfg.Failover {
		if !slices.ContainsFunc(cfg.Accounts, func(s config.Share) bool { return s.Account == n }) {
			r.Add(byName[n], 0) // a person may give it a share
		}
		r.AddFailover(byName[n])
	}
	for _, s := range known {
		r.Weigh(s.Account, s.Weight)
	}
	return r, nil
}

// account is an account that this campaign may use, with its limits and what the ledger knows of it.
func (l *Loop) account(name string, ch message.Channel, known []ledger.AccountState) (*flow.Account, error) {
	c, ok := l.Config.Accounts[name]
	switch {
	case !ok || l.Vendors[name] == nil:
		return nil, words.Err("send.error.not-configured", words.A{"account": name, "channel": words.Of("channel", ch)})
	case c.Environment != "" && c.Environment != l.Config.Environment:
		return nil, otherEnvironment("send.error.account-environment", words.A{
			"account": name, "of": words.Of("environment", c.Environment), "here": words.Of("environment", l.Config.Environment),
		})
	}
	atOnce, slack := flow.SplitBurst(c.Rate, c.Burst)
	limits := ledger.Limits{
		Account: name, Rate: c.Rate, AtOnce: atOnce, Concurrency: max(1, c.Concurrency) + c.Ahead, DomainRate: c.DomainRate, DomainQuota: c.DomainQuota, DailyQuota: c.DailyQuota, DayBudget: c.DayBudget,
		MonthBudget: c.MonthBudget, CampaignBudget: l.spec.Budget, Currency: c.Currency,
	}
	limits.Price, limits.PriceOf = c.Debits(l.Config.Channels.Of(ch))
	if s, ok := c.Scenarios[l.spec.Class]; ok {
		limits.Scenario = &ledger.Scenario{Name: l.spec.Class, Rate: s.Rate, DailyQuota: s.DailyQuota}
		limits.Scenario.AtOnce, _ = flow.SplitBurst(s.Rate, 0)
	}
	if c.Ramp != nil {
		limits.Ramp = &ledger.Ramp{Sender: l.spec.Sender(ch), Start: c.Ramp.Start, Factor: c.Ramp.Factor}
	}
	var state ledger.AccountState
	if i := slices.IndexFunc(known, func(s ledger.AccountState) bool { return s.Account == name }); i >= 0 {
		state = known[i]
	}
	return flow.NewAccount(limits, c.Concurrency, c.Ahead, slack, l.Policy, state, l.Now()), nil
}

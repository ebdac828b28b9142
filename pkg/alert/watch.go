package alert

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/words"
)

const (
	lookEvery = 15 * time.Second
	// askEvery is how often vendors are asked for their balances.
	askEvery = 10 * time.Minute
	// lastChance is how long the end of a run is held up for telling it.
	lastChance = 10 * time.Second
	// atOnce is how many notices one message can be made of.
	atOnce = 20_000
	// maxBackOff is the longest time for which a target that does not take anything is left alone.
	maxBackOff = 10 * time.Minute
)

// Ledger is what a watch needs of the ledger.
type Ledger interface {
	Source
	ledger.Alerts
}

// Watch looks and tells, again and again, beside whatever else the process does: it never holds that up.
type Watch struct {
	Ledger Ledger
	Config *config.Config
	Host   string
	Now    func() time.Time
	Log    *slog.Logger
	// Balances asks the vendors of accounts with a low_balance: which have less, and of which nothing could be learned. nil asks nobody.
	Balances func(ctx context.Context) (low []Balance, unsure []string)
	// Every is the time between two looks; 0: 15 s.
	Every time.Duration
	// Each is given every notice that this process makes; it may be nil.
	Each func(ledger.Notice)

	lookout *lookout
	asked   time.Time
	low     []Balance
	unsure  []string
}

// Run looks and tells until ctx ends, and then once more, so that the end is told, too.
func (w *Watch) Run(ctx context.Context) {
	every := w.Every
	if every <= 0 {
		every = lookEvery
	}
	var trouble words.Trouble
	for ctx.Err() == nil {
		err := w.Once(ctx)
		switch {
		case ctx.Err() != nil:
		case err == nil && trouble.Over():
			words.Log(w.Log, slog.LevelWarn, words.T("log.alerts-again", nil))
		case err != nil && trouble.New(err):
			words.LogError(w.Log, slog.LevelWarn, words.Wrap(err, "log.alerts", nil))
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}

// Last looks and tells once more, for a short time only: what is not told now is told by the next process that looks.
func (w *Watch) Last(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastChance)
	defer cancel()
	if err := w.Whole(ctx); err != nil {
		words.LogError(w.Log, slog.LevelWarn, words.Wrap(err, "log.alerts", nil))
	}
}

// Whole is Once of a process that ends then: a target that was told something a moment ago is told the rest as soon as it takes more.
func (w *Watch) Whole(ctx context.Context) error {
	err := w.Once(ctx)
	wait, waits := w.untilFree(ctx)
	if err != nil || waits != nil || wait == 0 {
		return errors.Join(err, waits)
	}
	select {
	case <-ctx.Done():
		return nil // the next process that looks tells it
	case <-time.After(wait):
		return w.deliver(ctx)
	}
}

// untilFree is how long it takes until the targets take more that were told something a moment ago, and have something to be told; 0 for none.
func (w *Watch) untilFree(ctx context.Context) (time.Duration, error) {
	targets, err := w.Ledger.Targets(ctx)
	if err != nil {
		return 0, err
	}
	wait := time.Duration(0)
	for _, t := range w.Config.Alerts {
		for i := range targets {
			at := &targets[i]
			if at.Name != t.Name || at.Tries > 0 || at.Free(w.Now()) {
				continue
			}
			notices, err := w.Ledger.Notices(ctx, at.Reached, atOnce)
			if err != nil {
				return 0, err
			}
			if slices.ContainsFunc(notices, func(n ledger.Notice) bool { return n.Severity.Least(ledger.Severity(t.Severity)) }) {
				wait = max(wait, at.NotBefore.Sub(w.Now()))
			}
		}
	}
	return wait, nil
}

// Once looks, keeps what is new, and tells every target what it was not told yet and may be told now. The error is that of the ledger,
// or of the targets that could not be told: what they were not told is kept, and told later.
func (w *Watch) Once(ctx context.Context) error {
	if w.lookout == nil {
		w.lookout = &lookout{source: w.Ledger, cfg: w.Config}
		if w.Balances != nil {
			w.lookout.balances = w.balances
		}
	}
	look, err := w.lookout.look(ctx, w.Now())
	if err != nil {
		return err
	}
	notices, err := w.Ledger.Raise(ctx, look)
	if err != nil {
		return err
	}
	for _, n := range notices {
		if w.Each != nil {
			w.Each(n)
		}
	}
	return w.deliver(ctx)
}

// balances are what the vendors said not long ago.
func (w *Watch) balances(ctx context.Context) (low []Balance, unsure []string) {
	if now := w.Now(); w.asked.IsZero() || now.Sub(w.asked) >= askEvery || w.asked.After(now) {
		w.low, w.unsure = w.Balances(ctx)
		w.asked = now
	}
	return w.low, w.unsure
}

// deliver tells every target side by side: one that does not answer holds up no other.
func (w *Watch) deliver(ctx context.Context) error {
	errs := make(chan error, len(w.Config.Alerts))
	for _, t := range w.Config.Alerts {
		go func() { errs <- w.tellOne(ctx, t) }()
	}
	var all error
	for range w.Config.Alerts {
		all = errors.Join(all, <-errs)
	}
	return all
}

// tellOne tells a target what is new for it. Nothing new costs nothing but a read.
func (w *Watch) tellOne(ctx context.Context, t config.AlertTarget) error {
	if next, err := w.next(ctx, t); err != nil || !next {
		return err
	}
	now := w.Now()
	at, took, err := w.Ledger.TakeTarget(ctx, t.Name, now, now.Add(2*tellTimeout))
	if err != nil || !took {
		return err
	}
	notices, err := w.Ledger.Notices(ctx, at.Reached, atOnce)
	if err != nil || len(notices) == 0 {
		at.NotBefore = now
		return errors.Join(err, w.Ledger.PutTarget(ctx, at))
	}
	var mine []ledger.Notice
	for _, n := range notices {
		if n.Severity.Least(ledger.Severity(t.Severity)) {
			mine = append(mine, n)
		}
	}
	if len(mine) > 0 {
		d := write(printer(w.Config, t), w.Config.Environment, w.Host, mine, robots()[t.Kind].most)
		err = tell(ctx, t, d, mine, now)
	}
	if err != nil {
		at.Tries++
		at.NotBefore = now.Add(backOff(at.Tries))
		at.Error = words.Cause(err)
		err = words.Wrap(err, "alert.error.target", words.A{"target": t.Name})
	} else {
		at.Reached, at.Tries, at.Error = notices[len(notices)-1].ID, 0, words.Text{}
		at.NotBefore = now.Add(robots()[t.Kind].gap)
		if len(mine) > 0 {
			at.Told = now
		}
	}
	return errors.Join(err, w.Ledger.PutTarget(context.WithoutCancel(ctx), at))
}

// next reports whether there may be something for the target.
func (w *Watch) next(ctx context.Context, t config.AlertTarget) (bool, error) {
	targets, err := w.Ledger.Targets(ctx)
	if err != nil {
		return false, err
	}
	reached := int64(0)
	for _, known := range targets {
		if known.Name == t.Name {
			if !known.Free(w.Now()) {
				return false, nil
			}
			reached = known.Reached
		}
	}
	notices, err := w.Ledger.Notices(ctx, reached, 1)
	return len(notices) > 0, err
}

// backOff is for how long a target is left alone after so many failures: half a minute, and twice as long each time.
func backOff(tries int) time.Duration {
	return min(maxBackOff, 30*time.Second<<min(tries-1, 6))
}

// Test tells a target that this is a test. Nothing of it is kept.
func Test(ctx context.Context, cfg *config.Config, t config.AlertTarget, host string, now time.Time) error {
	n := ledger.Notice{At: now, Change: ledger.Began, Since: now, Condition: ledger.Condition{
		Kind: "test", Severity: ledger.Severity(t.Severity), Said: words.T("alert.test", nil), Next: "notify status",
	}}
	notices := []ledger.Notice{n}
	return tell(ctx, t, write(printer(cfg, t), cfg.Environment, host, notices, robots()[t.Kind].most), notices, now)
}

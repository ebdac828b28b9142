package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/report"
)

const (
	// patience is how long somebody who asks waits for the ledger; then the figures are those of before.
	patience = time.Second
	// fresh is how old figures may be that are told without a look: a flood of questions is one look.
	fresh = time.Second
	// readFor is how long one look may take.
	readFor = 30 * time.Second
	// balanceEvery is how often vendors are asked for their balances.
	balanceEvery = 10 * time.Minute
	// shownFor is how long after its end a campaign is told; most is how many campaigns are, the newest first.
	shownFor = 24 * time.Hour
	most     = 100
	// restEvery is in which look campaigns that were at rest are looked at again.
	restEvery = 20
)

// Source is what is read of the ledger.
type Source interface {
	ledger.Reader
	ledger.Watcher
	report.StatusSource
	report.ReceiptSource
	Alerts(ctx context.Context) ([]ledger.Alert, error)
	Due(ctx context.Context, now time.Time, most int) ([]ledger.Receipt, error)
}

// Reading says what is to be read, and who asks the vendors.
type Reading struct {
	Source Source
	Config *config.Config
	// Campaign is the one that is told; empty: all that are under way or ended lately.
	Campaign string
	// Accounts are those that are told.
	Accounts []string
	// Ask puts into the lines what the vendors say; nil asks nobody.
	Ask func(ctx context.Context, lines []report.AccountStatus)
}

// figures are what one look found.
type figures struct {
	at        time.Time
	campaigns []report.Status
	deadlines map[string]time.Time
	accounts  []report.AccountStatus
	inboxes   []ledger.Inbox
	lag       time.Duration
	alerts    []ledger.Alert
}

// balances are what the vendors last said, by account.
type balances struct {
	at   time.Time
	live map[string]*report.Live
}

// books are the figures that stand on the ledger.
type books struct {
	ctx context.Context // looks outlive the question that they answer
	now func() time.Time
	log *slog.Logger
	d   *descriptions

	mu      sync.Mutex
	of      *Reading
	last    figures
	told    balances
	looking chan struct{} // closed at the end of the look under way; nil: none is
	wait    time.Duration // how long who asks waits for it
	errors  float64

	// Of whoever looks.
	n       int
	resting map[string]time.Time // campaigns that ended long ago, and when they were staged
}

func newBooks(ctx context.Context, now func() time.Time, log *slog.Logger) *books {
	return &books{ctx: ctx, now: now, log: log, d: describe(), wait: patience, resting: make(map[string]time.Time)}
}

// Read says what is to be read from now on, and asks the vendors for their balances, now and then, until the set's context ends.
func (s *Set) Read(r Reading) {
	s.accounts(r.Accounts)
	b := s.books
	b.mu.Lock()
	b.of = &r
	b.mu.Unlock()
	if r.Ask != nil {
		go b.ask(&r)
	}
}

// ask keeps what the vendors say.
func (b *books) ask(r *Reading) {
	for {
		lines := make([]report.AccountStatus, 0, len(r.Accounts))
		for _, name := range r.Accounts {
			lines = append(lines, report.AccountStatus{Account: name})
		}
		r.Ask(b.ctx, lines)
		told := balances{at: b.now(), live: make(map[string]*report.Live)}
		for _, l := range lines {
			told.live[l.Account] = l.Live
		}
		b.mu.Lock()
		b.told = told
		b.mu.Unlock()
		select {
		case <-b.ctx.Done():
			return
		case <-time.After(balanceEvery):
		}
	}
}

// latest are the figures of a look of now, or of the last one that was answered in time.
func (b *books) latest() (figures, balances, float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if since := b.now().Sub(b.last.at); b.of != nil && (since < 0 || since >= fresh) {
		if b.looking == nil {
			b.looking = make(chan struct{})
			go b.look(*b.of, b.looking)
		}
		done, wait := b.looking, b.wait
		b.mu.Unlock()
		t := time.NewTimer(wait)
		select {
		case <-done:
		case <-t.C:
		}
		t.Stop()
		b.mu.Lock()
	}
	return b.last, b.told, b.errors
}

// forget has the next question answered by a look that begins now, however long that takes: it is the last one.
func (b *books) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if done := b.looking; done != nil {
		b.mu.Unlock()
		<-done
		b.mu.Lock()
	}
	b.last.at, b.wait = b.last.at.Add(-fresh), readFor
}

// look reads the ledger once.
func (b *books) look(r Reading, done chan struct{}) {
	defer close(done)
	ctx, cancel := context.WithTimeout(b.ctx, readFor)
	defer cancel()
	f, err := b.read(ctx, &r)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looking = nil
	if err != nil {
		b.errors++
		b.log.Debug("the ledger was not read for the metrics", "error", err)
		return
	}
	b.last = f
}

func (b *books) read(ctx context.Context, r *Reading) (f figures, err error) {
	f = figures{at: b.now(), deadlines: make(map[string]time.Time)}
	if f.accounts, err = report.Accounts(ctx, r.Source, r.Config, f.at); err != nil {
		return f, err
	}
	if f.inboxes, err = r.Source.Inboxes(ctx); err != nil {
		return f, err
	}
	due, err := r.Source.Due(ctx, f.at, 1)
	if err != nil {
		return f, err
	}
	for i := range due {
		f.lag = max(0, f.at.Sub(ledger.Latest(due[i].At, due[i].Due)))
	}
	if f.alerts, err = r.Source.Alerts(ctx); err != nil {
		return f, err
	}
	return f, b.readCampaigns(ctx, r, &f)
}

// readCampaigns reads how far campaigns are: each as it stands at one moment.
func (b *books) readCampaigns(ctx context.Context, r *Reading, f *figures) error {
	b.n++
	staged, err := r.Source.Campaigns(ctx)
	if err != nil {
		return err
	}
	for i := range staged {
		c := &staged[i]
		if r.Campaign != "" && c.Name != r.Campaign || len(f.campaigns) == most || b.rests(c) {
			continue
		}
		ss, err := report.States(ctx, r.Source, c.Name, report.PricesOf(r.Config), f.at)
		if err != nil {
			return err
		}
		runs, err := r.Source.AtWork(ctx, c.Name, f.at)
		if err != nil {
			return err
		}
		ss[0].Running = report.Working(runs)
		if r.Campaign == "" && old(&ss[0], f.at) {
			b.resting[c.Name] = c.Staged
			continue
		}
		delete(b.resting, c.Name)
		f.campaigns = append(f.campaigns, ss[0])
		if spec, err := plan.DecodeSpec(c.Spec); err == nil && !spec.Deadline.IsZero() {
			f.deadlines[c.Name] = spec.Deadline
		}
	}
	return report.Told(ctx, r.Source, f.campaigns)
}

// rests reports that a campaign had ended long ago when it was last looked at, and that there is no reason to look again.
func (b *books) rests(c *ledger.Campaign) bool {
	at, rests := b.resting[c.Name]
	return rests && at.Equal(c.Staged) && len(c.Holders) == 0 && b.n%restEvery != 0
}

// old reports that nothing happens any more.
func old(s *report.Status, now time.Time) bool {
	if w := s.Word(); w != "finished" && w != "aborted" {
		return false
	}
	return s.Last == nil || now.Sub(s.Last.Beat) > shownFor
}

// Describe is of prometheus.Collector.
func (b *books) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range b.d.all() {
		ch <- d
	}
}

// Collect is of prometheus.Collector.
func (b *books) Collect(ch chan<- prometheus.Metric) {
	f, told, errors := b.latest()
	t := teller{d: b.d, ch: ch, now: b.now()}
	t.counter(t.d.readErrors, errors)
	if f.at.IsZero() {
		return
	}
	b.mu.Lock()
	of := *b.of
	b.mu.Unlock()
	t.time(t.d.read, f.at)
	t.campaigns(&f)
	t.accounts(&f, &of, &told)
	t.receipts(&f, &of)
	t.alerts(&f)
}

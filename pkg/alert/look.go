// Package alert owns the question who must be told now: it looks at the ledger for what somebody should know, and tells it to the
// targets of the installation, in digests and at each target's pace. What was told is kept on the ledger, so that every process may
// look, one tells, and a run that is started again repeats nothing.
package alert

import (
	"context"
	"slices"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/report"
	"notify/pkg/words"
)

// The kinds of conditions.
const (
	KindDied     = "died"        // a run ended without a word
	KindStopped  = "stopped"     // a run ended before the end of its campaign
	KindPaused   = "paused"      // by a person
	KindUnknown  = "unknown"     // more is unknown than there should be
	KindDeadline = "deadline"    // it will not be done in time, or was not
	KindBreaker  = "breaker"     // an account is left alone
	KindBalance  = "low-balance" // an account has less than its low_balance
	KindReceipts = "receipts"    // an account's receipts stopped coming
	KindRefused  = "refused"     // what came as its receipts was not
	KindFinished = "finished"
)

// Kinds are all of them.
func Kinds() []string {
	return []string{KindDied, KindStopped, KindPaused, KindUnknown, KindDeadline, KindBreaker, KindBalance, KindReceipts, KindRefused, KindFinished}
}

const (
	// unknownShare is the share of unknown messages that is told where the campaign has no limit of its own.
	unknownShare = 0.01
	// finishedFor is how long after its end a campaign is told as finished.
	finishedFor = 24 * time.Hour
	// restEvery is in which look campaigns that were at rest are looked at again.
	restEvery = 20
	// rateOver is how long the rate is taken over by which the end is foretold.
	rateOver = time.Minute

	// silentFor is how long nothing may come from an account that is in use, where something came before; refusedFor is how long it is told
	// that something was refused.
	silentFor  = time.Hour
	refusedFor = time.Hour

	againCritical = time.Hour
	againWarning  = 4 * time.Hour
)

// Source is what a look reads.
type Source interface {
	report.StatusSource
	ledger.Watcher
	Accounts(ctx context.Context) ([]ledger.AccountState, error)
	Inboxes(ctx context.Context) ([]ledger.Inbox, error)
}

// Balance is what is left on an account.
type Balance struct {
	Account string
	Left    message.Money // packages at their price among it
	// Packages is what it has in packages; nil where it has none.
	Packages *int64
}

// lookout looks again and again.
type lookout struct {
	source Source
	cfg    *config.Config
	// balances asks the vendors of those accounts that have a low_balance; nil asks nobody.
	balances func(ctx context.Context) (low []Balance, unsure []string)

	n       int
	resting map[string]time.Time // finished campaigns, and when they were staged
	before  map[string]mark
	busy    map[string]bool // accounts that took something of a campaign that runs, or ran within silentFor
	refused map[string]refusals
}

// refusals are how many receipts of an account were refused, and when that last became more.
type refusals struct {
	n    int64
	more time.Time
}

// mark is how far a campaign was, and when it seemed to be done at the rate until then.
type mark struct {
	at   time.Time
	left int
	done time.Time
}

// look finds everything that holds at now.
func (l *lookout) look(ctx context.Context, now time.Time) (ledger.Look, error) {
	look := ledger.Look{At: now, Kinds: Kinds()}
	campaigns, err := l.source.Campaigns(ctx)
	if err != nil {
		return look, err
	}
	l.n++
	l.busy = make(map[string]bool)
	for _, c := range campaigns {
		if at, rests := l.resting[c.Name]; rests && at.Equal(c.Staged) && len(c.Holders) == 0 && l.n%restEvery != 0 {
			look.Unsure = append(look.Unsure, ofCampaign(c.Name)...)
			continue
		}
		holds, err := l.campaign(ctx, c.Name, now)
		if err != nil {
			return look, err
		}
		look.Holds = append(look.Holds, holds...)
	}
	accounts, err := l.source.Accounts(ctx)
	if err != nil {
		return look, err
	}
	for _, a := range accounts {
		if a.OpenUntil.IsZero() || a.SteppedBack(now) {
			continue
		}
		look.Holds = append(look.Holds, ledger.Condition{
			Kind: KindBreaker, About: a.Account, Severity: ledger.SeverityWarning, Again: againWarning, Next: "notify accounts --live",
			Said: words.T("alert.breaker", words.A{"account": a.Account, "until": a.OpenUntil, "why": a.Reason}),
		})
	}
	l.money(ctx, &look)
	return look, l.receipts(ctx, &look)
}

// receipts looks whether they still come, and whether what comes is what it says.
func (l *lookout) receipts(ctx context.Context, look *ledger.Look) error {
	inboxes, err := l.source.Inboxes(ctx)
	if l.refused == nil {
		l.refused = make(map[string]refusals)
	}
	for _, in := range inboxes {
		if in.Receipts > 0 && l.busy[in.Account] && look.At.Sub(in.Last) > silentFor {
			look.Holds = append(look.Holds, ledger.Condition{
				Kind: KindReceipts, About: in.Account, Severity: ledger.SeverityWarning, Again: againWarning, Next: "notify receipts list",
				Said: words.T("alert.receipts", words.A{"account": in.Account, "last": in.Last}),
			})
		}
		was, known := l.refused[in.Account]
		if known && in.Refused > was.n {
			was.more = look.At
		}
		was.n = in.Refused
		l.refused[in.Account] = was
		switch {
		case !known:
			look.Unsure = append(look.Unsure, ledger.Condition{Kind: KindRefused, About: in.Account})
		case !was.more.IsZero() && look.At.Sub(was.more) < refusedFor:
			look.Holds = append(look.Holds, ledger.Condition{
				Kind: KindRefused, About: in.Account, Severity: ledger.SeverityWarning, Next: "notify receipts list", Passing: true,
				Said: words.T("alert.refused", words.A{"account": in.Account, "n": in.Refused}),
			})
		}
	}
	return err
}

// ofCampaign are the conditions that a campaign can be in.
func ofCampaign(name string) []ledger.Condition {
	var out []ledger.Condition
	for _, kind := range []string{KindDied, KindStopped, KindPaused, KindUnknown, KindDeadline, KindFinished} {
		out = append(out, ledger.Condition{Kind: kind, About: name})
	}
	return out
}

func (l *lookout) money(ctx context.Context, look *ledger.Look) {
	if l.balances == nil {
		look.Kinds = slices.DeleteFunc(look.Kinds, func(k string) bool { return k == KindBalance })
		return
	}
	low, unsure := l.balances(ctx)
	for _, b := range low {
		a := l.cfg.Accounts[b.Account]
		args := words.A{"account": b.Account, "left": words.Money(b.Left, a.Currency), "limit": words.Money(a.LowBalance, a.Currency)}
		said := words.T("alert.balance", args)
		if b.Packages != nil {
			args["packages"] = words.N(*b.Packages, "packaged")
			said.ID = "alert.balance-packaged"
		}
		look.Holds = append(look.Holds, ledger.Condition{
			Kind: KindBalance, About: b.Account, Severity: ledger.SeverityWarning, Again: againWarning, Next: "notify accounts --live",
			Said: said,
		})
	}
	for _, name := range unsure {
		look.Unsure = append(look.Unsure, ledger.Condition{Kind: KindBalance, About: name})
	}
}

// campaign looks at one campaign.
func (l *lookout) campaign(ctx context.Context, name string, now time.Time) ([]ledger.Condition, error) {
	at, err := l.source.Snapshot(ctx, name, ledger.DayOf(now.In(l.cfg.Timezone)))
	if err != nil {
		return nil, err
	}
	spec, err := plan.DecodeSpec(at.Campaign.Spec)
	if err != nil {
		return nil, err
	}
	runs, err := l.source.AtWork(ctx, name, now)
	if err != nil {
		return nil, err
	}
	v := view{name: name, at: &at, spec: &spec, runs: runs, now: now, counts: at.Counts, left: at.Counts.Of(message.Pending, message.Attempting)}
	if l.resting == nil {
		l.resting, l.before = make(map[string]time.Time), make(map[string]mark)
	}
	delete(l.resting, name)
	if last := at.Last; len(runs) > 0 || last != nil && now.Sub(last.Ended) < silentFor {
		for _, a := range at.Accounts {
			l.busy[a.State.Account] = l.busy[a.State.Account] || a.ByState[message.Accepted] > 0
		}
	}
	if v.left == 0 && len(runs) == 0 || at.Campaign.Aborted != nil {
		l.resting[name] = at.Campaign.Staged
	}
	holds := slices.Concat(v.stopped(), v.unknown(), v.finished())
	if c, late := v.late(l.done(&v)); late {
		holds = append(holds, c)
	}
	return holds, nil
}

// done is when the campaign will be done at the rate of the last minute or more; zero where that cannot be told.
func (l *lookout) done(v *view) time.Time {
	m, known := l.before[v.name]
	if !known || v.left > m.left || len(v.runs) == 0 {
		l.before[v.name] = mark{at: v.now, left: v.left}
		return time.Time{}
	}
	if took := v.now.Sub(m.at); took >= rateOver {
		next := mark{at: v.now, left: v.left}
		if m.left > v.left {
			next.done = v.now.Add(time.Duration(float64(took) * float64(v.left) / float64(m.left-v.left)))
		}
		m, l.before[v.name] = next, next
	}
	return m.done
}

// view is a campaign as one look finds it.
type view struct {
	name   string
	at     *ledger.Snapshot
	spec   *plan.Spec
	runs   []ledger.Run
	now    time.Time
	counts ledger.Counts
	left   int
}

func (v *view) condition(kind string, severity ledger.Severity, next string, said words.Text) ledger.Condition {
	c := ledger.Condition{Kind: kind, About: v.name, Severity: severity, Said: said, Next: next}
	switch severity {
	case ledger.SeverityCritical:
		c.Again = againCritical
	case ledger.SeverityWarning:
		c.Again = againWarning
	case ledger.SeverityInfo:
	}
	return c
}

func (v *view) command(verb string) string { return "notify " + verb + " " + words.Typed(v.name) }

// stopped says that nobody is at work on a campaign that is not done, and why.
func (v *view) stopped() []ledger.Condition {
	c, last := &v.at.Campaign, v.at.Last
	if v.left == 0 || c.Aborted != nil {
		return nil
	}
	if c.Paused != nil && c.Paused.Who != ledger.Itself {
		return []ledger.Condition{v.condition(KindPaused, ledger.SeverityInfo, v.command("resume"), words.T("alert.paused",
			words.A{"campaign": v.name, "who": c.Paused.Who, "why": c.Paused.Why(), "left": v.left}))}
	}
	if len(v.runs) > 0 || last == nil {
		return nil
	}
	if last.Ended.IsZero() {
		return []ledger.Condition{v.condition(KindDied, ledger.SeverityCritical, v.command("resume"), words.T("alert.died",
			words.A{"campaign": v.name, "host": last.Host, "beat": last.Beat, "open": v.counts.Of(message.Attempting), "left": v.left}))}
	}
	return []ledger.Condition{v.condition(KindStopped, ledger.SeverityWarning, v.command("resume"), words.T("alert.stopped",
		words.A{"campaign": v.name, "why": last.Why, "left": v.left}))}
}

func (v *view) unknown() []ledger.Condition {
	limit := unknownShare
	if w := v.spec.StopWhen.Unknown; w > 0 {
		limit = w / 2 // before the run stops
	}
	n, tried := v.counts.Of(message.Unknown), v.counts.Total()-v.left
	if n == 0 || float64(n) < limit*float64(tried) {
		return nil
	}
	return []ledger.Condition{v.condition(KindUnknown, ledger.SeverityWarning, v.command("resolve"), words.T("alert.unknown",
		words.A{"campaign": v.name, "n": n, "tried": tried, "share": words.Percent(100 * float64(n) / float64(tried))}))}
}

// late says that the deadline has passed, or that it comes before the end.
func (v *view) late(done time.Time) (ledger.Condition, bool) {
	end := v.spec.Deadline
	if end.IsZero() || v.left == 0 || v.at.Campaign.Aborted != nil {
		return ledger.Condition{}, false
	}
	args := words.A{"campaign": v.name, "deadline": end, "left": v.left}
	switch {
	case !end.After(v.now):
		return v.condition(KindDeadline, ledger.SeverityCritical, v.command("status"), words.T("alert.deadline-passed", args)), true
	case done.After(end):
		args["done"] = done
		return v.condition(KindDeadline, ledger.SeverityCritical, v.command("status"), words.T("alert.deadline", args)), true
	}
	return ledger.Condition{}, false
}

func (v *view) finished() []ledger.Condition {
	last := v.at.Last
	if v.left > 0 || last == nil || last.Ended.IsZero() || v.now.Sub(last.Ended) > finishedFor || v.at.Campaign.Aborted != nil {
		return nil
	}
	said, never := "alert.finished", report.NeverStaged(v.spec, v.counts)
	if never > 0 {
		said = "alert.finished-part"
	}
	c := v.condition(KindFinished, ledger.SeverityInfo, v.command("report"), words.T(said, words.A{
		"campaign": v.name, "accepted": v.counts.Of(message.Accepted), "rejected": v.counts.Of(message.Rejected), "unknown": v.counts.Of(message.Unknown),
		"never": never,
	}))
	c.Passing = true
	return []ledger.Condition{c}
}

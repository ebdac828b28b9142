package view

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/console"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/report"
	"notify/pkg/send"
	"notify/pkg/words"
)

// Checked says in a few lines, on stderr, that a preflight has passed, and what it warned of.
func Checked(c *console.Console, say words.Printer, r preflight.Result) {
	p := besides(c, c.Story(), say)
	line := func(head string, t words.Text) { p.sentence(head, t) }
	for _, f := range r.Findings {
		if f.Status == preflight.Warn {
			line("", words.T("run.warn", words.A{"check": f.ID, "said": f.Says()}))
		}
	}
	for _, f := range r.Overrides() {
		line("", words.T("run.overridden", words.A{"status": words.Of("status", f.Status), "check": f.ID, "said": f.Says()}))
		line("      ", words.T("run.overridden-by", words.A{"who": f.Override.Who, "reason": f.Override.Reason}))
	}
	if r.Since != nil {
		for _, c := range r.Since.Changes {
			line("", words.T("run.since", words.A{"change": c}))
		}
		if len(r.Since.Changes) == 0 {
			line("", words.T("run.since-nothing", nil))
		}
	}
	checked := []words.Text{words.T("run.checked", words.A{
		"campaign": r.Campaign, "passed": r.Counts[preflight.Pass], "warned": r.Counts[preflight.Warn], "skipped": r.Counts[preflight.Skip],
	})}
	if n := r.Counts[preflight.NotLooked]; n > 0 {
		checked = append(checked, words.T("run.checked-unseen", words.A{"n": n}))
	}
	if n := len(r.Overrides()); n > 0 {
		checked = append(checked, words.T("run.checked-overridden", words.A{"n": n}))
	}
	line("", words.Joined(words.Sentences, checked...))
	_ = p.Flush() // a console takes everything
}

// Question is what the operator is asked before anything is sent: to how many people how many messages leave now, and when the
// others, for how much.
func Question(say words.Printer, r preflight.Result) string {
	list := words.Raw(r.Plan.List)
	if !r.Plan.Part.IsZero() {
		list = words.T("run.part-of", words.A{"list": r.Plan.List, "part": r.Plan.Part})
	}
	lines := []words.Text{words.T("run.ask-what", words.A{
		"list": list, "messages": words.N(r.Plan.ToSend, "message"), "people": words.N(r.Plan.People, "recipient"), "cost": costOf(r.Plan),
	})}
	if r.Plan.Left > 0 {
		lines = append(lines, words.T("run.ask-left", words.A{"n": r.Plan.Left, "messages": words.N(r.Plan.Messages, "message")}))
	}
	if len(r.Plan.Emergency) > 0 {
		lines = append(lines, words.T("run.ask-emergency", words.A{"accounts": words.Names(r.Plan.Emergency, 0)}))
	}
	lines = append(lines, leaves(say, r), words.T("run.ask-number", nil))
	said := make([]string, len(lines))
	for i, l := range lines {
		said[i] = say.Say(l)
	}
	return strings.Join(said, "\n") + " "
}

// costOf is what is still to be paid, as far as that is known.
func costOf(s preflight.Summary) words.Text {
	costs := words.List{Join: words.And}
	for _, c := range s.Costs {
		costs.Items = append(costs.Items, words.Money(c.Amount, c.Currency))
	}
	switch {
	case len(costs.Items) == 0:
		return words.T("run.cost-unknown", nil)
	case len(s.Unpriced) > 0:
		return words.T("run.cost-partly", words.A{"cost": costs, "accounts": words.Names(s.Unpriced, 0)})
	}
	return words.T("run.cost", words.A{"cost": costs})
}

// leaves says what leaves now, and when the others do.
func leaves(say words.Printer, r preflight.Result) words.Text {
	zone := say.Zone
	if zone == nil {
		zone = r.At.Location()
	}
	today, now := r.At.In(zone).Format(time.DateOnly), 0
	days := make(map[string]int)
	for _, a := range r.Plan.Accounts {
		for _, d := range a.Days {
			days[d.Date] += d.Messages
		}
	}
	if !r.Plan.Start.After(r.At.Add(time.Minute)) { // the figures were made a moment after the check began
		now = days[today]
		delete(days, today)
	}
	later := words.List{Most: 7}
	rest := 0
	for _, date := range slices.Sorted(maps.Keys(days)) {
		rest += days[date]
		later.Items = append(later.Items, words.T("run.ask-day", words.A{"n": days[date], "date": date}))
	}
	switch {
	case rest == 0:
		return words.T("run.ask-now", nil)
	case now == 0:
		return words.T("run.ask-not-now", words.A{"at": r.Plan.Start, "days": later})
	}
	return words.T("run.ask-days", words.A{"now": words.N(now, "message"), "days": later})
}

// Missing names the people who are on no list any more, before they are given up.
func Missing(c *console.Console, say words.Printer, m preflight.Missing) {
	p := besides(c, c.Err, say)
	p.sentence("", words.T("run.missing", words.A{"n": m.People}))
	for _, one := range m.First {
		p.sentence("  ", words.T("run.missing-person", words.A{"row": strconv.Itoa(one.Row), "key": one.Key, "address": one.Address}))
	}
	if more := m.People - len(m.First); more > 0 {
		p.sentence("  ", words.T("run.missing-more", words.A{"n": more}))
	}
	_ = p.Flush() // a console takes everything
}

// Staged says what a list changed under a name, on stderr.
func Staged(c *console.Console, say words.Printer, campaign string, s ledger.Staged) {
	var parts []words.Text
	add := func(n int, t words.Text) {
		if n > 0 {
			parts = append(parts, t)
		}
	}
	add(s.Added, words.T("run.staged-added", words.A{"n": s.Added}))
	add(s.Same, words.T("run.staged-same", words.A{"n": s.Same}))
	add(s.Updated, words.T("run.staged-updated", words.A{"n": s.Updated}))
	add(s.Restored, words.T("run.staged-restored", words.A{"n": s.Restored}))
	add(s.Left, words.T("run.staged-left", words.A{"n": s.Left}))
	add(s.Gone, words.T("run.staged-gone", words.A{"n": s.Gone}))
	p := besides(c, c.Story(), say)
	p.sentence("", words.T("run.staged", words.A{
		"campaign": campaign, "messages": words.N(s.Added+s.Same+s.Updated+s.Restored+s.Left, "message"), "parts": words.Texts(words.Commas, parts...),
	}))
	if s.Differs > 0 {
		p.sentence("", words.T("run.differs", words.A{"n": s.Differs}))
	}
	_ = p.Flush() // a console takes everything
}

// RunEnd is what a run came to.
type RunEnd struct {
	Campaign string      `json:"campaign"`
	Ended    string      `json:"ended"` // finished, part, paused, aborted
	Pause    *send.Pause `json:"pause,omitempty"`
	Sent     int         `json:"sent_by_this_run"`
	Orphans  int         `json:"unknown_from_earlier_runs"`
	Lost     int         `json:"unrecorded,omitempty"`
	Messages int         `json:"messages"`
	// NeverStaged is how many recipients of the list were never staged: of a part of it everything may be done.
	NeverStaged int                   `json:"never_staged"`
	ByState     map[message.State]int `json:"by_state"`
	// Costs are what it took by currency; Unpriced are the accounts that they leave out, since nobody has said what those ask.
	Costs    []report.Sum `json:"costs"`
	Unpriced []string     `json:"unpriced"`
	Next     words.Text   `json:"next,omitzero"` // what to do next
	// Overrides are the checks in spite of which it was sent; NewRunEnd leaves them to its caller.
	Overrides []ledger.AuditEntry `json:"overrides,omitempty"`

	aborted *ledger.Act // who ended it for good, and why
}

// NewRunEnd puts together what a run says of itself and what the ledger counts.
func NewRunEnd(campaign string, spec plan.Spec, never int, r send.Result, c ledger.Counts, prices report.Prices) RunEnd {
	e := RunEnd{
		Campaign: campaign, Ended: "finished", NeverStaged: never, Pause: r.Pause, Sent: r.Sent, Orphans: r.Orphans, Lost: r.Unrecorded,
		Messages: c.Total(), ByState: make(map[message.State]int),
	}
	for _, s := range message.States() {
		e.ByState[s] = c.Of(s)
	}
	e.Costs, e.Unpriced = report.Sums(prices.Accounts(c))
	switch {
	case r.Aborted != nil:
		e.Ended, e.aborted = "aborted", r.Aborted
	case r.Pause != nil:
		e.Ended = "paused"
		e.Next = nextAfter(campaign, r.Pause.Why)
	case e.NeverStaged > 0:
		e.Ended, e.Next = "part", words.T("run.next.rest", words.A{"list": words.Typed(spec.List)})
	case c.Of(message.Unknown) > 0:
		e.Next = words.T("run.next.resolve", words.A{"campaign": words.Typed(campaign)})
	case c.Of(message.Rejected) > 0:
		e.Next = words.T("run.next.report", words.A{"campaign": words.Typed(campaign)})
	}
	return e
}

// Alike says what to do where most of what was tried was rejected with one code; nothing where there is none.
func (e *RunEnd) Alike(code string) {
	if code == "" || e.Ended == "aborted" || e.Pause != nil && e.Pause.Why != send.PauseStopWhen && e.Pause.Why != send.PauseWave && e.Pause.Why != send.PauseRefused {
		return
	}
	e.Next = words.T("run.next.retry", words.A{"code": code, "retry": RetryCommand(e.Campaign, code), "campaign": words.Typed(e.Campaign)})
}

// Beside says that the run ended beside others, which go on.
func (e *RunEnd) Beside() {
	e.Next = words.T("run.next.beside", words.A{"campaign": words.Typed(e.Campaign)})
}

// nextAfter is what to do with a campaign that nobody works on any more, by why that is; empty for an end that was no pause.
func nextAfter(campaign string, why send.PauseReason) words.Text {
	name := words.A{"campaign": words.Typed(campaign)}
	switch why {
	case send.PauseRefused:
		return words.T("run.next.mend", name)
	case send.PauseStopWhen:
		return words.T("run.next.find-out", name)
	case send.PauseDeadline:
		return words.T("run.next.deadline", nil)
	case send.PauseWave:
		return words.T("run.next.wave", name)
	case send.PauseByPerson:
		return words.T("run.next.lift", name)
	case send.PauseOff:
		return words.T("run.next.on", name)
	case send.PauseQuota, send.PauseBudget, send.PauseWindow, send.PauseBreaker, send.PauseInterrupt, send.PauseLeft:
	}
	return words.T("run.next.resume", name)
}

// reasonIn is the reason that a run gave for its end, as far as something else than going on is to be done next: the ledger keeps the sentence.
func reasonIn(said words.Text) send.PauseReason {
	switch said.ID {
	case "send.refused":
		return send.PauseRefused
	case "send.deadline":
		return send.PauseDeadline
	case "send.off", "send.no-share":
		return send.PauseOff
	}
	return ""
}

// reached says how far a run came that ended by itself.
func (e *RunEnd) reached() words.Text {
	switch {
	case e.aborted != nil:
		return words.T("status.aborted", words.A{"who": e.aborted.Who, "at": e.aborted.At, "why": e.aborted.Reason})
	case e.Ended == "part" && e.Sent == 0:
		return words.T("run.nothing-left-of-part", nil)
	case e.Ended == "part":
		return words.T("run.everything-of-part", nil)
	case e.Ended == "finished" && e.Sent == 0:
		return words.T("run.nothing-left", nil)
	case e.ByState[message.Cancelled] > 0:
		return words.T("run.everything-but", words.A{"n": e.ByState[message.Cancelled]})
	}
	return words.T("run.everything", nil)
}

// ShowRunEnd draws how a run ended, its sum adding up.
func ShowRunEnd(p *Printer, asJSON bool, e RunEnd) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.run/1", e)
	}
	tone := Good
	switch {
	case e.Ended == "part", e.Ended == "finished" && e.ByState[message.Rejected]+e.ByState[message.Unknown] > 0, e.Ended == "paused":
		tone = Unwell
	case e.Ended == "aborted":
		tone = Bad
	}
	said := e.reached()
	if e.Pause != nil {
		said = e.Pause.Detail
		if !e.Pause.Until.IsZero() {
			said = words.T("run.until", words.A{"said": said, "at": e.Pause.Until})
		}
	}
	p.Wrapped(p.Paint(tone, p.Say(words.Of("run.ended", e.Ended)))+"  ", p.Say(words.T("run.end", words.A{"campaign": e.Campaign, "said": said})))
	p.sum("messages", e.Messages, e.ByState)
	p.took(e.Costs, e.Unpriced)
	p.neverStaged(e.NeverStaged)
	if e.Orphans > 0 {
		p.Wrapped("  ", p.Say(words.T("run.orphans", words.A{"n": e.Orphans})))
	}
	if e.Lost > 0 {
		p.Wrapped("  ", p.Say(words.T("run.lost", words.A{"n": e.Lost})))
	}
	for _, a := range e.Overrides {
		p.Wrapped("  ", p.Say(words.T("run.override", words.A{"check": strings.TrimPrefix(a.What, report.ActOverride), "who": a.Who, "reason": a.Why()})))
	}
	if !e.Next.IsZero() {
		p.Line("  %s", p.Say(words.T("run.next", words.A{"said": e.Next})))
	}
	return p.Flush()
}

// took says what a run cost, and of which accounts that is not known.
func (p *Printer) took(costs []report.Sum, unpriced []string) {
	sum := words.List{Join: words.And}
	for _, c := range costs {
		sum.Items = append(sum.Items, words.Money(c.Cost, c.Currency))
	}
	switch {
	case len(costs)+len(unpriced) == 0:
	case !p.Terminal:
		p.labelled("cost", p.total(costs, unpriced))
	case len(costs) == 0:
		p.sentence("  ", words.T("run.took-unknown", words.A{"accounts": words.Names(unpriced, 0)}))
	case len(unpriced) > 0:
		p.sentence("  ", words.T("run.took-partly", words.A{"cost": sum, "accounts": words.Names(unpriced, 0)}))
	default:
		p.sentence("  ", words.T("run.took", words.A{"cost": sum}))
	}
}

// neverStaged says how much of the list is not even waiting.
func (p *Printer) neverStaged(n int) {
	if n > 0 {
		p.Wrapped("  ", p.Say(words.T("run.never-staged", words.A{"n": n})))
	}
}

package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"notify/pkg/console"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/send"
	"notify/pkg/words"

	"github.com/schollz/progressbar/v3"
)

// Checked says in a few lines, on stderr, that a preflight has passed, and what it warned of.
func Checked(c *console.Console, r preflight.Result) {
	w := c.Story()
	for _, f := range r.Findings {
		if f.Status == preflight.Warn {
			fmt.Fprintf(w, "WARN  %s: %s\n", f.ID, words.Printer{}.Value(f.Says()))
		}
	}
	for _, f := range r.Overrides() {
		fmt.Fprintf(w, "%s  %s: %s\n      overridden by %s: %s\n", strings.ToUpper(string(f.Status)), f.ID, words.Printer{}.Value(f.Says()), Safe(f.Override.Who), Safe(f.Override.Reason))
	}
	if r.Since != nil {
		for _, c := range r.Since.Changes {
			fmt.Fprintf(w, "changed since it was signed: %s\n", c)
		}
		if len(r.Since.Changes) == 0 {
			fmt.Fprintf(w, "nothing changed since it was signed\n")
		}
	}
	fmt.Fprintf(w, "preflight of %s: %d passed, %d warnings, %d skipped\n", Safe(r.Campaign), r.Counts[preflight.Pass],
		r.Counts[preflight.Warn], r.Counts[preflight.Skip])
}

// Question is what the operator is asked before anything is sent.
func Question(r preflight.Result, recipients int) string {
	var costs []string
	for _, c := range r.Plan.Costs {
		costs = append(costs, Money(c.Amount, c.Currency))
	}
	cost := strings.Join(costs, " + ")
	if cost == "" {
		cost = "an unknown amount"
	}
	return fmt.Sprintf("%s of %s messages will leave now, for %s, to the %s recipients of %s.\nType the number of recipients to send: ",
		Num(r.Plan.ToSend), Num(r.Plan.Messages), cost, Num(recipients), Safe(r.Plan.List))
}

// Staged says what a list changed under a name, on stderr.
func Staged(c *console.Console, campaign string, s ledger.Staged) {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, Num(n)+" "+what)
		}
	}
	add(s.Added, "new")
	add(s.Same, "as before, not sent yet")
	add(s.Updated, "brought up to the new list")
	add(s.Restored, "back on the list")
	add(s.Left, "sent or tried before, left alone")
	add(s.Gone, "no longer on the list, cancelled")
	fmt.Fprintf(c.Story(), "%s: %s messages: %s\n", Safe(campaign), Num(s.Added+s.Same+s.Updated+s.Restored+s.Left), strings.Join(parts, ", "))
	if s.Differs > 0 {
		fmt.Fprintf(c.Story(), "WARN  %s of those that left read differently on this list; they are not sent again\n", Num(s.Differs))
	}
}

// RunEnd is what a run came to.
type RunEnd struct {
	Campaign string                `json:"campaign"`
	Ended    string                `json:"ended"` // finished, paused, aborted
	Pause    *send.Pause           `json:"pause,omitempty"`
	Sent     int                   `json:"sent_by_this_run"`
	Orphans  int                   `json:"unknown_from_earlier_runs"`
	Lost     int                   `json:"unrecorded,omitempty"`
	Messages int                   `json:"messages"`
	ByState  map[message.State]int `json:"by_state"`
	Cost     map[string]string     `json:"cost,omitempty"`
	Next     string                `json:"next,omitempty"` // the command to type next
	// Overrides are the checks in spite of which it was sent; NewRunEnd leaves them to its caller.
	Overrides []ledger.AuditEntry `json:"overrides,omitempty"`
}

// NewRunEnd puts together what a run says of itself and what the ledger counts.
func NewRunEnd(campaign string, r send.Result, c ledger.Counts) RunEnd {
	e := RunEnd{
		Campaign: campaign, Ended: "finished", Pause: r.Pause, Sent: r.Sent, Orphans: r.Orphans, Lost: r.Unrecorded,
		Messages: c.Total(), ByState: make(map[message.State]int), Cost: make(map[string]string),
	}
	for _, s := range message.States() {
		e.ByState[s] = c.Of(s)
	}
	for account, d := range c.Cost {
		if d.Cost != 0 {
			e.Cost[account] = d.Cost.String()
		}
	}
	switch {
	case r.Aborted != nil:
		e.Ended = "aborted"
	case r.Pause != nil:
		e.Ended = "paused"
		e.Next = nextAfter(campaign, r.Pause)
	case c.Of(message.Unknown) > 0:
		e.Next = "notify resolve " + campaign
	case c.Of(message.Rejected) > 0:
		e.Next = "notify report " + campaign
	}
	return e
}

// nextAfter is what to do after a pause.
func nextAfter(campaign string, p *send.Pause) string {
	resume := "notify resume " + campaign
	switch p.Why {
	case send.PauseRefused:
		return "mend the account, then: " + resume
	case send.PauseStopWhen:
		return "notify report " + campaign + ", find out why, then: " + resume
	case send.PauseDeadline:
		return "set a later deadline in the campaign file, then send again"
	case send.PauseQuota, send.PauseBudget, send.PauseWindow, send.PauseBreaker, send.PauseByPerson, send.PauseInterrupt, send.PauseLeft:
	}
	return resume
}

// ShowRunEnd draws how a run ended, its sum adding up.
func ShowRunEnd(p *Printer, asJSON bool, e RunEnd) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.run/1", e)
	}
	word, tone := strings.ToUpper(e.Ended), Good
	switch {
	case e.Ended == "finished" && e.ByState[message.Rejected]+e.ByState[message.Unknown] > 0, e.Ended == "paused":
		tone = Unwell
	case e.Ended == "aborted":
		tone = Bad
	}
	said := "everything was attempted"
	if e.Sent == 0 && e.Ended == "finished" {
		said = "there was nothing left to send"
	}
	if e.Pause != nil {
		said = Safe(e.Pause.Detail)
		if !e.Pause.Until.IsZero() {
			said += "; it makes sense again at " + p.Time(e.Pause.Until)
		}
	}
	p.Wrapped(p.Paint(tone, word)+"  ", Safe(e.Campaign)+": "+said)
	p.sum("messages", e.Messages, e.ByState)
	if e.Orphans > 0 {
		p.Wrapped("  ", fmt.Sprintf("%s were under way when an earlier run ended without a word; whether they arrived is not known", Num(e.Orphans)))
	}
	if e.Lost > 0 {
		p.Wrapped("  ", fmt.Sprintf("%s answers could not be recorded; those messages count as unknown", Num(e.Lost)))
	}
	for _, a := range e.Overrides {
		p.Wrapped("  ", fmt.Sprintf("sent in spite of a check: %s by %s: %s", Safe(a.What), Safe(a.Who), Safe(a.Reason)))
	}
	if e.Next != "" {
		p.Line("  next: %s", Safe(e.Next))
	}
	return p.Flush()
}

// sum draws a total and the states that add up to it.
func (p *Printer) sum(what string, total int, by map[message.State]int) {
	var parts []string
	for _, s := range message.States() {
		if by[s] > 0 {
			parts = append(parts, Num(by[s])+" "+string(s))
		}
	}
	if !p.Terminal {
		p.Line("%s\t%d", what, total)
		for _, s := range message.States() {
			if by[s] > 0 {
				p.Line("%s\t%d", s, by[s])
			}
		}
		return
	}
	p.Wrapped("  ", fmt.Sprintf("%s %s = %s", Num(total), what, strings.Join(parts, " + ")))
}

// Progress shows on stderr how far a run is, until stop is called: a bar on a terminal, elsewhere a line now and then.
func Progress(c *console.Console, snapshot func() send.Snapshot) (stop func()) {
	if c.Quiet {
		return func() {}
	}
	draw, every := lines(c.Err), 10*time.Second
	if c.ErrTerminal {
		draw, every = bar(c), 200*time.Millisecond
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				draw(snapshot(), false)
			case <-done:
				draw(snapshot(), true)
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

func lines(w io.Writer) func(send.Snapshot, bool) {
	return func(s send.Snapshot, last bool) {
		if s.Total == 0 || last {
			return
		}
		fmt.Fprintf(w, "progress: %d of %d, %s\n", s.Total-s.Left, s.Total, told(s))
	}
}

func bar(c *console.Console) func(send.Snapshot, bool) {
	var b *progressbar.ProgressBar
	return func(s send.Snapshot, last bool) {
		if s.Total == 0 || b == nil && s.Left == 0 {
			return
		}
		if b == nil {
			b = progressbar.NewOptions(s.Total, progressbar.OptionSetWriter(c.Err), progressbar.OptionSetWidth(24),
				progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
				progressbar.OptionSetTheme(progressbar.ThemeASCII))
		}
		b.Describe(told(s))
		_ = b.Set(s.Total - s.Left) // only a bar beyond its end is an error
		if last {
			_ = b.Exit()
			fmt.Fprintln(c.Err)
		}
	}
}

// told is a snapshot in words.
func told(s send.Snapshot) string {
	words := fmt.Sprintf("%.0f/s", s.Rate)
	if s.Remaining >= 0 {
		words += ", " + Duration(s.Remaining.Round(time.Second)) + " left"
	}
	words += fmt.Sprintf(", %s failed, %s unknown", Num(s.Rejected), Num(s.Unknown))
	if s.Waiting != "" {
		words += ", waiting " + s.Waiting
	}
	return words
}

package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"notify/pkg/console"
	"notify/pkg/send"
	"notify/pkg/words"
)

// Progress shows on stderr how far a run is, until stop is called: one line that is drawn again and again on a terminal,
// elsewhere a line now and then.
func Progress(c *console.Console, say words.Printer, snapshot func() send.Snapshot) (stop func()) {
	if c.Quiet {
		return func() {}
	}
	draw, every := lines(c.Err, say), 10*time.Second
	if c.ErrTerminal {
		draw, every = bar(c.Err, say, c.ErrWidth), 200*time.Millisecond
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

// facts are what a snapshot says, the most important first.
func facts(say words.Printer, s send.Snapshot) []string {
	all := []words.Text{words.T("progress.count", words.A{"done": s.Total - s.Left, "total": s.Total})}
	if !s.Waiting.IsZero() {
		all = append(all, words.T("progress.waiting", words.A{"for": s.Waiting}))
	}
	if s.Rate > 0 {
		all = append(all, words.T("progress.rate", words.A{"rate": words.Rate(s.Rate)}))
	}
	if s.Remaining >= 0 {
		all = append(all, words.T("progress.left", words.A{"time": s.Remaining.Round(time.Second)}))
	}
	all = append(all, words.T("progress.rejected", words.A{"n": s.Rejected}), words.T("progress.unknown", words.A{"n": s.Unknown}))
	said := make([]string, len(all))
	for i, t := range all {
		said[i] = say.Say(t)
	}
	return said
}

func lines(w io.Writer, say words.Printer) func(send.Snapshot, bool) {
	return func(s send.Snapshot, last bool) {
		if s.Total == 0 || last {
			return
		}
		fmt.Fprintln(w, say.Say(words.T("progress.line", words.A{"facts": words.Names(facts(say, s), 0)})))
	}
}

// bar draws over the line before. The width is asked for each time: a window can be made smaller.
func bar(w io.Writer, say words.Printer, columns func() int) func(send.Snapshot, bool) {
	drawn := false
	return func(s send.Snapshot, last bool) {
		if s.Total > 0 && (drawn || s.Left > 0) {
			// The last column stays free: some terminals begin a new line behind it.
			fmt.Fprintf(w, "\r%s\x1b[K", barLine(facts(say, s), s, columns()-1))
			drawn = true
		}
		if last && drawn {
			fmt.Fprintln(w)
		}
	}
}

// barLine is a bar and facts in one line of so many columns: the bar gives way first, then the last facts.
func barLine(facts []string, s send.Snapshot, room int) string {
	const longest, shortest = 24, 6
	line := facts[0]
	for _, f := range facts[1:] {
		if longer := line + " · " + f; width(longer) <= room {
			line = longer
		}
	}
	bar := min(longest, room-width(line)-len("[] "))
	if bar < shortest {
		return cut(line, room)
	}
	full := bar * (s.Total - s.Left) / s.Total
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", bar-full) + "] " + line
}

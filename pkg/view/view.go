// Package view owns how results look: for people and for machines, side by side in one file for each command. It decides
// nothing; what it shows was worked out elsewhere, and it writes through a console, which takes care of broken pipes.
//
// To add a command: an interface with what it shows, a constructor that picks Human or JSON, golden files of both, and a
// test of the JSON's fields.
package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"notify/pkg/console"
	"notify/pkg/words"
)

// Printer draws for people. On a terminal it aligns, wraps and colours; off one, its tables are tab-separated and every
// fact has a line of its own, so that cut, awk and grep can read it.
type Printer struct {
	Out io.Writer
	// Terminal aligns and wraps. Color emphasises; no meaning hangs on it.
	Terminal, Color bool
	Width           int // columns to wrap at; 0: never
	// Over draws each screen over the one before, on a terminal. Height is how many lines that has; 0 where it is not known.
	Over   bool
	Height int
	// Zone is that of every time shown; nil leaves times in their own.
	Zone *time.Location
	// Lang is the language of every sentence; empty is English.
	Lang words.Language

	buf   bytes.Buffer
	drawn int // lines of the screen before
}

// NewPrinter draws on a console's results.
func NewPrinter(c *console.Console, zone *time.Location) *Printer {
	return &Printer{Out: c.Out, Terminal: c.OutTerminal, Color: c.OutColor(), Width: c.Width(), Height: c.Height(), Zone: zone}
}

// besides draws what stands beside a result: on Err, or what of it is left where the operator asked for quiet.
func besides(c *console.Console, out io.Writer, say words.Printer) *Printer {
	return &Printer{Out: out, Terminal: c.ErrTerminal, Width: c.ErrWidth(), Lang: say.Lang, Zone: say.Zone}
}

// Words makes the sentences of this screen.
func (p *Printer) Words() words.Printer { return words.Printer{Lang: p.Lang, Zone: p.Zone} }

// Say is a sentence of the catalogue in the language of the screen.
func (p *Printer) Say(t words.Text) string { return p.Words().Say(t) }

// sentence draws one behind a head, wrapped.
func (p *Printer) sentence(head string, t words.Text) { p.Wrapped(head, p.Say(t)) }

// Flush writes what was drawn since the last time, at once. The error is that of Out; a console's is always nil.
func (p *Printer) Flush() error {
	defer p.buf.Reset()
	if p.Over && p.Terminal {
		p.over()
	}
	if _, err := p.Out.Write(p.buf.Bytes()); err != nil {
		return words.Wrap(err, "file.result", nil)
	}
	return nil
}

// over goes back to where the screen before began. One that is higher than the terminal has scrolled away: what is left of it
// is cleared.
func (p *Printer) over() {
	lines := bytes.Count(p.buf.Bytes(), []byte("\n"))
	switch {
	case p.drawn == 0:
	case p.Height > 0 && max(p.drawn, lines) >= p.Height:
		fmt.Fprint(p.Out, "\x1b[H\x1b[2J")
	default:
		fmt.Fprintf(p.Out, "\x1b[%dA\x1b[J", p.drawn)
	}
	p.drawn = lines
}

// Line draws one line.
func (p *Printer) Line(format string, args ...any) {
	p.buf.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	p.buf.WriteByte('\n')
}

// Blank draws an empty line, on a terminal only.
func (p *Printer) Blank() {
	if p.Terminal {
		p.buf.WriteByte('\n')
	}
}

// Wrapped draws words behind a head, wrapped to the width, further lines under the first. A head that leaves too little room
// stands on a line of its own.
func (p *Printer) Wrapped(head, said string) {
	said = strings.TrimRight(said, "\n")
	if p.Width <= 0 {
		p.lines(hung(head, strings.Split(said, "\n")))
		return
	}
	const narrowest = 24
	indent := width(head)
	if room := p.Width - indent; room < narrowest && room < width(said) {
		p.lines(wrap(strings.TrimRight(head, " "), p.Width))
		head, indent = "    ", 4
	}
	var lines []string
	for line := range strings.SplitSeq(said, "\n") {
		lines = append(lines, wrap(line, p.Width-indent)...)
	}
	p.lines(hung(head, lines))
}

func (p *Printer) lines(all []string) {
	for _, line := range all {
		p.Line("%s", line)
	}
}

// Prompt is a question as it stands on a terminal of so many columns: wrapped, the answer behind its last line.
func Prompt(said string, columns int) string {
	var out bytes.Buffer
	p := &Printer{Out: &out, Terminal: true, Width: columns}
	p.Wrapped("", strings.TrimRight(said, " \n"))
	_ = p.Flush() // a buffer takes everything
	return strings.TrimRight(out.String(), "\n") + " "
}

// Tone is an emphasis.
type Tone string

// The tones, as ANSI codes.
const (
	Good   Tone = "32"
	Unwell Tone = "1;33"
	Bad    Tone = "1;31"
	Dim    Tone = "2"
	Strong Tone = "1"
)

// Paint emphasises words where there are colours, and otherwise leaves them as they are.
func (p *Printer) Paint(t Tone, said string) string {
	if !p.Color || t == "" {
		return said
	}
	return "\x1b[" + string(t) + "m" + said + "\x1b[0m"
}

// Safe is text from a list or a vendor as it may be shown on a terminal, on one line.
func Safe(s string) string { return words.Safe(s) }

// SafeText is Safe that keeps line ends.
func SafeText(s string) string { return words.SafeText(s) }

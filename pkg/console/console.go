// Package console owns the three streams of the program and what the terminal behind them can do: width, colour, and a
// typed confirmation. It draws nothing itself; view writes through it, and cmd/notify makes the one Console there is.
//
// What goes to a stream can never change what is sent: a write error (a pipe whose reader has gone, a full disk) is
// remembered and reported at the end by WriteErr, and the writer is told that all is well.
package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// ErrNoTerminal says that there is nobody to ask.
var ErrNoTerminal = errors.New("no terminal to ask on")

// Console is the three streams. Out is for results, Err for the story: progress, prompts, logs. Writers are safe for
// concurrent use and never return an error.
type Console struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	// Whether each stream is a terminal.
	InTerminal, OutTerminal, ErrTerminal bool
	// Color allows colours on those of Out and Err that are terminals.
	Color bool
	// Quiet drops what goes to Story.
	Quiet bool

	getenv func(string) string
	out    *stream
	err    *stream
	lines  *lines
}

// Options are what the operator asked for.
type Options struct {
	NoColor bool
	Quiet   bool
	// Getenv reads NO_COLOR, TERM and COLUMNS; nil reads the process's environment.
	Getenv func(string) string
}

// New looks at what the streams can do. A stream that is not an *os.File is not a terminal.
func New(in io.Reader, out, err io.Writer, o Options) *Console {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	c := &Console{
		In: in, InTerminal: isTerminal(in), OutTerminal: isTerminal(out), ErrTerminal: isTerminal(err),
		Quiet: o.Quiet, getenv: o.Getenv, out: &stream{w: out}, err: &stream{w: err}, lines: &lines{r: bufio.NewReader(in)},
	}
	c.Out, c.Err = c.out, c.err
	// https://no-color.org: present and not empty, whatever its value.
	c.Color = !o.NoColor && o.Getenv("NO_COLOR") == "" && o.Getenv("TERM") != "dumb"
	return c
}

// OutColor reports whether colours may stand in Out.
func (c *Console) OutColor() bool { return c.Color && c.OutTerminal }

// defaultWidth is what a terminal has that does not tell.
const defaultWidth = 80

// Width is how many columns Out has: of the terminal, else what COLUMNS says, else 80; 0, no limit, where Out is none.
func (c *Console) Width() int {
	if !c.OutTerminal {
		return 0
	}
	return c.columns(c.out.w)
}

// ErrWidth is Width of Err.
func (c *Console) ErrWidth() int {
	if !c.ErrTerminal {
		return 0
	}
	return c.columns(c.err.w)
}

func (c *Console) columns(stream io.Writer) int {
	if w, _ := size(stream); w > 0 {
		return w
	}
	if w, err := strconv.Atoi(c.getenv("COLUMNS")); err == nil && w > 0 {
		return w
	}
	return defaultWidth
}

// Height is how many lines Out has; 0 where it is no terminal or does not tell.
func (c *Console) Height() int {
	if !c.OutTerminal {
		return 0
	}
	_, h := size(c.out.w)
	return h
}

// size is what a terminal tells of itself; 0, 0 where it does not.
func size(stream io.Writer) (columns, lines int) {
	f, ok := stream.(filer)
	if !ok {
		return 0, 0
	}
	w, h, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return w, h
}

// Story is Err, or nothing where the operator asked for quiet.
func (c *Console) Story() io.Writer {
	if c.Quiet {
		return io.Discard
	}
	return c.Err
}

// WriteErr is the first error that a write to Out met; nil where all of it was taken. A result that nobody could read is
// worth an exit code, never a pause.
func (c *Console) WriteErr() error { return c.out.failed() }

// Confirm asks on Err and reads one line from In; it is true where the line is want. Space around it does not count, and
// where want is a number, neither do separators between its digits nor whether they are full-width. Without a terminal to ask on, or to answer from, it
// returns ErrNoTerminal and reads nothing. End of input is no. It returns ctx.Err() when ctx ends before an answer.
func (c *Console) Confirm(ctx context.Context, prompt, want string) (bool, error) {
	line, err := c.Ask(ctx, prompt)
	return err == nil && same(line, want), err
}

// Ask asks as Confirm does, and returns what was typed, without the space around it; empty at the end of input.
func (c *Console) Ask(ctx context.Context, prompt string) (string, error) {
	if !c.InTerminal || !c.ErrTerminal {
		return "", ErrNoTerminal
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	fmt.Fprint(c.Err, prompt)
	line, err := c.lines.next(ctx)
	if errors.Is(err, io.EOF) && line == "" {
		fmt.Fprintln(c.Err)
		return "", nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

func same(line, want string) bool {
	if line == want {
		return true
	}
	if _, err := strconv.ParseUint(want, 10, 64); err != nil {
		return false
	}
	return strings.NewReplacer(",", "", " ", "", "_", "", "'", "").Replace(width.Narrow.String(line)) == want
}

// lines reads In line by line. A read on a terminal cannot be interrupted, so it has a goroutine of its own; one that
// outlives its question keeps its line for the next.
type lines struct {
	r       *bufio.Reader
	mu      sync.Mutex
	pending chan answer
}

type answer struct {
	line string
	err  error
}

func (l *lines) next(ctx context.Context) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending == nil {
		pending := make(chan answer, 1)
		l.pending = pending
		go func() {
			line, err := l.r.ReadString('\n')
			pending <- answer{line, err}
		}()
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-l.pending:
		l.pending = nil
		return a.line, a.err
	}
}

// stream remembers the first write error, and from then on takes everything in silence.
type stream struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = s.w.Write(p)
	}
	return len(p), nil
}

func (s *stream) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

type filer interface{ Fd() uintptr }

func isTerminal(stream any) bool {
	f, ok := stream.(filer)
	return ok && term.IsTerminal(int(f.Fd()))
}

// SurvivePipes keeps the process alive when the reader of its stdout or stderr has gone: without it, Go ends a process
// that writes to a broken pipe on descriptor 1 or 2, and so `notify send … | head` would stop a campaign. Ignoring the
// signal would be inherited by child processes, taking it is not. The returned function undoes it.
func SurvivePipes() (undo func()) {
	taken := make(chan os.Signal, 1)
	signal.Notify(taken, syscall.SIGPIPE)
	return func() { signal.Stop(taken) }
}

// StopSignals ask the program to stop: Ctrl-C, a service manager, and a terminal that has gone (its window was closed, its
// connection lost), unless the program was started to outlive that, as by nohup. On Windows the closing of the window, a
// log-off and a shutdown arrive as the second.
func StopSignals() []os.Signal {
	stop := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		stop = append(stop, syscall.SIGHUP)
	}
	return stop
}

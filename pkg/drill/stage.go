package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// stage is where a drill is played: a folder, sandboxes, and the program.
type stage struct {
	options   Options
	boxes     []*sandbox.Sandbox
	processes []*process
	mu        sync.Mutex // of report.Steps
	report    Report
}

// close waits for the processes, which end with the context of the drill, and then ends the vendors.
func (s *stage) close() {
	for _, p := range s.processes {
		<-p.ended
	}
	for _, b := range s.boxes {
		_ = b.Close() // it ends with the drill either way
	}
}

func (s *stage) path(name string) string { return filepath.Join(s.options.Dir, name) }

func (s *stage) write(name, text string) error {
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		return words.Wrap(err, "drill.error.write", nil)
	}
	return nil
}

// token is that of the drills' sandboxes.
const token = "drill"

// sandbox starts vendors on free ports.
func (s *stage) sandbox(ctx context.Context, c sandbox.Config) (*sandbox.Sandbox, error) {
	c.SMSAddr, c.MailAddr, c.Token, c.Now = "127.0.0.1:0", "127.0.0.1:0", token, s.options.Now
	b, err := sandbox.Start(ctx, c)
	if err != nil {
		return nil, err
	}
	s.boxes = append(s.boxes, b)
	return b, nil
}

// ran is a command that has ended.
type ran struct {
	args     []string
	code     int
	out, err string
}

// process is a command that runs.
type process struct {
	ran
	ended chan struct{} // the rest may be read once it is closed
	wrong error
}

// begin runs the program beside the drill.
func (s *stage) begin(ctx context.Context, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, s.options.Program, append(slices.Clone(args), "--config", s.path("notify.yaml"), "--json", "--quiet")...)
	// A drill that is given up must leave no sender behind, and may take the time that a safe stop takes.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.options.Dir, &out, &errs
	cmd.Env = append(slices.Clone(s.options.Env), "XDG_STATE_HOME="+s.path(".state")) // what it remembers ends with the drill
	began := s.options.Now()
	if err := cmd.Start(); err != nil {
		return nil, words.Wrap(err, "drill.error.run", words.A{"command": "notify " + strings.Join(args, " ")})
	}
	p := &process{ran: ran{args: args}, ended: make(chan struct{})}
	s.processes = append(s.processes, p)
	go func() {
		defer close(p.ended)
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			p.wrong = words.Wrap(err, "drill.error.run", words.A{"command": "notify " + strings.Join(args, " ")})
		}
		p.code, p.out, p.err = cmd.ProcessState.ExitCode(), out.String(), errs.String()
		s.step(Step{Command: "notify " + strings.Join(args, " "), Exit: p.code, Took: s.options.Now().Sub(began)})
	}()
	return p, nil
}

func (s *stage) step(st Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.Steps = append(s.report.Steps, st)
	if s.options.Story != nil {
		fmt.Fprintf(s.options.Story, "exit %d after %.1fs: %s\n", st.Exit, st.Took.Seconds(), st.Command)
	}
}

// wait returns what the process came to.
func (p *process) wait() (*ran, error) {
	<-p.ended
	return &p.ran, p.wrong
}

// notify runs the program to its end.
func (s *stage) notify(ctx context.Context, args ...string) (*ran, error) {
	p, err := s.begin(ctx, args...)
	if err != nil {
		return nil, err
	}
	r, err := p.wait()
	if err == nil {
		err = ctx.Err()
	}
	return r, err
}

// must runs the program, which has to end with this code for the drill to go on.
func (s *stage) must(ctx context.Context, code int, args ...string) (*ran, error) {
	r, err := s.notify(ctx, args...)
	if err != nil {
		return nil, err
	}
	return r, r.want(code)
}

func (r *ran) want(code int) error {
	if r.code == code {
		return nil
	}
	return words.Err("drill.error.code", words.A{"command": "notify " + strings.Join(r.args, " "), "code": r.code, "wanted": code, "said": string(r.err) + string(r.out)})
}

// read takes the command's answer.
func (r *ran) read(into any) error {
	if err := json.Unmarshal([]byte(r.out), into); err != nil {
		return words.Wrap(err, "drill.error.answer", words.A{"command": "notify " + strings.Join(r.args, " ")})
	}
	return nil
}

// moment is how often a drill looks whether something has come about.
const moment = 5 * time.Millisecond

// until waits for something while a process lives.
func (p *process) until(ctx context.Context, so func() bool) error {
	t := time.NewTicker(moment)
	defer t.Stop()
	for !so() {
		select {
		case <-t.C:
		case <-p.ended:
			if so() {
				return nil
			}
			return words.Err("drill.error.early", words.A{"command": "notify " + strings.Join(p.args, " "), "code": p.code, "said": string(p.err) + string(p.out)})
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// line adds a line to the report.
func (s *stage) line(name string, then words.Text, held bool, now ...Stop) {
	s.report.Lines = append(s.report.Lines, Line{Name: name, Then: then, Now: now, Stopped: held})
}

// tally adds up what reached the sandboxes.
func (s *stage) tally() sandbox.Tally {
	var t sandbox.Tally
	for _, b := range s.boxes {
		c := b.Count()
		t.SMS, t.Mail = together(t.SMS, c.SMS), together(t.Mail, c.Mail)
	}
	s.report.Tally = t
	return t
}

func together(a, b sandbox.Count) sandbox.Count {
	turned := make(map[string]int)
	for _, c := range []sandbox.Count{a, b} {
		for what, n := range c.Turned {
			turned[what] += n
		}
	}
	return sandbox.Count{
		Reached: a.Reached + b.Reached, Unanswered: a.Unanswered + b.Unanswered, Segments: a.Segments + b.Segments,
		Distinct: a.Distinct + b.Distinct, Twice: a.Twice + b.Twice, TwiceList: slices.Concat(a.TwiceList, b.TwiceList),
		Repeats: a.Repeats + b.Repeats, Turned: turned,
	}
}

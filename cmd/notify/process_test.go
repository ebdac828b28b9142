package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"notify/pkg/message"
	"notify/pkg/sandbox"
)

// patience is when a test takes it that what it waits for will never be: moments on a machine with nothing else to do, and
// minutes on one that is fully loaded. Nothing else about a test depends on how long something takes.
const patience = 10 * time.Minute

// process is a notify that runs beside the test.
type process struct {
	cmd      *exec.Cmd
	out, err output
	ended    chan struct{}
	code     int // -1 where a signal ended it; valid once ended is closed
}

// output is what a process wrote so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs a program in a folder. Go's own coverage and race settings are passed on with the environment.
func start(dir string, env []string, program string, args ...string) (*process, error) {
	p := &process{ended: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = dir, env, &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		var exit *exec.ExitError
		if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
			fmt.Fprintf(&p.err, "wait: %v\n", err)
		}
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.ended)
	}()
	return p, nil
}

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// wait returns the exit code.
func (p *process) wait() (int, error) { return p.within(patience) }

// within is wait for a program that takes longer.
func (p *process) within(limit time.Duration) (int, error) {
	select {
	case <-p.ended:
		return p.code, nil
	case <-time.After(limit):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return p.code, fmt.Errorf("%s did not end within %s\n%s", strings.Join(p.cmd.Args, " "), limit, p.err.String())
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// await looks until something is so, and gives up where it cannot become so any more. It looks more and more seldom: who
// looks all the time takes the processor from those whom he waits for.
func await(what string, hopeless func() bool, so func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; ; pause = min(pause*5/4+time.Millisecond, 30*time.Millisecond) {
		last := hopeless != nil && hopeless() || time.Now().After(deadline)
		ok, err := so()
		if err != nil || ok {
			return err
		}
		if last {
			return fmt.Errorf("waited in vain for %s", what)
		}
		<-time.After(pause)
	}
}

// receiver is a `notify sandbox`: vendors that keep their own record.
type receiver struct {
	*process
	sms, mail string // where it listens
	record    string
	admin     sandbox.Admin
}

var listening = regexp.MustCompile(`SMS gateway on (\S+), mail server on ([^;]+);`)

// startReceiver runs the sandbox on ports that are free.
func startReceiver(dir string, env []string, args ...string) (*receiver, error) {
	r := &receiver{record: filepath.Join(dir, "reached.jsonl")}
	args = append([]string{"sandbox", "--sms", "127.0.0.1:0", "--mail", "127.0.0.1:0", "--record", r.record}, args...)
	var err error
	if r.process, err = start(dir, env, "notify", args...); err != nil {
		return nil, err
	}
	err = await("the sandbox", func() bool { return !r.alive() }, func() (bool, error) {
		found := listening.FindStringSubmatch(r.err.String())
		if found == nil {
			return false, nil
		}
		r.sms, r.mail = found[1], found[2]
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, r.err.String())
	}
	r.admin = sandbox.Admin{URL: "http://" + r.sms, Token: "sandbox", Client: &http.Client{Timeout: patience}}
	return r, nil
}

// settings point the accounts of testdata/installation at it.
func (r *receiver) settings() []string {
	return []string{"NOTIFY_ACCOUNTS_SMS_ENDPOINT=http://" + r.sms, "NOTIFY_ACCOUNTS_EDM_OPTIONS_ADDRESS=" + r.mail}
}

// stop ends it as Ctrl-C does.
func (r *receiver) stop() {
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil { // Windows has no such signal
		r.kill()
		return
	}
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.kill()
	}
}

func (r *receiver) count() (sandbox.Tally, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return r.admin.Count(ctx)
}

// reached waits until so many messages of a channel have reached it.
func (r *receiver) reached(ch message.Channel, n int, hopeless func() bool) error {
	return await(fmt.Sprintf("%d messages by %s", n, ch), hopeless, func() (bool, error) {
		t, err := r.count()
		if err != nil {
			return false, err
		}
		return of(t, ch).Reached >= n, nil
	})
}

func of(t sandbox.Tally, ch message.Channel) sandbox.Count {
	if ch == message.Email {
		return t.Mail
	}
	return t.SMS
}

// answers reports whether somebody listens.
func answers(address string) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

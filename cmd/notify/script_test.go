//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"

	"notify/docs/schemas"
	"notify/pkg/channel"
	"notify/pkg/drill"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/message"
	"notify/pkg/sandbox"
)

// TestScript runs the manual: testdata/script/*.txtar, one story each. The stories are told to a shell, on a terminal of Unix. Beside testscript's own commands, stories have:
//
//	people FROM N FILE             writes a list of invented people
//	sandbox [FLAG…]                serves vendors on free ports and points the accounts at them, until the story ends
//	reached CHANNEL N              so many messages reached the sandbox, each person once
//	await CHANNEL N                waits until so many have; +N counts from where the last program was begun
//	exits CODE PROGRAM [ARG…]      runs a program that must end with this code
//	until CODE PROGRAM [ARG…]      runs it again and again until it ends with CODE, as one that is refused while a lease lasts
//	once                           nobody was told twice
//	begin NAME PROGRAM [ARG…]      runs one beside the story
//	signal NAME INT|TERM|HUP|KILL      sends it a signal
//	says NAME TEXT                 waits until it has written this to stderr
//	ends NAME CODE                 waits for its end; its output can then be looked at
//	terminal CODE ANSWER PROGRAM [ARG…]   runs a program on a terminal and types ANSWER at the prompt
//	json PATH [VALUE]              the last output is JSON that has this, at a path like campaigns.0.state
//	postgres [kill|start|standby [synchronous]|asynchronous|behind|promote|sql STATEMENT]          starts a PostgreSQL and keeps the ledger there, kills it, starts it again; [postgres] tells whether there is one
//	scrape NAME FILE               writes what it tells Prometheus to a file; [promtool] tells whether there is one
//	setting NAME=VALUE…            env that programs begun beside the story see, too
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setupStory,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition:           storyCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"people": cmdPeople, "sandbox": cmdSandbox, "reached": cmdReached, "await": cmdAwait, "exits": cmdExits, "until": cmdUntil, "once": cmdOnce,
			"begin": cmdBegin, "signal": cmdSignal, "strike": cmdStrike, "says": cmdSays, "ends": cmdEnds, "terminal": cmdTerminal, "json": cmdJSON, "setting": cmdSetting, "scrape": cmdScrape, "prints": cmdPrints, "postgres": cmdPostgres,
		},
	})
}

// story is what the commands of one script share.
type story struct {
	vars      []string
	receiver  *receiver
	processes map[string]*process
	postgres  *pgtest.Server
	standby   *pgtest.Server
	begun     sandbox.Tally // what had reached the sandbox when the last process was begun
}

// over reports that nothing that was begun runs any more.
func (s *story) over() bool {
	for _, p := range s.processes {
		if p.alive() {
			return false
		}
	}
	return true
}

type storyKey struct{}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// storyCondition reports whether PostgreSQL can be started, and whether promtool is there. Where CI is set they are, or the story fails.
func storyCondition(name string) (bool, error) {
	var err error
	var missing bool
	var what, in string
	switch name {
	case "postgres":
		_, err = pgtest.Find()
		missing, what, in = errors.Is(err, pgtest.ErrMissing), "stories on PostgreSQL", "postgresql"
	case "promtool":
		err = hasPromtool()
		missing, what, in = err != nil, "metrics as Prometheus reads them", "prometheus"
	default:
		return false, fmt.Errorf("no condition is called %s", name)
	}
	if missing && os.Getenv("CI") == "" {
		fmt.Fprintf(os.Stderr, "\n!!! NOT TESTED: %s: %s. Get it with: apt-get install %s\n\n", what, err, in)
		return false, nil
	}
	return err == nil, err
}

func cmdPostgres(ts *testscript.TestScript, _ bool, args []string) {
	st := storyOf(ts)
	ctx := context.Background()
	switch {
	case st.postgres != nil && len(args) == 1 && args[0] == "kill":
		ts.Check(st.postgres.Kill())
	case st.postgres != nil && len(args) == 1 && args[0] == "start":
		ts.Check(st.postgres.Start(ctx))
	case st.postgres != nil && len(args) > 0 && st.standBy(ts, args):
	case st.postgres == nil && len(args) == 0:
		s, err := pgtest.New(ctx, "fsync = on") // a ledger that may lose commits is not sent from
		ts.Check(err)
		ts.Defer(func() { _ = s.Remove() })
		st.postgres = s
		cmdSetting(ts, false, []string{"NOTIFY_LEDGER=" + s.URL(pgtest.Superuser, "postgres"), "SERVER=" + s.URL(pgtest.Superuser, "postgres")})
		host, port, err := net.SplitHostPort(s.Addr())
		ts.Check(err)
		cmdSetting(ts, false, []string{"PGHOST=" + host, "PGPORT=" + port})
	default:
		ts.Fatalf("usage: postgres [kill|start|standby [synchronous]|asynchronous|behind|promote|sql STATEMENT]")
	}
}

// standBy makes a second server that follows the first, lets it fall behind, or puts it in the other's place.
func (s *story) standBy(ts *testscript.TestScript, args []string) bool {
	ctx := context.Background()
	switch {
	case args[0] == "standby" && s.standby == nil:
		b, err := s.postgres.Standby(ctx, "second")
		ts.Check(err)
		ts.Defer(func() { _ = b.Remove() })
		s.standby = b
		if len(args) == 2 && args[1] == "synchronous" {
			_, err := s.postgres.SQL(ctx, "postgres", "ALTER SYSTEM SET synchronous_standby_names = 'second'", "SELECT pg_reload_conf()")
			ts.Check(err)
		}
		cmdSetting(ts, false, []string{"NOTIFY_LEDGER=" + s.postgres.Either(b, pgtest.Superuser, "postgres")})
	case args[0] == "asynchronous":
		_, err := s.postgres.SQL(ctx, "postgres", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
		ts.Check(err)
	case args[0] == "sql" && len(args) == 2:
		_, err := s.postgres.SQL(ctx, "postgres", args[1])
		ts.Check(err)
	case args[0] == "behind" && s.standby != nil:
		ts.Check(s.standby.Stop(ctx, "fast"))
	case args[0] == "promote" && s.standby != nil:
		ts.Check(s.postgres.Kill())
		_ = s.standby.Start(ctx) // it runs, unless it fell behind
		ts.Check(s.standby.Promote(ctx))
		s.postgres, s.standby = s.standby, nil
	default:
		return false
	}
	return true
}

// setupStory puts the installation into the story's folder, where the story does not bring its own.
func setupStory(env *testscript.Env) error {
	s := &story{processes: make(map[string]*process)}
	env.Values[storyKey{}] = s
	env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
	env.Defer(func() {
		for _, p := range s.processes {
			p.kill()
		}
		if s.receiver != nil {
			s.receiver.stop()
		}
	})
	lists, err := filepath.Abs("../../pkg/list/testdata") // lists as people and programs write them
	if err != nil {
		return err
	}
	env.Setenv("LISTS", lists)
	env.Setenv("ZONE", drill.Zone(time.Now())) // in which no day ends while a story is told
	if _, err := os.Stat(filepath.Join(env.WorkDir, "no-installation")); err == nil {
		return nil
	}
	return copyInstallation(env.WorkDir)
}

func wantArgs(ts *testscript.TestScript, args []string, least int, usage string) {
	if len(args) < least {
		ts.Fatalf("usage: %s", usage)
	}
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

func cmdPeople(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 3, "people FROM N FILE")
	ts.Check(writeList(ts.MkAbs(args[2]), people(number(ts, args[0]), number(ts, args[1]))))
}

func cmdSandbox(ts *testscript.TestScript, _ bool, args []string) {
	s := storyOf(ts)
	if s.receiver != nil {
		s.receiver.stop()
	}
	r, err := startReceiver(ts.MkAbs("."), append(environment(ts), "LANG=C.UTF-8"), args...) // its addresses are read from its English
	ts.Check(err)
	s.receiver = r
	cmdSetting(ts, false, append(r.settings(), "SANDBOX="+r.admin.URL, "RECORD="+r.record))
}

// environment is what programs beside the story see: testscript tells single variables only.
func environment(ts *testscript.TestScript) []string {
	names := []string{"PATH", "HOME", "XDG_STATE_HOME", "TMPDIR", "WORK", "GOCOVERDIR", "SystemRoot"}
	env := []string{"TERM=xterm"}
	for _, k := range append(names, storyOf(ts).vars...) {
		if v := ts.Getenv(k); v != "" {
			env = append(env, k+"="+v)
		}
	}
	return env
}

// cmdSetting is env for the programs beside the story, too.
func cmdSetting(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 1, "setting NAME=VALUE…")
	for _, kv := range args {
		k, v, _ := strings.Cut(kv, "=")
		ts.Setenv(k, v)
		storyOf(ts).vars = append(storyOf(ts).vars, k)
	}
}

// update drafts the forms of answers that have none yet.
var update = flag.Bool("update", false, "draft the JSON Schema of an answer that is described nowhere")

// cmdJSON looks at the last output. Whoever looks at its schema holds all of it to that form.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, args, 1, "json PATH [VALUE]")
	var v any
	if args[0] == "schema" {
		answer := []byte(ts.ReadFile("stdout"))
		name, err := schemas.Check(answer)
		if *update && errors.Is(err, fs.ErrNotExist) && len(args) > 1 && name == args[1] {
			path, form, draftErr := schemas.Draft(answer)
			ts.Check(draftErr)
			path = filepath.Join("../../docs/schemas", path)
			if before, err := os.ReadFile(path); err != nil || len(before) < len(form) { // of a story's answers, that which says the most
				ts.Check(os.WriteFile(path, form, 0o644))
			}
			err = nil
		}
		ts.Check(err)
	}
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.UseNumber()
	ts.Check(d.Decode(&v))
	for _, k := range strings.Split(args[0], ".") {
		switch at := v.(type) {
		case map[string]any:
			below, ok := at[k]
			if !ok {
				if neg {
					return
				}
				ts.Fatalf("no %s in %s", k, args[0])
			}
			v = below
		case []any:
			i := number(ts, k)
			if i >= len(at) {
				ts.Fatalf("%s: there are %d", args[0], len(at))
			}
			v = at[i]
		default:
			ts.Fatalf("nothing below %v for %s", v, k)
		}
	}
	if len(args) == 1 {
		return
	}
	if got := fmt.Sprint(v); (got == args[1]) == neg {
		ts.Fatalf("%s is %s, not %s", args[0], got, args[1])
	}
}

func receiverOf(ts *testscript.TestScript) *receiver {
	r := storyOf(ts).receiver
	if r == nil {
		ts.Fatalf("no sandbox runs")
	}
	return r
}

func channelOf(ts *testscript.TestScript, name string) message.Channel {
	ch := message.Channel(name)
	if !slices.Contains(channel.Builtin().Names(), ch) {
		ts.Fatalf("no channel %q", name)
	}
	return ch
}

func cmdReached(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "reached CHANNEL N")
	t, err := receiverOf(ts).count()
	ts.Check(err)
	got := of(t, channelOf(ts, args[0]))
	if got.Reached != number(ts, args[1]) || got.Twice != 0 || got.Distinct != got.Reached {
		ts.Fatalf("%d messages by %s reached %d people, %d of them twice; want %s", got.Reached, args[0], got.Distinct, got.Twice, args[1])
	}
}

func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "await CHANNEL N")
	n := number(ts, args[1])
	if strings.HasPrefix(args[1], "+") {
		n += of(storyOf(ts).begun, channelOf(ts, args[0])).Reached
	}
	ts.Check(receiverOf(ts).reached(channelOf(ts, args[0]), n, storyOf(ts).over))
}

func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "exits CODE PROGRAM [ARG…]")
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != number(ts, args[0]) {
		ts.Fatalf("%s ended with %d, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

func cmdUntil(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "until CODE PROGRAM [ARG…]")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		code := 0
		err := ts.Exec(args[1], args[2:]...)
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else {
			ts.Check(err)
		}
		if code == number(ts, args[0]) {
			return
		}
	}
	ts.Fatalf("%s never ended with %s", strings.Join(args[1:], " "), args[0])
}

func cmdOnce(ts *testscript.TestScript, _ bool, _ []string) {
	t, err := receiverOf(ts).count()
	ts.Check(err)
	for _, ch := range []message.Channel{message.SMS, message.Email} {
		if got := of(t, ch); got.Twice != 0 || got.Distinct != got.Reached {
			ts.Fatalf("%d messages by %s reached %d people, %d of them twice", got.Reached, ch, got.Distinct, got.Twice)
		}
	}
}

func cmdBegin(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "begin NAME PROGRAM [ARG…]")
	s := storyOf(ts)
	var err error
	if s.receiver != nil {
		s.begun, err = s.receiver.count()
		ts.Check(err)
	}
	s.processes[args[0]], err = start(ts.MkAbs("."), environment(ts), args[1], args[2:]...)
	ts.Check(err)
}

func processOf(ts *testscript.TestScript, name string) *process {
	p := storyOf(ts).processes[name]
	if p == nil {
		ts.Fatalf("nothing was begun as %s", name)
	}
	return p
}

func cmdSignal(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "signal NAME INT|TERM|HUP|KILL")
	s, ok := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": os.Kill}[args[1]]
	if !ok {
		ts.Fatalf("no signal %q", args[1])
	}
	ts.Check(processOf(ts, args[0]).cmd.Process.Signal(s))
}

var took = regexp.MustCompile(`msg=claimed .*\bgot=(\d+)`)

// cmdStrike kills a process that said with -v that it took messages, and not yet what came of all of them: those are unknown afterwards.
func cmdStrike(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 1, "strike NAME")
	p := processOf(ts, args[0])
	ts.Check(await("something under way", func() bool { return !p.alive() }, func() (bool, error) {
		log := p.err.String()
		underway := -strings.Count(log, "msg=outcome ")
		for _, m := range took.FindAllStringSubmatch(log, -1) {
			underway += number(ts, m[1])
		}
		return underway > 0, nil
	}))
	p.kill()
}

func cmdSays(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "says NAME REGEXP")
	p := processOf(ts, args[0])
	said, err := regexp.Compile(args[1])
	ts.Check(err)
	ts.Check(await(args[1], func() bool { return !p.alive() }, func() (bool, error) {
		return said.MatchString(p.err.String()) || said.MatchString(p.out.String()), nil
	}))
}

func cmdEnds(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "ends NAME CODE")
	p := processOf(ts, args[0])
	code, err := p.wait()
	ts.Check(err)
	_, _ = ts.Stdout().Write([]byte(p.out.String()))
	_, _ = ts.Stderr().Write([]byte(p.err.String()))
	if code != number(ts, args[1]) {
		ts.Fatalf("%s ended with %d, want %s", args[0], code, args[1])
	}
}

func cmdTerminal(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 3, "terminal CODE ANSWER PROGRAM [ARG…]")
	screen, code := onTerminal(ts, 120, args[1], args[2:])
	_, _ = ts.Stdout().Write([]byte(screen))
	if code != number(ts, args[0]) {
		ts.Fatalf("%s ended with %d, want %s\n%s", strings.Join(args[2:], " "), code, args[0], screen)
	}
}

// onTerminal runs a program on a terminal. It waits for the prompt before it types, as a person does; behind an answer that ends in ^C it
// is stopped once something has reached the sandbox.
func onTerminal(ts *testscript.TestScript, wide uint16, answer string, args []string) (screen string, code int) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environment(ts)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: wide})
	ts.Check(err)
	defer func() { _ = tty.Close() }()
	var seen output
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := tty.Read(buf)
			_, _ = seen.Write(buf[:n])
			if err != nil { // a terminal ends with an error of its own
				return
			}
		}
	}()
	if answer != "" {
		ended := func() bool {
			select {
			case <-read:
				return true
			default:
				return false
			}
		}
		err = await("a prompt", ended, func() (bool, error) {
			return strings.HasSuffix(seen.String(), ": ") || strings.HasSuffix(strings.TrimRight(seen.String(), " "), "："), nil
		})
		answer, stop := strings.CutSuffix(answer, "^C")
		if err == nil {
			_, err = tty.WriteString(answer + "\n")
		}
		if err == nil && stop {
			if err = receiverOf(ts).reached(message.SMS, 1000, ended); err == nil {
				_, err = tty.WriteString("\x03")
			}
		}
	}
	select {
	case <-read:
	case <-time.After(patience):
		_ = cmd.Process.Kill()
	}
	_ = cmd.Wait() // its code is looked at by the caller
	screen = strings.ReplaceAll(seen.String(), "\r\n", "\n")
	if err != nil {
		_, _ = ts.Stdout().Write([]byte(screen))
		ts.Check(err)
	}
	return screen, cmd.ProcessState.ExitCode()
}

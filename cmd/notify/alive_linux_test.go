package main

import (
	"database/sql"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/exit"
	"notify/pkg/message"
)

const aliveMessages = 300

// TestWhoIsAliveIsAskedOfLockAndLease kills a run and starts it again where host name and process number say something else than
// before: in another container, where both runs are process 1; with a number that another process has; after another start of the system.
// The rest goes out, and nobody is told twice.
func TestWhoIsAliveIsAskedOfLockAndLease(t *testing.T) {
	t.Parallel()
	t.Run("in another container", func(t *testing.T) {
		t.Parallel()
		if out, err := exec.Command("unshare", contained("probe", "true")...).CombinedOutput(); err != nil {
			t.Skipf("NOT LOOKED AT: no new UTS and PID namespace may be made here (%v: %s); run this as root", err, out)
		}
		p := newMortal(t)
		p.killed("unshare", contained("box-1", "notify", "send", "award.csv", "--yes")...)
		// The number of the run that is dead is that of whoever looks.
		if out := p.program(exit.OK, "unshare", contained("box-2", "notify", "status", "award-2020", "--json")...); strings.Contains(out, `"running"`) {
			t.Errorf("a run is said to be alive: %s", out)
		}
		if out := p.program(exit.OK, "unshare", contained("box-2", "notify", "preflight", "award.csv", "--json")...); !strings.Contains(out, "ended without a word") {
			t.Errorf("preflight does not say that a send takes over: %s", out)
		}
		p.program(exit.OK, "unshare", contained("box-2", "sh", "-c", "notify send award.csv --yes || [ $? -eq 4 ]")...)
		p.done()
	})
	t.Run("its number is that of another process", func(t *testing.T) {
		t.Parallel()
		p := newMortal(t)
		p.killed("notify", "send", "award.csv", "--yes")
		p.change("UPDATE run SET pid = ?", os.Getpid())
		p.cron(exit.OK)
		p.done()
	})
	t.Run("after another start of the system", func(t *testing.T) {
		t.Parallel()
		p := newMortal(t)
		p.killed("notify", "send", "award.csv", "--yes")
		ended := time.Now()
		p.change("UPDATE run SET machine = 'before', host = 'ops-2'")
		code, _, _ := p.run("send", "award.csv", "--yes")
		if within := time.Since(ended) < 5*time.Second; within && code != exit.Leased {
			t.Errorf("its lease has not passed, and send ends with %d", code)
		}
		p.must(await("its lease", nil, func() (bool, error) {
			time.Sleep(time.Second)     // a timer does not come all the time
			p.cron(exit.OK, exit.Error) // what is not known to be dead is at work; 1 where the lease ended between the script's two looks
			counted, err := p.receiver.count()
			return counted.SMS.Reached > 0 && !strings.Contains(p.wants([]int{exit.OK}, "status", "--json"), `"running"`) && p.finished(), err
		}))
		p.done()
	})
	t.Run("the timer tells one that is alive from one that is dead", func(t *testing.T) {
		t.Parallel()
		p := newMortal(t)
		run := p.begin("send", "award.csv", "--yes")
		p.some(run)
		p.cron(exit.OK)
		if !strings.Contains(p.wants([]int{exit.OK}, "status", "--json"), `"running"`) || !run.alive() {
			t.Error("it is at work, and not said to be")
		}
		p.ends(run)
		p.cron(exit.OK)
		p.done()
	})
}

// contained runs a program as process 1 of a container of that name.
func contained(host string, args ...string) []string {
	return append([]string{"--uts", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", `hostname "$0" && exec "$@"`, host}, args...)
}

// mortal is a campaign whose first hundred leave at once, and the rest within minutes: it is alive until it is killed.
type mortal struct {
	*place
	log *recordLog
}

func newMortal(tb testing.TB) *mortal {
	tb.Helper()
	p := newPlace(tb, []string{"--latency", "10ms"}, "NOTIFY_ACCOUNTS_SMS_CONCURRENCY=8", "NOTIFY_ACCOUNTS_SMS_RATE=1/s", "NOTIFY_ACCOUNTS_SMS_BURST=200")
	p.must(writeList(p.path("award.csv"), people(1, aliveMessages)))
	p.write("award.yaml", only("award-2020", message.SMS))
	return &mortal{place: p, log: &recordLog{p, message.SMS}}
}

// some waits until a part of the messages has arrived.
func (p *mortal) some(run *process) {
	p.Helper()
	p.must(p.receiver.reached(message.SMS, 60, func() bool { return !run.alive() }))
}

// killed begins, and kills in the midst.
func (p *mortal) killed(program string, args ...string) {
	p.Helper()
	run, err := start(p.dir, p.env, program, args...)
	p.must(err)
	p.Cleanup(run.kill)
	p.some(run)
	p.ends(run)
}

// ends kills a run. Those that follow are not as slow.
func (p *mortal) ends(run *process) {
	p.Helper()
	run.kill()
	code, err := run.wait()
	p.must(err)
	if code != -1 {
		p.Fatalf("it ended with %d before it was killed\n%s", code, run.err.String())
	}
	p.env = append(p.env, "NOTIFY_ACCOUNTS_SMS_RATE=100/s")
}

// program runs a program, which must end with that code.
func (p *mortal) program(want int, program string, args ...string) string {
	p.Helper()
	return p.programs([]int{want}, program, args...)
}

// programs is program with several codes that will do.
func (p *mortal) programs(want []int, program string, args ...string) string {
	p.Helper()
	run, err := start(p.dir, p.env, program, args...)
	p.must(err)
	p.Cleanup(run.kill)
	code, err := run.wait()
	p.must(err)
	if !slices.Contains(want, code) {
		p.Fatalf("%s %s ended with %d, want %v\n%s\n%s", program, strings.Join(args, " "), code, want, run.out.String(), run.err.String())
	}
	return run.out.String()
}

var cronScript = regexp.MustCompile("(?s)## From cron\n\n```sh\n(.*?)```")

// cron runs the script of docs/exit-codes.md.
func (p *mortal) cron(want ...int) {
	p.Helper()
	text, err := os.ReadFile("../../docs/exit-codes.md")
	p.must(err)
	script := cronScript.FindSubmatch(text)
	if script == nil {
		p.Fatal("the document has no script")
	}
	p.programs(want, "sh", "-c", strings.ReplaceAll(string(script[1]), "award.xlsx", "award.csv"))
}

// change does something to the ledger with nothing but SQL.
func (p *mortal) change(query string, args ...any) {
	p.Helper()
	db, err := sql.Open("sqlite", "file:"+p.path("notify.db"))
	p.must(err)
	_, err = db.ExecContext(p.Context(), query, args...)
	p.must(err)
	p.must(db.Close())
}

func (p *mortal) finished() bool {
	p.Helper()
	for _, s := range p.told("award-2020") {
		if s == message.Pending || s == message.Attempting {
			return false
		}
	}
	return true
}

// done holds the receiver's record against the ledger.
func (p *mortal) done() {
	p.Helper()
	p.wants([]int{exit.OK}, "ledger", "check")
	p.judge(p.log, tortureConcurrency, aliveMessages, 0)
}

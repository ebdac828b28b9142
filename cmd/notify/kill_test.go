//go:build unix

package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"notify/pkg/exit"
	"notify/pkg/freeport"
	"notify/pkg/message"
)

// scripts/torture.sh sets these to the figures that the program is promised for: 23,000 messages, 20 kills.
var (
	tortureMessages = flag.Int("torture.messages", 2000, "how many messages TestKilledAtRandomMoments sends")
	tortureKills    = flag.Int("torture.kills", 8, "how often it kills the run")
	tortureSeed     = flag.Uint64("torture.seed", 0, "seed of the moments; 0: one by the clock")
)

// counter is what a receiver knows by itself of what reached it.
type counter interface {
	// reached is how many messages have arrived so far.
	reached() (int, error)
	// addresses is how often each address was reached.
	addresses() (map[message.Address]int, error)
}

// TestKilledAtRandomMoments kills the sending process with SIGKILL, again and again, and goes on. Afterwards nobody was
// told twice, and nobody was left out but those that the ledger lists as unknown, no more than were in flight at the kills.
func TestKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	flags := []string{"--latency", "10ms", "--jitter", "30ms"}
	t.Run("over HTTP", func(t *testing.T) {
		t.Parallel()
		torture(t, flags, message.SMS, "NOTIFY_ACCOUNTS_SMS_", func(p *place) counter { return &recordLog{p, message.SMS} })
	})
	t.Run("over SMTP", func(t *testing.T) {
		t.Parallel()
		torture(t, flags, message.Email, "NOTIFY_ACCOUNTS_EDM_", func(p *place) counter { return &recordLog{p, message.Email} })
	})
	if sink, ok := smtpSink(); ok {
		t.Run("over SMTP to postfix", func(t *testing.T) {
			t.Parallel()
			torture(t, flags, message.Email, "NOTIFY_ACCOUNTS_EDM_", func(p *place) counter { return startSink(p, sink) })
		})
	}
}

const tortureConcurrency = 16

// tortureSeconds is how long a run would take without kills, at least: time enough to kill it, mostly.
const tortureSeconds = 5

// torture kills the runs of a campaign; where all was sent before it could kill as often as it should, those of one more.
func torture(t *testing.T, flags []string, ch message.Channel, account string, receiver func(*place) counter) {
	t.Helper()
	seed := *tortureSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, uint64(len(ch))))
	for enough := false; !enough && !t.Failed(); {
		p := newPlace(t, flags)
		enough = tortureOne(p, ch, account, receiver(p), chance)
	}
}

// tortureOne is false where the campaign was over before the last kill; it is judged all the same.
func tortureOne(p *place, ch message.Channel, account string, reached counter, chance *rand.Rand) bool {
	p.Helper()
	n, kills := *tortureMessages, *tortureKills
	p.env = append(p.env, account+fmt.Sprintf("CONCURRENCY=%d", tortureConcurrency), account+fmt.Sprintf("RATE=%d/s", n/tortureSeconds))
	p.must(writeList(p.path("award.csv"), people(1, n)))
	p.write("award.yaml", only("award-2020", ch))
	began := time.Now()
	killed := 0
	for killed < kills && p.killOne(chance, reached, kills-killed, n) {
		killed++
	}
	p.wants([]int{exit.OK, exit.Some}, "send", "award.csv", "--yes")
	p.wants([]int{exit.OK}, "ledger", "check")
	took := time.Since(began)
	p.judge(reached, kills*tortureConcurrency, n, took)
	return killed == kills
}

// killOne starts or resumes the campaign and kills it at a random moment: some before it has sent anything, some while it
// reads the list, most while messages are in flight. It is false where the run ended before the kill: all was sent.
func (p *place) killOne(chance *rand.Rand, reached counter, left, n int) bool {
	p.Helper()
	args := []string{"send", "award.csv", "--yes"}
	if code, _, _ := p.run("status", "award-2020"); code == exit.OK && chance.IntN(3) > 0 {
		args = []string{"resume", "award-2020"}
	}
	before, err := reached.reached()
	p.must(err)
	further := chance.IntN(max(1, (n-before)*3/2/(left+1)))
	if chance.IntN(6) == 0 {
		further = 0 // at the beginning
	}
	delay := time.Duration(chance.IntN(12_000)) * time.Microsecond
	if further == 0 {
		delay *= 20
	}
	run := p.begin(args...)
	if further > 0 {
		p.must(await(fmt.Sprintf("%d messages", before+further), func() bool { return !run.alive() }, func() (bool, error) {
			now, err := reached.reached()
			return now >= before+further || !run.alive(), err
		}))
	}
	select {
	case <-run.ended:
	case <-time.After(delay): // the moment of the kill is what is drawn
	}
	_ = run.cmd.Process.Kill()
	code, err := run.wait()
	p.must(err)
	if code != -1 && code != exit.OK && code != exit.Some {
		p.Fatalf("notify %s ended with %d by itself\n%s\n%s", strings.Join(args, " "), code, run.out.String(), run.err.String())
	}
	return code == -1
}

// judge compares the receiver's log with the ledger.
func (p *place) judge(reached counter, inFlight, n int, took time.Duration) {
	p.Helper()
	times, err := reached.addresses()
	p.must(err)
	states := p.told("award-2020")
	var twice, unknown, missing, lost int
	for a, count := range times {
		if count > 1 {
			twice++
			p.Errorf("%s was reached %d times", a.Masked(), count)
		}
		if s := states[a]; s != message.Accepted && s != message.Unknown {
			p.Errorf("%s was reached, and the ledger says %s", a.Masked(), s)
		}
	}
	for a, s := range states {
		if s == message.Unknown {
			unknown++
		}
		if times[a] > 0 {
			continue
		}
		missing++
		if s != message.Unknown {
			lost++
			p.Errorf("%s was not reached, and the ledger says %s", a.Masked(), s)
		}
	}
	if len(states) != n {
		p.Errorf("the ledger has %d messages, want %d", len(states), n)
	}
	if unknown > inFlight {
		p.Errorf("%d messages are unknown, and at most %d were in flight at the kills", unknown, inFlight)
	}
	p.Logf("%d messages, %.1f s: %d people reached, %d of them twice; %d unknown, %d of them arrived; %d lost",
		n, took.Seconds(), len(times), twice, unknown, unknown-(missing-lost), lost)
}

// recordLog is the sandbox's own record.
type recordLog struct {
	p  *place
	ch message.Channel
}

func (l *recordLog) reached() (int, error) {
	t, err := l.p.receiver.count()
	return of(t, l.ch).Reached, err
}

func (l *recordLog) addresses() (map[message.Address]int, error) {
	times := make(map[message.Address]int)
	for _, a := range l.p.arrivals() {
		if a.Channel == l.ch {
			times[a.To]++
		}
	}
	return times, nil
}

// sinkLog is postfix's smtp-sink, which writes every message into a file of its own.
type sinkLog struct{ dir string }

func smtpSink() (string, bool) {
	for _, name := range []string{"smtp-sink", "/usr/sbin/smtp-sink"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}

func startSink(p *place, program string) *sinkLog {
	p.Helper()
	l := &sinkLog{dir: p.path("sink")}
	p.must(os.Mkdir(l.dir, 0o700))
	address := freeport.Address(p)
	args := []string{"-d", "m.", address, "200"}
	if os.Geteuid() == 0 { // it wants to be told as whom it works
		args = append([]string{"-u", "root"}, args...)
	}
	sink, err := start(l.dir, p.env, program, args...)
	p.must(err)
	p.Cleanup(sink.kill)
	p.must(await("smtp-sink", func() bool { return !sink.alive() }, func() (bool, error) { return answers(address), nil }))
	p.env = append(p.env, "NOTIFY_ACCOUNTS_EDM_OPTIONS_ADDRESS="+address)
	return l
}

func (l *sinkLog) files() ([]string, error) { return filepath.Glob(filepath.Join(l.dir, "m.*")) }

func (l *sinkLog) reached() (int, error) {
	files, err := l.files()
	return len(files), err
}

var sinkRecipient = regexp.MustCompile(`(?m)^X-Rcpt-Args: <([^>]+)>`)

func (l *sinkLog) addresses() (map[message.Address]int, error) {
	files, err := l.files()
	if err != nil {
		return nil, err
	}
	times := make(map[message.Address]int)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		// A connection that was cut before its message leaves a file without one.
		if to := sinkRecipient.FindSubmatch(text); to != nil && strings.Contains(string(text), "Message-ID:") {
			times[message.Address(to[1])]++
		}
	}
	return times, nil
}

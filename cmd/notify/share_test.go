package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
)

// four begins four campaigns of n messages each, all through the account sms, each in a process of its own.
func (p *place) four(n int, args ...string) []*process {
	p.Helper()
	var runs []*process
	for i := range 4 {
		name := fmt.Sprintf("part-%d", i+1)
		p.must(writeList(p.path(name+".csv"), people(1+i*n, n)))
		p.write(name+".yaml", only(name, message.SMS))
		runs = append(runs, p.begin(append([]string{"send", name + ".csv", "--yes"}, args...)...))
	}
	return runs
}

// TestFourProcessesShareOneRate: every node had its own sending code, and its own idea of the rate. Four processes on one
// ledger send at the account's rate together, by the receiver's own clock: never above it, and within one percent of it.
// Who waits for a processor can be slower, whatever he does: then it is measured again, and on a machine that has no time
// for it, it is enough not to be above.
func TestFourProcessesShareOneRate(t *testing.T) {
	const rate, burst, seconds = 200, 60, 30
	for try := 1; ; try++ {
		p := newPlace(t, nil, fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_RATE=%d/s", rate), fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_BURST=%d", burst))
		n := rate * (seconds + 3) / 4
		began, waited := time.Now(), waitedForProcessors()
		for _, run := range p.four(n) {
			code, err := run.wait()
			p.must(err)
			if code != exitOK {
				t.Fatalf("a process ended with %d\n%s\n%s", code, run.out.String(), run.err.String())
			}
		}
		times := arrivalTimes(p, 4*n)
		if most := busiest(times, time.Second); most > rate+burst {
			t.Fatalf("%d messages in one second, the account allows %d and %d at once", most, rate, burst)
		}
		got := within(times, times[0].Add(time.Second), seconds*time.Second)
		starved := float64(waitedForProcessors()-waited) / float64(time.Since(began))
		t.Logf("%d messages in %d s, at most %d in any second; somebody waited for a processor %.0f%% of the time", got, seconds,
			busiest(times, time.Second), 100*starved)
		switch {
		case got > rate*seconds*101/100:
			t.Fatalf("%d messages in %d s: more than one percent above %d a second", got, seconds, rate)
		case got >= rate*seconds*99/100, starved > 0.5:
			return
		case try == 3:
			t.Fatalf("%d messages in %d s: more than one percent below %d a second, three times", got, seconds, rate)
		}
	}
}

// waitedForProcessors is for how long, since the machine was started, something was ready and had no processor; 0 where
// the system does not tell.
func waitedForProcessors() time.Duration {
	text, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0
	}
	_, total, _ := strings.Cut(strings.SplitN(string(text), "\n", 2)[0], "total=")
	n, err := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Microsecond
}

// arrivalTimes are in order, and so many.
func arrivalTimes(p *place, n int) []time.Time {
	p.Helper()
	var times []time.Time
	for _, a := range p.arrivals() {
		times = append(times, a.Time)
	}
	if len(times) != n {
		p.Fatalf("%d messages arrived, want %d", len(times), n)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// busiest is the most that any stretch of this length holds.
func busiest(times []time.Time, length time.Duration) int {
	most, from := 0, 0
	for i, at := range times {
		for at.Sub(times[from]) >= length {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

func within(times []time.Time, from time.Time, length time.Duration) int {
	n := 0
	for _, at := range times {
		if !at.Before(from) && at.Before(from.Add(length)) {
			n++
		}
	}
	return n
}

// TestVendorLimitOfTenThousandADay: four processes that share a daily quota of 10,000 send exactly so many, and each of them
// ends by saying when it makes sense to go on.
func TestVendorLimitOfTenThousandADay(t *testing.T) {
	const quota = 10_000
	p := newPlace(t, nil, fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_DAILY_QUOTA=%d", quota), "NOTIFY_ACCOUNTS_SMS_RATE=3000/s",
		"NOTIFY_ACCOUNTS_SMS_BURST=100", "NOTIFY_CAPACITY_RECIPIENTS=100000")
	for _, run := range p.four(6000, "--spread") {
		code, err := run.wait()
		p.must(err)
		out := run.out.String()
		if code != exitPaused || !strings.Contains(out, "the daily quota of 10000 of account sms is used up; it makes sense again at ") ||
			!strings.Contains(out, " 00:00") || !strings.Contains(out, "next: notify resume part-") {
			t.Errorf("a process ended with %d\n%s\n%s", code, out, run.err.String())
		}
	}
	tally, err := p.receiver.count()
	p.must(err)
	if tally.SMS.Reached != quota || tally.SMS.Twice != 0 || len(tally.SMS.Turned) != 0 {
		t.Errorf("%d messages arrived, %d people twice, turned away %v; want exactly %d", tally.SMS.Reached, tally.SMS.Twice, tally.SMS.Turned, quota)
	}
	accepted := 0
	for i := range 4 {
		for _, s := range p.told(fmt.Sprintf("part-%d", i+1)) {
			switch s {
			case message.Accepted:
				accepted++
			case message.Pending:
			default:
				t.Errorf("a message is %s", s)
			}
		}
	}
	if accepted != quota {
		t.Errorf("the ledger has %d accepted messages, want %d", accepted, quota)
	}
	p.wants([]int{exitOK}, "ledger", "check")
}

// TestTimerThatFiresWhileARunIsAlive: a timer scanned for what was "not yet sent" every ten minutes while the run before was
// still going, and 1,294 people got their SMS twice. Here it fires every second; each time it is told who is at work.
func TestTimerThatFiresWhileARunIsAlive(t *testing.T) {
	t.Parallel() // it mostly waits
	const fires, people23 = 10, 23_000
	p := newPlace(t, nil, "NOTIFY_ACCOUNTS_SMS_RATE=1000/s", "NOTIFY_ACCOUNTS_SMS_BURST=50")
	p.must(writeList(p.path("award.csv"), people(1, people23)))
	p.write("award.yaml", only("award-2020", message.SMS))
	first := p.begin("send", "award.csv", "--yes")
	p.must(p.receiver.reached(message.SMS, 1, func() bool { return !first.alive() }))
	timer := time.NewTicker(time.Second)
	defer timer.Stop()
	var took []time.Duration
	for range fires {
		<-timer.C
		began := time.Now()
		code, out, errs := p.run("send", "award.csv", "--yes")
		took = append(took, time.Since(began))
		if code != exitLeased || out != "" {
			t.Fatalf("it ended with %d, want %d\n%s\n%s", code, exitLeased, out, errs)
		}
		for _, want := range []string{fmt.Sprintf("process %d", first.cmd.Process.Pid), "notify status --watch"} {
			if !strings.Contains(errs, want) {
				t.Fatalf("it does not say %q\n%s", want, errs)
			}
		}
	}
	if !first.alive() {
		t.Fatal("the run ended before the timer had fired ten times")
	}
	slices.Sort(took)
	t.Logf("an extra send takes %s, at most %s", took[fires/2].Round(time.Millisecond), took[fires-1].Round(time.Millisecond))
	if took[fires/2] > 2*time.Second {
		t.Errorf("an extra send takes %s", took[fires/2])
	}
	p.wants([]int{exitOK}, "pause", "award-2020")
	if code, err := first.wait(); code != exitPaused || err != nil {
		t.Fatalf("the run ended with %d: %v", code, err)
	}
	tally, err := p.receiver.count()
	p.must(err)
	accepted := 0
	for _, s := range p.told("award-2020") {
		if s == message.Accepted {
			accepted++
		}
	}
	if tally.SMS.Twice != 0 || tally.SMS.Repeats != 0 || tally.SMS.Reached != accepted {
		t.Errorf("%d messages arrived, %d people twice; the ledger has %d", tally.SMS.Reached, tally.SMS.Twice, accepted)
	}
}

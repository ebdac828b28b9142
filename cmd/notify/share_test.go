package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/drill"
	"notify/pkg/exit"
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

// What four processes share, and what each of them may have under way.
const sharedRate, sharedBurst, sharedConcurrency = 200, 60, 8

// shareOneRate runs four processes through one account for so many seconds, and returns when each message arrived.
func shareOneRate(tb testing.TB, seconds int) []time.Time {
	tb.Helper()
	p := newPlace(tb, nil, fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_RATE=%d/s", sharedRate), fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_BURST=%d", sharedBurst),
		fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_CONCURRENCY=%d", sharedConcurrency))
	n := sharedRate * seconds / 4
	for _, run := range p.four(n) {
		code, err := run.wait()
		p.must(err)
		if code != exit.OK {
			tb.Fatalf("a process ended with %d\n%s\n%s", code, run.out.String(), run.err.String())
		}
	}
	return arrivalTimes(p, 4*n)
}

// TestFourProcessesShareOneRate: every node had its own sending code, and its own idea of the rate. Four processes on one
// ledger send at the account's rate together, by the receiver's own clock. What arrives within a time had left within it,
// but for what was under way when it began: so much more can arrive at a receiver that was kept waiting for a processor.
func TestFourProcessesShareOneRate(t *testing.T) {
	t.Parallel()
	times := shareOneRate(t, 12)
	for _, seconds := range []int{1, 2, 5, 10} {
		allowed := sharedRate*seconds + sharedBurst + 4*sharedConcurrency
		if most := busiest(times, time.Duration(seconds)*time.Second); most > allowed {
			t.Errorf("%d messages in %d s, the account allows %d", most, seconds, allowed)
		}
	}
}

// BenchmarkFourProcessesShareOneRate says how near to the account's rate they come, and how many it is at most within a
// second: on an idle machine 100 percent, and no more than rate and burst.
func BenchmarkFourProcessesShareOneRate(b *testing.B) {
	const seconds = 30
	for b.Loop() {
		times := shareOneRate(b, seconds+3)
		got := within(times, times[0].Add(time.Second), seconds*time.Second)
		b.ReportMetric(100*float64(got)/(sharedRate*seconds), "percent-of-rate")
		b.ReportMetric(float64(busiest(times, time.Second)), "most-within-a-second")
	}
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
	t.Parallel()
	const quota = 10_000
	p := newPlace(t, nil, fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_DAILY_QUOTA=%d", quota), "NOTIFY_ACCOUNTS_SMS_RATE=3000/s",
		"NOTIFY_ACCOUNTS_SMS_BURST=100", "NOTIFY_CAPACITY_RECIPIENTS=100000", "NOTIFY_TIMEZONE="+drill.Zone(time.Now()))
	for _, run := range p.four(quota*3/10, "--spread") {
		code, err := run.wait()
		p.must(err)
		out := run.out.String()
		if code != exit.Paused || !strings.Contains(out, "the daily quota of 10,000 of account sms is used up; it makes sense again at ") ||
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
	p.wants([]int{exit.OK}, "ledger", "check")
}

// TestTimerThatFiresWhileARunIsAlive: a timer scanned for what was "not yet sent" every ten minutes while the run before was
// still going, and 1,294 people got their SMS twice. Here it fires again and again; each time it is told who is at work.
func TestTimerThatFiresWhileARunIsAlive(t *testing.T) {
	t.Parallel()
	const fires = 10
	p := newPlace(t, nil, "NOTIFY_ACCOUNTS_SMS_RATE=50/s") // alive for minutes
	p.must(writeList(p.path("award.csv"), people(1, winners)))
	p.write("award.yaml", only("award-2020", message.SMS))
	first := p.begin("send", "award.csv", "--yes")
	p.must(p.receiver.reached(message.SMS, 1, func() bool { return !first.alive() }))
	for range fires {
		code, out, errs := p.run("send", "award.csv", "--yes")
		if code != exit.Leased || out != "" {
			t.Fatalf("it ended with %d, want %d\n%s\n%s", code, exit.Leased, out, errs)
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
	p.wants([]int{exit.OK}, "pause", "award-2020")
	if code, err := first.wait(); code != exit.Person || err != nil {
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

//go:build unix

package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/drill"
	"notify/pkg/exit"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/message"
)

// scripts/machines.sh sets these to the figures that the program is promised for: 200,000 messages, 20 times; 30 seconds.
var (
	machinesMessages = flag.Int("machines.messages", 500, "how many messages TestThreeMachinesLoseOneTheServerAndTheNetwork sends")
	machinesInFlight = flag.Int("machines.concurrency", tortureConcurrency, "how many of them are in flight at a time")
	machinesRepeat   = flag.Int("machines.repeat", 1, "how often it does")
	machinesSeconds  = flag.Int("machines.seconds", 5, "how long TestFourMachinesKeepOneRateOneQuotaAndOnePause sends")
	machinesExact    = flag.Bool("machines.exact", false, "the machine is idle: the rate is to be had within 1%")
)

// machines are processes that share nothing but the server: each has a state folder of its own.
type machines struct {
	*place
	postgres *pgtest.Server
	network  *pgtest.Cutter
	runs     []*process
}

func newMachines(tb testing.TB, flags []string, settings ...string) *machines {
	tb.Helper()
	s := pgtest.Start(tb, "fsync = on")
	m := &machines{postgres: s, network: s.Cutter(tb)}
	m.place = newPlace(tb, flags, append(settings, "NOTIFY_LEDGER="+m.network.URL(pgtest.Superuser, "postgres"), "NOTIFY_CAPACITY_RECIPIENTS=1000000",
		"NOTIFY_TIMEZONE="+drill.Zone(time.Now()))...)
	return m
}

// join begins a run on a machine of its own.
func (m *machines) join(args ...string) *process {
	m.Helper()
	env := append(slices.Clone(m.env), "XDG_STATE_HOME="+m.path(fmt.Sprintf("state-%d", len(m.runs)+1)))
	run, err := start(m.dir, env, "notify", args...)
	m.must(err)
	m.Cleanup(run.kill)
	m.runs = append(m.runs, run)
	return run
}

func (m *machines) over() bool {
	return !slices.ContainsFunc(m.runs, func(p *process) bool { return p.alive() })
}

// said is what the machines said.
func (m *machines) said() string {
	var all strings.Builder
	for i, run := range m.runs {
		fmt.Fprintf(&all, "machine %d\n%s\n%s\n", i+1, run.out.String(), run.err.String())
	}
	return all.String()
}

// ends waits for the runs that are left; each ends with one of the codes.
func (m *machines) ends(codes ...int) {
	m.Helper()
	for i, run := range m.runs {
		code, err := run.wait()
		m.must(err)
		if !slices.Contains(codes, code) && code != -1 {
			m.Errorf("machine %d ended with %d\n%s\n%s", i+1, code, run.out.String(), run.err.String())
		}
	}
	m.runs = nil
}

// debited is what the server says was debited on the account.
func (m *machines) debited(account string) int {
	m.Helper()
	return m.number("SELECT coalesce(sum(messages), 0) FROM notify.usage WHERE account = '" + account + "' AND length(day) = 10")
}

// claimedAfter is how many claims the server knows that were made later.
func (m *machines) claimedAfter(at time.Time) int {
	m.Helper()
	return m.number(fmt.Sprintf("SELECT count(*) FROM notify.claim WHERE claimed_at > %d", at.UnixNano()))
}

// number is what the server answers to a question.
func (m *machines) number(question string) int {
	m.Helper()
	out, err := m.postgres.SQL(m.Context(), "postgres", question)
	m.must(err)
	n, err := strconv.Atoi(strings.TrimSpace(out))
	m.must(err)
	return n
}

// Three machines send one campaign. One is killed, then the server, and then the network is cut when the server has committed and has not said
// so: everybody is told once, what is unknown is at most what the dead one had in flight, and what is debited is what left.
func TestThreeMachinesLoseOneTheServerAndTheNetwork(t *testing.T) {
	for range *machinesRepeat {
		loseThem(t, *machinesMessages)
	}
}

func loseThem(t *testing.T, n int) {
	t.Helper()
	m := newMachines(t, []string{"--latency", "10ms", "--jitter", "30ms"}, fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_CONCURRENCY=%d", *machinesInFlight),
		fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_RATE=%d/s", n/tortureSeconds), fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_DAILY_QUOTA=%d", n), "NOTIFY_ACCOUNTS_SMS_PRICE=0.01")
	log := &recordLog{m.place, message.SMS}
	m.must(writeList(m.path("award.csv"), people(1, n)))
	m.write("award.yaml", only("award-2020", message.SMS))
	began := time.Now()
	m.join("send", "award.csv", "--yes")
	arrive := func(tenths int) {
		t.Helper()
		if err := m.receiver.reached(message.SMS, n*tenths/10, m.over); err != nil {
			t.Fatalf("%v\n%s", err, m.said())
		}
		t.Logf("%d%% have arrived after %.1f s", 10*tenths, time.Since(began).Seconds())
	}
	arrive(1)
	second := m.join("resume", "award-2020", "--join")
	m.join("resume", "award-2020", "--join")
	arrive(3)
	second.kill()
	arrive(5)
	m.must(m.postgres.Kill())
	m.must(m.postgres.Start(m.Context()))
	arrive(7)
	m.network.Arm()
	m.ends(exit.OK, exit.Some)
	m.wants([]int{exit.OK}, "ledger", "check")
	m.judge(log, *machinesInFlight, n, time.Since(began))
	if got := m.debited("sms"); got != n || m.network.Cuts() != 1 {
		t.Errorf("%d messages were debited, want %d; the network was cut %d times", got, n, m.network.Cuts())
	}
}

// machinesConcurrency is what each of four machines may have under way.
const machinesConcurrency = 64

// Four machines send one campaign through one account: together at its rate, up to its quota and no message more, and none is claimed a second
// after a pause; where the machine is idle, none leaves after that second.
func TestFourMachinesKeepOneRateOneQuotaAndOnePause(t *testing.T) {
	seconds := *machinesSeconds
	n := sharedRate * seconds
	m := newMachines(t, nil, fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_RATE=%d/s", sharedRate), fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_BURST=%d", sharedBurst),
		fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_CONCURRENCY=%d", machinesConcurrency), fmt.Sprintf("NOTIFY_ACCOUNTS_SMS_DAILY_QUOTA=%d", n))
	m.must(writeList(m.path("award.csv"), people(1, n+200)))
	m.write("award.yaml", only("award-2020", message.SMS))
	m.join("send", "award.csv", "--yes", "--spread")
	m.must(m.receiver.reached(message.SMS, n/10, m.over))
	for range 3 {
		m.join("resume", "award-2020", "--join")
	}
	m.must(m.receiver.reached(message.SMS, n*8/10, m.over))
	m.wants([]int{exit.OK}, "pause", "award-2020", "--reason", "look at it")
	paused := time.Now()
	m.ends(exit.Person)
	times := arrivalTimes(m.place, len(m.arrivals()))
	if late := m.claimedAfter(paused.Add(time.Second)); late > 0 {
		t.Errorf("%d claims were made a second after the pause", late)
	}
	// What waited for a processor, at the sender or at the receiver, may arrive with what leaves then.
	waited := 4 * machinesConcurrency
	if *machinesExact {
		waited = 4 * sharedConcurrency
		if last := times[len(times)-1]; last.Sub(paused) > time.Second {
			t.Errorf("a message left %s after the pause", last.Sub(paused))
		}
	}
	if most, allowed := busiest(times, time.Second), sharedRate+sharedBurst+waited; most > allowed {
		t.Errorf("%d messages in a second, the account allows %d", most, allowed)
	}
	length := times[len(times)-1].Sub(times[0]) - time.Second
	share := 100 * float64(within(times, times[0].Add(time.Second), length)) / (sharedRate * length.Seconds())
	t.Logf("%d messages, %.1f%% of the rate, at most %d in a second, the last %s after the pause", len(times), share, busiest(times, time.Second), times[len(times)-1].Sub(paused))
	if *machinesExact && (share < 99 || share > 101) {
		t.Errorf("%.1f%% of the rate", share)
	}
	m.join("resume", "award-2020", "--lift-pause")
	m.must(m.receiver.reached(message.SMS, len(times)+1, m.over))
	for range 3 {
		m.join("resume", "award-2020", "--join")
	}
	m.ends(exit.Paused)
	tally, err := m.receiver.count()
	m.must(err)
	if tally.SMS.Reached != n || tally.SMS.Twice != 0 || m.debited("sms") != n {
		t.Errorf("%d messages arrived, %d people twice, %d debited; want exactly %d", tally.SMS.Reached, tally.SMS.Twice, m.debited("sms"), n)
	}
}

// Four machines send mails through one account: one domain has thirty a minute, whoever sends them, and the budget of the day pays for so many and none more.
func TestFourMachinesKeepTheRateOfADomainAndABudget(t *testing.T) {
	const others = 20 // a second, to the other domain
	seconds := max(10, *machinesSeconds)
	pays := others * seconds
	m := newMachines(t, nil)
	config, err := os.ReadFile(m.path("notify.yaml"))
	m.must(err)
	m.write("notify.yaml", strings.Replace(string(config), "    price: 0.002\n", fmt.Sprintf(
		"    price: 0.002\n    budget: {day: %.3f}\n    domain_rate: {slow.test: 30/m, quick.test: %d/s}\n", 0.002*float64(pays), others), 1))
	list := "工号,姓名,邮箱,奖项\n"
	for i := range pays + seconds {
		domain := "quick.test"
		if i%8 == 0 {
			domain = "slow.test"
		}
		list += fmt.Sprintf("E%05d,获奖者%d,w%d@%s,奖\n", i, i, i, domain)
	}
	m.write("award.csv", list)
	m.write("award.yaml", only("award-2020", message.Email))
	first := m.join("send", "award.csv", "--yes", "--override", "budget", "--reason", "it is to be used up")
	if err := m.receiver.reached(message.Email, others, m.over); err != nil {
		t.Fatalf("%v\n%s\n%s", err, first.out.String(), first.err.String())
	}
	for range 3 {
		m.join("resume", "award-2020", "--join")
	}
	m.ends(exit.Paused)
	var slow []time.Time
	all := m.arrivals()
	for _, a := range all {
		if strings.HasSuffix(string(a.To), "@slow.test") {
			slow = append(slow, a.Time)
		}
	}
	slices.SortFunc(slow, time.Time.Compare)
	length := slow[len(slow)-1].Sub(slow[0])
	t.Logf("%d mails for a budget of %d; %d to the slow domain within %.1f s: one each %.3f s, at most %d in two seconds", len(all), pays, len(slow),
		length.Seconds(), length.Seconds()/float64(len(slow)-1), busiest(slow, 2*time.Second-minLate))
	if len(all) != pays || m.debited("edm") != pays {
		t.Errorf("%d mails arrived, %d are debited, the budget pays for %d", len(all), m.debited("edm"), pays)
	}
	// What waited for a processor arrives late, and none before its turn, reckoned from the first claim.
	began := time.Unix(0, int64(m.number("SELECT min(claimed_at) FROM notify.claim")))
	for i, at := range slow {
		if turn := began.Add(time.Duration(i)*2*time.Second - minLate); at.Before(turn) {
			t.Errorf("mail %d to a domain that has thirty a minute arrived %s before its turn", i+1, turn.Sub(at))
		}
	}
	if most := busiest(slow, 2*time.Second-minLate); *machinesExact && most > 1 {
		t.Errorf("%d mails within two seconds to a domain that has thirty a minute", most)
	}
	if each := length.Seconds() / float64(len(slow)-1); *machinesExact && (each < 1.98 || each > 2.02) {
		t.Errorf("one mail each %.3f s to a domain that has one each two", each)
	}
}

// minLate is by how much a mail may be late under its place, and the next one not.
const minLate = 200 * time.Millisecond

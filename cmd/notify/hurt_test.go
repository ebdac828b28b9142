//go:build unix

package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"notify/pkg/exit"
	"notify/pkg/message"
)

// hurtSeeds is how many bits are turned in the newest changes, one each; scripts/torture.sh asks for more.
var hurtSeeds = flag.Int("hurt.seeds", 1, "how often each way of hurting a ledger that chance has a part in is tried")

// wounds are the ways in which the files of a ledger are hurt after its run was killed, or while it is alive.
func wounds() map[string]func(p *place, chance *rand.Rand) {
	wal := func(p *place) string { return p.path("notify.db-wal") }
	remove := func(p *place, names ...string) {
		for _, n := range names {
			if err := os.Remove(p.path(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				p.Fatal(err)
			}
		}
	}
	return map[string]func(*place, *rand.Rand){
		"the newest changes deleted": func(p *place, _ *rand.Rand) { remove(p, "notify.db-wal", "notify.db-shm") },
		"the newest changes cut": func(p *place, chance *rand.Rand) {
			info, err := os.Stat(wal(p))
			p.must(err)
			p.must(os.Truncate(wal(p), chance.Int64N(info.Size())))
		},
		"a bit of the newest changes turned": func(p *place, chance *rand.Rand) {
			text, err := os.ReadFile(wal(p))
			p.must(err)
			text[chance.IntN(len(text))] ^= 1 << chance.IntN(8)
			p.must(os.WriteFile(wal(p), text, 0o600))
		},
		"the ledger deleted": func(p *place, _ *rand.Rand) { remove(p, "notify.db", "notify.db-wal", "notify.db-shm") },
		"the ledger deleted with everything beside it": func(p *place, _ *rand.Rand) {
			all, err := filepath.Glob(p.path("notify.db*"))
			p.must(err)
			for _, path := range all {
				p.must(os.Remove(path))
			}
		},
		"another name for the ledger": func(p *place, _ *rand.Rand) { p.must(os.Link(p.path("notify.db"), p.path("other.db"))) },
		"a backup put back": func(p *place, _ *rand.Rand) {
			remove(p, "notify.db-wal", "notify.db-shm")
			text, err := os.ReadFile(p.path("backup.db"))
			p.must(err)
			p.must(os.WriteFile(p.path("notify.db.new"), text, 0o600))
			p.must(os.Rename(p.path("notify.db.new"), p.path("notify.db")))
		},
	}
}

// TestALedgerThatIsHurtTellsNobodyTwice kills a run with SIGKILL, hurts the files of its ledger, and goes on as an operator would: what
// may have left becomes unknown, and the receiver has nobody twice.
func TestALedgerThatIsHurtTellsNobodyTwice(t *testing.T) {
	t.Parallel()
	for name, wound := range wounds() {
		for _, when := range []string{"after a kill", "while it runs"} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				for seed := range *hurtSeeds {
					for !hurtOne(t, wound, rand.New(rand.NewPCG(uint64(seed), 5)), when == "while it runs") {
						t.Log("the run was over before it could be hurt: once more")
					}
				}
			})
		}
	}
}

const hurtMessages = 300

// hurtOne is false where the run was as good as over before its ledger could be hurt.
func hurtOne(t *testing.T, wound func(*place, *rand.Rand), chance *rand.Rand, alive bool) bool {
	t.Helper()
	p := newPlace(t, []string{"--latency", "10ms", "--jitter", "10ms"}, "NOTIFY_ACCOUNTS_SMS_CONCURRENCY=4", "NOTIFY_ACCOUNTS_SMS_RATE=100/s")
	log := &recordLog{p, message.SMS}
	p.must(writeList(p.path("award.csv"), people(1, hurtMessages)))
	p.write("award.yaml", only("award-2020", message.SMS))
	run := p.begin("send", "award.csv", "--yes")
	wait := func(n int) {
		p.Helper()
		p.must(await(fmt.Sprintf("%d messages", n), func() bool { return !run.alive() }, func() (bool, error) {
			now, err := log.reached()
			return now >= n, err
		}))
	}
	wait(20 + chance.IntN(20))
	p.wants([]int{exit.OK}, "ledger", "backup", p.path("backup.db"))
	wait(80 + chance.IntN(60))
	if !alive {
		run.kill()
		if code, err := run.wait(); code != -1 {
			p.must(err)
			return false
		}
	} else if now, err := log.reached(); err != nil || now > hurtMessages*2/3 {
		p.must(err)
		run.kill()
		return false
	}
	before, err := os.Stat(p.path("notify.db"))
	p.must(err)
	_, errWAL := os.Stat(p.path("notify.db-wal"))
	wound(p, chance)
	gone := errWAL == nil && !p.keeps("notify.db", before)
	if alive {
		if code, err := run.wait(); err != nil || code != exit.Person {
			run.kill()
			if gone && (code == exit.OK || code == exit.Some) {
				p.Errorf("the run went on over files that nobody keeps: exit %d\n%s", code, run.err.String())
			}
		}
	}
	code, out, errs := p.run("send", "award.csv", "--yes")
	if _, err := os.Stat(p.path("other.db")); err == nil {
		if code != exit.Person {
			p.Errorf("a ledger with two names was taken: exit %d", code)
		}
		p.must(os.Remove(p.path("other.db")))
		code, out, errs = p.run("send", "award.csv", "--yes")
	}
	switch code {
	case exit.OK, exit.Some: // nothing was forgotten
	case exit.Person:
		p.wants([]int{exit.OK}, "ledger", "reconcile", "award-2020")
		p.wants([]int{exit.OK, exit.Some}, "resume", "award-2020")
	case exit.Failed, exit.Error: // the bit that turned is in a row by now, and is named
		p.wants([]int{exit.Error}, "ledger", "check")
		p.judgeNamed(log)
		return true
	default:
		p.Fatalf("send ended with %d\n%s\n%s", code, out, errs)
	}
	p.wants([]int{exit.OK}, "ledger", "check")
	p.judgeHurt(log)
	return true
}

// keeps reports that the file is the one that it was, and that the newest changes lie beside it.
func (p *place) keeps(name string, was os.FileInfo) bool {
	now, err := os.Stat(p.path(name))
	_, errWAL := os.Stat(p.path(name + "-wal"))
	return err == nil && errWAL == nil && os.SameFile(now, was)
}

// judgeNamed holds the receiver's record against the list, where the ledger is refused.
func (p *place) judgeNamed(log *recordLog) {
	p.Helper()
	times, err := log.addresses()
	p.must(err)
	twice := 0
	for _, n := range times {
		if n > 1 {
			twice++
		}
	}
	if twice > 0 {
		p.Errorf("%d people were told twice", twice)
	}
	p.Logf("%d reached, twice %d, and the damage is named", len(times), twice)
}

// judgeHurt holds the receiver's record against the ledger.
func (p *place) judgeHurt(log *recordLog) {
	p.Helper()
	times, err := log.addresses()
	p.must(err)
	states := p.told("award-2020")
	twice, unknown, lost := 0, 0, 0
	for a, s := range states {
		switch {
		case times[a] > 1:
			twice++
		case s == message.Unknown:
			unknown++
		case times[a] == 0:
			lost++
		}
	}
	if twice > 0 || lost > 0 || len(states) != hurtMessages {
		p.Errorf("of %d messages %d people were told twice, %d were lost", len(states), twice, lost)
	}
	p.Logf("%d reached, twice %d, unknown %d, lost %d", len(times), twice, unknown, lost)
}

package witness_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/witness"
	"notify/pkg/words"
)

const (
	award  = "award-2020"
	people = 400
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// house is a ledger's file with its witnesses, and a receiver that counts what reaches it.
type house struct {
	*testing.T
	path, state string
	l           *sqlite.Ledger
	reached     map[message.Key]int
	chance      *rand.Rand
}

func newHouse(t *testing.T, seed uint64) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{
		T: t, path: filepath.Join(dir, "notify.db"), state: filepath.Join(dir, "state"), reached: make(map[message.Key]int),
		chance: rand.New(rand.NewPCG(seed, 1)),
	}
	h.open()
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) open() {
	h.Helper()
	l, err := sqlite.Open(h.Context(), h.path, sqlite.Options{Now: func() time.Time { return noon }, Machine: "ops-1"})
	h.must(err)
	h.l = l
	h.Cleanup(func() { _ = l.Close() }) // it may be closed already
}

func (h *house) place() witness.Place {
	h.Helper()
	info, err := h.l.Info(h.Context())
	h.must(err)
	return witness.Place{Ledger: h.path, ID: info.ID, Campaign: award, State: h.state}
}

// list is the campaign's list: SMS and mails in turn.
func list(n int) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for i := range n {
			to, mail := message.Address(fmt.Sprintf("+1202555%04d", i)), message.Address(fmt.Sprintf("p%d@example.test", i))
			r := ledger.Recipient{Row: i + 2, Key: fmt.Sprint(i), Fields: []byte("[]"), Messages: []ledger.NewMessage{
				{Key: message.MakeKey(award, message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1},
				{Key: message.MakeKey(award, message.Email, mail, ""), Channel: message.Email, Address: mail, Segments: 1},
			}}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (h *house) stage(n int) {
	h.Helper()
	_, err := h.l.Stage(h.Context(), ledger.Staging{
		Campaign: award, Digest: fmt.Sprint("d", n), Spec: []byte("{}"), By: ledger.Act{Who: "wang", What: "send", At: noon}, Recipients: list(n),
	})
	h.must(err)
}

// run sends at most so many turns, as a run does, and is then killed: nothing is settled or closed. Some answers are "too fast".
func (h *house) run(most int) error {
	h.Helper()
	c, err := h.l.Campaign(h.Context(), award)
	h.must(err)
	w, err := witness.Begin(h.place(), c)
	h.must(err)
	defer func() { h.must(w.Close()) }()
	runs := w.Guard(h.l)
	got, err := runs.Acquire(h.Context(), ledger.Acquire{Campaign: award, Host: "ops-1", Now: noon, Extend: time.Minute})
	if err != nil {
		return err
	}
	var settle []ledger.Settlement
	for turn := int64(1); turn <= int64(most); turn++ {
		t := ledger.Turn{Run: got.Run.ID, Number: turn, Now: noon, Extend: time.Minute, Settle: settle}
		for ch, account := range map[message.Channel]string{message.SMS: "sms", message.Email: "edm"} {
			t.Claim = append(t.Claim, ledger.ClaimRequest{
				Channel: ch, Day: "2026-11-20", Max: 1 + h.chance.IntN(9), Ahead: time.Second, Grace: time.Second,
				Limits: ledger.Limits{Account: account, Price: 45000, Currency: "CNY"},
			})
		}
		out, err := runs.Turn(h.Context(), t)
		if err != nil {
			return err
		}
		settle = nil
		for _, g := range out.Grants {
			for _, cl := range g.Claims {
				kind := message.OutcomeAccepted
				if h.chance.IntN(7) == 0 {
					kind = message.OutcomeThrottled
				} else {
					h.reached[cl.Key]++
				}
				settle = append(settle, ledger.Settlement{Attempt: cl.Attempt, At: noon, Outcome: message.Outcome{Kind: kind}})
			}
		}
		if len(settle) == 0 {
			return h.release(runs, got.Run.ID)
		}
	}
	return nil
}

func (h *house) release(runs ledger.Runs, id ledger.RunID) error {
	return runs.Release(h.Context(), id, noon, words.Raw("done"))
}

func (h *house) judge() witness.Verdict {
	h.Helper()
	v, err := witness.Judge(h.Context(), h.l, h.place())
	h.must(err)
	return v
}

// heal makes unknown what the ledger has forgotten.
func (h *house) heal(v witness.Verdict) int {
	h.Helper()
	n, err := h.l.Doubt(h.Context(), award, v.Lost, ledger.Act{Who: "wang", What: ledger.ActForgotten, At: noon})
	h.must(err)
	runs, err := h.l.Runs(h.Context(), award)
	h.must(err)
	c, err := h.l.Campaign(h.Context(), award)
	h.must(err)
	h.must(witness.Settle(h.place(), c, runs[0].ID, v))
	return n
}

// die ends the process: the database is closed as a kill leaves it, with everything in its files.
func (h *house) die() {
	h.Helper()
	keep := make(map[string][]byte)
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(h.path + end)
		h.must(err)
		keep[end] = b
	}
	h.must(h.l.Close())
	for end, b := range keep {
		h.must(os.WriteFile(h.path+end, b, 0o600))
	}
	_ = os.Remove(h.path + "-shm")
}

// finish sends what is left, and holds the receiver to it: nobody twice, and nobody missing but those who are unknown.
func (h *house) finish(behind bool) {
	h.Helper()
	h.stage(people)
	v := h.judge()
	if behind && !v.Behind() {
		h.Fatal("the ledger has forgotten messages, and the witness says nothing of it")
	}
	unknown := 0
	if v.Behind() {
		unknown = h.heal(v)
		if v = h.judge(); v.Behind() {
			h.Fatalf("it is behind still: %+v", v.Lost)
		}
	}
	h.must(h.run(100_000))
	h.sound(unknown)
}

func (h *house) sound(unknown int) {
	h.Helper()
	twice, missing := 0, 0
	for r, err := range h.l.Messages(h.Context(), award) {
		h.must(err)
		switch {
		case h.reached[r.Key] > 1:
			twice++
		case h.reached[r.Key] == 0 && r.State != message.Unknown:
			missing++
		}
	}
	counts, err := h.l.Counts(h.Context(), award)
	h.must(err)
	if twice > 0 || missing > 0 || !counts.Done() || counts.Total() != 2*people {
		h.Errorf("%d were told twice, %d are missing, states %v", twice, missing, counts.ByState)
	}
	if problems, err := h.l.Verify(h.Context()); err != nil || len(problems) > 0 {
		h.Errorf("the ledger does not agree with itself: %v %v", problems, err)
	}
	h.Logf("%d unknown, %v", unknown, counts.ByState)
}

func TestALedgerThatHasForgottenTellsNobodyTwice(t *testing.T) {
	t.Parallel()
	for name, hurt := range map[string]func(h *house){
		"the newest changes are deleted": func(h *house) { h.must(os.Remove(h.path + "-wal")) },
		"they are cut short": func(h *house) {
			info, err := os.Stat(h.path + "-wal")
			h.must(err)
			h.must(os.Truncate(h.path+"-wal", info.Size()*int64(h.chance.IntN(100))/100))
		},
		"a bit of them is turned": func(h *house) {
			b, err := os.ReadFile(h.path + "-wal")
			h.must(err)
			b[h.chance.IntN(len(b))] ^= 1 << h.chance.IntN(8)
			h.must(os.WriteFile(h.path+"-wal", b, 0o600))
		},
		"the ledger is deleted": func(h *house) {
			h.must(os.Remove(h.path))
			_ = os.Remove(h.path + "-wal")
		},
		"the ledger is deleted with everything beside it": func(h *house) {
			all, err := filepath.Glob(h.path + "*")
			h.must(err)
			for _, path := range all {
				h.must(os.Remove(path))
			}
		},
		"the state folder is deleted, and the newest changes": func(h *house) {
			h.must(os.RemoveAll(h.state))
			h.must(os.Remove(h.path + "-wal"))
		},
		"a copy from before is put back": func(h *house) {
			for _, end := range []string{"", "-wal"} {
				b, err := os.ReadFile(h.path + ".copy" + end)
				h.must(err)
				h.must(os.WriteFile(h.path+end, b, 0o600))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(10) {
				h := newHouse(t, seed)
				h.stage(people)
				h.must(h.run(5 + h.chance.IntN(10)))
				for _, end := range []string{"", "-wal"} {
					b, err := os.ReadFile(h.path + end)
					h.must(err)
					h.must(os.WriteFile(h.path+".copy"+end, b, 0o600))
				}
				h.die()
				h.open()
				h.must(h.run(5 + h.chance.IntN(10)))
				h.die()
				hurt(h)
				h.open()
				h.finish(strings.Contains(name, "deleted with") || strings.Contains(name, "put back"))
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func TestALedgerThatKnowsEverythingIsNotBehind(t *testing.T) {
	h := newHouse(t, 7)
	h.stage(people)
	h.must(h.run(9))
	h.die()
	h.open()
	if v := h.judge(); v.Behind() || v.Elsewhere {
		t.Errorf("after a kill alone: %+v", v)
	}
	h.finish(false)
}

func TestWhoIsOnNoListIsHeldBackUntilAListBringsHim(t *testing.T) {
	h := newHouse(t, 9)
	h.stage(people)
	h.must(h.run(100_000))
	h.die()
	h.must(os.Remove(h.path))
	h.must(os.Remove(h.path + "-wal"))
	h.open()
	h.stage(people / 2)
	v := h.judge()
	if !v.Behind() || !v.Other || v.Messages != 2*people || v.Unstaged != people {
		t.Fatalf("got %d messages, %d of them on no list, other %v", v.Messages, v.Unstaged, v.Other)
	}
	if n := h.heal(v); n != people {
		t.Errorf("%d are unknown, want %d", n, people)
	}
	if v := h.judge(); v.Behind() || v.Unstaged != people {
		t.Errorf("before the list brings them: behind %v, %d on no list", v.Behind(), v.Unstaged)
	}
	h.finish(true)
}

func TestACopyElsewhereAsksAPersonOnce(t *testing.T) {
	h := newHouse(t, 11)
	h.stage(people)
	h.must(h.run(9))
	h.die()
	b, err := os.ReadFile(h.path)
	h.must(err)
	wal, err := os.ReadFile(h.path + "-wal")
	h.must(err)
	dir := t.TempDir()
	h.path, h.state = filepath.Join(dir, "notify.db"), filepath.Join(dir, "state")
	h.must(os.WriteFile(h.path, b, 0o600))
	h.must(os.WriteFile(h.path+"-wal", wal, 0o600))
	h.open()
	if v := h.judge(); !v.Elsewhere || v.Host != "ops-1" || v.Behind() {
		t.Fatalf("got %+v", v)
	}
	c, err := h.l.Campaign(t.Context(), award)
	h.must(err)
	w, err := witness.Begin(h.place(), c)
	h.must(err)
	h.must(w.Close())
	if v := h.judge(); v.Elsewhere || v.Behind() {
		t.Errorf("after a person said so: %+v", v)
	}
}

func TestAWitnessThatCannotBeReadIsNotTakenForNone(t *testing.T) {
	h := newHouse(t, 15)
	h.stage(people)
	h.must(h.run(3))
	files, err := filepath.Glob(h.path + ".*.witness")
	h.must(err)
	b, err := os.ReadFile(files[0])
	h.must(err)
	h.must(os.WriteFile(files[0], []byte(strings.Replace(string(b), `{"r"`, `{r`, 1)), 0o600))
	if _, err := witness.Judge(context.Background(), h.l, h.place()); !errors.Is(err, witness.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

// A machine remembers campaigns of one name in many ledgers, as drills and rehearsals leave them. Only their first lines are read: what
// stands below may be millions, and its damage is not this campaign's.
func TestWhatOtherLedgersSentUnderTheNameIsNotReadThrough(t *testing.T) {
	other := newHouse(t, 18)
	other.stage(people)
	other.must(other.run(3))
	h := newHouse(t, 19)
	h.state = other.state
	files, err := filepath.Glob(filepath.Join(h.state, "witness", "*.witness"))
	h.must(err)
	if len(files) != 1 {
		t.Fatalf("the other ledger is remembered in %v", files)
	}
	f, err := os.OpenFile(files[0], os.O_APPEND|os.O_WRONLY, 0o600)
	h.must(err)
	_, err = f.WriteString("{r\n")
	h.must(errors.Join(err, f.Close()))
	h.stage(people)
	if v := h.judge(); v.Behind() {
		t.Errorf("got %+v", v)
	}
	h.must(h.run(3))
	h.die()
	h.open()
	h.finish(false)
}

func TestALineThatAKillCutCountsForNothing(t *testing.T) {
	h := newHouse(t, 17)
	h.stage(people)
	h.must(h.run(3))
	h.die()
	files, err := filepath.Glob(h.path + ".*.witness")
	h.must(err)
	f, err := os.OpenFile(files[0], os.O_APPEND|os.O_WRONLY, 0o600)
	h.must(err)
	_, err = f.WriteString(`{"r":1,"t":99,"g":[{"c":"sm`)
	h.must(errors.Join(err, f.Close()))
	h.open()
	if v := h.judge(); v.Behind() {
		t.Errorf("got %+v", v)
	}
	h.finish(false)
}

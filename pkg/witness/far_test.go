package witness_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/witness"
)

// far is a guarded run with a folder on another machine.
type far struct {
	*house
	folder string
	w      *witness.Witness
	runs   ledger.Runs
	id     ledger.RunID
	turn   int64
}

func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{house: newHouse(t, 1), folder: t.TempDir()}
	f.stage(20)
	c, err := f.l.Campaign(f.Context(), award)
	f.must(err)
	f.w, err = witness.Begin(f.away(), c)
	f.must(err)
	t.Cleanup(func() { _ = f.w.Close() })
	f.runs = f.w.Guard(f.l)
	got, err := f.runs.Acquire(f.Context(), ledger.Acquire{Campaign: award, Host: "ops-1", Now: noon, Extend: time.Hour})
	f.must(err)
	f.id = got.Run.ID
	return f
}

func (f *far) away() witness.Place {
	p := f.place()
	p.Folders = []string{f.folder}
	return p
}

// next makes a turn that claims one message.
func (f *far) next(now time.Time) error {
	f.turn++
	_, err := f.runs.Turn(f.Context(), ledger.Turn{Run: f.id, Number: f.turn, Now: now, Extend: time.Hour, Claim: []ledger.ClaimRequest{{
		Channel: message.SMS, Day: "2026-11-20", Max: 1, Ahead: time.Second, Grace: time.Second, Limits: ledger.Limits{Account: "sms"},
	}}})
	return err
}

func (f *far) file() string {
	all, err := filepath.Glob(filepath.Join(f.folder, "*.witness"))
	if err != nil || len(all) != 1 {
		f.Fatal(all, err)
	}
	return all[0]
}

func TestARunThatWasPutBackWithItsMachineStops(t *testing.T) {
	f := newFar(t)
	f.must(f.next(noon))
	text, err := os.ReadFile(f.file())
	f.must(err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	twin := strings.Replace(lines[len(lines)-1], `"t":1`, `"t":2`, 1)
	// Another run that joined is no reason to stop; a turn of this run that it did not make is.
	f.write(strings.Replace(twin, `"r":1`, `"r":77`, 1))
	f.must(f.next(noon))
	f.write(strings.Replace(twin, `"t":2`, `"t":3`, 1))
	if err := f.next(noon); !errors.Is(err, ledger.ErrRolledBack) {
		t.Errorf("got %v, want ErrRolledBack", err)
	}
}

func (f *far) write(line string) {
	out, err := os.OpenFile(f.file(), os.O_APPEND|os.O_WRONLY, 0)
	f.must(err)
	_, err = out.WriteString(line + "\n")
	f.must(errors.Join(err, out.Close()))
}

func TestWhatIsAwayFromTheMachineKnowsWhatItForgot(t *testing.T) {
	f := newFar(t)
	f.must(f.next(noon))
	f.must(f.w.Close())
	f.must(f.l.Close())
	f.must(os.RemoveAll(f.state))
	for _, name := range []string{f.path, f.path + "-wal", f.path + "-shm"} {
		_ = os.Remove(name)
	}
	beside, err := filepath.Glob(f.path + ".*")
	f.must(err)
	for _, name := range beside {
		f.must(os.Remove(name))
	}
	f.open()
	f.stage(20)
	v, err := witness.Judge(f.Context(), f.l, f.away())
	if err != nil || !v.Behind() || v.Messages != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	f.must(os.Rename(f.folder, f.folder+".gone"))
	defer func() { _ = os.Rename(f.folder+".gone", f.folder) }()
	if _, err := witness.Judge(f.Context(), f.l, f.away()); !errors.Is(err, witness.ErrDamaged) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestARunThatStoodStillAsksFirst(t *testing.T) {
	f := newFar(t)
	asked := errors.New("asked")
	f.w.Again(func(context.Context) error { return asked })
	f.must(f.next(noon))
	f.must(f.next(noon.Add(5 * time.Second)))
	if err := f.next(noon.Add(10 * time.Minute)); !errors.Is(err, asked) {
		t.Errorf("got %v", err)
	}
}

func TestTheMemoryOfAMachineStays(t *testing.T) {
	dir := t.TempDir()
	first := witness.Memory(dir)
	if first == "" || witness.Memory(dir) != first || witness.Memory(t.TempDir()) == first || witness.Memory("") != "" {
		t.Error("it is another each time, or the same for all")
	}
}

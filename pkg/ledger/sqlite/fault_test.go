package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/words"

	"github.com/google/go-cmp/cmp"
)

// childVar makes the test binary the process that is killed.
const childVar = "NOTIFY_LEDGER_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVar); path != "" {
		os.Exit(child(path))
	}
	os.Exit(m.Run())
}

// child sends for ever, and says what each Turn that returned did.
func child(path string) int {
	ctx := context.Background()
	l, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	got, err := l.Acquire(ctx, ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: os.Getpid(), User: "wang", Now: start, Extend: time.Hour})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var settle []ledger.Settlement
	for {
		t, err := l.Turn(ctx, ledger.Turn{Run: got.Run.ID, Now: start, Extend: time.Hour, Settle: settle, Claim: claimOf(4)})
		if err != nil {
			fmt.Println(err)
			return 1
		}
		for _, s := range settle {
			fmt.Println("settled", s.Attempt)
		}
		for _, c := range t.Grants[0].Claims {
			fmt.Println("claimed", c.Attempt)
		}
		settle = accept(t.Grants)
	}
}

func TestWhatATurnReturnedIsThereAfterKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", 5000)
	claimed, settled := make(map[int64]bool), make(map[int64]bool)
	orphans := 0
	for round := range 4 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childVar+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			var what string
			var id int64
			if _, err := fmt.Sscan(lines.Text(), &what, &id); err != nil {
				t.Fatalf("the child said %q", lines.Text())
			}
			map[string]map[int64]bool{"claimed": claimed, "settled": settled}[what][id] = true
			if n == 100+round*37 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		got, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		orphans += got.Orphans
		if err := l.Release(t.Context(), got.Run.ID, start, words.Raw("looked")); err != nil {
			t.Fatal(err)
		}
	}
	found := make(map[int64]message.State)
	for r, err := range l.Messages(t.Context(), "award-2020", message.Accepted, message.Unknown) {
		if err != nil {
			t.Fatal(err)
		}
		found[r.Attempt] = r.State
	}
	for id := range claimed {
		if found[id] == "" {
			t.Errorf("attempt %d was claimed before the kill and is gone", id)
		}
	}
	for id := range settled {
		if found[id] != message.Accepted {
			t.Errorf("attempt %d was accepted before the kill and is %q", id, found[id])
		}
	}
	if orphans == 0 || orphans > 4*4 {
		t.Errorf("%d attempts are unknown after 4 kills with 4 in flight", orphans)
	}
	wantSound(t, l)
}

func wantSound(t *testing.T, l *sqlite.Ledger) {
	t.Helper()
	problems, err := l.Verify(t.Context())
	if err != nil || len(problems) > 0 {
		t.Errorf("verify: %q, %v", problems, err)
	}
}

func TestAFullDiskWritesNothingByHalfAndRecovers(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "notify.db"), sqlite.Options{})
	stage(t, l, "award-2020", 20_000)
	run := acquire(t, l, "award-2020")
	if err := l.LimitPages(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	turn := ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(64)}
	accepted := 0
	var err error
	for err == nil {
		var got ledger.Turned
		if got, err = l.Turn(t.Context(), turn); err == nil {
			accepted += len(turn.Settle)
			turn.Settle = accept(got.Grants)
		}
	}
	if !errors.Is(err, ledger.ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	counts, err := l.Counts(t.Context(), "award-2020")
	if err != nil {
		t.Fatal(err)
	}
	want := map[message.State]int{message.Accepted: accepted, message.Attempting: 64, message.Pending: 20_000 - accepted - 64}
	if d := cmp.Diff(want, counts.ByState[message.SMS]); d != "" {
		t.Errorf("after the failed turn (-want +got):\n%s", d)
	}
	if err := l.LimitPages(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	got, err := l.Turn(t.Context(), turn)
	if err != nil || len(got.Stale) > 0 || len(got.Grants[0].Claims) != 64 {
		t.Errorf("with space again: %d stale, %v", len(got.Stale), err)
	}
	wantSound(t, l)
}

func TestOpenRefusesWhatIsNoSoundLedger(t *testing.T) {
	sound := filepath.Join(t.TempDir(), "sound.db")
	l := open(t, sound, sqlite.Options{})
	stage(t, l, "award-2020", 2000)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		want error
		make func(path string)
	}{
		{"text", ledger.ErrNotLedger, func(path string) { write(t, path, bytes.Repeat([]byte("not a database\n"), 500)) }},
		{"another program's database", ledger.ErrNotLedger, func(path string) { run(t, path, "CREATE TABLE invoice (id)") }},
		{"another program's empty database", ledger.ErrNotLedger, func(path string) { run(t, path, "PRAGMA application_id = 7") }},
		{"an empty database that somebody counts versions of", ledger.ErrNotLedger, func(path string) { run(t, path, "PRAGMA user_version = 1") }},
		{"a folder", ledger.ErrNotLedger, func(path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}},
		{"a file that was cut off", ledger.ErrDamaged, func(path string) { write(t, path, whole[:8192]) }},
		{"a newer schema", ledger.ErrNewerSchema, func(path string) {
			write(t, path, whole)
			run(t, path, "PRAGMA user_version = 99")
		}},
		{"a file that is not to be written", ledger.ErrReadOnly, func(path string) {
			write(t, path, whole)
			if err := os.Chmod(path, 0o400); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "notify.db")
			tc.make(path)
			before, _ := os.ReadFile(path)
			l, err := sqlite.Open(t.Context(), path, sqlite.Options{})
			if err == nil {
				_ = l.Close()
			}
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %v with the path", err, tc.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestALockedLedgerIsBusy(t *testing.T) {
	f := newFaults()
	l, path := faulty(t, inUse(t), sqlite.Options{}, f)
	letGo := takenBy(t, path)
	var err error
	asked := f.watch(func() { err = l.Pause(t.Context(), award, ledger.Act{At: start}) })
	if !errors.Is(err, ledger.ErrBusy) || asked.of("") != asked.of("exec BEGIN IMMEDIATE")+asked.of("prepare BEGIN IMMEDIATE") {
		t.Errorf("got %v, want ErrBusy; it asked for %v", err, asked)
	}
	letGo()
	if err := l.Pause(t.Context(), award, ledger.Act{At: start}); err != nil {
		t.Error(err)
	}
}

func TestALedgerIsReadByItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "notify.db"), sqlite.Options{})
	stage(t, l, "award/2020 获奖", 10)
	acquire(t, l, "award/2020 获奖")
	if err := l.Backup(t.Context(), filepath.Join(dir, "copy.db"), ledger.Copy{}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestABackupIsTheLedgerAndOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "notify.db"), sqlite.Options{})
	stage(t, l, "award-2020", 100)
	dest := filepath.Join(dir, "copy.db")
	if err := l.Backup(t.Context(), dest, ledger.Copy{Made: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := l.Backup(t.Context(), dest, ledger.Copy{Made: time.Now()}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want %v", err, fs.ErrExist)
	}
	c := open(t, dest, sqlite.Options{ReadOnly: true})
	counts, err := c.Counts(t.Context(), "award-2020")
	if err != nil || counts.Total() != 100 {
		t.Errorf("%d messages, %v", counts.Total(), err)
	}
	if err := c.Pause(t.Context(), "award-2020", ledger.Act{}); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("got %v, want ErrReadOnly", err)
	}
	a, _ := l.Info(t.Context())
	b, _ := c.Info(t.Context())
	size, err := l.Size(t.Context())
	if err != nil || a.ID != b.ID || !a.Durable || size == 0 || a.Free <= 0 {
		t.Errorf("%+v and %+v", a, b)
	}
	wantSound(t, c)
}

func TestALockThatIsFreeProvesNothingOnAnotherMachine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{Machine: "ops-1"})
	stage(t, l, "award-2020", 2)
	acquire(t, l, "award-2020")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	other := open(t, path, sqlite.Options{Machine: "ops-2"})
	_, err := other.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-2", Now: start, Extend: time.Minute})
	var held *ledger.LeasedError
	if !errors.As(err, &held) || !held.Until.Equal(start.Add(time.Minute)) {
		t.Errorf("got %v, want to wait for the lease", err)
	}
}

// run does something to the file with nothing but SQL.
func run(t *testing.T, path, query string) {
	t.Helper()
	db := raw(t, path)
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

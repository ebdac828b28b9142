package sqlite_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

// FuzzBytes writes over the bytes of a ledger that lies at rest, or cuts it short, as a bad disk or another program does. Whatever they are, it
// is refused with a reason, or found to be damaged, or it can be read and sent from: its counts are those of its messages,
// and what it hands out it hands out once. Found to be damaged or not, nobody is handed out who was not staged.
func FuzzBytes(f *testing.F) {
	whole := restingLedger(f)
	staged := make(map[message.Key]message.Address)
	for r, err := range people("award-2020", restingPeople) {
		if err != nil {
			f.Fatal(err)
		}
		for _, m := range r.Messages {
			staged[m.Key] = m.Address
		}
	}
	f.Add(uint32(0), []byte("SQLite format 4"), uint32(0))
	f.Add(uint32(60), []byte{0xff, 0xff, 0xff, 0xff}, uint32(0)) // the schema's version
	f.Add(uint32(100), make([]byte, 64), uint32(0))
	f.Add(uint32(0), []byte{}, uint32(1))
	for at := 4096; at < len(whole); at += 5 * 4096 { // few, so that a short time of fuzzing is not all spent on them
		f.Add(uint32(at), []byte{0x0d, 0x00, 0xff}, uint32(0))
		f.Add(uint32(at+4000), []byte("pending"), uint32(0))
	}
	f.Add(uint32(bytes.Index(whole, []byte("+861"))), []byte("+8613499999999"), uint32(0)) // somebody else
	for cut := 4096; cut < len(whole); cut += 20 * 4096 {
		f.Add(uint32(0), []byte{}, uint32(cut))
	}
	f.Fuzz(func(t *testing.T, at uint32, with []byte, cut uint32) {
		b := slices.Clone(whole)
		copy(b[int(at)%len(b):], with)
		b = b[:len(b)-int(cut)%len(b)]
		path := filepath.Join(t.TempDir(), "notify.db")
		write(t, path, b)
		l, err := sqlite.Open(t.Context(), path, sqlite.Options{NoFileLock: true, Now: func() time.Time { return start }})
		if err != nil {
			explains(t, err)
			return
		}
		defer func() { _ = l.Close() }()
		problems, err := l.Verify(t.Context())
		sound := err == nil && len(problems) == 0 // otherwise that is the answer
		if sound && !countsItsMessages(t, l) {
			return
		}
		sendsOnce(t, l, staged, sound)
	})
}

const restingPeople = 40

// restingLedger are the bytes of a ledger in the middle of a campaign.
func restingLedger(tb testing.TB) []byte {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "notify.db")
	l := open(tb, path, sqlite.Options{NoFileLock: true})
	stage(tb, l, "award-2020", restingPeople)
	turn := ledger.Turn{Run: acquire(tb, l, "award-2020"), Now: start, Extend: time.Minute, Claim: claimOf(16)}
	got, err := l.Turn(tb.Context(), turn)
	if err != nil {
		tb.Fatal(err)
	}
	turn.Claim, turn.Settle = nil, accept(got.Grants)[:9]
	if _, err := l.Turn(tb.Context(), turn); err != nil {
		tb.Fatal(err)
	}
	if err := l.Close(); err != nil { // which empties the log into the file
		tb.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// explains wants one of the reasons that people are told what to do about.
func explains(t *testing.T, err error) {
	t.Helper()
	for _, known := range []error{ledger.ErrDamaged, ledger.ErrNotLedger, ledger.ErrNewerSchema, ledger.ErrFull, ledger.ErrReadOnly, fs.ErrNotExist} {
		if errors.Is(err, known) {
			return
		}
	}
	t.Errorf("it is refused without a reason: %v", err)
}

// countsItsMessages reports whether the campaign can be read; its counts are those of its messages then.
func countsItsMessages(t *testing.T, l *sqlite.Ledger) bool {
	t.Helper()
	counts, err := l.Counts(t.Context(), "award-2020")
	if err != nil {
		return false
	}
	n := 0
	for _, err := range l.Messages(t.Context(), "award-2020") {
		if err != nil {
			return false
		}
		n++
	}
	if n != counts.Total() {
		t.Errorf("it counts %d messages, and has %d", counts.Total(), n)
	}
	return true
}

// sendsOnce goes on with the campaign where the ledger has it. What is wrong with it may show by then.
func sendsOnce(t *testing.T, l *sqlite.Ledger, staged map[message.Key]message.Address, sound bool) {
	t.Helper()
	told := make(map[message.Key]bool)
	for r, err := range l.Messages(t.Context(), "award-2020") {
		if err != nil {
			break
		}
		told[r.Key] = told[r.Key] || sound && r.State == message.Accepted
	}
	later := start.Add(24 * time.Hour)
	run, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: 1, User: "wang", Now: later, Extend: time.Minute})
	if err != nil {
		return
	}
	turn := ledger.Turn{Run: run.Run.ID, Now: later, Extend: time.Minute, Claim: claimOf(64)}
	for range 3 {
		got, err := l.Turn(t.Context(), turn)
		if err != nil {
			return
		}
		for _, g := range got.Grants {
			for _, c := range g.Claims {
				if to, ok := staged[c.Key]; !ok || to != c.Address {
					t.Errorf("%s is handed out to %s, and %s was staged", c.Key, c.Address, to)
				}
				if told[c.Key] {
					t.Errorf("%s was told, and is handed out again", c.Key)
				}
				told[c.Key] = true
			}
		}
		turn.Settle = accept(got.Grants)
	}
}

package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

// A message that waits is ready from its very moment on, and as long as a clock that stepped back has it further ahead than any has to wait;
// in between it is said when to come again.
func TestAMessageWaitsUntilItsVeryMoment(t *testing.T) {
	for what, tc := range map[string]struct {
		claim []ledger.ClaimRequest // that leaves one message waiting
		limit func(time.Time) time.Time
	}{
		"for its next attempt": {claimOf(1), func(now time.Time) time.Time { return now.Add(ledger.MaxLater) }},
		"for its domain":       {slowly(2), flow.PlaceLimit},
	} {
		path := filepath.Join(t.TempDir(), "notify.db")
		l := open(t, path, sqlite.Options{})
		if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: other, Digest: "d1", Spec: []byte("{}"), Recipients: slow(2)}); err != nil {
			t.Fatal(err)
		}
		first := ledger.Turn{Run: acquire(t, l, other), Now: start, Extend: time.Minute, Claim: tc.claim}
		got, err := l.Turn(t.Context(), first)
		if err != nil || len(got.Grants[0].Claims) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		second := ledger.Turn{Run: first.Run, Now: start, Extend: time.Minute, Settle: accept(got.Grants), Claim: claimOf(2)}
		if what != "for its domain" {
			second.Settle[0].Outcome.Kind, second.Settle[0].NotBefore = message.OutcomeThrottled, start.Add(time.Hour)
			second.Claim[0].Max = 1 // the other one
		}
		if got, err = l.Turn(t.Context(), second); err != nil || what != "for its domain" && len(got.Grants[0].Claims) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		var at time.Time
		for r, err := range l.Messages(t.Context(), other, message.Pending) {
			if err != nil || !at.IsZero() {
				t.Fatalf("%+v, %v", r, err)
			}
			at = r.NotBefore
		}
		back := at.Add(-tc.limit(start).Sub(start)) // as far ahead as any may be
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, now := range []struct {
			at    time.Time
			ready bool
		}{{at.Add(-1), false}, {at, true}, {back, false}, {back.Add(-1), true}} {
			l, _ := copyOf(t, file, sqlite.Options{})
			got, err := l.Turn(t.Context(), ledger.Turn{Run: first.Run, Now: now.at, Extend: time.Minute, Claim: claimOf(2)})
			if err != nil {
				t.Fatal(err)
			}
			if g := got.Grants[0]; now.ready && len(g.Claims) != 1 || !now.ready && (len(g.Claims) != 0 || g.Held != ledger.HoldLater || !g.Until.Equal(at)) {
				t.Errorf("it waits %s until %s: at %s %d are claimed, %q, until %s", what, at, now.at, len(g.Claims), g.Held, g.Until)
			}
		}
	}
}

// A run is waited for as long as what it has open may leave, and no longer: not for what came of it is known.
func TestARunIsWaitedForAsLongAsWhatItHasOpen(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "notify.db"), sqlite.Options{NoFileLock: true})
	stage(t, l, award, 3)
	run := acquire(t, l, award)
	short, long := claimOf(1), claimOf(2)
	long[0].Grace = time.Hour
	got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: append(short, long...)})
	if err != nil || len(got.Grants) != 2 || len(got.Grants[1].Claims) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	settle := accept(got.Grants[1:])
	over := func() error {
		_, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: award, Host: "ops-2", PID: 2, User: "li", Now: start.Add(2 * time.Minute), Extend: time.Minute})
		return err
	}
	for i := range settle {
		held, ok := errors.AsType[*ledger.LeasedError](over())
		if want := got.Grants[1].Claims[0].Deadline; !ok || !held.Until.Equal(want) {
			t.Errorf("with %d settled it is waited for %+v, want until %s", i, held, want)
		}
		if _, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle[i : i+1]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := over(); err != nil {
		t.Errorf("with all of them settled: %v", err)
	}
	if counts, err := l.Counts(t.Context(), award); err != nil || counts.Of(message.Unknown) != 1 || counts.Of(message.Accepted) != 2 {
		t.Errorf("%v, %v", counts.ByState, err)
	}
}

// The runs of one process share what was read: a run that pauses its campaign pauses it for all of that campaign, and for nobody else.
func TestRunsOfOneProcessKnowOfAPause(t *testing.T) {
	l, _ := copyOf(t, inUse(t), sqlite.Options{})
	first, elsewhere := acquire(t, l, other), acquire(t, l, award)
	joined, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: other, Join: true, Host: "ops-1", PID: 1, User: "li", Now: start, Extend: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	turn := func(run ledger.RunID, pause *ledger.Act) ledger.Turned {
		t.Helper()
		got, err := l.Turn(t.Context(), ledger.Turn{
			Run: run, Now: start, Extend: time.Minute, Claim: claimOf(1), Pause: pause, Watch: []string{"sms-marketing", "sms-marketing"},
			Accounts: []ledger.AccountChange{{Account: "sms-marketing", At: start}},
		})
		if err != nil || len(got.Accounts) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		return got
	}
	for _, run := range []ledger.RunID{first, joined.Run.ID, elsewhere} {
		if got := turn(run, nil); len(got.Grants[0].Claims) != 1 || got.Paused != nil {
			t.Fatalf("run %d at first: %+v", run, got)
		}
	}
	by, again := ledger.Act{Who: "notify", What: "stop-when", Reason: "too many failed", At: start}, ledger.Act{Who: "notify", What: "stop-when", Reason: "again", At: start}
	for _, paused := range []ledger.Turned{turn(first, &by), turn(joined.Run.ID, nil), turn(joined.Run.ID, &again), turn(first, nil)} {
		if paused.Grants[0].Held != ledger.HoldPaused || paused.Paused == nil || paused.Paused.Reason != by.Reason {
			t.Errorf("a run of the campaign: %+v, paused by %+v", paused.Grants, paused.Paused)
		}
	}
	if got := turn(elsewhere, nil); got.Grants[0].Held == ledger.HoldPaused || got.Paused != nil {
		t.Errorf("a run of another campaign: %+v, paused by %+v", got.Grants, got.Paused)
	}
	if _, err := l.Abort(t.Context(), award, again); err != nil {
		t.Fatal(err)
	}
	turn(elsewhere, nil)
	if got := turn(elsewhere, &by); got.Grants[0].Held != ledger.HoldAborted || got.Paused != nil {
		t.Errorf("a run of one that was aborted: %+v, paused by %+v", got.Grants, got.Paused)
	}
}

// What is claimed is settled by who claimed it, and under the number of the attempt; whatever else is said of it is stale, also where the same process
// knows it as its own.
func TestOnlyTheAttemptThatIsOpenIsSettled(t *testing.T) {
	l, _ := copyOf(t, inUse(t), sqlite.Options{})
	run := acquire(t, l, other)
	joined, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: other, Join: true, Host: "ops-1", PID: 1, User: "li", Now: start, Extend: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	turn := func(run ledger.RunID, settle []ledger.Settlement, claim int) ledger.Turned {
		t.Helper()
		got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle, Claim: claimOf(claim)})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := accept(turn(run, nil, 8).Grants)
	thrown := slices.Clone(first[:2])
	for i := range thrown {
		thrown[i].Outcome.Kind = message.OutcomeThrottled
	}
	again := turn(run, thrown, 8)
	if len(again.Grants[0].Claims) != 2 {
		t.Fatalf("%+v", again)
	}
	for what, tc := range map[string]struct {
		by     ledger.RunID
		settle []ledger.Settlement
	}{
		"an earlier attempt":              {run, first[:1]},
		"an earlier one and another":      {run, first[1:2]},
		"the attempt of another run":      {joined.Run.ID, first[2:3]},
		"a second attempt of another run": {joined.Run.ID, accept(again.Grants)[:1]},
	} {
		got := turn(tc.by, tc.settle, 0)
		if !slices.Equal(got.Stale, []int64{tc.settle[0].Attempt}) || got.Tally[message.SMS][message.Attempting] != 8 || got.Tally[message.SMS][message.Accepted] != 0 {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if got := turn(run, append(accept(again.Grants), first[2:]...), 0); len(got.Stale) != 0 || got.Tally[message.SMS][message.Accepted] != 8 {
		t.Errorf("its own: %+v", got)
	}
	wantSound(t, l)
}

// twoChannels are three people of a new campaign, each with a message of both.
func twoChannels(yield func(ledger.Recipient, error) bool) {
	for r, err := range people("new-2020", 3) {
		mail := r.Messages[0]
		mail.Channel, mail.Address = message.Email, message.Address(r.Key+"@a.test")
		mail.Key = message.MakeKey("new-2020", mail.Channel, mail.Address, r.Key)
		if r.Messages = append(r.Messages, mail); !yield(r, err) {
			return
		}
	}
}

// A turn whose answer was lost is answered once more with all that it claimed, whatever is open from turns before.
func TestALostAnswerIsGivenWhateverIsOpen(t *testing.T) {
	l, _ := copyOf(t, inUse(t), sqlite.Options{})
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "new-2020", Digest: "d1", Spec: []byte("{}"), Recipients: twoChannels}); err != nil {
		t.Fatal(err)
	}
	run := acquire(t, l, "new-2020")
	var open []ledger.Settlement
	for i, step := range []struct {
		channel message.Channel
		claim   int
		settle  bool
	}{{message.SMS, 3, false}, {message.SMS, 3, true}, {message.Email, 2, false}, {message.Email, 1, false}} {
		turn := ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(step.claim)}
		turn.Claim[0].Channel = step.channel
		if step.settle {
			turn.Settle = open[:2]
			for i := range turn.Settle {
				turn.Settle[i].Outcome.Kind = message.OutcomeThrottled
			}
			turn.Claim[0].Max = 2
		}
		got, err := l.Turn(t.Context(), turn)
		if err != nil || len(got.Grants[0].Claims) != turn.Claim[0].Max {
			t.Fatalf("%+v, %v", got, err)
		}
		open = accept(got.Grants)
		again, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Number: int64(1 + i)})
		if err != nil {
			t.Fatal(err)
		}
		want, have := make(map[int64]bool), make(map[int64]bool)
		for _, c := range got.Grants[0].Claims {
			want[c.Attempt] = true
		}
		for _, c := range again.Recovered {
			have[c.Attempt] = true
		}
		if d := cmp.Diff(want, have); !again.Before || d != "" {
			t.Errorf("turn %d is answered once more: %s", 1+i, d)
		}
	}
}

// Of several runs all that are dead are buried, and no others.
func TestAllThatAreDeadAreBuried(t *testing.T) {
	l, _ := copyOf(t, inUse(t), sqlite.Options{NoFileLock: true})
	begin := func(now time.Time) ledger.Acquired {
		t.Helper()
		got, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: other, Join: true, Host: "ops-1", PID: 1, User: "li", Now: now, Extend: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	claim := func(run ledger.RunID, now time.Time) ledger.Turned {
		t.Helper()
		got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: now, Extend: time.Minute, Claim: claimOf(1)})
		if err != nil || len(got.Grants[0].Claims) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		return got
	}
	runs := []ledger.RunID{begin(start).Run.ID, begin(start).Run.ID, begin(start).Run.ID, begin(start).Run.ID}
	for _, r := range runs {
		claim(r, start)
	}
	later := start.Add(time.Hour)
	if got := claim(runs[1], later); got.Runs != 1 || got.Rank != 0 || got.Tally[message.SMS][message.Unknown] != 3 {
		t.Errorf("the second takes a turn: %d runs, %v", got.Runs, got.Tally)
	}
	if got := begin(later.Add(time.Hour)); got.Orphans != 2 || len(got.Campaign.Holders) != 1 {
		t.Errorf("another begins: %d, %+v", got.Orphans, got.Campaign.Holders)
	}
	wantSound(t, l)
}

// Where all are passed over at once and none is claimed, it is said when the first of them may leave.
func TestWhoIsPassedOverIsWaitedFor(t *testing.T) {
	l, _ := copyOf(t, inUse(t), sqlite.Options{})
	turn := ledger.Turn{Run: acquire(t, l, other), Now: start, Extend: time.Minute, Claim: slowly(6)} // of the slow domain the first
	got, err := l.Turn(t.Context(), turn)
	if err != nil || len(got.Grants[0].Claims) != 6 {
		t.Fatalf("%+v, %v", got, err)
	}
	turn.Claim = slowly(6)
	if got, err = l.Turn(t.Context(), turn); err != nil || len(got.Grants[0].Claims) != 0 || got.Grants[0].Held != ledger.HoldLater {
		t.Fatalf("%+v, %v", got, err)
	}
	var first time.Time
	for r, err := range l.Messages(t.Context(), other, message.Pending) {
		if err != nil {
			t.Fatal(err)
		}
		if first.IsZero() || r.NotBefore.Before(first) {
			first = r.NotBefore
		}
	}
	if until := got.Grants[0].Until; !until.Equal(first) || !until.After(start) {
		t.Errorf("it is waited until %s, want %s", until, first)
	}
}

// Who waits for the next attempt holds up nobody whom a clock that stepped back left further ahead than any has to wait.
func TestWhoWaitsHoldsUpNobodyElse(t *testing.T) {
	l, _ := copyOf(t, inUse(t), sqlite.Options{})
	turn := ledger.Turn{Run: acquire(t, l, other), Now: start, Extend: time.Minute, Claim: claimOf(2)}
	got, err := l.Turn(t.Context(), turn)
	if err != nil || len(got.Grants[0].Claims) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	settle := accept(got.Grants)
	for i, back := range []time.Duration{0, time.Hour} { // the second is settled after the clock stepped back
		settle[i].Outcome.Kind = message.OutcomeThrottled
		turn.Now = start.Add(-back)
		settle[i].NotBefore = turn.Now.Add(ledger.MaxLater - back)
		turn.Settle, turn.Claim = settle[i:i+1], nil
		if got, err := l.Turn(t.Context(), turn); err != nil || len(got.Stale) > 0 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	turn.Settle, turn.Claim = nil, claimOf(9)
	if got, err = l.Turn(t.Context(), turn); err != nil || len(got.Grants[0].Claims) != 7 {
		t.Fatalf("%+v, %v", got, err)
	}
	if last := got.Grants[0].Claims[6]; last.Attempt != settle[0].Attempt+1 {
		t.Errorf("the last is %+v, want the second attempt of %d", last, settle[0].Attempt)
	}
}

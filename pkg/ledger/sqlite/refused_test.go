package sqlite_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/words"
)

// refusal is something that a ledger does not do.
type refusal struct {
	change

	do   func(ctx context.Context, l *sqlite.Ledger, p prepared) error
	want any // the error, or what stands in it
}

func (r *refusal) is(err error) bool {
	switch want := r.want.(type) {
	case error:
		return errors.Is(err, want)
	case string:
		return err != nil && strings.Contains(err.Error(), want)
	}
	return false
}

// changed is a list of which one recipient is another.
func changed(campaign string, n, row int, change func(*ledger.Recipient)) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for r, err := range people(campaign, n) {
			if r.Row == row {
				change(&r)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// throughOneself takes a message off the list, and has its row told through it.
func throughOneself(r *ledger.Recipient) {
	r.Messages, r.Folds = nil, []ledger.Fold{{Channel: message.SMS, Into: r.Messages[0].Key}}
}

func refusals() map[string]refusal {
	by := ledger.Act{Who: "wang@ops-1", What: "test", Reason: "test", At: start}
	stage := func(campaign string, list iter.Seq2[ledger.Recipient, error]) func(context.Context, *sqlite.Ledger, prepared) error {
		return func(ctx context.Context, l *sqlite.Ledger, _ prepared) error {
			_, err := l.Stage(ctx, ledger.Staging{Campaign: campaign, Digest: "d9", Spec: []byte("{}"), By: by, Recipients: list})
			return err
		}
	}
	acquire := func(ctx context.Context, l *sqlite.Ledger, _ prepared) error {
		_, err := l.Acquire(ctx, ledger.Acquire{Campaign: other, Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Minute})
		return err
	}
	turn := func(number int64, settle bool) func(context.Context, *sqlite.Ledger, prepared) error {
		return func(ctx context.Context, l *sqlite.Ledger, p prepared) error {
			t := ledger.Turn{Run: p.run, Number: number, Now: start, Extend: time.Minute, Claim: claimOf(9)}
			if settle {
				t.Settle = p.settle
			}
			_, err := l.Turn(ctx, t)
			return err
		}
	}
	aborted := func(t *testing.T, l *sqlite.Ledger, _ *prepared) {
		t.Helper()
		if _, err := l.Abort(t.Context(), other, by); err != nil {
			t.Fatal(err)
		}
	}
	ended := func(t *testing.T, l *sqlite.Ledger, p *prepared) {
		t.Helper()
		if err := l.Release(t.Context(), p.run, start, words.Raw("done")); err != nil {
			t.Fatal(err)
		}
	}
	withSQL := func(query string) func(*testing.T, *sqlite.Ledger, *prepared) {
		return func(t *testing.T, l *sqlite.Ledger, _ *prepared) {
			t.Helper()
			run(t, placeOf(t, l), query)
		}
	}
	var first message.Key
	return map[string]refusal{
		// The row of a message that is there already is named, also where its recipient was not written yet.
		"a second message": {do: stage("new-2020", func(yield func(ledger.Recipient, error) bool) {
			for r, err := range people("new-2020", 32) {
				m := r.Messages[0]
				if m.Key += "-2"; r.Row == 31 {
					m.Key = first
				}
				r.Messages = append(r.Messages, m)
				if first = m.Key; !yield(r, err) {
					return
				}
			}
		}), want: "row 31"},
		"a second message that is written alone": {do: stage("new-2020", func(yield func(ledger.Recipient, error) bool) {
			var first message.Key
			for r, err := range people("new-2020", 65) {
				m := &r.Messages[0]
				if r.Row == 66 {
					m.Key = first
				} else if first == "" {
					first = m.Key
				}
				if !yield(r, err) {
					return
				}
			}
		}), want: "row 66"},
		"a second message of a known list": {do: stage(award, changed(award, 5, 3, func(r *ledger.Recipient) { r.Messages = append(r.Messages, r.Messages[0]) })), want: "row 3"},
		"told through nobody": {do: stage(other, changed(other, 5, 4, func(r *ledger.Recipient) {
			r.Messages, r.Folds = nil, []ledger.Fold{{Channel: message.SMS, Into: "nobody"}}
		})), want: "row 4"},
		"told through who is gone":     {do: stage(award, changed(award, 5, 6, throughOneself)), want: "row 6"},
		"told through who was told":    {do: stage(award, changed(award, 5, 4, throughOneself)), want: "row 4"}, // and is not on the list any more
		"to another address":           {do: stage(award, changed(award, 5, 6, func(r *ledger.Recipient) { r.Messages[0].Address = "+12025551111" })), want: "row 6"},
		"a list that ends":             {do: stage(other, func(yield func(ledger.Recipient, error) bool) { yield(ledger.Recipient{}, errEnds) }), want: errEnds},
		"staged while it runs":         {change: change{begin: other, claim: 3}, do: stage(other, people(other, 2)), want: ledger.ErrLeased},
		"begun while it runs":          {change: change{begin: other, claim: 3}, do: acquire, want: ledger.ErrLeased},
		"begun by lease while it runs": {change: change{begin: other, claim: 3, opts: sqlite.Options{NoFileLock: true}}, do: acquire, want: ledger.ErrLeased},
		"begun while something may leave": {change: change{begin: other, opts: sqlite.Options{NoFileLock: true}, before: func(t *testing.T, l *sqlite.Ledger, p *prepared) {
			t.Helper()
			long := claimOf(2)
			long[0].Grace = time.Hour
			if _, err := l.Turn(t.Context(), ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Claim: long}); err != nil {
				t.Fatal(err)
			}
		}}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) error {
			_, err := l.Acquire(ctx, ledger.Acquire{Campaign: other, Host: "ops-1", PID: 1, User: "wang", Now: start.Add(2 * time.Minute), Extend: time.Minute})
			return err
		}, want: ledger.ErrLeased},
		"staged when aborted": {change: change{before: aborted}, do: stage(other, people(other, 2)), want: ledger.ErrAborted},
		"begun when aborted":  {change: change{before: aborted}, do: acquire, want: ledger.ErrAborted},
		"aborted again": {change: change{before: aborted}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) error {
			_, err := l.Abort(ctx, other, by)
			return err
		}, want: ledger.ErrAborted},
		"paused when aborted":  {change: change{before: aborted}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) error { return l.Pause(ctx, other, by) }, want: ledger.ErrAborted},
		"resumed when aborted": {change: change{before: aborted}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) error { return l.Unpause(ctx, other, by) }, want: ledger.ErrAborted},
		"put back when aborted": {change: change{before: aborted}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) error {
			_, err := l.Retry(ctx, other, nil, by)
			return err
		}, want: ledger.ErrAborted},
		"doubted while it runs": {change: change{begin: other, claim: 3}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) error {
			_, err := l.Doubt(ctx, other, nil, by)
			return err
		}, want: ledger.ErrLeased},
		"no such campaign":           {do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) error { return l.Pause(ctx, "none", by) }, want: ledger.ErrNoCampaign},
		"a turn of a run that ended": {change: change{begin: other, claim: 3, before: ended}, do: turn(0, true), want: ledger.ErrLeaseLost},
		"a run that ended ends": {change: change{begin: other, claim: 3, before: ended}, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) error {
			return l.Release(ctx, p.run, start, words.Raw("done"))
		}, want: ledger.ErrLeaseLost},
		"a turn out of turn":         {change: change{begin: other, claim: 3}, do: turn(7, true), want: "7"},
		"a message that was changed": {change: change{begin: other, claim: 3, before: withSQL("UPDATE message SET segments = 3 WHERE campaign_id = 2")}, do: turn(0, false), want: ledger.ErrDamaged},
		"a number of attempts that was changed": {change: change{begin: other, claim: 3, before: func(t *testing.T, l *sqlite.Ledger, p *prepared) {
			t.Helper()
			if _, err := l.Turn(t.Context(), ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Settle: p.settle}); err != nil {
				t.Fatal(err)
			}
			withSQL("PRAGMA ignore_check_constraints = 1; "+strings.Join(lines(t, raw(t, placeOf(t, l)), "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'standing'"), ";")+
				"; UPDATE standing SET attempts = attempts + 1 WHERE campaign_id = 2 AND state = 'pending'")(t, l, p)
		}}, do: turn(0, false), want: ledger.ErrDamaged},
		"a campaign that was changed": {change: change{before: withSQL("UPDATE campaign SET people = 7 WHERE id = 2")}, do: acquire, want: ledger.ErrDamaged},
		"a reach that was changed":    {change: change{begin: other, claim: 3, before: withSQL("UPDATE reach SET last_id = 99 WHERE campaign_id = 2")}, do: turn(0, false), want: ledger.ErrDamaged},
		"a tally that was changed":    {change: change{begin: other, claim: 3, before: withSQL("UPDATE tally SET messages = messages + 1 WHERE campaign_id = 2")}, do: turn(0, true), want: ledger.ErrDamaged},
	}
}

var errEnds = errors.New("the list ends here")

// What a ledger refuses it refuses whatever fails on the way, and nothing of it stays.
func TestWhatIsRefusedIsRefusedWhateverFails(t *testing.T) {
	t.Parallel()
	file, whole := inUse(t), t
	for what, r := range refusals() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFaults()
			l, path := faulty(t, file, r.opts, f)
			p, names := prepare(t, l, r.change), tables(t, path)
			db := raw(t, path)
			// What a dead run left is settled at first.
			if err := r.do(t.Context(), l, p); !r.is(err) {
				t.Fatalf("it says %v, want %v", err, r.want)
			}
			want := contentOf(t, db, names)
			for failed := "all"; failed != "" && !whole.Failed(); {
				var err error
				failed = f.try(func() { err = r.do(t.Context(), l, p) })
				if !r.is(err) && !errors.Is(err, errFault) && (err == nil || !strings.HasPrefix(failed, "scan ")) {
					t.Errorf("after %s it says %v, want %v", failed, err, r.want)
				}
				if d := cmp.Diff(want, contentOf(t, db, names)); d != "" {
					t.Fatalf("after %s it is changed: %s", failed, d)
				}
			}
		})
	}
}

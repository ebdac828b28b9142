package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/words"
)

// change is what is done to a ledger in one transaction.
type change struct {
	begin string // the campaign of which a run begins before
	claim int    // and claims so many
	act   bool   // somebody did it, and it is written down
	opts  sqlite.Options
	// before is what else is done before.
	before func(t *testing.T, l *sqlite.Ledger, p *prepared)
	do     func(ctx context.Context, l *sqlite.Ledger, p prepared) (answer any, err error)
}

// prepared is what a change begins with.
type prepared struct {
	run    ledger.RunID
	settle []ledger.Settlement
	spent  message.Money                 // on the account
	keys   map[message.State]message.Key // of a message in each state
}

func prepare(t *testing.T, l *sqlite.Ledger, c change) prepared {
	t.Helper()
	p := prepared{keys: make(map[message.State]message.Key)}
	list, err := all(l.Messages(t.Context(), award))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		p.keys[r.State] = r.Key
	}
	if c.begin != "" {
		p.run = acquire(t, l, c.begin)
	}
	if c.claim > 0 {
		got, err := l.Turn(t.Context(), ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Claim: claimOf(c.claim)})
		if err != nil || len(got.Grants[0].Claims) != c.claim {
			t.Fatalf("%+v, %v", got, err)
		}
		p.settle = accept(got.Grants)
		p.settle[1].Outcome.Kind, p.settle[2].Outcome.Kind = message.OutcomeRejected, message.OutcomeThrottled
	}
	if c.before != nil {
		c.before(t, l, &p)
	}
	return p
}

// slowly claims where one domain has a slow rate.
func slowly(n int) []ledger.ClaimRequest {
	ask := claimOf(n)
	ask[0].Limits.DomainRate = map[string]float64{"slow.test": 0.1}
	return ask
}

// further settles what was claimed and claims what there is: some of it again, and of the slow domain one.
func further(t *testing.T, l *sqlite.Ledger, p *prepared) {
	t.Helper()
	got, err := l.Turn(t.Context(), ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Settle: p.settle, Claim: slowly(9)})
	if err != nil || len(got.Grants[0].Claims) != 4 || got.Grants[0].Claims[3].Number != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	p.settle = accept(got.Grants)
	p.settle[0].Outcome.Kind, p.settle[1].Outcome.Kind = message.OutcomeUnsent, message.OutcomeUnknown
}

// someFurther is further for the three that were never tried.
func someFurther(t *testing.T, l *sqlite.Ledger, p *prepared) {
	t.Helper()
	got, err := l.Turn(t.Context(), ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Settle: p.settle, Claim: slowly(3)})
	if err != nil || len(got.Grants[0].Claims) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	u, err := l.Usage(t.Context(), "sms-marketing", ledger.DayOf(start))
	if err != nil {
		t.Fatal(err)
	}
	p.settle, p.spent = nil, u.Day.Cost
}

// relisted stages a list that says something else of who was told, but for some who are not on it.
func relisted(n int) func(*testing.T, *sqlite.Ledger, *prepared) {
	return func(t *testing.T, l *sqlite.Ledger, _ *prepared) {
		t.Helper()
		got, err := l.Stage(t.Context(), ledger.Staging{Campaign: award, Digest: "d2", Spec: []byte("{}"), By: ledger.Act{Who: "wang", What: "stage", At: start}, Recipients: otherwise(n)})
		if err != nil || got.Differs == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
}

// otherwise are people of whom other rows say something else.
func otherwise(n int) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for r, err := range people(award, n) {
			r.Row += 10
			r.Messages[0].Fingerprint += 100
			r.Messages[0].Segments = 2
			if !yield(r, err) {
				return
			}
		}
	}
}

func changes() map[string]change {
	by := ledger.Act{Who: "wang@ops-1", What: "test", Reason: "test", At: start}
	stage := func(digest string, n int, part bool) change {
		return change{act: digest != "d1", do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Stage(ctx, ledger.Staging{Campaign: award, Digest: digest, Spec: []byte("{}"), By: by, Part: part, Recipients: people(award, n)})
		}}
	}
	turn := func(begin string, claim int, of func(p prepared) ledger.Turn) change {
		return change{begin: begin, claim: claim, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			t := of(p)
			t.Run, t.Now, t.Extend = p.run, start, time.Minute
			return l.Turn(ctx, t)
		}}
	}
	acquire := func(campaign string) change {
		return change{do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Acquire(ctx, ledger.Acquire{Campaign: campaign, Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Minute, Rates: "others"})
		}}
	}
	resolve := func(as message.OutcomeKind) change {
		return change{act: true, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return l.Resolve(ctx, award, []ledger.Resolution{{Key: p.keys[message.Unknown], As: as}}, by)
		}}
	}
	restage := func(campaign, digest string, list iter.Seq2[ledger.Recipient, error]) func(context.Context, *sqlite.Ledger, prepared) (any, error) {
		return func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Stage(ctx, ledger.Staging{Campaign: campaign, Digest: digest, Spec: []byte("{}"), By: by, Recipients: list})
		}
	}
	release := func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
		return nil, l.Release(ctx, p.run, start, words.Raw("done"))
	}
	limited := claimOf(2)
	limited[0].Limits.Scenario = &ledger.Scenario{Name: "codes", Rate: 1, DailyQuota: 9}
	limited[0].Limits.Ramp = &ledger.Ramp{Start: 9, Factor: 2}
	limited[0].Limits.DomainRate = map[string]float64{ledger.DefaultDomain: 1}
	limited[0].DayFrom = start.Add(-time.Hour)
	return map[string]change{
		"the same list":  stage("d1", 5, false),
		"a longer list":  stage("d2", 7, false),
		"a shorter list": stage("d2", 4, false),
		"a part":         stage("d2", 4, true),
		"accepted":       resolve(message.OutcomeAccepted),
		"not sent":       resolve(message.OutcomeUnsent),
		"first run":      acquire(other),
		"next run":       acquire(award),
		"once more":      turn(other, 3, func(prepared) ledger.Turn { return ledger.Turn{Number: 1, Waves: []int{2, 3}} }),
		"alive": turn(award, 0, func(prepared) ledger.Turn {
			return ledger.Turn{Watch: []string{"sms-marketing"}, Waves: []int{2, 3}, Wave: &ledger.WaveChange{At: start, Held: true}}
		}),
		"claim": turn(award, 0, func(prepared) ledger.Turn { return ledger.Turn{Claim: limited} }),
		"held": {begin: other, before: func(t *testing.T, l *sqlite.Ledger, _ *prepared) {
			t.Helper()
			if err := l.Pause(t.Context(), other, by); err != nil {
				t.Fatal(err)
			}
		}, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return l.Turn(ctx, ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Claim: limited})
		}},
		"settle":  turn(other, 3, func(p prepared) ledger.Turn { return ledger.Turn{Settle: p.settle} }),
		"further": turn(other, 3, func(p prepared) ledger.Turn { return ledger.Turn{Settle: p.settle, Claim: slowly(9)} }),
		"not enough": {begin: other, claim: 3, before: someFurther, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			ask := slowly(9) // two have to wait for their domain, and then comes one that costs too much
			ask[0].Limits.DayBudget = p.spent + ask[0].Limits.Price
			got, err := l.Turn(ctx, ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Claim: ask})
			if err == nil && (len(got.Grants[0].Claims) > 0 || got.Grants[0].Held != ledger.HoldBudget) {
				return nil, fmt.Errorf("granted %+v", got.Grants)
			}
			return got, err
		}},
		"once more, further": {begin: other, claim: 3, before: further, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return l.Turn(ctx, ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Number: 2})
		}},
		"later": {begin: other, claim: 3, before: further, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return l.Turn(ctx, ledger.Turn{Run: p.run, Now: start.Add(10 * time.Second), Extend: time.Minute, Settle: p.settle, Claim: slowly(9)})
		}},
		"release":          {begin: other, claim: 3, do: release},
		"release, further": {begin: other, claim: 3, before: further, do: release},
		"release all": {begin: other, claim: 3, before: func(t *testing.T, l *sqlite.Ledger, p *prepared) {
			t.Helper()
			p.settle = p.settle[1:]
			further(t, l, p)
		}, do: release},
		"missed": {begin: award, before: func(t *testing.T, l *sqlite.Ledger, _ *prepared) {
			t.Helper()
			run(t, placeOf(t, l), "UPDATE reach SET next_id = 6 WHERE campaign_id = 1")
		}, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			got, err := l.Turn(ctx, ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Claim: claimOf(2)})
			if err == nil && got.Grants[0].Held != ledger.HoldLater {
				return nil, fmt.Errorf("granted %+v", got.Grants)
			}
			return got, err
		}},
		"ended by hand": {begin: other, claim: 3, before: func(t *testing.T, l *sqlite.Ledger, p *prepared) {
			t.Helper()
			run(t, placeOf(t, l), fmt.Sprintf("UPDATE run SET ended = 1 WHERE id = %d", p.run))
		}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			got, err := l.Acquire(ctx, ledger.Acquire{Campaign: other, Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Minute})
			if err == nil && got.Orphans != 3 {
				return nil, fmt.Errorf("%d were left open", got.Orphans)
			}
			return got, err
		}},
		"beside": {begin: other, claim: 3, opts: sqlite.Options{NoFileLock: true}, before: func(t *testing.T, l *sqlite.Ledger, p *prepared) {
			t.Helper()
			joined, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: other, Join: true, Host: "ops-2", PID: 2, User: "li", Now: start, Extend: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Turn(t.Context(), ledger.Turn{Run: joined.Run.ID, Now: start, Extend: time.Minute, Claim: claimOf(2)}); err != nil {
				t.Fatal(err)
			}
		}, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			got, err := l.Turn(ctx, ledger.Turn{Run: p.run, Now: start.Add(time.Hour), Extend: time.Minute, Settle: p.settle})
			if err == nil && (got.Runs != 1 || got.Tally[message.SMS][message.Unknown] != 2) {
				return nil, fmt.Errorf("%d runs, %v", got.Runs, got.Tally)
			}
			return got, err
		}},
		"taken over": {begin: other, claim: 3, before: further, opts: sqlite.Options{NoFileLock: true}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Acquire(ctx, ledger.Acquire{Campaign: other, Host: "ops-1", PID: 1, User: "wang", Now: start.Add(time.Hour), Extend: time.Minute, Rates: "others"})
		}},
		"not over": {begin: other, claim: 3, before: further, opts: sqlite.Options{NoFileLock: true}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			_, err := l.Acquire(ctx, ledger.Acquire{Campaign: other, Host: "ops-1", PID: 1, User: "wang", Now: start.Add(time.Second), Extend: time.Minute})
			if held, ok := errors.AsType[*ledger.LeasedError](err); ok {
				return held.Until, nil
			}
			return nil, err
		}},
		"first list":     {act: true, before: func(*testing.T, *sqlite.Ledger, *prepared) {}, do: restage("new-2020", "d1", people("new-2020", 3))},
		"another list":   {act: true, before: relisted(4), do: restage(award, "d3", people(award, 6))},
		"folded":         {act: true, do: restage(other, "d3", mixed(7, 100))},
		"not sent anew":  {act: true, before: relisted(5), do: resolve(message.OutcomeUnsent).do},
		"not sent, gone": {act: true, before: relisted(2), do: resolve(message.OutcomeUnsent).do},
		"rejected, anew": {act: true, before: relisted(5), do: resolve(message.OutcomeRejected).do},
		"put back, anew": {act: true, before: relisted(5), do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Retry(ctx, award, []string{"OK"}, by)
		}},
		"aborted meanwhile": {begin: other, claim: 3, before: func(t *testing.T, l *sqlite.Ledger, _ *prepared) {
			t.Helper()
			if _, err := l.Abort(t.Context(), other, by); err != nil {
				t.Fatal(err)
			}
		}, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return l.Turn(ctx, ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Settle: p.settle})
		}},
		"resume": {act: true, before: func(t *testing.T, l *sqlite.Ledger, _ *prepared) {
			t.Helper()
			if err := l.Pause(t.Context(), award, by); err != nil {
				t.Fatal(err)
			}
		}, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return nil, l.Unpause(ctx, award, by)
		}},
		"pause": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return nil, l.Pause(ctx, award, by)
		}},
		"abort": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) { return l.Abort(ctx, award, by) }},
		"retry": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Retry(ctx, award, nil, by)
		}},
		"switch off": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return nil, l.SetAccount(ctx, "sms-marketing", ledger.AccountSetting{Off: true}, by)
		}},
		"suppress": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Suppress(ctx, onList("+12025550009"), by)
		}},
		"doubt": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return l.Doubt(ctx, award, []ledger.Lost{{
				Channel: message.SMS, Account: "sms-marketing", Currency: "CNY", Day: "2026-11-20", Price: 45000,
				Keys: []message.Key{p.keys[message.Pending], p.keys[message.Rejected]},
			}}, by)
		}},
		"raise": {do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Raise(ctx, ledger.Look{At: start.Add(time.Hour), Kinds: []string{"k"}, Holds: []ledger.Condition{{Kind: "k", About: "y"}}})
		}},
		"keep": {do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Keep(ctx, []ledger.Receipt{{Hash: "h2", Account: "sms-marketing", Format: "f", Grade: message.GradeSigned, At: start}})
		}},
		"note": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			e := message.Event{Key: p.keys[message.Unknown], State: message.Delivered, At: start, Grade: message.GradeSigned}
			return l.Note(ctx, []ledger.Note{{Receipt: 1, Events: []message.Event{e}}}, by)
		}},
		"leave": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return nil, l.Leave(ctx, "elsewhere", by)
		}},
	}
}

package send_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
	"notify/pkg/vendors"
)

// awardSpec is a campaign by SMS.
func awardSpec() plan.Spec {
	return plan.Spec{
		Schema: plan.SpecSchema, Name: "award", Columns: []string{"name"},
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "Dear {{name}}"}}},
	}
}

// staged is a ledger with a campaign of n people.
func staged(t *testing.T, n int, edit ...func(*plan.Spec)) *ledgertest.Memory {
	t.Helper()
	spec := awardSpec()
	for _, e := range edit {
		e(&spec)
	}
	b, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m := ledgertest.NewMemory()
	l := m.Open()
	if _, err := l.Stage(context.Background(), ledger.Staging{Campaign: "award", Digest: "d", Spec: b, Recipients: people("award", n)}); err != nil {
		t.Fatal(err)
	}
	return m
}

// loopOn is a run of the campaign through one account.
func loopOn(runs ledger.Runs, reader ledger.Reader, v vendors.Vendor, a config.Account) *send.Loop {
	return &send.Loop{
		Ledger: runs, Reader: reader, Campaign: "award", Vendors: map[string]vendors.Vendor{"a": v}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Config: &config.Config{
			Environment: config.Production, Timezone: time.UTC, Accounts: map[string]config.Account{"a": a},
			Routes: map[message.Channel]config.Route{message.SMS: {Accounts: []config.Share{{Account: "a", Weight: 1}}}},
		},
	}
}

// turnsOf is a ledger whose turns a test changes.
type turnsOf struct {
	ledger.Runs
	turn func(n int, do func() (ledger.Turned, error)) (ledger.Turned, error)
	n    int
}

func (r *turnsOf) Turn(ctx context.Context, t ledger.Turn) (ledger.Turned, error) {
	r.n++
	return r.turn(r.n, func() (ledger.Turned, error) { return r.Runs.Turn(ctx, t) })
}

// A run that believes to be done although messages are pending does not say so: what the ledger counts has the last word.
func TestARunIsDoneWhenTheLedgerCountsNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := staged(t, 5)
		l, v := m.Open(), &reached{}
		blind := &turnsOf{Runs: l, turn: func(_ int, do func() (ledger.Turned, error)) (ledger.Turned, error) {
			out, err := do()
			out.Tally = nil // as if nothing were left
			return out, err
		}}
		res, err := loopOn(blind, l, v, config.Account{Concurrency: 1}).Run(t.Context())
		if err != nil || res.Pause == nil || res.Pause.Why != send.PauseLeft || len(v.to) == 5 {
			t.Errorf("%d of 5 were reached, and the run ended with %+v, %v", len(v.to), res.Pause, err)
		}
		runs, err := l.Runs(t.Context(), "award")
		if err != nil || runs[0].Why.ID == "run.why.done" {
			t.Errorf("the run says %q, %v", runs[0].Why, err)
		}
		if res, err = loopOn(l, l, v, config.Account{Concurrency: 1}).Run(t.Context()); err != nil || res.Pause != nil || len(v.to) != 5 {
			t.Errorf("%d of 5 were reached, and the next run ended with %+v, %v", len(v.to), res.Pause, err)
		}
	})
}

// held is a vendor that connects for a second, and asks before it writes.
type held struct {
	reached
	began func()
}

func (v *held) Send(ctx context.Context, m message.Message) message.Outcome {
	v.began()
	<-time.After(time.Second)
	if m.Late() {
		return message.GiveBack(message.BackDeadline)
	}
	return v.reached.Send(ctx, m)
}

// Once a run was declared dead nothing of it leaves: neither what waits for its place, nor what is about to be written.
func TestNothingLeavesAfterTheLeaseWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := staged(t, 12)
		l := m.Open()
		connecting := make(chan struct{}, 12)
		v := &held{began: func() { connecting <- struct{}{} }}
		claimed := 0
		lost := &turnsOf{Runs: l, turn: func(n int, do func() (ledger.Turned, error)) (ledger.Turned, error) {
			if n == 1 {
				out, err := do()
				claimed = len(out.Grants[0].Claims)
				return out, err
			}
			return ledger.Turned{}, ledger.ErrLeaseLost
		}}
		loop := loopOn(lost, l, v, config.Account{Concurrency: 8, Rate: 4, Burst: 2})
		loop.Timing = send.DefaultTiming()
		loop.Timing.Lease, loop.Timing.Ahead = 900*time.Millisecond, 2*time.Second
		res, err := loop.Run(t.Context())
		if !errors.Is(err, ledger.ErrLeaseLost) {
			t.Fatalf("it ended with %v", err)
		}
		if len(connecting) == 0 || len(v.to) > 0 {
			t.Errorf("%d were about to leave, %d left", len(connecting), len(v.to))
		}
		if lost.n != 2 {
			t.Errorf("the ledger was asked for %d turns", lost.n)
		}
		if claimed == 0 || res.Unrecorded != claimed {
			t.Errorf("%d were claimed, and what came of %d could not be recorded", claimed, res.Unrecorded)
		}
	})
}

// A vendor that refuses the account again and again uses up no message: none of them is given up, not even by what is said of it afterwards.
func TestARefusedAccountUsesUpNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := staged(t, 1)
		l := m.Open()
		v := &refusing{times: 2 * send.MaxAttempts}
		for runs := 0; ; runs++ {
			res, err := loopOn(l, l, v, config.Account{Concurrency: 1}).Run(t.Context())
			if err != nil || runs > 4*send.MaxAttempts {
				t.Fatalf("run %d: %+v, %v", runs, res, err)
			}
			if res.Pause == nil {
				break
			}
			<-time.After(time.Hour)
		}
		c, err := l.Counts(t.Context(), "award")
		if err != nil || c.Of(message.Accepted) != 1 || len(v.to) != 1 {
			t.Errorf("%v, %v: %d refused", c.ByState, err, v.said)
		}
	})
}

// A quota is used up by what was accepted, or may have been, and by nothing else: a run does not end for it before.
func TestAQuotaIsUsedUpByWhatWasAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := staged(t, 9)
		l := m.Open()
		v := &unlucky{first: []message.OutcomeKind{message.OutcomeThrottled, message.OutcomeRejected, message.OutcomeUnsent}}
		res, err := loopOn(l, l, v, config.Account{Concurrency: 8, DailyQuota: 5}).Run(t.Context())
		if err != nil || res.Pause == nil || res.Pause.Why != send.PauseQuota || len(v.to) != 5 {
			t.Errorf("%d reached, %+v, %v", len(v.to), res.Pause, err)
		}
	})
}

// unlucky says this of the first messages, and takes all others.
type unlucky struct {
	reached
	mu    sync.Mutex
	first []message.OutcomeKind
}

func (v *unlucky) Send(ctx context.Context, m message.Message) message.Outcome {
	v.mu.Lock()
	if len(v.first) > 0 {
		o := message.Outcome{Kind: v.first[0], Recipient: true, Code: "1"}
		v.first = v.first[1:]
		v.mu.Unlock()
		return o
	}
	v.mu.Unlock()
	return v.reached.Send(ctx, m)
}

type refusing struct {
	reached
	times, said int
}

func (v *refusing) Send(ctx context.Context, m message.Message) message.Outcome {
	if v.said == v.times {
		v.said++
		return message.Outcome{Kind: message.OutcomeThrottled, Code: "SLOW"}
	}
	if v.said < v.times {
		v.said++
		return message.Outcome{Kind: message.OutcomeRefused, Reason: message.ReasonBalance, Code: "BALANCE"}
	}
	return v.reached.Send(ctx, m)
}

// While a vendor takes its time the lease is renewed, by a clock that was put back as well: otherwise others would believe that the run
// lives for an hour more, and then that it has been dead for long.
func TestALeaseIsRenewedAfterTheClockWasPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := staged(t, 1)
		l := m.Open()
		var mu sync.Mutex
		var behind time.Duration
		now := func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(-behind)
		}
		begun := make(chan struct{})
		slowly := sync.OnceFunc(func() { close(begun); <-time.After(time.Minute) })
		loop := loopOn(l, l, &held{began: slowly}, config.Account{Concurrency: 1})
		loop.Now = now
		ended := make(chan error, 1)
		go func() {
			_, err := loop.Run(t.Context())
			ended <- err
		}()
		<-begun
		mu.Lock()
		behind = time.Hour
		mu.Unlock()
		<-time.After(loop.Timing.Lease)
		c, err := m.Open().Campaign(t.Context(), "award")
		if err != nil || len(c.Holders) != 1 || c.Holders[0].Beat.After(now()) || now().Sub(c.Holders[0].Beat) > loop.Timing.Lease/2 {
			t.Errorf("at %s the last sign of life is of %+v, %v", now(), c.Holders, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A message that missed its place by more than its account's slack is given back, and not added to those of another moment.
func TestAMessageThatIsLateBeyondTheSlackIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := staged(t, 6)
		l, v := m.Open(), &reached{}
		slow := &turnsOf{Runs: l, turn: func(n int, do func() (ledger.Turned, error)) (ledger.Turned, error) {
			out, err := do()
			if n == 1 {
				<-time.After(5 * time.Second) // a disk that takes its time: all places have passed
			}
			return out, err
		}}
		first := 0
		slowly := &turnsOf{Runs: slow, turn: func(n int, do func() (ledger.Turned, error)) (ledger.Turned, error) {
			out, err := do()
			if n == 1 {
				first = len(out.Grants[0].Claims)
			}
			return out, err
		}}
		if _, err := loopOn(slowly, l, v, config.Account{Concurrency: 6, Rate: 20, Burst: 4}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		again := 0
		for r, err := range l.Messages(t.Context(), "award") {
			if err != nil || r.State != message.Accepted {
				t.Errorf("row %d is %s, %v", r.Row, r.State, err)
			}
			if r.Attempts > 1 {
				again++
			}
		}
		if first == 0 || again != first {
			t.Errorf("%d messages missed their places, and %d were given back", first, again)
		}
	})
}

// An account is asked for its next message as soon as that has a place, and not only with a sign of life.
func TestAnAccountIsAskedAgainWhenItHasAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, began := staged(t, 4).Open(), time.Now()
		if _, err := loopOn(l, l, &reached{}, config.Account{Concurrency: 4, Rate: 1}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began).Round(100 * time.Millisecond); took != 3*time.Second {
			t.Errorf("four messages at one a second take %v", took)
		}
	})
}

// Two runs share the slots of an account and the share of failures that the campaign allows; whoever finds too many stops both.
func TestTwoRunsShareSlotsAndStopTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := staged(t, 400, func(s *plan.Spec) { s.StopWhen = campaign.StopWhen{Failed: 0.1, Window: 40} })
		v := &busy{}
		ends := make(chan send.Result, 2)
		for i := range 2 {
			l := m.Open()
			loop := loopOn(l, l, v, config.Account{Concurrency: 9})
			loop.Join = i == 1
			go func() {
				<-time.After(time.Duration(i) * time.Second)
				res, err := loop.Run(context.Background())
				if err != nil {
					t.Error(err)
				}
				ends <- res
			}()
		}
		for range 2 {
			if res := <-ends; res.Pause == nil || res.Pause.Why != send.PauseStopWhen {
				t.Errorf("it ended with %+v", res.Pause)
			}
		}
		if v.most > 9 || v.most < 8 {
			t.Errorf("%d messages were at the vendor at the same time, its slots are 9", v.most)
		}
		// A tenth of 40 for both together, and what was under way.
		if v.failed > 4+2+9 {
			t.Errorf("%d failed before both stopped", v.failed)
		}
		c, err := m.Open().Campaign(context.Background(), "award")
		if err != nil || c.Paused == nil || c.Paused.What != send.ActStop {
			t.Errorf("paused by %+v, %v", c.Paused, err)
		}
	})
}

// busy is a vendor that counts who is there, and refuses everybody after a while.
type busy struct {
	mu                       sync.Mutex
	now, most, total, failed int
}

func (v *busy) Close() error { return nil }

func (v *busy) Send(context.Context, message.Message) message.Outcome {
	v.mu.Lock()
	v.now++
	v.total++
	v.most = max(v.most, v.now)
	fails := v.total > 100
	if fails {
		v.failed++
	}
	v.mu.Unlock()
	<-time.After(100*time.Millisecond + time.Duration(v.total%7)*time.Millisecond)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now--
	if fails {
		return message.Outcome{Kind: message.OutcomeRejected, Code: "NUMBER"}
	}
	return message.Outcome{Kind: message.OutcomeAccepted}
}

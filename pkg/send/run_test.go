package send_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// failing is a ledger of which parts cannot be read or written.
type failing struct {
	ledger.Ledger
	acquire, accounts, wave, release error
	counts                           func(n int) error
	counted                          int
	releasing                        time.Duration // how long a release may take; 0: as long as it likes
	turn                             error
	held                             time.Time     // until then turn is what comes of a turn; zero: always
	waits                            time.Duration // how long such a turn waits before it gives up
	gathered, looked                 int
}

func (l *failing) Gather(ctx context.Context) error {
	l.gathered++
	return l.Ledger.Gather(ctx)
}

func (l *failing) Acquire(ctx context.Context, a ledger.Acquire) (ledger.Acquired, error) {
	if l.acquire != nil {
		return ledger.Acquired{}, l.acquire
	}
	return l.Ledger.Acquire(ctx, a)
}

func (l *failing) Turn(ctx context.Context, t ledger.Turn) (ledger.Turned, error) {
	if l.turn != nil && (l.held.IsZero() || time.Now().Add(l.waits).Before(l.held)) {
		time.Sleep(l.waits)
		return ledger.Turned{}, l.turn
	}
	time.Sleep(time.Until(l.held)) // it waits for as long as others hold the ledger
	return l.Ledger.Turn(ctx, t)
}

func (l *failing) Accounts(ctx context.Context) ([]ledger.AccountState, error) {
	l.looked++
	if l.accounts != nil {
		return nil, l.accounts
	}
	return l.Ledger.Accounts(ctx)
}

func (l *failing) Wave(ctx context.Context, name string) (ledger.WaveState, error) {
	if l.wave != nil {
		return ledger.WaveState{}, l.wave
	}
	return l.Ledger.Wave(ctx, name)
}

func (l *failing) Counts(ctx context.Context, name string) (ledger.Counts, error) {
	if l.counted++; l.counts != nil && l.counts(l.counted) != nil {
		return ledger.Counts{}, l.counts(l.counted)
	}
	return l.Ledger.Counts(ctx, name)
}

func (l *failing) Release(ctx context.Context, run ledger.RunID, now time.Time, why words.Text) error {
	if until, ok := ctx.Deadline(); ok {
		l.releasing = time.Until(until)
	}
	if l.release != nil {
		return l.release
	}
	return l.Ledger.Release(ctx, run, now, why)
}

var errDisk = errors.New("the disk is broken")

// What a run cannot read or write ends it before anybody is reached, is said, and is written down where that can be.
func TestARunThatCannotBegin(t *testing.T) {
	at := func(n int) func(int) error {
		return func(call int) error {
			if call == n {
				return errDisk
			}
			return nil
		}
	}
	twice := errors.New("the texts are broken")
	for _, tc := range []struct {
		name    string
		l       failing
		edit    func(*plan.Spec)
		loop    func(*send.Loop)
		err     error // nil: any
		reached int
		why     string // that is written down; empty: there was no run
	}{
		{"it cannot take the lease", failing{acquire: errDisk}, nil, nil, errDisk, 0, ""},
		{"the counts cannot be read", failing{counts: at(1)}, nil, nil, errDisk, 0, "run.why.error"},
		{"the accounts cannot be read", failing{accounts: errDisk}, nil, nil, errDisk, 0, "run.why.error"},
		{"the wave cannot be read", failing{wave: errDisk}, func(s *plan.Spec) { s.Waves.Sizes = []int{1} }, nil, errDisk, 0, "run.why.error"},
		{"the texts are broken", failing{}, func(s *plan.Spec) { s.Texts[0].Short.Text = "{{nobody}}" }, nil, nil, 0, "run.why.error"},
		{"an account is not configured", failing{}, nil, func(l *send.Loop) { delete(l.Config.Accounts, "a") }, nil, 0, "run.why.error"},
		{"an account has no vendor", failing{}, nil, func(l *send.Loop) { delete(l.Vendors, "a") }, nil, 0, "run.why.error"},
		{"the channel has no account", failing{}, nil, func(l *send.Loop) { delete(l.Config.Routes, message.SMS) }, nil, 0, "run.why.error"},
		{"the counts cannot be read at the end", failing{counts: at(2)}, nil, nil, errDisk, 2, "run.why.error"},
		{"it cannot be ended", failing{release: errDisk}, nil, nil, errDisk, 2, ""},
		{"it cannot be ended, and had failed before", failing{release: errDisk, turn: twice}, nil, nil, twice, 0, ""},
		{"a turn fails", failing{turn: errDisk}, nil, nil, errDisk, 0, "run.why.error"},
		{"nothing fails", failing{}, nil, nil, nil, 2, "run.why.done"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var edits []func(*plan.Spec)
				if tc.edit != nil {
					edits = append(edits, tc.edit)
				}
				l, v := tc.l, &reached{}
				l.Ledger = staged(t, 2, edits...).Open()
				loop := loopOn(&l, &l, v, config.Account{Concurrency: 1})
				if tc.loop != nil {
					tc.loop(loop)
				}
				_, err := loop.Run(t.Context())
				if (err != nil) != (tc.name != "nothing fails") || tc.err != nil && !errors.Is(err, tc.err) || len(v.to) != tc.reached {
					t.Errorf("%d were reached, and it ended with %v", len(v.to), err)
				}
				runs, err := l.Runs(t.Context(), "award")
				if err != nil || len(runs) > 0 && tc.why != "" && runs[0].Why.ID != tc.why || len(runs) == 0 && tc.why != "" {
					t.Errorf("%+v, %v", runs, err)
				}
				// What was sent is put in order by a run that ended well.
				if want := map[string]int{"nothing fails": 1}[tc.name]; l.gathered != want {
					t.Errorf("put in order %d times", l.gathered)
				}
				if l.releasing != 0 {
					t.Errorf("the end of the run had %v", l.releasing)
				}
			})
		})
	}
}

// A ledger that was waited for in vain is not waited for once more.
func TestTheEndOfARunIsNotWaitedForTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := failing{Ledger: staged(t, 1).Open(), turn: ledger.ErrBusy}
		if _, err := loopOn(&l, &l, &reached{}, config.Account{}).Run(t.Context()); !errors.Is(err, ledger.ErrBusy) || l.releasing != time.Second {
			t.Errorf("the end of the run had %v; %v", l.releasing, err)
		}
	})
}

// overheard keeps the sentences among what is logged.
type overheard struct{ said []words.Text }

func (o *overheard) Enabled(context.Context, slog.Level) bool { return true }
func (o *overheard) WithAttrs([]slog.Attr) slog.Handler       { return o }
func (o *overheard) WithGroup(string) slog.Handler            { return o }
func (o *overheard) Handle(_ context.Context, r slog.Record) error {
	if t, ok := words.Logged(&r); ok {
		o.said = append(o.said, t)
	}
	return nil
}

// Where others hold the ledger for a while, whoever watches reads that nothing new leaves, and then that it goes on, once each.
func TestALedgerThatIsHeldIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := failing{Ledger: staged(t, 2).Open(), turn: ledger.ErrBusy, held: time.Now().Add(9 * time.Second), waits: 5 * time.Second}
		loop, o := loopOn(&l, &l, &reached{}, config.Account{}), &overheard{}
		loop.Log = slog.New(o)
		if res, err := loop.Run(t.Context()); err != nil || res.Sent != 2 {
			t.Fatalf("%d were sent, %v", res.Sent, err)
		}
		var said []string
		for _, s := range o.said {
			said = append(said, s.String())
		}
		want := []string{
			"nothing new leaves until the ledger can be written: another program holds the ledger",
			"the ledger can be written again, after 9s; sending goes on",
		}
		if !slices.Equal(said, want) {
			t.Errorf("said %q, want %q", said, want)
		}
	})
}

// A campaign that a person aborts ends its run, which says so.
func TestACampaignThatIsAbortedEndsItsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := staged(t, 9).Open()
		v := &listening{hears: func(n int) {
			if n == 2 {
				if _, err := l.Abort(t.Context(), "award", ledger.Act{Who: "ann", At: time.Now()}); err != nil {
					t.Error(err)
				}
			}
		}}
		res, err := loopOn(l, l, v, config.Account{Concurrency: 1}).Run(t.Context())
		if err != nil || res.Aborted == nil || res.Aborted.Who != "ann" || res.Pause != nil || len(v.to) == 9 {
			t.Errorf("%d were reached, and it ended with %+v, %v", len(v.to), res, err)
		}
		if runs, err := l.Runs(t.Context(), "award"); err != nil || runs[0].Why.ID != "run.why.aborted" {
			t.Errorf("%+v, %v", runs, err)
		}
	})
}

// onBoth is a ledger with n people who get an SMS through the account a and a mail through b.
func onBoth(t *testing.T, n int, edit func(*plan.Spec)) ledger.Ledger {
	t.Helper()
	spec := awardSpec()
	spec.Texts = append(spec.Texts, campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "Award", TextFile: "t", Text: "Dear {{name}}"}})
	if edit(&spec); len(spec.Texts) == 0 {
		t.Fatal("no texts")
	}
	frozen, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	l := ledgertest.NewMemory().Open()
	both := func(yield func(ledger.Recipient, error) bool) {
		for r, err := range people("award", n) {
			to := message.Address("m" + r.Key + "@mail.test")
			r.Messages = append(r.Messages, ledger.NewMessage{Key: message.MakeKey("award", message.Email, to, ""), Channel: message.Email, Address: to, Segments: 1})
			if !yield(r, err) {
				return
			}
		}
	}
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", Spec: frozen, Recipients: both}); err != nil {
		t.Fatal(err)
	}
	return l
}

// bad is a vendor that takes nobody.
type bad struct{ reached }

func (*bad) Send(context.Context, message.Message) message.Outcome {
	return message.Outcome{Kind: message.OutcomeRejected, Code: "550"}
}

// A channel on which too much fails ends the other one as well, and its reason is the run's; one that comes to its quota does not.
func TestWhatEndsTheOtherChannel(t *testing.T) {
	for _, tc := range []struct {
		name string
		sms  vendors.Vendor
		a    config.Account
		why  send.PauseReason
		all  bool // the mails are sent to their end
	}{
		{"too much fails", &bad{}, config.Account{Concurrency: 1}, send.PauseStopWhen, false},
		{"its quota", &reached{}, config.Account{Concurrency: 1, DailyQuota: 2}, send.PauseQuota, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := onBoth(t, 60, func(s *plan.Spec) { s.StopWhen = campaign.StopWhen{Failed: 0.1, Window: 20} })
				mails := &reached{}
				loop := loopOn(l, l, tc.sms, tc.a)
				loop.Config.Accounts["b"], loop.Vendors["b"] = config.Account{Concurrency: 1, Rate: 1}, mails
				loop.Config.Routes[message.Email] = config.Route{Accounts: []config.Share{{Account: "b", Weight: 1}}}
				res, err := loop.Run(t.Context())
				if err != nil || res.Pause == nil || res.Pause.Why != tc.why || (len(mails.to) == 60) != tc.all {
					t.Errorf("%d mails, and it ended with %+v, %v", len(mails.to), res.Pause, err)
				}
			})
		})
	}
}

// Links to opt out in one click need somebody who takes the clicks.
func TestOneClickNeedsSomebodyWhoTakesTheClicks(t *testing.T) {
	l := onBoth(t, 1, func(s *plan.Spec) { s.Texts[1].Mail.OneClick = true })
	v := &reached{}
	loop := loopOn(l, l, v, config.Account{Concurrency: 1})
	loop.Config.Accounts["b"], loop.Vendors["b"] = config.Account{Concurrency: 1}, v
	loop.Config.Routes[message.Email] = config.Route{Accounts: []config.Share{{Account: "b", Weight: 1}}}
	if _, err := loop.Run(t.Context()); err == nil || len(v.to) > 0 {
		t.Errorf("%v were reached, and it ended with %v", v.to, err)
	}
}

// The screen counts from when the run began.
func TestTheScreenCountsFromTheBeginOfTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		<-time.After(time.Hour)
		l, began := staged(t, 3).Open(), time.Now()
		loop := loopOn(l, l, &reached{}, config.Account{Concurrency: 1})
		if _, err := loop.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := send.Snapshot{Total: 3, Accepted: 3, Started: began, Remaining: -1}
		if s := loop.Snapshot(); s.Started != want.Started || s.Total != 3 || s.Accepted != 3 || s.Left != 0 {
			t.Error(cmp.Diff(want, s))
		}
	})
}

// A campaign that was frozen by another program is not guessed at.
func TestACampaignThatCannotBeReadIsNotSent(t *testing.T) {
	l, v := ledgertest.NewMemory().Open(), &reached{}
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", Spec: []byte(`{"schema": "notify.spec/99"}`), Recipients: people("award", 1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := loopOn(l, l, v, config.Account{Concurrency: 1}).Run(t.Context()); err == nil || len(v.to) > 0 {
		t.Errorf("%d were reached, and it ended with %v", len(v.to), err)
	}
	if runs, err := l.Runs(t.Context(), "award"); err != nil || runs[0].Why.ID != "run.why.error" {
		t.Errorf("%+v, %v", runs, err)
	}
}

// Where a run waits for its next message the accounts are looked at, several times between two turns.
func TestARunThatWaitsLooksAtItsAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := failing{Ledger: staged(t, 2).Open()}
		if _, err := loopOn(&l, &l, &reached{}, config.Account{Concurrency: 1, Rate: 0.25}).Run(t.Context()); err != nil || l.looked < 5 {
			t.Errorf("in four seconds it looked %d times, %v", l.looked, err)
		}
	})
}

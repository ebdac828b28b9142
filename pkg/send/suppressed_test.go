package send_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
	"notify/pkg/vendors"
)

// listening is a vendor that takes everything, and tells of each message before it answers.
type listening struct {
	reached
	hears func(n int)
}

func (v *listening) Send(ctx context.Context, m message.Message) message.Outcome {
	o := v.reached.Send(ctx, m)
	v.mu.Lock()
	n := len(v.to)
	v.mu.Unlock()
	v.hears(n)
	return o
}

// optOuts puts people on the suppression list.
func optOuts(t *testing.T, l ledger.Suppressions, people ...int) {
	t.Helper()
	_, err := l.Suppress(context.Background(), func(yield func(ledger.Suppression, error) bool) {
		for _, i := range people {
			if !yield(ledger.Suppression{Address: person(i), Channel: message.SMS, Reason: "opt-out", Who: "li", At: time.Now()}, nil) {
				return
			}
		}
	}, ledger.Act{Who: "li", What: "suppress", At: time.Now()})
	if err != nil {
		t.Error(err)
	}
}

func person(i int) message.Address { return message.Address(fmt.Sprintf("+86100%08d", i)) }

// runOf sends a campaign of twenty people, one every second.
func runOf(t *testing.T, l ledger.Ledger, reader ledger.Reader, v vendors.Vendor) (send.Result, error) {
	t.Helper()
	ctx := context.Background()
	spec := plan.Spec{Schema: plan.SpecSchema, Name: "award", Columns: []string{"name"}, Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "Dear {{name}}"}}}}
	b, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Stage(ctx, ledger.Staging{Campaign: "award", Digest: "d", Spec: b, Recipients: people("award", 20)}); err != nil {
		t.Fatal(err)
	}
	loop := &send.Loop{
		Ledger: l, Reader: reader, Campaign: "award", Vendors: map[string]vendors.Vendor{"a": v}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Config: &config.Config{
			Environment: config.Production, Timezone: time.UTC,
			Accounts: map[string]config.Account{"a": {Name: "a", Rate: 1, Concurrency: 1}},
			Routes:   map[message.Channel]config.Route{message.SMS: {Accounts: []config.Share{{Account: "a", Weight: 1}}}},
		},
	}
	return loop.Run(ctx)
}

// TestWhoOptsOutWhileACampaignRunsIsNotReached on both ledgers, each in virtual time; the opt-out comes from another process.
func TestWhoOptsOutWhileACampaignRunsIsNotReached(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	memory := ledgertest.NewMemory()
	for name, open := range map[string]func() (ledger.Ledger, error){
		"memory": func() (ledger.Ledger, error) { return memory.Open(), nil },
		"sqlite": func() (ledger.Ledger, error) {
			return sqlite.Open(context.Background(), path, sqlite.Options{NoFileLock: true, Now: time.Now})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mine, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer mine.Close()
				other, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer other.Close()
				optOuts(t, other, 2)
				v := &listening{hears: func(n int) {
					if n == 5 {
						optOuts(t, other, 0, 19) // the first has been told already
					}
				}}
				if _, err := runOf(t, mine, mine, v); err != nil {
					t.Fatal(err)
				}
				if len(v.to) != 18 {
					t.Errorf("%d were reached: %v", len(v.to), v.to)
				}
				for _, a := range v.to {
					if a == person(2) || a == person(19) {
						t.Errorf("%s was reached", a)
					}
				}
				for r, err := range mine.Messages(context.Background(), "award", message.Rejected) {
					if err != nil || r.Code != "notify:suppressed" || r.Address != person(2) && r.Address != person(19) {
						t.Errorf("got %+v, %v", r, err)
					}
				}
				u, err := mine.Usage(context.Background(), "a", ledger.DayOf(time.Now().UTC()))
				if err != nil || u.Day.Messages != 18 {
					t.Errorf("debited %+v, %v", u, err)
				}
			})
		})
	}
}

// forgetful is a ledger whose suppression list can be read so often.
type forgetful struct {
	ledger.Reader
	mu    sync.Mutex
	left  int
	asked int
}

func (f *forgetful) SuppressionLog(ctx context.Context, after int64) iter.Seq2[ledger.Suppression, error] {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.left--; f.left < 0 {
		return func(yield func(ledger.Suppression, error) bool) { yield(ledger.Suppression{}, ledger.ErrDamaged) }
	}
	return f.Reader.SuppressionLog(ctx, after)
}

func TestASuppressionListThatCannotBeReadSendsNothing(t *testing.T) {
	l, v := ledgertest.NewMemory().Open(), &reached{}
	if _, err := runOf(t, l, &forgetful{Reader: l}, v); err == nil || len(v.to) > 0 {
		t.Errorf("%d were reached, %v", len(v.to), err)
	}
}

func TestASuppressionListThatCannotBeReadAgainStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, v := ledgertest.NewMemory().Open(), &reached{}
		optOuts(t, l, 7)
		f := &forgetful{Reader: l, left: 1}
		if _, err := runOf(t, l, f, v); err != nil || len(v.to) != 19 {
			t.Errorf("%d were reached, %v", len(v.to), err)
		}
		// Twenty seconds, a look at most every two.
		if f.asked < 8 || f.asked > 12 {
			t.Errorf("it was read %d times", f.asked)
		}
	})
}

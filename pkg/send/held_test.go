package send_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/send"
)

// holdLedger is the variable that makes this binary a process that holds a ledger, instead of a run of tests.
const holdLedger = "HOLD_LEDGER"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdLedger); path != "" {
		hold(path)
		return
	}
	os.Exit(m.Run())
}

// hold stages a list that takes its time: the ledger is held, in one transaction, until nothing more comes from standard input.
func hold(path string) {
	l, err := sqlite.Open(context.Background(), path, sqlite.Options{Now: time.Now})
	if err != nil {
		panic(err)
	}
	since := time.Now()
	_, _ = l.Stage(context.Background(), ledger.Staging{
		Campaign: "another", Digest: "d", Spec: []byte("{}"),
		Recipients: func(yield func(ledger.Recipient, error) bool) {
			_, _ = fmt.Println(since.UnixNano())
			_, _ = io.Copy(io.Discard, os.Stdin)
			yield(ledger.Recipient{}, errors.New("let go"))
		},
	})
	_ = l.Close()
}

// holding starts a process that holds the ledger, not before since; it lets go when what is returned is called.
func holding(t *testing.T, path string) (letGo func(), since time.Time) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holdLedger+"="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var at int64
	if _, err := fmt.Fscan(out, &at); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}, time.Unix(0, at)
}

// A process of its own holds the ledger while a run is at work. The run waits for as long as it was told to, or until somebody stops it; nobody is
// told twice, and the next run sends the rest.
func TestALedgerThatAnotherProcessHoldsIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settle  time.Duration
		stopped bool
	}{
		"as long as it was told to": {settle: time.Second},
		"until somebody stops it":   {settle: time.Hour, stopped: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const people = 60
			path := filepath.Join(t.TempDir(), "notify.db")
			l, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			stagedOn(t, l, people)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			v := &watched{first: make(chan struct{})}
			loop := loopOn(l, l, v, config.Account{Rate: 0.2, Concurrency: 4})
			loop.Timing = send.DefaultTiming()
			loop.Timing.Settle = c.settle
			type end struct {
				res send.Result
				err error
			}
			ended := make(chan end, 1)
			go func() {
				res, err := loop.Run(ctx)
				ended <- end{res, err}
			}()
			<-v.first
			letGo, began := holding(t, path) // the run takes minutes
			if c.stopped {
				stop()
			}
			got := <-ended // an hour is not waited for
			if took := time.Since(began); !errors.Is(got.err, ledger.ErrBusy) || !c.stopped && took < c.settle/2 {
				t.Errorf("it ended after %s with %+v, %v", took, got.res, got.err)
			}
			letGo()
			if err := l.Close(); err != nil { // the process of that run is over
				t.Fatal(err)
			}
			if l, err = sqlite.Open(t.Context(), path, sqlite.Options{Now: time.Now}); err != nil {
				t.Fatal(err)
			}
			if res, err := loopOn(l, l, v, config.Account{Concurrency: 4}).Run(t.Context()); err != nil || res.Pause != nil {
				t.Fatalf("%+v, %v", res, err)
			}
			counts, err := l.Counts(t.Context(), "award")
			if err != nil {
				t.Fatal(err)
			}
			told := make(map[message.Address]int)
			for _, to := range v.to {
				if told[to]++; told[to] > 1 {
					t.Errorf("%s was told twice", to)
				}
			}
			if counts.Of(message.Accepted, message.Unknown) != people || len(told) < counts.Of(message.Accepted) {
				t.Errorf("%d were told: %+v", len(told), counts.ByState)
			}
		})
	}
}

// watched says when the first message reached it.
type watched struct {
	reached
	first chan struct{}
	told  bool
}

func (w *watched) Send(ctx context.Context, m message.Message) message.Outcome {
	o := w.reached.Send(ctx, m)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.told {
		w.told = true
		close(w.first)
	}
	return o
}

// stagedOn stages a campaign of n people.
func stagedOn(t *testing.T, l ledger.Ledger, n int) {
	t.Helper()
	spec := awardSpec()
	b, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", Spec: b, Recipients: people("award", n)}); err != nil {
		t.Fatal(err)
	}
}

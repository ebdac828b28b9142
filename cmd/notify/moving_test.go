//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

// leaving is a ledger to which something happens as it is left for good.
type leaving struct {
	*sqlite.Ledger
	before, after func()
}

func (l *leaving) Leave(ctx context.Context, to string, by ledger.Act) error {
	if to == "" {
		return l.Ledger.Leave(ctx, to, by)
	}
	l.before()
	err := l.Ledger.Leave(ctx, to, by)
	l.after()
	return err
}

// A run that begins while a ledger is about to be moved is seen, and who gives up in the midst of it has moved nothing: the file is as it was.
func TestALedgerThatIsNotMovedAfterAllIsAsItWas(t *testing.T) {
	s := pgtest.Start(t)
	for name, c := range map[string]struct {
		before func(l ledger.Ledger)
		after  func(cancel func())
		want   error
	}{
		"a run begins in between": {before: func(l ledger.Ledger) {
			if _, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award", Host: "ops-1", PID: 1, Now: time.Now(), Extend: time.Minute}); err != nil {
				t.Fatal(err)
			}
		}, after: func(func()) {}, want: ledger.ErrLeased},
		"it is given up in between": {before: func(ledger.Ledger) {}, after: func(cancel func()) { cancel() }, want: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := oneCampaign(t), emptyServer(t, s, strings.ReplaceAll(name, " ", "_"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			e := newEnv(strings.NewReader(""), io.Discard, io.Discard, func(string) string { return t.TempDir() }, time.Now)
			m := moving{from: &leaving{Ledger: from, before: func() { c.before(from) }, after: func() { c.after(cancel) }}, to: to, at: "postgres://x/y", by: e.Act(ledger.ActMoved, "")}
			if _, _, err := m.move(ctx, e); !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
			if err := notMoved(t.Context(), from); err != nil {
				t.Error(err)
			}
			if all, err := to.Campaigns(t.Context()); err != nil || len(all) > 0 {
				t.Errorf("%v, %v", all, err)
			}
			if err := from.Pause(t.Context(), "award", e.Act("pause", "it can be written")); err != nil {
				t.Error(err)
			}
		})
	}
}

// oneCampaign is a ledger in a file, with one message that waits.
func oneCampaign(t *testing.T) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "notify.db"), sqlite.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	to := message.Address("+8613490000001")
	_, err = l.Stage(t.Context(), ledger.Staging{
		Campaign: "award", Digest: "d", Spec: []byte("{}"), By: ledger.Act{Who: "w", What: "send", At: time.Now()},
		Recipients: func(yield func(ledger.Recipient, error) bool) {
			yield(ledger.Recipient{Row: 2, Key: "1", Fields: []byte("[]"), Messages: []ledger.NewMessage{{
				Key: message.MakeKey("award", message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: 1,
			}}}, nil)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func emptyServer(t *testing.T, s *pgtest.Server, schema string) *postgres.Ledger {
	t.Helper()
	l, err := postgres.Open(t.Context(), s.URL(pgtest.Superuser, "postgres")+"?schema="+schema, postgres.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

//go:build unix

package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/message"
)

// A commit that was not replicated as it should be is answered with a warning only. Nothing of it may leave before it is.
func TestACommitWithAWarningIsNotDurable(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	l := patient(t, s)
	stage(t, l, 5)
	run := acquire(t, l)
	awaitNobody(t, s)
	answer := make(chan error, 1)
	go func() {
		_, err := l.Turn(t.Context(), asks(run, 1, 3))
		answer <- err
	}()
	for !cancelled(t, s) {
		select {
		case err := <-answer:
			t.Fatalf("answered with %v before it was durable", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := <-answer; err == nil || !strings.Contains(err.Error(), "warning") {
		t.Errorf("answered with %v", err)
	}
	setStandbys(t, s, "")
	again := turn(t, l, asks(run, 1, 3))
	if !again.Before || len(again.Recovered) != 3 {
		t.Errorf("%+v", again)
	}
}

// The account's row is what machines wait for. Who has a slow disk, or a standby far away, waits for that with all the others at the same time.
func TestATurnLetsGoOfItsAccountBeforeItIsDurable(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	l := patient(t, s)
	stage(t, l, 20)
	runs := []ledger.RunID{acquire(t, l), acquire(t, l), acquire(t, l)}
	awaitNobody(t, s)
	type answer struct {
		turned ledger.Turned
		err    error
	}
	answers := make(chan answer, len(runs))
	for _, run := range runs {
		go func() {
			turned, err := l.Turn(t.Context(), asks(run, 1, 5))
			answers <- answer{turned, err}
		}()
	}
	for waiting := ""; waiting != fmt.Sprint(len(runs)); {
		var err error
		if waiting, err = s.SQL(t.Context(), "postgres", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"); err != nil {
			t.Fatal(err)
		}
		select {
		case a := <-answers:
			t.Fatalf("a turn was answered before it was durable: %+v, %v", a.turned, a.err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	setStandbys(t, s, "")
	told := make(map[message.Key]bool)
	for range runs {
		a := <-answers
		if a.err != nil {
			t.Error(a.err)
		}
		for _, c := range claimsOf(a.turned) {
			told[c.Key] = true
		}
	}
	if len(told) != 5*len(runs) {
		t.Errorf("%d messages were claimed, want %d", len(told), 5*len(runs))
	}
}

// patient opens a ledger that waits for its turns for as long as they take.
func patient(t *testing.T, s *pgtest.Server) *postgres.Ledger {
	t.Helper()
	l, err := postgres.Open(t.Context(), s.URL(pgtest.Superuser, "postgres"), postgres.Options{CallersClock: true, Timeout: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// setStandbys has commits wait for standbys of these names, from when on the server takes the setting in.
func setStandbys(t *testing.T, s *pgtest.Server, names string) {
	t.Helper()
	if _, err := s.SQL(t.Context(), "postgres", "SET synchronous_commit = local",
		"ALTER SYSTEM SET synchronous_standby_names = '"+names+"'", "SELECT pg_reload_conf()"); err != nil {
		t.Fatal(err)
	}
}

// cancelled ends the wait of those that wait for a standby.
func cancelled(t *testing.T, s *pgtest.Server) bool {
	t.Helper()
	out, err := s.SQL(t.Context(), "postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(out, "t")
}

// awaitNobody has commits wait for a standby that there is not, and returns when they do: that of another shows it.
func awaitNobody(t *testing.T, s *pgtest.Server) {
	t.Helper()
	setStandbys(t, s, "standby")
	for waits := false; !waits; {
		committed := make(chan error, 1)
		go func() {
			_, err := s.SQL(t.Context(), "postgres", "SELECT pg_logical_emit_message(true, 'probe', '')")
			committed <- err
		}()
		for over := false; !over && !waits; {
			waits = cancelled(t, s)
			select {
			case err := <-committed:
				if over = true; err != nil {
					t.Fatal(err)
				}
				committed <- nil
			case <-time.After(10 * time.Millisecond):
			}
		}
		if err := <-committed; err != nil {
			t.Fatal(err)
		}
	}
}

// A turn whose answer was lost, because the server was killed, is made once.
func TestAServerThatIsKilledLosesNoTurn(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, "fsync = on")
	l := open(t, s.URL(pgtest.Superuser, "postgres"))
	stage(t, l, 40)
	run := acquire(t, l)
	told := make(map[message.Key]int)
	var settle []ledger.Settlement
	for number := int64(1); number <= 8; number++ {
		if number%3 == 0 {
			if err := s.Kill(); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Turn(t.Context(), asks(run, number, 5, settle...)); !errors.Is(err, ledger.ErrUnreachable) {
				t.Errorf("turn %d: %v", number, err)
			}
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		got := turn(t, l, asks(run, number, 5, settle...))
		settle = nil
		for _, c := range append(got.Recovered, claimsOf(got)...) {
			told[c.Key]++
			settle = append(settle, ledger.Settlement{Attempt: c.Attempt, At: noon, Outcome: message.Outcome{Kind: message.OutcomeAccepted}})
		}
	}
	for k, n := range told {
		if n != 1 {
			t.Errorf("message %s left %d times", k, n)
		}
	}
	if len(told) != 40 {
		t.Errorf("%d were claimed", len(told))
	}
}

func claimsOf(t ledger.Turned) (all []ledger.Claim) {
	for _, g := range t.Grants {
		all = append(all, g.Claims...)
	}
	return all
}

// What a vendor says may have bytes that this database does not take as text.
func TestWhatAVendorSaidIsRecordedWhateverItsBytes(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	l := open(t, s.URL(pgtest.Superuser, "postgres"))
	stage(t, l, 2)
	run := acquire(t, l)
	claims := turn(t, l, asks(run, 1, 2)).Grants[0].Claims
	var settle []ledger.Settlement
	for i, c := range claims {
		settle = append(settle, ledger.Settlement{Attempt: c.Attempt, At: noon, Outcome: message.Outcome{
			Kind: []message.OutcomeKind{message.OutcomeAccepted, message.OutcomeRejected}[i], Code: "a\x00b", Detail: "\xff\xfe", VendorID: "v\x00",
		}})
	}
	turn(t, l, asks(run, 2, 0, settle...))
	for r, err := range l.Messages(t.Context(), award) {
		if err != nil || r.Code != "a\uFFFDb" || r.Detail == "" {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if problems, err := l.Verify(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// Whatever goes wrong with a connection, the password is in no error.
func TestNoErrorHasThePassword(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	const secret = "s3cret-of-ours"
	file := t.TempDir() + "/pw"
	write(t, file, secret+"\n")
	for _, url := range []string{
		"postgres://wang:" + secret + "@127.0.0.1:1/notify",
		"postgres://wang:" + secret + "@" + s.Addr() + "/nowhere",
		"postgres://wang:" + secret + "@" + s.Addr() + "/postgres?sslmode=verify-full",
		"postgres://wang:" + secret + "@" + s.Addr() + "/postgres?sslmode=sometimes",
		"postgres://wang:" + secret + "@%zz/x",
		"postgres://wang:" + secret + "@host:port/x",
		"postgres://wang@" + s.Addr() + "/postgres?password=" + secret + "&connect_timeout=x",
		"postgres://wang:file:" + strings.ReplaceAll(file, "/", "%2F") + "@" + s.Addr() + "/postgres",
		"postgres://wang@" + s.Addr() + "/postgres?password=file:" + file + "&schema=Bad-Name",
		"host=x password=" + secret,
	} {
		_, err := postgres.Open(t.Context(), url, postgres.Options{})
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
			t.Errorf("%s: %v", url, err)
		}
		if shown := postgres.Redacted(url); strings.Contains(shown, secret) {
			t.Errorf("%s is shown as %s", url, shown)
		}
	}
}

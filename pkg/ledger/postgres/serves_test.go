//go:build unix

package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

// Why a server does not write decides what is to be done about it.
func TestAServerThatDoesNotWriteSaysWhatItIs(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	stage(t, open(t, s.URL(pgtest.Superuser, "postgres")), 1)
	standby, err := s.Standby(t.Context(), "second")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Remove() })
	tell(t, s, "CREATE ROLE careful LOGIN SUPERUSER", "ALTER ROLE careful SET default_transaction_read_only = on", "CREATE ROLE weak LOGIN",
		"GRANT USAGE ON SCHEMA notify TO weak", "GRANT SELECT ON ALL TABLES IN SCHEMA notify TO weak")
	for url, want := range map[string]struct {
		kind error
		says string
	}{
		standby.URL(pgtest.Superuser, "postgres"): {ledger.ErrReadOnly, "it is a standby"},
		s.URL("careful", "postgres"):              {ledger.ErrReadOnly, "default_transaction_read_only"},
		s.URL("weak", "postgres"):                 {ledger.ErrNoRight, "permission denied for table"},
	} {
		err := open(t, url).Pause(t.Context(), award, ledger.Act{Who: "w", What: "pause", At: noon})
		var said *ledger.ServerError
		if !errors.Is(err, want.kind) || !errors.As(err, &said) || !strings.Contains(said.Says().String(), want.says) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// A server that lets nobody in is no ledger that is read-only, or damaged.
func TestAServerThatLetsNobodyInSaysWhy(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	tell(t, s, "CREATE ROLE few LOGIN CONNECTION LIMIT 0", "CREATE ROLE other LOGIN", "CREATE DATABASE theirs", "REVOKE CONNECT ON DATABASE theirs FROM PUBLIC",
		"CREATE DATABASE shut ALLOW_CONNECTIONS false")
	for url, want := range map[string]struct{ says, do string }{
		s.URL("few", "postgres"):          {`no connection left (too many connections for role "few")`, "CONNECTION LIMIT"},
		s.URL("other", "theirs"):          {`does not let other in: permission denied for database "theirs"`, "CONNECT"},
		s.URL(pgtest.Superuser, "shut"):   {`does not let postgres in: database "shut" is not currently accepting connections`, "ALLOW_CONNECTIONS"},
		s.URL(pgtest.Superuser, "absent"): {"there is no database absent", "createdb absent"},
	} {
		_, err := postgres.Open(t.Context(), url, postgres.Options{})
		do := words.HintOf(err)
		var server *ledger.ServerError
		if errors.As(err, &server) {
			do = server.Do
		}
		if said := words.Cause(err).String(); !strings.Contains(said, want.says) || !strings.Contains(do.String(), want.do) {
			t.Errorf("%s: %s; %s", url, said, do)
		}
	}
}

// What a dump has is made of what the server says of each part; it is told in the same words then, and in others, or with other parentheses, where it was changed.
func TestASchemaThatWasPutBackFromADumpIsTheSame(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	l := open(t, s.URL(pgtest.Superuser, "postgres"))
	stage(t, l, 3)
	tell(t, s, `DO $$ DECLARE d record; BEGIN
		FOR d IN SELECT t.tgname AS name, t.tgrelid::regclass AS of, pg_get_triggerdef(t.oid) AS made FROM pg_trigger t
			JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'notify'::regnamespace AND NOT t.tgisinternal LOOP
			EXECUTE format('DROP TRIGGER %I ON %s', d.name, d.of);
			EXECUTE d.made;
		END LOOP;
		FOR d IN SELECT k.conname AS name, k.conrelid::regclass AS of, pg_get_constraintdef(k.oid) AS made FROM pg_constraint k
			WHERE k.connamespace = 'notify'::regnamespace AND k.contype = 'c' LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', d.of, d.name);
			EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', d.of, d.name, d.made);
		END LOOP;
		FOR d IN SELECT c.oid::regclass::text AS name, pg_get_indexdef(c.oid) AS made FROM pg_class c WHERE c.relnamespace = 'notify'::regnamespace AND c.relkind = 'i'
			AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid) LOOP
			EXECUTE format('DROP INDEX %s', d.name);
			EXECUTE d.made;
		END LOOP;
		FOR d IN SELECT c.oid::regclass::text AS name, pg_get_viewdef(c.oid) AS made FROM pg_class c WHERE c.relnamespace = 'notify'::regnamespace AND c.relkind = 'v' LOOP
			EXECUTE format('DROP VIEW %s', d.name);
			EXECUTE format('CREATE VIEW %s AS %s', d.name, d.made);
		END LOOP; END $$`)
	if problems, err := l.Verify(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	tell(t, s, "UPDATE notify.meta SET value = replace(value, '(old.turn + 1))', '(old.turn) + 1)') WHERE name = 'shape'")
	if problems, err := l.Verify(t.Context()); err != nil || len(problems) != 1 || !strings.Contains(problems[0].String(), "run.run_takes_turns") {
		t.Errorf("where the parentheses are others: %v, %v", problems, err)
	}
}

// tell executes statements as the superuser.
func tell(t *testing.T, s *pgtest.Server, statements ...string) {
	t.Helper()
	if _, err := s.SQL(t.Context(), "postgres", statements...); err != nil {
		t.Fatal(err)
	}
}

// What is asked before each run goes on waits for no table; how large the tables are is found out only where it is told.
func TestWhatALedgerSaysOfItselfWaitsForNoTable(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	l := open(t, s.URL(pgtest.Superuser, "postgres"))
	stage(t, l, 1)
	other, err := pgx.Connect(t.Context(), s.URL(pgtest.Superuser, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(t.Context()) }()
	if _, err := other.Exec(t.Context(), "BEGIN; LOCK TABLE notify.message IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	if info, err := l.Info(t.Context()); err != nil || info.Server == "" {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := other.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if size, err := l.Size(t.Context()); err != nil || size < 100_000 {
		t.Errorf("%d bytes, %v", size, err)
	}
}

package preflight_test

import (
	"errors"
	"strings"
	"testing"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/preflight"
	"notify/pkg/words"
)

func TestASecretOfAnotherInstallationIsFound(t *testing.T) {
	w := newWorld(t)
	secrets("s3cret-of-test")(w)
	acc := w.config.Accounts["sms-a"]
	use := ledger.Credential{
		Print: acc.Credentials()["password"], Option: "auth", Account: "live", Environment: config.Production, Host: "ops-9", Installation: "/srv/notify.yaml", Seen: w.now,
	}
	ask := func(c ledger.Credential, err error) (preflight.Status, string) {
		w.subject = func(s *preflight.Subject) {
			s.Elsewhere, s.ElsewhereErr = []ledger.Credential{{Print: "1111111111"}, c}, err
		}
		f := w.ask("credentials")
		said := words.Printer{}.Value(words.Texts(words.Sentences, f.Summary...))
		return f.Status, said
	}
	if st, said := ask(use, nil); st != preflight.Pass {
		t.Errorf("one environment in two installations: %s, %s", st, said)
	}
	use.Environment = config.Test
	if st, said := ask(use, nil); st != preflight.Fail || !strings.Contains(said, "account live (test) of the installation /srv/notify.yaml on ops-9") {
		t.Errorf("%s, %s", st, said)
	}
	use.Print = "0000000000"
	if st, said := ask(use, errors.New("no such luck")); st != preflight.Error || !strings.Contains(said, "no such luck") {
		t.Errorf("%s, %s", st, said)
	}
}

func TestCredentials(t *testing.T) {
	alone := func(w *world) {
		w.account("sms-a", func(a *config.Account) { a.Options = config.Options{"password": "s3cret"} })
	}
	unread := func(w *world) { w.subject = func(s *preflight.Subject) { s.ElsewhereErr = errDisk } }
	askAll(t, "credentials", []question{
		{name: "no account has a secret", want: preflight.Skip, summary: []string{"no account outside this machine has a secret"}},
		{name: "nobody has to be compared with", want: preflight.Skip, change: unread},
		{name: "one has", want: preflight.Pass, change: alone, summary: []string{"1 account: no secret serves two environments"}},
		{name: "one has, and nobody knows what others use", want: preflight.Error, change: both(alone, unread), summary: []string{diskError}},
	})
	w := newWorld(t)
	secrets("s3cret")(w)
	if f := w.ask("credentials"); f.Status != preflight.Fail || strings.Contains(summary(f), "no secret serves two environments") {
		t.Errorf("%s: %s", f.Status, summary(f))
	}
}

//go:build unix

package main

import (
	"strings"
	"testing"

	"notify/pkg/exit"
	"notify/pkg/message"
	"notify/pkg/vendors/smtp/postfixtest"
)

// atPostfix is a place whose mails go to a Postfix with these settings.
func atPostfix(tb testing.TB, people_ int, postfix []string, settings ...string) (*place, *postfixtest.Server) {
	tb.Helper()
	server := postfixtest.Start(tb, postfix...)
	p := newPlace(tb, nil, append(settings, "NOTIFY_ACCOUNTS_EDM_OPTIONS_ADDRESS="+server.Addr)...)
	p.must(writeList(p.path("award.csv"), people(1, people_)))
	p.write("award.yaml", only("award-2020", message.Email))
	return p, server
}

// TestARefusalOfUsAtTheRecipientStopsTheAccount: Postfix tells a client only in answer to RCPT that it dislikes the client, its
// greeting or its sender. 40 of 40 recipients were once rejected for good by that. Nobody may be: the account stops, and the
// screen says why.
func TestARefusalOfUsAtTheRecipientStopsTheAccount(t *testing.T) {
	t.Parallel()
	const people = 40
	for name, c := range map[string]struct {
		postfix []string
		login   []string
		says    string
	}{
		"the greeting": {[]string{"smtpd_helo_restrictions = reject_non_fqdn_helo_hostname"}, nil, "504 5.5.2 "},
		"a sender that is not ours": {
			append(postfixtest.Logins(t), "smtpd_sender_restrictions = reject_sender_login_mismatch", "smtpd_sender_login_maps = static:somebody"),
			[]string{"NOTIFY_ACCOUNTS_EDM_OPTIONS_USERNAME=awards", "NOTIFY_ACCOUNTS_EDM_OPTIONS_PASSWORD=nobody-knows"},
			"553 5.7.1 ",
		},
		"a sender domain that is unknown": {[]string{"smtpd_sender_restrictions = reject_unknown_sender_domain"}, nil, "450 4.1.8 "},
		"a sender domain that is unknown, for good": {
			[]string{"smtpd_sender_restrictions = check_sender_access static:{550 5.1.8 Domain not found}"}, nil, "550 5.1.8 ",
		},
		"a sender":                        {[]string{"smtpd_sender_restrictions = check_sender_access static:{550 5.1.0 go away}"}, nil, "550 5.1.0 "},
		"the client":                      {[]string{"smtpd_client_restrictions = check_client_access static:REJECT"}, nil, "554 5.7.1 "},
		"the client, in words of its own": {[]string{"smtpd_recipient_restrictions = check_client_access static:{550 5.7.0 leave}"}, nil, "550 5.7.0 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, server := atPostfix(t, people, c.postfix, "NOTIFY_ACCOUNTS_EDM_OPTIONS_HELO=laptop")
			p.env = append(p.env, c.login...)
			code, out, errs := p.run("send", "award.csv", "--yes")
			if code != exit.Paused || !strings.Contains(out, "account edm was refused: ") || !strings.Contains(out, c.says) || !strings.Contains(out, "rejected: ") {
				t.Errorf("it ended with %d, and does not say why\n%s\n%s", code, out, errs)
			}
			pending := 0
			for a, s := range p.told("award-2020") {
				if s == message.Pending {
					pending++
				} else {
					t.Errorf("%s is %s", a, s)
				}
			}
			if pending != people || len(server.Taken(t)) != 0 {
				t.Errorf("%d of %d are pending, the server took %d", pending, people, len(server.Taken(t)))
			}
		})
	}
}

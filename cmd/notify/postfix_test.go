//go:build unix

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/exit"
	"notify/pkg/message"
	"notify/pkg/vendors/smtp/postfixtest"
)

// atPostfix is a place whose mails go to a Postfix with these settings.
func atPostfix(tb testing.TB, recipients int, postfix []string, settings ...string) (*place, *postfixtest.Server) {
	tb.Helper()
	server := postfixtest.Start(tb, postfix...)
	p := newPlace(tb, nil, append(settings, "NOTIFY_ACCOUNTS_EDM_OPTIONS_ADDRESS="+server.Addr)...)
	p.must(writeList(p.path("award.csv"), people(1, recipients)))
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

// letsIn are the settings of a Postfix that lets one client have so many connections, also one of its own network.
func letsIn(connections string) []string {
	return []string{"smtpd_client_connection_count_limit = " + connections, "smtpd_client_event_limit_exceptions ="}
}

// TestAServerThatLetsFewConnectionsInGetsTheMailOverThose: a 421 at a new connection once stopped the account, and 2 mails
// left in 10 s, while the two open connections could have carried all.
func TestAServerThatLetsFewConnectionsInGetsTheMailOverThose(t *testing.T) {
	t.Parallel()
	const people = 200
	p, server := atPostfix(t, people, letsIn("2"), "NOTIFY_ACCOUNTS_EDM_CONCURRENCY=16", "NOTIFY_ACCOUNTS_EDM_RATE=10000/s")
	out := p.wants([]int{exit.OK}, "send", "award.csv", "--yes")
	for a, s := range p.told("award-2020") {
		if s != message.Accepted {
			t.Errorf("%s is %s", a, s)
		}
	}
	if n := server.Refused(t, "Connection concurrency limit exceeded"); n == 0 || !strings.Contains(out, "FINISHED") {
		t.Errorf("%d connections were turned away\n%s", n, out)
	}
	for id, n := range server.Taken(t) {
		if n != 1 {
			t.Errorf("%s was taken %d times", id, n)
		}
	}
	if n := len(server.Taken(t)); n != people {
		t.Errorf("the server took %d of %d", n, people)
	}
	if out := p.wants([]int{exit.OK}, "accounts"); !strings.Contains(out, "edm: the server lets ") || !strings.Contains(out, "too many connections") {
		t.Errorf("nobody says what held it\n%s", out)
	}
}

// BenchmarkConnectionLimit says how long 1,000 mails take over the two connections that a server lets in, with 16 wanted, as
// a multiple of what they take where two are wanted: the middle of several pairs, as a server is not equally fast for long.
func BenchmarkConnectionLimit(b *testing.B) {
	const people, pairs = 1000, 7
	took := func(concurrency string, postfix []string) float64 {
		p, _ := atPostfix(b, people, postfix, "NOTIFY_ACCOUNTS_EDM_CONCURRENCY="+concurrency, "NOTIFY_ACCOUNTS_EDM_RATE=10000/s")
		p.wants([]int{exit.OK}, "preflight", "award.csv")
		begun := time.Now()
		p.wants([]int{exit.OK}, "send", "award.csv", "--yes", "-q")
		return time.Since(begun).Seconds()
	}
	var two, limited, times []float64
	for b.Loop() {
		for range pairs {
			two, limited = append(two, took("2", nil)), append(limited, took("16", letsIn("2")))
			times = append(times, limited[len(limited)-1]/two[len(two)-1])
		}
	}
	b.Logf("times: %.2f", times)
	for unit, all := range map[string][]float64{"s-with-two": two, "s-with-sixteen": limited, "times": times} {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], unit)
	}
}

package preflight_test

import (
	"fmt"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"

	"notify/pkg/config"
	"notify/pkg/dns/dnstest"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/receivers"
	"notify/pkg/words"
)

// Ten mails go to each of six domains, at one a second to each receiver: whether they are one receiver decides how long it takes.
func TestDomainsWithTheSameMailHostsHaveOnePaceInTheForecast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		change   func(*mailWorld)
		pace     string
		row      string
		duration string
	}{
		{
			"the same mail hosts", func(*mailWorld) {},
			"60 mails to 6 domains, which are 1 receiver by their mail hosts", "mx.host.net: 60 mails at 1/s", "60 in 1m at 1/s, held by the pace of mx.host.net",
		},
		{
			"one of the domains has a pace of its own: it is that of its mail hosts", func(w *mailWorld) {
				w.account("edm", func(a *config.Account) { a.DomainRate = map[string]float64{"default": 1, "d3.example.net": 2} })
			},
			"60 mails to 6 domains, which are 1 receiver by their mail hosts", "d3.example.net: 60 mails at 2/s", "60 in 30s at 2/s, held by the pace of d3.example.net",
		},
		{
			"the installation does not put them together", func(w *mailWorld) { w.config.NoSameMX = true },
			"60 mails to 6 domains, none", "d0.example.net: 10 mails at 1/s", "60 in 10s at 6/s",
		},
		{
			"DNS answers with a failure", func(w *mailWorld) {
				w.server = func(s *dnstest.Server) { s.Change(func(m *mdns.Msg) { m.Rcode = mdns.RcodeServerFailure }) }
			},
			"60 mails to 6 domains, none", "the mail hosts of 6 domains are not known", "60 in 10s at 6/s",
		},
		{
			"nobody is asked", func(w *mailWorld) {
				before := w.subject
				w.subject = func(s *preflight.Subject) { before(s); s.Offline = true }
			},
			"60 mails to 6 domains, none", "the mail hosts of 6 domains are not known", "60 in 10s at 6/s",
		},
		{
			"names that exist nowhere are not asked for", func(w *mailWorld) {
				w.to("example")
				w.server = func(s *dnstest.Server) { s.Change(func(m *mdns.Msg) { m.Rcode = mdns.RcodeServerFailure }) }
			},
			"60 mails to 6 domains, none", "d0.example: 10 mails at 1/s", "60 in 10s at 6/s",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newMailWorld(t)
			w.to("example.net")
			w.account("edm", func(a *config.Account) { a.Rate, a.DomainRate = 100, map[string]float64{"default": 1} })
			w.subject = func(s *preflight.Subject) {
				rules, err := receivers.Read("")
				if err != nil {
					t.Fatal(err)
				}
				s.Receivers = rules
			}
			var zone strings.Builder
			for i := range 6 {
				fmt.Fprintf(&zone, "d%d.example.net MX 10 mx.host.net.\nd%d.example.net MX 20 mx%d.other.net.\n", i, i, i)
			}
			w.zone["receivers"] = zone.String()
			c.change(w)
			pace, duration := w.ask("pace"), w.ask("duration")
			const unsaid = "the mail hosts of"
			if says := strings.Contains(strings.Join(details(pace), "\n"), unsaid); says != strings.HasPrefix(c.row, unsaid) {
				t.Errorf("that nobody knows their mail hosts is said: %v, of which %q", says, details(pace))
			}
			for _, said := range []struct {
				texts []words.Text
				want  string
			}{{pace.Summary, c.pace}, {pace.Details, c.row}, {duration.Summary, c.duration}} {
				if got := strings.Join(english(said.texts), "\n"); !strings.Contains(got, said.want) {
					t.Errorf("it says %q, want %q", got, said.want)
				}
			}
		})
	}
}

// to spreads sixty people over six domains below this one.
func (w *mailWorld) to(domain string) {
	w.people = people(60)
	for i := range w.people {
		address := fmt.Sprintf("p%d@d%d.%s", i, i%6, domain)
		w.people[i].To[1].Address, w.people[i].Values[3] = message.Address(address), address
	}
}

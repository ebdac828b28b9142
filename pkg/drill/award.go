package drill

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"notify/pkg/exit"
	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// The figures of the incident.
const (
	winners     = 23_000
	designed    = 8_000
	smsBalance  = 9_900 // it paid for under 10,000
	smsQuota    = 10_000
	timerFires  = 3
	filterMails = 200         // with one subject, from which on the customer's filter blacklists
	filterTime  = time.Minute // within which
)

// award is the installation of the incident, as far as the options that preflight prints change it.
type award struct {
	Capacity                 int
	SMS                      string // the account on the route
	Rate                     string
	Mail                     string // the account on the route
	DomainRate               string
	From, Subject            string
	URL, Official, Dedicated string
}

// playAward runs the year-end award as it was set up then, and again after every option that the preflight prints was followed.
func playAward(ctx context.Context, s *stage) error {
	balance := int64(smsBalance)
	filter := sandbox.Blacklist{Subjects: filterMails, Within: filterTime, For: 10 * filterTime}
	box, err := s.sandbox(ctx, sandbox.Config{SMS: sandbox.Account{Messages: &balance, Quota: smsQuota}, Blacklist: filter})
	if err != nil {
		return err
	}
	official, err := s.sandbox(ctx, sandbox.Config{Blacklist: filter})
	if err != nil {
		return err
	}
	a := &award{
		Capacity: designed, SMS: "sms-shared", Rate: "800/m", Mail: "official", From: "award@company.test", Subject: "Your year-end award",
		URL: box.URL(), Official: strings.Replace(official.MailAddr(), "127.0.0.1", "localhost", 1), Dedicated: box.MailAddr(),
	}
	if err := s.people("award.csv", winners, winner); err != nil {
		return err
	}
	if err := s.texts(); err != nil {
		return err
	}
	for _, act := range []func(context.Context, *award, *sandbox.Sandbox) error{s.asThen, s.proven, s.inHaste, s.mended, s.nodes} {
		if err := act(ctx, a, box); err != nil {
			return err
		}
	}
	return nil
}

// winner is at a customer's more often than elsewhere: 9,200 of them share one company's mail filter.
func winner(i int) somebody {
	return person(i, []string{"customer.test", "customer.test", "north.test", "south.test", "east.test"}[i%5])
}

// asThen asks the preflight about the campaign as it was, and tries to send it. What the vendor has left is asked of an account of the
// campaign's own class, as the shared one would carry nothing of it.
func (s *stage) asThen(ctx context.Context, a *award, _ *sandbox.Sandbox) error {
	own := *a
	own.SMS = "sms"
	left, err := s.asked(ctx, &own)
	if err != nil {
		return err
	}
	then, err := s.asked(ctx, a)
	if err != nil {
		return err
	}
	if _, err := s.must(ctx, exit.Failed, "send", "award.csv", "--yes"); err != nil {
		return err
	}
	before := s.tally()
	nothing := before.SMS.Reached+before.Mail.Reached == 0
	for _, l := range []struct {
		name   string
		then   words.Text
		checks []string
	}{
		{"capacity", words.T("drill.award-2020.capacity", nil), []string{"capacity", "rehearsal"}},
		{"balance", words.T("drill.award-2020.balance", nil), []string{"balance"}},
		{"quota", words.T("drill.award-2020.quota", nil), []string{"quota"}},
		{"official-server", words.T("drill.award-2020.official-server", nil), []string{"protected"}},
		{"same-subject", words.T("drill.award-2020.same-subject", nil), []string{"subjects"}},
		{"no-pace", words.T("drill.award-2020.no-pace", nil), []string{"pace"}},
		{"shared-account", words.T("drill.award-2020.shared-account", nil), []string{"routes"}},
	} {
		of := then
		if l.name == "balance" || l.name == "quota" {
			of = left
		}
		held, stops := of.fails(l.checks...)
		s.line(l.name, l.then, held && nothing, stops...)
	}
	timer := then.finding("timer")
	s.line("timer", words.T("drill.award-2020.timer", nil), timer.Status == "warn", Stop{By: byCheck("timer"), Exit: then.code, Said: timer.says()})
	return nil
}

// asked is what the preflight says of the campaign with these settings: it fails.
func (s *stage) asked(ctx context.Context, a *award) (*checked, error) {
	if err := s.install(a); err != nil {
		return nil, err
	}
	r, err := s.must(ctx, exit.Failed, "preflight", "award.csv")
	if err != nil {
		return nil, err
	}
	return r.preflight()
}

// proven follows the options for capacity, accounts and mails. What remains is the vendor's: balance and quota.
func (s *stage) proven(ctx context.Context, a *award, _ *sandbox.Sandbox) error {
	a.SMS, a.Mail, a.Rate, a.DomainRate = "sms", "edm", "4000/s", "domain_rate: {default: 4000/s}"
	a.From, a.Subject = "award@edm.company.test", "{{姓名}} ({{工号}}), your award"
	if err := s.install(a); err != nil {
		return err
	}
	r, err := s.must(ctx, exit.OK, "rehearse", "award.csv")
	if err != nil {
		return err
	}
	var rehearsal struct {
		Recipients int     `json:"recipients"`
		Rate       float64 `json:"rate"`
		Complete   bool    `json:"complete"`
	}
	if err := r.read(&rehearsal); err != nil {
		return err
	}
	a.Capacity = rehearsal.Recipients
	if err := s.install(a); err != nil {
		return err
	}
	if r, err = s.must(ctx, exit.Failed, "preflight", "award.csv"); err != nil {
		return err
	}
	now, err := r.preflight()
	if err != nil {
		return err
	}
	if got := now.failing(); !slices.Equal(got, []string{"balance", "quota"}) {
		return words.Err("drill.error.still", words.A{"checks": words.Names(got, 0)})
	}
	s.also("capacity", rehearsal.Complete && now.finding("rehearsal").Status == "pass",
		Stop{By: words.T("drill.by.rehearse", nil), Exit: exit.OK, Said: words.T("drill.said.proven", words.A{
			"recipients": words.N(rehearsal.Recipients, "recipient"), "rate": words.Rate(math.Round(rehearsal.Rate)),
		})})
	return nil
}

// inHaste sends in spite of balance and quota, as a person can who answers for it; the timer fires while the run is alive.
func (s *stage) inHaste(ctx context.Context, _ *award, box *sandbox.Sandbox) error {
	run, err := s.begin(ctx, "send", "award.csv", "--yes", "--override", "balance,quota", "--reason", "as then: nobody looked")
	if err != nil {
		return err
	}
	if err := run.until(ctx, func() bool { t := box.Count(); return t.SMS.Reached > 0 && t.Mail.Reached > 0 }); err != nil {
		return err
	}
	fired, leased, said := 0, 0, words.T("drill.not-refused", nil)
	release := sync.OnceFunc(box.Hold())
	defer release()
	for ; fired < timerFires; fired++ {
		r, err := s.notify(ctx, "send", "award.csv", "--yes")
		if err != nil {
			return err
		}
		if r.code == exit.Leased {
			leased++
			if said, err = r.refusal(); err != nil {
				return err
			}
		}
	}
	stop := Stop{By: words.T("drill.by.lease", nil), Exit: exit.Leased, Said: words.T("drill.said.fired", words.A{"leased": leased, "fired": fired, "said": said})}
	s.also("timer", leased == fired, stop)
	release()
	ended, err := run.wait()
	if err != nil {
		return err
	}
	if err := ended.want(exit.Paused); err != nil {
		return err
	}
	t := s.tally()
	pause, err := ended.paused()
	if err != nil {
		return err
	}
	pause.Said = waits(pause.Said, t.SMS.Reached)
	s.also("balance", t.SMS.Reached == smsBalance, pause)
	return nil
}

// mended tops up and raises the quota by what the preflight asks for, and sends to the end.
func (s *stage) mended(ctx context.Context, _ *award, box *sandbox.Sandbox) error {
	r, err := s.must(ctx, exit.Failed, "preflight", "award.csv")
	if err != nil {
		return err
	}
	now, err := r.preflight()
	if err != nil {
		return err
	}
	topup, err := now.option("balance", "top-up")
	if err != nil {
		return err
	}
	if err := box.Topup(sandbox.Topup{Messages: topup.Segments}); err != nil {
		return err
	}
	if r, err = s.must(ctx, exit.Paused, "resume", "award-2020"); err != nil {
		return err
	}
	pause, err := r.paused()
	if err != nil {
		return err
	}
	s.also("balance", true, Stop{
		By: words.T("drill.by.top-up", nil), Exit: exit.Paused, Said: words.T("drill.said.topup", words.A{"segments": words.N(topup.Segments, "segment")}),
	})
	pause.Said = waits(pause.Said, s.tally().SMS.Reached)
	s.also("quota", s.tally().SMS.Reached == smsQuota, pause)
	raise, err := now.raise("quota", "raise-quota")
	if err != nil {
		return err
	}
	if err := box.Topup(sandbox.Topup{Quota: raise}); err != nil {
		return err
	}
	if _, err := s.must(ctx, exit.OK, "preflight", "award.csv"); err != nil {
		return err
	}
	if _, err := s.must(ctx, exit.OK, "send", "award.csv", "--yes"); err != nil {
		return err
	}
	if r, err = s.must(ctx, exit.OK, "send", "award.csv", "--yes"); err != nil {
		return err
	}
	return s.settled(ctx, r)
}

// settled compares the report with what the vendors counted.
func (s *stage) settled(ctx context.Context, again *ran) error {
	t := s.tally()
	s.also("same-subject", t.Mail.Turned["blacklisted"] == 0, Stop{
		By: words.T("drill.by.subject", nil), Exit: again.code, Said: words.T("drill.said.subject", words.A{
			"limit": filterMails, "turned": t.Mail.Turned["blacklisted"], "mails": t.Mail.Reached,
		}),
	})
	s.line("sms-twice", words.T("drill.award-2020.sms-twice", nil), t.SMS.Twice == 0 && t.SMS.Reached == winners, Stop{
		By: words.T("drill.by.ledger", nil), Exit: again.code,
		Said: words.T("drill.said.sms-once", words.A{"sms": t.SMS.Reached, "people": t.SMS.Distinct, "twice": t.SMS.Twice}),
	})
	s.line("mail-repeats", words.T("drill.award-2020.mail-repeats", nil), t.Mail.Twice == 0 && t.Mail.Reached == winners, Stop{
		By: words.T("drill.by.ledger", nil), Exit: again.code,
		Said: words.T("drill.said.mails-once", words.A{"mails": t.Mail.Reached, "people": t.Mail.Distinct, "twice": t.Mail.Twice}),
	})
	r, err := s.must(ctx, exit.OK, "report", "award-2020")
	if err != nil {
		return err
	}
	var report struct {
		Messages int `json:"messages"`
		Channels []struct {
			Channel string         `json:"channel"`
			ByState map[string]int `json:"by_state"`
		} `json:"channels"`
	}
	if err := r.read(&report); err != nil {
		return err
	}
	accepted := make(map[string]int)
	for _, c := range report.Channels {
		accepted[c.Channel] = c.ByState["accepted"]
	}
	s.line("counts-differ", words.T("drill.award-2020.counts-differ", nil),
		accepted["sms"] == t.SMS.Reached && accepted["email"] == t.Mail.Reached && report.Messages == 2*winners, Stop{
			By: words.T("drill.by.report", nil), Exit: r.code, Said: words.T("drill.said.counts", words.A{
				"sms": accepted["sms"], "mails": accepted["email"], "their_sms": t.SMS.Reached, "their_mails": t.Mail.Reached,
			}),
		})
	return nil
}

// waits says of a pause what had left, and that nothing was lost by it.
func waits(said words.Text, sms int) words.Text {
	return words.T("drill.said.waits", words.A{"said": said, "sms": sms})
}

// also adds what else met a line of the incident.
func (s *stage) also(name string, held bool, stop Stop) {
	for i := range s.report.Lines {
		if l := &s.report.Lines[i]; l.Name == name {
			l.Now, l.Stopped = append(l.Now, stop), l.Stopped && held
		}
	}
}

// install writes the installation and the campaign as they are at this point.
func (s *stage) install(a *award) error {
	config := fmt.Sprintf(`environment: test
timezone: %[10]s
country: CN
ledger: notify.db
timer: 10m
capacity: {recipients: %[1]d, require_rehearsal: 720h}
protected_domains: [company.test, localhost] # localhost plays the company's official mail server
allow_list: ["+861349*", "*@*.test"]
accounts:
  sms-shared: {vendor: http, class: marketing, rate: %[2]s, timeout: 10m, price: 0.045, currency: CNY, endpoint: "%[3]s", options: {definition: "builtin:sandbox-sms", token: %[4]s, sign_name: 示例}}
  sms: {vendor: http, class: notice, rate: %[2]s, timeout: 10m, price: 0.045, currency: CNY, endpoint: "%[3]s", options: {definition: "builtin:sandbox-sms", token: %[4]s, sign_name: 示例}}
  official: {vendor: smtp, class: notice, rate: %[2]s, timeout: 10m, price: 0, currency: CNY, options: {address: "%[5]s", tls: none}}
  edm:
    vendor: smtp
    class: notice
    rate: %[2]s
    timeout: 10m
    price: 0.002
    currency: CNY
    options: {address: "%[6]s", tls: none}
    %[7]s
routes:
  sms: {accounts: [%[8]s]}
  email: {accounts: [%[9]s]}
`, a.Capacity, a.Rate, a.URL, token, a.Official, a.Dedicated, a.DomainRate, a.SMS, a.Mail, Zone(s.options.Now()))
	if err := s.write("notify.yaml", config); err != nil {
		return err
	}
	return s.write("award.yaml", fmt.Sprintf(`name: award-2020
owner: Operations Wang
class: notice
environment: test
expect: %d
channels:
  sms: {text: award.sms.txt}
  email: {from: "Awards <%s>", subject: "%s", text: award.txt}
`, winners, a.From, a.Subject))
}

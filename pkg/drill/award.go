package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"notify/pkg/exit"
	"notify/pkg/sandbox"
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

// asThen asks the preflight about the campaign as it was, and tries to send it.
func (s *stage) asThen(ctx context.Context, a *award, _ *sandbox.Sandbox) error {
	if err := s.install(a); err != nil {
		return err
	}
	r, err := s.must(ctx, exit.Failed, "preflight", "award.csv")
	if err != nil {
		return err
	}
	then, err := r.preflight()
	if err != nil {
		return err
	}
	if _, err := s.must(ctx, exit.Failed, "send", "award.csv", "--yes"); err != nil {
		return err
	}
	before := s.tally()
	nothing := before.SMS.Reached+before.Mail.Reached == 0
	for _, l := range []struct {
		name, then string
		checks     []string
	}{
		{"capacity", "23,000 winners, on a system designed for 8,000", []string{"capacity", "rehearsal"}},
		{"balance", "a balance for fewer than 10,000: 14,783 SMS failed, 8,700 succeeded, found by chance", []string{"balance"}},
		{"quota", "the vendor took 10,000 SMS a day, which nobody knew", []string{"quota"}},
		{"official-server", "sent through the company's official mail server: orders and shipping notices bounced", []string{"protected"}},
		{"same-subject", "one identical subject for all: customers' filters blacklisted the server", []string{"subjects"}},
		{"no-pace", "no flow control: every customer's server got its mails in one burst", []string{"pace"}},
		{"shared-account", "notices and marketing shared one SMS account", []string{"routes"}},
	} {
		held, stops := then.fails(l.checks...)
		s.line(l.name, l.then, held && nothing, stops...)
	}
	timer := then.finding("timer")
	s.line("timer", "a timer every 10 minutes, enough for 8,000 people, looked for what was not sent while the last run was alive",
		timer.Status == "warn", Stop{By: "check timer", Exit: then.code, Said: timer.says()})
	return nil
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
		return fmt.Errorf("after the options were followed, these checks fail: %v", got)
	}
	s.also("capacity", rehearsal.Complete && now.finding("rehearsal").Status == "pass",
		Stop{By: "rehearse", Exit: exit.OK, Said: fmt.Sprintf("%s proven at the sandbox, %.0f/s; the check capacity then passes", num(rehearsal.Recipients), rehearsal.Rate)})
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
	fired, leased, said := 0, 0, ""
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
	stop := Stop{By: "lease", Exit: exit.Leased, Said: fmt.Sprintf("%d of %d times that the timer fired: %s", leased, fired, said)}
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
	pause.Said += fmt.Sprintf("; %s SMS had left, the rest waits, nothing failed", num(t.SMS.Reached))
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
	s.also("balance", true, Stop{By: "top-up", Exit: exit.Paused, Said: fmt.Sprintf("%s segments, as the preflight says; it went on, to the quota", num(int(topup.Segments)))})
	pause.Said += fmt.Sprintf("; %s SMS had left, the rest waits, nothing failed", num(s.tally().SMS.Reached))
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
		By: "subject", Exit: again.code, Said: fmt.Sprintf("with a personal one, the filter that blacklists %d equal subjects a minute turned %s of %s mails away", filterMails, num(t.Mail.Turned["blacklisted"]), num(t.Mail.Reached)),
	})
	s.line("sms-twice", "1,294 people got their SMS twice", t.SMS.Twice == 0 && t.SMS.Reached == winners, Stop{
		By: "ledger", Exit: again.code, Said: fmt.Sprintf("%s SMS to %s people, twice %d; a further send found nothing left", num(t.SMS.Reached), num(t.SMS.Distinct), t.SMS.Twice),
	})
	s.line("mail-repeats", "11,069 / 5,289 / 13 / 16 people got their mail 2 / 3 / 4 / 5 times", t.Mail.Twice == 0 && t.Mail.Reached == winners, Stop{
		By: "ledger", Exit: again.code, Said: fmt.Sprintf("%s mails to %s people, twice %d", num(t.Mail.Reached), num(t.Mail.Distinct), t.Mail.Twice),
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
	s.line("counts-differ", "4,942 people failed and 19,105 succeeded by mail in our own table, while the mail server counted 50,000 mails",
		accepted["sms"] == t.SMS.Reached && accepted["email"] == t.Mail.Reached && report.Messages == 2*winners, Stop{
			By: "report", Exit: r.code, Said: fmt.Sprintf("ours: %s SMS, %s mails accepted; the vendors' own count: %s SMS, %s mails",
				num(accepted["sms"]), num(accepted["email"]), num(t.SMS.Reached), num(t.Mail.Reached)),
		})
	return nil
}

// also adds what else met a line of the incident.
func (s *stage) also(name string, held bool, stop Stop) {
	for i := range s.report.Lines {
		if l := &s.report.Lines[i]; l.Name == name {
			l.Now, l.Held = append(l.Now, stop), l.Held && held
		}
	}
}

// install writes the installation and the campaign as they are at this point.
func (s *stage) install(a *award) error {
	config := fmt.Sprintf(`environment: test
timezone: Asia/Shanghai
country: CN
ledger: notify.db
timer: 10m
capacity: {recipients: %d, require_rehearsal: 720h}
protected_domains: [company.test, localhost] # localhost plays the company's official mail server
allow_list: ["+861349*", "*@*.test"]
accounts:
  sms-shared: {vendor: http, class: marketing, rate: %[2]s, price: 0.045, currency: CNY, endpoint: "%[3]s", options: {definition: "builtin:sandbox-sms", token: %[4]s, sign_name: 示例}}
  sms: {vendor: http, class: notice, rate: %[2]s, price: 0.045, currency: CNY, endpoint: "%[3]s", options: {definition: "builtin:sandbox-sms", token: %[4]s, sign_name: 示例}}
  official: {vendor: smtp, class: notice, rate: %[2]s, price: 0, currency: CNY, options: {address: "%[5]s", tls: none}}
  edm:
    vendor: smtp
    class: notice
    rate: %[2]s
    price: 0.002
    currency: CNY
    options: {address: "%[6]s", tls: none}
    %[7]s
routes:
  sms: {accounts: [%[8]s]}
  email: {accounts: [%[9]s]}
`, a.Capacity, a.Rate, a.URL, token, a.Official, a.Dedicated, a.DomainRate, a.SMS, a.Mail)
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

package drill

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"notify/pkg/exit"
	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// The drill of the wrong environment: the production list has a few testers on it.
const (
	customers = 1_000
	testers   = 5
)

// testInstallation is a test installation whose account leads to the production vendor, as far as somebody "mends" it.
type testInstallation struct {
	account  string // the environment that the account says
	campaign string // the environment that the campaign says
}

// playWrongEnvironment gives the production list to a test installation, and lets somebody mend what stops it, one by one.
func playWrongEnvironment(ctx context.Context, s *stage) error {
	record := s.path("reached.jsonl")
	box, err := s.sandbox(ctx, sandbox.Config{Record: record})
	if err != nil {
		return err
	}
	if err := s.texts(); err != nil {
		return err
	}
	who := func(i int) somebody {
		if i <= testers {
			return person(i, "testers.test")
		}
		return person(1000+i, "customer.test")
	}
	if err := s.people("award.csv", customers, who); err != nil {
		return err
	}
	for _, l := range []struct {
		name  string
		then  words.Text
		with  testInstallation
		check string
	}{
		{"campaign", words.T("drill.wrong-environment.campaign", nil), testInstallation{"test", "production"}, "environment"},
		{"account", words.T("drill.wrong-environment.account", nil), testInstallation{"production", "test"}, "environment"},
		{"list", words.T("drill.wrong-environment.list", nil), testInstallation{"test", "test"}, "allow-list"},
	} {
		if err := s.stopped(ctx, box, l.name, l.then, l.with, l.check); err != nil {
			return err
		}
	}
	if err := s.insisted(ctx, box); err != nil {
		return err
	}
	return s.onlyTesters(ctx, record, who)
}

// stopped sends, which a check must refuse before anybody is reached.
func (s *stage) stopped(ctx context.Context, box *sandbox.Sandbox, name string, then words.Text, with testInstallation, check string) error {
	if err := s.installTest(box, with); err != nil {
		return err
	}
	r, err := s.notify(ctx, "send", "award.csv", "--yes")
	if err != nil {
		return err
	}
	c, err := r.preflight()
	if err != nil {
		return err
	}
	held, stops := c.fails(check)
	t := s.tally()
	s.line(name, then, held && t.SMS.Reached+t.Mail.Reached == 0, stops...)
	return nil
}

// insisted tries to overrule the check.
func (s *stage) insisted(ctx context.Context, box *sandbox.Sandbox) error {
	if err := s.installTest(box, testInstallation{"test", "test"}); err != nil {
		return err
	}
	r, err := s.notify(ctx, "send", "award.csv", "--yes", "--override", "allow-list", "--reason", "it is only a test")
	if err != nil {
		return err
	}
	said, err := r.refusal()
	if err != nil {
		return err
	}
	t := s.tally()
	s.line("insisted", words.T("drill.wrong-environment.insisted", nil), r.code == exit.Usage && t.SMS.Reached+t.Mail.Reached == 0, Stop{By: words.T("drill.by.override", nil), Exit: r.code, Said: said})
	return nil
}

// onlyTesters sends the test that was meant: the same installation, to those on the allow list.
func (s *stage) onlyTesters(ctx context.Context, record string, who func(int) somebody) error {
	if err := s.people("award.csv", testers, who); err != nil {
		return err
	}
	r, err := s.must(ctx, exit.OK, "send", "award.csv", "--yes")
	if err != nil {
		return err
	}
	var allowed []string
	for i := range testers {
		p := who(i + 1)
		allowed = append(allowed, "+86"+p.phone, p.email)
	}
	outside, err := arrivedOutside(record, allowed)
	if err != nil {
		return err
	}
	t := s.tally()
	reached := t.SMS.Reached + t.Mail.Reached
	s.line("meant", words.T("drill.wrong-environment.meant", nil), outside == 0 && reached == 2*testers && t.SMS.Twice+t.Mail.Twice == 0, Stop{
		By: words.T("drill.by.allow-list", nil), Exit: r.code,
		Said: words.T("drill.said.testers", words.A{"messages": reached, "testers": t.SMS.Distinct, "outside": outside}),
	})
	return nil
}

// arrivedOutside counts in the sandbox's own record who was reached and is not among these.
func arrivedOutside(record string, allowed []string) (n int, err error) {
	f, err := os.Open(record)
	if err != nil {
		return 0, words.Wrap(err, "drill.error.record", nil)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var l struct {
			To string `json:"to"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return 0, words.Wrap(err, "drill.error.record", nil)
		}
		if !slices.Contains(allowed, strings.ToLower(l.To)) {
			n++
		}
	}
	return n, lines.Err()
}

func (s *stage) installTest(box *sandbox.Sandbox, with testInstallation) error {
	if err := s.write("notify.yaml", fmt.Sprintf(`environment: test
timezone: %[5]s
country: CN
ledger: notify.db
capacity: {recipients: 8000}
allow_list: ["+861349000000*", "*@testers.test"]
accounts:
  sms: {vendor: http, environment: %[1]s, class: notice, rate: 500/s, price: 0.045, currency: CNY, endpoint: "%[2]s", options: {definition: "builtin:sandbox-sms", token: %[3]s, sign_name: 示例}}
  edm: {vendor: smtp, environment: %[1]s, class: notice, rate: 500/s, price: 0.002, currency: CNY, options: {address: "%[4]s", tls: none}}
routes:
  sms: {accounts: [sms]}
  email: {accounts: [edm]}
`, with.account, box.URL(), token, box.MailAddr(), Zone(s.options.Now()))); err != nil {
		return err
	}
	return s.write("award.yaml", fmt.Sprintf(`name: award-2020
owner: Operations Wang
class: notice
environment: %s
channels:
  sms: {text: award.sms.txt}
  email: {from: "Awards <award@edm.company.test>", subject: "{{姓名}}, your award", text: award.txt}
`, with.campaign))
}

package drill

import (
	"context"
	"fmt"

	"notify/pkg/exit"
	"notify/pkg/sandbox"
)

// The drill of the double payout: a part of the answers are failures of messages that were delivered.
const (
	payouts   = 2_000
	saysError = 0.03
	saysNone  = 0.03
)

// playDoublePayout sends through a vendor that says failed and has delivered, with a second vendor to fail over to, and
// begins a second job while the first is at work.
func playDoublePayout(ctx context.Context, s *stage) error {
	box, err := s.sandbox(ctx, sandbox.Config{SMS: sandbox.Account{Faults: sandbox.Faults{Error500: saysError, CutAfter: saysNone}}, Seed: 2020})
	if err != nil {
		return err
	}
	if err := s.payoutInstallation(box); err != nil {
		return err
	}
	job, err := s.begin(ctx, "send", "interest.csv", "--yes")
	if err != nil {
		return err
	}
	if err := job.until(ctx, func() bool { return box.Count().SMS.Reached > 0 }); err != nil {
		return err
	}
	release := box.Hold() // the first job is at work for as long as it takes to ask for the second
	second, err := s.notify(ctx, "send", "interest.csv", "--yes")
	release()
	if err != nil {
		return err
	}
	said := "it was not refused"
	if second.code == exit.Leased {
		if said, err = second.refusal(); err != nil {
			return err
		}
	}
	s.line("overlap", "two jobs that ran an hour apart overlapped one day: interest was paid twice", second.code == exit.Leased,
		Stop{By: "lease", Exit: second.code, Said: said})
	first, err := job.wait()
	if err != nil {
		return err
	}
	if err := s.ambiguous(first); err != nil {
		return err
	}
	if err := s.settledByAsking(ctx); err != nil {
		return err
	}
	return s.underAnotherName(ctx)
}

// ambiguous looks at what became of the answers that said failed.
func (s *stage) ambiguous(first *ran) error {
	if err := first.want(exit.Some); err != nil {
		return err
	}
	e, err := first.end()
	if err != nil {
		return err
	}
	t := s.tally()
	unknown := e.ByState["unknown"]
	s.line("said-failed", "the vendor said failed, and had delivered: it was sent again, through a second vendor",
		unknown > 0 && unknown == t.SMS.Unanswered && t.SMS.Twice == 0 && t.SMS.Reached == payouts, Stop{
			By: "outcome unknown", Exit: first.code, Said: fmt.Sprintf("%s answers were a failure or none, and all %s had been delivered: neither tried again nor given to sms-backup; twice %d",
				num(unknown), num(t.SMS.Unanswered), t.SMS.Twice),
		})
	return nil
}

// settledByAsking asks the vendor, and shows that what is retried is definite failures only.
func (s *stage) settledByAsking(ctx context.Context) error {
	before := s.tally().SMS.Reached
	retry, err := s.notify(ctx, "retry", "interest-2020")
	if err != nil {
		return err
	}
	resume, err := s.notify(ctx, "resume", "interest-2020")
	if err != nil {
		return err
	}
	again := s.tally().SMS.Reached - before
	resolve, err := s.must(ctx, exit.OK, "resolve", "interest-2020")
	if err != nil {
		return err
	}
	var r struct {
		Accepted int `json:"accepted"`
		Left     int `json:"left"`
	}
	if err := resolve.read(&r); err != nil {
		return err
	}
	t := s.tally()
	s.line("retried", "an impatient operator retried what was listed as failed", again == 0, Stop{
		By: "retry", Exit: retry.code, Said: fmt.Sprintf("unknown is no definite failure: a retry and a resume (exit %d) sent %d messages", resume.code, again),
	})
	s.line("settled", "nobody asked the vendor what it had", r.Left == 0 && r.Accepted == t.SMS.Unanswered && t.SMS.Twice == 0, Stop{
		By: "resolve", Exit: resolve.code, Said: fmt.Sprintf("asked by our own id, the vendor has %s of them; %d are left unknown", num(r.Accepted), r.Left),
	})
	return nil
}

// underAnotherName sends the same again as another campaign.
func (s *stage) underAnotherName(ctx context.Context) error {
	if err := s.write("interest.yaml", interestCampaign("interest-2020-again")); err != nil {
		return err
	}
	r, err := s.notify(ctx, "send", "interest.csv", "--yes")
	if err != nil {
		return err
	}
	c, err := r.preflight()
	if err != nil {
		return err
	}
	held, stops := c.fails("dedupe")
	t := s.tally()
	s.line("another-name", "the same job was set up twice, under two names", held && t.SMS.Reached == payouts && t.SMS.Twice == 0, stops...)
	return nil
}

func (s *stage) payoutInstallation(box *sandbox.Sandbox) error {
	account := fmt.Sprintf(`{vendor: http, class: notice, rate: 800/s, price: 0.045, currency: CNY, endpoint: "%s", options: {definition: "builtin:sandbox-sms", token: %s, sign_name: 示例}}`, box.URL(), token)
	if err := s.write("notify.yaml", fmt.Sprintf(`environment: test
timezone: Asia/Shanghai
country: CN
ledger: notify.db
capacity: {recipients: 8000}
allow_list: ["+861349*", "*@*.test"]
accounts:
  sms: %s
  sms-backup: %s
routes:
  sms: {accounts: [sms], failover: [sms-backup]}
`, account, account)); err != nil {
		return err
	}
	if err := s.people("interest.csv", payouts, func(i int) somebody { return person(i, "customer.test") }); err != nil {
		return err
	}
	if err := s.texts(); err != nil {
		return err
	}
	return s.write("interest.yaml", interestCampaign("interest-2020"))
}

func interestCampaign(name string) string { return smsCampaign(name) + "dedupe_window: 72h\n" }

package drill

import (
	"context"
	"fmt"

	"notify/pkg/exit"
	"notify/pkg/sandbox"
	"notify/pkg/words"
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
	said := words.T("drill.not-refused", nil)
	if second.code == exit.Leased {
		if said, err = second.refusal(); err != nil {
			return err
		}
	}
	s.line("overlap", words.T("drill.double-payout.overlap", nil), second.code == exit.Leased,
		Stop{By: words.T("drill.by.lease", nil), Exit: second.code, Said: said})
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
	s.line("said-failed", words.T("drill.double-payout.said-failed", nil),
		unknown > 0 && unknown == t.SMS.Unanswered && t.SMS.Twice == 0 && t.SMS.Reached == payouts, Stop{
			By: words.T("drill.by.unknown", nil), Exit: first.code,
			Said: words.T("drill.said.ambiguous", words.A{"unknown": unknown, "delivered": t.SMS.Unanswered, "twice": t.SMS.Twice}),
		})
	return nil
}

// settledByAsking asks the vendor, and shows that what is retried is definite failures only.
func (s *stage) settledByAsking(ctx context.Context) error {
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
	t := s.tally()
	s.line("retried", words.T("drill.double-payout.retried", nil), again == 0, Stop{
		By: words.T("drill.by.retry", nil), Exit: retry.code, Said: words.T("drill.said.retry", words.A{"exit": resume.code, "again": again}),
	})
	s.line("settled", words.T("drill.double-payout.settled", nil), r.Left == 0 && r.Accepted == t.SMS.Unanswered && t.SMS.Twice == 0, Stop{
		By: words.T("drill.by.resolve", nil), Exit: resolve.code, Said: words.T("drill.said.resolve", words.A{"accepted": r.Accepted, "left": r.Left}),
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
	s.line("another-name", words.T("drill.double-payout.another-name", nil), held && t.SMS.Reached == payouts && t.SMS.Twice == 0, stops...)
	return nil
}

func (s *stage) payoutInstallation(box *sandbox.Sandbox) error {
	account := fmt.Sprintf(`{vendor: http, class: notice, rate: 800/s, timeout: 10m, price: 0.045, currency: CNY, endpoint: "%s", options: {definition: "builtin:sandbox-sms", token: %s, sign_name: 示例}}`, box.URL(), token)
	if err := s.write("notify.yaml", fmt.Sprintf(`environment: test
timezone: %s
country: CN
ledger: notify.db
capacity: {recipients: 8000}
allow_list: ["+861349*", "*@*.test"]
accounts:
  sms: %s
  sms-backup: %s
routes:
  sms: {accounts: [sms], failover: [sms-backup]}
`, Zone(s.options.Now()), account, account)); err != nil {
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

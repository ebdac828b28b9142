package main

import (
	"encoding/json"
	"strings"
	"testing"

	"notify/pkg/exit"
	"notify/pkg/message"
)

// The incident, line by line, through the whole program. What needs several processes stands in share_test.go, what needs
// crashes in kill_test.go.

// winners is how many there were, and what the incident's list has.
const winners = 23_000

// award is a place with the incident's list, told by SMS.
func award(t *testing.T, flags []string, settings ...string) *place {
	t.Helper()
	p := newPlace(t, flags, settings...)
	p.must(writeList(p.path("award.csv"), people(1, winners)))
	p.write("award.yaml", only("award-2020", message.SMS))
	return p
}

// refuses runs send, which must find this before the first message.
func (p *place) refuses(list string, want ...string) {
	p.Helper()
	out := p.wants([]int{exit.Failed}, "send", list, "--yes")
	for _, w := range want {
		if !strings.Contains(out, w) {
			p.Errorf("it does not say %q\n%s", w, out)
		}
	}
	p.reached(0)
}

// reached is how many messages the vendor counts, nobody's twice.
func (p *place) reached(n int) {
	p.Helper()
	tally, err := p.receiver.count()
	p.must(err)
	if got := tally.SMS.Reached + tally.Mail.Reached; got != n || tally.SMS.Twice+tally.Mail.Twice != 0 {
		p.Errorf("%d messages arrived, %d people twice; want %d", got, tally.SMS.Twice+tally.Mail.Twice, n)
	}
}

// TestDesignedForEightThousand: 23,000 winners, and nobody who ran it knew that the system was made for 8,000.
func TestDesignedForEightThousand(t *testing.T) {
	t.Parallel()
	award(t, nil, "NOTIFY_CAPACITY_RECIPIENTS=8000").refuses("award.csv",
		"FAIL\tlist\tcapacity\t23,000 recipients, the installation was designed for 8,000: 15,000 too many",
		"split the list into 3 parts of at most 7,667 recipients")
}

// TestSMSBalanceForTenThousand: the balance paid for less than 10,000 messages, which was found by chance, afterwards.
func TestSMSBalanceForTenThousand(t *testing.T) {
	t.Parallel()
	p := award(t, []string{"--messages", "9990"})
	p.refuses("award.csv",
		"FAIL\tmoney\tbalance\tsms: 9,990 messages in packages left, needs 25,300 segments = 1,138.50 CNY (margin 10%)",
		"top up sms by at least 688.95 CNY (15,310 segments)")
	p.wants([]int{exit.OK}, "sandbox", "topup", "--url", p.receiver.admin.URL, "--messages", "15310")
	p.wants([]int{exit.OK}, "preflight", "award.csv")
}

// TestVendorLimitIsKnownBeforehand: the vendor took 10,000 a day, which the operators learned from 14,783 failures.
func TestVendorLimitIsKnownBeforehand(t *testing.T) {
	t.Parallel()
	p := award(t, []string{"--quota", "10000"})
	p.refuses("award.csv",
		"FAIL\ttime\tquota\tsms: 10,000 a day (vendor), 0 used today, 10,000 left, 23,000 to send; it takes 3 days: 10,000 on ",
		"ask the vendor to raise the daily quota of sms by 13,000, to 23,000")
}

// TestNoticeAndMarketingShareNoAccount: one SMS account served both. Crossing classes is refused, before and while sending.
func TestNoticeAndMarketingShareNoAccount(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	p.must(writeList(p.path("award.csv"), people(1, 100)))
	p.write("award.yaml", only("award-2020", message.SMS))
	p.env = append(p.env, "NOTIFY_ACCOUNTS_SMS_CLASS=marketing")
	p.refuses("award.csv", "FAIL\taccounts\troutes\t", "marketing")

	// Staged while the account was right; then somebody changes notify.yaml.
	p.env = append(p.env, "NOTIFY_ACCOUNTS_SMS_CLASS=notice")
	p.write("award.yaml", only("award-2020", message.SMS)+closedWindow())
	p.wants([]int{exit.Paused}, "send", "award.csv", "--yes")
	p.env = append(p.env, "NOTIFY_ACCOUNTS_SMS_CLASS=marketing")
	code, _, errs := p.run("resume", "award-2020")
	if code == exit.OK || code == exit.Paused || !strings.Contains(errs, "account sms is for marketing") {
		t.Errorf("it went on through the other class with %d\n%s", code, errs)
	}
	p.reached(0)
}

// TestSameTextTwiceUnderAnotherName: an impatient operator sends the list again as another campaign.
func TestSameTextTwiceUnderAnotherName(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	p.must(writeList(p.path("award.csv"), people(1, 100)))
	dedupe := "dedupe_window: 72h\n"
	p.write("award.yaml", only("award-2020", message.SMS)+dedupe)
	p.wants([]int{exit.OK}, "send", "award.csv", "--yes")
	p.write("award.yaml", only("award-2020-again", message.SMS)+dedupe)
	out := p.wants([]int{exit.Failed}, "send", "award.csv", "--yes")
	if !strings.Contains(out, "FAIL\tlist\tdedupe\t") || !strings.Contains(out, "award-2020") {
		t.Errorf("it does not say where these were sent before\n%s", out)
	}
	p.reached(100)
}

// TestReportAgreesWithTheVendorsCount: the users' table said 24,047, and the mail server had counted 50,000 mails.
func TestReportAgreesWithTheVendorsCount(t *testing.T) {
	t.Parallel()
	p := newPlace(t, []string{"--fault", "email:reject=0.1", "--fault", "sms:reject=0.05", "--seed", "7"})
	p.must(writeList(p.path("award.csv"), people(1, 300)))
	p.wants([]int{exit.Some}, "send", "award.csv", "--yes")
	var report struct {
		Messages int `json:"messages"`
		Channels []struct {
			Channel message.Channel       `json:"channel"`
			By      map[message.State]int `json:"by_state"`
		} `json:"channels"`
	}
	p.must(json.Unmarshal([]byte(p.wants([]int{exit.OK}, "report", "award-2020", "--json")), &report))
	tally, err := p.receiver.count()
	p.must(err)
	if report.Messages != 600 || len(report.Channels) != 2 {
		t.Fatalf("the report has %d messages on %d channels", report.Messages, len(report.Channels))
	}
	for _, c := range report.Channels {
		vendor := of(tally, c.Channel)
		if c.By[message.Accepted] != vendor.Reached || vendor.Twice != 0 || c.By[message.Accepted]+c.By[message.Rejected] != 300 {
			t.Errorf("by %s the report counts %v, and the vendor %d messages", c.Channel, c.By, vendor.Reached)
		}
	}
}

//go:build unix

package main

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/exit"
	"notify/pkg/freeport"
	"notify/pkg/message"
)

// scripts/receipts.sh sets this to the figure that the program is promised for: 23,000.
var receiptMessages = flag.Int("receipts.messages", 300, "how many messages TestReceipts… send")

// receiptStatus is the receipts' part of what notify status says.
type receiptStatus struct {
	Campaigns []struct {
		ByState  map[message.State]int `json:"by_state"`
		Receipts []struct {
			Account  string                       `json:"account"`
			Accepted int                          `json:"accepted"`
			Ended    int                          `json:"ended"`
			Missing  float64                      `json:"missing"`
			Last     time.Time                    `json:"last"`
			ByState  map[message.ReceiptState]int `json:"by_state"`
			ByGrade  map[message.Grade]int        `json:"by_grade"`
		} `json:"receipts"`
	} `json:"campaigns"`
}

// receipted is an installation whose sandbox tells its receipts to a listener.
type receipted struct {
	*place
	address string
	at      string
}

const receiptSecret = "shared-with-the-sandbox"

// newReceipted makes one: the sandbox has these flags, and signs where it is told to.
func newReceipted(tb testing.TB, signed bool, flags ...string) *receipted {
	tb.Helper()
	return receiptedBy(tb, nil, signed, flags...)
}

// receiptedBy is one whose settings were changed.
func receiptedBy(tb testing.TB, change func(settings string) string, signed bool, flags ...string) *receipted {
	tb.Helper()
	p := &receipted{place: newPlace(tb, nil)}
	p.receiver.stop()
	if change != nil {
		settings, err := os.ReadFile(p.path("notify.yaml"))
		p.must(err)
		p.write("notify.yaml", change(string(settings)))
	}
	if signed {
		p.env = append(p.env, "NOTIFY_ACCOUNTS_SMS_RECEIPTS_SECRET="+receiptSecret)
		flags = append(flags, "--receipts-secret", receiptSecret)
	}
	var paths struct {
		Paths []struct{ Account, Path string }
	}
	p.must(json.Unmarshal([]byte(p.wants([]int{exit.OK}, "receipts", "paths", "--json")), &paths))
	for _, one := range paths.Paths {
		if one.Account == "sms" {
			p.at = one.Path
		}
	}
	p.address = freeport.Address(tb)
	r, err := startReceiver(p.dir, p.env, append(flags, "--receipts", "http://"+p.address+p.at)...)
	p.must(err)
	tb.Cleanup(r.stop)
	p.receiver = r
	p.env = append(p.env, r.settings()...)
	p.write("award.yaml", only("award-2020", message.SMS))
	return p
}

// listen begins the listener, and returns when it listens.
func (p *receipted) listen() *process {
	p.Helper()
	run := p.begin("receipts", "listen", p.address)
	p.must(await("the listener", func() bool { return !run.alive() }, func() (bool, error) {
		return strings.Contains(run.err.String(), "listening on"), nil
	}))
	return run
}

// pushed waits until the sandbox has told all its receipts.
func (p *receipted) pushed(more func(waiting int) bool) {
	p.Helper()
	p.must(await("the receipts", nil, func() (bool, error) {
		t, err := p.receiver.count()
		if err != nil {
			return false, err
		}
		return more(t.Pushed.Waiting), nil
	}))
}

func (p *receipted) status() receiptStatus {
	p.Helper()
	var s receiptStatus
	p.must(json.Unmarshal([]byte(p.wants([]int{exit.OK}, "status", "award-2020", "--json")), &s))
	return s
}

// settled waits until the listener has settled what it kept.
func (p *receipted) settled() {
	p.Helper()
	p.must(await("the inbox to be settled", nil, func() (bool, error) {
		var box struct {
			Accounts []struct{ Waiting int }
			InFile   int `json:"in_file"`
		}
		err := json.Unmarshal([]byte(p.wants([]int{exit.OK}, "receipts", "list", "--json")), &box)
		return box.InFile == 0 && len(box.Accounts) > 0 && box.Accounts[0].Waiting == 0, err
	}))
}

// TestReceiptsThreeTimesOutOfOrderForgedAndKilled: each receipt comes three times, in no order, some before the vendor's answer; some are forged; some
// messages are unknown; and the listener is killed in the midst, again and again. In the end the figures are those of the sandbox.
func TestReceiptsThreeTimesOutOfOrderForgedAndKilled(t *testing.T) {
	t.Parallel()
	n := *receiptMessages
	p := newReceipted(t, true, "--receipt", "times=3", "--receipt", "delay=3s", "--receipt", "early=0.2", "--receipt", "undelivered=0.07",
		"--receipt", "forged=0.01", "--fault", "sms:cut-after=0.02", "--seed", "7")
	p.must(writeList(p.path("award.csv"), people(1, n)))
	listener := p.listen()
	p.wants([]int{exit.OK, exit.Some}, "send", "award.csv", "--yes") // what is unknown may be settled while it runs
	all := 3 * n
	for kills := 1; kills <= 3; kills++ {
		p.pushed(func(waiting int) bool { return waiting < all-kills*all/5 })
		listener.kill()
		listener = p.listen()
	}
	p.pushed(func(waiting int) bool { return waiting == 0 })
	p.settled()
	p.must(listener.cmd.Process.Signal(os.Interrupt))
	if code, err := listener.wait(); code != exit.OK || err != nil {
		t.Errorf("the listener ended with %d, %v: %s", code, err, listener.err.String())
	}
	kept, err := p.receiver.count()
	p.must(err)
	if kept.Pushed.Forged == 0 || kept.SMS.Unanswered == 0 || kept.SMS.Undelivered == 0 {
		t.Fatalf("nothing was forged, unknown or undelivered: %+v %+v", kept.SMS, kept.Pushed)
	}
	s := p.status().Campaigns[0]
	want := map[message.ReceiptState]int{message.Delivered: kept.SMS.Delivered, message.Undelivered: kept.SMS.Undelivered}
	if diff := cmp.Diff(want, s.Receipts[0].ByState); diff != "" {
		t.Errorf("the figures are not those of the sandbox (-want +got):\n%s", diff)
	}
	if s.ByState[message.Accepted] != n || s.Receipts[0].Ended != n || s.Receipts[0].ByGrade[message.GradeSigned] != n || s.Receipts[0].Missing != 0 {
		t.Errorf("%d messages, and %+v", n, s)
	}
	p.wants([]int{exit.OK}, "ledger", "check")
	t.Logf("%d messages, %d unknown settled, %d receipts taken, %d tries again, %d forged, %d of them refused; %s", n, kept.SMS.Unanswered, kept.Pushed.Taken,
		kept.Pushed.Again, kept.Pushed.Forged, kept.Pushed.Refused, p.wants([]int{exit.OK}, "receipts", "list"))
}

// TestUnknownIsSettledByReceiptsByAskingAndByBothAlike: whichever way the proof comes, the result is the same, each with its grade.
func TestUnknownIsSettledByReceiptsByAskingAndByBothAlike(t *testing.T) {
	t.Parallel()
	n := min(*receiptMessages, 60)
	flags := []string{"--receipt", "undelivered=0.2", "--receipt", "delay=500ms", "--fault", "sms:cut-after=0.3", "--seed", "11"}
	for _, tt := range []struct {
		name                 string
		signed, listen, pull bool
		grades               func(unknown int) map[message.Grade]int
	}{
		{"by receipts alone", true, true, false, func(int) map[message.Grade]int { return map[message.Grade]int{message.GradeSigned: n} }},
		{"by receipts that nobody signed", false, true, false, func(unknown int) map[message.Grade]int {
			return map[message.Grade]int{message.GradeConfirmed: unknown, message.GradeUnsigned: n - unknown}
		}},
		{"by asking alone", true, false, true, func(int) map[message.Grade]int { return map[message.Grade]int{message.GradeVendor: n} }},
		{"by both at once", true, true, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			own := flags
			if !tt.listen {
				own = append(own[:len(own):len(own)], "--receipt", "never=1")
			}
			p := newReceipted(t, tt.signed, own...)
			p.must(writeList(p.path("award.csv"), people(1, n)))
			if tt.listen {
				p.listen()
			}
			p.wants([]int{exit.OK, exit.Some}, "send", "award.csv", "--yes") // what is unknown may be settled while it runs
			if tt.pull {
				p.wants([]int{exit.OK}, "receipts", "pull", "--account", "sms")
			}
			if tt.listen {
				p.pushed(func(waiting int) bool { return waiting == 0 })
				p.settled()
			}
			kept, err := p.receiver.count()
			p.must(err)
			s := p.status().Campaigns[0]
			want := map[message.ReceiptState]int{message.Delivered: kept.SMS.Delivered, message.Undelivered: kept.SMS.Undelivered}
			if diff := cmp.Diff(want, s.Receipts[0].ByState); diff != "" || s.ByState[message.Accepted] != n || kept.SMS.Unanswered == 0 {
				t.Errorf("%d unknown; states %v; (-want +got):\n%s", kept.SMS.Unanswered, s.ByState, diff)
			}
			grades := s.Receipts[0].ByGrade
			switch {
			case tt.grades != nil:
				if diff := cmp.Diff(tt.grades(kept.SMS.Unanswered), grades); diff != "" {
					t.Errorf("grades (-want +got):\n%s", diff)
				}
			case grades[message.GradeSigned]+grades[message.GradeVendor] != n:
				t.Errorf("grades %v", grades)
			}
			t.Logf("%d messages, %d of them unknown: %v, %v", n, kept.SMS.Unanswered, s.Receipts[0].ByState, grades)
		})
	}
}

// TestReceiptsInTheFormsOfVendors: the real adapters send, and the sandbox tells what became of it as those vendors do; what is signed is believed as such.
func TestReceiptsInTheFormsOfVendors(t *testing.T) {
	t.Parallel()
	const n = 30
	for kind, options := range map[string]string{
		"aliyun-sms":  `{access_key_id: id, access_key_secret: sandbox, sign_name: 示例}`,
		"tencent-sms": `{secret_id: id, secret_key: sandbox, sdk_app_id: "1400006666", sign_name: 示例}`,
		"twilio":      `{account_sid: AC1, auth_token: sandbox, from: "+12025550100"}`,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			grade, own := message.GradeUnsigned, []string{"--template", "1001", "--signature", "示例"}
			if kind == "twilio" {
				grade, own = message.GradeSigned, []string{"--receipts-secret", "sandbox", "--receipt", "forged=0.2"}
			}
			flags := append(own, "--receipt", "form="+kind, "--receipt", "undelivered=0.2", "--receipt", "times=2", "--seed", "3")
			p := receiptedBy(t, func(settings string) string {
				settings = strings.Replace(settings, "vendor: http", "vendor: "+kind, 1)
				return strings.Replace(settings, `{definition: "builtin:sandbox-sms", token: sandbox, sign_name: 示例}`, options, 1)
			}, false, flags...)
			campaign := only("award-2020", message.SMS)
			if kind == "twilio" {
				p.env = append(p.env, "NOTIFY_ACCOUNTS_SMS_OPTIONS_STATUS_CALLBACK=http://"+p.address+p.at)
			} else {
				campaign = strings.Replace(campaign, "text: award.sms.txt", `text: award.sms.txt, template_code: {sms: "1001"}`, 1)
			}
			p.write("award.yaml", campaign)
			p.must(writeList(p.path("award.csv"), people(1, n)))
			p.listen()
			p.wants([]int{exit.OK}, "send", "award.csv", "--yes")
			p.pushed(func(waiting int) bool { return waiting == 0 })
			p.settled()
			kept, err := p.receiver.count()
			p.must(err)
			s := p.status().Campaigns[0]
			want := map[message.ReceiptState]int{message.Delivered: kept.SMS.Delivered, message.Undelivered: kept.SMS.Undelivered}
			if diff := cmp.Diff(want, s.Receipts[0].ByState); diff != "" || kept.SMS.Undelivered == 0 || s.Receipts[0].ByGrade[grade] != n {
				t.Errorf("%+v; the figures are not those of the sandbox (-want +got):\n%s", s.Receipts[0], diff)
			}
		})
	}
}

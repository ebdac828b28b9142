package view_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"notify/pkg/words"

	"notify/pkg/console"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/report"
	"notify/pkg/sandbox"
	"notify/pkg/send"
	"notify/pkg/trace"
	"notify/pkg/vendors"
	"notify/pkg/view"
)

var then = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

// drawn is how a result looks on every device, and as JSON, whose first field must name its form.
func drawn(t *testing.T, name, schema string, show func(p *view.Printer, asJSON bool) error) {
	t.Helper()
	for _, d := range devices() {
		t.Run(d.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := show(d.printer(&out), false); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(strings.ReplaceAll(out.String(), "\x1b[", ""), "\x1b\x07\u202e") || d.name != "colour" && strings.Contains(out.String(), "\x1b") {
				t.Errorf("it can move the cursor: %q", out.String())
			}
			golden(t, name+"-"+d.name+".txt", out.String())
		})
	}
	t.Run("json", func(t *testing.T) {
		var out bytes.Buffer
		if err := show(&view.Printer{Out: &out, Zone: zone}, true); err != nil {
			t.Fatal(err)
		}
		var form struct {
			Schema string `json:"schema"`
		}
		if err := json.Unmarshal(out.Bytes(), &form); err != nil || form.Schema != schema || !strings.HasPrefix(out.String(), "{\n  \"schema\"") {
			t.Errorf("its form is %q, %v", form.Schema, err)
		}
		golden(t, name+".json", out.String())
	})
}

func counts() map[message.State]int {
	return map[message.State]int{message.Accepted: 22_900, message.Unknown: 3, message.Rejected: 97}
}

func TestARunThatFinished(t *testing.T) {
	end := view.NewRunEnd("award-2020", plan.Spec{}, 0, send.Result{Sent: 23_000, Orphans: 2, Unrecorded: 1}, ledger.Counts{
		ByState: map[message.Channel]map[message.State]int{message.SMS: counts()},
		Cost:    map[string]ledger.Debit{"sms": {Messages: 22_903, Cost: 1030_635_000}, "edm": {Messages: 1, Segments: 1}},
	}, report.Prices{"sms": {Segment: money(45_000), Currency: "CNY"}})
	end.Overrides = []ledger.AuditEntry{{Campaign: "award-2020", Act: ledger.Act{Who: "wang@ops-1", What: "override quota", Reason: "agreed\x1b[2J by telephone", At: then}}}
	drawn(t, "run-finished", "notify.run/1", func(p *view.Printer, asJSON bool) error { return view.ShowRunEnd(p, asJSON, end) })
}

// A run says how far it came, and not more than that.
func TestHowFarARunCame(t *testing.T) {
	left := plan.Spec{Part: plan.Part{Limit: 10}, Listed: 40}
	for _, c := range []struct {
		name   string
		never  int
		result send.Result
		states map[message.State]int
		want   string
	}{
		{"all of it", 0, send.Result{Sent: 3}, map[message.State]int{message.Accepted: 3}, "FINISHED  a: everything was attempted\n"},
		{"some are cancelled", 0, send.Result{Sent: 3}, map[message.State]int{message.Accepted: 3, message.Cancelled: 2}, "FINISHED  a: everything was attempted but for 2 that are cancelled\n"},
		{"nothing was left", 0, send.Result{}, map[message.State]int{message.Accepted: 3}, "FINISHED  a: there was nothing left to send\n"},
		{"a part", 30, send.Result{Sent: 10}, map[message.State]int{message.Accepted: 10}, "PART SENT  a: everything of this part was attempted\n"},
		{"a part, once more", 30, send.Result{}, map[message.State]int{message.Accepted: 10}, "PART SENT  a: there was nothing left of this part to send\n"},
		{
			"ended for good", 0,
			send.Result{Sent: 3, Aborted: &ledger.Act{Who: "li@ops-1", Reason: "wrong list", At: then}},
			map[message.State]int{message.Accepted: 3, message.Cancelled: 7},
			"ABORTED  a: ended for good by li@ops-1, 2026-11-20 10:00 +08:00: wrong list\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			counts := ledger.Counts{ByState: map[message.Channel]map[message.State]int{message.SMS: c.states}}
			var out bytes.Buffer
			if err := view.ShowRunEnd(&view.Printer{Out: &out, Zone: zone}, false, view.NewRunEnd("a", left, c.never, c.result, counts, nil)); err != nil || !strings.HasPrefix(out.String(), c.want) {
				t.Errorf("%q, %v", out.String(), err)
			}
		})
	}
}

func TestARunThatPaused(t *testing.T) {
	end := view.NewRunEnd("award-2020", plan.Spec{}, 0, send.Result{Sent: 9_090, Pause: &send.Pause{
		Why: "refused", Channel: message.SMS, Account: "sms", Detail: words.T("send.refused", words.A{
			"account": "sms", "reason": words.Of("breaker.reason", message.ReasonBalance), "said": "isv.AMOUNT_NOT_ENOUGH 余额不足",
		}),
	}}, ledger.Counts{ByState: map[message.Channel]map[message.State]int{message.SMS: {message.Accepted: 9_090, message.Pending: 13_910}}}, nil)
	drawn(t, "run-paused", "notify.run/1", func(p *view.Printer, asJSON bool) error { return view.ShowRunEnd(p, asJSON, end) })
}

func TestWhatToTypeAfterARun(t *testing.T) {
	by := func(s message.State) ledger.Counts {
		return ledger.Counts{ByState: map[message.Channel]map[message.State]int{message.SMS: {s: 1}}}
	}
	for _, c := range []struct {
		name   string
		result send.Result
		counts ledger.Counts
		ended  string
		next   string // as it is said
	}{
		{"all accepted", send.Result{}, by(message.Accepted), "finished", ""},
		{"some unknown", send.Result{}, by(message.Unknown), "finished", "notify resolve a"},
		{"some rejected", send.Result{}, by(message.Rejected), "finished", "notify report a"},
		{"aborted", send.Result{Aborted: &ledger.Act{}}, by(message.Unknown), "aborted", ""},
		{"interrupted", send.Result{Pause: &send.Pause{Why: "interrupt"}}, by(message.Pending), "paused", "notify resume a"},
		{"refused", send.Result{Pause: &send.Pause{Why: "refused"}}, by(message.Pending), "paused", "mend the account, then: notify resume a"},
		{"too much failed", send.Result{Pause: &send.Pause{Why: "stop-when"}}, by(message.Pending), "paused", "notify report a, find out why, then: notify resume a"},
		{"too late", send.Result{Pause: &send.Pause{Why: "deadline"}}, by(message.Pending), "paused", "set a later deadline in the campaign file, then send again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := view.NewRunEnd("a", plan.Spec{}, 0, c.result, c.counts, nil); got.Ended != c.ended || got.Next.String() != c.next || got.Messages != 1 {
				t.Errorf("%s, next %q; want %s, %q", got.Ended, got.Next, c.ended, c.next)
			}
		})
	}
}

func TestWhatIsSaidBeforeASend(t *testing.T) {
	var out bytes.Buffer
	c := console.New(strings.NewReader(""), &bytes.Buffer{}, &out, console.Options{Getenv: func(string) string { return "" }})
	r := preflight.Result{
		Campaign: "award-2020", Counts: map[preflight.Status]int{preflight.Pass: 40, preflight.Warn: 1, preflight.Skip: 2, preflight.NotLooked: 3},
		Findings: []preflight.Finding{{ID: "hidden-rows", Status: preflight.Warn, Summary: said("3 rows are hidden\x1b[2J")}, {ID: "fine", Status: preflight.Pass, Summary: said("fine")}},
	}
	view.Checked(c, words.Printer{}, r)
	view.Staged(c, words.Printer{}, "award-2020", ledger.Staged{Added: 23_000, Left: 5, Differs: 2, Gone: 1})
	r.At = then
	r.Plan = preflight.Summary{
		List: "award.xlsx", Messages: 46_000, Left: 5, ToSend: 45_995, People: 23_000, Start: then, Costs: []preflight.Cost{{Currency: "CNY", Amount: 1035_000_000}},
		Accounts: []preflight.AccountSummary{
			{Account: "sms", Days: []preflight.Day{{Date: "2026-11-20", Messages: 10_000}, {Date: "2026-11-21", Messages: 12_995}}},
			{Account: "edm", Days: []preflight.Day{{Date: "2026-11-20", Messages: 23_000}}},
		},
	}
	ask := func() {
		for _, lang := range []words.Language{words.English, words.Chinese} {
			out.WriteString(view.Question(words.Printer{Lang: lang, Zone: zone}, r) + "\n\n")
		}
	}
	ask()
	// Outside the window nothing leaves now; a part of the list is told as one, and what has no price as that.
	r.Plan.Start, r.Plan.Part, r.Plan.Unpriced, r.Plan.Left = then.Add(9*time.Hour), plan.Part{From: 3, To: 1002}.Text(), []string{"edm"}, 0
	ask()
	r.Plan.Accounts, r.Plan.Start, r.Plan.Costs, r.Plan.Part = r.Plan.Accounts[1:], then, nil, plan.Part{Limit: 9}.Text()
	ask()
	view.Missing(console.New(strings.NewReader(""), io.Discard, &out, console.Options{}), words.Printer{},
		preflight.Missing{People: 3, First: []preflight.MissingPerson{{Row: 7, Key: "E7", Address: "+86****0007"}}})
	golden(t, "before-a-send.txt", out.String())
}

func TestTheStatusOfCampaigns(t *testing.T) {
	by := map[message.State]int{message.Accepted: 9_090, message.Pending: 13_900, message.Attempting: 10}
	mails := map[message.State]int{message.Accepted: 20_000, message.Unknown: 3, message.Rejected: 2_997}
	all := map[message.State]int{message.Accepted: 29_090, message.Pending: 13_900, message.Attempting: 10, message.Unknown: 3, message.Rejected: 2_997}
	ss := report.Rates(nil, []report.Status{
		{
			Campaign: "award-2020", Owner: "Operations Wang", Messages: 46_000, ByState: all, Staged: then, At: then,
			Channels: []report.Channel{{Channel: message.SMS, Messages: 23_000, ByState: by}, {Channel: message.Email, Messages: 23_000, ByState: mails}},
			Accounts: []report.Account{{Account: "sms", Spent: report.Spent{Messages: 9_100, Segments: 9_100, Cost: money(409_500_000)}, Currency: "CNY"}}, Costs: []report.Sum{{Currency: "CNY", Cost: 409_500_000}},
			Running: report.Working([]ledger.Run{{ID: 7, Host: "ops-1", PID: 4711, User: "wang", Started: then, Beat: then.Add(10 * time.Second), Sent: 30}}), Remaining: -1,
		},
		{
			Campaign: "notice", Owner: "Li", Messages: 10, ByState: map[message.State]int{message.Pending: 10}, Staged: then, At: then,
			Channels: []report.Channel{{Channel: message.SMS, Messages: 10, ByState: map[message.State]int{message.Pending: 10}}},
			Paused:   &ledger.Act{Who: "li@ops-2", What: "pause", Reason: "wrong text", At: then}, Remaining: -1,
			Last: &ledger.Run{ID: 6, Host: "ops-2", Started: then},
		},
		{
			Campaign: "notice-2", Owner: "Li", List: "my notice.xlsx", Messages: 10, NeverStaged: 30, ByState: map[message.State]int{message.Accepted: 10}, Staged: then, At: then,
			Channels: []report.Channel{{Channel: message.SMS, Messages: 10, ByState: map[message.State]int{message.Accepted: 10}}}, Remaining: -1,
		},
	})
	ss[0].Rate, ss[0].Remaining = 98.7, 141*time.Second
	drawn(t, "status", "notify.status/1", func(p *view.Printer, asJSON bool) error { return view.ShowStatus(p, asJSON, ss) })
	var out bytes.Buffer
	if err := view.ShowStatus(&view.Printer{Out: &out}, false, nil); err != nil || !strings.Contains(out.String(), "notify preflight LIST") {
		t.Errorf("without a campaign: %q, %v", out.String(), err)
	}
}

// What is to be done with a campaign that nobody works on follows from why it stands.
func TestAStatusSaysHowToGoOn(t *testing.T) {
	stopped := func(id string) *ledger.Run {
		return &ledger.Run{ID: 6, Ended: then, Why: words.T(id, words.A{"account": "sms", "accounts": words.Names([]string{"sms"}, 0), "at": then, "quota": 100})}
	}
	for name, tc := range map[string]struct {
		s    report.Status
		want string
	}{
		"nobody began":       {report.Status{}, "next: notify resume a"},
		"a person paused it": {report.Status{Paused: &ledger.Act{Who: "li@ops-2", What: "pause"}}, "next: notify resume a --lift-pause"},
		"it stopped itself":  {report.Status{Paused: &ledger.Act{Who: ledger.Itself, What: ledger.ActStop}}, "next: notify report a, find out why, then: notify resume a"},
		"a wave is out":      {report.Status{Paused: &ledger.Act{Who: ledger.Itself, What: send.ActWave}}, "begins the next wave"},
		"no money":           {report.Status{Last: stopped("send.refused")}, "next: mend the account, then: notify resume a"},
		"too late":           {report.Status{Last: stopped("send.deadline")}, "next: set a later deadline"},
		"switched off":       {report.Status{Last: stopped("send.no-share")}, "next: notify accounts set ACCOUNT --on"},
		"the day's quota":    {report.Status{Last: stopped("send.quota")}, "next: notify resume a\n"},
	} {
		tc.s.Campaign, tc.s.State, tc.s.Messages, tc.s.Remaining = "a", "paused", 1, -1
		var out bytes.Buffer
		if err := view.ShowStatus(&view.Printer{Out: &out}, false, []report.Status{tc.s}); err != nil || !strings.Contains(out.String(), tc.want) {
			t.Errorf("%s: %q, %v, want %q", name, out.String(), err, tc.want)
		}
	}
}

func TestTheReportOfACampaign(t *testing.T) {
	r := &report.Report{
		Campaign: "award-2020", Owner: "Operations Wang", Team: "operations", Class: "notice", Digest: "d1", Staged: then, Recipients: 23_010, Folded: 10,
		Messages: 23_000, Channels: []report.Channel{{Channel: message.SMS, Messages: 23_000, ByState: counts()}}, Total: counts(),
		Accounts: []report.Account{
			{Account: "edm", Spent: report.Spent{Messages: 12, Segments: 12}}, {Account: "sms", Spent: report.Spent{Messages: 22_903, Segments: 22_903, Cost: money(1030_635_000)}, Currency: "CNY"},
		},
		Costs: []report.Sum{{Currency: "CNY", Cost: 1030_635_000}}, Unpriced: []string{"edm"},
		Codes:    []report.Code{{State: message.Rejected, Code: "isv.MOBILE_NUMBER_ILLEGAL", Said: words.Raw("号码不对\x1b[2J"), Messages: 97}, {State: message.Unknown, Code: "notify:reset", Messages: 3}},
		Unknown:  []report.Person{{Row: 12, Key: "E0012", Channel: message.SMS, Address: "+86134****0012", Message: "k1", Account: "sms", Attempts: 1, At: then, Code: "notify:reset"}},
		Rejected: []report.Person{{Row: 3, Key: "E0003", Channel: message.SMS, Address: "+86134****0003", Message: "k2", Account: "sms", Attempts: 1, At: then, Code: "isv.MOBILE_NUMBER_ILLEGAL"}},
		First:    then, Last: then.Add(4 * time.Minute),
		Runs:  []ledger.Run{{ID: 1, Host: "ops-1", PID: 4711, User: "wang", Started: then, Ended: then.Add(4 * time.Minute), Why: words.T("run.why.done", nil)}},
		Audit: []ledger.AuditEntry{{Campaign: "award-2020", Act: ledger.Act{Who: "wang@ops-1", What: "override quota", Reason: "agreed by telephone", At: then}}},
	}
	r.Overrides = report.Overrides(r.Audit)
	r.Pauses = []report.Pause{{From: then, To: then.Add(time.Minute), Why: words.T("send.interrupted", nil), By: "li@ops-1", After: "wang"}}
	r.Figures = report.Figures{
		People:    report.People{Total: 23_010, ByState: map[message.State]int{message.Accepted: 22_910, message.Unknown: 3, message.Rejected: 97}, Delivered: 22_000},
		Written:   []report.Written{{Channel: message.SMS, Failed: 97, Succeeded: 22_900, Times: [report.MaxTimes]int{22_903}}},
		Delivered: []report.Receipts{{Account: "sms", Accepted: 22_900, Ended: 22_100, Missing: 3.5, Last: then, ByState: map[message.ReceiptState]int{message.Delivered: 22_000, message.Undelivered: 100}, ByGrade: map[message.Grade]int{message.GradeSigned: 22_100}}},
		Delays:    []report.Delay{{Account: "sms", Messages: 22_000, Median: 4 * time.Second, P95: 40 * time.Second, Longest: time.Hour}},
		Domains:   []report.Domain{{Domain: "a.test", Messages: 12, Accepted: 10, Rejected: 2, Delivered: 9, Bounced: 1, Domains: 1}},
		Rates:     []report.Rate{{Account: "sms", Limit: 100, Mean: 95.4, Highest: 100, Lasted: 4 * time.Minute}},
		Timeline: report.Timeline{Step: 2 * time.Minute, Steps: []report.Step{
			{At: then, Accepted: map[string]int{"sms": 11_400}, Rejected: 90, Unknown: 3, Delivered: 9_000}, {At: then.Add(2 * time.Minute), Accepted: map[string]int{"sms": 11_500}, Rejected: 7, Delivered: 13_000},
		}},
	}
	drawn(t, "report", "notify.report/1", func(p *view.Printer, asJSON bool) error { return view.ShowReport(p, asJSON, r) })
}

// Two accounts with the same limit have their names beside each other in the chart, and not one over the other.
func TestNamesOfLimitsDoNotLieOverEachOther(t *testing.T) {
	r := &report.Report{Campaign: "award-2020", Figures: report.Figures{
		Rates: []report.Rate{{Account: "edm", Limit: 20, Highest: 20}, {Account: "sms", Limit: 20, Highest: 20}, {Account: "spare", Limit: 40, Highest: 20}},
		Timeline: report.Timeline{Step: time.Second, Steps: []report.Step{
			{At: then, Accepted: map[string]int{"edm": 20, "sms": 20}}, {At: then.Add(time.Second), Accepted: map[string]int{"edm": 20, "sms": 20}},
		}},
	}}
	var page bytes.Buffer
	if err := view.ReportPage(&page, r, words.Printer{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<text x="60" y="112">edm limit now 20/s`, `<text x="280" y="112">sms limit now 20/s`, `<text x="60" y="27">spare limit now 40/s`} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestTheAccounts(t *testing.T) {
	price, balance, left, limit, used := message.Money(45_000), message.Money(1138_500_000), int64(9_900), int64(10_000), int64(100)
	none, ours := int64(0), int64(10_910)
	dialled := words.T("flow.said", words.A{"what": words.Of("outcome", message.OutcomeUnsent), "said": "notify:dial connection refused"})
	as := []report.AccountStatus{
		{
			Account: "edm", Vendor: "smtp", Class: "notice", Environment: "production", Rate: 50, DailyQuota: 1000, Breaker: "open", LiveError: words.T("accounts.not-asked", nil),
			Day: report.Spent{Messages: 1200, Segments: 1200}, Month: report.Spent{Messages: 1200, Segments: 1200}, LeftToday: &none,
			State: ledger.AccountState{Account: "edm", Scale: 0.25, OpenUntil: then.Add(time.Minute), Reason: words.T("flow.in-a-row", words.A{"n": 5, "said": dialled}), Error: dialled, At: then},
		},
		{
			Account: "sms", Vendor: "http", Class: "notice", Environment: "production", Rate: 0.5, DailyQuota: 20_000, Price: &price, Currency: "CNY", Breaker: "closed",
			Day: report.Spent{Messages: 9_090, Segments: 9_090, Cost: money(409_050_000)}, Month: report.Spent{Messages: 20_000, Segments: 20_000, Cost: money(900_005_000)},
			State: ledger.AccountState{Account: "sms", Scale: 1}, LeftToday: &ours,
		},
		{Account: "spare", Vendor: "http", Class: "marketing", Environment: "test", Price: money(0), Breaker: "testing", Day: report.Spent{Cost: money(0)}, Month: report.Spent{Cost: money(0)}, State: ledger.AccountState{Reason: words.T("flow.said", words.A{"what": words.Of("breaker.reason", message.ReasonQuota), "said": "QUOTA"})}},
	}
	as[1].Told(vendors.Balance{Amount: &balance, Currency: "CNY", Messages: &left, QuotaLimit: &limit, QuotaUsed: &used})
	as[2].Told(vendors.Balance{})
	if left := *as[1].LeftToday; left != 9_900 {
		t.Errorf("the vendor leaves 9,900 of its quota, and the screen says %d", left)
	}
	drawn(t, "accounts", "notify.accounts/1", func(p *view.Printer, asJSON bool) error { return view.ShowAccounts(p, asJSON, as) })
	var out bytes.Buffer
	if err := view.ShowAccounts(&view.Printer{Out: &out}, false, nil); err != nil || !strings.Contains(out.String(), "notify init") {
		t.Errorf("without an account: %q, %v", out.String(), err)
	}
}

func TestTheTallyOfTheSandbox(t *testing.T) {
	tally := sandbox.Tally{
		SMS:  sandbox.Count{Reached: 23_001, Unanswered: 2, Segments: 23_001, Distinct: 23_000, Twice: 1, TwiceList: []string{"+86134****0012"}},
		Mail: sandbox.Count{Reached: 22_990, Segments: 22_990, Distinct: 22_990, Turned: map[string]int{"throttled": 10}},
	}
	drawn(t, "tally", "notify.sandbox/1", func(p *view.Printer, asJSON bool) error { return view.ShowTally(p, asJSON, tally) })
}

func TestWhatACommandDid(t *testing.T) {
	drawn(t, "did", "notify.retry/1", func(p *view.Printer, asJSON bool) error {
		return view.ShowDid(p, asJSON, "retry", words.T("cmd.did.retry", words.A{"n": 97, "resume": "notify resume award-2020"}), map[string]any{"pending": 97})
	})
}

func TestWhatCameOfUnknownMessages(t *testing.T) {
	r := send.Resolved{Resolved: ledger.Resolved{Accepted: 1_200, NotSent: 3, Rejected: 1}, Left: 5, NotAsked: 4, CannotAsk: []string{"edm", "spare"}}
	unknown := []report.Person{{Row: 12, Key: "A00011", Channel: message.Email, Address: "p***1@a.test", Message: "k7", Account: "edm", Attempts: 1, At: then, Code: "E42"}}
	drawn(t, "resolved", "notify.resolve/1", func(p *view.Printer, asJSON bool) error {
		return view.ShowResolved(p, asJSON, "award-2020", r, report.Unsettled{Unknown: unknown, All: 5})
	})
	r = send.Resolved{
		Resolved: ledger.Resolved{Accepted: 1, Skipped: 1}, Named: 5, Left: 2, Mute: 1, Cause: words.T("cause.refused", nil), NotUnknown: []string{"k0"},
	}
	drawn(t, "resolved-named", "notify.resolve/1", func(p *view.Printer, asJSON bool) error {
		return view.ShowResolved(p, asJSON, "award-2020", r, report.Unsettled{Unknown: unknown, All: 14, Lost: 48})
	})
}

func TestTheCheckOfALedger(t *testing.T) {
	info := ledger.Info{ID: "L1", Driver: "sqlite", Place: "/var/lib/notify/notify.db", Schema: 2, Created: then, Durable: true}
	drawn(t, "ledger-sound", "notify.ledger-check/1", func(p *view.Printer, asJSON bool) error {
		return view.ShowLedgerCheck(p, asJSON, view.LedgerCheck{Info: info, Bytes: 12 << 20})
	})
	info.Durable = false
	drawn(t, "ledger-damaged", "notify.ledger-check/1", func(p *view.Printer, asJSON bool) error {
		return view.ShowLedgerCheck(p, asJSON, view.LedgerCheck{Info: info, Bytes: 12 << 20, Problems: []words.Text{words.T("verify.rejected", words.A{"key": "k7"})}})
	})
}

func TestTheVersion(t *testing.T) {
	drawn(t, "version", "notify.version/1", func(p *view.Printer, asJSON bool) error {
		return view.ShowVersion(p, asJSON, view.Version{Version: "v0.1.0", Commit: "0123456789abcdef", Go: "go1.26", Platform: "linux/amd64"})
	})
	if v := view.NewVersion("v1", "c"); v.Go == "" || !strings.Contains(v.Platform, "/") {
		t.Errorf("%+v", v)
	}
}

func TestErrorsForPeopleAndForMachines(t *testing.T) {
	l := &diag.List{Keep: 2}
	l.Add(diag.Problem{
		Code: "phone-invalid", Place: diag.Place{File: "award.xlsx", Row: 3, Column: "C 手机号"}, Summary: words.Raw("not a mobile number\x1b[2J"),
		Hint: words.Raw("correct it"),
	})
	l.Add(diag.Problem{Severity: diag.Warning, Code: "odd", Summary: words.Raw("odd")})
	l.Add(diag.Problem{Code: "phone-invalid", Place: diag.Place{Row: 5}, Summary: words.Raw("not a mobile number")})
	for name, input := range map[string]*diag.InputError{"input": {Problems: l}, "plain": nil} {
		var out, story bytes.Buffer
		c := console.New(strings.NewReader(""), &out, &story, console.Options{Getenv: func(string) string { return "" }})
		said := words.Err("cmd.error.busy", words.A{"ledger": "notify.db"}).Do("cmd.do.busy", nil)
		view.ErrorHuman(c, words.Printer{}, said, input)
		view.ErrorJSON(c, words.Printer{}, 3, said, input)
		golden(t, "error-"+name+".txt", story.String())
		golden(t, "error-"+name+".json", out.String())
	}
}

func TestATraceSaysTheRoleOfWhoSigned(t *testing.T) {
	signed := []trace.Signed{
		{Item: "texts-read", Role: "customer-service", Name: "li", At: then, Same: true}, {Item: "released", Role: "night-shift", Name: "wang", At: then},
	}
	for lang, want := range map[words.Language][]string{
		words.English: {"li as customer service: texts-read", "wang as night-shift: released"},
		words.Chinese: {"li（客服）：texts-read", "wang（night-shift）：released"},
	} {
		var out bytes.Buffer
		p := &view.Printer{Out: &out, Zone: zone, Lang: lang, Terminal: true}
		if err := view.ShowTrace(p, false, &trace.Result{Campaigns: []trace.Campaign{{Name: "award", Class: "notice", Signed: signed}}}); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s: it does not say %q:\n%s", lang, w, out.String())
			}
		}
	}
}

package report_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
)

func TestTheFiguresOfAReportAddUp(t *testing.T) {
	for driver, l := range ledgers(t) {
		t.Run(driver, func(t *testing.T) {
			staged(t, l, "award-2020")
			released(t, l, sent(t, l, "award-2020"))
			by := wang
			by.What, by.Reason = report.ActOverride+"quota", "agreed by telephone"
			if err := l.Audit(t.Context(), "award-2020", by); err != nil {
				t.Fatal(err)
			}
			r := must[*report.Report](t)(report.Make(t.Context(), l, "award-2020", report.Terms{Prices: prices()}))
			// Six SMS have an answer; the seventh was under way when the run ended, and is unknown.
			want := map[message.State]int{message.Accepted: 2, message.Rejected: 2, message.Unknown: 2, message.Pending: 9}
			if diff := cmp.Diff(want, r.Total, cmpopts.IgnoreMapEntries(func(_ message.State, n int) bool { return n == 0 })); diff != "" {
				t.Error(diff)
			}
			sum, channels := 0, 0
			for _, n := range r.Total {
				sum += n
			}
			for _, c := range r.Channels {
				of := 0
				for _, n := range c.ByState {
					of += n
				}
				if of != c.Messages {
					t.Errorf("%s: the states are %d of %d", c.Channel, of, c.Messages)
				}
				channels += c.Messages
			}
			if sum != 15 || channels != 15 || r.Messages != 15 || r.Recipients != 8 || r.Folded != 1 {
				t.Errorf("%d by state, %d by channel, %d messages, %d recipients, %d folded", sum, channels, r.Messages, r.Recipients, r.Folded)
			}
			// Accepted and unknown cost: rows 2 and 3, 6 and 8, of 1, 2, 1 and 1 segments.
			cost := message.Money(5 * 45_000)
			account := []report.Account{{Account: "sms", Spent: report.Spent{Messages: 4, Segments: 5, Cost: &cost}, Currency: "CNY"}}
			if diff := cmp.Diff(account, r.Accounts); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]report.Sum{{Currency: "CNY", Cost: cost}}, r.Costs); diff != "" || len(r.Unpriced) != 0 {
				t.Errorf("%v of unknown cost, %s", r.Unpriced, diff)
			}
			if len(r.Unknown) != 2 || len(r.Rejected) != 2 || len(r.Waiting) != 1 || r.WaitingTotal != 1 || len(r.Overrides) != 1 || len(r.Runs) != 1 || len(r.Audit) < 2 {
				t.Errorf("%d unknown, %d rejected, %d waiting, %d overrides, %d runs", len(r.Unknown), len(r.Rejected), len(r.Waiting), len(r.Overrides), len(r.Runs))
			}
			if !r.First.Equal(start) || !r.Last.Equal(start.Add(2*time.Second)) {
				t.Errorf("from %v to %v", r.First, r.Last)
			}
			codes := 0
			for _, c := range r.Codes {
				codes += c.Messages
			}
			if codes != 4 || r.Codes[0].Code != "550" || r.Codes[0].Messages != 2 || r.Codes[0].Said.String() != "550 the first of them" {
				t.Errorf("codes: %+v", r.Codes)
			}
			phone := channel.Builtin().Of(message.SMS)
			phone.Mask = func(message.Address) string { return "a phone" }
			phones := channel.Set{phone}
			other := must[*report.Report](t)(report.Make(t.Context(), l, "award-2020", report.Terms{Prices: prices(), Channels: phones}))
			for _, p := range slices.Concat(other.Unknown, other.Rejected, other.Waiting) {
				if p.Channel == message.SMS && p.Address != "a phone" {
					t.Errorf("%s is not masked as its channel does", p.Address)
				}
			}
			for _, p := range append(r.Unknown, r.Rejected...) {
				if !strings.Contains(p.Address, "*") {
					t.Errorf("%s is not masked", p.Address)
				}
			}
		})
	}
}

func TestAReportOfNothing(t *testing.T) {
	for driver, l := range ledgers(t) {
		t.Run(driver, func(t *testing.T) {
			if _, err := report.Make(t.Context(), l, "award-2020", report.Terms{Prices: prices()}); !errors.Is(err, ledger.ErrNoCampaign) {
				t.Errorf("a report: %v", err)
			}
			if _, err := report.States(t.Context(), l, "award-2020", prices(), start); !errors.Is(err, ledger.ErrNoCampaign) {
				t.Errorf("a status: %v", err)
			}
			if all, err := report.States(t.Context(), l, "", prices(), start); err != nil || len(all) != 0 || !report.Finished(all) {
				t.Errorf("all: %v, %v", all, err)
			}
		})
	}
}

func TestTheStatusOfACampaignAsItGoesOn(t *testing.T) {
	for driver, l := range ledgers(t) {
		t.Run(driver, func(t *testing.T) {
			look := func(before []report.Status, at time.Time, want string) []report.Status {
				t.Helper()
				now := report.Rates(before, must[[]report.Status](t)(report.States(t.Context(), l, "", prices(), at)))
				if len(now) != 1 || now[0].State != want || now[0].Messages != 15 {
					t.Fatalf("status %+v, want %s", now, want)
				}
				if done := want != "running" && want != "unfinished"; report.Finished(now) != done {
					t.Errorf("finished: %v where it is %s", !done, want)
				}
				return now
			}
			staged(t, l, "award-2020")
			first := look(nil, start, "unfinished")
			if first[0].Rate != 0 || first[0].Remaining >= 0 || first[0].Last != nil {
				t.Errorf("at the first look: %+v", first[0])
			}
			run := sent(t, l, "award-2020")
			second := look(first, start.Add(2*time.Second), "running")
			// Two were accepted within two seconds; nine are pending and one is under way.
			if second[0].Rate != 1 || second[0].Remaining != 10*time.Second || second[0].Running == nil {
				t.Errorf("at the second look: %v/s, %v left", second[0].Rate, second[0].Remaining)
			}
			released(t, l, run)
			if s := look(second, start.Add(3*time.Second), "unfinished"); s[0].Rate != 0 || s[0].Last == nil || s[0].Last.Why.String() != "interrupted" {
				t.Errorf("after it ended: %+v", s[0])
			}
			by := wang
			by.What = "pause"
			if err := l.Pause(t.Context(), "award-2020", by); err != nil {
				t.Fatal(err)
			}
			look(nil, start, "paused")
			by.What = "abort"
			must[int](t)(l.Abort(t.Context(), "award-2020", by))
			look(nil, start, "aborted")
		})
	}
}

func TestACampaignWithNothingLeftIsFinished(t *testing.T) {
	for name, c := range map[string]struct {
		s    report.Status
		want string
	}{
		"all accepted":           {report.Status{ByState: map[message.State]int{message.Accepted: 3}}, "finished"},
		"unknown does not leave": {report.Status{ByState: map[message.State]int{message.Unknown: 3, message.Rejected: 1, message.Cancelled: 1}}, "finished"},
		"pending":                {report.Status{ByState: map[message.State]int{message.Pending: 1}}, "unfinished"},
		"under way":              {report.Status{ByState: map[message.State]int{message.Attempting: 1}}, "unfinished"},
		"at work":                {report.Status{Running: report.Working([]ledger.Run{{}})}, "running"},
		"paused while at work":   {report.Status{Running: report.Working([]ledger.Run{{}}), Paused: &ledger.Act{}}, "paused"},
		"aborted while paused":   {report.Status{Aborted: &ledger.Act{}, Paused: &ledger.Act{}}, "aborted"},
	} {
		if got := c.s.Word(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAccountsAreReadWithTheirBreakerAndWhatTheyUsed(t *testing.T) {
	price := message.Money(45_000)
	cfg := &config.Config{Environment: "production", Timezone: zone, Accounts: map[string]config.Account{
		"sms":  {Vendor: "http", Class: "notice", Rate: 100, DailyQuota: 1000, Price: &price, Currency: "CNY"},
		"edm":  {Vendor: "smtp", Class: "notice", Environment: "test"},
		"edm2": {Vendor: "smtp"},
	}}
	for driver, l := range ledgers(t) {
		t.Run(driver, func(t *testing.T) {
			staged(t, l, "award-2020")
			run := sent(t, l, "award-2020")
			open := start.Add(time.Minute)
			must[ledger.Turned](t)(l.Turn(t.Context(), ledger.Turn{Run: run, Now: start.Add(time.Second), Extend: time.Minute, Accounts: []ledger.AccountChange{
				{Account: "edm", OpenUntil: open, Scale: &ledger.Rescale{From: 1, To: 0.5}, Reason: words.Raw("refused"), At: start},
			}}))
			for at, want := range map[time.Time]string{start: "open", open: "testing"} {
				byName := make(map[string]report.AccountStatus)
				for _, a := range must[[]report.AccountStatus](t)(report.Accounts(t.Context(), l, cfg, at)) {
					byName[a.Account] = a
				}
				if got := byName["edm"]; got.Breaker != want || got.Environment != "test" || got.State.Scale != 0.5 || got.State.Reason.String() != "refused" {
					t.Errorf("%+v", got)
				}
				if got := byName["edm2"]; got.Breaker != "closed" || got.Environment != "production" || got.State.Scale != 1 || got.Day.Messages != 0 || *got.Day.Cost != 0 || got.LeftToday != nil {
					t.Errorf("%+v", got)
				}
				// Two accepted, one unknown, one under way.
				if got := byName["sms"]; got.Day.Messages != 4 || *got.Day.Cost != price.Times(int(got.Day.Segments)) || *got.LeftToday != 996 {
					t.Errorf("used today: %+v, left %d", got.Day, *got.LeftToday)
				}
			}
		})
	}
}

func TestAccountsStandInOneOrder(t *testing.T) {
	cfg := &config.Config{Timezone: zone, Accounts: make(map[string]config.Account)}
	for _, n := range []string{"d", "b", "a", "c", "f", "e"} {
		cfg.Accounts[n] = config.Account{}
	}
	l := ledgers(t)["memory"]
	for range 20 {
		got := ""
		for _, a := range must[[]report.AccountStatus](t)(report.Accounts(t.Context(), l, cfg, start)) {
			got += a.Account
		}
		if got != "abcdef" {
			t.Fatalf("the order is %s", got)
		}
	}
}

// prices are those of the account that sent.
func prices() report.Prices {
	price := message.Money(45_000)
	return report.Prices{"sms": {Segment: &price, Currency: "CNY"}}
}

func TestWhatNobodyKnowsIsNotNothing(t *testing.T) {
	free, price := message.Money(0), message.Money(45_000)
	for name, c := range map[string]struct {
		prices report.Prices
		known  bool
	}{
		"no price":                     {report.Prices{"sms": {Currency: "CNY"}}, false},
		"an account that is gone":      {nil, false},
		"a price that came afterwards": {report.Prices{"sms": {Segment: &price}}, false},
		"it is free":                   {report.Prices{"sms": {Segment: &free}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := ledgers(t)["memory"]
			staged(t, l, "award-2020")
			released(t, l, sentFor(t, l, "award-2020", 0))
			r := must[*report.Report](t)(report.Make(t.Context(), l, "award-2020", report.Terms{Prices: c.prices}))
			s := must[[]report.Status](t)(report.States(t.Context(), l, "award-2020", c.prices, start))[0]
			path := filepath.Join(t.TempDir(), "out.json")
			must[int](t)(report.WriteFile(t.Context(), l, "award-2020", path, report.Options{Terms: report.Terms{Prices: c.prices}}))
			inFile := strings.Contains(string(must[[]byte](t)(os.ReadFile(path))), `"notify_cost":0.00`)
			for where, known := range map[string]bool{
				"report": r.Accounts[0].Cost != nil && len(r.Unpriced) == 0, "status": s.Accounts[0].Cost != nil && len(s.Unpriced) == 0, "file": inFile,
			} {
				if known != c.known {
					t.Errorf("in the %s the cost is known: %v", where, known)
				}
			}
		})
	}
}

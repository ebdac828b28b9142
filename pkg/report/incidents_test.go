package report_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
)

// history is a ledger of one campaign that was stopped in several ways.
type history struct {
	runs    []ledger.Run
	log     []ledger.AuditEntry
	notices []ledger.Notice
	records []ledger.Record
}

func (h *history) Campaigns(context.Context) ([]ledger.Campaign, error) {
	return []ledger.Campaign{{Name: "award"}}, nil
}

func (h *history) Runs(context.Context, string) ([]ledger.Run, error) { return h.runs, nil }

func (h *history) AuditLog(context.Context, string) ([]ledger.AuditEntry, error) { return h.log, nil }

func (h *history) Notices(context.Context, int64, int) ([]ledger.Notice, error) {
	return h.notices, nil
}

func (h *history) Messages(context.Context, string, ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for _, r := range h.records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (h *history) Spent(context.Context) ([]ledger.Spent, error) {
	var out []ledger.Spent
	for _, r := range h.records {
		out = append(out, ledger.Spent{
			Campaign: "award", Channel: r.Channel, Account: r.Account, State: r.State, Debit: ledger.Debit{Messages: 1}, First: h.records[0].Claimed, Last: at(59),
		})
	}
	return out, nil
}

func at(minutes int) time.Time { return time.Date(2026, 11, 1, 9, minutes, 0, 0, time.UTC) }

func act(what string, minutes int) ledger.AuditEntry {
	return ledger.AuditEntry{Campaign: "award", Act: ledger.Act{Who: "wang@ops-1", What: what, Reason: "why", At: at(minutes)}}
}

func stopped() *history {
	run := func(from, to int, why string) ledger.Run {
		return ledger.Run{Started: at(from), Beat: at(to), Ended: at(to), Why: words.T("run.why.done", nil), Host: why}
	}
	h := &history{
		runs: []ledger.Run{run(50, 55, ""), run(30, 40, ""), run(20, 25, ""), run(20, 25, ""), run(0, 10, "")},
		log: []ledger.AuditEntry{
			act("send", 0), act("resume", 20), act("pause", 40), act("unpause", 50), act("resume", 50),
			{Act: ledger.Act{Who: "wang@ops-1", What: ledger.ActSet + " sms: off", At: at(10)}},
			{Act: ledger.Act{Who: "wang@ops-1", What: ledger.ActSet + " sms: on", At: at(20)}},
		},
		notices: []ledger.Notice{
			{At: at(12), Change: ledger.Began, Condition: ledger.Condition{Kind: "breaker", About: "spare"}},
			{At: at(14), Change: ledger.Holds, Condition: ledger.Condition{Kind: "breaker", About: "spare"}},
			{At: at(16), Change: ledger.Over, Condition: ledger.Condition{Kind: "breaker", About: "spare"}},
		},
	}
	h.runs[4].Why = words.T("run.why.lost", nil)
	h.runs[3].Why, h.runs[2].Why = words.T("send.breaker", nil), words.T("send.breaker", nil) // on two machines
	h.runs[1].Why = words.T("send.paused", nil)
	for i, s := range []message.State{message.Accepted, message.Accepted, message.Rejected, message.Unknown} {
		h.records = append(h.records, ledger.Record{Channel: message.SMS, Account: []string{"sms", "spare"}[i%2], State: s, Claimed: at(i)})
	}
	return h
}

func TestIncidentsAreFoundInWhatTheLedgerKeeps(t *testing.T) {
	h := stopped()
	all, err := report.Incidents(t.Context(), h, time.Time{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	type seen struct {
		kind, by, account, done string
		lasted                  time.Duration
	}
	want := []seen{
		{"died", report.BySystem, "", "resume", 10 * time.Minute},
		{"off", report.ByPerson, "sms", ledger.ActSet + " sms: on", 10 * time.Minute},
		{"breaker", report.BySystem, "spare", "", 4 * time.Minute},
		{"breaker", report.BySystem, "", "pause", 5 * time.Minute},
		{"paused", report.ByPerson, "", "unpause", 10 * time.Minute},
	}
	got := make(map[seen]int)
	for _, i := range all {
		s := seen{i.Kind, i.By, i.Account, "", i.Ended.Sub(i.Began)}
		if i.Done != nil {
			s.done = i.Done.What
		}
		got[s]++
	}
	for _, w := range want {
		if got[w] != 1 {
			t.Errorf("%+v is there %d times", w, got[w])
		}
	}
	if len(all) != len(want) {
		t.Errorf("%d incidents: %+v", len(all), got)
	}
}

func TestAMonthTellsHowItWentByChannelAccountAndVendor(t *testing.T) {
	h := stopped()
	all, err := report.Incidents(t.Context(), h, time.Time{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	months, err := report.Months(t.Context(), h, all, map[string]string{"sms": "aliyun", "spare": "tencent"}, time.Time{}, now)
	if err != nil || len(months) != 1 {
		t.Fatalf("%+v, %v", months, err)
	}
	// Where a month began after the first was claimed, the messages are looked through.
	zone := time.FixedZone("", -9*60*60-60)
	apart, err := report.Months(t.Context(), h, nil, nil, time.Time{}, now.In(zone))
	if err != nil || len(apart) != 2 || apart[0].Service[0].Tried != 1 {
		t.Errorf("%+v, %v", apart, err)
	}
	m := months[0]
	if m.Month != "2026-11" || m.Incidents != 5 || m.BySystem != 3 || m.Open != 0 || m.Stopped != 39*time.Minute {
		t.Errorf("got %+v", m)
	}
	down := make(map[string]time.Duration)
	for _, s := range m.Service {
		down[s.Of+" "+s.Name] = s.Down
		if s.Span != 24*time.Hour {
			t.Errorf("%s spans %s", s.Name, s.Span)
		}
		if s.Of == "channel" && (s.Tried != 4 || s.Accepted != 2 || s.Unknown != 1) {
			t.Errorf("got %+v", s)
		}
	}
	// The channel was without both of its accounts for the four minutes in which the spare one was left alone as well.
	for name, want := range map[string]time.Duration{
		"account sms": 10 * time.Minute, "account spare": 4 * time.Minute, "vendor aliyun": 10 * time.Minute, "vendor tencent": 4 * time.Minute, "channel sms": 4 * time.Minute,
	} {
		if down[name] != want {
			t.Errorf("%s was down for %s, want %s", name, down[name], want)
		}
	}
}

package view_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"notify/pkg/drill"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/rehearse"
	"notify/pkg/sandbox"
	"notify/pkg/send"
	"notify/pkg/view"
	"notify/pkg/words"
)

func rehearsed() rehearse.Result {
	return rehearse.Result{
		Rehearsal: ledger.Rehearsal{
			Campaign: "award-2020", Digest: "d1", Recipients: 23000, Messages: 46000, Reached: 46000, Rate: 1916.7, Speed: 20, Took: 24 * time.Second,
			Memory: 89 << 20, Faults: map[string]int{"sms throttled": 460, "sms unanswered": 23}, Complete: true,
			At: time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC),
		},
		Counts:   ledger.Counts{ByState: map[message.Channel]map[message.State]int{message.SMS: {message.Accepted: 22977, message.Unknown: 23}, message.Email: {message.Accepted: 23000}}},
		Tally:    sandbox.Tally{SMS: sandbox.Count{Reached: 23000, Unanswered: 23}, Mail: sandbox.Count{Reached: 23000}},
		Accounts: []string{"edm", "sms"}, Lifted: []string{"window", "daily-quotas"},
	}
}

func TestRehearsalLooksTheSame(t *testing.T) {
	for _, d := range devices() {
		var out bytes.Buffer
		if err := view.ShowRehearsal(d.printer(&out), false, view.NewRehearsal(rehearsed(), 8000)); err != nil {
			t.Fatal(err)
		}
		golden(t, "rehearsal-"+d.name+".txt", out.String())
	}
	var out bytes.Buffer
	if err := view.ShowRehearsal(devices()[0].printer(&out), true, view.NewRehearsal(rehearsed(), 8000)); err != nil {
		t.Fatal(err)
	}
	golden(t, "rehearsal.json", out.String())
}

func TestRehearsalThatProvesNothingSaysWhy(t *testing.T) {
	r := rehearsed()
	r.Complete, r.Reached, r.Run.Pause = false, 1115, &send.Pause{Why: "stop-when", Detail: words.T("send.too-many-unknown", words.A{"bad": 3, "n": 200, "share": words.Percent(1), "window": 200})}
	var out bytes.Buffer
	if err := view.ShowRehearsal(&view.Printer{Out: &out}, false, view.NewRehearsal(r, 8000)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"NOT PROVEN  award-2020: 1,115 of 46,000 messages reached the sandbox; it stopped because: 3 of the last 200 messages tried are unknown; the campaign allows 1% of 200"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "next:") {
		t.Errorf("it advises a capacity that was not proven\n%s", out.String())
	}
}

func drilled() drill.Report {
	d, _ := drill.Find("award-2020")
	return drill.Report{
		Drill: d, Stopped: true, Took: 41 * time.Second,
		Lines: []drill.Line{
			{Name: "capacity", Stopped: true, Then: words.T("drill.award-2020.capacity", nil), Now: []drill.Stop{
				{By: words.T("drill.by.check", words.A{"check": "capacity"}), Exit: 3, Said: words.Raw("23,000 / 8,000")},
				{By: words.T("drill.by.rehearse", nil), Exit: 0, Said: words.T("drill.said.proven", words.A{"recipients": words.N(23_000, "recipient"), "rate": words.Rate(3357)})},
			}},
			{Name: "sms-twice", Stopped: true, Then: words.T("drill.award-2020.sms-twice", nil), Now: []drill.Stop{
				{By: words.T("drill.by.ledger", nil), Said: words.T("drill.said.sms-once", words.A{"sms": 23_000, "people": 23_000, "twice": 0})},
			}},
		},
		Steps: []drill.Step{{Command: "notify preflight award.csv", Exit: 3, Took: time.Second}},
		Tally: sandbox.Tally{SMS: sandbox.Count{Reached: 23000}, Mail: sandbox.Count{Reached: 23000}},
	}
}

func TestDrillLooksTheSame(t *testing.T) {
	broke := drilled()
	broke.Stopped, broke.Lines[1].Stopped, broke.Tally.SMS.Twice = false, false, 1294
	for _, d := range devices() {
		var out bytes.Buffer
		for _, r := range []drill.Report{drilled(), broke} {
			if err := view.ShowDrill(d.printer(&out), false, r); err != nil {
				t.Fatal(err)
			}
		}
		if err := view.ShowDrills(d.printer(&out), false, drill.All()); err != nil {
			t.Fatal(err)
		}
		golden(t, "drill-"+d.name+".txt", out.String())
	}
}

func TestDrillAsJSONHasItsFields(t *testing.T) {
	var out bytes.Buffer
	if err := view.ShowDrill(&view.Printer{Out: &out}, true, drilled()); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"schema", "drill", "title", "lines", "steps", "reached", "stopped", "took_ns"} {
		if got[field] == nil {
			t.Errorf("no %s in %s", field, out.String())
		}
	}
	golden(t, "drill.json", out.String())
	if got["schema"] != "notify.drill/1" || got["drill"] != "award-2020" || got["stopped"] != true {
		t.Errorf("got %v", got)
	}
}

package view_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/view"
	"notify/pkg/words"
)

func at(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, zone) }

func money(n int64) *message.Money {
	m := message.Money(n)
	return &m
}

func said(s string) []words.Text { return []words.Text{words.Raw(s)} }

// remedies are ways to one end.
func remedies(ways ...string) []preflight.Remedy {
	var all []preflight.Remedy
	for i, w := range ways {
		all = append(all, preflight.Remedy{Text: words.Raw(w), Or: i > 0})
	}
	return all
}

func stopped() preflight.Result {
	return preflight.Result{
		Schema: preflight.Schema, Campaign: "award-2026", Digest: "4f1c", At: at(20, 10, 0), Verdict: preflight.Fail,
		Counts: map[preflight.Status]int{preflight.Pass: 1, preflight.Warn: 1, preflight.Fail: 1, preflight.Error: 1, preflight.Skip: 1, preflight.NotRun: 1},
		Findings: []preflight.Finding{
			{ID: "list", Group: preflight.GroupList, Title: words.Of("check", "list"), Status: preflight.Pass, Summary: said("23,000 recipients, nothing wrong with any row"), Took: 2},
			{
				ID: "shared", Group: preflight.GroupList, Title: words.Of("check", "shared"), Status: preflight.Warn,
				Summary:  said("2 rows with an own text are told through another row's message"),
				Details:  said("award.xlsx, sheet 获奖名单, row 12, column C 手机号: the phone number is that of row 11"),
				Remedies: remedies("if everybody is to be told, set shared_address: each in the campaign file"),
			},
			{ID: "dedupe", Group: preflight.GroupList, Title: words.Of("check", "dedupe"), Status: preflight.Skip, Summary: said("the campaign has no dedupe_window")},
			{
				ID: "balance", Group: preflight.GroupMoney, Title: words.Of("check", "balance"), Status: preflight.Fail,
				Summary: said("sms-a: 445.50 CNY left pays for 9,900, needs 25,300 segments = 1,138.50 CNY (margin 10%)"),
				Facts: []preflight.Fact{
					{Name: "account.sms-a.balance", Value: message.Money(445_500_000)}, {Name: "account.sms-a.wanted_segments", Value: int64(25300)},
				},
				Remedies: remedies(
					"top up sms-a by at least 693.00 CNY (15,400 segments)",
					"send a smaller part: the first 9,000 recipients, up to row 9001, fit into what is there now: "+
						"notify send award.xlsx --rows 1-9001; the rest later, without --rows",
					"take some of the traffic off sms-a: 14,030 messages to sms-b, which only stands in now",
				),
				Options: []preflight.Option{
					{
						Kind: preflight.OptionTopUp, Text: words.Raw("top up sms-a by at least 693.00 CNY (15,400 segments)"), Enough: true, Account: "sms-a",
						Amount: money(693_000_000), Currency: "CNY", Segments: 15400,
					},
					{
						Kind: preflight.OptionPart, Enough: true, Account: "sms-a", Command: "notify send award.xlsx --rows 1-9001",
						Text: words.Raw("send a smaller part: the first 9,000 recipients, up to row 9001, fit into what is there now: " +
							"notify send award.xlsx --rows 1-9001; the rest later, without --rows"),
						Parts: []preflight.ListPart{{Recipients: 9000, From: 1, To: 9001, Limit: 9000, Command: "notify send award.xlsx --rows 1-9001"}},
					},
					{
						Kind: preflight.OptionAccount, Text: words.Raw("take some of the traffic off sms-a: 14,030 messages to sms-b, which only stands in now"), Enough: true, Account: "sms-b", Channel: message.SMS,
						Shares:   []preflight.ShareOf{{Account: "sms-a", Weight: 39, Messages: 8970, Segments: 8970}, {Account: "sms-b", Weight: 61, Messages: 14030, Segments: 14030}},
						Settings: []preflight.Setting{{Key: "routes.sms.accounts", Value: "[sms-a: 39, sms-b: 61]", Now: "[sms-a: 1]"}},
					},
				},
				Took: 120 * time.Millisecond,
			},
			{
				ID: "quota", Group: preflight.GroupTime, Title: words.Of("check", "quota"), Status: preflight.Error,
				Summary: said("the vendor said:\x1b[2J 500"), Remedies: remedies("run the preflight again"),
				Options: []preflight.Option{{
					Kind: preflight.OptionSpread, Text: words.Raw("run the preflight again"), At: at(21, 9, 0), Bytes: 1,
					Days: []preflight.Day{{Date: "2026-11-20", Messages: 10000}, {Date: "2026-11-21", Messages: 13000}},
				}},
			},
			{ID: "run", Group: preflight.GroupLedger, Title: words.Of("check", "run"), Status: preflight.NotRun, Summary: said("not run: interrupted")},
		},
		Plan: preflight.Summary{
			List: "award.xlsx", Recipients: 23000, Messages: 46000, Segments: 46000, Left: 1000, ToSend: 45000,
			Channels: []preflight.ChannelSummary{
				{Channel: message.SMS, Messages: 23000, Segments: 23000, BySegments: map[int]int{1: 23000}, Left: 1000, ToSend: 22000, SegmentsToSend: 22000},
				{Channel: message.Email, Messages: 23000, Segments: 23000, Subjects: 1000, ToSend: 23000, SegmentsToSend: 23000},
			},
			Accounts: []preflight.AccountSummary{
				{
					Account: "sms-a", Channel: message.SMS, Messages: 22000, Segments: 22000, Price: money(45000), Cost: money(990_000_000),
					Currency: "CNY", Rate: 100, Limit: words.T("preflight.limit.quota", nil), Done: at(22, 9, 1),
					Days: []preflight.Day{{Date: "2026-11-20", Messages: 10000}, {Date: "2026-11-21", Messages: 10000}, {Date: "2026-11-22", Messages: 2000}},
				},
				{
					Account: "公司邮件", Channel: message.Email, Messages: 23000, Segments: 23000, Rate: 50, Limit: words.T("preflight.limit.domain", words.A{"domain": "qq.com"}), Done: at(20, 17, 40),
					Days: []preflight.Day{{Date: "2026-11-20", Messages: 23000}},
				},
			},
			Costs: []preflight.Cost{{Currency: "CNY", Amount: 990_000_000}}, Unpriced: []string{"公司邮件"},
			Start: at(20, 10, 0), Done: at(22, 9, 1),
		},
		Scopes: map[string]string{"list": "1a", "limits": "2b"},
		Terms:  []plan.Term{{Scope: "limits", Name: "price", Of: "sms-a", Value: "0.045 CNY"}},
	}
}

func good() preflight.Result {
	r := stopped()
	r.Verdict = preflight.Pass
	r.Findings = slices.Concat(r.Findings[:1], r.Findings[2:3])
	r.Counts = map[preflight.Status]int{preflight.Pass: 1, preflight.Skip: 1}
	r.Plan.Accounts = r.Plan.Accounts[:1]
	r.Plan.Unpriced = nil
	return r
}

func TestPreflight(t *testing.T) {
	results := map[string]preflight.Result{"fail": stopped(), "pass": good()}
	for name, r := range results {
		for _, d := range devices() {
			t.Run(name+" on a "+d.name, func(t *testing.T) {
				var out bytes.Buffer
				if err := view.NewPreflight(d.printer(&out), false).Result(r); err != nil {
					t.Fatal(err)
				}
				golden(t, "preflight-"+name+"-"+d.name+".txt", out.String())
				if strings.Contains(out.String(), "\x1b[2J") {
					t.Error("an escape sequence from a vendor reached the terminal")
				}
				if d.name != "colour" && strings.Contains(out.String(), "\x1b") {
					t.Error("colours where there should be none")
				}
			})
		}
		t.Run(name+" as JSON", func(t *testing.T) {
			var out bytes.Buffer
			if err := view.NewPreflight(&view.Printer{Out: &out}, true).Result(r); err != nil {
				t.Fatal(err)
			}
			golden(t, "preflight-"+name+".json", out.String())
		})
	}
}

// Scripts are built on these names: one that is renamed is another form, with another number.
func TestPreflightJSONFields(t *testing.T) {
	var out bytes.Buffer
	if err := view.NewPreflight(&view.Printer{Out: &out}, true).Result(stopped()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "{\n  \"schema\": \"notify.preflight/1\"") {
		t.Errorf("the form is not first: %.60s", out.String())
	}
	var all map[string]any
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	check := all["checks"].([]any)[3].(map[string]any)
	options := check["options"].([]any)
	option := func(i int) map[string]any { return options[i].(map[string]any) }
	spread := all["checks"].([]any)[4].(map[string]any)["options"].([]any)[0].(map[string]any)
	planned := all["plan"].(map[string]any)
	for _, c := range []struct {
		name string
		of   map[string]any
		want []string
	}{
		{"result", all, []string{"at", "campaign", "checks", "counts", "digest", "plan", "schema", "scopes", "terms", "verdict"}},
		{"check", check, []string{"facts", "group", "id", "options", "remedies", "status", "summary", "title", "took_ns"}},
		{"top-up", option(0), []string{"account", "amount", "currency", "enough", "kind", "segments", "text"}},
		{"part", option(1), []string{"account", "command", "enough", "kind", "parts", "text"}},
		{"part of the list", option(1)["parts"].([]any)[0].(map[string]any), []string{"command", "from", "limit", "recipients", "to"}},
		{"account that helps", option(2), []string{"account", "channel", "enough", "kind", "settings", "shares", "text"}},
		{"share", option(2)["shares"].([]any)[0].(map[string]any), []string{"account", "messages", "segments", "weight"}},
		{"setting", option(2)["settings"].([]any)[0].(map[string]any), []string{"key", "now", "value"}},
		{"spread", spread, []string{"at", "bytes", "days", "enough", "kind", "text"}},
		{"plan", planned, []string{
			"accounts", "channels", "costs", "done", "duplicates", "hidden", "left", "list", "messages", "people", "recipients", "segments",
			"start", "to_send", "unpriced",
		}},
		{"channel", planned["channels"].([]any)[0].(map[string]any), []string{
			"by_segments", "channel", "left", "messages", "segments", "segments_to_send", "to_send",
		}},
		{"account", planned["accounts"].([]any)[0].(map[string]any), []string{
			"account", "channel", "cost", "currency", "days", "done", "limit", "messages", "price", "rate", "segments",
		}},
	} {
		var got []string
		for k := range c.of {
			got = append(got, k)
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("fields of a %s: %s", c.name, diff)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*preflight.Result)
		want   []string
	}{
		{"a pass names the next command", func(*preflight.Result) {}, []string{"PASS", "1 of 2 checks passed", "notify send award.xlsx"}},
		{
			"a warning asks to be read", func(r *preflight.Result) {
				r.Verdict, r.Findings = preflight.Warn, append(r.Findings, stopped().Findings[1])
			},
			[]string{"WARN", "1 of 3 checks warns: shared", "read the warnings"},
		},
		{
			"what nobody looked at is counted", func(r *preflight.Result) {
				r.Verdict = preflight.Warn
				r.Findings = append(r.Findings, stopped().Findings[1])
				for _, id := range []string{"spf", "dkim", "dmarc", "mx", "ptr"} {
					r.Findings = append(r.Findings, preflight.Finding{ID: id, Status: preflight.NotLooked, Summary: said("not asked")})
				}
			},
			[]string{"WARN", "1 of 8 checks warns: shared; 5 were not looked at: spf, dkim, dmarc, mx and 1 more", "read the warnings"},
		},
		{"offline is not all", func(r *preflight.Result) { r.Verdict = preflight.Warn }, []string{"WARN", "left out", "--offline"}},
		{
			"figures that do not add up are not shown", func(r *preflight.Result) {
				r.Verdict, r.Findings = preflight.Fail, append(r.Findings, stopped().Findings[3])
				r.Plan.Left, r.Plan.ToSend, r.Plan.Unknown = 0, 0, words.Raw("the ledger is damaged")
			},
			[]string{"23,000 recipients; 46,000 messages\nthe ledger is damaged\nverdict\tFAIL"},
		},
		{
			"all sent before", func(r *preflight.Result) { r.Plan.Left, r.Plan.ToSend = 46000, 0 },
			[]string{"nothing is left to send", "PASS", "notify status award-2026"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good()
			c.change(&r)
			var out bytes.Buffer
			if err := view.NewPreflight(&view.Printer{Out: &out, Zone: zone}, false).Result(r); err != nil {
				t.Fatal(err)
			}
			rest := out.String()
			for _, w := range c.want {
				i := strings.Index(rest, w)
				if i < 0 {
					t.Fatalf("%q is missing in %s", w, out.String())
				}
				rest = rest[i:]
			}
		})
	}
}

func TestPreview(t *testing.T) {
	v := view.Preview{
		List: "award.xlsx", Row: 12, Recipient: "E0042",
		Short: []view.PreviewShort{{Channel: message.SMS, To: "+8610000000042", Text: "【示例】王芳，您获得了年终奖。\n回复T退订", Characters: 22, Segments: 1, Rule: "mainland"}},
		Mails: []view.PreviewMail{{
			Channel: message.Email,
			To:      "wang@example.test", From: "Awards <award@edm.example.test>", Subject: "王芳, your award", Text: "Dear 王芳,\n\nyou won.\x1b[31m\n",
			HTMLBytes: 2048, Attachments: []view.PreviewFile{{Name: "rules.pdf", Bytes: 30 << 10}},
		}},
		Problems: []string{"row 12 has no second address"},
	}
	for _, d := range devices() {
		t.Run(d.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := view.ShowPreview(d.printer(&out), false, v); err != nil {
				t.Fatal(err)
			}
			golden(t, "preview-"+d.name+".txt", out.String())
		})
	}
	var out bytes.Buffer
	if err := view.ShowPreview(&view.Printer{Out: &out}, true, v); err != nil {
		t.Fatal(err)
	}
	golden(t, "preview.json", out.String())
}

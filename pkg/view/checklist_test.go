package view_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/ledger"
	"notify/pkg/preflight"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"

	"github.com/google/go-cmp/cmp"
)

func signedBy(name, item string) checklist.Signature {
	return checklist.Signature{Item: item, Role: "product", Name: name, Who: name + "@ops-1", At: at(20, 9, 30), Digest: "4f1c", Checked: at(20, 9, 0)}
}

// awarded is a checklist on which everything has happened.
func awarded() *checklist.State {
	law := signedBy("刘洋", "law-checked")
	law.Evidence = &checklist.Proof{Kind: checklist.FileEvidence, Name: "approval.pdf", SHA256: strings.Repeat("ab", 32), Bytes: 9, Note: "by mail\x1b[2J"}
	return &checklist.State{
		Name: "award-notice", Title: checklist.Text{EN: "An award", ZH: "获奖通知"}, Digest: "4f1c",
		Lines: []checklist.Line{
			{
				Item:   checklist.Item{ID: "list", Title: checklist.Text{EN: "Every row can be used", ZH: "名单可用"}, Why: checklist.Text{EN: "People are missed.", ZH: "会漏发。"}, Phase: checklist.Before, Role: "operations", Check: "list"},
				Status: checklist.Proven, Found: checklist.Proven, Said: said("23,000 recipients"),
			},
			{
				Item:   checklist.Item{ID: "balance", Title: checklist.Text{EN: "The balance pays for it", ZH: "余额够"}, Why: checklist.Text{EN: "It was found by chance.", ZH: "是碰巧发现的。"}, Phase: checklist.Before, Role: "finance", Check: "balance"},
				Status: checklist.Failed, Found: checklist.Failed, Said: said("445.50 CNY left"),
			},
			{
				Item:   checklist.Item{ID: "texts-read", Title: checklist.Text{EN: "The texts were read", ZH: "已读内容"}, Why: checklist.Text{EN: "A wrong amount cannot be taken back.", ZH: "金额写错收不回来。"}, Phase: checklist.Before, Role: "product", People: 2},
				Status: checklist.Lapsed, Signatures: []checklist.Signature{signedBy("li", "texts-read")},
				Lapses: []checklist.Lapse{{Signature: signedBy("zhao", "texts-read"), Why: words.Raw("lapsed: the list changed (recipients: 22,999 → 23,000)")}},
			},
			{
				Item:   checklist.Item{ID: "law-checked", Title: checklist.Text{EN: "It is lawful <b>", ZH: "合法"}, Why: checklist.Text{EN: "A promise binds.", ZH: "承诺必须兑现。"}, Phase: checklist.Before, Role: "legal", People: 1, Evidence: checklist.AnyEvidence},
				Status: checklist.Signed, Signatures: []checklist.Signature{law},
			},
			{
				Item:   checklist.Item{ID: "watched", Title: checklist.Text{EN: "Somebody watches", ZH: "有人盯住"}, Why: checklist.Text{EN: "Faults were found by people.", ZH: "故障是人发现的。"}, Phase: checklist.During, Role: "operations", People: 1, Evidence: checklist.NoteEvidence},
				Status: checklist.Missing,
			},
			{
				Item:   checklist.Item{ID: "bill-agrees", Title: checklist.Text{EN: "The bill agrees", ZH: "账单一致"}, Why: checklist.Text{EN: "Nobody compared.", ZH: "没有人核对。"}, Phase: checklist.After, Role: "audit", People: 1},
				Status: checklist.Missing,
			},
		},
	}
}

func shownChecklist() view.Checklist {
	return view.Checklist{
		Campaign: "award-2026", List: "award.xlsx", Checked: at(20, 10, 0), Verdict: preflight.Fail, State: awarded(),
		People: map[string][]string{"product": {"li", "zhao"}, "operations": {"wang"}, "legal": {"刘洋"}},
	}
}

func TestChecklist(t *testing.T) {
	for _, d := range devices() {
		t.Run(d.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := view.ShowChecklist(d.printer(&out), false, shownChecklist()); err != nil {
				t.Fatal(err)
			}
			golden(t, "checklist-"+d.name+".txt", out.String())
			if strings.Contains(out.String(), "\x1b[2J") {
				t.Error("an escape sequence from a note reached the terminal")
			}
		})
	}
	var out bytes.Buffer
	if err := view.ShowChecklist(&view.Printer{Out: &out}, true, shownChecklist()); err != nil {
		t.Fatal(err)
	}
	golden(t, "checklist.json", out.String())
}

// Where all have signed, what is next is the preflight as long as a check stops it that no signature mends.
func TestAChecklistThatIsSignedIsNoPreflight(t *testing.T) {
	v := shownChecklist()
	v.State = &checklist.State{Lines: v.State.Lines[:0]}
	for fails, want := range map[bool][2]string{
		false: {"nothing is missing before the campaign: notify send award.xlsx", "DONE\t"},
		true:  {"no signature is missing before the campaign, but that preflight has a FAIL: notify preflight award.xlsx", "OPEN\t"},
	} {
		v.Fails = fails
		var out bytes.Buffer
		if err := view.ShowChecklist(&view.Printer{Out: &out}, false, v); err != nil || !strings.Contains(out.String(), want[1]+want[0]) {
			t.Errorf("%q, %v, want %q", out.String(), err, want)
		}
		if said := view.Signed(v, "texts-read", "li").String(); !strings.HasSuffix(said, want[0]) {
			t.Errorf("%q, want %q", said, want[0])
		}
	}
}

func TestChecklistInChinese(t *testing.T) {
	var out bytes.Buffer
	if err := view.ShowChecklist(&view.Printer{Out: &out, Lang: "zh"}, false, shownChecklist()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "MISSING\tduring\twatched\toperations\t有人盯住\n") {
		t.Errorf("no Chinese titles in %s", out.String())
	}
}

// Scripts are built on these names.
func TestChecklistJSONFields(t *testing.T) {
	var out bytes.Buffer
	if err := view.ShowChecklist(&view.Printer{Out: &out}, true, shownChecklist()); err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	items := all["checklist"].(map[string]any)["items"].([]any)
	for _, c := range []struct {
		name string
		of   any
		want []string
	}{
		{"checklist", all, []string{"campaign", "checked", "checklist", "list", "people", "schema", "verdict"}},
		{"check", items[1], []string{"check", "found", "id", "phase", "role", "said", "status", "title", "why"}},
		{"signed item", items[2], []string{"id", "lapses", "people", "phase", "role", "signatures", "status", "title", "why"}},
		{"signature", items[3].(map[string]any)["signatures"].([]any)[0], []string{"at", "checked", "digest", "evidence", "item", "name", "role", "scopes", "who"}},
	} {
		var got []string
		for k := range c.of.(map[string]any) {
			got = append(got, k)
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("fields of a %s: %s", c.name, diff)
		}
	}
}

func TestTheListsThatThereAre(t *testing.T) {
	c := awarded().Checklist()
	var out bytes.Buffer
	p := &view.Printer{Out: &out}
	if err := view.ShowChecklists(p, false, []*checklist.Checklist{c}); err != nil {
		t.Fatal(err)
	}
	if err := view.ShowItems(p, false, c); err != nil {
		t.Fatal(err)
	}
	golden(t, "checklists-pipe.txt", out.String())
}

func TestWhatIsAskedBeforeASignature(t *testing.T) {
	v := shownChecklist()
	v.Fails = true
	got := view.SignQuestion(&view.Printer{Zone: zone}, v, &v.State.Lines[2].Item, "zhao")
	want := "The texts were read\n(A wrong amount cannot be taken back.)\nzhao signs this for product: campaign award-2026, list award.xlsx, " +
		"as the preflight of 2026-11-20 10:00 +08:00 saw it.\nThe preflight still has a FAIL: it is not sent before that is mended, and your signature stays.\n" +
		"Type texts-read to sign: "
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := view.Signed(v, "texts-read", "zhao").String(); got != "zhao has signed texts-read of award-2026; still open before the campaign: balance, texts-read" {
		t.Errorf("it says %q", got)
	}
	v.State.Lines, v.Fails = v.State.Lines[:1], false
	if got := view.Signed(v, "list", "zhao").String(); !strings.HasSuffix(got, "notify send award.xlsx") {
		t.Errorf("it says %q", got)
	}
}

// overridden is a preflight that goes on in spite of the balance, compared with the one that was signed.
func overridden(t *testing.T) preflight.Result {
	t.Helper()
	r := stopped()
	r.Findings = slices.Concat(r.Findings[:2], r.Findings[3:4])
	r.Checklist = awarded()
	if used, err := r.Override("balance", preflight.Override{Who: "zhang (ops@ops-1)", Reason: "topped up <by phone>"}); !used || err != nil {
		t.Fatalf("the override is %v, %v", used, err)
	}
	r.Since = &preflight.Since{At: at(20, 9, 0), Digest: "4f1c", Changes: said("balance: PASS → FAIL: sms-a: 445.50 CNY left")}
	return r
}

func TestAnOverrideAndWhatChangedAreShown(t *testing.T) {
	for _, d := range append(devices()[:2], devices()[4:6]...) {
		var out bytes.Buffer
		if err := view.NewPreflight(d.printer(&out), false).Result(overridden(t)); err != nil {
			t.Fatal(err)
		}
		golden(t, "preflight-overridden-"+d.name+".txt", out.String())
	}
}

func TestThePageForThoseWhoSign(t *testing.T) {
	signed := stopped()
	signed.Checklist = awarded()
	for name, r := range map[string]preflight.Result{"fail": signed, "pass": good(), "overridden": overridden(t)} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := view.PreflightPage(&out, r, view.Page{Zone: zone, Language: "zh", People: shownChecklist().People}); err != nil {
				t.Fatal(err)
			}
			golden(t, "preflight-"+name+".html", out.String())
			for _, bad := range []string{"<script", "\x1b", "<b>", "<by phone>", "http://", "https://", "ZgotmplZ"} {
				if strings.Contains(out.String(), bad) {
					t.Errorf("the page has %q", bad)
				}
			}
		})
	}
}

func TestWhatIsDueLaterStandsInStatusAndReport(t *testing.T) {
	var out bytes.Buffer
	p := &view.Printer{Out: &out, Zone: zone}
	if err := view.ShowStatus(p, false, []report.Status{{Campaign: "award-2026", State: "running", Checklist: awarded(), Staged: time.Time{}}}); err != nil {
		t.Fatal(err)
	}
	r := &report.Report{
		Campaign: "award-2026", Checklist: awarded(),
		Overrides: []ledger.AuditEntry{{Act: ledger.Act{Who: "ops@ops-1", What: "override balance", Reason: "topped up", At: at(20, 10, 0)}, Campaign: "award-2026"}},
	}
	if err := view.ShowReport(p, false, r); err != nil {
		t.Fatal(err)
	}
	golden(t, "checklist-later-pipe.txt", out.String())
	if strings.Contains(strings.SplitN(out.String(), "checklist award-notice", 2)[0], "texts-read") {
		t.Error("the status shows what was due before the campaign")
	}
}

func TestListsAndItemsAsJSON(t *testing.T) {
	list := &checklist.Checklist{Name: "ours", Title: checklist.Text{ZH: "我们的清单"}}
	for _, l := range shownChecklist().State.Lines {
		list.Items = append(list.Items, l.Item)
	}
	for name, show := range map[string]func(p *view.Printer) error{
		"checklists.json":      func(p *view.Printer) error { return view.ShowChecklists(p, true, []*checklist.Checklist{list}) },
		"checklist-items.json": func(p *view.Printer) error { return view.ShowItems(p, true, list) },
	} {
		var out bytes.Buffer
		if err := show(&view.Printer{Out: &out}); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.String())
	}
}

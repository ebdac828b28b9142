package plan_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/list"
	"notify/pkg/option"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// signable is an installation and a campaign as files, so that a test can change one word of one of them.
func signable() map[string]string {
	return map[string]string{
		"notify.yaml": `environment: production
capacity: {recipients: 30000}
accounts:
  sms:
    vendor: http
    class: notice
    rate: 100/s
    burst: 5
    daily_quota: 1000
    price: 0.045
    currency: CNY
    budget: {day: 100, month: 1000}
    endpoint: https://sms.example.test/v1?token=a
    options: {sign_name: 示例}
  spare: {vendor: http, class: notice, rate: 10/s, endpoint: "https://spare.example.test"}
  edm:
    vendor: smtp
    class: notice
    rate: 50/s
    domain_rate: {default: 20/s, qq.test: 5/s}
    options: {address: "mail.example.test:25"}
routes:
  sms: {accounts: [sms: 80, spare: 20]}
  email: {accounts: [edm]}
`,
		"award.yaml": `name: award-2020
owner: Operations Wang
class: notice
expect: 2
channels:
  sms: {text: sms.txt}
  email: {from: "award@edm.example.test", subject: "{{name}}, your award", text: mail.txt}
window: {from: "09:00", to: "20:00"}
deadline: 2020-01-02T18:00:00+08:00
stop_when: {failed: 5%}
budget: 2000
checklist: award-notice
dedupe_window: 72h
`,
		"sms.txt": "{{name}}, you won.\n", "mail.txt": "Dear {{name}},\n\nyou won.\n",
		"award.csv": "key,name,phone,email\nE1,Wang,+8613490000001,wang@example.test\nE2,Li,+8613490000002,li@qq.test\n",
	}
}

// kinds are two kinds of vendor, as adapters declare them.
func kinds() option.Kinds {
	return option.Kinds{
		"http": func(map[string]any, string) option.Set {
			return option.Set{{Name: "sign_name", Role: option.Signature}, {Name: "region"}, {Name: "token", Secret: true}}
		},
		"smtp": func(map[string]any, string) option.Set {
			return option.Set{{Name: "address", Role: option.Server}, {Name: "dsn", Tuning: true}}
		},
	}
}

// frozen plans the campaign of the files.
func frozen(t *testing.T, files map[string]string) (*plan.Plan, []plan.Term) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(config.LoadOptions{Dir: dir, Vendors: kinds()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := campaign.Load(filepath.Join(dir, "award.yaml"), cfg.Timezone, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := list.Open(t.Context(), filepath.Join(dir, "award.csv"), list.Options{Country: cfg.Country, Need: c.Channels()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, err := plan.Make(t.Context(), plan.Inputs{Config: cfg, Campaign: c, List: r, TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p, plan.Terms(cfg, p)
}

func TestATemplateIsSignedWhole(t *testing.T) {
	files := signable()
	files["award.yaml"] = strings.Replace(files["award.yaml"], "text: sms.txt", "template: award", 1)
	files["templates/award.yaml"] = "owner: Li\nteam: product\nclass: notice\ntext: \"{{name}}, you won.\"\nvariables: {name: {max: 10}}\ncodes: {sms: {code: SMS_1}}\n"
	before, terms := frozen(t, files)
	for _, c := range [][3]string{
		{"you won", "you lost", "text of sms"},
		{"SMS_1", "SMS_2", "template codes of sms: sms=SMS_1 → sms=SMS_2"},
		{"max: 10", "max: 11", "values of the template of sms: name text 10 → name text 11"},
		{"max: 10", "max: 10, as: n", "template variables of sms: none → name=n"},
		{"owner: Li", "owner: Mo", "owner of the template of sms: Li product → Mo product"},
		{"owner: Li", "id: prize\nowner: Li", "template of sms: award → prize"},
	} {
		other := maps.Clone(files)
		other["templates/award.yaml"] = strings.Replace(files["templates/award.yaml"], c[0], c[1], 1)
		after, now := frozen(t, other)
		if got := words.Joined(words.Sentences, plan.Differences("texts", terms, now)...).String(); got != c[2] || after.Digests.Texts == before.Digests.Texts {
			t.Errorf("%s → %s: %q", c[0], c[1], got)
		}
	}
}

// digestPattern is a digest, which stands where the value itself may be a secret.
var digestPattern = regexp.MustCompile(`\([0-9a-f]{8}\)`)

func TestWhatChangedIsSaidByName(t *testing.T) {
	before, terms := frozen(t, signable())
	for _, c := range []struct{ name, file, from, to, part, says string }{
		{"a cell of the list", "award.csv", "Wang", "Wong", "list", "row 2"},
		{"a row more", "award.csv", "E2", "E3,Mo,+8613490000003,mo@qq.test\nE2", "list", "recipients: 2 → 3; 2 rows: 3–4; messages by sms: 2 → 3; messages by email: 2 → 3"},
		{"the SMS", "sms.txt", "won", "lost", "texts", "text of sms"},
		{"the mail", "mail.txt", "won", "lost", "texts", "text of email"},
		{"the subject", "award.yaml", "your award", "the award", "texts", "subject of email: {{name}}, your award → {{name}}, the award"},
		{"the sender", "award.yaml", "award@edm", "prize@edm", "texts", "sender of email: award@edm.example.test → prize@edm.example.test"},
		{"the owner", "award.yaml", "Operations Wang", "Li", "campaign", "owner: Operations Wang → Li"},
		{"the window", "award.yaml", "20:00", "21:30", "campaign", "window: 09:00–20:00 → 09:00–21:30"},
		{"the deadline", "award.yaml", "02T18", "03T18", "campaign", "deadline: 2020-01-02T18:00:00+08:00 → 2020-01-03T18:00:00+08:00"},
		{"when it stops", "award.yaml", "5%", "6%", "campaign", "stop_when.failed: 5% → 6%"},
		{"the campaign's budget", "award.yaml", "budget: 2000\n", "", "campaign", "budget: 2000.00 → none"},
		{"the checklist", "award.yaml", "checklist: award-notice\n", "", "campaign", "checklist: award-notice → none"},
		{"the time told lately", "award.yaml", "dedupe_window: 72h", "dedupe_window: 72h\ntold_lately: 1d", "campaign", "told_lately: 168h → 24h"},
		{"the dedupe window", "award.yaml", "72h", "24h", "campaign", "dedupe_window: 72h → 24h"},
		{"the expected count", "award.yaml", "expect: 2", "expect: 3", "campaign", "expect: 2 → 3"},
		{"the endpoint's secret part", "notify.yaml", "token=a", "token=b", "accounts", "endpoint of sms: https://sms.example.test/v1 (…) → https://sms.example.test/v1 (…)"},
		{"the vendor", "notify.yaml", "spare: {vendor: http", "spare: {vendor: smtp", "accounts", "vendor of spare: http → smtp"},
		{"the signature", "notify.yaml", "示例", "样例", "accounts", "signature of sms: 示例 → 样例"},
		{"the price", "notify.yaml", "0.045", "0.05", "limits", "price of sms: 0.045 CNY → 0.05 CNY"},
		{"the rate", "notify.yaml", "rate: 100/s", "rate: 90/s", "limits", "rate of sms: 100/s → 90/s"},
		{"the burst", "notify.yaml", "burst: 5", "burst: 6", "limits", "burst of sms: 5 → 6"},
		{"the quota", "notify.yaml", "daily_quota: 1000", "daily_quota: 2000", "limits", "daily quota of sms: 1000 → 2000"},
		{"the day's budget", "notify.yaml", "day: 100", "day: 200", "limits", "budget of the day of sms: 100.00 → 200.00"},
		{"the month's budget", "notify.yaml", "month: 1000", "month: 900", "limits", "budget of the month of sms: 1000.00 → 900.00"},
		{"a domain's rate", "notify.yaml", "qq.test: 5/s", "qq.test: 6/s", "limits", "rate of edm to qq.test: 5/s → 6/s"},
		{"a domain", "notify.yaml", ", qq.test: 5/s", "", "limits", "rate of edm to qq.test: gone"},
		{"the weights", "notify.yaml", "sms: 80", "sms: 70", "limits", "weights for sms: sms 80, spare 20 → sms 70, spare 20"},
		{"the server", "notify.yaml", "mail.example", "mx.example", "accounts", "way out of edm: address=mail.example.test:25 → address=mx.example.test:25"},
		{"an option that is public", "notify.yaml", "sign_name: 示例", "sign_name: 示例, region: eu", "accounts", "way out of sms: none → region=eu"},
		{"the capacity", "notify.yaml", "30000", "40000", "limits", "design capacity: 30000 → 40000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := signable()
			if !strings.Contains(files[c.file], c.from) {
				t.Fatalf("%s has no %q", c.file, c.from)
			}
			files[c.file] = strings.Replace(files[c.file], c.from, c.to, 1)
			after, changed := frozen(t, files)
			if after.Digest == before.Digest {
				t.Error("the digest is the same")
			}
			for part, was := range before.Digests.Scopes() {
				says := words.Joined(words.Sentences, plan.Differences(part, terms, changed)...).String()
				if same := after.Digests.Scopes()[part] == was; same == (part == c.part) {
					t.Errorf("part %s: same is %v", part, same)
				}
				want := ""
				if part == c.part {
					want = c.says
				}
				if diff := cmp.Diff(want, digestPattern.ReplaceAllString(says, "(…)")); diff != "" {
					t.Errorf("part %s: %s", part, diff)
				}
			}
		})
	}
}

func TestEveryTermHasAName(t *testing.T) {
	_, terms := frozen(t, signable())
	for _, term := range terms {
		said := term.Says()
		if en := said.String(); strings.Contains(en, "term.") || !strings.Contains(en, term.Of) || !strings.Contains(en, term.To) {
			t.Errorf("%+v is called %q", term, en)
		}
		zh := words.Printer{Lang: words.Chinese}.Say(said)
		if !strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) && !slices.Contains([]string{"stop-failed", "stop-unknown", "stop-window"}, term.Name) {
			t.Errorf("%+v is called %q in Chinese", term, zh)
		}
	}
}

func TestWhatIsNotSignedDoesNotChangeThePlan(t *testing.T) {
	before, _ := frozen(t, signable())
	for _, c := range []struct{ name, file, from, to string }{
		{"the name of a text's file", "award.yaml", "sms.txt", "other.txt"},
		{"a secret", "notify.yaml", "sign_name: 示例", "sign_name: 示例, token: file:sms.txt"},
		{"an option about speed", "notify.yaml", "test:25\"", "test:25\", dsn: true"},
		{"a low balance line", "notify.yaml", "    burst: 5\n", "    burst: 5\n    low_balance: 10\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := signable()
			files["other.txt"] = files["sms.txt"]
			files[c.file] = strings.Replace(files[c.file], c.from, c.to, 1)
			after, _ := frozen(t, files)
			if after.Digest != before.Digest {
				t.Errorf("the digest changed: %v to %v", before.Digests, after.Digests)
			}
		})
	}
}

package campaign_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/template"
)

const approved = `id: prize
owner: Li
team: product
class: notice
text: "{{姓名}}，恭喜。"
variables:
  姓名: {kind: name, max: 10, as: name}
codes:
  sms: {code: SMS_1, state: approved}
  sms-backup: {state: pending}
`

// templated loads a campaign that has this below sms:, with two templates beside it, one of them broken.
func templated(t *testing.T, sms, class, award string) (*campaign.Campaign, error) {
	t.Helper()
	dir := write(t, map[string]string{
		"a.yaml": "name: a\nowner: W\nclass: " + class + "\nchannels:\n  sms:\n    " + sms + "\n", "a.txt": "x",
		"templates/award.yaml": award, "templates/broken.yaml": "owner: W\n", "templates/notes.txt": "x",
	})
	c, err := campaign.Load(filepath.Join(dir, "a.yaml"), time.UTC, nil)
	return c, relative(err, dir)
}

func TestATemplateSaysWhatACampaignSends(t *testing.T) {
	for _, name := range []string{"award", "prize"} { // by its file, and by its id
		c, err := templated(t, "template: "+name, "notice", approved)
		if err != nil {
			t.Fatal(err)
		}
		s := c.Texts.Short(message.SMS)
		if s.Text != "{{姓名}}，恭喜。" || s.Template.Owner != "Li" || s.Template.Team != "product" {
			t.Errorf("%+v", s)
		}
		if d := cmp.Diff(map[string]string{"sms": "SMS_1"}, s.TemplateCode); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(map[string]string{"姓名": "name"}, s.TemplateVars); d != "" {
			t.Error(d)
		}
		if v := s.Variable("姓名"); v.Kind != template.Name || v.Max != 10 {
			t.Errorf("%+v", v)
		}
		if !slices.ContainsFunc(c.Files, func(f string) bool { return strings.HasSuffix(f, filepath.Join("templates", "award.yaml")) }) {
			t.Errorf("what was read: %v", c.Files)
		}
		if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].String(), "line 6, channels.sms.template: the template prize is pending at sms-backup") {
			t.Errorf("%v", c.Warnings)
		}
	}
}

func TestATemplateThatCannotBeTaken(t *testing.T) {
	for name, c := range map[string]struct{ sms, class, award, place, says, hint string }{
		"a name that is nearly right": {"template: awrad", "notice", approved, "a.yaml, line 6, channels.sms.template", "no template awrad", "did you mean award?"},
		"a name that is none":         {"template: 7", "notice", approved, "a.yaml, line 6, channels.sms.template", "no template 7", "award, broken, prize"},
		"a way out of the folder":     {"template: ../a", "notice", approved, "a.yaml, line 6, channels.sms.template", "no template ../a", "award, broken, prize"},
		"no name":                     {"template:", "notice", approved, "a.yaml, line 6, channels.sms.template", "template is not set", "templates/award.yaml"},
		"another class":               {"template: award", "marketing", approved, "a.yaml, line 6, channels.sms.template", "for class notice, the campaign is of class marketing", "campaign's class"},
		"a text beside it":            {"template: award\n    text: a.txt", "notice", approved, "a.yaml, line 7, channels.sms.text", "a template is named, and text beside it", "keep one"},
		"codes beside it":             {"template: award\n    template_code: {sms: S}", "notice", approved, "a.yaml, line 7, channels.sms.template_code", "and template_code beside it", "keep one"},
		"names beside it":             {"template_vars: {a: b}\n    template: award", "notice", approved, "a.yaml, line 6, channels.sms.template_vars", "and template_vars beside it", "keep one"},
		"a broken template":           {"template: award", "notice", strings.Replace(approved, "owner: Li\n", "", 1), filepath.Join("templates", "award.yaml") + ", line 1, owner", "owner is missing", "says its owner"},
		"a key that is none":          {"template: award\n    test: a.txt", "notice", approved, "a.yaml, line 7, channels.sms.test", "not known", "did you mean text?"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := templated(t, c.sms, c.class, c.award)
			got := slices.DeleteFunc(problems(t, err), func(p diag.Problem) bool { return !p.Stops() })
			if len(got) != 1 {
				t.Fatalf("%d problems: %v", len(got), got)
			}
			p := got[0]
			if p.Place.String() != c.place || !strings.Contains(p.Summary.String(), c.says) || !strings.Contains(p.Hint.String(), c.hint) {
				t.Errorf("%s: %s; %s", p.Place.String(), p.Summary.String(), p.Hint.String())
			}
		})
	}
}

func TestWithoutAFolderOfTemplatesThatIsSaid(t *testing.T) {
	_, err := loadText(t, nil, strings.Replace(minimal, "text: a.txt", "template: award", 1))
	if got := problems(t, err); len(got) != 1 || !strings.Contains(got[0].String(), "channels.sms.template") || !strings.Contains(got[0].String(), "templates") {
		t.Errorf("%v", got)
	}
}

func TestThereMustBeSomethingToSpread(t *testing.T) {
	c, err := loadWith(t, nil, "order: spread")
	if err != nil || c.Order != campaign.OrderSpread || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].String(), "nothing to spread") {
		t.Errorf("%v, %v", c, err)
	}
	if c, err = loadWith(t, nil, "order: list"); err != nil || c.Order != campaign.OrderList || len(c.Warnings) != 0 {
		t.Errorf("%v, %v", c, err)
	}
}

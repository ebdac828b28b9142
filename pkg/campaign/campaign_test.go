package campaign_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

// write puts files into a new folder and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const whole = `
name: award-2020
owner: Operations Wang
team: operations
class: notice
environment: production
expect: 23000
list:
  sheet: 获奖名单
  columns: {key: 工号, name: 姓名, phone: 手机号, email: 邮箱}
channels:
  sms:   {text: award.sms.txt, template_code: {sms-marketing: SMS_1234}}
  email:
    from: "Awards <award@edm.example.com>"
    reply_to: hr@example.com
    subject: "{{姓名}}, your award"
    text: texts/award.txt
    html: texts/award.html
    headers: {list-unsubscribe: "<https://example.com/u/{{工号}}>"}
    attachments: [map.pdf, {file: map.pdf, name: 地图.pdf}]
window: {from: "09:00", to: "24:00"}
deadline: 2020-01-02 18:00
stop_when: {failed: 5%, unknown: 0.01}
checklist: award-notice
shared_address: fold
dedupe_window: 3d
told_lately: 14d
budget: 1035.123456
`

func TestTheWholeFile(t *testing.T) {
	dir := write(t, map[string]string{
		"award.yaml": whole, "award.sms.txt": "{{姓名}}，恭喜\r\n", "texts/award.txt": "\ufeffDear {{姓名}}", "texts/award.html": "<p>{{姓名}}</p>",
		"map.pdf": "%PDF",
	})
	zone := time.FixedZone("CST", 8*3600)
	got, err := campaign.Load(filepath.Join(dir, "award.yaml"), zone, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	want := &campaign.Campaign{
		Path:  in("award.yaml"),
		Files: []string{in("award.sms.txt"), in("texts/award.txt"), in("texts/award.html"), in("map.pdf"), in("map.pdf"), in("award.yaml")},
		Name:  "award-2020", Owner: "Operations Wang", Team: "operations", Class: "notice",
		Environment: "production", Expect: 23000,
		List: campaign.ListOptions{Sheet: "获奖名单", Columns: map[string]string{"key": "工号", "name": "姓名", "phone": "手机号", "email": "邮箱"}},
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{
			File: filepath.Join(dir, "award.sms.txt"), Text: "{{姓名}}，恭喜\r\n", TemplateCode: map[string]string{"sms-marketing": "SMS_1234"},
		}}, {Channel: message.Email, Mail: &campaign.Mail{
			From: "Awards <award@edm.example.com>", ReplyTo: "hr@example.com", Subject: "{{姓名}}, your award",
			TextFile: filepath.Join(dir, "texts", "award.txt"), HTMLFile: filepath.Join(dir, "texts", "award.html"),
			Text: "Dear {{姓名}}", HTML: "<p>{{姓名}}</p>",
			Headers: map[string]string{"List-Unsubscribe": "<https://example.com/u/{{工号}}>"},
			Attachments: []message.Attachment{
				{Name: "map.pdf", Type: "application/pdf", Data: []byte("%PDF")},
				{Name: "地图.pdf", Type: "application/pdf", Data: []byte("%PDF")},
			},
		}}},
		Window:   campaign.Window{From: 9 * time.Hour, To: 24 * time.Hour},
		Deadline: time.Date(2020, 1, 2, 18, 0, 0, 0, zone),
		StopWhen: campaign.StopWhen{Failed: 0.05, Unknown: 0.01, Window: 200},
		Budget:   1035_123456, Checklist: "award-notice", Shared: "fold", DedupeWindow: 72 * time.Hour, ToldLately: 14 * 24 * time.Hour,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotSaidHasItsDefault(t *testing.T) {
	dir := write(t, map[string]string{
		"a.yml": "name: 年终奖\nowner: W\nclass: marketing\nchannels: {sms: {text: a.txt}}\n", "a.txt": "x",
	})
	path, err := campaign.Find(filepath.Join(dir, "a.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := campaign.Load(path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &campaign.Campaign{
		Path: filepath.Join(dir, "a.yml"), Files: []string{filepath.Join(dir, "a.txt"), filepath.Join(dir, "a.yml")}, Name: "年终奖", Owner: "W", Class: "marketing", Shared: campaign.SharedRefuse, ToldLately: 7 * 24 * time.Hour,
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{File: filepath.Join(dir, "a.txt"), Text: "x"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]message.Channel{message.SMS}, got.Channels()); diff != "" {
		t.Error(diff)
	}
}

func TestAListWithoutACampaign(t *testing.T) {
	_, err := campaign.Find(filepath.Join(t.TempDir(), "award.xlsx"))
	p := problems(t, err)[0]
	if !strings.HasSuffix(p.Place.File, "award.yaml") || !strings.Contains(p.Hint.String(), "--campaign") {
		t.Errorf("the problem is %v", p)
	}
}

func TestDeadlines(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	want := time.Date(2020, 1, 2, 18, 0, 0, 0, zone)
	for _, s := range []string{
		"2020-01-02T18:00:00+08:00", "2020-01-02T10:00:00Z", `"2020-01-02 18:00"`, "2020-01-02 18:00:00", "2020-01-02T18:00", "2020-01-02 18:00+08:00",
	} {
		t.Run(s, func(t *testing.T) {
			c, err := loadWith(t, zone, "deadline: "+s)
			if err != nil {
				t.Fatal(err)
			}
			if !c.Deadline.Equal(want) {
				t.Errorf("deadline is %s, want %s", c.Deadline, want)
			}
		})
	}
}

// loadWith loads a campaign with these further lines.
func loadWith(t *testing.T, zone *time.Location, lines ...string) (*campaign.Campaign, error) {
	t.Helper()
	return loadText(t, zone, minimal+strings.Join(lines, "\n")+"\n")
}

const minimal = "name: a\nowner: W\nclass: notice\nchannels: {sms: {text: a.txt}}\n"

func loadText(t *testing.T, zone *time.Location, text string) (*campaign.Campaign, error) {
	t.Helper()
	dir := write(t, map[string]string{
		"a.yaml": text, "a.txt": "x", "empty.txt": " \n", "gb.txt": "a\n\xc4\xe3\xba\xc3", "utf16.txt": "\xff\xfea\x00",
		"lost.txt": "a\nb\nc \ufffd", "bell.txt": "a\nb\x07", "big.txt": strings.Repeat("x", 17<<10), "folder/x": "", "big.bin": "", "some.bin": "",
	})
	for name, size := range map[string]int64{"big.bin": 11 << 20, "some.bin": 8 << 20} {
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
	c, err := campaign.Load(filepath.Join(dir, "a.yaml"), zone, nil)
	return c, relative(err, dir)
}

// relative takes the test's folder out of the problems.
func relative(err error, dir string) error {
	var input *diag.InputError
	if !errors.As(err, &input) {
		return err
	}
	list := &diag.List{}
	for _, p := range input.Problems.Kept() {
		p.Place.File = strings.TrimPrefix(p.Place.File, dir+string(filepath.Separator))
		list.Add(p)
	}
	return list.Err()
}

func problems(t *testing.T, err error) []diag.Problem {
	t.Helper()
	var input *diag.InputError
	if !errors.As(err, &input) {
		t.Fatalf("error is %v, want problems for the operator", err)
	}
	return input.Problems.Kept()
}

func TestBrokenCampaigns(t *testing.T) {
	mail := func(lines string) string {
		return "name: a\nowner: W\nclass: notice\nchannels:\n  email:\n    from: a@example.test\n    subject: s\n    text: a.txt\n    " + lines + "\n"
	}
	replaced := func(from, to string) string { return strings.Replace(minimal, from, to, 1) }
	with := func(line string) string { return minimal + line + "\n" }
	for _, c := range []struct{ name, text, place, says, hint string }{
		{"an empty file", "", "a.yaml", "empty", "notify init"},
		{"no name", replaced("name: a\n", ""), "a.yaml, line 1, name", "name is not set", "award-2020"},
		{"an empty name", replaced("name: a", `name: " "`), "a.yaml, line 1, name", "name is empty", "award-2020"},
		{"a name with a slash", replaced("name: a", "name: a/b"), "a.yaml, line 1, name", "cannot be the name", "letters, digits"},
		{"a name that climbs", replaced("name: a", "name: .."), "a.yaml, line 1, name", "cannot be the name", "letters, digits"},
		{"a name with blanks", replaced("name: a", "name: a b"), "a.yaml, line 1, name", "cannot be the name", "letters, digits"},
		{"a name too long", replaced("name: a", "name: "+strings.Repeat("长", 65)), "a.yaml, line 1, name", "cannot be the name", "at most 64"},
		{"no owner", replaced("owner: W\n", ""), "a.yaml, line 1, owner", "owner is not set", "answers for it"},
		{"no class", replaced("class: notice\n", ""), "a.yaml, line 1, class", "class is not set", "marketing"},
		{"an unknown class", replaced("notice", "notise"), "a.yaml, line 3, class", "not known", "did you mean notice?"},
		{"an unknown environment", with("environment: live"), "a.yaml, line 5, environment", "not known", "production"},
		{"an unknown key", with("dedup_window: 72h"), "a.yaml, line 5, dedup_window", "not known", "did you mean dedupe_window?"},
		{"an unknown key of the columns", with("list: {columns: {mobile: 手机}}"), "a.yaml, line 5, list.columns.mobile", "not known", "phone"},
		{"an expected number in words", with("expect: many"), "a.yaml, line 5, expect", "not a whole number", "digits"},
		{"an expected number of zero", with("expect: 0"), "a.yaml, line 5, expect", "out of range", "from 1"},
		{"no channels", replaced("channels: {sms: {text: a.txt}}\n", ""), "a.yaml, line 1, channels", "no channel", "sms: or email:"},
		{"channels without any", replaced("channels: {sms: {text: a.txt}}", "channels: {}"), "a.yaml, line 4, channels", "no channel", "sms: or email:"},
		{"an unknown channel", replaced("{sms: {text: a.txt}}", "{sms: {text: a.txt}, mail: {}}"), "a.yaml, line 4, channels.mail", "not known", "did you mean email?"},
		{"an SMS without a text", replaced("text: a.txt", "template_code: {a: b}"), "a.yaml, line 4, channels.sms.text", "text is not set", "text file"},
		{"an SMS that is a word", replaced("{text: a.txt}", "a.txt"), "a.yaml, line 4, channels.sms", "where keys are expected", "keys below"},
		{"an SMS with nothing below it", replaced("{sms: {text: a.txt}}", "{sms: }"), "a.yaml, line 4, channels.sms.text", "text is not set", "text file"},
		{"a text that is missing", replaced("a.txt", "none.txt"), "a.yaml, line 4, channels.sms.text", "there is no file", "relative to the campaign file"},
		{"a text that is a folder", replaced("a.txt", "folder"), "a.yaml, line 4, channels.sms.text", "is a folder", "name the file"},
		{"a text too large", replaced("a.txt", "big.txt"), "a.yaml, line 4, channels.sms.text", "more than 16,384", "smaller"},
		{"a text that is empty", replaced("a.txt", "empty.txt"), "empty.txt", "the text is empty", "recipients"},
		{"a text in GB18030", replaced("a.txt", "gb.txt"), "gb.txt, line 2", "not UTF-8", "GB18030"},
		{"a text in UTF-16", replaced("a.txt", "utf16.txt"), "utf16.txt", "UTF-16", "UTF-8"},
		{"a text that lost a character", replaced("a.txt", "lost.txt"), "lost.txt, line 3", "character was lost", "should stand there"},
		{"a text with a control character", replaced("a.txt", "bell.txt"), "bell.txt, line 2", "control character", "delete"},
		{"an approved text without an id", replaced("text: a.txt", "text: a.txt, template_code: {a: }"), "a.yaml, line 4, channels.sms.template_code.a", "not set", "approved"},
		{"a window with one end", with(`window: {from: "09:00"}`), "a.yaml, line 5, window.to", "one end only", "20:00"},
		{"a window of nothing", with(`window: {from: "09:00", to: "09:00"}`), "a.yaml, line 5, window.to", "nothing could leave", "20:00"},
		{"a window in words", with(`window: {from: nine, to: "20:00"}`), "a.yaml, line 5, window.from", "not a time of day", "09:00"},
		{"a window past midnight by the clock", with(`window: {from: "09:00", to: "24:30"}`), "a.yaml, line 5, window.to", "not a time of day", "20:00"},
		{"a deadline that is no date", with("deadline: tomorrow"), "a.yaml, line 5, deadline", "not a date", "2020-01-02T18:00:00+08:00"},
		{"a deadline on a day that is not there", with("deadline: 2020-02-30 18:00"), "a.yaml, line 5, deadline", "not a date", "2020-01-02T18:00:00+08:00"},
		{"a deadline without its zone", with("deadline: 2020-01-02 18:00"), "a.yaml, line 5, deadline", "in which time zone", "+08:00"},
		{"a share without its unit", with("stop_when: {failed: 5}"), "a.yaml, line 5, stop_when.failed", "not a share above", "5%"},
		{"a share of one, which could be one percent", with("stop_when: {unknown: 1}"), "a.yaml, line 5, stop_when.unknown", "not a share above", "5%"},
		{"a share of nothing", with("stop_when: {failed: 0%}"), "a.yaml, line 5, stop_when.failed", "not a share above", "5%"},
		{"a share in words", with("stop_when: {failed: few}"), "a.yaml, line 5, stop_when.failed", "not a share", "5%"},
		{"a window to stop in without a share", with("stop_when: {window: 200}"), "a.yaml, line 5, stop_when.window", "no share", "failed: 5%"},
		{"an unknown way to share an address", with("shared_address: merge"), "a.yaml, line 5, shared_address", "not known", "refuse, fold or each"},
		{"an unknown order", with("order: spraed"), "a.yaml, line 5, order", "not known", "did you mean spread?"},
		{"a time to remember without a unit", with("dedupe_window: 72"), "a.yaml, line 5, dedupe_window", "not a time span", "72h"},
		{"a time to remember of nothing", with("dedupe_window: 0s"), "a.yaml, line 5, dedupe_window", "out of range", "from `1m` to `366d`"},
		{"a budget of zero", with("budget: 0"), "a.yaml, line 5, budget", "nothing would ever be sent", "2000"},
		{"a mail without a sender", strings.Replace(mail(""), "from: a@example.test", "reply_to: a@example.test", 1), "a.yaml, line 6, channels.email.from", "from is not set", "Awards <"},
		{"a sender that is no address", strings.Replace(mail(""), "a@example.test", "Awards", 1), "a.yaml, line 6, channels.email.from", "not a mail address", "Awards <"},
		{"a sender without a domain", strings.Replace(mail(""), "a@example.test", "a@localhost", 1), "a.yaml, line 6, channels.email.from", "no domain", "Awards <"},
		{"a sender with a variable", strings.Replace(mail(""), "a@example.test", `"{{姓名}} <a@example.test>"`, 1), "a.yaml, line 6, channels.email.from", "variables", "same sender"},
		{"an answer to two", mail("reply_to: a@example.test, b@example.test"), "a.yaml, line 9, channels.email.reply_to", "not a mail address", "Awards <"},
		{"a mail without a subject", strings.Replace(mail(""), "    subject: s\n", "", 1), "a.yaml, line 6, channels.email.subject", "subject is not set", "your award"},
		{"a subject of two lines", strings.Replace(mail(""), "subject: s", `subject: "a\nBcc: b"`, 1), "a.yaml, line 7, channels.email.subject", "line end", "one line"},
		{"a mail without a text", strings.Replace(mail(""), "    text: a.txt\n", "", 1), "a.yaml, line 6, channels.email.text", "no text", "html:"},
		{"a header of our own", mail("headers: {bcc: b@example.test}"), "a.yaml, line 9, channels.email.headers.bcc", "writes the header Bcc itself", "leave it out"},
		{"a header of the content", mail("headers: {content-type: text/plain}"), "a.yaml, line 9, channels.email.headers.content-type", "itself", "leave it out"},
		{"a header of two lines", mail(`headers: {X-A: "a\r\nBcc: b"}`), "a.yaml, line 9, channels.email.headers.X-A", "line end", "one line"},
		{"a header with a blank in its name", mail(`headers: {"X A": "a"}`), "a.yaml, line 9, channels.email.headers.X A", "cannot be the name", "letters"},
		{"a header twice", mail(`headers: {X-A: a, x-a: b}`), "a.yaml, line 9, channels.email.headers.x-a", "stands twice", "keep one"},
		{"an attachment that is missing", mail("attachments: [none.pdf]"), "a.yaml, line 9, channels.email.attachments[1]", "there is no file", "relative"},
		{"an attachment too large", mail("attachments: [big.bin]"), "a.yaml, line 9, channels.email.attachments[1]", "more than", "smaller"},
		{"attachments too large together", mail("attachments: [some.bin, some.bin]"), "a.yaml, line 9, channels.email.attachments", "together", "link"},
		{"an attachment without a file", mail("attachments: [{name: a.pdf}]"), "a.yaml, line 9, channels.email.attachments[1].file", "file is not set", "file:"},
		{"too many attachments", mail("attachments: [" + strings.Repeat("a.txt, ", 10) + "a.txt]"), "a.yaml, line 9, channels.email.attachments[11]", "more than 10", "leave some out"},
		{"attachments that are a word", mail("attachments: a.txt"), "a.yaml, line 9, channels.email.attachments", "where a list", "[a.txt]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadText(t, nil, c.text)
			got := problems(t, err)
			if len(got) != 1 {
				t.Fatalf("got %d problems, want one: %v", len(got), got)
			}
			p := got[0]
			if p.Place.String() != c.place {
				t.Errorf("the place is %q, want %q", p.Place, c.place)
			}
			if zh := (words.Printer{Lang: words.Chinese}).Say(p.Text()); !strings.ContainsFunc(strings.TrimPrefix(zh, p.Place.File), func(c rune) bool { return unicode.Is(unicode.Han, c) }) {
				t.Errorf("in Chinese it is %q", zh)
			}
			if !strings.Contains(p.Summary.String(), c.says) || !strings.Contains(p.Hint.String(), c.hint) {
				t.Errorf("the problem is %q, hint %q; want %q and %q", p.Summary.String(), p.Hint.String(), c.says, c.hint)
			}
		})
	}
}

func TestATextOutsideTheCampaignsFolderIsNamed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"there/a.yaml": strings.Replace(minimal, "a.txt", "../elsewhere/a.txt", 1), "here/a.yaml": strings.Replace(minimal, "a.txt", "sub/a.txt", 1),
		"elsewhere/a.txt": "hello", "here/sub/a.txt": "hello",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for folder, want := range map[string]int{"there": 1, "here": 0} {
		c, err := campaign.Load(filepath.Join(dir, folder, "a.yaml"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Warnings) != want || want == 1 && !strings.Contains(c.Warnings[0].String(), "outside the folder of the campaign") {
			t.Errorf("%s: %v", folder, c.Warnings)
		}
	}
}

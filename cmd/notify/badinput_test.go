package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notify/pkg/exit"
)

const (
	header   = "工号,姓名,手机号,邮箱,奖项\n"
	goodRow  = "A1,王伟,13490000001,a1@mail.test,1等奖\n"
	goodList = header + goodRow
)

// badCase is input of the operator that must not be sent. What is said must hold the place and the remedy.
type badCase struct {
	name          string
	file, text    string // replaces or adds one file; an edit where text is "old -> new"
	args          []string
	code          int
	place, remedy string
}

// list is a broken list, one in place of award.csv.
func badList(name, text string, code int, place, remedy string) badCase {
	return badCase{name, "award.csv", text, nil, code, place, remedy}
}

// edit breaks one of the installation's files: old becomes what follows.
func edit(name, file, old, becomes string, code int, place, remedy string) badCase {
	return badCase{name, file, old + " -> " + becomes, nil, code, place, remedy}
}

func badLists() []badCase {
	return []badCase{
		badList("an empty file", "", exit.Failed, "award.csv", "save"),
		badList("a header and nobody", header, exit.Failed, "award.csv", "sheet"),
		badList("no header", goodRow, exit.Failed, "award.csv", "header"),
		badList("no column of phones", "工号,姓名,邮箱,奖项\nA1,王伟,a1@mail.test,1等奖\n", exit.Failed, "phone", "list.columns"),
		badList("no column of mails", "工号,姓名,手机号,奖项\nA1,王伟,13490000001,1等奖\n", exit.Failed, "email", "list.columns"),
		badList("two columns of phones", "工号,手机号,手机,姓名,邮箱,奖项\nA1,13490000001,13490000002,王伟,a1@mail.test,1等奖\n", exit.Failed, "手机", "columns"),
		badList("a number with ten digits", header+"A1,王伟,1349000000,a1@mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column C 手机号", "correct"),
		badList("a number with letters", header+"A1,王伟,1349000000O,a1@mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column C 手机号", "correct"),
		badList("a landline", header+"A1,王伟,010-62345678,a1@mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column C 手机号", "mobile"),
		badList("two numbers in a cell", header+"A1,王伟,13490000001/13490000002,a1@mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column C 手机号", "one"),
		badList("a number as Excel rounds it", header+"A1,王伟,1.349E+10,a1@mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column C 手机号", "text"),
		badList("a mail without an at", header+"A1,王伟,13490000001,a1.mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column D 邮箱", "correct"),
		badList("a mail with a space", header+"A1,王伟,13490000001,a 1@mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column D 邮箱", "correct"),
		badList("a mail without a domain", header+"A1,王伟,13490000001,a1@,1等奖\n", exit.Failed, "award.csv, row 2, column D 邮箱", "correct"),
		badList("two mails in a cell", header+"A1,王伟,13490000001,a1@mail.test;b1@mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column D 邮箱", "one"),
		badList("a mail with two dots", header+"A1,王伟,13490000001,a..1@mail.test,1等奖\n", exit.Failed, "award.csv, row 2, column D 邮箱", "correct"),
		badList("no phone in a row", header+"A1,王伟,,a1@mail.test,1等奖\n"+"A2,李娜,13490000002,a2@mail.test,1等奖\n", exit.Failed, "row 2", "手机号"),
		badList("a variable without a value", header+"A1,王伟,13490000001,a1@mail.test,\n", exit.Failed, "row 2, column 奖项", "fill in the cell"),
		badList("the same number for different texts", goodList+"A2,李娜,13490000001,a2@mail.test,1等奖\n", exit.Failed, "shared", "shared_address"),
		badList("an unclosed quote", header+"A1,\"王伟,13490000001,a1@mail.test,1等奖\n", exit.Failed, "award.csv", "quote"),
		badList("a row that is too long", header+"A1,王伟,13490000001,a1@mail.test,1等奖,x,y,z\n", exit.Failed, "row 2", "column"),
		badList("bytes that are no text", header+"A1,\xff\xfe\xfd,13490000001,a1@mail.test,1等奖\n", exit.Failed, "award.csv, row 1", "list.columns"),
		badList("a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", exit.Failed, "award.csv", "save"),
		badList("a web page", "<html><body><table><tr><td>手机号</td></tr></table></body></html>", exit.Failed, "award.csv", "save"),
		badList("an error of Excel in a cell", header+"A1,#N/A,13490000001,a1@mail.test,1等奖\n", exit.Failed, "row 2", "cell"),
		badList("somebody who may not be reached", header+"A1,王伟,13800138000,a1@mail.test,1等奖\n", exit.Failed, "allow", "allow_list"),
		{"an Excel file that is none", "award.xlsx", "PK\x03\x04 and nothing more", []string{"award.xlsx"}, exit.Failed, "award.xlsx", "copy or download it again"},
		{"an old Excel file", "award.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", []string{"award.xls"}, exit.Failed, "award.xls", ".xlsx"},
		{"a file of an unknown kind", "award.pdf", "%PDF-1.7", []string{"award.pdf"}, exit.Failed, "award.pdf: this is a PDF", "save the list as .xlsx"},
		{"a list that is not there", "", "", []string{"none.csv"}, exit.Usage, "none.csv", "spreadsheet"},
		{"a list that is a folder", "folder.csv/x", "", []string{"folder.csv", "--campaign", "award.yaml"}, exit.Usage, "folder.csv", "spreadsheet"},
	}
}

func badCampaigns() []badCase {
	const y = "award.yaml"
	return []badCase{
		{"an empty campaign file", y, "", nil, exit.Usage, "award.yaml", "notify init"},
		edit("no name", y, "name: award-2020\n", "", exit.Usage, "award.yaml", "name:"),
		edit("a name with a slash", y, "name: award-2020", "name: award/2020", exit.Usage, "award.yaml, line 1, name", "use"),
		edit("no owner", y, "owner: Operations Wang\n", "", exit.Usage, "award.yaml", "owner"),
		edit("an unknown key", y, "owner:", "ower: x\nowner:", exit.Usage, "award.yaml, line 2, ower", "did you mean owner?"),
		edit("a key twice", y, "owner:", "name: x\nowner:", exit.Usage, "award.yaml, line 2, name", "keep one"),
		edit("a class that is none", y, "class: notice", "class: advert", exit.Usage, "award.yaml, line 4, class", "notice"),
		edit("another environment", y, "environment: test", "environment: production", exit.Failed, "environment", "test"),
		edit("an environment that is none", y, "environment: test", "environment: prod", exit.Usage, "award.yaml, line 5, environment", "production"),
		edit("no channel", y, "channels:", "channels: {}\nx:", exit.Usage, "award.yaml", "channels"),
		edit("an unknown channel", y, "  sms: {", "  smss: {", exit.Usage, "smss", "sms"),
		edit("a text that is not there", y, "award.sms.txt", "none.txt", exit.Usage, "none.txt", "text"),
		edit("a sender without an at", y, "award@edm.example.test", "award", exit.Usage, "from", "@"),
		edit("no subject", y, "    subject: \"{{姓名}}, your award: {{奖项}}\"\n", "", exit.Usage, "award.yaml", "subject"),
		edit("a variable that no column has", "award.sms.txt", "{{奖项}}", "{{奖金}}", exit.Failed, "award.sms.txt", "奖金"),
		edit("a subject with an unknown variable", y, "your award: {{奖项}}", "your award: {{prize}}", exit.Failed, "prize", "column"),
		edit("a variable that is not closed", "award.sms.txt", "{{奖项}}", "{{奖项", exit.Failed, "award.sms.txt", "}}"),
		edit("a text that computes", "award.sms.txt", "{{奖项}}", "{{range 3}}x{{end}}", exit.Failed, "award.sms.txt", "range"),
		{"an empty text", "award.sms.txt", "", nil, exit.Usage, "award.sms.txt", "text"},
		edit("an expected number that is none", y, "class:", "expect: many\nclass:", exit.Usage, "award.yaml, line 4, expect", "number"),
		edit("another number than expected", y, "class:", "expect: 23000\nclass:", exit.Failed, "expect", "set expect: 1"),
		edit("a window without an end", y, "channels:", "window: {from: \"09:00\"}\nchannels:", exit.Usage, "window", "to"),
		edit("a window at no time", y, "channels:", "window: {from: \"25:00\", to: \"26:00\"}\nchannels:", exit.Usage, "window.from", "09:00"),
		edit("a deadline without a zone", y, "channels:", "deadline: tomorrow\nchannels:", exit.Usage, "deadline", "2020"),
		edit("a deadline that has passed", y, "channels:", "deadline: 2020-01-02T18:00:00+08:00\nchannels:", exit.Failed, "deadline", "deadline"),
		edit("a budget that does not pay for it", y, "channels:", "budget: 0.01\nchannels:", exit.Failed, "budget", "budget"),
		edit("a share above all", y, "channels:", "stop_when: {failed: 500%}\nchannels:", exit.Usage, "stop_when.failed", "%"),
		edit("what to do with shared addresses, misspelt", y, "channels:", "shared_address: folded\nchannels:", exit.Usage, "shared_address", "fold"),
		edit("a sheet that is not there", y, "channels:", "list: {sheet: 获奖名单}\nchannels:", exit.Failed, "award.csv", "sheet"),
		edit("a column that is not there", y, "channels:", "list: {columns: {phone: 电话号码}}\nchannels:", exit.Failed, "电话号码", "手机号"),
	}
}

func badInstallations() []badCase {
	const y = "notify.yaml"
	return []badCase{
		{"an empty notify.yaml", y, "", nil, exit.Usage, "notify.yaml", "notify init"},
		edit("full-width colons", y, "environment: test\ntimezone", "environment：test\ntimezone", exit.Usage, "notify.yaml, line ", "full-width"),
		edit("a tab", y, "  sms:\n", "\tsms:\n", exit.Usage, "notify.yaml, line ", "spaces"),
		edit("an unknown key of the installation", y, "country:", "contry: CN\ncountry:", exit.Usage, "contry", "did you mean country?"),
		edit("an unknown vendor", y, "vendor: http", "vendor: htpp", exit.Usage, "accounts.sms.vendor", "did you mean http?"),
		edit("a vendor file that is not there", y, "builtin:sandbox-sms", "none.yaml", exit.Failed, "none.yaml", "definition"),
		edit("an option that the vendor needs", y, ", token: sandbox", "", exit.Failed, "token", "options"),
		edit("a wrong token", y, "token: sandbox", "token: wrong", exit.Failed, "accounts\tvendor", "credentials"),
		edit("a rate that is none", y, "rate: 2000/s", "rate: fast", exit.Usage, "accounts.sms.rate", "100/s"),
		edit("a route to nobody", y, "accounts: [sms]", "accounts: [smss]", exit.Usage, "routes.sms.accounts[1]", "did you mean sms?"),
		edit("no route for a channel", y, "  email: {accounts: [edm]}\n", "", exit.Failed, "routes", "routes"),
		edit("an account of the other class", y, "class: notice", "class: marketing", exit.Failed, "accounts\troutes", "class"),
		edit("an account of another environment", y, "    environment: test\n    class: notice\n    rate: 2000/s\n    burst: 20\n    concurrency: 16", "    environment: production\n    class: notice\n    concurrency: 16", exit.Failed, "accounts\tenvironment\taccount sms is for production", "take account sms off the route"),
		edit("a price without a currency", y, "    currency: CNY\n    budget", "    budget", exit.Usage, "accounts.sms.currency", "currency: CNY"),
		edit("a mail server that is no address", y, "tls: none", "tls: perhaps", exit.Failed, "tls", "starttls"),
		edit("a secret that is not set", y, "token: sandbox", "token: \"${NO_SUCH_SECRET}\"", exit.Usage, "NO_SUCH_SECRET", "file:PATH"),
		edit("fewer than the list was designed for", y, "recipients: 30000", "recipients: 0", exit.Usage, "capacity.recipients", "from 1"),
		edit("a ledger in a folder that is not there", y, "ledger: notify.db", "ledger: none/notify.db", exit.Usage, "none does not exist", "make the folder"),
		{"a ledger that is no database", "notify.db", "not a database at all, but a text that is long enough to be looked at", nil, exit.Error, "notify.db", "--ledger"},
	}
}

// TestBadInputSendsNothing gives the program what operators give it on a bad day. Each time it says where the mistake is
// and what to do, nothing leaves, and no campaign is begun.
func TestBadInputSendsNothing(t *testing.T) {
	t.Parallel()
	base := newPlace(t, nil)
	cases := append(append(badLists(), badCampaigns()...), badInstallations()...)
	if len(cases) < 60 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := &place{TB: t, dir: t.TempDir(), env: base.env, receiver: base.receiver}
			p.must(copyInstallation(p.dir))
			p.write("award.csv", goodList)
			p.spoil(c)
			args := c.args
			if args == nil {
				args = []string{"award.csv"}
			}
			code, out, errs := p.run(append([]string{"send", "--yes"}, args...)...)
			said := out + errs
			if code != c.code || !strings.Contains(said, c.place) || !strings.Contains(said, c.remedy) {
				t.Errorf("it ended with %d, want %d, %q and %q; it says\n%s", code, c.code, c.place, c.remedy, said)
			}
			if strings.Contains(said, "goroutine ") {
				t.Errorf("it fell over\n%s", said)
			}
			p.wasNotSent()
		})
	}
}

// spoil applies a case to the place.
func (p *place) spoil(c badCase) {
	p.Helper()
	if c.file == "" {
		return
	}
	path := p.path(c.file)
	old, becomes, isEdit := strings.Cut(c.text, " -> ")
	if !isEdit {
		p.must(os.MkdirAll(filepath.Dir(path), 0o700))
		p.must(os.WriteFile(path, []byte(c.text), 0o600))
		if filepath.Ext(c.file) != ".csv" && len(c.args) > 0 {
			p.must(os.Rename(p.path("award.csv"), p.path("other.csv")))
		}
		return
	}
	text, err := os.ReadFile(path)
	p.must(err)
	if !strings.Contains(string(text), old) {
		p.Fatalf("%s does not hold %q", c.file, old)
	}
	p.must(os.WriteFile(path, []byte(strings.Replace(string(text), old, becomes, 1)), 0o600))
}

// wasNotSent looks at the receiver and at the ledger.
func (p *place) wasNotSent() {
	p.Helper()
	tally, err := p.receiver.count()
	p.must(err)
	if n := tally.SMS.Reached + tally.Mail.Reached; n != 0 {
		p.Errorf("%d messages were sent", n)
	}
	if _, err := os.Stat(p.path("notify.db")); os.IsNotExist(err) {
		return
	}
	p.must(os.RemoveAll(p.path("notify.yaml")))
	p.must(copyInstallation(p.dir))
	if code, out, errs := p.run("status"); code == exit.OK && !strings.Contains(out, "no campaign is on this ledger yet") {
		p.Errorf("a campaign was begun\n%s\n%s", out, errs)
	}
}

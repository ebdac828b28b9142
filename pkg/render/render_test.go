package render_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/render"
)

var columns = []string{"工号", "姓名", "奖项", "金额 (元)", "Name", `a "b"`, "链接"}

var row = []string{"A17", "王伟", "年度优秀", "8,000", "Wang Wei", "quoted", "https://award.example.test/a?b=c"}

func sms(text string) render.Texts {
	return render.Texts{Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{File: "award.sms.txt", Text: text}}}}
}

func mail(e campaign.Mail) render.Texts {
	e.From, e.TextFile, e.HTMLFile = "Awards <award@edm.example.test>", "award.txt", "award.html"
	return render.Texts{Source: "award.yaml", Texts: campaign.Texts{{Channel: message.Email, Mail: &e}}}
}

func emailWith(html string) campaign.Mail { return campaign.Mail{Subject: "s", HTML: html} }

func TestSMSText(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a header by itself", "{{姓名}},恭喜", "王伟,恭喜"},
		{"a header with spaces inside the braces", "{{  姓名  }}", "王伟"},
		{"a header behind a dot, as in Go templates", "{{ .姓名 }} {{.Name}}", "王伟 Wang Wei"},
		{"a header with blanks and brackets", "{{金额 (元)}}元", "8,000元"},
		{"a header in quotes", `{{"金额 (元)"}} {{“姓名”}}`, "8,000 王伟"},
		{"a header that holds quotes itself", `{{a "b"}} {{"a "b""}}`, "quoted quoted"},
		{"a default that is not needed", `{{default "朋友" 姓名}}`, "王伟"},
		{"no variable at all", "明天放假", "明天放假"},
		{"line ends at the end are not paid for", "恭喜\r\n\r\n", "恭喜"},
		{"line ends of Windows inside", "a\r\nb\rc", "a\nb\nc"},
		{"braces that hold no header stay", "{a} {b c} }", "{a} {b c} }"},
		{"variables side by side", "{{姓名}}{{奖项}}{{姓名}}", "王伟年度优秀王伟"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := render.New(sms(c.text), columns)
			if err != nil {
				t.Fatal(err)
			}
			var m message.Message
			if err := r.Render(message.SMS, row, &m); err != nil {
				t.Fatal(err)
			}
			if m.Text != c.want {
				t.Errorf("text is %q, want %q", m.Text, c.want)
			}
		})
	}
}

func TestValuesAreNeverReadAsATemplate(t *testing.T) {
	r, err := render.New(sms("{{姓名}} {{奖项}}"), columns)
	if err != nil {
		t.Fatal(err)
	}
	var m message.Message
	if err := r.Render(message.SMS, []string{"", "{{工号}}", "{{range 3}}\x00x\r\ny{{end}}", "", "", "", ""}, &m); err != nil {
		t.Fatal(err)
	}
	if want := "{{工号}} {{range 3}}x\ny{{end}}"; m.Text != want {
		t.Errorf("text is %q, want %q", m.Text, want)
	}
	want := map[string]string{"姓名": "{{工号}}", "奖项": "{{range 3}}x\ny{{end}}"}
	if diff := cmp.Diff(want, m.Vars); diff != "" {
		t.Error(diff)
	}
}

func TestRowsThatCannotBeSent(t *testing.T) {
	r, err := render.New(render.Texts{
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: `{{姓名}} {{奖项}} {{default "-" 工号}}`}}, {Channel: message.Email, Mail: &campaign.Mail{
			Subject: "{{姓名}}", Text: "{{奖项}}", HTML: `<a href="{{链接}}">{{Name}}</a>`,
			Headers: map[string]string{"List-Unsubscribe": "<https://example.test/{{工号}}>"},
		}}},
	}, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		ch      message.Channel
		values  []string
		missing []string
		is      error
	}{
		{"an empty value", message.SMS, []string{"", "", "x"}, []string{"姓名"}, nil},
		{"several empty values are named at once", message.SMS, []string{"", " ", "\t"}, []string{"姓名", "奖项"}, nil},
		{"an ideographic space is no value", message.SMS, []string{"", "\u3000", "x"}, []string{"姓名"}, nil},
		{"a row that ends early", message.SMS, []string{"1", "王伟"}, []string{"奖项"}, nil},
		{"a mail names the columns of all its parts", message.Email, make([]string, 7), []string{"工号", "姓名", "奖项", "Name", "链接"}, nil},
		{"a link that would run a script", message.Email, []string{"1", "a", "b", "", "c", "", "javascript:alert(1)"}, nil, render.ErrUnsafe},
		{"a channel without a text", message.Channel("fax"), row, nil, render.ErrNoText},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message.Message{Text: "as it was"}
			err := r.Render(c.ch, c.values, &m)
			if m.Text != "as it was" {
				t.Errorf("a row that cannot be sent changed the message to %q", m.Text)
			}
			if c.is != nil {
				if !errors.Is(err, c.is) {
					t.Fatalf("error is %v, want %v", err, c.is)
				}
				return
			}
			var missing *render.MissingError
			if !errors.As(err, &missing) {
				t.Fatalf("error is %v, want a MissingError", err)
			}
			if diff := cmp.Diff(c.missing, missing.Columns); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestATextThatIsEmptyForARow(t *testing.T) {
	r, err := render.New(sms(`{{default "" 姓名}}`), columns)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Render(message.SMS, make([]string, 7), &message.Message{}); !errors.Is(err, render.ErrEmpty) {
		t.Errorf("error is %v, want ErrEmpty", err)
	}
}

func TestMail(t *testing.T) {
	attached := []message.Attachment{{Name: "map.png", Type: "image/png", Data: []byte{1}}}
	texts := mail(campaign.Mail{
		ReplyTo: "hr@example.test", Subject: "{{姓名}}, your award", Text: "Dear {{Name}}\r\n",
		HTML: "<!DOCTYPE html>\n<!-- kept --><p>{{姓名}}</p><a href=\"{{链接}}\">" +
			"<!--[if mso]><b>Outlook</b><![endif]--></a><style>@media x{p{color:red}}</style>",
		Headers: map[string]string{"List-Unsubscribe": "<https://example.test/u/{{工号}}>"}, Attachments: attached,
	})
	r, err := render.New(texts, columns)
	if err != nil {
		t.Fatal(err)
	}
	values := append([]string(nil), row...)
	values[1] = "<b>\"王\"&\r\nBcc: x@example.test"
	var got message.Message
	if err := r.Render(message.Email, values, &got); err != nil {
		t.Fatal(err)
	}
	want := message.Message{
		Channel: message.Email, Segments: 1,
		From: "Awards <award@edm.example.test>", ReplyTo: "hr@example.test",
		Subject: `<b>"王"& Bcc: x@example.test, your award`, Text: "Dear Wang Wei\n",
		HTML: "<!DOCTYPE html>\n<!-- kept --><p>&lt;b&gt;&#34;王&#34;&amp;\nBcc: x@example.test</p>" +
			"<a href=\"https://award.example.test/a?b=c\"><!--[if mso]><b>Outlook</b><![endif]--></a><style>@media x{p{color:red}}</style>",
		Headers: map[string]string{"List-Unsubscribe": "<https://example.test/u/A17>"}, Attachments: attached,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"工号", "姓名", "Name", "链接"}, r.Uses(message.Email)); diff != "" {
		t.Error(diff)
	}
	if got, want := r.Fixed(message.Email), ", your award\nDear"; got != want {
		t.Errorf("fixed text is %q, want %q", got, want)
	}
}

func TestTextsThatWereStoredMakeTheSameMessages(t *testing.T) {
	texts := mail(campaign.Mail{
		Subject: "{{姓名}}", Text: "{{奖项}}", HTML: "<p>{{Name}}</p>", Headers: map[string]string{"X-Id": "{{工号}}"},
		Attachments: []message.Attachment{{Name: "a", Type: "b", Data: []byte{0, 255}}},
	})
	texts.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{File: "award.sms.txt", Text: "{{姓名}}", TemplateCode: map[string]string{"sms": "SMS_1"}}})
	stored, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	var again render.Texts
	if err := json.Unmarshal(stored, &again); err != nil {
		t.Fatal(err)
	}
	var made [2][2]message.Message
	for i, ts := range []render.Texts{texts, again} {
		r, err := render.New(ts, columns)
		if err != nil {
			t.Fatal(err)
		}
		for j, ch := range channel.Builtin().Names() {
			if err := r.Render(ch, row, &made[i][j]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(made[0], made[1]); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenTexts(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts render.Texts
		line  int
		place string
		code  string
		says  string
		hint  string
	}{
		{"an unknown variable names the nearest column", sms("a\n\n{{姓明}}"), 3, "award.sms.txt, line 3", "variable-unknown", "姓明", "did you mean {{姓名}}?"},
		{"an unknown variable far from all names them all", sms("{{颜色}}"), 1, "award.sms.txt", "variable-unknown", "颜色", "the list has 工号, 姓名"},
		{"capitals count", sms("{{name}}"), 1, "award.sms.txt", "variable-unknown", "name", "{{Name}}"},
		{"a field of a field", sms("{{.姓名.x}}"), 1, "award.sms.txt", "variable-unknown", "姓名.x", "the list has 工号, 姓名"},
		{"a loop", sms("a\n{{range 3}}x{{end}}"), 2, "award.sms.txt, line 2", "template-forbidden", "range is not allowed", "make what differs a column"},
		{"a condition", sms("{{if 姓名}}x{{end}}"), 1, "award.sms.txt", "template-forbidden", "if is not allowed", "column"},
		{"a definition", sms(`{{define "x"}}y{{end}}`), 1, "award.sms.txt", "template-forbidden", "define is not allowed", "column"},
		{"a template in a template", sms(`{{template "x"}}`), 1, "award.sms.txt", "template-forbidden", "template is not allowed", "column"},
		{"a block", sms(`{{block "x" .}}{{end}}`), 1, "award.sms.txt", "template-forbidden", "block is not allowed", "column"},
		{"printf", sms(`{{printf "%d" 1}}`), 1, "award.sms.txt", "template-forbidden", "printf", "column"},
		{"index", sms(`{{index . 0}}`), 1, "award.sms.txt", "template-forbidden", "index", "column"},
		{"a nested call", sms(`{{(len 姓名)}}`), 1, "award.sms.txt", "template-forbidden", "len", "column"},
		{"a pipe", sms(`{{姓名 | html}}`), 1, "award.sms.txt", "template-forbidden", "pipes", "column"},
		{"an assignment", sms(`{{$x := 姓名}}`), 1, "award.sms.txt", "template-forbidden", "assignments", "column"},
		{"a comment", sms(`{{/* x */}}`), 1, "award.sms.txt", "template-forbidden", "comments", "column"},
		{"trimming", sms(`{{- 姓名 -}}`), 1, "award.sms.txt", "template-forbidden", "trimming", "column"},
		{"nothing between the braces", sms("{{ }}"), 1, "award.sms.txt", "template-forbidden", "names no column", "column"},
		{"braces that are not closed", sms("a\nb{{姓名"), 2, "award.sms.txt, line 2", "brace-open", "not closed", "}}"},
		{"braces closed on another line", sms("{{姓名\n}}"), 1, "award.sms.txt", "brace-open", "not closed", "same line"},
		{"braces that close nothing", sms("{{工号}}\na 姓名}}"), 2, "award.sms.txt, line 2", "brace-closes", "closes no variable", "two braces"},
		{"one brace instead of two", sms("a\n${姓名}"), 2, "award.sms.txt, line 2", "placeholder", "${姓名}", "{{姓名}}"},
		{"full-width braces", sms("｛｛姓名｝｝"), 1, "award.sms.txt", "placeholder", "｛｛姓名｝｝", "{{姓名}}"},
		{"default without a column", sms(`{{default "x"}}`), 1, "award.sms.txt", "default-column", "names no column", "default"},
		{"default with an open quote", sms(`{{default "x 姓名}}`), 1, "award.sms.txt", "default-quote", "not closed", "default"},
		{"default with an unknown column", sms(`{{default "x" 姓明}}`), 1, "award.sms.txt", "variable-unknown", "姓明", "{{姓名}}"},
		{"the subject is named by its key", mail(campaign.Mail{Subject: "{{姓}}", Text: "x"}), 0, "award.yaml, channels.email.subject", "variable-unknown", "姓", "{{姓名}}"},
		{"a header is named by its key", mail(campaign.Mail{Subject: "x", Text: "x", Headers: map[string]string{"X-A": "{{x"}}), 0, "award.yaml, channels.email.headers.X-A", "brace-open", "not closed", "}}"},
		{"HTML that ends inside a tag", mail(campaign.Mail{Subject: "x", HTML: "<p>\n<a href=\"{{链接}}"}), 0, "award.html", "html-open", "ends inside a tag", "complete tags"},
		{"a variable whose escaping cannot be told", mail(campaign.Mail{Subject: "x", HTML: "<p>\n<a href=x{{姓名}}`>"}), 0, "award.html", "html-unsafe", "escaped here", "quoted attributes"},
		{"a control character", mail(campaign.Mail{Subject: "x", HTML: "<p>\n\x01"}), 2, "award.html, line 2", "control-character", "control character", "delete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := render.New(c.texts, columns)
			var input *diag.InputError
			if !errors.As(err, &input) {
				t.Fatalf("error is %v, want an InputError", err)
			}
			p := input.Problems.Kept()[0]
			if p.Code != c.code || !strings.HasPrefix(p.Place.String(), c.place) || c.line > 0 && p.Place.Line != c.line {
				t.Errorf("problem %s at %s, want %s at %s, line %d", p.Code, p.Place, c.code, c.place, c.line)
			}
			if !strings.Contains(p.Summary.String(), c.says) || !strings.Contains(p.Hint.String(), c.hint) {
				t.Errorf("problem says %q, hint %q; want %q and %q", p.Summary.String(), p.Hint.String(), c.says, c.hint)
			}
		})
	}
}

func TestAListWithoutColumnsHasNoVariables(t *testing.T) {
	for _, text := range []string{"{{name}}", "{{}}", `{{default "you" name}}`, "{{.name}}", "{{if name}}"} {
		for what, texts := range map[string]render.Texts{
			"an SMS": sms(text),
			"a mail": mail(campaign.Mail{Subject: text, Text: text, HTML: `<a href="https://a.test/` + text + `">` + text + "</a>", Headers: map[string]string{"X-Told": text}}),
		} {
			_, err := render.New(texts, nil)
			var input *diag.InputError
			if !errors.As(err, &input) {
				t.Errorf("%s that says %s is not refused as a mistake in it: %v", what, text, err)
			}
		}
	}
	if r, err := render.New(sms("to all"), nil); err != nil || len(r.Uses(message.SMS)) > 0 {
		t.Errorf("a text without variables: %v", err)
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	texts := mail(campaign.Mail{Subject: "{{a1}}", Text: "{{b1}}\n{{c1}}", HTML: "<p>{{d1}}"})
	texts.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{File: "award.sms.txt", Text: "{{e1}}"}})
	_, err := render.New(texts, columns)
	var input *diag.InputError
	if !errors.As(err, &input) || input.Problems.Errors() != 5 {
		t.Errorf("error is %v, want five problems", err)
	}
}

func TestRenderIsSafeForConcurrentUse(t *testing.T) {
	texts := mail(campaign.Mail{Subject: "{{姓名}}", HTML: "<p>{{姓名}}</p>"})
	texts.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: "{{姓名}}"}})
	r, err := render.New(texts, columns)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, name := range []string{"王", "李", "赵", "张"} {
		wg.Go(func() {
			for range 200 {
				var s, e message.Message
				if err := errors.Join(r.Render(message.SMS, []string{"", name}, &s), r.Render(message.Email, []string{"", name}, &e)); err != nil {
					t.Error(err)
				}
				if s.Text != name || e.HTML != "<p>"+name+"</p>" {
					t.Errorf("got %q and %q for %s", s.Text, e.HTML, name)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkSMS(b *testing.B) {
	r, err := render.New(sms("{{姓名}}您好:恭喜您获得{{奖项}},奖金{{金额 (元)}}元,请于本月底前到人力资源部领取。"), columns)
	if err != nil {
		b.Fatal(err)
	}
	var m message.Message
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Render(message.SMS, row, &m); err != nil {
			b.Fatal(err)
		}
		m.Segments = channel.Segments(m.Text, channel.Mainland)
	}
}

func BenchmarkMail(b *testing.B) {
	r, err := render.New(mail(campaign.Mail{
		Subject: "{{姓名}}, your award", Text: strings.Repeat("Dear {{Name}} ", 10),
		HTML: "<html><body>" + strings.Repeat("<p class=\"x\">{{姓名}} <a href=\"{{链接}}\">{{奖项}}</a></p>", 5) + "</body></html>",
	}), columns)
	if err != nil {
		b.Fatal(err)
	}
	var m message.Message
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Render(message.Email, row, &m); err != nil {
			b.Fatal(err)
		}
	}
}

// An approved text has names of its own for what it takes, or numbers them in the order of the text.
func TestTheApprovedTextHasItsOwnNames(t *testing.T) {
	short := campaign.Short{File: "award.sms.txt", Text: "{{奖项}} 归 {{姓名}}，再说一遍：{{姓名}} {{工号}}", TemplateVars: map[string]string{"姓名": "name", "奖项": "prize"}}
	var texts render.Texts
	texts.Texts.Put(campaign.Text{Channel: message.SMS, Short: &short})
	r, err := render.New(texts, columns)
	if err != nil {
		t.Fatal(err)
	}
	var m message.Message
	if err := r.Render(message.SMS, row, &m); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"prize", "name", "工号"}, m.VarOrder); d != "" || len(m.Vars) != 3 || m.Vars["name"] == "" || m.Vars["prize"] == "" || m.Vars["工号"] == "" {
		t.Errorf("%v in the order %v", m.Vars, m.VarOrder)
	}
	short.TemplateVars["部门"] = "team"
	if _, err := render.New(texts, columns); err == nil || !strings.Contains(err.Error(), "部门") {
		t.Errorf("a column that the text does not use: %v", err)
	}
}

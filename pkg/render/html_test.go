package render_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/render"
)

// whole fills in every variable with itself in other braces, which no place needs to escape, and compares the rest.
func whole(t *testing.T, html string) {
	t.Helper()
	names := []string{"name", "id", "工号", "姓名", "奖项", "链接"}
	values := make([]string, len(names))
	want := html
	for i, n := range names {
		values[i] = "v" + strings.Repeat("x", i)
		want = strings.ReplaceAll(want, "{{"+n+"}}", values[i])
	}
	r, err := render.New(mail(emailWith(html)), names)
	if err != nil {
		t.Fatal(err)
	}
	var m message.Message
	if err := r.Render(message.Email, values, &m); err != nil {
		t.Fatal(err)
	}
	if m.HTML != want {
		at := 0
		for at < min(len(m.HTML), len(want)) && m.HTML[at] == want[at] {
			at++
		}
		t.Errorf("it differs at %d: %.200q, want %.200q", at, m.HTML[at:], want[at:])
	}
}

func TestWhatMJMLMakesSurvivesWhole(t *testing.T) {
	files, err := filepath.Glob("testdata/mjml/*.html")
	if err != nil || len(files) < 22 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(b), "{{") {
				t.Fatal("nothing is filled in")
			}
			whole(t, string(b))
		})
	}
}

func TestWhatIsFixedInHTMLIsSentByteForByte(t *testing.T) {
	for _, html := range []string{
		"<p>{{name}}<![if !supportLists]><span>1.</span><![endif]></p>",
		"<?xml version=\"1.0\"?><html><body><p>{{name}}<?xml:namespace prefix = o /><o:p></o:p></p></body></html>",
		"<style>a{background:url(https://x.test/a.png)} // no comment in CSS\n/* one */ b{c:d}</style><p>{{name}}</p><!-- a comment -->",
		"<p style=\"background: url(//x.test/{{id}}.png); color: red\">{{name}}</p>",
		"<!--[if !mso]><!--><p>{{name}}</p><!--<![endif]--><!--[if mso]><p>{{id}}</p><![endif]-->",
		"<!--[if gte mso 9]><xml><o:OfficeDocumentSettings></o:OfficeDocumentSettings></xml><![endif]--><p>a < b && c > d {{name}}</p>",
		"<p>no variable, <a href=x`>and broken</a></p>",
	} {
		// A relative image would be another problem.
		whole(t, strings.ReplaceAll(html, "//x.test/{{id}}", "https://x.test/{{id}}"))
	}
}

func TestAMailMadeByWordIsLeftAlone(t *testing.T) {
	b, err := os.ReadFile("testdata/html/word.html")
	if err != nil {
		t.Fatal(err)
	}
	texts := mail(campaign.Mail{
		Subject: "s", HTML: strings.ReplaceAll(string(b), `<v:imagedata src="image001.png"/>`, `<v:imagedata src="cid:image001.png"/>`),
		Attachments: []message.Attachment{{Name: "image001.png", Type: "image/png", Data: []byte{1}}},
	})
	r, err := render.New(texts, []string{"name", "id"})
	if err != nil {
		t.Fatal(err)
	}
	var m message.Message
	if err := r.Render(message.Email, []string{"王", "一等奖"}, &m); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<![if !supportLists]>", "<![if !vml]><img", "<!--[if gte vml 1]><v:shape", "<style><!--\n/* Font Definitions */", "<p class=MsoNormal>王<span", "奖项：一等奖<o:p>"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("%q is gone", want)
		}
	}
	if m.Attachments[0].ContentID != "image001.png" {
		t.Errorf("the image is not inside the mail: %+v", m.Attachments[0])
	}
}

func TestAVariableInHTMLForOutlookIsEscapedForItsPlace(t *testing.T) {
	r, err := render.New(mail(emailWith(`<p>{{name}}</p><!--[if mso]><v:roundrect href="https://x.test/{{id}}"><center>{{name}}</center></v:roundrect><![endif]-->`+
		`<!--[if mso | IE]><td background="https://x.test/{{id}}.png" title="{{name}}"></td><![endif]--><!-- {{name}} -->`)), []string{"name", "id"})
	if err != nil {
		t.Fatal(err)
	}
	var m message.Message
	if err := r.Render(message.Email, []string{`<b>"--><script>`, `a b"&c`}, &m); err != nil {
		t.Fatal(err)
	}
	want := `<p>&lt;b&gt;&#34;--&gt;&lt;script&gt;</p><!--[if mso]><v:roundrect href="https://x.test/a%20b%22&amp;c"><center>&lt;b&gt;&#34;--&gt;&lt;script&gt;</center></v:roundrect><![endif]-->` +
		`<!--[if mso | IE]><td background="https://x.test/a%20b%22&amp;c.png" title="&lt;b&gt;&#34;--&gt;&lt;script&gt;"></td><![endif]--><!--  -->`
	if m.HTML != want {
		t.Errorf("got  %s\nwant %s", m.HTML, want)
	}
}

func TestImagesThatNobodyCouldSeeAreRefused(t *testing.T) {
	attached := []message.Attachment{{Name: "Logo.png", Type: "image/png"}, {Name: "标志.png", Type: "image/png"}, {Name: "terms.pdf", Type: "application/pdf"}}
	for html, want := range map[string]string{
		`<img src="cid:image001.png">`:                                "image-cid",
		`<img src="images/logo.png">`:                                 "image-relative",
		`<img width=1 src=logo.png>`:                                  "image-relative",
		`<img src="//cdn.x.test/logo.png">`:                           "image-relative",
		`<img src="images/{{工号}}.png">`:                               "image-relative",
		`<img src="file:///C:/Users/x/logo.png">`:                     "image-file",
		`<img src="C:\\Users\\x\\logo.png">`:                          "image-file",
		`<td background="bg.png">`:                                    "image-relative",
		`<style>.a{background:url('bg.png')}</style>`:                 "image-relative",
		`<!--[if mso]><v:fill type="tile" src="bg.png"/><![endif]-->`: "image-relative",
		`<img src="cid:标志.png">`:                                      "image-name",
		`<img src="cid:Logo.png">`:                                    "",
		`<img src="CID:logo.png">`:                                    "",
		`<img src="https://x.test/{{工号}}.png">`:                       "",
		`<img src="{{链接}}">`:                                          "",
		`<img src="data:image/gif;base64,R0lGOD">`:                    "",
		`<!-- <img src="old.png"> --><p>x</p>`:                        "",
		`<style>v\:* {behavior:url(#default#VML);}</style>`:           "",
	} {
		_, err := render.New(mail(campaign.Mail{Subject: "s", HTML: html, Attachments: attached}), columns)
		var input *diag.InputError
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", html, err)
		case want != "" && (!errors.As(err, &input) || input.Problems.Count(want) != 1):
			t.Errorf("%s: %v, want %s", html, err, want)
		}
	}
}

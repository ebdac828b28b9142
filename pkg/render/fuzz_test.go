package render_test

import (
	"strings"
	"testing"

	"notify/pkg/message"
	"notify/pkg/render"
)

// FuzzTexts holds whatever is written as a text, and whatever stands in a row, against what must come out.
func FuzzTexts(f *testing.F) {
	f.Add("{{姓名}}", "<p>{{姓名}}</p>", "王伟")
	f.Add(`{{default "x" 姓名}} {{"姓名"}}`, `<a href="{{姓名}}">`, "javascript:1")
	f.Add("{{range 3}}", "<!--[if mso]>x<![endif]-->{{.姓名}}", "{{姓名}}")
	f.Fuzz(func(t *testing.T, text, html, value string) {
		if r, err := render.New(sms(text), []string{"姓名"}); err == nil {
			var m message.Message
			if r.Render(message.SMS, []string{value}, &m) == nil {
				if strings.TrimSpace(m.Text) == "" {
					t.Errorf("an empty SMS was made of %q and %q", text, value)
				}
				if !strings.Contains(value, "{{") && strings.Contains(m.Text, "{{姓名}}") && !strings.Contains(value, "{") {
					t.Errorf("a variable of %q was sent as it stands: %q", text, m.Text)
				}
			}
		}
		texts := mail(emailWith(html))
		if r, err := render.New(texts, []string{"姓名"}); err == nil {
			var with, without message.Message
			if r.Render(message.Email, []string{"<script>" + value}, &with) == nil && r.Render(message.Email, []string{"x"}, &without) == nil {
				if strings.Count(with.HTML, "<script>") > strings.Count(without.HTML, "<script>") {
					t.Errorf("a value became a part of the HTML: %q", with.HTML)
				}
			}
		}
	})
}

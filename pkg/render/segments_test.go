package render_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"notify/pkg/message"
	"notify/pkg/render"
)

func TestSegmentsAgreeWithAnotherCounter(t *testing.T) {
	data, err := os.ReadFile("testdata/segments.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Piece    string
		Times    int
		Tail     string
		Encoding string
		Segments int
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 400 {
		t.Fatalf("the table has %d texts only", len(cases))
	}
	for _, c := range cases {
		text := strings.Repeat(c.Piece, c.Times) + c.Tail
		if got := render.Segments(text, render.GSM); got != c.Segments {
			t.Errorf("%d × %q + %q (%s) is %d segments, want %d", c.Times, c.Piece, c.Tail, c.Encoding, got, c.Segments)
		}
	}
}

func TestSegments(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		rule render.Rule
		want int
	}{
		{"nothing", "", render.GSM, 0},
		{"one character", "中", render.Mainland, 1},
		{"160 characters in mainland China are 67+67+26, as Aliyun explains", strings.Repeat("中", 160), render.Mainland, 3},
		{"ASCII counts in mainland China as everything does", strings.Repeat("a", 71), render.Mainland, 2},
		{"70 characters fit", strings.Repeat("a", 70), render.Mainland, 1},
		{"134 characters fit into two", strings.Repeat("中", 134), render.Mainland, 2},
		{"135 do not", strings.Repeat("中", 135), render.Mainland, 3},
		{"the signature is counted", render.WithSignature(strings.Repeat("中", 67), "示例"), render.Mainland, 2},
		{"160 GSM characters fit", strings.Repeat("a", 160), render.GSM, 1},
		{"80 extension characters fit", strings.Repeat("€", 80), render.GSM, 1},
		{"81 do not", strings.Repeat("€", 81), render.GSM, 2},
		{"an escape pair moves to the next segment whole", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), render.GSM, 3},
		{"a surrogate pair moves to the next segment whole", strings.Repeat("中", 66) + "😀" + strings.Repeat("中", 66), render.GSM, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render.Segments(c.text, c.rule); got != c.want {
				t.Errorf("%d segments, want %d", got, c.want)
			}
		})
	}
}

func TestRuleFor(t *testing.T) {
	for _, c := range []struct {
		name, configured string
		to               message.Address
		want             render.Rule
	}{
		{"mainland China by its code", "", "+8613800138000", render.Mainland},
		{"Hong Kong is not mainland", "", "+85261234567", render.GSM},
		{"elsewhere", "", "+4915112345678", render.GSM},
		{"what is configured wins", "gsm", "+8613800138000", render.GSM},
		{"also the other way", "mainland", "+4915112345678", render.Mainland},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render.RuleFor(c.to, c.configured); got != c.want {
				t.Errorf("rule is %s, want %s", got, c.want)
			}
		})
	}
}

func TestWithSignature(t *testing.T) {
	for _, c := range []struct{ name, text, sign, want string }{
		{"before the text", "恭喜", "示例", "【示例】恭喜"},
		{"already in brackets", "恭喜", "【示例】", "【示例】恭喜"},
		{"already in the text", "【示例】恭喜", "示例", "【示例】恭喜"},
		{"none", "恭喜", " ", "恭喜"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render.WithSignature(c.text, c.sign); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// FuzzSegments holds the count against the limits of what the segments can carry.
func FuzzSegments(f *testing.F) {
	f.Add("hello €", "x")
	f.Add(strings.Repeat("中", 66)+"😀", "中")
	f.Add(strings.Repeat("[", 80), "]")
	f.Fuzz(func(t *testing.T, a, b string) {
		// Two broken halves of a character may join into one; texts are valid when they are counted.
		a, b = strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?")
		units := len(utf16.Encode([]rune(a)))
		m, g := render.Segments(a, render.Mainland), render.Segments(a, render.GSM)
		switch {
		case a == "" && (m != 0 || g != 0):
			t.Errorf("nothing is %d and %d segments", m, g)
		case units > 0 && units <= 70 && m != 1:
			t.Errorf("%d units are %d segments, want one", units, m)
		case units > 70 && (m < (units+66)/67 || m > (units+65)/66):
			t.Errorf("%d units are %d segments, want from %d to %d", units, m, (units+66)/67, (units+65)/66)
		case g > m:
			t.Errorf("%d segments by the GSM rule, more than the %d of the other", g, m)
		}
		if whole := render.Segments(a+b, render.Mainland); whole < m {
			t.Errorf("%d segments became %d with more text", m, whole)
		}
	})
}

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

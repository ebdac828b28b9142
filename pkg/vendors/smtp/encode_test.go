package smtp_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors/smtp"
)

// TestWhatIsRememberedOfOneMailIsNotInTheNext: texts of odd lines, one after the other by one composer, are as a new composer makes them,
// and quoted-printable is that of the whole text.
func TestWhatIsRememberedOfOneMailIsNotInTheNext(t *testing.T) {
	odd := []string{
		"<p>Dear Wang</p>\n", "<p>王芳，您好</p>\r\n", "trailing blank \n", "a tab\t\n", "=3D and = alone\n", "\n", "\r\n", "two\r\rreturns\n", "a return at its end\r",
		strings.Repeat("a long line ", 40) + "\n", "=_no boundary\n", "no line break", "é", "\x7f\n", strings.Repeat("获奖", 60) + "\n", "\tblanks at its end  ",
	}
	v := newVendorAt(t, "127.0.0.1:25", func() time.Time { return time.Unix(0, 0).UTC() }, nil)
	again, r := smtp.Composing(v), rand.New(rand.NewPCG(1, 2))
	printed := 0
	for n := range 5000 {
		text := func() string {
			var b strings.Builder
			for range 1 + r.IntN(6) {
				b.WriteString(odd[r.IntN(len(odd))])
			}
			return b.String()
		}
		m := plainMail(n)
		m.Text, m.HTML = text(), text()
		want, _, _, err := smtp.Compose(v, m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again(m)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("mail %d: %v\n%q\nwant\n%q", n, err, got, want)
		}
		if _, part, ok := strings.Cut(string(want), "text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"); ok {
			printed++
			var whole bytes.Buffer
			q := quotedprintable.NewWriter(&whole)
			if _, err := q.Write([]byte(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(m.HTML))); err != nil || q.Close() != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(part, whole.String()) {
				t.Fatalf("mail %d: quoted-printable of %q is\n%q\nwant\n%q", n, m.HTML, part, whole.String())
			}
		}
	}
	if printed < 1000 {
		t.Errorf("only %d were quoted-printable", printed)
	}
}

// BenchmarkCompose makes mails with text and HTML, of which a name and a link differ: with one composer, as a connection does, and each
// with a new one, which remembers nothing.
func BenchmarkCompose(b *testing.B) {
	v := newVendorAt(b, "127.0.0.1:25", time.Now, nil)
	row := "<tr><td style=\"padding:8px 16px;font-family:Arial,sans-serif\"><a href=\"https://edm.example.test/award?a=1&b=2\">年度大奖</a></td></tr>\n"
	mail := func(n int) message.Message {
		m := plainMail(n)
		m.HTML = strings.Repeat(row, 60) + fmt.Sprintf("<p>王芳 %d，您好</p>\n<a href=\"https://edm.example.test/u?%d\">退订</a>\n", n, n) + strings.Repeat(row, 60)
		return m
	}
	again := smtp.Composing(v)
	for name, compose := range map[string]func(message.Message) ([]byte, error){
		"one": again,
		"new": func(m message.Message) ([]byte, error) { data, _, _, err := smtp.Compose(v, m); return data, err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := range b.N {
				m := mail(n % 8)
				if _, err := compose(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package smtp_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	gomail "github.com/wneessen/go-mail"

	"notify/pkg/message"
	"notify/pkg/vendors/smtp"
)

// parsed is a mail as a reader sees it.
type parsed struct {
	From, To, ReplyTo, Subject, MessageID string
	Text, HTML                            string
	Files                                 map[string]string // content by name
	Headers                               map[string]string
}

// receive undoes what DATA does, and reads the mail with the standard library. It holds the bytes to RFC 5321 and 5322.
func receive(t *testing.T, data []byte) parsed {
	t.Helper()
	if !bytes.HasSuffix(data, []byte("\r\n.\r\n")) || bytes.Contains(data[:len(data)-5], []byte("\r\n.\r\n")) {
		t.Fatalf("CRLF.CRLF is not the end, or not only the end: %q", data)
	}
	data = bytes.ReplaceAll(data[:len(data)-3], []byte("\r\n."), []byte("\r\n"))
	for line := range strings.SplitSeq(string(data), "\r\n") {
		if strings.ContainsAny(line, "\r\n") {
			t.Fatalf("a bare CR or LF in %q", line)
		}
		if len(line) > 998 {
			t.Fatalf("a line of %d bytes", len(line))
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("not a mail: %v\n%s", err, data)
	}
	var words mime.WordDecoder
	header := func(name string) string {
		s, err := words.DecodeHeader(m.Header.Get(name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return s
	}
	address := func(name string) string {
		if m.Header.Get(name) == "" {
			return ""
		}
		a, err := mail.ParseAddress(m.Header.Get(name))
		if err != nil {
			t.Fatalf("%s %q: %v", name, m.Header.Get(name), err)
		}
		return strings.TrimSpace(a.Name + " <" + a.Address + ">")
	}
	out := parsed{
		From: address("From"), To: address("To"), ReplyTo: address("Reply-To"), Subject: header("Subject"),
		MessageID: header("Message-Id"), Files: map[string]string{}, Headers: map[string]string{},
	}
	for name := range m.Header {
		if len(m.Header[name]) != 1 {
			t.Errorf("%s occurs %d times", name, len(m.Header[name]))
		}
		if strings.HasPrefix(name, "X-") || strings.HasPrefix(name, "List-") {
			out.Headers[name] = header(name)
		}
	}
	if _, err := m.Header.Date(); err != nil {
		t.Errorf("date: %v", err)
	}
	out.part(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), "", m.Body)
	return out
}

func (p *parsed) part(t *testing.T, contentType, encoding, disposition string, r io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatalf("content type %q: %v", contentType, err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(r, params["boundary"])
		for {
			next, err := parts.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("multipart: %v", err)
			}
			p.part(t, next.Header.Get("Content-Type"), next.Header.Get("Content-Transfer-Encoding"), next.Header.Get("Content-Disposition"), next)
		}
	}
	switch encoding {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "7bit":
	default:
		t.Fatalf("encoding %q", encoding)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("decode %s: %v", encoding, err)
	}
	if disposition != "" {
		_, params, err := mime.ParseMediaType(disposition)
		if err != nil {
			t.Fatalf("disposition %q: %v", disposition, err)
		}
		p.Files[params["filename"]] = string(b)
		return
	}
	if kind == "text/html" {
		p.HTML = string(b)
	} else {
		p.Text = string(b)
	}
}

// lf is text as a reader compares it: with LF, and without the line break that a mail's last line always has.
func lf(s string) string {
	return strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\n")
}

func compose(t *testing.T, m message.Message) []byte {
	t.Helper()
	data, _, _, err := smtp.Compose(newVendor(t, "127.0.0.1:25", map[string]any{"message_id_domain": "edm.example.test"}), m)
	if err != nil {
		t.Fatalf("compose: %v", err)
	}
	return data
}

func sample(change func(*message.Message)) message.Message {
	m := message.Message{
		Key: "0123456789abcdefghjkmnpqrs", Channel: message.Email, To: "wang@customer.test", Name: "王五",
		From: "Awards <award@edm.example.test>", Subject: "王五，您的奖品", Text: "Hello\n",
	}
	change(&m)
	return m
}

func samples() map[string]message.Message {
	long := strings.Repeat("年度大奖", 60)
	return map[string]message.Message{
		"plain text": sample(func(m *message.Message) { m.Subject, m.Name = "Your award", "" }),
		"text with dots, From and long lines": sample(func(m *message.Message) {
			m.Text = ".\n..\n.dot\nFrom me\n" + strings.Repeat("x", 2000) + "\ntrailing space \n\ttab\n"
		}),
		"short lines that begin with dots": sample(func(m *message.Message) { m.Text = ".\n.\n..x\n" }),
		"mostly ASCII":                     sample(func(m *message.Message) { m.Text = "Dear " + strings.Repeat("colleague ", 40) + "王五 =20 é\n" }),
		"Chinese":                          sample(func(m *message.Message) { m.Text = strings.Repeat("恭喜您获得年度大奖。\r\n", 50) }),
		"HTML only":                        sample(func(m *message.Message) { m.Text, m.HTML = "", "<p>王五</p>"+strings.Repeat("<b>x</b>", 300) }),
		"no text at all":                   sample(func(m *message.Message) { m.Text = "" }),
		"text that looks like a boundary": sample(func(m *message.Message) {
			m.Text, m.HTML = "--=_0123456789abcdefghjkmnpqrs_1\r\n--=_0123456789abcdefghjkmnpqrs_1--\r\n", "<p>x</p>"
		}),
		"both, with files": sample(func(m *message.Message) {
			m.HTML = "<p>Hello</p>"
			m.Attachments = []message.Attachment{
				{Name: "规则.pdf", Type: "application/pdf", Data: bytes.Repeat([]byte{0, 1, 2, 255}, 1000)},
				{Name: `a "quoted" name.txt`, Type: "text/plain; charset=utf-8", Data: []byte("one\r\ntwo\n")},
				{Name: `C:\prizes\empty.bin`},
				{Name: "mail.eml", Type: "message/rfc822", Data: []byte("Subject: x\r\n\r\n.\r\n")},
			}
		}),
		"long names and subjects": sample(func(m *message.Message) { m.Subject, m.Name = long, long }),
		"a long ASCII subject": sample(func(m *message.Message) {
			m.Subject = strings.Repeat("a prize for you ", 40) + "and  two  spaces"
		}),
		"a subject without a space":    sample(func(m *message.Message) { m.Subject = strings.Repeat("x", 3000) }),
		"a subject that looks encoded": sample(func(m *message.Message) { m.Subject = "=?utf-8?q?not_this?= =?" }),
		"names with special characters": sample(func(m *message.Message) {
			m.Name, m.From = `Wang "Wu", \ (x) <y>`, `"Awards, Inc." <award@edm.example.test>`
		}),
		"a name that looks encoded": sample(func(m *message.Message) { m.Name = "=?utf-8?q?x?=" }),
		"reply-to and headers of the campaign": sample(func(m *message.Message) {
			m.ReplyTo = "客服 <service@edm.example.test>"
			m.Headers = map[string]string{
				"List-Unsubscribe":      "<https://edm.example.test/u/" + strings.Repeat("0123456789", 12) + ">, <mailto:off@edm.example.test?subject=off>",
				"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "X-Campaign": "年度 award", "List-Id": "<award.edm.example.test>",
			}
		}),
	}
}

func TestAMailIsReadAsItWasMeant(t *testing.T) {
	for name, m := range samples() {
		t.Run(name, func(t *testing.T) {
			got := receive(t, compose(t, m))
			want := parsed{
				From: "Awards <award@edm.example.test>", To: strings.TrimSpace(m.Name + " <wang@customer.test>"), Subject: m.Subject,
				MessageID: "<0123456789abcdefghjkmnpqrs@edm.example.test>", Text: lf(m.Text), HTML: lf(m.HTML),
				Files: map[string]string{}, Headers: map[string]string{},
			}
			if from, err := mail.ParseAddress(m.From); err == nil {
				want.From = from.Name + " <" + from.Address + ">"
			}
			if m.ReplyTo != "" {
				want.ReplyTo = m.ReplyTo
			}
			for k, v := range m.Headers {
				want.Headers[k] = v
			}
			for _, a := range m.Attachments {
				want.Files[a.Name[strings.LastIndexByte(a.Name, '\\')+1:]] = string(a.Data)
			}
			got.Text, got.HTML = lf(got.Text), lf(got.HTML)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAnotherLibraryReadsTheSameMail has go-mail read what was written.
func TestAnotherLibraryReadsTheSameMail(t *testing.T) {
	for name, m := range samples() {
		t.Run(name, func(t *testing.T) {
			data := compose(t, m)
			data = bytes.ReplaceAll(data[:len(data)-3], []byte("\r\n."), []byte("\r\n"))
			msg, err := gomail.EMLToMsgFromReader(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("go-mail: %v\n%s", err, data)
			}
			if got := msg.GetTo(); len(got) != 1 || got[0].Address != "wang@customer.test" || got[0].Name != strings.TrimSpace(m.Name) {
				t.Errorf("to %v", got)
			}
			var texts []string
			for _, p := range msg.GetParts() {
				b, err := p.GetContent()
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, lf(string(b)))
			}
			var want []string
			for _, s := range []string{m.Text, m.HTML} {
				if s != "" || m.HTML == "" && len(want) == 0 {
					want = append(want, lf(s))
				}
			}
			if len(texts) > len(want) && len(m.Attachments) > 0 { // go-mail takes an empty file for a part
				texts = texts[:len(want)]
			}
			if !slices.Equal(texts, want) {
				t.Errorf("texts %q, want %q", texts, want)
			}
			if got := len(msg.GetAttachments()); got != len(m.Attachments) {
				t.Errorf("%d attachments, want %d", got, len(m.Attachments))
			}
		})
	}
}

func TestLinesAreFoldedAndNothingButSevenBitsIsSent(t *testing.T) {
	for name, m := range samples() {
		data := compose(t, m)
		head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
		for line := range strings.SplitSeq(string(head), "\r\n") {
			if len(line) > 78 && !strings.Contains(line, "https://") {
				t.Errorf("%s: a header line of %d characters: %s", name, len(line), line)
			}
			if strings.TrimSpace(line) == "" {
				t.Errorf("%s: a header line of spaces", name)
			}
		}
		if i := bytes.IndexFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }); i >= 0 {
			t.Errorf("%s: a byte beyond ASCII at %d", name, i)
		}
	}
}

func TestTheSameMessageMakesTheSameBytes(t *testing.T) {
	now := func() time.Time { return time.Date(2020, 1, 1, 9, 0, 0, 0, time.FixedZone("CST", 8*3600)) }
	v := newVendorAt(t, "127.0.0.1:25", now, nil)
	m := samples()["both, with files"]
	first, _, _, err := smtp.Compose(v, m)
	if err != nil {
		t.Fatal(err)
	}
	second, _, _, err := smtp.Compose(v, m)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two mails of one message differ")
	}
	if !bytes.HasPrefix(first, []byte("Date: Wed, 01 Jan 2020 09:00:00 +0800\r\n")) {
		t.Errorf("date: %.60s", first)
	}
}

func TestWhatCannotBeAMailIsRejected(t *testing.T) {
	for name, m := range map[string]message.Message{
		"a line break in the subject":      sample(func(m *message.Message) { m.Subject = "x\r\nBcc: everyone@customer.test" }),
		"a line feed in the name":          sample(func(m *message.Message) { m.Name = "x\nBcc: y" }),
		"a line break in the address":      sample(func(m *message.Message) { m.To = "a@customer.test>\r\nRCPT TO:<b@customer.test" }),
		"a space in the address":           sample(func(m *message.Message) { m.To = `"a b"@customer.test` }),
		"two addresses":                    sample(func(m *message.Message) { m.To = "a@customer.test, b@customer.test" }),
		"an address with a name":           sample(func(m *message.Message) { m.To = "A <a@customer.test>" }),
		"no address":                       sample(func(m *message.Message) { m.To = "" }),
		"a phone number":                   sample(func(m *message.Message) { m.To = "+15550100001" }),
		"no sender":                        sample(func(m *message.Message) { m.From = "" }),
		"a line break in the sender":       sample(func(m *message.Message) { m.From = "a@edm.example.test\r\nBcc: y" }),
		"a line break in reply-to":         sample(func(m *message.Message) { m.ReplyTo = "a@edm.example.test\nBcc: y" }),
		"a line break in a header":         sample(func(m *message.Message) { m.Headers = map[string]string{"X-A": "x\r\n\r\nbody"} }),
		"a line break in a header's name":  sample(func(m *message.Message) { m.Headers = map[string]string{"X-A: x\r\nBcc": "y"} }),
		"a header that is ours":            sample(func(m *message.Message) { m.Headers = map[string]string{"message-id": "<x@y>"} }),
		"a further recipient":              sample(func(m *message.Message) { m.Headers = map[string]string{"bcc": "y@customer.test"} }),
		"a header that cannot be folded":   sample(func(m *message.Message) { m.Headers = map[string]string{"X-A": strings.Repeat("x", 1000)} }),
		"a control character in a subject": sample(func(m *message.Message) { m.Subject = "x\x00y" }),
		"a key with an angle bracket":      sample(func(m *message.Message) { m.Key = "x>y" }),
		"no key":                           sample(func(m *message.Message) { m.Key = "" }),
		"a line break in a file's name":    sample(func(m *message.Message) { m.Attachments = []message.Attachment{{Name: "a\r\nb"}} }),
		"a file without a name":            sample(func(m *message.Message) { m.Attachments = []message.Attachment{{}} }),
		"a file's type that is none":       sample(func(m *message.Message) { m.Attachments = []message.Attachment{{Name: "a", Type: "x\r\ny"}} }),
		"an SMS":                           sample(func(m *message.Message) { m.Channel = message.SMS }),
	} {
		t.Run(name, func(t *testing.T) {
			// Nobody listens there: nothing is even tried.
			o := newVendor(t, "127.0.0.1:1", nil).Send(context.Background(), m)
			if o.String() != "rejected notify:message" || o.Detail == "" || strings.ContainsAny(o.Detail, "\r\n") {
				t.Errorf("outcome %+v", o)
			}
		})
	}
}

func TestInternationalDomainsAreWrittenInASCII(t *testing.T) {
	m := sample(func(m *message.Message) { m.From, m.ReplyTo = "奖 <award@例子.test>", "help@例子.test" })
	data, from, to, err := smtp.Compose(newVendor(t, "127.0.0.1:25", nil), m)
	if err != nil {
		t.Fatal(err)
	}
	if from != "award@xn--fsqu00a.test" || to != "wang@customer.test" {
		t.Errorf("envelope %s, %s", from, to)
	}
	if got := receive(t, data); got.From != "奖 <award@xn--fsqu00a.test>" || got.ReplyTo != "<help@xn--fsqu00a.test>" {
		t.Errorf("headers %+v", got)
	}
}

// FuzzCompose: whatever a message holds, it is rejected, or read as it was meant, and is one mail on the wire.
func FuzzCompose(f *testing.F) {
	f.Add("wang@customer.test", "王五", "Your award", "Hello\n", "<p>x</p>", "X-A", "value", "prize.pdf", []byte("x"))
	f.Add("a.b+c@customer.test", "=?", "a\tb  c", ".\r\n.\n", "", "List-Id", "<x>", "规则.pdf", []byte("\r\n.\r\n"))
	f.Add("王五@customer.test", `"\`, " x ", "\xff\r\x00=_", "\x85", "X-B", " é ", "", []byte{})
	f.Fuzz(func(t *testing.T, to, name, subject, text, html, header, value, file string, content []byte) {
		m := sample(func(m *message.Message) {
			m.To, m.Name, m.Subject, m.Text, m.HTML = message.Address(to), name, subject, text, html
			m.Headers = map[string]string{header: value}
			if file != "" {
				m.Attachments = []message.Attachment{{Name: file, Data: content}}
			}
		})
		data, _, rcpt, err := smtp.Compose(newVendor(t, "127.0.0.1:25", nil), m)
		if err != nil {
			return
		}
		if strings.ContainsAny(rcpt, " \r\n<>\t") {
			t.Fatalf("recipient %q", rcpt)
		}
		got := receive(t, data)
		if got.Subject != subject && !strings.Contains(subject, "�") {
			t.Errorf("subject %q, want %q", got.Subject, subject)
		}
		if utf8.ValidString(text) && (text != "" || html == "") && lf(got.Text) != lf(text) {
			t.Errorf("text %q, want %q", lf(got.Text), lf(text))
		}
		if utf8.ValidString(html) && lf(got.HTML) != lf(html) {
			t.Errorf("HTML %q, want %q", lf(got.HTML), lf(html))
		}
		if file != "" && len(got.Files) != 1 {
			t.Errorf("files %q", got.Files)
		}
		for _, b := range got.Files {
			if b != string(content) {
				t.Errorf("file %q, want %q", b, content)
			}
		}
	})
}

func TestImagesOfTheHTMLTextStandInTheMailWithIt(t *testing.T) {
	m := sample(func(m *message.Message) {
		m.Text, m.HTML = "see below", `<img src="cid:logo.png">`
		m.Attachments = []message.Attachment{
			{Name: "logo.png", Type: "image/png", Data: []byte("\x89PNG"), ContentID: "logo.png"}, {Name: "terms.pdf", Type: "application/pdf", Data: []byte("%PDF")},
		}
	})
	data := compose(t, m)
	data = bytes.ReplaceAll(data[:len(data)-3], []byte("\r\n."), []byte("\r\n"))
	var order []int
	for _, part := range []string{"multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "Content-ID: <logo.png>", "Content-Disposition: inline", "Content-Disposition: attachment"} {
		order = append(order, bytes.Index(data, []byte(part)))
	}
	if order[0] < 0 || !slices.IsSorted(order) {
		t.Errorf("the parts stand at %v:\n%s", order, data)
	}
	msg, err := gomail.EMLToMsgFromReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(msg.GetEmbeds()) != 1 || len(msg.GetAttachments()) != 1 {
		t.Errorf("%d images, %d files", len(msg.GetEmbeds()), len(msg.GetAttachments()))
	}
	m.Attachments[0].ContentID = "a>b"
	if _, _, _, err := smtp.Compose(newVendor(t, "127.0.0.1:25", nil), m); err == nil {
		t.Error("a Content-ID that is none was written")
	}
}

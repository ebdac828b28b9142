package ses_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/ses"
	"notify/pkg/vendors/vendorstest"
)

const (
	region = "eu-west-1"
	keyID  = "AKIAIOSFODNN7EXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" // of the vendor's own examples
)

func TestTheSuite(t *testing.T) {
	vendorstest.Run(t, vendorstest.HTTP{
		New: open, Message: vendorstest.Mail, Secrets: []string{secret}, Refusal: message.ReasonQuota, Read: read,
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      {Status: 200, Body: `{"MessageId":"0102018e-%d"}`},
			vendorstest.Reject:      fail(400, "BadRequestException", "Illegal address: winner-001@customer.test "+secret),
			vendorstest.Throttle:    fail(429, "TooManyRequestsException", "Maximum sending rate exceeded."),
			vendorstest.Refuse:      fail(429, "TooManyRequestsException", "Daily message quota exceeded."),
			vendorstest.Unlisted:    fail(400, "NovelException", "something new"),
			vendorstest.ServerError: fail(500, "AccountSuspendedException", "a listed code under a failure of the server"),
		},
	}.Harness())
}

// One name stands for several things, and the text says which; a name stands in a header or in the body; what is not listed is unknown.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		answer vendorstest.Answer
		want   string
	}{
		{fail(400, "ThrottlingException", "Daily message quota exceeded"), "refused quota ThrottlingException"},
		{fail(429, "TooManyRequestsException", "Too many requests"), "throttled TooManyRequestsException"},
		{fail(400, "LimitExceededException", "x"), "refused quota LimitExceededException"},
		{fail(400, "AccountSuspendedException", "x"), "refused authorisation AccountSuspendedException"},
		{fail(400, "SendingPausedException", "x"), "refused blocked SendingPausedException"},
		{fail(404, "NotFoundException", "Configuration set <x> does not exist."), "refused other NotFoundException"},
		{fail(403, "InvalidSignatureException", "x"), "refused authorisation InvalidSignatureException"},
		{fail(400, "MessageRejected", "Email address is not verified."), "refused authorisation MessageRejected"},
		{fail(400, "MessageRejected", "Transaction failed: Address not allowed"), "rejected MessageRejected"},
		{fail(503, "ServiceUnavailable", "x"), "unknown ServiceUnavailable"},
		{vendorstest.Answer{Status: 400, Body: `{"__type":"com.amazonaws.sesv2#MessageRejected","message":"x"}`}, "rejected MessageRejected"},
		{vendorstest.Answer{Status: 400, Body: `{}`}, "unknown notify:http-400"},
		{vendorstest.Answer{Status: 200, Body: `{}`}, "unknown notify:id"},
		{vendorstest.Answer{Status: 200, Body: `null`}, "unknown notify:id"},
		{vendorstest.Answer{Status: 202, Body: `{"MessageId":"1"}`}, "unknown notify:http-202"},
		{vendorstest.Answer{Status: 429, Body: `<html>`}, "unknown notify:garbage"},
	} {
		s := server(t, nil, func(*http.Request) vendorstest.Answer { return c.answer })
		o := s.vendor.Send(t.Context(), vendorstest.Mail(1))
		if got := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", o.Kind, o.Reason, o.Code)), " "); got != c.want || len(s.asked) != 1 {
			t.Errorf("%+v: %s after %d requests, want %s", c.answer, got, len(s.asked), c.want)
		}
	}
}

// A mail with everything that it can have, as the vendor gets it.
func TestWhatIsAsked(t *testing.T) {
	m := vendorstest.Mail(1)
	m.From, m.Name, m.ReplyTo = "颁奖组 <award@edm.example.test>", "王\n小明", "Help <help@example.test>"
	m.Headers = map[string]string{"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "List-Unsubscribe": "<https://edm.example.test/u>", "X-Note": "获奖"}
	m.Attachments = []message.Attachment{
		{Name: "terms.pdf", Type: "application/pdf", Data: []byte("pdf")}, {Name: "logo.png", Type: "image/png", Data: []byte("png"), ContentID: "logo"},
	}
	s := server(t, map[string]any{"configuration_set": "events"}, func(*http.Request) vendorstest.Answer {
		return vendorstest.Answer{Status: 200, Body: `{"MessageId":"id-1"}`}
	})
	if o := s.vendor.Send(t.Context(), m); o.Kind != message.OutcomeAccepted || o.VendorID != "id-1" {
		t.Fatalf("%+v", o)
	}
	content := func(s string) map[string]any { return map[string]any{"Charset": "UTF-8", "Data": s} }
	header := func(name, value string) map[string]any { return map[string]any{"Name": name, "Value": value} }
	want := map[string]any{
		"FromEmailAddress": "=?utf-8?q?=E9=A2=81=E5=A5=96=E7=BB=84?= <award@edm.example.test>", "ConfigurationSetName": "events",
		"ReplyToAddresses": []any{`"Help" <help@example.test>`},
		"Destination":      map[string]any{"ToAddresses": []any{"=?utf-8?q?=E7=8E=8B_=E5=B0=8F=E6=98=8E?= <winner-001@customer.test>"}},
		"EmailTags":        []any{map[string]any{"Name": "notify-key", "Value": string(m.Key)}},
		"Content": map[string]any{"Simple": map[string]any{
			"Subject": content(m.Subject), "Body": map[string]any{"Text": content(m.Text), "Html": content(m.HTML)},
			"Headers": []any{
				header("List-Unsubscribe", "<https://edm.example.test/u>"), header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
				header("X-Note", "=?utf-8?q?=E8=8E=B7=E5=A5=96?="),
			},
			"Attachments": []any{
				map[string]any{"FileName": "terms.pdf", "ContentType": "application/pdf", "RawContent": "cGRm", "ContentDisposition": "ATTACHMENT", "ContentTransferEncoding": "BASE64"},
				map[string]any{"FileName": "logo.png", "ContentType": "image/png", "RawContent": "cG5n", "ContentDisposition": "INLINE", "ContentId": "logo", "ContentTransferEncoding": "BASE64"},
			},
		}},
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(s.asked[0]), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatTheVendorHasNoPlaceFor(t *testing.T) {
	s := server(t, nil, func(*http.Request) vendorstest.Answer {
		t.Error("it was asked")
		return vendorstest.Answer{Status: 500}
	})
	with := func(edit func(*message.Message)) message.Message {
		m := vendorstest.Mail(1)
		edit(&m)
		return m
	}
	for name, m := range map[string]message.Message{
		"a short message":         vendorstest.SMS(1),
		"no sender":               with(func(m *message.Message) { m.From = "" }),
		"a sender in Chinese":     with(func(m *message.Message) { m.From = "颁奖@example.test" }),
		"a recipient in Chinese":  with(func(m *message.Message) { m.To = "王@example.test" }),
		"an answer to nobody":     with(func(m *message.Message) { m.ReplyTo = "nobody" }),
		"a second subject":        with(func(m *message.Message) { m.Headers = map[string]string{"subject": "x"} }),
		"a header without a name": with(func(m *message.Message) { m.Headers = map[string]string{"": "x"} }),
		"a header too long":       with(func(m *message.Message) { m.Headers = map[string]string{"X": strings.Repeat("x", 1000)} }),
	} {
		if o := s.vendor.Send(t.Context(), m); o.Kind != message.OutcomeUnsent || o.Code != "notify:request" {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, options := range map[string]map[string]any{
		"access_key_secret":  {"access_key_secret": ""},
		"options.region":     {"region": "eu-west-1.attacker.example.test/"},
		"configuration_sett": {"configuration_sett": "x"},
	} {
		_, err := ses.Kind().New(vendors.Settings{Account: "acc", Options: with(options), Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// with are the options of the test account, some of them others.
func with(others map[string]any) map[string]any {
	o := map[string]any{"region": region, "access_key_id": keyID, "access_key_secret": secret}
	for name, v := range others {
		o[name] = v
	}
	return o
}

func open(_ *testing.T, s vendors.Settings) (vendors.Vendor, error) {
	s.Options = with(nil)
	return ses.Kind().New(s)
}

func fail(status int, name, said string) vendorstest.Answer {
	body, _ := json.Marshal(map[string]string{"message": said})
	return vendorstest.Answer{Status: status, Header: "X-Amzn-Errortype: " + name + ":http://internal.example.test/\r\n", Body: string(body)}
}

func read(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
	t.Helper()
	var mail struct {
		Destination struct{ ToAddresses []string }
		EmailTags   []struct{ Name, Value string }
	}
	if err := json.Unmarshal(body, &mail); err != nil || len(mail.Destination.ToAddresses) != 1 || len(mail.EmailTags) != 1 || mail.EmailTags[0].Name != "notify-key" {
		t.Errorf("%s: %v", body, err)
		return vendorstest.Arrival{}
	}
	checkSignature(t, r, body)
	if r.Method != http.MethodPost || r.URL.Path != "/v2/email/outbound-emails" {
		t.Errorf("%s %s", r.Method, r.URL)
	}
	to, err := netmail.ParseAddress(mail.Destination.ToAddresses[0])
	if err != nil {
		t.Error(err)
		return vendorstest.Arrival{}
	}
	return vendorstest.Arrival{Key: message.Key(mail.EmailTags[0].Value), To: message.Address(to.Address)}
}

// checkSignature computes AWS4-HMAC-SHA256 over a request, as the vendor documents it (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
func checkSignature(t *testing.T, r *http.Request, body []byte) {
	t.Helper()
	fields := map[string]string{}
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	var headers strings.Builder
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(len(body))
		}
		_, _ = fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	date := r.Header.Get("X-Amz-Date")
	scope := date[:min(8, len(date))] + "/" + region + "/ses/aws4_request"
	path, query := strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25"), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	canonical := strings.Join([]string{r.Method, path, query, headers.String(), fields["SignedHeaders"], digest(body)}, "\n")
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	want := hex.EncodeToString(mac(key, strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, digest([]byte(canonical))}, "\n")))
	if scheme != "AWS4-HMAC-SHA256" || fields["Credential"] != keyID+"/"+scope || fields["Signature"] != want {
		t.Errorf("authorisation %q, want the signature %s over %q", r.Header.Get("Authorization"), want, canonical)
	}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(text))
	return h.Sum(nil)
}

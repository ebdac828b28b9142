package tencent_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/tencent"
	"notify/pkg/vendors/vendorstest"
)

func openMail(_ *testing.T, s vendors.Settings) (vendors.Vendor, error) {
	s.Options = map[string]any{"secret_id": keyID, "secret_key": secret, "unsubscribe": "2"}
	return tencent.MailKind().New(s)
}

func TestMailPassesTheSuite(t *testing.T) {
	vendorstest.Run(t, vendorstest.HTTP{
		New: openMail, Message: vendorstest.Mail, Secrets: []string{secret}, Refusal: message.ReasonQuota, Read: readMail,
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      {Status: 200, Body: `{"Response":{"MessageId":"qcloudses-%d","RequestId":"x"}}`},
			vendorstest.Reject:      fail("FailedOperation.EmailAddrInBlacklist", "winner-001@customer.test "+secret),
			vendorstest.Throttle:    fail("FailedOperation.ServiceNotAvailable", "the request did not take effect"),
			vendorstest.Refuse:      fail("FailedOperation.ExceedSendLimit", "the daily limit"),
			vendorstest.Unlisted:    fail("FailedOperation.Novelty", "something new"),
			vendorstest.ServerError: {Status: 502, Body: fail("FailedOperation.ExceedSendLimit", "").Body},
		},
	}.Harness())
}

func readMail(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
	t.Helper()
	var in map[string]any
	if err := json.Unmarshal(body, &in); err != nil {
		t.Errorf("the server read %s: %v", body, err)
		return vendorstest.Arrival{}
	}
	to := fmt.Sprint(in["Destination"].([]any)[0])
	id := fmt.Sprint(in["SmtpMessageId"])
	var n int
	_, _ = fmt.Sscanf(to, "winner-%d@", &n)
	m := vendorstest.Mail(n)
	want := map[string]any{
		"FromEmailAddress": "Awards <award@edm.example.test>", "Subject": m.Subject, "Destination": []any{string(m.To)}, "Unsubscribe": "2", "TriggerType": 0.0,
		"Simple": map[string]any{
			"Text": base64.StdEncoding.EncodeToString([]byte(m.Text)), "Html": base64.StdEncoding.EncodeToString([]byte(m.HTML)),
		},
		"SmtpMessageId": id,
	}
	if d := cmp.Diff(want, in); d != "" || r.Header.Get("X-Tc-Action") != "SendEmail" || r.Header.Get("X-Tc-Version") != "2020-10-02" {
		t.Errorf("%s: %s", r.Header, d)
	}
	if want := signature(r, body); !strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+want) {
		t.Errorf("authorisation %q, want %s", r.Header.Get("Authorization"), want)
	}
	return vendorstest.Arrival{Key: message.Key(strings.TrimSuffix(strings.TrimPrefix(id, "<"), "@edm.example.test>")), To: message.Address(to)}
}

func TestCodesOfMail(t *testing.T) {
	for code, want := range map[string]string{
		"AuthFailure.SignatureFailure":                   "refused authorisation 0s false",
		"FailedOperation.WithOutPermission":              "refused authorisation 0s false",
		"FailedOperation.InsufficientBalance":            "refused balance 0s false",
		"FailedOperation.HighRejectionRate":              "refused blocked 0s false",
		"OperationDenied.TemplateStatusError":            "refused template 0s false",
		"FailedOperation.FrequencyLimit":                 "throttled 1h0m0s true",
		"FailedOperation.TemporaryBlocked":               "throttled 10m0s true",
		"RequestLimitExceeded.IPLimitExceeded":           "throttled 0s false",
		"InvalidParameterValue.ReceiverEmailInvalid":     "rejected 0s false",
		"FailedOperation.SendEmailErr":                   "unknown 0s false",
		"InternalError":                                  "unknown 0s false",
		"InternalError.FailedOperation.IncorrectEmail":   "unknown 0s false",
		"FailedOperation":                                "unknown 0s false",
		"FailedOperation.ServiceNotAvailable.OrMaybeNot": "unknown 0s false",
	} {
		v := serverOf(t, openMail, func(string, map[string]any) string { return fail(code, "said").Body })
		o := v.Send(t.Context(), vendorstest.Mail(1))
		if got := strings.ReplaceAll(fmt.Sprintf("%s %s %s %t", o.Kind, o.Reason, o.RetryAfter, o.Recipient), "  ", " "); got != want || o.Code != code {
			t.Errorf("%s: %s under %q, want %s", code, got, o.Code, want)
		}
	}
}

func TestWhatMailHasNoPlaceFor(t *testing.T) {
	v, err := openMail(t, vendors.Settings{Account: "acc", Endpoint: "http://127.0.0.1:1", Timeout: time.Minute, Concurrency: 1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*message.Message){
		"a short message":      func(m *message.Message) { m.Channel = message.SMS },
		"no sender":            func(m *message.Message) { m.From = "" },
		"a colon in the name":  func(m *message.Message) { m.From = `"a:b" <a@example.test>` },
		"a picture inside":     func(m *message.Message) { m.Attachments = []message.Attachment{{Name: "a", ContentID: "a"}} },
		"a header of its own":  func(m *message.Message) { m.Headers = map[string]string{"X-A": "b"} },
		"an answer to nowhere": func(m *message.Message) { m.ReplyTo = "nobody" },
		"a template by name":   func(m *message.Message) { m.Template = "welcome" },
	} {
		m := vendorstest.Mail(1)
		edit(&m)
		if o := v.Send(t.Context(), m); o.Kind != message.OutcomeUnsent || o.Code != "notify:request" {
			t.Errorf("%s: %+v", name, o)
		}
	}
	_, err = tencent.MailKind().New(vendors.Settings{Account: "acc", Options: map[string]any{"secret_id": "a", "secret_key": "b", "unsubscribe": "yes"}})
	if err == nil || !strings.Contains(err.Error(), "unsubscribe") {
		t.Errorf("a link that there is not: %v", err)
	}
}

func TestAnApprovedMailIsNamed(t *testing.T) {
	var got map[string]any
	v := serverOf(t, openMail, func(_ string, in map[string]any) string { got = in; return `{"Response":{"MessageId":"m-1"}}` })
	m := vendorstest.Mail(1)
	m.Template, m.Vars, m.ReplyTo = "100091", map[string]string{"name": "王"}, "Help <help@example.test>"
	m.Attachments = []message.Attachment{{Name: "a.txt", Data: []byte("A")}}
	if o := v.Send(t.Context(), m); o.Kind != message.OutcomeAccepted || o.VendorID != "m-1" {
		t.Errorf("%+v", o)
	}
	want := map[string]any{"TemplateID": 100091.0, "TemplateData": `{"name":"王"}`}
	if d := cmp.Diff(want, got["Template"]); d != "" || got["Simple"] != nil || got["ReplyToAddresses"] != "help@example.test" {
		t.Errorf("%v: %s", got, d)
	}
	if d := cmp.Diff([]any{map[string]any{"FileName": "a.txt", "Content": "QQ=="}}, got["Attachments"]); d != "" {
		t.Error(d)
	}
}

func TestWhatMailCanBeAsked(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	enabled, listed := "true", 0
	v := serverOf(t, openMail, func(action string, in map[string]any) string {
		switch action {
		case "ListEmailIdentities":
			return `{"Response":{"EmailIdentities":[{"IdentityName":"a.test","SendingEnabled":false},{"IdentityName":"b.test","SendingEnabled":` + enabled + `}]}}`
		case "GetEmailTemplate":
			if in["TemplateID"] == 3.0 {
				return fail("InvalidParameterValue.TemplateNotExist", "none").Body
			}
			return fmt.Sprintf(`{"Response":{"TemplateStatus":%d,"TemplateContent":{"Html":"","Text":"5oKo5aW9"}}}`, int(in["TemplateID"].(float64))-1)
		}
		listed++
		if in["ToEmailAddress"] != "wang@example.test" || in["RequestDate"] != "2026-11-20" {
			t.Errorf("asked %v", in)
		}
		return fmt.Sprintf(`{"Response":{"EmailStatusList":[{"MessageId":"early","RequestTime":%d},
			{"MessageId":"ours","RequestTime":%d,"SendStatus":0,"DeliverStatus":3,"DeliverMessage":"550 no such user"}]}}`, now.Unix()-60, now.Unix()+1)
	})
	q := vendors.Query{To: "wang@example.test", VendorID: "ours", Since: now, Until: now.Add(time.Minute)}
	f, err := v.(vendors.Finder).Find(t.Context(), q)
	if err != nil || f.Answer != message.OutcomeAccepted || f.Receipt != message.Undelivered || f.Detail != "550 no such user" {
		t.Errorf("%+v, %v", f, err)
	}
	q.VendorID = ""
	f, err = v.(vendors.Finder).Find(t.Context(), q)
	if err != nil || f.Answer != message.OutcomeUnknown || !strings.Contains(f.Detail, "ours") || strings.Contains(f.Detail, "early") {
		t.Errorf("a mail to the address is no proof, but told: %+v, %v", f, err)
	}
	if listed != 2 {
		t.Errorf("asked %d times", listed)
	}
	texts, err := v.(vendors.TemplateLister).Templates(t.Context(), vendors.TemplateText, "1", "2", "3", "by name")
	if err != nil || len(texts) != 2 || texts[0].State != vendors.TemplateApproved || texts[0].Text != "您好" || texts[1].State != vendors.TemplatePending {
		t.Errorf("%+v, %v", texts, err)
	}
	if err := v.(vendors.Prober).Probe(t.Context()); err != nil {
		t.Error(err)
	}
	enabled = "false"
	if err := v.(vendors.Prober).Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "SendingEnabled=false") {
		t.Errorf("no domain may send: %v", err)
	}
}

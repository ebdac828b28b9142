package aliyun_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/aliyun"
	"notify/pkg/vendors/vendorstest"
)

func openMail(_ *testing.T, s vendors.Settings) (vendors.Vendor, error) {
	s.Options = map[string]any{"access_key_id": keyID, "access_key_secret": secret}
	return aliyun.MailKind().New(s)
}

func TestDirectMailPassesTheSuite(t *testing.T) {
	vendorstest.Run(t, vendorstest.HTTP{
		New: openMail, Message: vendorstest.Mail, Secrets: []string{secret}, Refusal: message.ReasonBlocked, Read: readMail,
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      {Status: 200, Body: `{"EnvId":"60000%d","RequestId":"12D086F6"}`},
			vendorstest.Reject:      fail(400, "InvalidToAddress.Spam", "winner-001@customer.test "+secret),
			vendorstest.Throttle:    fail(400, "Throttling.User", "Request was denied due to user flow control."),
			vendorstest.Refuse:      fail(400, "InvalidMailAddressStatus.Malformed", "The sender is frozen."),
			vendorstest.Unlisted:    fail(400, "NovelError", "something new"),
			vendorstest.ServerError: fail(500, "InvalidToAddress", "a listed code under a failure of the server"),
		},
	}.Harness())
}

func readMail(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
	t.Helper()
	form, err := url.ParseQuery(string(body))
	if want := signature(r); err != nil || want == "" || !strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+want) {
		t.Errorf("authorisation %q, want the signature %s, %v", r.Header.Get("Authorization"), want, err)
	}
	var headers map[string]string
	if err := json.Unmarshal([]byte(form.Get("Headers")), &headers); err != nil {
		t.Error(err)
	}
	var n int
	_, _ = fmt.Sscanf(form.Get("ToAddress"), "winner-%d@", &n)
	m := vendorstest.Mail(n)
	key := headers["X-User-Notify-Key"]
	want := map[string]string{
		"Message-ID": "<" + key + "@edm.example.test>", "X-User-Notify-Key": key, "List-Unsubscribe": m.Headers["List-Unsubscribe"],
	}
	if d := cmp.Diff(want, headers); d != "" || r.Header.Get("X-Acs-Action") != "SingleSendMail" || form.Get("AccountName") != "award@edm.example.test" ||
		form.Get("FromAlias") != "Awards" || form.Get("TextBody") != m.Text || form.Get("HtmlBody") != m.HTML || form.Get("Subject") != m.Subject ||
		form.Get("AddressType") != "1" || form.Get("UnSubscribeLinkType") != "disabled" || strings.Contains(r.URL.RawQuery, "winner") {
		t.Errorf("%s %v: %s", r.URL, form, d)
	}
	return vendorstest.Arrival{Key: message.Key(key), To: message.Address(form.Get("ToAddress"))}
}

func TestWhatDirectMailHasNoPlaceFor(t *testing.T) {
	v, err := openMail(t, vendors.Settings{Account: "acc", Endpoint: "http://127.0.0.1:1", Timeout: time.Minute, Concurrency: 1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*message.Message){
		"a short message":      func(m *message.Message) { m.Channel = message.SMS },
		"no sender":            func(m *message.Message) { m.From = "" },
		"a long name":          func(m *message.Message) { m.From = strings.Repeat("名", 16) + " <a@example.test>" },
		"two recipients":       func(m *message.Message) { m.To = `"a,b"@example.test` },
		"a file":               func(m *message.Message) { m.Attachments = []message.Attachment{{Name: "a"}} },
		"a header of its own":  func(m *message.Message) { m.Headers = map[string]string{"X-A": "b"} },
		"an answer to nowhere": func(m *message.Message) { m.ReplyTo = "nobody" },
	} {
		m := vendorstest.Mail(1)
		edit(&m)
		if o := v.Send(t.Context(), m); o.Kind != message.OutcomeUnsent || o.Code != "notify:request" {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestDirectMailTellsTheQuotaOfTheDay(t *testing.T) {
	for _, c := range []struct {
		status        int
		body          string
		quota         int64
		probe, failed string
	}{
		{200, `{"DailyQuota":2000,"UserStatus":0}`, 2000, "", ""},
		{200, `{"DailyQuota":2000,"UserStatus":2}`, 2000, "UserStatus=2", ""},
		{200, `{}`, 0, "UserStatus", "DailyQuota"},
		{200, `null`, 0, "UserStatus", "DailyQuota"},
		{403, `{"Code":"Forbidden.RAM","Message":"no right"}`, 0, "Forbidden.RAM", "Forbidden.RAM"},
		{502, `<html>`, 0, "HTTP 502", "HTTP 502"},
	} {
		v := serverOf(t, openMail, func(action string, _ url.Values) (int, string) {
			if action != "DescAccountSummary" {
				t.Errorf("asked %s", action)
			}
			return c.status, c.body
		}).vendor
		b, err := v.(vendors.Balancer).Balance(t.Context())
		if c.failed == "" && (err != nil || *b.QuotaLimit != c.quota || b.QuotaUsed != nil) || c.failed != "" && (err == nil || !strings.Contains(err.Error(), c.failed)) {
			t.Errorf("%s: %+v, %v", c.body, b, err)
		}
		if err := v.(vendors.Prober).Probe(t.Context()); (err == nil) != (c.probe == "") || err != nil && !strings.Contains(err.Error(), c.probe) {
			t.Errorf("%s: %v", c.body, err)
		}
	}
}

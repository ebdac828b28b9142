package aliyun_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
)

// imitation answers as the vendor's documentation says, and keeps what was asked.
type imitation struct {
	vendor vendors.Vendor
	asked  []string
}

func server(t *testing.T, answer func(action string, q url.Values) (int, string)) *imitation {
	t.Helper()
	return serverOf(t, open, answer)
}

func serverOf(t *testing.T, open func(*testing.T, vendors.Settings) (vendors.Vendor, error), answer func(action string, q url.Values) (int, string)) *imitation {
	t.Helper()
	s := new(imitation)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.Header.Get("X-Acs-Action")
		if want := signature(r); want == "" || !strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+want) {
			t.Errorf("%s: authorisation %q", action, r.Header.Get("Authorization"))
		}
		s.asked = append(s.asked, action)
		status, body := answer(action, r.URL.Query())
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(web.Close)
	v, err := open(t, vendors.Settings{Account: "acc", Endpoint: web.URL, Concurrency: 1, Timeout: time.Minute, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	s.vendor = v
	return s
}

func TestTheBalanceIsMoneyAndPackagesThatAreStillGood(t *testing.T) {
	s := server(t, func(action string, q url.Values) (int, string) {
		if action == "QueryAccountBalance" {
			return 200, `{"Code":"200","Success":true,"Data":{"AvailableAmount":"10,000.50","Currency":"CNY"}}`
		}
		if q.Get("ProductCode") != "dysms" {
			t.Errorf("asked for packages of %q", q.Get("ProductCode"))
		}
		return 200, `{"Code":"Success","Data":{"Instances":{"Instance":[
			{"RemainingAmount":"1200","Status":"Available"},{"RemainingAmount":"34.0","Status":"Available"},{"RemainingAmount":"9999","Status":"Expired"}]}}}`
	})
	b, err := s.vendor.(vendors.Balancer).Balance(t.Context())
	if err != nil || b.Amount == nil || b.Amount.String() != "10000.50" || b.Currency != "CNY" || b.Messages == nil || *b.Messages != 1234 || b.Date.IsZero() {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestABalanceThatIsNotToldIsAnError(t *testing.T) {
	for name, body := range map[string]string{
		"no figure": `{"Code":"200","Data":{}}`, "refused": `{"Code":"NotAuthorized","Message":"no right"}`, "nothing": `{}`, "no answer": ``,
	} {
		s := server(t, func(string, url.Values) (int, string) { return 200, body })
		if b, err := s.vendor.(vendors.Balancer).Balance(t.Context()); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
}

func TestAMessageIsFoundByNumberAndDay(t *testing.T) {
	m := templated(1)
	since := time.Date(2026, 11, 20, 23, 0, 0, 0, time.FixedZone("", 8*3600))
	query := vendors.Query{Key: m.Key, To: "+8613490000001", Since: since, Until: since.Add(2 * time.Hour)}
	for _, c := range []struct {
		on, status string
		want       message.OutcomeKind
		receipt    message.ReceiptState
		asked      int
	}{
		{"20261120", "3", message.OutcomeAccepted, message.Delivered, 1},
		{"20261121", "2", message.OutcomeAccepted, message.Undelivered, 2},
		{"20261121", "1", message.OutcomeAccepted, message.Waiting, 2},
		{"never", "3", message.OutcomeUnknown, "", 2}, // how soon the vendor lists it is not documented: no proof
	} {
		s := server(t, func(action string, q url.Values) (int, string) {
			if action != "QuerySendDetails" || q.Get("PhoneNumber") != "13490000001" {
				t.Errorf("asked %s %v", action, q)
			}
			key := "another"
			if q.Get("SendDate") == c.on {
				key = string(m.Key)
			}
			return 200, fmt.Sprintf(`{"Code":"OK","TotalCount":"1","SmsSendDetailDTOs":{"SmsSendDetailDTO":[{"OutId":%q,"SendStatus":%s,"ErrCode":"DELIVERED"}]}}`, key, c.status)
		})
		f, err := s.vendor.(vendors.Finder).Find(t.Context(), query)
		if err != nil || f.Answer != c.want || f.Receipt != c.receipt || len(s.asked) != c.asked {
			t.Errorf("%s: %+v after %d questions, %v", c.on, f, len(s.asked), err)
		}
	}
}

func TestApprovals(t *testing.T) {
	s := server(t, func(action string, q url.Values) (int, string) {
		switch {
		case action == "QuerySmsSign":
			return 200, fmt.Sprintf(`{"Code":"OK","SignName":%q,"SignStatus":1}`, q.Get("SignName"))
		case q.Get("TemplateCode") == "SMS_1":
			return 200, `{"Code":"OK","TemplateCode":"SMS_1","TemplateStatus":"1","TemplateContent":"${name}，您已获奖"}`
		case q.Get("TemplateCode") == "SMS_2":
			return 200, `{"Code":"OK","TemplateCode":"SMS_2","TemplateStatus":"2","AuditInfo":{"RejectInfo":"禁用词"}}`
		}
		return 200, `{"Code":"isv.SMS_TEMPLATE_ILLEGAL","Message":"none"}`
	})
	texts, err := s.vendor.(vendors.TemplateLister).Templates(t.Context(), vendors.TemplateText, "SMS_1", "SMS_2", "SMS_3")
	if err != nil || len(texts) != 2 || texts[0].State != vendors.TemplateApproved || texts[0].Text != "${name}，您已获奖" ||
		texts[1].State != vendors.TemplateRejected || texts[1].Reason != "禁用词" {
		t.Errorf("%+v, %v", texts, err)
	}
	signs, err := s.vendor.(vendors.TemplateLister).Templates(t.Context(), vendors.TemplateSignature)
	if err != nil || len(signs) != 1 || signs[0].Code != sign || signs[0].State != vendors.TemplateApproved {
		t.Errorf("%+v, %v", signs, err)
	}
	if err := s.vendor.(vendors.Prober).Probe(t.Context()); err != nil {
		t.Error(err)
	}
}

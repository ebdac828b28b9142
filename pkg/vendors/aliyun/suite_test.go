package aliyun_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/aliyun"
	"notify/pkg/vendors/vendorstest"
)

const (
	keyID  = "LTAI-key-id"
	secret = "aliyun-secret-äß/5"
	sign   = "示例公司"
)

func TestTheSuite(t *testing.T) {
	vendorstest.Run(t, vendorstest.HTTP{
		New: open, Message: templated, Secrets: []string{secret}, Refusal: message.ReasonBalance, Read: read,
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      {Status: 200, Body: `{"Code":"OK","Message":"OK","BizId":"9006197469364984%d","RequestId":"F655A8D5"}`},
			vendorstest.Reject:      fail(200, "isv.MOBILE_NUMBER_ILLEGAL", "447700900001"+secret),
			vendorstest.Throttle:    fail(400, "Throttling.User", "Request was denied due to user flow control."),
			vendorstest.Refuse:      fail(200, "isv.AMOUNT_NOT_ENOUGH", "账户余额不足"),
			vendorstest.Unlisted:    fail(200, "isv.NOVELTY", "something new"),
			vendorstest.ServerError: fail(503, "isv.AMOUNT_NOT_ENOUGH", "a listed code under a failure of the server"),
		},
	}.Harness())
}

// What one code means hangs on its text; what it does not know is unknown, under whichever status.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		status     int
		code, said string
		want       string
	}{
		{200, "isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", "throttled 1m0s true"},
		{200, "isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", "throttled 1h0m0s true"},
		{200, "isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", "rejected 0s false"},
		{200, "isv.OUT_OF_SERVICE", "业务停机", "refused balance 0s false"},
		{200, "isv.DAY_LIMIT_CONTROL", "触发日发送限额", "refused quota 0s false"},
		{200, "isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板", "refused template 0s false"},
		{400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.", "refused authorisation 0s false"},
		{400, "SignatureNonceUsed", "Specified signature nonce was used already.", "unknown 0s false"},
		{200, "isp.SYSTEM_ERROR", "系统错误", "unknown 0s false"},
		{429, "Throttling", "slow down", "throttled 0s false"},
	} {
		s := server(t, func(_ string, _ url.Values) (int, string) {
			a := fail(c.status, c.code, c.said)
			return a.Status, a.Body
		})
		o := s.vendor.Send(t.Context(), templated(1))
		got := strings.ReplaceAll(fmt.Sprintf("%s %s %s %t", o.Kind, o.Reason, o.RetryAfter, o.Recipient), "  ", " ")
		if got != c.want || o.Code != c.code {
			t.Errorf("%d %s %s: %s under %q, want %s", c.status, c.code, c.said, got, o.Code, c.want)
		}
	}
}

func TestWhatTheVendorHasNoPlaceFor(t *testing.T) {
	s := server(t, func(string, url.Values) (int, string) { t.Error("it was asked"); return 500, "" })
	for name, m := range map[string]message.Message{"a text of its own": vendorstest.SMS(1), "a mail": vendorstest.Mail(1)} {
		if o := s.vendor.Send(t.Context(), m); o.Kind != message.OutcomeUnsent || o.Code != "notify:request" {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	kind := aliyun.Kind()
	for want, options := range map[string]map[string]any{
		"access_key_secret":  {"access_key_id": keyID, "sign_name": sign},
		"access_key_secrett": {"access_key_id": keyID, "access_key_secret": secret, "sign_name": sign, "access_key_secrett": "x"},
		"line break":         {"access_key_id": keyID, "access_key_secret": secret + "\n", "sign_name": sign},
	} {
		_, err := kind.New(vendors.Settings{Account: "acc", Options: options})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", want, err)
		}
	}
	_, err := kind.New(vendors.Settings{Account: "acc", Endpoint: "http://sms.example.test", Options: given()})
	if err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("an address without TLS: %v", err)
	}
}

func open(t *testing.T, s vendors.Settings) (vendors.Vendor, error) {
	t.Helper()
	s.Options = given()
	return aliyun.Kind().New(s)
}

func given() map[string]any {
	return map[string]any{"access_key_id": keyID, "access_key_secret": secret, "sign_name": "【" + sign + "】"}
}

// templated is message n under an approved text.
func templated(n int) message.Message {
	m := vendorstest.SMS(n)
	m.Template = "SMS_100001"
	return m
}

func fail(status int, code, said string) vendorstest.Answer {
	body, _ := json.Marshal(map[string]string{"Code": code, "Message": said, "RequestId": "8906582E"})
	return vendorstest.Answer{Status: status, Body: string(body)}
}

func read(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
	t.Helper()
	q := r.URL.Query()
	var vars map[string]string
	if err := json.Unmarshal([]byte(q.Get("TemplateParam")), &vars); err != nil {
		t.Error(err)
	}
	var n int
	_, _ = fmt.Sscanf(strings.TrimPrefix(q.Get("PhoneNumbers"), "447700900"), "%d", &n)
	want := templated(n)
	if r.Method != http.MethodPost || r.Header.Get("X-Acs-Action") != "SendSms" || len(body) != 0 || signature(r) == "" ||
		q.Get("SignName") != sign || q.Get("TemplateCode") != want.Template || vars["name"] != want.Vars["name"] {
		t.Errorf("%s %s, signed %q, body %q", r.Method, r.URL, r.Header.Get("Authorization"), body)
	}
	if want := signature(r); !strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+want) {
		t.Errorf("authorisation %q, want the signature %s", r.Header.Get("Authorization"), want)
	}
	return vendorstest.Arrival{Key: message.Key(q.Get("OutId")), To: message.Address("+" + q.Get("PhoneNumbers"))}
}

// signature is ACS3-HMAC-SHA256 over a request, as the vendor documents it (help.aliyun.com/document_detail/2593177.html).
func signature(r *http.Request) string {
	_, list, ok := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	if !ok {
		return ""
	}
	list, _, _ = strings.Cut(list, ",")
	var headers strings.Builder
	for _, name := range strings.Split(list, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		_, _ = fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	query := strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(r.URL.Query().Encode())
	canonical := strings.Join([]string{r.Method, r.URL.Path, query, headers.String(), list, r.Header.Get("X-Acs-Content-Sha256")}, "\n")
	hash := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "ACS3-HMAC-SHA256\n%x", hash)
	return hex.EncodeToString(mac.Sum(nil))
}

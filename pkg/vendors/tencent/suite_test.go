package tencent_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/tencent"
	"notify/pkg/vendors/vendorstest"
)

const (
	keyID  = "AKID-key-id"
	secret = "tencent-secret-äß/5"
	app    = "1400006666"
)

func TestTheSuite(t *testing.T) {
	throttle := fail("RequestLimitExceeded", "too many requests")
	vendorstest.Run(t, vendorstest.HTTP{
		New: open, Message: templated, Secrets: []string{secret}, Refusal: message.ReasonBalance, Read: read,
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      number("Ok", "send success", `"5000:1045710669157053657849499%d"`),
			vendorstest.Reject:      number("InvalidParameterValue.IncorrectPhoneNumber", "+447700900001 "+secret, `""`),
			vendorstest.Throttle:    throttle,
			vendorstest.Refuse:      number("FailedOperation.InsufficientBalanceInSmsPackage", "余额不足", `""`),
			vendorstest.Unlisted:    number("FailedOperation.Novelty", "something new", `""`),
			vendorstest.ServerError: {Status: 502, Body: number("FailedOperation.InsufficientBalanceInSmsPackage", "", `""`).Body},
		},
	}.Harness())
}

func TestCodes(t *testing.T) {
	for _, c := range []struct {
		answer vendorstest.Answer
		want   string
	}{
		{fail("AuthFailure.SecretIdNotFound", "the SecretId is not found"), "refused authorisation 0s false"},
		{fail("UnauthorizedOperation", "no policy allows sms:SendSms"), "refused authorisation 0s false"},
		{fail("IpNotInWhitelist", "IP"), "refused authorisation 0s false"},
		{fail("UnsupportedRegion", "region"), "refused other 0s false"},
		{fail("RequestLimitExceeded.IPLimitExceeded", "too many"), "throttled 0s false"},
		{fail("InvalidParameter", "?"), "unknown 0s false"},
		{fail("LimitExceeded.AppDailyLimit", "day"), "refused quota 0s false"},
		{number("FailedOperation.MarketingSendTimeConstraint", "08:00-22:00", `""`), "refused other 0s false"},
		{number("FailedOperation.TemplateIncorrectOrUnapproved", "template", `""`), "refused template 0s false"},
		{number("LimitExceeded.PhoneNumberThirtySecondLimit", "30s", `""`), "throttled 30s true"},
		{number("LimitExceeded.PhoneNumberDailyLimit", "day", `""`), "rejected 0s false"},
		{number("FailedOperation", "?", `""`), "unknown 0s false"},
		{fail("InternalError.Timeout", "request to deliver timed out"), "unknown 0s false"},
		{fail("InternalError.Timeout.AuthFailure", "?"), "unknown 0s false"},
		{vendorstest.Answer{Status: 200, Body: `{"Response":{"RequestId":"x"}}`}, "unknown 0s false"}, // nothing about the number
		{vendorstest.Answer{Status: 200, Body: `{}`}, "unknown 0s false"},
		{number("Ok", "but no id", `""`), "unknown 0s false"},
	} {
		v := server(t, func(string, map[string]any) string { return c.answer.Body })
		o := v.Send(t.Context(), templated(1))
		if got := strings.ReplaceAll(fmt.Sprintf("%s %s %s %t", o.Kind, o.Reason, o.RetryAfter, o.Recipient), "  ", " "); got != c.want {
			t.Errorf("%s: %s under %q, want %s", c.answer.Body, got, o.Code, c.want)
		}
	}
}

func TestABatteryOfQuestions(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	v := server(t, func(action string, in map[string]any) string {
		switch action {
		case "SmsPackagesStatistics":
			return fmt.Sprintf(`{"Response":{"SmsPackagesStatisticsSet":[{"PackageAmount":1000,"CurrentUsage":400,"PackageExpiredTime":%d},
				{"PackageAmount":5000,"CurrentUsage":0,"PackageExpiredTime":%d}]}}`, now.Add(time.Hour).Unix(), now.Add(-time.Hour).Unix())
		case "PullSmsSendStatusByPhoneNumber":
			if in["PhoneNumber"] != "+8613490000001" || in["BeginTime"] != float64(now.Unix()) {
				t.Errorf("asked %v", in)
			}
			return fmt.Sprintf(`{"Response":{"PullSmsSendStatusSet":[{"SerialNo":"a","SessionContext":"","ReportStatus":"FAIL"},
				{"SerialNo":"b","SessionContext":%q,"ReportStatus":"SUCCESS","Description":"DELIVRD"}]}}`, templated(1).Key)
		case "DescribeSmsTemplateList":
			return `{"Response":{"DescribeTemplateStatusSet":[{"TemplateId":1001,"StatusCode":0,"TemplateContent":"{1}，您已获奖"},{"TemplateId":1002,"StatusCode":-1,"ReviewReply":"禁用词"}]}}`
		}
		return `{"Response":{"DescribeSignListStatusSet":[{"SignName":"示例公司","StatusCode":0},{"SignName":"【旧名】","StatusCode":1}]}}`
	})
	b, err := v.(vendors.Balancer).Balance(t.Context())
	if err != nil || b.Messages == nil || *b.Messages != 600 || b.Amount != nil {
		t.Errorf("%+v, %v", b, err)
	}
	f, err := v.(vendors.Finder).Find(t.Context(), vendors.Query{Key: templated(1).Key, To: "+8613490000001", Since: now, Until: now.Add(time.Hour)})
	if err != nil || f.Answer != message.OutcomeAccepted || f.VendorID != "b" || f.Receipt != message.Delivered {
		t.Errorf("%+v, %v", f, err)
	}
	f, err = v.(vendors.Finder).Find(t.Context(), vendors.Query{Key: templated(2).Key, To: "+8613490000001", Since: now, Until: now.Add(time.Hour)})
	if err != nil || f.Answer != message.OutcomeUnknown {
		t.Errorf("not listed is no proof: %+v, %v", f, err)
	}
	texts, err := v.(vendors.TemplateLister).Templates(t.Context(), vendors.TemplateText, "1001", "1002")
	if err != nil || len(texts) != 2 || texts[0].State != vendors.TemplateApproved || texts[1].State != vendors.TemplateRejected || texts[1].Reason != "禁用词" {
		t.Errorf("%+v, %v", texts, err)
	}
	signs, err := v.(vendors.TemplateLister).Templates(t.Context(), vendors.TemplateSignature, "示例公司")
	if err != nil || len(signs) != 2 || signs[1].Code != "旧名" || signs[1].State != vendors.TemplatePending {
		t.Errorf("%+v, %v", signs, err)
	}
	if err := v.(vendors.Prober).Probe(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotToldIsAnError(t *testing.T) {
	for _, body := range []string{`{}`, ``, `{"Response":{"SmsPackagesStatisticsSet":[{}]}}`, fail("AuthFailure.SignatureFailure", secret).Body} {
		v := server(t, func(string, map[string]any) string { return body })
		if b, err := v.(vendors.Balancer).Balance(t.Context()); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %+v, %v", body, b, err)
		}
	}
}

func given() map[string]any {
	return map[string]any{"secret_id": keyID, "secret_key": secret, "sdk_app_id": app, "sign_name": "【示例公司】"}
}

func open(t *testing.T, s vendors.Settings) (vendors.Vendor, error) {
	t.Helper()
	s.Options = given()
	return tencent.Kind().New(s)
}

func server(t *testing.T, answer func(action string, in map[string]any) string) vendors.Vendor {
	t.Helper()
	return serverOf(t, open, answer)
}

func serverOf(t *testing.T, open func(*testing.T, vendors.Settings) (vendors.Vendor, error), answer func(action string, in map[string]any) string) vendors.Vendor {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if want := signature(r, body); !strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+want) {
			t.Errorf("authorisation %q, want %s", r.Header.Get("Authorization"), want)
		}
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, answer(r.Header.Get("X-Tc-Action"), in))
	}))
	t.Cleanup(web.Close)
	v, err := open(t, vendors.Settings{
		Account: "acc", Endpoint: web.URL, Concurrency: 1, Timeout: time.Minute,
		Now: func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func templated(n int) message.Message {
	m := vendorstest.SMS(n)
	m.Template, m.VarOrder = "1001", []string{"name"}
	return m
}

func fail(code, said string) vendorstest.Answer {
	return vendorstest.Answer{Status: 200, Body: fmt.Sprintf(`{"Response":{"Error":{"Code":%q,"Message":%q},"RequestId":"x"}}`, code, said)}
}

func number(code, said, id string) vendorstest.Answer {
	return vendorstest.Answer{Status: 200, Body: fmt.Sprintf(
		`{"Response":{"SendStatusSet":[{"SerialNo":%s,"PhoneNumber":"+447700900001","Fee":1,"Code":%q,"Message":%q}],"RequestId":"x"}}`, id, code, said)}
}

func read(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
	t.Helper()
	var in struct {
		PhoneNumberSet, TemplateParamSet                  []string
		SmsSdkAppId, TemplateId, SignName, SessionContext string //nolint:revive // the vendor's names
	}
	if err := json.Unmarshal(body, &in); err != nil || len(in.PhoneNumberSet) != 1 {
		t.Errorf("the server read %s: %v", body, err)
		return vendorstest.Arrival{}
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(in.PhoneNumberSet[0], "+447700900"))
	if r.Method != http.MethodPost || r.Header.Get("X-Tc-Action") != "SendSms" || in.SmsSdkAppId != app || in.SignName != "示例公司" || in.TemplateId != "1001" ||
		!slices.Equal(in.TemplateParamSet, []string{templated(n).Vars["name"]}) {
		t.Errorf("%s %s", r.Header.Get("X-Tc-Action"), body)
	}
	if want := signature(r, body); !strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+want) {
		t.Errorf("authorisation %q, want %s", r.Header.Get("Authorization"), want)
	}
	return vendorstest.Arrival{Key: message.Key(in.SessionContext), To: message.Address(in.PhoneNumberSet[0])}
}

// signature is TC3-HMAC-SHA256 over a request, as the vendor documents it (cloud.tencent.com/document/api/382/52072).
func signature(r *http.Request, body []byte) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), keyID+"/")
	scope, rest, _ := strings.Cut(scope, ", SignedHeaders=")
	list, _, _ := strings.Cut(rest, ",")
	var headers strings.Builder
	for _, name := range strings.Split(list, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		_, _ = fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	hash := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		_, _ = io.WriteString(m, text)
		return m.Sum(nil)
	}
	canonical := strings.Join([]string{r.Method, "/", "", headers.String(), list, hash(body)}, "\n")
	key := []byte("TC3" + secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, strings.Join([]string{"TC3-HMAC-SHA256", r.Header.Get("X-Tc-Timestamp"), scope, hash([]byte(canonical))}, "\n")))
}

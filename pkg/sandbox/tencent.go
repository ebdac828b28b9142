package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"notify/pkg/message"
)

// Tencent's short messages, as its API 2021-01-11 documents them: cloud.tencent.com/document/api/382 (55981 SendSms, 52072 signature TC3). A code
// that is about the one number stands beside it, one that is about the call at the top.

func tencentDialect(to string) *dialect {
	type status struct {
		SerialNo, PhoneNumber string
		Fee                   int
		Code, Message         string
	}
	beside := func(w http.ResponseWriter, one status) {
		one.PhoneNumber = to
		answer(w, http.StatusOK, map[string]any{"Response": map[string]any{"SendStatusSet": []status{one}, "RequestId": "sandbox"}})
	}
	return &dialect{
		way: FormTencent,
		taken: func(w http.ResponseWriter, id string, n int) {
			beside(w, status{SerialNo: id, Fee: n, Code: "Ok", Message: "send success"})
		},
		refused: func(w http.ResponseWriter, c coded) {
			if c.status == 0 {
				beside(w, status{Code: c.code, Message: c.said})
				return
			}
			tencentError(w, c)
		},
		codes: map[string]coded{
			outNumber:    {0, "InvalidParameterValue.IncorrectPhoneNumber", "手机号格式错误"},
			outText:      {0, "InvalidParameterValue.ContentLengthLimit", "短信内容长度错误"},
			outTemplate:  {0, "FailedOperation.TemplateIncorrectOrUnapproved", "模板未审批或内容不匹配"},
			outSignature: {0, "FailedOperation.SignatureIncorrectOrUnapproved", "签名未审批或格式错误"},
			outAuth:      {http.StatusOK, "AuthFailure.SignatureFailure", "The provided credentials could not be validated."},
			outReject:    {0, "InvalidParameterValue.IncorrectPhoneNumber", "手机号不在服务区"},
			outRefuse:    {http.StatusOK, "UnauthorizedOperation.SdkAppIdIsDisabled", "应用已被禁用"},
			outBalance:   {0, "FailedOperation.InsufficientBalanceInSmsPackage", "套餐包余量不足"},
			outQuota:     {0, "LimitExceeded.AppDailyLimit", "业务短信日下发条数超过设定的上限"},
			outThrottle:  {http.StatusOK, "RequestLimitExceeded", "请求的次数超过了频率限制"},
			outError500:  {http.StatusInternalServerError, "InternalError", "内部错误"},
		},
	}
}

func tencentError(w http.ResponseWriter, c coded) {
	answer(w, c.status, map[string]any{"Response": map[string]any{"Error": map[string]string{"Code": c.code, "Message": c.said}, "RequestId": "sandbox"}})
}

// tencentSigned verifies TC3-HMAC-SHA256.
func (s *Sandbox) tencentSigned(r *http.Request, body []byte) bool {
	return scopeSigned(r, body, "TC3"+s.config.Token, "TC3-HMAC-SHA256", "X-Tc-Timestamp", "/", "")
}

// tencentRead reads a request whose signature is right; it has answered where that is not so.
func (s *Sandbox) tencentRead(w http.ResponseWriter, r *http.Request, body []byte, d *dialect, q any) bool {
	switch err := json.Unmarshal(body, q); {
	case s.config.Token != "" && !s.tencentSigned(r, body):
		d.refused(w, d.codes[outAuth])
		return false
	case err != nil:
		tencentError(w, coded{http.StatusOK, "InvalidParameter", "the body is not JSON"})
		return false
	}
	return true
}

// tencentRequest is what is read of any request.
type tencentRequest struct {
	PhoneNumberSet, TemplateParamSet []string
	TemplateID                       string `json:"TemplateId"`
	SignName, SessionContext         string
	PhoneNumber                      string
	TemplateIDs                      []uint64 `json:"TemplateIdSet"`
}

func (s *Sandbox) tencent(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Header.Get("X-Tc-Version") == tencentMailVersion {
		s.tencentMail(w, r, body)
		return
	}
	var q tencentRequest
	if !s.tencentRead(w, r, body, tencentDialect(""), &q) {
		return
	}
	actions := map[string]func(http.ResponseWriter, *http.Request, *tencentRequest){
		"SendSms": s.tencentSend, "SmsPackagesStatistics": s.tencentPackages, "PullSmsSendStatusByPhoneNumber": s.tencentPull,
		"DescribeSmsTemplateList": s.tencentTemplates, "DescribeSmsSignList": s.tencentSigns,
	}
	if action := actions[r.Header.Get("X-Tc-Action")]; action != nil {
		action(w, r, &q)
		return
	}
	tencentError(w, coded{http.StatusOK, "InvalidAction", "the action is not known"})
}

// tencentSay is an answer.
func tencentSay(w http.ResponseWriter, in map[string]any) {
	answer(w, http.StatusOK, map[string]any{"Response": in})
}

func (s *Sandbox) tencentSend(w http.ResponseWriter, r *http.Request, q *tencentRequest) {
	if len(q.PhoneNumberSet) != 1 || q.TemplateID == "" {
		tencentError(w, coded{http.StatusOK, "InvalidParameterValue", "one number and one template"})
		return
	}
	to := q.PhoneNumberSet[0]
	s.deliver(w, r, tencentDialect(to), &sendRequest{
		To: message.Address(to), Text: filled(q.TemplateParamSet...), Ref: q.SessionContext, Template: q.TemplateID, Sign: q.SignName, listed: true,
	})
}

func (s *Sandbox) tencentPackages(w http.ResponseWriter, _ *http.Request, _ *tencentRequest) {
	left := int64(1_000_000)
	if m := s.sms.left().Messages; m != nil {
		left = *m
	}
	tencentSay(w, map[string]any{"SmsPackagesStatisticsSet": []map[string]int64{{
		"PackageAmount": left, "CurrentUsage": 0, "PackageExpiredTime": s.config.Now().Add(365 * 24 * time.Hour).Unix(),
	}}})
}

func (s *Sandbox) tencentPull(w http.ResponseWriter, _ *http.Request, q *tencentRequest) {
	list := []map[string]string{}
	for _, m := range s.sms.sentTo(message.Address(q.PhoneNumber)) {
		one := map[string]string{"SerialNo": m.id, "SessionContext": m.ref, "ReportStatus": "SUCCESS", "Description": "DELIVRD"}
		if m.ended == ReceiptUndelivered {
			one["ReportStatus"], one["Description"] = "FAIL", "UNDELIV"
		}
		list = append(list, one)
	}
	tencentSay(w, map[string]any{"PullSmsSendStatusSet": list})
}

func (s *Sandbox) tencentTemplates(w http.ResponseWriter, _ *http.Request, q *tencentRequest) {
	list := []map[string]any{}
	for _, id := range q.TemplateIDs {
		if t := s.templates.find(KindText, strconv.FormatUint(id, 10)); t.State != "" {
			list = append(list, map[string]any{"TemplateId": id, "StatusCode": tencentState(t.State), "TemplateContent": t.Text, "ReviewReply": t.Reason})
		}
	}
	tencentSay(w, map[string]any{"DescribeTemplateStatusSet": list})
}

func (s *Sandbox) tencentSigns(w http.ResponseWriter, _ *http.Request, _ *tencentRequest) {
	list := []map[string]any{}
	for _, t := range s.templates.of(KindSignature) {
		list = append(list, map[string]any{"SignName": t.Code, "StatusCode": tencentState(t.State), "ReviewReply": t.Reason})
	}
	tencentSay(w, map[string]any{"DescribeSignListStatusSet": list})
}

// tencentState is an approval as a number.
func tencentState(state string) int {
	switch state {
	case stateApproved:
		return 0
	case stateRejected:
		return -1
	}
	return 1
}

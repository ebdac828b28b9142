package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"notify/pkg/message"
)

// Aliyun's short messages and their billing, as its OpenAPI documents them: help.aliyun.com/document_detail/419273.html (SendSms),
// 2593177.html (signature V3), 101346.html (codes). All parameters travel in the query.

func aliyunDialect() *dialect {
	no := func(status int, code, said string) coded { return coded{status, code, said} }
	return &dialect{
		way: FormAliyun,
		taken: func(w http.ResponseWriter, id string, _ int) {
			answer(w, http.StatusOK, map[string]string{"Code": "OK", "Message": "OK", "BizId": id, "RequestId": "sandbox"})
		},
		refused: func(w http.ResponseWriter, c coded) {
			answer(w, c.status, map[string]string{"Code": c.code, "Message": c.said, "RequestId": "sandbox"})
		},
		codes: map[string]coded{
			outNumber:    no(http.StatusOK, "isv.MOBILE_NUMBER_ILLEGAL", "非法手机号"),
			outText:      no(http.StatusOK, "isv.INVALID_PARAMETERS", "参数格式不正确"),
			outTemplate:  no(http.StatusOK, "isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板"),
			outSignature: no(http.StatusOK, "isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"),
			outAuth:      no(http.StatusBadRequest, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."),
			outReject:    no(http.StatusOK, "isv.MOBILE_NUMBER_ILLEGAL", "号码不在服务区"),
			outRefuse:    no(http.StatusOK, "isv.ACCOUNT_ABNORMAL", "账户异常"),
			outBalance:   no(http.StatusOK, "isv.AMOUNT_NOT_ENOUGH", "账户余额不足"),
			outQuota:     no(http.StatusOK, "isv.DAY_LIMIT_CONTROL", "触发日发送限额"),
			outThrottle:  no(http.StatusBadRequest, "Throttling.User", "Request was denied due to user flow control."),
			outError500:  no(http.StatusInternalServerError, "InternalError", "The request processing has failed due to some unknown error."),
		},
	}
}

func (s *Sandbox) aliyun(w http.ResponseWriter, r *http.Request, body []byte) {
	d := aliyunDialect()
	q := r.URL.Query()
	lines, names, ok := signedHeaders(r)
	canonical := strings.Join([]string{r.Method, r.URL.Path, percent(q), lines, names, r.Header.Get("X-Acs-Content-Sha256")}, "\n")
	if s.config.Token != "" && (!ok || sum(body) != r.Header.Get("X-Acs-Content-Sha256") ||
		!signedBy(r, mac([]byte(s.config.Token), "ACS3-HMAC-SHA256\n"+sum([]byte(canonical))))) {
		d.refused(w, d.codes[outAuth])
		return
	}
	r.PostForm, _ = url.ParseQuery(string(body)) // what is no form is an empty one
	actions := map[string]func(http.ResponseWriter, *http.Request, *dialect){
		"SingleSendMail": s.aliyunMail, "DescAccountSummary": s.aliyunSummary,
		"SendSms": s.aliyunSend, "QuerySendDetails": s.aliyunDetails, "QuerySmsSign": s.aliyunSign, "GetSmsTemplate": s.aliyunTemplate,
		"QueryAccountBalance": s.aliyunBalance, "QueryResourcePackageInstances": s.aliyunPackages,
	}
	if action := actions[r.Header.Get("X-Acs-Action")]; action != nil {
		action(w, r, d)
		return
	}
	d.refused(w, coded{http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found."})
}

func (s *Sandbox) aliyunSend(w http.ResponseWriter, r *http.Request, d *dialect) {
	q := r.URL.Query()
	text, ok := variables(q.Get("TemplateParam"))
	to := q.Get("PhoneNumbers")
	if !ok || q.Get("TemplateCode") == "" || strings.Contains(to, ",") {
		d.refused(w, d.codes[outText])
		return
	}
	s.deliver(w, r, d, &sendRequest{To: plus(to), Text: text, Ref: q.Get("OutId"), Template: q.Get("TemplateCode"), Sign: q.Get("SignName"), listed: true})
}

func (s *Sandbox) aliyunDetails(w http.ResponseWriter, r *http.Request, _ *dialect) {
	q := r.URL.Query()
	type detail struct {
		OutID   string `json:"OutId"`
		ErrCode string
		Status  int `json:"SendStatus"`
	}
	var found []detail
	for _, m := range s.sms.sentTo(plus(q.Get("PhoneNumber"))) {
		one := detail{m.ref, "DELIVERED", 3}
		if m.ended == ReceiptUndelivered {
			one = detail{m.ref, "UNDELIV", 2}
		}
		found = append(found, one)
	}
	if q.Get("CurrentPage") != "1" {
		found = nil
	}
	answer(w, http.StatusOK, map[string]any{"Code": "OK", "Message": "OK", "SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": found}})
}

func (s *Sandbox) aliyunSign(w http.ResponseWriter, r *http.Request, d *dialect) {
	q := r.URL.Query()
	t := s.templates.find(KindSignature, q.Get("SignName"))
	if t.State == "" {
		d.refused(w, d.codes[outSignature])
		return
	}
	answer(w, http.StatusOK, map[string]any{"Code": "OK", "SignName": t.Code, "SignStatus": aliyunState(t.State), "Reason": t.Reason})
}

func (s *Sandbox) aliyunTemplate(w http.ResponseWriter, r *http.Request, d *dialect) {
	q := r.URL.Query()
	t := s.templates.find(KindText, q.Get("TemplateCode"))
	if t.State == "" {
		d.refused(w, d.codes[outTemplate])
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"Code": "OK", "TemplateCode": t.Code, "TemplateContent": t.Text, "TemplateStatus": string('0' + rune(aliyunState(t.State))),
		"AuditInfo": map[string]string{"RejectInfo": t.Reason},
	})
}

func (s *Sandbox) aliyunBalance(w http.ResponseWriter, _ *http.Request, _ *dialect) {
	left := s.sms.left()
	answer(w, http.StatusOK, map[string]any{"Code": "200", "Message": "Successful!", "Data": map[string]string{"AvailableAmount": left.amount(), "Currency": left.Currency}})
}

func (s *Sandbox) aliyunPackages(w http.ResponseWriter, _ *http.Request, _ *dialect) {
	type instance struct {
		RemainingAmount string
		Status          string
	}
	var packages []instance
	if left := s.sms.left(); left.Messages != nil {
		packages = append(packages, instance{strconv.FormatInt(*left.Messages, 10), "Available"})
	}
	answer(w, http.StatusOK, map[string]any{"Code": "Success", "Data": map[string]any{"Instances": map[string]any{"Instance": packages}}})
}

// aliyunState is an approval as a number.
func aliyunState(state string) int {
	switch state {
	case stateApproved:
		return 1
	case stateRejected:
		return 2
	}
	return 0
}

// plus is a number in E.164: of eleven digits one at home.
func plus(to string) message.Address {
	if len(to) == len("13490000001") && to[0] == '1' {
		return message.Address("+86" + to)
	}
	return message.Address("+" + strings.TrimPrefix(to, "+"))
}

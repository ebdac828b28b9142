package sandbox

import (
	"net/http"
	"strconv"

	"notify/pkg/message"
)

// Tencent's mails, as its API 2020-10-02 documents them: cloud.tencent.com/document/api/1288 (51034 SendEmail, 51053 GetSendEmailStatus, 51051
// GetEmailTemplate). Signatures are those of the short messages; a code always stands at the top.

const tencentMailVersion = "2020-10-02"

func tencentMailDialect() *dialect {
	no := func(code, said string) coded { return coded{http.StatusOK, code, said} }
	return &dialect{
		way: FormTencentMail,
		taken: func(w http.ResponseWriter, id string, _ int) {
			tencentSay(w, map[string]any{"MessageId": id, "RequestId": "sandbox"})
		},
		refused: tencentError,
		codes: map[string]coded{
			outNumber:    no("InvalidParameterValue.ReceiverEmailInvalid", "收件人邮箱地址无效"),
			outText:      no("FailedOperation.MissingEmailContent", "缺少邮件内容"),
			outTemplate:  no("FailedOperation.InvalidTemplateID", "模板 ID 无效"),
			outAuth:      no("AuthFailure.SignatureFailure", "The provided credentials could not be validated."),
			outReject:    no("FailedOperation.EmailAddrInBlacklist", "收件人在黑名单中"),
			outRefuse:    no("OperationDenied.SendAddressStatusError", "发信地址状态异常"),
			outBalance:   no("FailedOperation.InsufficientBalance", "余额不足"),
			outQuota:     no("FailedOperation.ExceedSendLimit", "超出当日发送限额"),
			outThrottle:  no("RequestLimitExceeded", "请求的次数超过了频率限制"),
			outBlacklist: no("FailedOperation.HighRejectionRate", "发信失败率过高"),
			outError500:  {http.StatusInternalServerError, "InternalError", "内部错误"},
		},
	}
}

// tencentMailRequest is what is read of any request about mails. Texts are in base64, which is how Go reads bytes.
type tencentMailRequest struct {
	Subject, SmtpMessageId, ToEmailAddress string //nolint:revive // the vendor's names
	Destination                            []string
	Simple                                 struct{ Html, Text []byte } //nolint:revive // the vendor's names
	Template                               *struct {
		TemplateID   uint64
		TemplateData string
	}
	TemplateID uint64
	Offset     int
}

func (s *Sandbox) tencentMail(w http.ResponseWriter, r *http.Request, body []byte) {
	var q tencentMailRequest
	d := tencentMailDialect()
	if !s.tencentRead(w, r, body, d, &q) {
		return
	}
	switch r.Header.Get("X-Tc-Action") {
	case "SendEmail":
		s.tencentSendMail(w, r, d, &q)
	case "GetSendEmailStatus":
		s.tencentMailStatus(w, &q)
	case "GetEmailTemplate":
		s.tencentMailTemplate(w, &q)
	case "ListEmailIdentities":
		tencentSay(w, map[string]any{"EmailIdentities": []map[string]any{{"IdentityName": "edm.example.test", "IdentityType": "DOMAIN", "SendingEnabled": true}}})
	default:
		tencentError(w, coded{http.StatusOK, "InvalidAction", "the action is not known"})
	}
}

func (s *Sandbox) tencentSendMail(w http.ResponseWriter, r *http.Request, d *dialect, q *tencentMailRequest) {
	if len(q.Destination) != 1 {
		d.refused(w, d.codes[outNumber])
		return
	}
	m := mailRequest{listed: true, To: message.Address(q.Destination[0]), Ref: keyOf(q.SmtpMessageId), Subject: q.Subject, Text: string(q.Simple.Text) + string(q.Simple.Html)}
	if t := q.Template; t != nil {
		m.Template = strconv.FormatUint(t.TemplateID, 10)
		m.Text, _ = variables(t.TemplateData)
	}
	s.deliverMail(w, r, d, &m)
}

func (s *Sandbox) tencentMailStatus(w http.ResponseWriter, q *tencentMailRequest) {
	list := []map[string]any{}
	for _, m := range s.mail.sentTo(message.Address(q.ToEmailAddress)) {
		if q.Offset > 0 {
			break // they all stood on the first page
		}
		list = append(list, map[string]any{
			"MessageId": m.id, "ToEmailAddress": q.ToEmailAddress, "SendStatus": 0, "DeliverStatus": 1, "DeliverMessage": "delivered", "RequestTime": m.at.Unix(),
		})
	}
	tencentSay(w, map[string]any{"EmailStatusList": list})
}

func (s *Sandbox) tencentMailTemplate(w http.ResponseWriter, q *tencentMailRequest) {
	t := s.templates.find(KindText, strconv.FormatUint(q.TemplateID, 10))
	status := 1
	switch t.State {
	case "":
		tencentError(w, coded{http.StatusOK, "InvalidParameterValue.TemplateNotExist", "模板不存在"})
		return
	case stateApproved:
		status = 0
	case stateRejected:
		status = 2
	}
	tencentSay(w, map[string]any{"TemplateContent": map[string][]byte{"Text": []byte(t.Text), "Html": nil}, "TemplateStatus": status, "TemplateName": t.Code})
}

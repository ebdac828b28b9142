package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"

	"notify/pkg/message"
)

// Aliyun's DirectMail, as its API 2015-11-23 documents it: help.aliyun.com/zh/direct-mail (SingleSendMail, DescAccountSummary, api-dm-2015-11-23-errorcodes).
// Parameters travel in the body; signatures are those of the short messages.

func aliyunMailDialect() *dialect {
	d := aliyunDialect()
	d.way = FormDirectMail
	no := func(code, said string) coded { return coded{http.StatusBadRequest, code, said} }
	d.taken = func(w http.ResponseWriter, id string, _ int) {
		answer(w, http.StatusOK, map[string]string{"EnvId": id, "RequestId": "sandbox"})
	}
	for out, c := range map[string]coded{
		outNumber:    no("EmailFormatError", "The format of the receiver's address is wrong."),
		outText:      no("InvalidBody", "textBody or htmlBody is missing."),
		outReject:    no("InvalidToAddress.Spam", "The receiver's address is not valid."),
		outRefuse:    no("InvalidMailAddressStatus.Malformed", "The sender is frozen."),
		outBalance:   no("InvalidSendMail.Spam", "Sending is limited: no money is left."),
		outQuota:     no("InvalidSendMail.Spam", "Sending is limited: the quota of the day is used up."),
		outBlacklist: no("InvalidSendMail.Spam", "Sending is limited: too many mails with one subject."),
	} {
		d.codes[out] = c
	}
	return d
}

func (s *Sandbox) aliyunMail(w http.ResponseWriter, r *http.Request, _ *dialect) {
	q, d := r.PostForm, aliyunMailDialect()
	var headers map[string]string
	if err := json.Unmarshal([]byte(q.Get("Headers")), &headers); err != nil || q.Get("AccountName") == "" {
		d.refused(w, coded{http.StatusBadRequest, "InvalidMailAddress.NotFound", "The sender is not there."})
		return
	}
	s.deliverMail(w, r, d, &mailRequest{
		To: message.Address(q.Get("ToAddress")), Ref: keyOf(headers["Message-ID"]), Subject: q.Get("Subject"), Text: strings.TrimSpace(q.Get("TextBody") + "\n" + q.Get("HtmlBody")),
	})
}

func (s *Sandbox) aliyunSummary(w http.ResponseWriter, _ *http.Request, _ *dialect) {
	quota := int64(1_000_000)
	if q := s.mail.left().Quota; q != nil {
		quota = *q
	}
	answer(w, http.StatusOK, map[string]any{"DailyQuota": quota, "UserStatus": 0, "RequestId": "sandbox"})
}

package sandbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" // what Twilio signs with
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The forms in which receipts are told, by the kind of vendor whose form it is.
const (
	FormOwn     = "sandbox"     // signed with X-Sandbox-Signature
	FormAliyun  = "aliyun-sms"  // SmsReport, help.aliyun.com/document_detail/101867.html; unsigned
	FormTencent = "tencent-sms" // cloud.tencent.com/document/product/382/59178; unsigned
	FormTwilio  = "twilio"      // www.twilio.com/docs/usage/webhooks/webhooks-security; signed, one by one
)

// Forms are all of them.
func Forms() []string {
	return append([]string{FormOwn, FormAliyun, FormTencent, FormTwilio, FormSES, FormDirectMail, FormTencentMail}, relayForms()...)
}

// signs reports whether receipts are signed: those of some vendors never are, and those of SES always.
func (t *Target) signs() bool {
	switch t.Form {
	case FormSES:
		return true
	case FormOwn, FormTwilio, FormDirectMail, FormSendgrid, FormMailgun, FormResend:
		return t.Secret != ""
	}
	return false
}

// forgeable reports whether a forgery can be told from a receipt: one of a mail that nobody signs has all that there is to know.
func (t *Target) forgeable() bool {
	return t.signs() || t.Form != FormTencentMail && t.Form != FormDirectMail && !slices.Contains(relayForms(), t.Form)
}

// together is how many are told in one request.
func (t *Target) together() int {
	switch t.Form {
	case FormOwn, FormAliyun, FormTencent, FormDirectMail, FormSendgrid:
		return pushBatch
	}
	return 1
}

// request tells receipts in the form of the vendor; without a secret it is not signed.
func (p *pusher) request(batch []told, secret string) (*http.Request, error) {
	var in any = batch
	switch p.to.Form {
	case FormTwilio:
		return p.twilioRequest(&batch[0], secret)
	case FormSES:
		return p.snsRequest(&batch[0], secret)
	case FormDirectMail:
		return p.eventBridgeRequest(batch, secret)
	case FormSendgrid, FormMailgun, FormPostmark, FormResend:
		return p.relayRequest(batch, secret)
	case FormAliyun:
		in = aliyunReports(batch)
	case FormTencent:
		in = tencentReports(batch)
	case FormTencentMail:
		in = tencentMailEvent(&batch[0])
	}
	req, body, err := p.posted(in)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		m := hmac.New(sha256.New, []byte(secret))
		_, _ = m.Write(body)
		req.Header.Set("X-Sandbox-Signature", hex.EncodeToString(m.Sum(nil)))
	}
	return req, nil
}

// posted is a request with JSON.
func (p *pusher) posted(what any) (*http.Request, []byte, error) {
	body, err := json.Marshal(what)
	if err != nil {
		return nil, nil, err
	}
	req, err := http.NewRequestWithContext(p.done, http.MethodPost, p.to.URL, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return req, body, nil
}

// inChina is a time as vendors of the mainland write it.
func inChina(t time.Time) string {
	return t.In(time.FixedZone("CST", 8*3600)).Format(time.DateTime)
}

func aliyunReports(batch []told) []map[string]any {
	var out []map[string]any
	for _, r := range batch {
		out = append(out, map[string]any{
			"phone_number": strings.TrimPrefix(strings.TrimPrefix(r.To, "+86"), "+"), "send_time": inChina(r.At), "report_time": inChina(r.At),
			"success": r.Status == ReceiptDelivered, "err_code": r.Code, "err_msg": r.Status, "sms_size": "1", "biz_id": r.ID, "out_id": r.Ref,
		})
	}
	return out
}

func tencentReports(batch []told) []map[string]any {
	var out []map[string]any
	for _, r := range batch {
		status, nation, mobile := "SUCCESS", "", strings.TrimPrefix(r.To, "+")
		if r.Status != ReceiptDelivered {
			status = "FAIL"
		}
		if rest, home := strings.CutPrefix(r.To, "+86"); home {
			nation, mobile = "86", rest
		}
		out = append(out, map[string]any{
			"user_receive_time": inChina(r.At), "nationcode": nation, "mobile": mobile, "report_status": status, "errmsg": r.Code, "description": r.Status,
			"sid": r.ID, "ext": r.Ref,
		})
	}
	return out
}

// twilioRequest calls the address with the message's key in it, and signs that address and the form.
func (p *pusher) twilioRequest(r *told, secret string) (*http.Request, error) {
	at, err := url.Parse(p.to.URL)
	if err != nil {
		return nil, err
	}
	query := at.Query()
	query.Set("key", r.Ref)
	at.RawQuery = query.Encode()
	form := url.Values{"MessageSid": {r.ID}, "To": {r.To}, "MessageStatus": {"delivered"}}
	if r.Status != ReceiptDelivered {
		form.Set("MessageStatus", "undelivered")
		form.Set("ErrorCode", "30003")
	}
	req, err := http.NewRequestWithContext(p.done, http.MethodPost, at.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret != "" {
		m := hmac.New(sha1.New, []byte(secret))
		_, _ = io.WriteString(m, at.String())
		for _, name := range slices.Sorted(maps.Keys(form)) {
			_, _ = io.WriteString(m, name+form.Get(name))
		}
		req.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(m.Sum(nil)))
	}
	return req, nil
}

// heard reports whether the answer is the one that the vendor wants.
func (t *Target) heard(status int, body []byte) bool {
	var said struct{ Code, Result *int }
	switch t.Form {
	case FormAliyun:
		return status == http.StatusOK && json.Unmarshal(body, &said) == nil && said.Code != nil && *said.Code == 0
	case FormTencent:
		return status == http.StatusOK && json.Unmarshal(body, &said) == nil && said.Result != nil && *said.Result == 0
	}
	return status == http.StatusOK
}

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
func Forms() []string { return []string{FormOwn, FormAliyun, FormTencent, FormTwilio} }

// signs reports whether receipts are signed: those of some vendors never are.
func (r *Receipts) signs() bool {
	return r.Secret != "" && (r.Form == FormOwn || r.Form == FormTwilio)
}

// together is how many are told in one request.
func (r *Receipts) together() int {
	if r.Form == FormTwilio {
		return 1
	}
	return pushBatch
}

// request tells receipts in the form of the vendor; without a secret it is not signed.
func (p *pusher) request(batch []told, secret string) (*http.Request, error) {
	var in any = batch
	switch p.set.Form {
	case FormTwilio:
		return p.twilioRequest(&batch[0], secret)
	case FormAliyun:
		in = aliyunReports(batch)
	case FormTencent:
		in = tencentReports(batch)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(p.done, http.MethodPost, p.set.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if secret != "" {
		m := hmac.New(sha256.New, []byte(secret))
		_, _ = m.Write(body)
		req.Header.Set("X-Sandbox-Signature", hex.EncodeToString(m.Sum(nil)))
	}
	return req, nil
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
	at, err := url.Parse(p.set.URL)
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
func (r *Receipts) heard(status int, body []byte) bool {
	var said struct{ Code, Result *int }
	switch r.Form {
	case FormAliyun:
		return status == http.StatusOK && json.Unmarshal(body, &said) == nil && said.Code != nil && *said.Code == 0
	case FormTencent:
		return status == http.StatusOK && json.Unmarshal(body, &said) == nil && said.Result != nil && *said.Result == 0
	}
	return status == http.StatusOK
}

package sandbox

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // what DirectMail signs with
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The forms in which vendors of mails tell receipts.
const (
	FormSES         = "ses"         // SNS, docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html; signed with a certificate, after a subscription
	FormDirectMail  = "aliyun-dm"   // EventBridge, help.aliyun.com/zh/eventbridge/user-guide/signature-algorithm; signed with a certificate and a token
	FormTencentMail = "tencent-ses" // cloud.tencent.com/document/product/1288/51053; unsigned
	// Those of relays, for mails that came by SMTP.
	FormSendgrid = "sendgrid" // signed with ECDSA, by the private key that is the secret (PKCS #8 in base64)
	FormMailgun  = "mailgun"  // signed in the body
	FormPostmark = "postmark" // unsigned
	FormResend   = "resend"   // signed as Svix does
)

// waySMTP is how mails come that no vendor's own interface took.
const waySMTP = "smtp"

// relayForms are those of vendors that take mails by SMTP.
func relayForms() []string { return []string{FormSendgrid, FormMailgun, FormPostmark, FormResend} }

// Topic is that of the sandbox's events at SNS.
const Topic = "arn:aws:sns:eu-west-1:123456789012:notify-sandbox"

func tencentMailEvent(r *told) map[string]any {
	e := map[string]any{
		"event": "delivered", "email": r.To, "bulkId": r.ID, "timestamp": r.At.Unix(), "reason": "", "bounceType": "", "messageId": "<" + r.Ref + "@sandbox.test>",
		"link": "", "username": "sandbox", "from": "award@edm.example.test", "fromDomain": "edm.example.test", "templateId": 0,
	}
	if r.Status != ReceiptDelivered {
		e["event"], e["reason"], e["bounceType"] = "bounce", "550 5.1.1 no such user", "hard_bounce"
	}
	return e
}

// sesEvent is what SES writes down of a mail.
func sesEvent(r *told) map[string]any {
	at := r.At.Format("2006-01-02T15:04:05.000Z")
	e := map[string]any{
		"eventType": "Delivery",
		"mail":      map[string]any{"timestamp": at, "messageId": r.ID, "destination": []string{r.To}, "tags": map[string][]string{"notify-key": {r.Ref}}},
		"delivery":  map[string]any{"timestamp": at, "recipients": []string{r.To}, "smtpResponse": "250 2.0.0 OK"},
	}
	if r.Status != ReceiptDelivered {
		delete(e, "delivery")
		e["eventType"] = "Bounce"
		e["bounce"] = map[string]any{
			"bounceType": "Permanent", "bounceSubType": "General", "timestamp": at,
			"bouncedRecipients": []map[string]any{{"emailAddress": r.To, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 no such user"}},
		}
	}
	return e
}

// snsRequest is an event in an envelope of SNS, or first the question whether it is wanted: nothing is told to who has not said so.
func (p *pusher) snsRequest(r *told, secret string) (*http.Request, error) {
	e := map[string]string{
		"Type": "Notification", "MessageId": r.ID + "-" + r.Status, "TopicArn": Topic, "Timestamp": r.At.Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": "2",
		"SigningCertURL": p.notary.at("/sns/SimpleNotificationService.pem"),
	}
	if p.notary.confirmed() {
		event, err := json.Marshal(sesEvent(r))
		if err != nil {
			return nil, err
		}
		e["Message"] = string(event)
	} else {
		e["Type"], e["MessageId"], e["Timestamp"], e["Token"] = "SubscriptionConfirmation", "confirm", "2026-01-01T00:00:00.000Z", p.notary.token
		e["Message"] = "You have chosen to subscribe to the topic " + Topic
		e["SubscribeURL"] = p.notary.at("/sns/?Action=ConfirmSubscription&TopicArn=" + Topic + "&Token=" + p.notary.token)
	}
	var text strings.Builder
	for _, name := range []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"} {
		if v, ok := e[name]; ok {
			text.WriteString(name + "\n" + v + "\n")
		}
	}
	sum := sha256.Sum256([]byte(text.String()))
	signed, err := rsa.SignPKCS1v15(nil, p.notary.key(secret), crypto.SHA256, sum[:])
	if err != nil {
		return nil, err
	}
	e["Signature"] = base64.StdEncoding.EncodeToString(signed)
	req, _, err := p.posted(e)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	req.Header.Set("X-Amz-Sns-Message-Type", e["Type"])
	return req, nil
}

// eventBridgeRequest tells events of DirectMail. The key that signs is made for the request, and sealed with the private key of the certificate.
func (p *pusher) eventBridgeRequest(batch []told, secret string) (*http.Request, error) {
	var events []map[string]any
	for _, r := range batch {
		kind, data := "dm:Deliver:Succeed", map[string]any{
			"env_id": r.ID, "msg_id": r.ID, "rcpt": r.To, "status": "0", "err_code": "250", "err_msg": "250 Send Mail OK", "header": map[string]string{"X-User-Notify-Key": r.Ref},
		}
		if r.Status != ReceiptDelivered {
			kind, data["status"], data["err_code"], data["err_msg"], data["failed_type"] = "dm:Deliver:Fail", "4", "550", "550 5.1.1 no such user", "hard"
		}
		events = append(events, map[string]any{
			"id": r.ID + "-" + r.Status, "source": "acs.dm", "specversion": "1.0", "type": kind, "datacontenttype": "application/json;charset=utf-8",
			"time": r.At.Format(time.RFC3339), "data": data,
		})
	}
	req, body, err := p.posted(events)
	if err != nil || secret == "" {
		return req, err
	}
	const prefix = "X-Eventbridge-Signature"
	once := []byte(rand.Text())
	sealed, err := rsa.SignPKCS1v15(nil, p.notary.key(secret), 0, once) // of the text itself: what others call encrypting with the private key
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	text.WriteString(p.to.URL + "\n")
	for _, h := range [][2]string{
		{"-Timestamp", strconv.FormatInt(p.now().UnixMilli(), 10)}, {"-Method", "HMAC-SHA1"}, {"-Version", "1.0"}, {"-Url", p.notary.at("/eventbridge/public.pem")}, {"-Token", p.to.Secret},
	} {
		req.Header.Set(prefix+h[0], h[1])
		text.WriteString(strings.ToLower(prefix+h[0]) + ": " + h[1] + "\n")
	}
	text.Write(body)
	m := hmac.New(sha1.New, once)
	_, _ = m.Write(text.Bytes())
	req.Header.Set(prefix, base64.StdEncoding.EncodeToString(m.Sum(nil)))
	req.Header.Set(prefix+"-Secret", base64.StdEncoding.EncodeToString(sealed))
	return req, nil
}

// relayRequest tells events as relays for mails do.
func (p *pusher) relayRequest(batch []told, secret string) (*http.Request, error) {
	r, stamp := &batch[0], strconv.FormatInt(p.now().Unix(), 10)
	switch p.to.Form {
	case FormSendgrid:
		return p.sendgridRequest(batch, secret, stamp)
	case FormMailgun:
		token := r.ID + r.Status
		req, _, err := p.posted(map[string]any{
			"signature":  map[string]string{"timestamp": stamp, "token": token, "signature": hex.EncodeToString(mac([]byte(secret), stamp+token))},
			"event-data": mailgunEvent(r),
		})
		return req, err
	case FormPostmark:
		req, _, err := p.posted(postmarkEvent(r))
		return req, err
	}
	req, body, err := p.posted(resendEvent(r))
	if err != nil || secret == "" {
		return req, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		key = []byte(secret)
	}
	id := "msg_" + r.ID + r.Status
	req.Header.Set("Svix-Id", id)
	req.Header.Set("Svix-Timestamp", stamp)
	req.Header.Set("Svix-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac(key, id+"."+stamp+"."+string(body))))
	return req, nil
}

func (p *pusher) sendgridRequest(batch []told, secret, stamp string) (*http.Request, error) {
	var events []map[string]any
	for _, r := range batch {
		e := map[string]any{
			"email": r.To, "timestamp": r.At.Unix(), "event": "delivered", "sg_message_id": r.ID + ".recvd-sandbox", "sg_event_id": r.ID + r.Status, "notify_key": r.Ref,
			"response": "250 OK",
		}
		if r.Status != ReceiptDelivered {
			e["event"], e["type"], e["status"], e["reason"] = "bounce", "bounce", "5.1.1", "550 5.1.1 no such user"
			delete(e, "response")
		}
		events = append(events, e)
	}
	req, body, err := p.posted(events)
	if err != nil || secret == "" {
		return req, err
	}
	key, err := ecdsaKey(secret)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte(stamp), body...))
	signed, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signed))
	req.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", stamp)
	return req, nil
}

func mailgunEvent(r *told) map[string]any {
	e := map[string]any{
		"event": "delivered", "id": r.ID + r.Status, "timestamp": float64(r.At.UnixMilli()) / 1000, "recipient": r.To,
		"message":         map[string]any{"headers": map[string]string{"message-id": r.Ref + "@sandbox.test"}},
		"delivery-status": map[string]any{"code": 250, "message": "OK"},
	}
	if r.Status != ReceiptDelivered {
		e["event"], e["severity"], e["reason"] = "failed", "permanent", "bounce"
		e["delivery-status"] = map[string]any{"code": 550, "message": "5.1.1 no such user"}
	}
	return e
}

func postmarkEvent(r *told) map[string]any {
	e := map[string]any{
		"RecordType": "Delivery", "MessageID": r.ID, "Recipient": r.To, "DeliveredAt": r.At.Format(time.RFC3339), "Details": "250 OK",
		"Metadata": map[string]string{"notify_key": r.Ref},
	}
	if r.Status != ReceiptDelivered {
		delete(e, "DeliveredAt")
		delete(e, "Recipient")
		e["RecordType"], e["Type"], e["Email"], e["BouncedAt"], e["Description"] = "Bounce", "HardBounce", r.To, r.At.Format(time.RFC3339), "no such user"
	}
	return e
}

func resendEvent(r *told) map[string]any {
	data := map[string]any{"email_id": r.ID, "to": []string{r.To}, "tags": map[string]string{"notify_key": r.Ref}}
	kind := "email.delivered"
	if r.Status != ReceiptDelivered {
		kind, data["bounce"] = "email.bounced", map[string]string{"type": "Permanent", "subType": "General", "message": "no such user"}
	}
	return map[string]any{"type": kind, "created_at": r.At.Format(time.RFC3339), "data": data}
}

var errNoKey = errors.New("receipts: the secret is no private key of ECDSA")

// ecdsaKey is a private key in base64; another one for somebody who has none.
func ecdsaKey(secret string) (*ecdsa.PrivateKey, error) {
	if secret == guessed {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	der, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(*ecdsa.PrivateKey); ok {
		return k, nil
	}
	return nil, errNoKey
}

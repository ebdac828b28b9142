package receipts

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
)

// signedLate is how old a signature with a time may be: vendors try for up to three days.
const signedLate = 3 * 24 * time.Hour

// SendGrid signs with a key of the account's (ECDSA); the public one is the account's secret here.
// www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features.
func sendgridFormat() *Format {
	return &Format{Name: "sendgrid", Signs: true, Verify: verifySendgrid, Read: readSendgrid}
}

func verifySendgrid(a *Account, p *Posted) error {
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(a.Secret))
	if err != nil {
		return errSignature
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return errSignature
	}
	public, ok := key.(*ecdsa.PublicKey)
	given, err := base64.StdEncoding.DecodeString(p.Header.Get("X-Twilio-Email-Event-Webhook-Signature"))
	stamp := p.Header.Get("X-Twilio-Email-Event-Webhook-Timestamp")
	sum := sha256.Sum256(append([]byte(stamp), p.Body...))
	if !ok || err != nil || !ecdsa.VerifyASN1(public, sum[:], given) {
		return errSignature
	}
	return notLate(stamp, p.At)
}

// notLate refuses what was signed long ago: somebody else may have kept it.
func notLate(stamp string, now time.Time) error {
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(n, 0)).Abs() > signedLate {
		return errSignature
	}
	return nil
}

type sendgridItem struct {
	Email     string `json:"email"`
	Timestamp int64  `json:"timestamp"`
	Event     string `json:"event"`
	ID        string `json:"sg_message_id"`
	Reason    string `json:"reason"`
	Response  string `json:"response"`
	Status    string `json:"status"`
	Type      string `json:"type"`
	Key       string `json:"notify_key"`
}

func readSendgrid(_ *Account, p *Posted) (Told, error) {
	items, err := itemsOf[sendgridItem](p.Body)
	states := map[string]message.ReceiptState{
		"processed": message.Waiting, "delivered": message.Delivered, "dropped": message.Dropped, "deferred": message.SoftBounce, "bounce": message.HardBounce,
		"spamreport": message.Complained, "unsubscribe": message.OptedOut, "group_unsubscribe": message.OptedOut, "click": message.Clicked,
	}
	var t Told
	for _, i := range items {
		state, ok := states[i.Event]
		if !ok {
			continue
		}
		if i.Event == "bounce" && i.Type == "blocked" { // the receiver did not want the mail, not the mailbox
			state = message.SoftBounce
		}
		t.Events = append(t.Events, message.Event{
			Key: keyIn(i.Key), VendorID: sendgridID(i.ID), To: mailbox(i.Email), At: seconds(float64(i.Timestamp)), State: state, Code: i.Status,
			Detail: said(i.Reason + " " + i.Response),
		})
	}
	return t, err
}

// sendgridID is the id that the answer to the mail had: events have the name of a machine behind it.
func sendgridID(id string) string {
	for _, behind := range []string{".filter", ".recvd-"} {
		id, _, _ = strings.Cut(id, behind)
	}
	return id
}

// Mailgun signs a time and a token in the body. documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks.
func mailgunFormat() *Format {
	return &Format{Name: "mailgun", Signs: true, Verify: verifyMailgun, Read: readMailgun}
}

type mailgunItem struct {
	Signature struct{ Timestamp, Token, Signature string } `json:"signature"`
	Data      struct {
		Event     string  `json:"event"`
		Timestamp float64 `json:"timestamp"`
		Recipient string  `json:"recipient"`
		Severity  string  `json:"severity"`
		Reason    string  `json:"reason"`
		Status    struct {
			Code        text   `json:"code"`
			Message     string `json:"message"`
			Description string `json:"description"`
		} `json:"delivery-status"`
		Message struct {
			Headers struct {
				ID string `json:"message-id"`
			} `json:"headers"`
		} `json:"message"`
		Variables map[string]text `json:"user-variables"`
	} `json:"event-data"`
}

func verifyMailgun(a *Account, p *Posted) error {
	var i mailgunItem
	if err := json.Unmarshal(p.Body, &i); err != nil {
		return errForm(err)
	}
	mac := hmac.New(sha256.New, []byte(a.Secret))
	mac.Write([]byte(i.Signature.Timestamp + i.Signature.Token))
	given, err := hex.DecodeString(i.Signature.Signature)
	if err != nil || !hmac.Equal(mac.Sum(nil), given) {
		return errSignature
	}
	return notLate(i.Signature.Timestamp, p.At)
}

func readMailgun(_ *Account, p *Posted) (Told, error) {
	var i mailgunItem
	if err := json.Unmarshal(p.Body, &i); err != nil {
		return Told{}, errForm(err)
	}
	d := i.Data
	states := map[string]message.ReceiptState{
		"accepted": message.Waiting, "delivered": message.Delivered, "failed": message.HardBounce, "rejected": message.Dropped,
		"complained": message.Complained, "unsubscribed": message.OptedOut, "clicked": message.Clicked,
	}
	state, ok := states[d.Event]
	if !ok {
		return Told{}, nil
	}
	if d.Event == "failed" && d.Severity == "temporary" {
		state = message.SoftBounce
	}
	id := strings.Trim(d.Message.Headers.ID, "<>")
	key := keyIn(string(d.Variables[keyName] + d.Variables[keyTag]))
	if ours := idKey(id); ours != "" { // by its relay the mail keeps the Message-ID that we made, which is no id of the vendor's
		key, id = ours, ""
	}
	detail := d.Status.Message
	if detail == "" {
		detail = d.Status.Description
	}
	return Told{Events: []message.Event{{
		Key: key, VendorID: id, To: mailbox(d.Recipient), At: seconds(d.Timestamp), State: state, Code: string(d.Status.Code), Detail: said(detail + " " + d.Reason),
	}}}, nil
}

// Postmark signs nothing, and has a list of its addresses. postmarkapp.com/developer/webhooks/webhooks-overview.
func postmarkFormat() *Format {
	return &Format{Name: "postmark", Read: readPostmark}
}

type postmarkItem struct {
	RecordType, MessageID, Recipient, Email, Type, Description, Details, Origin string
	DeliveredAt, BouncedAt, ReceivedAt, ChangedAt                               string
	TypeCode                                                                    text
	SuppressSending                                                             bool
	Metadata                                                                    map[string]text
}

func readPostmark(_ *Account, p *Posted) (Told, error) {
	items, err := itemsOf[postmarkItem](p.Body)
	var t Told
	for _, i := range items {
		e := message.Event{Key: keyIn(string(i.Metadata[keyName] + i.Metadata[keyTag])), VendorID: i.MessageID, To: mailbox(i.Recipient + i.Email), Detail: said(i.Description + " " + i.Details)}
		switch i.RecordType {
		case "Delivery":
			e.State, e.At = message.Delivered, rfcTime(i.DeliveredAt)
		case "Bounce":
			e.State, e.At, e.Code = message.SoftBounce, rfcTime(i.BouncedAt), i.Type
			switch i.Type {
			case "HardBounce", "BadEmailAddress", "ManuallyDeactivated", "Unconfirmed":
				e.State = message.HardBounce
			}
		case "SpamComplaint":
			e.State, e.At, e.Code = message.Complained, rfcTime(i.BouncedAt), i.Type
		case "SubscriptionChange":
			if !i.SuppressSending {
				continue
			}
			e.State, e.At = message.OptedOut, rfcTime(i.ChangedAt)
		case "Click":
			e.State, e.At = message.Clicked, rfcTime(i.ReceivedAt)
		default:
			continue
		}
		t.Events = append(t.Events, e)
	}
	return t, err
}

// Resend signs as svix does: id, time and body. resend.com/docs/dashboard/webhooks/verify-webhooks-requests.
func resendFormat() *Format {
	return &Format{Name: "resend", Signs: true, Verify: verifySvix, Read: readResend}
}

func verifySvix(a *Account, p *Posted) error {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(a.Secret, "whsec_"))
	if err != nil {
		return errSignature
	}
	stamp := p.Header.Get("Svix-Timestamp")
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(p.Header.Get("Svix-Id") + "." + stamp + "."))
	mac.Write(p.Body)
	for _, one := range strings.Fields(p.Header.Get("Svix-Signature")) {
		version, encoded, _ := strings.Cut(one, ",")
		given, err := base64.StdEncoding.DecodeString(encoded)
		if version == "v1" && err == nil && hmac.Equal(mac.Sum(nil), given) {
			return notLate(stamp, p.At)
		}
	}
	return errSignature
}

type resendItem struct {
	Type    string `json:"type"`
	Created string `json:"created_at"`
	Data    struct {
		ID     string          `json:"email_id"`
		To     []string        `json:"to"`
		Tags   json.RawMessage `json:"tags"`
		Bounce struct{ Type, SubType, Message string }
		Failed struct{ Reason string }
	} `json:"data"`
}

func readResend(_ *Account, p *Posted) (Told, error) {
	var i resendItem
	if err := json.Unmarshal(p.Body, &i); err != nil {
		return Told{}, errForm(err)
	}
	states := map[string]message.ReceiptState{
		"email.sent": message.Waiting, "email.delivered": message.Delivered, "email.delivery_delayed": message.SoftBounce, "email.bounced": message.HardBounce,
		"email.complained": message.Complained, "email.clicked": message.Clicked, "email.failed": message.Dropped, "email.suppressed": message.Dropped,
	}
	state, ok := states[i.Type]
	if !ok {
		return Told{}, nil
	}
	if i.Type == "email.bounced" && i.Data.Bounce.Type != "" && i.Data.Bounce.Type != "Permanent" {
		state = message.SoftBounce
	}
	e := message.Event{
		Key: resendKey(i.Data.Tags), VendorID: i.Data.ID, At: rfcTime(i.Created), State: state, Code: i.Data.Bounce.SubType,
		Detail: said(i.Data.Bounce.Message + " " + i.Data.Failed.Reason),
	}
	if len(i.Data.To) == 1 {
		e.To = mailbox(i.Data.To[0])
	}
	return Told{Events: []message.Event{e}}, nil
}

// resendKey is our key among the tags, which are written as an object, and were as a list.
func resendKey(tags json.RawMessage) message.Key {
	var by map[string]string
	if json.Unmarshal(tags, &by) == nil {
		return keyIn(by[keyName] + by[keyTag])
	}
	var all []struct{ Name, Value string }
	if json.Unmarshal(tags, &all) == nil {
		for _, t := range all {
			if t.Name == keyName {
				return keyIn(t.Value)
			}
		}
	}
	return ""
}

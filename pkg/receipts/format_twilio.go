package receipts

import (
	"crypto/hmac"
	"crypto/sha1" // what the vendor signs with
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"

	"notify/pkg/message"
)

// Twilio calls the address that was given with the message, with our key in it, and signs that address and the form.
// www.twilio.com/docs/usage/webhooks/webhooks-security.
func twilioFormat() *Format {
	return &Format{Name: "twilio", Signs: true, Verify: verifyTwilio, Read: readTwilio}
}

func verifyTwilio(a *Account, p *Posted) error {
	form, err := url.ParseQuery(string(p.Body))
	if err != nil {
		return errForm(err)
	}
	var signed strings.Builder
	signed.WriteString(p.URL)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, v := range form[name] {
			signed.WriteString(name + v)
		}
	}
	mac := hmac.New(sha1.New, []byte(a.Secret))
	mac.Write([]byte(signed.String()))
	given, err := base64.StdEncoding.DecodeString(p.Header.Get("X-Twilio-Signature"))
	if err != nil || !hmac.Equal(mac.Sum(nil), given) {
		return errSignature
	}
	return nil
}

func readTwilio(_ *Account, p *Posted) (Told, error) {
	form, err := url.ParseQuery(string(p.Body))
	if err != nil {
		return Told{}, errForm(err)
	}
	if body, in := form["Body"]; in && form.Get("MessageStatus") == "" { // a reply
		return Told{Events: []message.Event{replied(number(form.Get("From")), strings.Join(body, ""), p.At)}}, nil
	}
	states := map[string]message.ReceiptState{
		"accepted": message.Waiting, "scheduled": message.Waiting, "queued": message.Waiting, "sending": message.Waiting, "sent": message.Waiting,
		"delivered": message.Delivered, "read": message.Delivered, "undelivered": message.Undelivered, "failed": message.Undelivered,
		"canceled": message.Dropped,
	}
	state, ok := states[form.Get("MessageStatus")]
	if !ok {
		return Told{}, nil
	}
	return Told{Events: []message.Event{{
		Key: keyIn(p.query().Get("key")), VendorID: form.Get("MessageSid"), To: number(form.Get("To")), At: p.At, State: state, Code: form.Get("ErrorCode"),
		Detail: said(form.Get("ErrorMessage")),
	}}}, nil
}

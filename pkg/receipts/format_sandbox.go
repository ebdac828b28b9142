package receipts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"notify/pkg/message"
)

// The gateway that `notify sandbox` runs: an array of receipts, signed with HMAC-SHA256 where it was given a secret.
func sandboxFormat() *Format {
	return &Format{Name: "sandbox-sms", Signs: true, Verify: verifySandbox, Read: readSandbox, Answer: `{"code":"OK"}`}
}

func verifySandbox(a *Account, p *Posted) error {
	mac := hmac.New(sha256.New, []byte(a.Secret))
	mac.Write(p.Body)
	given, err := hex.DecodeString(p.Header.Get("X-Sandbox-Signature"))
	if err != nil || !hmac.Equal(mac.Sum(nil), given) {
		return errSignature
	}
	return nil
}

type sandboxItem struct {
	Ref    string    `json:"ref"`
	ID     string    `json:"id"`
	To     string    `json:"to"`
	At     time.Time `json:"at"`
	Status string    `json:"status"`
	Code   string    `json:"code"`
}

func readSandbox(_ *Account, p *Posted) (Told, error) {
	items, err := itemsOf[sandboxItem](p.Body)
	var t Told
	for _, i := range items {
		e := message.Event{Key: message.Key(i.Ref), VendorID: i.ID, To: message.Address(i.To), At: i.At, State: message.Waiting, Code: i.Code}
		switch i.Status {
		case "delivered":
			e.State = message.Delivered
		case "undelivered":
			e.State = message.Undelivered
		}
		t.Events = append(t.Events, e)
	}
	return t, err
}

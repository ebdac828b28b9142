package receipts

import (
	"encoding/json"
	"time"

	"notify/pkg/message"
)

// Tencent SMS pushes reports as an array of at most 100, and replies one by one. None is signed; our key comes back as ext where the vendor has
// switched that on. cloud.tencent.com/document/product/382/59178.
func tencentFormat() *Format {
	return &Format{Name: "tencent-sms", Answer: `{"result":0,"errmsg":"OK"}`, Read: readTencent}
}

type tencentItem struct {
	Received    string  `json:"user_receive_time"`
	Nation      text    `json:"nationcode"`
	Mobile      string  `json:"mobile"`
	Status      string  `json:"report_status"`
	Message     string  `json:"errmsg"`
	Description string  `json:"description"`
	ID          string  `json:"sid"`
	Ext         string  `json:"ext"`
	Text        *string `json:"text"` // of a reply
	Time        int64   `json:"time"`
}

func readTencent(_ *Account, p *Posted) (Told, error) {
	items, err := itemsOf[tencentItem](p.Body)
	var t Told
	for _, i := range items {
		to := number(string(i.Nation) + i.Mobile)
		switch {
		case i.Status != "":
			e := message.Event{
				Key: message.Key(i.Ext), VendorID: i.ID, To: to, At: chinaTime(i.Received), State: message.Undelivered, Code: i.Message, Detail: said(i.Description),
			}
			if i.Status == "SUCCESS" {
				e.State = message.Delivered
			}
			t.Events = append(t.Events, e)
		case i.Text != nil && i.Mobile != "":
			t.Events = append(t.Events, replied(to, *i.Text, time.Unix(i.Time, 0).UTC()))
		}
	}
	return t, err
}

// Tencent SES pushes one event a request, unsigned, to the ports 8080, 8081 and 8082 only. cloud.tencent.com/document/product/1288/51053.
func tencentMailFormat() *Format {
	return &Format{Name: "tencent-ses", Read: readTencentMail}
}

type tencentMailItem struct {
	Event     string `json:"event"`
	Email     string `json:"email"`
	Bulk      string `json:"bulkId"`
	MessageID string `json:"messageId"`
	Timestamp int64  `json:"timestamp"`
	Reason    string `json:"reason"`
	Bounce    string `json:"bounceType"`
	// Custom is what we gave it, as JSON or as it is.
	Custom string `json:"X-Tencentcloudses-Cb-Custom"`
}

func readTencentMail(_ *Account, p *Posted) (Told, error) {
	items, err := itemsOf[tencentMailItem](p.Body)
	states := map[string]message.ReceiptState{
		"delivered": message.Delivered, "dropped": message.Dropped, "deferred": message.SoftBounce, "bounce": message.HardBounce,
		"spamreport": message.Complained, "unsubscribe": message.OptedOut, "click": message.Clicked, "request": message.Waiting,
	}
	var t Told
	for _, i := range items {
		state, ok := states[i.Event]
		if !ok {
			continue // opened, and what may come
		}
		if i.Event == "bounce" && i.Bounce == "soft_bounce" {
			state = message.SoftBounce
		}
		e := message.Event{Key: customKey(i.Custom), To: mailbox(i.Email), At: seconds(float64(i.Timestamp)), State: state, Code: i.Bounce, Detail: said(i.Reason)}
		if e.Key == "" {
			e.Key = idKey(i.MessageID)
		}
		t.Events = append(t.Events, e)
	}
	return t, err
}

// customKey is our key in what a vendor repeats: alone, or as a value of JSON.
func customKey(s string) message.Key {
	var by map[string]string
	if json.Unmarshal([]byte(s), &by) == nil {
		return message.Key(by[keyName])
	}
	return keyIn(s)
}

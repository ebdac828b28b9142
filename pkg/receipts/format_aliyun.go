package receipts

import (
	"strconv"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Aliyun SMS pushes reports (SmsReport), replies (SmsUp), and what was decided about templates and signatures, each as an array and to any address: one
// address takes them all. None is signed, and they come from no fixed addresses.
// help.aliyun.com/document_detail/101867.html, 101847.html, 120998.html.
func aliyunFormat() *Format {
	return &Format{Name: "aliyun-sms", Answer: `{"code":0,"msg":"OK"}`, Read: readAliyun}
}

type aliyunItem struct {
	Phone   string `json:"phone_number"`
	Report  string `json:"report_time"`
	Success *text  `json:"success"`
	Code    string `json:"err_code"`
	Message string `json:"err_msg"`
	Size    text   `json:"sms_size"`
	ID      text   `json:"biz_id"`
	OutID   string `json:"out_id"`
	// A reply.
	Content *string `json:"content"`
	Sent    string  `json:"send_time"`
	// A decision.
	Template       string `json:"template_code"`
	TemplateStatus string `json:"template_status"`
	Sign           string `json:"sign_name"`
	SignStatus     string `json:"sign_status"`
	Reason         string `json:"reason"`
}

func readAliyun(_ *Account, p *Posted) (Told, error) {
	items, err := itemsOf[aliyunItem](p.Body)
	var t Told
	var decided []words.Text
	for _, i := range items {
		switch {
		case i.Success != nil:
			e := message.Event{
				Key: message.Key(i.OutID), VendorID: string(i.ID), To: home(i.Phone), At: chinaTime(i.Report), State: message.Undelivered, Code: i.Code,
				Detail: said(i.Message),
			}
			if *i.Success == "true" {
				e.State = message.Delivered
			}
			e.Segments, _ = strconv.Atoi(string(i.Size)) // zero where it does not say
			t.Events = append(t.Events, e)
		case i.Content != nil && i.Phone != "":
			t.Events = append(t.Events, replied(home(i.Phone), *i.Content, chinaTime(i.Sent)))
		case i.TemplateStatus != "":
			decided = append(decided, decision(i.Template, i.TemplateStatus, i.Reason))
		case i.SignStatus != "":
			decided = append(decided, decision(i.Sign, i.SignStatus, i.Reason))
		}
	}
	if len(decided) > 0 {
		t.Said = words.Joined(words.Sentences, decided...)
	}
	return t, err
}

// decision is what was decided about a template or a signature.
func decision(code, state, reason string) words.Text {
	if reason == "" {
		return words.T("receipts.decision", words.A{"code": code, "state": state})
	}
	return words.T("receipts.decision-why", words.A{"code": code, "state": state, "why": said(reason)})
}

package tencent

import (
	"context"
	"strconv"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// Probe implements vendors.Prober: the account has a domain that may send.
func (v *mailer) Probe(ctx context.Context) error {
	var body struct {
		Response struct {
			failed

			EmailIdentities []struct{ SendingEnabled bool }
		}
	}
	_, err := v.Ask(ctx, "", v.call("ListEmailIdentities", struct{}{}), &body, body.Response.refused)
	if err == nil {
		for _, i := range body.Response.EmailIdentities {
			if i.SendingEnabled {
				return nil
			}
		}
		err = words.Err("vendor.refused", words.A{"said": "SendingEnabled=false"})
	}
	return words.Wrap(err, "vendor.probe", words.A{"account": v.Name})
}

// sent is a mail as the vendor's records have it. Our key is not among them.
type sent struct {
	MessageId, DeliverMessage string //nolint:revive // the vendor's name
	SendStatus, DeliverStatus int
	RequestTime               int64 // seconds
}

// Find implements vendors.Finder: by address and day, then the vendor's id. Where that is not known, because the answer was lost, a mail to the
// same address is no proof: it may be another campaign's. It is told to whoever decides.
func (v *mailer) Find(ctx context.Context, q vendors.Query) (vendors.Found, error) {
	var at []words.Text
	for day := q.Since.In(china()); !day.After(dayEnd(q.Until)); day = day.AddDate(0, 0, 1) {
		for page := range maxPages {
			all, err := v.sentOn(ctx, q.To, day, page)
			if err != nil {
				return vendors.Found{}, err
			}
			for _, s := range all {
				asked := time.Unix(s.RequestTime, 0)
				switch {
				case q.VendorID != "" && s.MessageId == q.VendorID:
					return vendors.Found{
						Answer: message.OutcomeAccepted, VendorID: s.MessageId, Receipt: delivery(s.SendStatus, s.DeliverStatus), Detail: v.Clean(s.DeliverMessage),
					}, nil
				case q.VendorID == "" && !asked.Before(q.Since.Truncate(time.Second)) && !asked.After(q.Until):
					at = append(at, words.T("tencent-ses.sent-at", words.A{"at": asked, "id": v.Clean(s.MessageId)}))
				}
			}
			if len(all) < pageSize {
				break
			}
		}
	}
	found := vendors.Found{Answer: message.OutcomeUnknown}
	if len(at) > 0 {
		found.Detail = words.T("tencent-ses.sent-to", words.A{"mails": words.Texts(words.Commas, at...)}).Stored()
	}
	return found, nil
}

func dayEnd(at time.Time) time.Time {
	y, m, d := at.In(china()).Date()
	return time.Date(y, m, d, 23, 59, 59, 0, china())
}

// sentOn is one page of the vendor's records of a day and an address.
func (v *mailer) sentOn(ctx context.Context, to message.Address, day time.Time, page int) ([]sent, error) {
	var body struct {
		Response struct {
			failed

			EmailStatusList []sent
		}
	}
	in := map[string]any{"RequestDate": day.Format(time.DateOnly), "ToEmailAddress": to, "Offset": page * pageSize, "Limit": pageSize}
	_, err := v.Ask(ctx, to, v.call("GetSendEmailStatus", in), &body, body.Response.refused)
	return body.Response.EmailStatusList, err
}

// delivery is what became of a mail: handed over (SendStatus 0), then delivered (1), dropped (2), refused by the receiver (3), or put off (8).
func delivery(send, deliver int) message.ReceiptState {
	switch {
	case send != 0 || deliver == 2 || deliver == 3:
		return message.Undelivered
	case deliver == 1:
		return message.Delivered
	}
	return message.Waiting
}

// Templates implements vendors.TemplateLister; texts are asked for one by one. There are no signatures.
func (v *mailer) Templates(ctx context.Context, kind vendors.TemplateKind, codes ...string) ([]vendors.Template, error) {
	if kind == vendors.TemplateSignature {
		return nil, vendors.ErrTakesAny
	}
	var out []vendors.Template
	for _, code := range codes {
		t, err := v.text(ctx, code)
		if err != nil {
			return nil, words.Wrap(err, "vendor.ask-templates", words.A{"account": v.Name, "kind": kind})
		}
		if t.Code != "" {
			out = append(out, t)
		}
	}
	return out, nil
}

// text asks for a template; one that the vendor does not have is zero.
func (v *mailer) text(ctx context.Context, code string) (vendors.Template, error) {
	id, err := strconv.ParseUint(code, 10, 64)
	if err != nil {
		return vendors.Template{}, nil //nolint:nilerr // the vendor's ids are numbers: such a one is not there
	}
	var body struct {
		Response struct {
			failed

			TemplateStatus  *int
			TemplateContent struct{ Text, Html []byte } //nolint:revive // the vendor's name
		}
	}
	missing := func(status int) string {
		if e := body.Response.Error; e != nil && e.Code == "InvalidParameterValue.TemplateNotExist" {
			return ""
		}
		return body.Response.refused(status)
	}
	if _, err := v.Ask(ctx, "", v.call("GetEmailTemplate", map[string]any{"TemplateID": id}), &body, missing); err != nil || body.Response.Error != nil {
		return vendors.Template{}, err
	}
	if body.Response.TemplateStatus == nil {
		return vendors.Template{}, words.Err("vendor.figure-none", words.A{"name": "TemplateStatus"})
	}
	said, content := *body.Response.TemplateStatus, body.Response.TemplateContent
	text := content.Text
	if len(text) == 0 {
		text = content.Html
	}
	return vendors.Template{Kind: vendors.TemplateText, Code: code, State: mailState(said), Said: strconv.Itoa(said), Text: v.Clean(string(text))}, nil
}

// mailState is an approval: 0 is approved, 1 waits, 2 is rejected.
func mailState(n int) vendors.TemplateState {
	switch n {
	case 0:
		return vendors.TemplateApproved
	case 1:
		return vendors.TemplatePending
	case 2:
		return vendors.TemplateRejected
	}
	return ""
}

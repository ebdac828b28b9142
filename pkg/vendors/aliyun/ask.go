package aliyun

import (
	"context"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"

	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	sms "github.com/alibabacloud-go/dysmsapi-20170525/v5/client"
	"github.com/alibabacloud-go/tea/dara"
)

// product is the billing code under which packages of short messages are kept.
const product = "dysms"

// Probe implements vendors.Prober: it asks for the account's own signature.
func (v *vendor) Probe(ctx context.Context) error {
	_, err := v.signature(ctx, v.sign)
	return err
}

// Balance implements vendors.Balancer: what is left in money, and of packages that are still good.
func (v *vendor) Balance(ctx context.Context) (vendors.Balance, error) {
	return v.Balanced(v.balance(ctx))
}

func (v *vendor) balance(ctx context.Context) (vendors.Balance, error) {
	var money struct {
		answer
		Data struct{ AvailableAmount, Currency string }
	}
	date, err := v.Ask(ctx, "", v.bssCall("QueryAccountBalance", nil), &money, money.refused)
	if err != nil {
		return vendors.Balance{}, err
	}
	// "10,000.00": the documentation's own example has the comma.
	amount, err := message.ParseMoney(strings.ReplaceAll(money.Data.AvailableAmount, ",", ""))
	if err != nil {
		return vendors.Balance{}, words.Err("vendor.figure-none", words.A{"name": "AvailableAmount"})
	}
	left, err := v.packages(ctx)
	if err != nil {
		return vendors.Balance{}, err
	}
	return vendors.Balance{Amount: &amount, Currency: money.Data.Currency, Messages: left, Date: date}, nil
}

// packages are the messages left in packages; nil where the account has none.
func (v *vendor) packages(ctx context.Context) (*int64, error) {
	var body struct {
		answer
		Data struct {
			Instances struct {
				Instance []struct{ RemainingAmount, Status string }
			}
		}
	}
	call := v.bssCall("QueryResourcePackageInstances", map[string]any{"ProductCode": product, "PageSize": 300})
	if _, err := v.Ask(ctx, "", call, &body, body.refused); err != nil {
		return nil, err
	}
	var left *int64
	for _, p := range body.Data.Instances.Instance {
		if p.Status != "Available" {
			continue
		}
		n, err := strconv.ParseFloat(p.RemainingAmount, 64)
		if err != nil {
			return nil, words.Err("vendor.figure-none", words.A{"name": "RemainingAmount"})
		}
		if left == nil {
			left = new(int64)
		}
		*left += int64(n)
	}
	return left, nil
}

// bssCall is a question about money.
func (v *vendor) bssCall(action string, query map[string]any) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := v.bss.CallApiWithCtx(ctx, &utils.Params{
			Action: dara.String(action), Version: dara.String("2017-12-14"), Protocol: v.bss.Protocol, Pathname: dara.String("/"),
			Method: dara.String("POST"), AuthType: dara.String("AK"), Style: dara.String("RPC"), ReqBodyType: dara.String("formData"), BodyType: dara.String("json"),
		}, &utils.OpenApiRequest{Query: utils.Query(query)}, v.rest)
		return err
	}
}

const (
	detailsPage  = 50 // the most that QuerySendDetails gives at once
	detailsPages = 20
)

// The states of QuerySendDetails.
const (
	sendWaiting = 1
	sendFailed  = 2
	sendDone    = 3
)

// Find implements vendors.Finder: by number and day, then our key among the answers. That it is not there is no proof: how soon the vendor
// lists a message is not documented.
func (v *vendor) Find(ctx context.Context, q vendors.Query) (vendors.Found, error) {
	for day := q.Since.In(china()); !day.After(dayEnd(q.Until)); day = day.AddDate(0, 0, 1) {
		found, err := v.findOn(ctx, q, day)
		if err != nil || found.Answer == message.OutcomeAccepted {
			return found, err
		}
	}
	return vendors.Found{Answer: message.OutcomeUnknown}, nil
}

func dayEnd(at time.Time) time.Time {
	y, m, d := at.In(china()).Date()
	return time.Date(y, m, d, 23, 59, 59, 0, china())
}

// findOn looks through one day of a number.
func (v *vendor) findOn(ctx context.Context, q vendors.Query, day time.Time) (vendors.Found, error) {
	for page := int64(1); page <= detailsPages; page++ {
		var body struct {
			answer
			SmsSendDetailDTOs struct {
				SmsSendDetailDTO []struct {
					OutId, ErrCode string //nolint:revive // the vendor's name
					SendStatus     int
				}
			}
		}
		_, err := v.Ask(ctx, q.To, func(ctx context.Context) error {
			_, err := v.sms.QuerySendDetailsWithContext(ctx, &sms.QuerySendDetailsRequest{
				PhoneNumber: dara.String(number(q.To)), SendDate: dara.String(day.Format("20060102")),
				PageSize: dara.Int64(detailsPage), CurrentPage: dara.Int64(page),
			}, v.rest)
			return err
		}, &body, body.refused)
		if err != nil {
			return vendors.Found{}, err
		}
		for _, d := range body.SmsSendDetailDTOs.SmsSendDetailDTO {
			if d.OutId == string(q.Key) {
				return vendors.Found{Answer: message.OutcomeAccepted, Receipt: receipt(d.SendStatus), Detail: v.Clean(d.ErrCode)}, nil
			}
		}
		if len(body.SmsSendDetailDTOs.SmsSendDetailDTO) < detailsPage {
			break
		}
	}
	return vendors.Found{Answer: message.OutcomeUnknown}, nil
}

func receipt(status int) message.ReceiptState {
	switch status {
	case sendDone:
		return message.Delivered
	case sendFailed:
		return message.Undelivered
	case sendWaiting:
		return message.Waiting
	}
	return ""
}

// Templates implements vendors.TemplateLister; texts and signatures are asked for one by one.
func (v *vendor) Templates(ctx context.Context, kind vendors.TemplateKind, codes ...string) ([]vendors.Template, error) {
	ask := v.text
	if kind == vendors.TemplateSignature {
		ask = v.signature
		if len(codes) == 0 {
			codes = []string{v.sign}
		}
	}
	var out []vendors.Template
	for _, code := range codes {
		t, err := ask(ctx, code)
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
func (v *vendor) text(ctx context.Context, code string) (vendors.Template, error) {
	var body struct {
		answer
		TemplateContent, TemplateStatus string
		AuditInfo                       struct{ RejectInfo string }
	}
	missing := func(status int) string {
		if body.Code == "isv.SMS_TEMPLATE_ILLEGAL" {
			return ""
		}
		return body.refused(status)
	}
	_, err := v.Ask(ctx, "", func(ctx context.Context) error {
		_, err := v.sms.GetSmsTemplateWithContext(ctx, &sms.GetSmsTemplateRequest{TemplateCode: dara.String(code)}, v.rest)
		return err
	}, &body, missing)
	if err != nil || body.Code != "OK" {
		return vendors.Template{}, err
	}
	return vendors.Template{
		Kind: vendors.TemplateText, Code: code, State: state(body.TemplateStatus), Said: v.Clean(body.TemplateStatus),
		Text: v.Clean(body.TemplateContent), Reason: v.Clean(body.AuditInfo.RejectInfo),
	}, nil
}

// signature asks for a signature; one that the vendor does not have is zero.
func (v *vendor) signature(ctx context.Context, name string) (vendors.Template, error) {
	var body struct {
		answer
		SignName, Reason string
		SignStatus       int
	}
	missing := func(status int) string {
		if body.Code == "isv.SMS_SIGNATURE_ILLEGAL" || body.Code == "isv.SMS_SIGN_ILLEGAL" {
			return ""
		}
		return body.refused(status)
	}
	_, err := v.Ask(ctx, "", func(ctx context.Context) error {
		_, err := v.sms.QuerySmsSignWithContext(ctx, &sms.QuerySmsSignRequest{SignName: dara.String(name)}, v.rest)
		return err
	}, &body, missing)
	if err != nil || body.Code != "OK" {
		return vendors.Template{}, err
	}
	return vendors.Template{
		Kind: vendors.TemplateSignature, Code: name, State: state(strconv.Itoa(body.SignStatus)), Said: strconv.Itoa(body.SignStatus), Reason: v.Clean(body.Reason),
	}, nil
}

// state is an approval: 0 waits, 1 is approved, 2 is rejected, 10 was taken back.
func state(said string) vendors.TemplateState {
	switch said {
	case "0":
		return vendors.TemplatePending
	case "1":
		return vendors.TemplateApproved
	case "2", "10":
		return vendors.TemplateRejected
	}
	return ""
}

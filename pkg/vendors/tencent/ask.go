package tencent

import (
	"context"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sms "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sms/v20210111"
)

const (
	hourForm = "2006010215"
	pageSize = 100 // the most that the lists give at once
	maxPages = 20
	// packagesSince is how far back packages are looked for: by when they were made, and none is good for so long.
	packagesSince = 5 * 365 * 24 * time.Hour
	packagesMost  = 500
)

// Probe implements vendors.Prober: it asks for signatures, of which none need exist.
func (v *vendor) Probe(ctx context.Context) error {
	_, err := v.signatures(ctx)
	return err
}

// Balance implements vendors.Balancer: the messages left in packages that are still good. The vendor tells no money.
func (v *vendor) Balance(ctx context.Context) (vendors.Balance, error) {
	return v.Balanced(v.balance(ctx))
}

func (v *vendor) balance(ctx context.Context) (vendors.Balance, error) {
	now := v.Now().In(china())
	r := sms.NewSmsPackagesStatisticsRequest()
	r.SmsSdkAppId, r.Limit, r.Offset = &v.app, common.Uint64Ptr(packagesMost), common.Uint64Ptr(0)
	r.BeginTime, r.EndTime = common.StringPtr(now.Add(-packagesSince).Format(hourForm)), common.StringPtr(now.Format(hourForm))
	var body struct {
		Response struct {
			failed

			SmsPackagesStatisticsSet []struct{ PackageAmount, CurrentUsage, PackageExpiredTime *int64 }
		}
	}
	date, err := v.Ask(ctx, "", func(ctx context.Context) error {
		_, err := v.client.SmsPackagesStatisticsWithContext(ctx, r)
		return err
	}, &body, body.Response.refused)
	if err != nil {
		return vendors.Balance{}, err
	}
	if body.Response.SmsPackagesStatisticsSet == nil {
		return vendors.Balance{}, words.Err("vendor.figure-none", words.A{"name": "SmsPackagesStatisticsSet"})
	}
	var left int64
	for _, p := range body.Response.SmsPackagesStatisticsSet {
		if p.PackageAmount == nil || p.CurrentUsage == nil || p.PackageExpiredTime == nil {
			return vendors.Balance{}, words.Err("vendor.figure-none", words.A{"name": "PackageAmount"})
		}
		if *p.PackageExpiredTime > now.Unix() {
			left += max(0, *p.PackageAmount-*p.CurrentUsage)
		}
	}
	return vendors.Balance{Messages: &left, Date: date}, nil
}

// Find implements vendors.Finder: by number and time. Only messages that a carrier has reported are listed, and our key only where the
// vendor has switched it on for the account; without it a report is told from another by the vendor's id. That nothing is listed is no proof.
func (v *vendor) Find(ctx context.Context, q vendors.Query) (vendors.Found, error) {
	r := sms.NewPullSmsSendStatusByPhoneNumberRequest()
	r.SmsSdkAppId, r.PhoneNumber = &v.app, common.StringPtr(string(q.To))
	r.BeginTime, r.EndTime = common.Uint64Ptr(uint64(max(0, q.Since.Unix()))), common.Uint64Ptr(uint64(max(0, q.Until.Unix())))
	r.Limit, r.Offset = common.Uint64Ptr(pageSize), common.Uint64Ptr(0)
	var body struct {
		Response struct {
			failed

			PullSmsSendStatusSet []struct{ SerialNo, SessionContext, ReportStatus, Description string }
		}
	}
	_, err := v.Ask(ctx, q.To, func(ctx context.Context) error {
		_, err := v.client.PullSmsSendStatusByPhoneNumberWithContext(ctx, r)
		return err
	}, &body, body.Response.refused)
	if err != nil {
		return vendors.Found{}, err
	}
	for _, s := range body.Response.PullSmsSendStatusSet {
		if s.SessionContext == string(q.Key) || q.VendorID != "" && s.SerialNo == q.VendorID {
			return vendors.Found{Answer: message.OutcomeAccepted, VendorID: s.SerialNo, Receipt: receipt(s.ReportStatus), Detail: v.Clean(s.Description)}, nil
		}
	}
	return vendors.Found{Answer: message.OutcomeUnknown}, nil
}

func receipt(status string) message.ReceiptState {
	switch status {
	case "SUCCESS":
		return message.Delivered
	case "FAIL":
		return message.Undelivered
	}
	return ""
}

// Templates implements vendors.TemplateLister: texts by their ids, signatures as a list of all.
func (v *vendor) Templates(ctx context.Context, kind vendors.TemplateKind, codes ...string) ([]vendors.Template, error) {
	var out []vendors.Template
	var err error
	if kind == vendors.TemplateSignature {
		out, err = v.signatures(ctx)
	} else {
		out, err = v.texts(ctx, codes)
	}
	if err != nil {
		return nil, words.Wrap(err, "vendor.ask-templates", words.A{"account": v.Name, "kind": kind})
	}
	return out, nil
}

func (v *vendor) texts(ctx context.Context, codes []string) ([]vendors.Template, error) {
	r := sms.NewDescribeSmsTemplateListRequest()
	r.International = common.Uint64Ptr(0)
	for _, code := range codes {
		id, err := strconv.ParseUint(code, 10, 64)
		if err != nil {
			continue // the vendor's ids are numbers: such a one is not there
		}
		r.TemplateIdSet = append(r.TemplateIdSet, &id)
	}
	if len(codes) > 0 && len(r.TemplateIdSet) == 0 {
		return nil, nil
	}
	var body struct {
		Response struct {
			failed

			DescribeTemplateStatusSet []struct {
				TemplateId                   uint64 //nolint:revive // the vendor's name
				StatusCode                   int
				TemplateContent, ReviewReply string
			}
		}
	}
	_, err := v.Ask(ctx, "", func(ctx context.Context) error {
		_, err := v.client.DescribeSmsTemplateListWithContext(ctx, r)
		return err
	}, &body, body.Response.refused)
	var out []vendors.Template
	for _, t := range body.Response.DescribeTemplateStatusSet {
		out = append(out, vendors.Template{
			Kind: vendors.TemplateText, Code: strconv.FormatUint(t.TemplateId, 10), State: state(t.StatusCode), Said: strconv.Itoa(t.StatusCode),
			Text: v.Clean(t.TemplateContent), Reason: v.Clean(t.ReviewReply),
		})
	}
	return out, err
}

// signatures are all of the account, page by page.
func (v *vendor) signatures(ctx context.Context) ([]vendors.Template, error) {
	var out []vendors.Template
	for page := range uint64(maxPages) {
		r := sms.NewDescribeSmsSignListRequest()
		r.International, r.Limit, r.Offset = common.Uint64Ptr(0), common.Uint64Ptr(pageSize), common.Uint64Ptr(page*pageSize)
		var body struct {
			Response struct {
				failed

				DescribeSignListStatusSet []struct {
					SignName, ReviewReply string
					StatusCode            int
				}
			}
		}
		_, err := v.Ask(ctx, "", func(ctx context.Context) error {
			_, err := v.client.DescribeSmsSignListWithContext(ctx, r)
			return err
		}, &body, body.Response.refused)
		if err != nil {
			return nil, err
		}
		for _, s := range body.Response.DescribeSignListStatusSet {
			out = append(out, vendors.Template{
				Kind: vendors.TemplateSignature, Code: strings.Trim(s.SignName, "【】"), State: state(s.StatusCode), Said: strconv.Itoa(s.StatusCode), Reason: v.Clean(s.ReviewReply),
			})
		}
		if len(body.Response.DescribeSignListStatusSet) < pageSize {
			break
		}
	}
	return out, nil
}

// state is an approval: 0 is approved and in force, 1 waits, 2 is approved and not yet in force, -1 is rejected.
func state(n int) vendors.TemplateState {
	switch n {
	case 0:
		return vendors.TemplateApproved
	case 1, 2:
		return vendors.TemplatePending
	case -1:
		return vendors.TemplateRejected
	}
	return ""
}

// Package tencent are the adapters for Tencent Cloud's short messages (SMS 2021-01-11) and mail (SES 2020-10-02), over the vendor's own client.
package tencent

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/sdk"
	"notify/pkg/words"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	sms "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sms/v20210111"
)

const (
	vendorName = "Tencent SMS"
	host       = "sms.tencentcloudapi.com"
	region     = "ap-guangzhou" // templates and signatures are kept for all regions; the request must name one
)

// The options.
const (
	secretID  = "secret_id"
	secretKey = "secret_key"
	sdkAppID  = "sdk_app_id"
	signName  = "sign_name"
	regionKey = "region"
)

func options() option.Set {
	return option.Set{
		{Name: secretID, Required: true, About: words.T("option.tencent.secret-id", nil)},
		{Name: secretKey, Required: true, Secret: true, About: words.T("option.tencent.secret-key", nil)},
		{Name: sdkAppID, Required: true, About: words.T("option.tencent.sdk-app-id", nil)},
		{Name: signName, Role: option.Signature, About: words.T("option.tencent.sign-name", nil)},
		{Name: regionKey, Default: region, About: words.T("option.tencent.region", nil), Tuning: true},
	}
}

// Kind is the adapter for the registry.
func Kind() vendors.Kind {
	return vendors.Kind{
		Name: "tencent-sms", Channels: []message.Channel{message.SMS}, About: words.T("vendor.tencent-sms", nil),
		Options:   sdk.Declared(options()),
		Abilities: []vendors.Ability{vendors.CanBalance, vendors.CanFind, vendors.CanProbe, vendors.CanList},
		New:       build,
	}
}

// vendor is one account.
type vendor struct {
	*sdk.Account

	app, sign string
	client    *sms.Client
}

func build(s vendors.Settings) (vendors.Vendor, error) {
	given, endpoint, err := sdk.Options(vendorName, host, s, options())
	if err != nil {
		return nil, err
	}
	v := &vendor{
		Account: sdk.New(vendorName, codes(), s, options(), given), app: given[sdkAppID], sign: strings.Trim(given[signName], "【】"),
	}
	client, err := sms.NewClient(common.NewCredential(given[secretID], given[secretKey]), given[regionKey], clientProfile(endpoint))
	if err != nil {
		return nil, words.Wrap(err, "vendor.client", words.A{"vendor": vendorName})
	}
	client.WithHttpTransport(v.Transport)
	v.client = client
	return v, nil
}

// clientProfile is that of a client which tries once, at one address, and says what is wrong in Chinese. Its own time-out is longer than
// ours, which ends with the context.
func clientProfile(endpoint *url.URL) *profile.ClientProfile {
	p := profile.NewClientProfile()
	p.HttpProfile.Endpoint, p.HttpProfile.Scheme = endpoint.Host, strings.ToUpper(endpoint.Scheme)
	p.HttpProfile.ReqMethod, p.HttpProfile.ReqTimeout = http.MethodPost, int(time.Hour/time.Second)
	p.DisableRegionBreaker, p.NetworkFailureMaxRetries, p.RateLimitExceededMaxRetries = true, 0, 0
	p.UnsafeRetryOnConnectionFailure = false
	return p
}

// failed is the error of the whole call; empty where there is none.
type failed struct {
	Error *struct{ Code, Message string }
}

func (f *failed) refused(int) string {
	if f.Error == nil {
		return ""
	}
	return strings.TrimSpace(f.Error.Code + " " + f.Error.Message)
}

// TemplateOnly implements vendors.TemplateOnly.
func (*vendor) TemplateOnly() bool { return true }

// Send implements vendors.Vendor.
func (v *vendor) Send(ctx context.Context, m message.Message) message.Outcome {
	switch {
	case m.Channel != message.SMS:
		return v.NoPlace("channel " + string(m.Channel))
	case m.Template == "":
		return v.NoTemplate()
	}
	r := sms.NewSendSmsRequest()
	r.PhoneNumberSet, r.SmsSdkAppId, r.TemplateId = common.StringPtrs([]string{string(m.To)}), &v.app, &m.Template
	if v.sign != "" {
		r.SignName = &v.sign
	}
	for _, name := range m.VarOrder {
		value := m.Vars[name]
		r.TemplateParamSet = append(r.TemplateParamSet, &value)
	}
	r.SessionContext = common.StringPtr(string(m.Key))
	return v.Account.Send(ctx, m, func(ctx context.Context) error {
		_, err := v.client.SendSmsWithContext(ctx, r)
		return err
	}, said)
}

const accepted = "Ok"

// said reads an answer. A code stands at the top for a call that was refused whole, else beside each number.
func said(a evidence.Answer) (sdk.Said, error) {
	var body struct {
		Response struct {
			failed

			SendStatusSet []struct {
				Code, Message, SerialNo string
				Fee                     int
			}
		}
	}
	if err := sdk.Read(a, &body); err != nil {
		return sdk.Said{}, err
	}
	if e := body.Response.Error; e != nil {
		return sdk.Said{Code: e.Code, Message: e.Message}, nil
	}
	if len(body.Response.SendStatusSet) != 1 {
		return sdk.Said{}, words.Err("vendor.answer-empty", nil)
	}
	s := body.Response.SendStatusSet[0]
	out := sdk.Said{Accepted: s.Code == accepted, Code: s.Code, Message: s.Message, ID: s.SerialNo}
	if out.Accepted && s.Fee > 0 {
		out.Segments = s.Fee
	}
	return out, nil
}

// china is the time zone of the vendor's days.
func china() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// Package aliyun are the adapters for Alibaba Cloud's short messages (Dysmsapi 2017-05-25) and mail, over the vendor's own clients. Money and
// packages are asked at BssOpenApi 2017-12-14 through the same core.
//
// All parameters of a request travel in its URL, so that no text of the client's is shown: it quotes numbers and names.
package aliyun

import (
	"context"
	"encoding/json"
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

	core "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/darabonba-openapi/v2/models"
	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	sms "github.com/alibabacloud-go/dysmsapi-20170525/v5/client"
	"github.com/alibabacloud-go/tea/dara"
)

const (
	vendorName = "Aliyun SMS"
	host       = "dysmsapi.aliyuncs.com"
	billing    = "business.aliyuncs.com" // BssOpenApi, for accounts of the Chinese site
)

// The options.
const (
	keyID     = "access_key_id"
	keySecret = "access_key_secret"
	signName  = "sign_name"
	bssHost   = "billing_endpoint"
)

func options() option.Set {
	return option.Set{
		{Name: keyID, Required: true, About: words.T("option.aliyun.access-key-id", nil)},
		{Name: keySecret, Required: true, Secret: true, About: words.T("option.aliyun.access-key-secret", nil)},
		{Name: signName, Required: true, Role: option.Signature, About: words.T("option.aliyun.sign-name", nil)},
		{Name: bssHost, About: words.T("option.aliyun.billing-endpoint", nil)},
	}
}

// Kind is the adapter for the registry.
func Kind() vendors.Kind {
	return vendors.Kind{
		Name: "aliyun-sms", Channels: []message.Channel{message.SMS}, About: words.T("vendor.aliyun-sms", nil),
		Options:   sdk.Declared(options()),
		Abilities: []vendors.Ability{vendors.CanBalance, vendors.CanFind, vendors.CanProbe, vendors.CanList},
		New:       build,
	}
}

// vendor is one account.
type vendor struct {
	*sdk.Account

	sign string
	sms  *sms.Client
	bss  *core.Client
	rest *dara.RuntimeOptions
}

func build(s vendors.Settings) (vendors.Vendor, error) {
	given, endpoint, err := sdk.Options(vendorName, host, s, options())
	if err != nil {
		return nil, err
	}
	v := &vendor{
		Account: sdk.New(vendorName, codes(), s, options(), given), sign: strings.Trim(given[signName], "【】"), rest: new(dara.RuntimeOptions),
	}
	if v.sms, err = sms.NewClient(config(v.Account, given, endpoint)); err != nil {
		return nil, words.Wrap(err, "vendor.client", words.A{"vendor": vendorName})
	}
	if v.bss, err = core.NewClient(config(v.Account, given, bssEndpoint(given[bssHost], endpoint))); err != nil {
		return nil, words.Wrap(err, "vendor.client", words.A{"vendor": vendorName})
	}
	return v, nil
}

// config is that of a client: no second try, and our transport. A nil RetryOptions is one attempt.
func config(a *sdk.Account, given map[string]string, endpoint *url.URL) *utils.Config {
	return &models.Config{
		AccessKeyId: dara.String(given[keyID]), AccessKeySecret: dara.String(given[keySecret]),
		Endpoint: dara.String(endpoint.Host), Protocol: dara.String(endpoint.Scheme), HttpClient: caller{a.Transport},
	}
}

// bssEndpoint is where money is asked for: as given, else the vendor's own; behind an address that is not the vendor's (a rehearsal, a
// gateway) there.
func bssEndpoint(given string, endpoint *url.URL) *url.URL {
	switch {
	case given != "":
		return &url.URL{Scheme: "https", Host: given}
	case strings.HasSuffix(endpoint.Hostname(), ".aliyuncs.com"):
		return &url.URL{Scheme: "https", Host: billing}
	}
	return endpoint
}

// caller is the client's way to our transport.
type caller struct{ *evidence.Transport }

// Call implements dara.HttpClient.
func (c caller) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	return c.RoundTrip(r)
}

// answer is what each answer has.
type answer struct {
	Code    string
	Message string
}

// refused is what was said instead of an answer.
func (a *answer) refused(int) string {
	if a.Code == "OK" || a.Code == "200" || a.Code == "Success" {
		return ""
	}
	return strings.TrimSpace(a.Code + " " + a.Message)
}

// TemplateOnly implements vendors.TemplateOnly.
func (*vendor) TemplateOnly() bool { return true }

// Send implements vendors.Vendor.
func (v *vendor) Send(ctx context.Context, m message.Message) message.Outcome {
	if m.Channel != message.SMS {
		return v.NoPlace("channel " + string(m.Channel))
	}
	if m.Template == "" {
		return v.NoTemplate()
	}
	vars, err := json.Marshal(m.Vars)
	if err != nil {
		return v.NoPlace("vars")
	}
	return v.Account.Send(ctx, m, func(ctx context.Context) error {
		_, err := v.sms.SendSmsWithContext(ctx, &sms.SendSmsRequest{
			PhoneNumbers: dara.String(number(m.To)), SignName: dara.String(v.sign), TemplateCode: dara.String(m.Template),
			TemplateParam: dara.String(string(vars)), OutId: dara.String(string(m.Key)),
		}, v.rest)
		return err
	}, said)
}

func said(a evidence.Answer) (sdk.Said, error) {
	var body struct {
		answer
		BizId string //nolint:revive // the vendor's name
	}
	if err := sdk.Read(a, &body); err != nil {
		return sdk.Said{}, err
	}
	return sdk.Said{Accepted: body.Code == "OK", Code: body.Code, Message: body.Message, ID: body.BizId}, nil
}

// number is an address as the vendor writes it: eleven digits at home, country and number without + elsewhere.
func number(a message.Address) string {
	if home, ok := strings.CutPrefix(string(a), "+86"); ok {
		return home
	}
	return strings.TrimPrefix(string(a), "+")
}

// china is the time zone of the vendor's days.
func china() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

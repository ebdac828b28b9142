// Package ses is the adapter for Amazon's mail service (SES API v2), over the vendor's own client. That client sends a request three times
// by default; here it has no second try.
package ses

import (
	"context"
	"net/http"
	"strings"

	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/sdk"
	"notify/pkg/words"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

const (
	vendorName = "Amazon SES"
	// host stands in for the address of a region, which the client knows.
	host = "email.amazonaws.com"
)

// The options.
const (
	region          = "region"
	accessKeyID     = "access_key_id"
	accessKeySecret = "access_key_secret"
	configuration   = "configuration_set"
)

func options() option.Set {
	return option.Set{
		{Name: region, Required: true, About: words.T("option.ses.region", nil)},
		{Name: accessKeyID, Required: true, About: words.T("option.ses.access-key-id", nil)},
		{Name: accessKeySecret, Required: true, Secret: true, About: words.T("option.ses.access-key-secret", nil)},
		{Name: configuration, About: words.T("option.ses.configuration-set", nil)},
	}
}

// rules keep a region to what may stand in a host's name, of which it becomes a part.
func rules() []sdk.Rule {
	named := func(v string) bool {
		return !strings.ContainsFunc(v, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' })
	}
	return []sdk.Rule{{Option: region, Keeps: named, Says: words.T("vendor.region", nil), Do: words.T("vendor.do.region", nil)}}
}

// Kind is the adapter for the registry.
func Kind() vendors.Kind {
	return vendors.Kind{
		Name: "ses", Channels: []message.Channel{message.Email}, About: words.T("vendor.ses", nil),
		Options:   sdk.Declared(options()),
		Abilities: []vendors.Ability{vendors.CanBalance, vendors.CanProbe, vendors.CanSuppress},
		New:       build,
	}
}

// vendor is one account in one region.
type vendor struct {
	*sdk.Account

	configuration string
	client        *sesv2.Client
}

func build(s vendors.Settings) (vendors.Vendor, error) {
	given, endpoint, err := sdk.Options(vendorName, host, s, options(), rules()...)
	if err != nil {
		return nil, err
	}
	v := &vendor{Account: sdk.New(vendorName, codes(), s, options(), given), configuration: given[configuration]}
	o := sesv2.Options{
		Region: given[region], Credentials: credentials.NewStaticCredentialsProvider(given[accessKeyID], given[accessKeySecret], ""),
		Retryer: aws.NopRetryer{}, HTTPClient: caller{v.Transport},
	}
	if s.Endpoint != "" {
		o.BaseEndpoint = aws.String(endpoint.String())
	}
	v.client = sesv2.New(o)
	return v, nil
}

// caller is the client's way to our transport.
type caller struct{ *evidence.Transport }

// Do implements aws.HTTPClient.
func (c caller) Do(r *http.Request) (*http.Response, error) { return c.RoundTrip(r) }

// Send implements vendors.Vendor.
func (v *vendor) Send(ctx context.Context, m message.Message) message.Outcome {
	mail, part := v.mail(&m)
	if part != "" {
		return v.NoPlace(part)
	}
	return v.Account.Send(ctx, m, func(ctx context.Context) error {
		_, err := v.client.SendEmail(ctx, mail)
		return err
	}, said)
}

// failure is what stands in an answer that is not the thing asked for. Its name is in a header too, which is the one that counts.
type failure struct {
	Type    string `json:"__type"`
	Message string
}

// name is a failure's: "com.amazonaws.sesv2#TooManyRequestsException:http://…" without what is around it.
func (f *failure) name(header http.Header) string {
	name := header.Get("X-Amzn-Errortype")
	if name == "" {
		name = f.Type
	}
	name, _, _ = strings.Cut(name, ":")
	return name[strings.LastIndexByte(name, '#')+1:]
}

func said(a evidence.Answer) (sdk.Said, error) {
	var body struct {
		failure
		MessageId string //nolint:revive // the vendor's name
	}
	if err := sdk.Read(a, &body); err != nil {
		return sdk.Said{}, err
	}
	code := body.name(a.Header)
	return sdk.Said{Accepted: code == "" && a.Status == http.StatusOK, Code: code, Message: body.Message, ID: body.MessageId}, nil
}

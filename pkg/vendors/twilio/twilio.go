// Package twilio is the adapter for Twilio's Programmable Messaging (API 2010-04-01), over the vendor's own client.
//
// The client knows no context and no other address than api.twilio.com, so that each request gets a client of its own: it carries both.
package twilio

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/sdk"
	"notify/pkg/words"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

const (
	vendorName = "Twilio"
	host       = "api.twilio.com"
)

// The options.
const (
	accountSID = "account_sid"
	authToken  = "auth_token"
	sender     = "from"
	callback   = "status_callback"
)

// keyParameter is what our key is called in the address of a callback: the only place that Twilio has for it.
const keyParameter = "key"

// servicePrefix begins the id of a messaging service, which stands for several numbers.
const servicePrefix = "MG"

func options() option.Set {
	return option.Set{
		{Name: accountSID, Required: true, About: words.T("option.twilio.account-sid", nil)},
		{Name: authToken, Required: true, Secret: true, About: words.T("option.twilio.auth-token", nil)},
		{Name: sender, Required: true, About: words.T("option.twilio.from", nil)},
		{Name: callback, About: words.T("option.twilio.status-callback", nil)},
	}
}

// rules are those of the vendor's client, which otherwise refuses each message by itself, and of its callbacks.
func rules() []sdk.Rule {
	plain := func(v string) bool {
		return !strings.ContainsFunc(v, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
	}
	return []sdk.Rule{
		{Option: accountSID, Keeps: plain, Says: words.T("vendor.option-letters", nil), Do: words.T("vendor.do.copy", nil)},
		{Option: authToken, Keeps: plain, Says: words.T("vendor.option-letters", nil), Do: words.T("vendor.do.copy", nil)},
		{Option: callback, Keeps: canCall, Says: words.T("vendor.callback", nil), Do: words.T("vendor.do.callback", nil)},
	}
}

// canCall reports whether Twilio would call an address (www.twilio.com/docs/usage/webhooks): at most 4,000 characters, no underscore in the host.
func canCall(address string) bool {
	const most, forKey = 4000, 100
	u, err := url.Parse(address)
	return address == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil &&
		!strings.Contains(u.Host, "_") && len(address) <= most-forKey
}

// Kind is the adapter for the registry.
func Kind() vendors.Kind {
	return vendors.Kind{
		Name: "twilio", Channels: []message.Channel{message.SMS}, About: words.T("vendor.twilio", nil),
		Options:   sdk.Declared(options()),
		Abilities: []vendors.Ability{vendors.CanBalance, vendors.CanFind, vendors.CanProbe},
		New:       build,
	}
}

// vendor is one account.
type vendor struct {
	*sdk.Account

	endpoint *url.URL
	sid      string
	token    string
	from     string
	callback string
}

func build(s vendors.Settings) (vendors.Vendor, error) {
	given, endpoint, err := sdk.Options(vendorName, host, s, options(), rules()...)
	if err != nil {
		return nil, err
	}
	return &vendor{
		Account:  sdk.New(vendorName, codes(), s, options(), given),
		endpoint: endpoint, sid: given[accountSID], token: given[authToken], from: given[sender], callback: given[callback],
	}, nil
}

// way is the client's way to our transport for one request.
type way struct {
	ctx       context.Context
	endpoint  *url.URL
	transport *evidence.Transport
}

// RoundTrip implements http.RoundTripper.
func (w way) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(w.ctx)
	r.URL.Scheme, r.URL.Host, r.Host = w.endpoint.Scheme, w.endpoint.Host, w.endpoint.Host
	return w.transport.RoundTrip(r)
}

// api is the vendor's client for one request. It is made by hand, since the maker of it listens to the environment.
func (v *vendor) api(ctx context.Context) *api.ApiService {
	c := &client.Client{
		Credentials: client.NewCredentials(v.sid, v.token),
		HTTPClient: &http.Client{
			Transport:     way{ctx: ctx, endpoint: v.endpoint, transport: v.Transport},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.SetAccountSid(v.sid)
	return api.NewApiService(&client.RequestHandler{Client: c})
}

// Send implements vendors.Vendor. A template code is the SID of a content template, which the vendor fills in itself.
func (v *vendor) Send(ctx context.Context, m message.Message) message.Outcome {
	if m.Channel != message.SMS {
		return v.NoPlace("channel " + string(m.Channel))
	}
	params := new(api.CreateMessageParams).SetTo(string(m.To))
	if strings.HasPrefix(v.from, servicePrefix) {
		params.SetMessagingServiceSid(v.from)
	} else {
		params.SetFrom(v.from)
	}
	if m.Template == "" {
		params.SetBody(m.Text)
	} else {
		vars, err := json.Marshal(m.Vars)
		if err != nil {
			return v.NoPlace("vars")
		}
		params.SetContentSid(m.Template).SetContentVariables(string(vars))
	}
	if v.callback != "" {
		params.SetStatusCallback(withKey(v.callback, m.Key))
	}
	return v.Account.Send(ctx, m, func(ctx context.Context) error {
		_, err := v.api(ctx).CreateMessage(params)
		return err
	}, said)
}

// withKey is a callback's address with our key; what stands in it for the vendor (#rc=5) stays.
func withKey(address string, key message.Key) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // build has read it
	}
	parameter := keyParameter + "=" + url.QueryEscape(string(key))
	if u.RawQuery != "" {
		parameter = u.RawQuery + "&" + parameter
	}
	u.RawQuery = parameter
	return u.String()
}

// failure is what stands in each answer that is not the thing asked for.
type failure struct {
	Code    int
	Message string
}

// refused is what was said instead of an answer.
func (f *failure) refused(status int) string {
	switch {
	case f.Code != 0:
		return strings.TrimSpace(strconv.Itoa(f.Code) + " " + f.Message)
	case status != http.StatusOK:
		return strings.TrimSpace("HTTP " + strconv.Itoa(status) + " " + f.Message)
	}
	return ""
}

func said(a evidence.Answer) (sdk.Said, error) {
	var body struct {
		failure
		Sid       string `json:"sid"`
		Status    any    `json:"status"` // of a message a word, of a failure the number of HTTP
		ErrorCode int    `json:"error_code"`
		Segments  string `json:"num_segments"` // "0" where a messaging service has not chosen a number yet
	}
	if err := sdk.Read(a, &body); err != nil {
		return sdk.Said{}, err
	}
	out := sdk.Said{Message: body.Message, ID: body.Sid}
	if code := max(body.Code, body.ErrorCode); code > 0 {
		out.Code = strconv.Itoa(code)
	}
	switch body.Status {
	case "accepted", "queued", "scheduled", "sending", "sent":
		out.Accepted = a.Status == http.StatusCreated
	}
	out.Segments, _ = strconv.Atoi(body.Segments) // zero where it does not say
	return out, nil
}

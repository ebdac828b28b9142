package tencent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	netmail "net/mail"
	"strconv"
	"strings"

	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/sdk"
	"notify/pkg/words"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
)

const (
	mailName    = "Tencent SES"
	mailHost    = "ses.tencentcloudapi.com"
	mailVersion = "2020-10-02"
	// mailRegion is where mails to the mainland are sent from; the other is ap-hongkong.
	mailRegion = "ap-guangzhou"
	// unsubscribe is the vendor's own link to unsubscribe, by its language.
	unsubscribe = "unsubscribe"
	noLink      = "0"
)

func mailOptions() option.Set {
	return option.Set{
		{Name: secretID, Required: true, About: words.T("option.tencent-ses.secret-id", nil)},
		{Name: secretKey, Required: true, Secret: true, About: words.T("option.tencent.secret-key", nil)},
		{Name: regionKey, Default: mailRegion, About: words.T("option.tencent-ses.region", nil), Tuning: true},
		{Name: unsubscribe, Default: noLink, About: words.T("option.tencent-ses.unsubscribe", nil)},
	}
}

// MailKind is the adapter for mail (SES 2020-10-02), for the registry.
func MailKind() vendors.Kind {
	return vendors.Kind{
		Name: "tencent-ses", Channels: []message.Channel{message.Email}, About: words.T("vendor.tencent-ses", nil),
		Options:   sdk.Declared(mailOptions()),
		Abilities: []vendors.Ability{vendors.CanFind, vendors.CanProbe, vendors.CanList},
		New:       buildMail,
	}
}

// mailer is one account for mail. The vendor's client for this service needs a later core than can be had; the core calls it as well.
type mailer struct {
	*sdk.Account

	link   string
	client *common.Client
}

func buildMail(s vendors.Settings) (vendors.Vendor, error) {
	given, endpoint, err := sdk.Options(mailName, mailHost, s, mailOptions(), sdk.Rule{
		Option: unsubscribe, Keeps: isLink, Says: words.T("tencent-ses.unsubscribe", nil), Do: words.T("tencent-ses.do.unsubscribe", nil),
	})
	if err != nil {
		return nil, err
	}
	v := &mailer{Account: sdk.New(mailName, mailCodes(), s, mailOptions(), given), link: given[unsubscribe]}
	v.client = common.NewCommonClient(common.NewCredential(given[secretID], given[secretKey]), given[regionKey], clientProfile(endpoint))
	v.client.WithHttpTransport(v.Transport)
	return v, nil
}

// isLink reports whether it is one of the vendor's numbers: 0 no link, 1 English, 2 to 10 other languages.
func isLink(value string) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n >= 0 && n <= 10
}

// call is a request to the vendor.
func (v *mailer) call(action string, in any) sdk.Call {
	return func(ctx context.Context) error {
		r := tchttp.NewCommonRequest("ses", mailVersion, action)
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		if err := r.SetActionParameters(b); err != nil {
			return err
		}
		r.SetContext(ctx)
		return v.client.Send(r, tchttp.NewCommonResponse())
	}
}

// mail is SendEmail's request. Texts and files are in base64, which is how Go writes bytes.
type mail struct {
	FromEmailAddress string
	Subject          string
	Destination      []string
	ReplyToAddresses string        `json:",omitempty"`
	Template         *mailTemplate `json:",omitempty"`
	Simple           *mailTexts    `json:",omitempty"`
	Attachments      []mailFile    `json:",omitempty"`
	Unsubscribe      string
	TriggerType      int
	SmtpMessageId    string //nolint:revive // the vendor's name
}

type mailTemplate struct {
	TemplateID   uint64
	TemplateData string
}

type mailTexts struct {
	Html []byte `json:",omitempty"` //nolint:revive // the vendor's name
	Text []byte `json:",omitempty"`
}

type mailFile struct{ FileName, Content string }

// Send implements vendors.Vendor.
func (v *mailer) Send(ctx context.Context, m message.Message) message.Outcome {
	in, part := v.mail(&m)
	if part != "" {
		return v.NoPlace(part)
	}
	return v.Account.Send(ctx, m, v.call("SendEmail", in), saidOfMail)
}

// mail is a message as the vendor takes it. part is what it has no place for, else empty.
func (v *mailer) mail(m *message.Message) (in *mail, part string) {
	from, err := netmail.ParseAddress(m.From)
	switch {
	case m.Channel != message.Email:
		return nil, "channel " + string(m.Channel)
	case err != nil || strings.ContainsAny(from.Name, ":<>\r\n"): // the name stands before the address, without quotes
		return nil, "from"
	}
	for name := range m.Headers {
		if v.link == noLink || name != "List-Unsubscribe" && name != "List-Unsubscribe-Post" {
			return nil, "header " + name
		}
	}
	in = &mail{
		FromEmailAddress: strings.TrimSpace(from.Name + " <" + from.Address + ">"), Subject: m.Subject, Destination: []string{string(m.To)},
		Unsubscribe: v.link, SmtpMessageId: "<" + string(m.Key) + from.Address[strings.LastIndexByte(from.Address, '@'):] + ">",
	}
	if m.ReplyTo != "" {
		reply, err := netmail.ParseAddress(m.ReplyTo)
		if err != nil {
			return nil, "reply-to"
		}
		in.ReplyToAddresses = reply.Address
	}
	for _, a := range m.Attachments {
		if a.ContentID != "" {
			return nil, "attachment " + a.Name
		}
		in.Attachments = append(in.Attachments, mailFile{FileName: a.Name, Content: base64.StdEncoding.EncodeToString(a.Data)})
	}
	if m.Template == "" {
		in.Simple = &mailTexts{Html: []byte(m.HTML), Text: []byte(m.Text)}
		return in, ""
	}
	id, err := strconv.ParseUint(m.Template, 10, 64)
	data, failed := json.Marshal(m.Vars)
	if err != nil || failed != nil {
		return nil, "template"
	}
	in.Template = &mailTemplate{TemplateID: id, TemplateData: string(data)}
	return in, ""
}

func saidOfMail(a evidence.Answer) (sdk.Said, error) {
	var body struct {
		Response struct {
			failed

			MessageId string //nolint:revive // the vendor's name
		}
	}
	if err := sdk.Read(a, &body); err != nil {
		return sdk.Said{}, err
	}
	if e := body.Response.Error; e != nil {
		return sdk.Said{Code: e.Code, Message: e.Message}, nil
	}
	return sdk.Said{Accepted: body.Response.MessageId != "", ID: body.Response.MessageId}, nil
}

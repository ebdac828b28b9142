package aliyun

import (
	"context"
	"encoding/json"
	"net/http"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/sdk"
	"notify/pkg/words"

	dm "github.com/alibabacloud-go/dm-20151123/v2/client"
	"github.com/alibabacloud-go/tea/dara"
)

const (
	mailName = "Aliyun DirectMail"
	mailHost = "dm.aliyuncs.com"
	// keyHeader carries our key; headers that begin so are repeated in events.
	keyHeader = "X-User-Notify-Key"
	// maxAlias is the most characters that the vendor takes for a sender's name.
	maxAlias = 15
)

func mailOptions() option.Set {
	return option.Set{
		{Name: keyID, Required: true, About: words.T("option.aliyun-dm.access-key-id", nil)},
		{Name: keySecret, Required: true, Secret: true, About: words.T("option.aliyun.access-key-secret", nil)},
	}
}

// MailKind is the adapter for DirectMail (Dm 2015-11-23), for the registry.
func MailKind() vendors.Kind {
	return vendors.Kind{
		Name: "aliyun-dm", Channels: []message.Channel{message.Email}, About: words.T("vendor.aliyun-dm", nil),
		Options:   sdk.Declared(mailOptions()),
		Abilities: []vendors.Ability{vendors.CanBalance, vendors.CanProbe},
		New:       buildMail,
	}
}

// mailer is one account at DirectMail.
type mailer struct {
	*sdk.Account

	dm   *dm.Client
	rest *dara.RuntimeOptions
}

func buildMail(s vendors.Settings) (vendors.Vendor, error) {
	given, endpoint, err := sdk.Options(mailName, mailHost, s, mailOptions())
	if err != nil {
		return nil, err
	}
	v := &mailer{Account: sdk.New(mailName, mailCodes(), s, mailOptions(), given), rest: new(dara.RuntimeOptions)}
	if v.dm, err = dm.NewClient(config(v.Account, given, endpoint)); err != nil {
		return nil, words.Wrap(err, "vendor.client", words.A{"vendor": mailName})
	}
	return v, nil
}

// Send implements vendors.Vendor.
func (v *mailer) Send(ctx context.Context, m message.Message) message.Outcome {
	mail, part := mailOf(&m)
	if part != "" {
		return v.NoPlace(part)
	}
	return v.Account.Send(ctx, m, func(ctx context.Context) error {
		_, err := v.dm.SingleSendMailWithContext(ctx, mail, v.rest)
		return err
	}, saidOfMail)
}

// mailOf is a message as the vendor takes it. part is what it has no place for, else empty.
func mailOf(m *message.Message) (mail *dm.SingleSendMailRequest, part string) {
	from, err := netmail.ParseAddress(m.From)
	switch {
	case m.Channel != message.Email:
		return nil, "channel " + string(m.Channel)
	case err != nil || utf8.RuneCountInString(from.Name) > maxAlias:
		return nil, "from"
	case strings.Contains(string(m.To), ","): // it would be two recipients
		return nil, "to"
	case len(m.Attachments) > 0:
		return nil, "attachments"
	}
	headers, part := mailHeaders(m, from.Address)
	if part != "" {
		return nil, part
	}
	mail = &dm.SingleSendMailRequest{
		AccountName: &from.Address, AddressType: dara.Int32(1), ReplyToAddress: dara.Bool(m.ReplyTo == ""), ToAddress: dara.String(string(m.To)),
		Subject: &m.Subject, Headers: &headers, FromAlias: given(from.Name), TextBody: given(m.Text), HtmlBody: given(m.HTML),
	}
	if m.ReplyTo != "" {
		reply, err := netmail.ParseAddress(m.ReplyTo)
		if err != nil {
			return nil, "reply-to"
		}
		mail.ReplyAddress = &reply.Address
	}
	if _, own := m.Headers["List-Unsubscribe"]; own {
		mail.UnSubscribeLinkType = dara.String("disabled")
	}
	return mail, ""
}

// given is a text, or nothing where there is none.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// mailHeaders are the headers of a mail, of which the vendor takes but a few.
func mailHeaders(m *message.Message, from string) (headers, part string) {
	all := map[string]string{
		"Message-ID": "<" + string(m.Key) + from[strings.LastIndexByte(from, '@'):] + ">", keyHeader: string(m.Key),
	}
	for name, value := range m.Headers {
		if name != "List-Unsubscribe" && name != "List-Unsubscribe-Post" {
			return "", "header " + name
		}
		all[name] = value
	}
	b, err := json.Marshal(all)
	if err != nil {
		return "", "headers"
	}
	return string(b), ""
}

func saidOfMail(a evidence.Answer) (sdk.Said, error) {
	var body struct {
		answer
		EnvId string //nolint:revive // the vendor's name
	}
	if err := sdk.Read(a, &body); err != nil {
		return sdk.Said{}, err
	}
	return sdk.Said{Accepted: a.Status == http.StatusOK && body.Code == "", Code: body.Code, Message: body.Message, ID: body.EnvId}, nil
}

// summary is what the vendor says of an account.
type summary struct {
	answer
	DailyQuota *int64
	UserStatus *int // 0 is normal
}

func (s *summary) refused(status int) string {
	if status == http.StatusOK && s.Code == "" {
		return ""
	}
	return strings.TrimSpace("HTTP " + strconv.Itoa(status) + " " + s.Code + " " + s.Message)
}

func (v *mailer) summary(ctx context.Context) (summary, time.Time, error) {
	var s summary
	date, err := v.Ask(ctx, "", func(ctx context.Context) error {
		_, err := v.dm.DescAccountSummaryWithContext(ctx, new(dm.DescAccountSummaryRequest), v.rest)
		return err
	}, &s, s.refused)
	return s, date, err
}

// Probe implements vendors.Prober: the account is neither frozen nor in arrears.
func (v *mailer) Probe(ctx context.Context) error {
	s, _, err := v.summary(ctx)
	switch {
	case err != nil:
	case s.UserStatus == nil:
		err = words.Err("vendor.figure-none", words.A{"name": "UserStatus"})
	case *s.UserStatus != 0:
		err = words.Err("vendor.refused", words.A{"said": "UserStatus=" + strconv.Itoa(*s.UserStatus)})
	}
	if err != nil {
		return words.Wrap(err, "vendor.probe", words.A{"account": v.Name})
	}
	return nil
}

// Balance implements vendors.Balancer: the quota of the day. How much of it is used the vendor does not tell.
func (v *mailer) Balance(ctx context.Context) (vendors.Balance, error) {
	s, date, err := v.summary(ctx)
	if err == nil && s.DailyQuota == nil {
		err = words.Err("vendor.figure-none", words.A{"name": "DailyQuota"})
	}
	if err != nil {
		return v.Balanced(vendors.Balance{}, err)
	}
	return vendors.Balance{QuotaLimit: s.DailyQuota, Date: date}, nil
}

package twilio

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"

	api "github.com/twilio/twilio-go/rest/api/v2010"
)

// Probe implements vendors.Prober: it asks for the account, which has to be active.
func (v *vendor) Probe(ctx context.Context) error {
	var body struct {
		failure
		Status any
	}
	inactive := func(status int) string {
		if said := body.refused(status); said != "" || body.Status == "active" {
			return said
		}
		word, _ := body.Status.(string)
		return strings.TrimSpace("status " + word)
	}
	_, err := v.Ask(ctx, "", func(ctx context.Context) error {
		_, err := v.api(ctx).FetchAccount(v.sid)
		return err
	}, &body, inactive)
	return err
}

// Balance implements vendors.Balancer.
func (v *vendor) Balance(ctx context.Context) (vendors.Balance, error) {
	return v.Balanced(v.balance(ctx))
}

func (v *vendor) balance(ctx context.Context) (vendors.Balance, error) {
	var body struct {
		failure
		Balance, Currency string
	}
	date, err := v.Ask(ctx, "", func(ctx context.Context) error {
		_, err := v.api(ctx).FetchBalance(new(api.FetchBalanceParams))
		return err
	}, &body, body.refused)
	if err != nil {
		return vendors.Balance{}, err
	}
	amount, err := message.ParseMoney(body.Balance)
	if err != nil {
		return vendors.Balance{}, words.Err("vendor.figure-none", words.A{"name": "balance"})
	}
	return vendors.Balance{Amount: &amount, Currency: body.Currency, Date: date}, nil
}

const (
	listPage  = 1000 // the most that the list gives at once
	listPages = 20
)

// listed is a message of the list.
type listed struct {
	Sid       string `json:"sid"`
	Body      string `json:"body"`
	Direction string `json:"direction"`
	Created   string `json:"date_created"` // RFC 2822
	Status    string `json:"status"`
	ErrorCode int    `json:"error_code"`
}

// Find implements vendors.Finder: by number, then text and time, since the vendor keeps no id of ours. That it is not there is no proof. The list
// is not narrowed by date: it is the date of sending, which a message in the queue does not have yet.
func (v *vendor) Find(ctx context.Context, q vendors.Query) (vendors.Found, error) {
	unknown := vendors.Found{Answer: message.OutcomeUnknown}
	if q.Text == "" && q.VendorID == "" {
		return unknown, nil
	}
	var token, number string
	for range listPages {
		var body struct {
			failure
			Messages []listed `json:"messages"`
			Next     string   `json:"next_page_uri"`
		}
		_, err := v.Ask(ctx, q.To, func(ctx context.Context) error {
			_, err := v.api(ctx).PageMessage(new(api.ListMessageParams).SetTo(string(q.To)).SetPageSize(listPage), token, number)
			return err
		}, &body, body.refused)
		if err != nil {
			return vendors.Found{}, words.Wrap(err, "vendor.look-up", words.A{"key": q.Key, "account": v.Name})
		}
		for _, m := range body.Messages {
			if q.VendorID != "" && m.Sid == q.VendorID || q.Text != "" && m.is(q) {
				return m.found(), nil
			}
		}
		if token, number = next(body.Next); number == "" {
			break
		}
	}
	return unknown, nil
}

// next is how the list's next page is asked for, by its address; empty where there is none.
func next(address string) (token, number string) {
	u, err := url.Parse(address)
	if err != nil {
		return "", ""
	}
	return u.Query().Get("PageToken"), u.Query().Get("Page")
}

// is reports whether a message of the list is the one that is looked for.
func (m *listed) is(q vendors.Query) bool {
	created, err := time.Parse(time.RFC1123Z, m.Created)
	return err == nil && m.Direction != "inbound" && sameText(m.Body, q.Text) && !created.Before(q.Since.Truncate(time.Second)) && !created.After(q.Until)
}

// sameText compares but for line breaks and blanks at the ends, which are not worth a doubt.
func sameText(a, b string) bool {
	plain := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return plain(a) == plain(b)
}

func (m *listed) found() vendors.Found {
	f := vendors.Found{Answer: message.OutcomeAccepted, VendorID: m.Sid, Receipt: message.Waiting}
	switch m.Status {
	case "delivered", "read":
		f.Receipt = message.Delivered
	case "undelivered", "failed", "canceled":
		f.Receipt = message.Undelivered
	}
	if m.ErrorCode > 0 {
		f.Detail = strconv.Itoa(m.ErrorCode)
	}
	return f
}

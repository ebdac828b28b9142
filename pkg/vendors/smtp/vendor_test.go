package smtp_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
)

var bodyText = strings.Repeat("You have won a prize in the award of the year, see below.\n", 12)

// newVendor builds the adapter on an address without TLS; options are added to that.
func newVendor(tb testing.TB, addr string, options map[string]any) vendors.Vendor {
	tb.Helper()
	all := map[string]any{"address": addr, "tls": "none", "helo": "client.example.test"}
	for k, v := range options {
		all[k] = v
	}
	v, err := smtp.Kind().New(vendors.Settings{
		Account: "edm", Concurrency: 16, Timeout: 5 * time.Minute, Options: all, Now: time.Now,
	})
	if err != nil {
		tb.Fatalf("new: %v", err)
	}
	tb.Cleanup(func() {
		if err := v.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return v
}

// plainMail is mail n of a campaign, about 1 KB.
func plainMail(n int) message.Message {
	to := message.Address("winner-" + strconv.Itoa(n) + "@customer.test")
	return message.Message{
		Key: message.MakeKey("award", message.Email, to, ""), Campaign: "award", Channel: message.Email,
		To: to, Name: "王五", From: "Awards <award@edm.example.test>", Subject: "王五, your award",
		Text: bodyText, Headers: map[string]string{"List-Unsubscribe": "<https://edm.example.test/u/" + strconv.Itoa(n) + ">"},
	}
}

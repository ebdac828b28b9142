package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/sandbox"
	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
)

const token = "sandboxtoken"

// run starts a sandbox that ends with the test.
func run(tb testing.TB, c sandbox.Config) *sandbox.Sandbox {
	tb.Helper()
	if c.SMSAddr == "" {
		c.SMSAddr = "127.0.0.1:0"
	}
	if c.MailAddr == "" {
		c.MailAddr = "127.0.0.1:0"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Token = token
	s, err := sandbox.Start(context.Background(), c)
	if err != nil {
		tb.Fatalf("start: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

// client is a client that repeats nothing and keeps its connections.
func client(tb testing.TB) *http.Client {
	tb.Helper()
	t := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	tb.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// reply is an answer of the gateway; status 0 is none.
type reply struct {
	status     int
	body       map[string]any
	raw        string
	retryAfter string
}

func call(tb testing.TB, c *http.Client, method, url string, body any) reply {
	tb.Helper()
	out, err := try(c, method, url, body)
	if err != nil {
		tb.Fatalf("%s %s: %v", method, url, err)
	}
	return out
}

func try(c *http.Client, method, url string, body any) (reply, error) {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, url, payload)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.Do(req)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return reply{}, nil
		}
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: resp.StatusCode, raw: string(raw), retryAfter: resp.Header.Get("Retry-After")}
	_ = json.Unmarshal(raw, &out.body) // garbage has none
	return out, nil
}

// send is POST /sms/send.
func send(tb testing.TB, c *http.Client, s *sandbox.Sandbox, to, ref string) reply {
	tb.Helper()
	return call(tb, c, http.MethodPost, s.URL()+"/sms/send", map[string]any{"to": to, "text": "您好", "ref": ref})
}

// mailer is the adapter under way to the sandbox.
func mailer(tb testing.TB, s *sandbox.Sandbox, options map[string]any) vendors.Vendor {
	tb.Helper()
	all := map[string]any{"address": s.MailAddr(), "tls": "none"}
	for k, v := range options {
		all[k] = v
	}
	v, err := smtp.Kind().New(vendors.Settings{Account: "edm", Concurrency: 16, Timeout: 5 * time.Minute, Options: all, Now: time.Now})
	if err != nil {
		tb.Fatalf("new: %v", err)
	}
	tb.Cleanup(func() { _ = v.Close() })
	return v
}

func letter(to, subject string) message.Message {
	return message.Message{
		Key: message.MakeKey("award", message.Email, message.Address(to), ""), Channel: message.Email, To: message.Address(to),
		From: "Awards <award@edm.example.test>", Subject: subject, Text: "You have won.\n",
	}
}

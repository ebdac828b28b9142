package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Topup is a credit. What an account does not count is not credited.
type Topup struct {
	Channel  message.Channel `json:"channel,omitempty"`  // empty: sms
	Messages int64           `json:"messages,omitempty"` // prepaid segments or mails
	Quota    int64           `json:"quota,omitempty"`    // added to the limit by day, from now on
	Balance  *message.Money  `json:"balance,omitempty"`
}

// faultsRequest is the body of POST /admin/faults.
type faultsRequest struct {
	Channel message.Channel `json:"channel,omitempty"`
	Faults  Faults          `json:"faults"`
}

// Topup credits an account, as somebody who pays the vendor does.
func (s *Sandbox) Topup(t Topup) error {
	a, err := s.account(t.Channel)
	if err != nil {
		return err
	}
	return a.topup(s.record, t)
}

// SetFaults replaces the faults of a channel from the next message on; an empty channel is sms.
func (s *Sandbox) SetFaults(ch message.Channel, f Faults) error {
	a, err := s.account(ch)
	if err != nil {
		return err
	}
	return a.setFaults(f)
}

func (s *Sandbox) account(ch message.Channel) (*account, error) {
	switch ch {
	case message.SMS, "":
		return s.sms, nil
	case message.Email:
		return s.mail, nil
	}
	return nil, fmt.Errorf("no channel %q in the sandbox", ch)
}

func (s *Sandbox) adminCount(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.Count())
}

func (s *Sandbox) adminTopup(w http.ResponseWriter, r *http.Request) {
	var t Topup
	change(w, r, &t, func() error { return s.Topup(t) })
}

func (s *Sandbox) adminFaults(w http.ResponseWriter, r *http.Request) {
	var f faultsRequest
	change(w, r, &f, func() error { return s.SetFaults(f.Channel, f.Faults) })
}

func (s *Sandbox) adminTemplate(w http.ResponseWriter, r *http.Request) {
	var t Template
	change(w, r, &t, func() error { return s.Decide(t) })
}

func change(w http.ResponseWriter, r *http.Request, into any, do func() error) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		err = do()
	}
	if err != nil {
		answer(w, http.StatusBadRequest, refusal{"ADMIN", err.Error()})
		return
	}
	answer(w, http.StatusOK, struct {
		Code string `json:"code"`
	}{"OK"})
}

// Admin is a sandbox in another process.
type Admin struct {
	URL    string // "http://127.0.0.1:8025"
	Token  string
	Client *http.Client
}

// Count asks what has reached the sandbox.
func (a Admin) Count(ctx context.Context) (Tally, error) {
	var t Tally
	err := a.call(ctx, http.MethodGet, "/admin/count", nil, &t)
	return t, err
}

// Topup credits an account.
func (a Admin) Topup(ctx context.Context, t Topup) error {
	return a.call(ctx, http.MethodPost, "/admin/topup", t, nil)
}

// Decide says what is decided about a template.
func (a Admin) Decide(ctx context.Context, t Template) error {
	return a.call(ctx, http.MethodPost, "/admin/template", t, nil)
}

func (a Admin) call(ctx context.Context, method, path string, body, into any) error {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.URL, "/")+path, payload)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if a.Token != "" {
		req.Header.Set("Authorization", "Bearer "+a.Token)
	}
	resp, err := a.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		var r refusal
		_ = json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&r) // the status says enough where it is not ours
		return words.Err("sandbox.answers", words.A{"status": resp.Status, "said": r.Message})
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return words.Wrap(err, "sandbox.answer", nil)
	}
	return nil
}

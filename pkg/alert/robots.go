package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nicholas-fedor/shoutrrr"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/vendors/scrub"
	"notify/pkg/words"
)

const (
	tellTimeout = 10 * time.Second
	maxAnswer   = 64 << 10
)

// robot is what is known of a kind of target.
type robot struct {
	// most is how many bytes a message has; gap is the time from one to the next, which keeps below what the target takes in a minute:
	// DingTalk and WeCom 20, and DingTalk is silent for ten minutes after more.
	most int
	gap  time.Duration
	// request makes what is posted, and where.
	request func(t config.AlertTarget, d digest, now time.Time) (address string, body any)
	// codes are what its answers have besides the status, which is 200 whatever happened.
	codes []string
}

// robots are those that are posted to. Sources: open.dingtalk.com/document/robots, open.feishu.cn/document (custom bots),
// developer.work.weixin.qq.com/document/path/91770.
func robots() map[string]robot {
	return map[string]robot{
		config.DingTalk: {18_000, 4 * time.Second, dingtalk, []string{"errcode"}},
		config.Feishu:   {18_000, 2 * time.Second, feishu, []string{"code", "StatusCode"}},
		config.WeCom:    {2000, 4 * time.Second, wecom, []string{"errcode"}},
		config.Webhook:  {64_000, time.Second, nil, nil},
		config.Service:  {1800, 4 * time.Second, nil, nil},
	}
}

// dingtalk signs the milliseconds with the secret, in the query.
func dingtalk(t config.AlertTarget, d digest, now time.Time) (string, any) {
	address := t.URL
	if u, err := url.Parse(t.URL); err == nil && t.Secret != "" {
		at := strconv.FormatInt(now.UnixMilli(), 10)
		q := u.Query()
		q.Set("timestamp", at)
		q.Set("sign", signed(t.Secret, at+"\n"+t.Secret))
		u.RawQuery = q.Encode()
		address = u.String()
	}
	return address, map[string]any{"msgtype": "text", "text": map[string]string{"content": d.text()}}
}

// feishu signs nothing with the seconds and the secret as key, in the body.
func feishu(t config.AlertTarget, d digest, now time.Time) (string, any) {
	body := map[string]any{"msg_type": "text", "content": map[string]string{"text": d.text()}}
	if t.Secret != "" {
		at := strconv.FormatInt(now.Unix(), 10)
		body["timestamp"], body["sign"] = at, signed(at+"\n"+t.Secret, "")
	}
	return t.URL, body
}

func wecom(t config.AlertTarget, d digest, _ time.Time) (string, any) {
	return t.URL, map[string]any{"msgtype": "text", "text": map[string]string{"content": d.text()}}
}

func signed(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(mac, text)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// call is what a webhook is posted.
type call struct {
	Schema  string          `json:"schema"`
	Title   string          `json:"title"`
	Text    string          `json:"text"`
	Notices []ledger.Notice `json:"notices"`
}

// Schema names the form of what a webhook is posted.
const Schema = "notify.alert/1"

// tell gives a message to a target. What the error says has neither address nor secret in it.
func tell(ctx context.Context, t config.AlertTarget, d digest, notices []ledger.Notice, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	if t.Kind == config.Service {
		return clean(t, throughService(ctx, t, d))
	}
	r := robots()[t.Kind]
	var body any = call{Schema: Schema, Title: d.title, Text: d.text(), Notices: notices}
	address := t.URL
	if r.request != nil {
		address, body = r.request(t, d, now)
	}
	status, answer, err := post(ctx, address, body)
	if err != nil {
		return clean(t, err)
	}
	if status/100 != 2 {
		return words.Err("alert.error.status", words.A{"status": status, "said": short(t, string(answer))})
	}
	return refusal(t, r, answer)
}

func post(ctx context.Context, address string, body any) (int, []byte, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(b))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, answer, err
}

// refusal reads what stands in an answer of 200: robots say there that they did not take it.
func refusal(t config.AlertTarget, r robot, answer []byte) error {
	if len(r.codes) == 0 {
		return nil
	}
	var said map[string]any
	if json.Unmarshal(answer, &said) != nil {
		return words.Err("alert.error.answer", words.A{"said": short(t, string(answer))})
	}
	for _, key := range r.codes {
		code, ok := said[key].(float64)
		if !ok {
			continue
		}
		if code == 0 {
			return nil
		}
		text, _ := said["errmsg"].(string)
		if text == "" {
			text, _ = said["msg"].(string)
		}
		err := words.Err("alert.error.refused", words.A{"code": strconv.FormatFloat(code, 'f', -1, 64), "said": short(t, text)})
		if hint, ok := meanings()[t.Kind+" "+strconv.FormatFloat(code, 'f', -1, 64)]; ok {
			err.Hint = hint
		}
		return err
	}
	return words.Err("alert.error.answer", words.A{"said": short(t, string(answer))})
}

// meanings say what to do about the codes that are met when a robot is set up.
func meanings() map[string]words.Text {
	often, signature := words.T("alert.do.often", nil), words.T("alert.do.signature", nil)
	return map[string]words.Text{
		"dingtalk 130101": often, "wecom 45009": often, "feishu 11232": often, "feishu 9499": often,
		"dingtalk 310000": words.T("alert.do.dingtalk-safety", nil), "feishu 19021": signature,
		"feishu 19024": words.T("alert.do.keyword", nil), "feishu 19022": words.T("alert.do.address", nil),
		"wecom 93000": words.T("alert.do.wecom-key", nil), "dingtalk 300005": words.T("alert.do.token", nil), "feishu 19001": words.T("alert.do.token", nil),
	}
}

// throughService sends by what shoutrrr knows. It takes no context: what it has not done in its time goes on, and is not waited for.
func throughService(ctx context.Context, t config.AlertTarget, d digest) error {
	sender, err := shoutrrr.CreateSenderWithOptions(types.SenderOptions{Timeout: tellTimeout}, t.URL)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		params := types.Params{"title": d.title}
		done <- errors.Join(sender.Send(d.text(), &params)...)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// clean is an error without address and secret.
func clean(t config.AlertTarget, err error) error {
	if err == nil {
		return nil
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address
	}
	cause := words.Cause(err)
	if cause.ID == "words.raw" {
		cause = words.Raw(short(t, err.Error()))
	}
	return words.Err("alert.error.failed", words.A{"cause": cause})
}

// short is what a target said, on one line and without what is secret.
func short(t config.AlertTarget, text string) string {
	secrets := []string{t.URL, t.Secret}
	if u, err := url.Parse(t.URL); err == nil {
		for _, values := range u.Query() {
			secrets = append(secrets, values...)
		}
		if pass, ok := u.User.Password(); ok {
			secrets = append(secrets, pass)
		}
		secrets = append(secrets, u.User.Username(), u.RequestURI())
	}
	return scrub.New(secrets...).Detail(text, "")
}

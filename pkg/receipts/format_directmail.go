package receipts

import (
	"bytes"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1" // what the vendor signs with
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"regexp"
	"strings"
	"time"

	"notify/pkg/message"
)

// Aliyun DirectMail tells its events through EventBridge: CloudEvents 1.0, signed. help.aliyun.com/zh/eventbridge/user-guide/signature-algorithm.
func directMailFormat() *Format {
	return &Format{Name: "aliyun-dm", Signs: true, Verify: verifyEventBridge, Read: readDirectMail}
}

type directMailItem struct {
	Type string `json:"type"`
	Time string `json:"time"`
	Data struct {
		ID      text   `json:"env_id"`
		Rcpt    string `json:"rcpt"`
		Status  text   `json:"status"`
		Code    text   `json:"err_code"`
		Message string `json:"err_msg"`
		Failed  string `json:"failed_type"`
		Tag     string `json:"tag"`
		Header  any    `json:"header"`
	} `json:"data"`
}

func readDirectMail(_ *Account, p *Posted) (Told, error) {
	items, err := itemsOf[directMailItem](p.Body)
	var t Told
	for _, i := range items {
		e := message.Event{
			Key: headerKey(i.Data.Header), VendorID: string(i.Data.ID), To: mailbox(i.Data.Rcpt), At: rfcTime(i.Time), Code: string(i.Data.Code),
			Detail: said(i.Data.Message),
		}
		switch i.Type {
		case "dm:Deliver:Succeed":
			e.State = message.Delivered
		case "dm:Deliver:Fail":
			e.State = message.HardBounce
			if strings.Contains(strings.ToLower(i.Data.Failed), "soft") || strings.HasPrefix(string(i.Data.Code), "4") {
				e.State = message.SoftBounce
			}
		case "dm:Feedback:FblReport":
			e.State = message.Complained
		case "dm:Feedback:UnSubscribe":
			e.State = message.OptedOut
		case "dm:Track:Click":
			e.State = message.Clicked
		default:
			continue
		}
		t.Events = append(t.Events, e)
	}
	return t, err
}

// headerKey is our key in the headers that events repeat.
func headerKey(header any) message.Key {
	switch h := header.(type) {
	case map[string]any:
		for name, v := range h {
			if s, ok := v.(string); ok && strings.EqualFold(name, "X-User-Notify-Key") {
				return keyIn(s)
			}
		}
	case string:
		for line := range strings.Lines(h) {
			if name, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "X-User-Notify-Key") {
				return keyIn(v)
			}
		}
	}
	return ""
}

// eventBridgeLate is how old a request may be.
const eventBridgeLate = time.Minute

var eventBridgeHost = regexp.MustCompile(`^[a-z0-9-]+-eventbridge\.oss-accelerate\.aliyuncs\.com$`)

// verifyEventBridge checks the signature: a key that the vendor has encrypted with its private key has signed what was called, its own headers
// and the body.
func verifyEventBridge(a *Account, p *Posted) error {
	const prefix = "X-Eventbridge-Signature"
	h := func(name string) string { return p.Header.Get(prefix + name) }
	var signed bytes.Buffer
	signed.WriteString(p.URL + "\n")
	for _, name := range []string{"-Timestamp", "-Method", "-Version", "-Url", "-Token"} {
		if v := h(name); v != "" {
			signed.WriteString(strings.ToLower(prefix+name) + ": " + v + "\n")
		}
	}
	signed.Write(p.Body)
	if at := eventBridgeTime(h("-Timestamp")); p.At.Sub(at).Abs() > eventBridgeLate || h("-Token") != a.Secret {
		return errSignature
	}
	key, err := eventBridgeKey(a, h("-Url"))
	if err != nil {
		return err
	}
	sealed, err := base64.StdEncoding.DecodeString(h("-Secret"))
	if err != nil {
		return errSignature
	}
	secret := opened(key, sealed)
	mac := hmac.New(sha1.New, secret)
	mac.Write(signed.Bytes())
	given, err := base64.StdEncoding.DecodeString(h(""))
	if err != nil || len(secret) == 0 || !hmac.Equal(mac.Sum(nil), given) {
		return errSignature
	}
	return nil
}

func eventBridgeTime(s string) time.Time {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return rfcTime(s)
	}
	return time.UnixMilli(n.Int64())
}

// eventBridgeKey fetches the vendor's public key, from where the vendor keeps them and from nowhere else.
func eventBridgeKey(a *Account, address string) (*rsa.PublicKey, error) {
	if !a.published(address, eventBridgeHost) {
		return nil, errSignature
	}
	b, err := a.Fetch(address)
	if err != nil {
		return nil, err
	}
	return publicKey(b)
}

// publicKey reads a certificate, or a key alone.
func publicKey(b []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errSignature
	}
	var key any
	if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
		key = cert.PublicKey
	} else if key, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return nil, errSignature
	}
	if k, ok := key.(*rsa.PublicKey); ok {
		return k, nil
	}
	return nil, errSignature
}

// opened is what was encrypted with a private key, which PKCS #1 calls type 1: the key that signs is proof of who made it.
func opened(key *rsa.PublicKey, sealed []byte) []byte {
	m := new(big.Int).Exp(new(big.Int).SetBytes(sealed), big.NewInt(int64(key.E)), key.N)
	b := m.FillBytes(make([]byte, key.Size()))
	if b[0] != 0 || b[1] != 1 {
		return nil
	}
	rest := bytes.TrimLeft(b[2:], "\xff")
	if len(rest) == 0 || rest[0] != 0 || len(b)-2-len(rest) < 8 {
		return nil
	}
	return rest[1:]
}

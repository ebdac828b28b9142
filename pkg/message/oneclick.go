package message

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// OneClick makes the links by which who got a mail gets no more of them (RFC 8058), and knows them again: a link names the message by its key,
// and nobody who has not got the mail can make one. The zero value makes none.
type OneClick struct {
	URL    string // of the page, as it is called from outside, without a slash at its end
	Secret string
}

// Set reports that there are links.
func (o OneClick) Set() bool { return o.URL != "" && o.Secret != "" }

// Headers are those of a mail.
func (o OneClick) Headers(k Key) map[string]string {
	return map[string]string{"List-Unsubscribe": "<" + o.URL + "/" + string(k) + o.sign(k) + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
}

// Path is that of the page, which all links begin with.
func (o OneClick) Path() string {
	u, err := url.Parse(o.URL)
	if err != nil {
		return "/"
	}
	return strings.TrimSuffix(u.Path, "/") + "/"
}

// Key is the key of the message whose link has this path; false for one that was not made here.
func (o OneClick) Key(path string) (Key, bool) {
	token := strings.TrimPrefix(path, o.Path())
	if len(token) != 2*keyChars {
		return "", false
	}
	k := Key(token[:keyChars])
	return k, hmac.Equal([]byte(token[keyChars:]), []byte(o.sign(k)))
}

// sign is the signature of a key, as long as one.
func (o OneClick) sign(k Key) string {
	mac := hmac.New(sha256.New, []byte(o.Secret))
	mac.Write([]byte("unsubscribe 1 " + string(k)))
	return keyEncoding.EncodeToString(mac.Sum(nil)[:keyBytes])
}

// Format prints the page without the secret, under every verb.
func (o OneClick) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.URL) }

// MarshalJSON writes the page without the secret.
func (o OneClick) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", o.URL), nil }

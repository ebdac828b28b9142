package smtp

import (
	"crypto/hmac"
	"crypto/md5" // the mechanism is what it is; it beats sending the password
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// mechanism is the one to use of those offered; empty where none fits. On a private connection the mechanisms that relays
// support best come first; on an open one only CRAM-MD5 is left to choose from.
func (c *conn) mechanism(offered []string) string {
	wanted := []string{c.opts.auth}
	if c.opts.auth == authAuto {
		wanted = []string{authPlain, authLogin, authCRAM}
		if !c.private() && slices.Contains(offered, strings.ToUpper(authCRAM)) {
			wanted = []string{authCRAM}
		}
	}
	for _, m := range wanted {
		if slices.Contains(offered, strings.ToUpper(m)) {
			return m
		}
	}
	return ""
}

// dialogue goes through a mechanism's challenges (RFC 4954 4).
func (c *conn) dialogue(first string, answers ...func(challenge []byte) string) error {
	line := first
	for _, answer := range answers {
		r, err := c.command(stepAuth, 334, line)
		if err != nil {
			return err
		}
		challenge, err := base64.StdEncoding.DecodeString(string(r.text))
		if err != nil {
			return c.broken(stepAuth, errGarbage)
		}
		line = encode64(answer(challenge))
	}
	_, err := c.command(stepAuth, 235, line)
	return err
}

// cramMD5 is the digest of RFC 2195.
func cramMD5(password string, challenge []byte) string {
	h := hmac.New(md5.New, []byte(password))
	h.Write(challenge)
	return hex.EncodeToString(h.Sum(nil))
}

func encode64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

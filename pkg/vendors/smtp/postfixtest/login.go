package postfixtest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
)

// Logins are the settings with which a Postfix takes every user with any password. It asks in the protocol of Dovecot
// (doc.dovecot.org, "Authentication Protocol").
func Logins(tb testing.TB) []string {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	must(tb, err)
	tb.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go vouch(c)
		}
	}()
	return []string{"smtpd_sasl_auth_enable = yes", "smtpd_sasl_type = dovecot", "smtpd_sasl_path = inet:" + l.Addr().String()}
}

func vouch(c net.Conn) {
	defer func() { _ = c.Close() }()
	_, _ = fmt.Fprint(c, "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00000000000000000000000000000000\nDONE\n")
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		asked := strings.Split(lines.Text(), "\t")
		if asked[0] != "AUTH" || len(asked) < 3 {
			continue
		}
		resp, _ := strings.CutPrefix(asked[len(asked)-1], "resp=")
		plain, _ := base64.StdEncoding.DecodeString(resp)
		if parts := strings.Split(string(plain), "\x00"); len(parts) == 3 {
			_, _ = fmt.Fprintf(c, "OK\t%s\tuser=%s\n", asked[1], parts[1])
		} else {
			_, _ = fmt.Fprintf(c, "FAIL\t%s\n", asked[1])
		}
	}
}

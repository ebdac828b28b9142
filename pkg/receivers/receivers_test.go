package receivers_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/dns"
	"notify/pkg/dns/dnstest"
	"notify/pkg/receivers"
)

func read(t *testing.T, path string) *receivers.Rules {
	t.Helper()
	r, err := receivers.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatLargeReceiversSayHoldsThemBack(t *testing.T) {
	r := read(t, "")
	for _, c := range []struct {
		receiver, said string
		want           receivers.Hold
	}{
		{"qq.com", "450 Domain frequency limited [abc]. http://service.mail.qq.com", receivers.Hold{SlowTo: 0.5, For: 30 * time.Minute}},
		{"163.com", "421 HL:IFC 163 smtp3,abc http://mail.163.com/help", receivers.Hold{SlowTo: 20.0 / 60, For: 2 * time.Hour, Suspend: 30 * time.Minute}},
		{"163.com", "450 RP:QRC 163 smtp3", receivers.Hold{SlowTo: 0.5, For: 30 * time.Minute}},
		{"gmail.com", "421 4.7.28 Our system has detected an unusual rate of unsolicited mail", receivers.Hold{SlowTo: 1, For: time.Hour, Suspend: 10 * time.Minute}},
		{"outlook.com", "451 4.7.650 The mail server has been temporarily rate limited", receivers.Hold{SlowTo: 0.5, For: 2 * time.Hour, Suspend: 15 * time.Minute}},
		{"yahoo.com", "421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume", receivers.Hold{SlowTo: 20.0 / 60, For: 4 * time.Hour, Suspend: 30 * time.Minute}},
		{"customer.test", "421 HL:IFC", receivers.Hold{}},
		{"qq.com", "550 no such user", receivers.Hold{}},
	} {
		if got, ok := r.Hold(c.receiver, c.said); got != c.want || ok != (c.want != receivers.Hold{}) {
			t.Errorf("%s: %q: %+v %v, want %+v", c.receiver, c.said, got, ok, c.want)
		}
	}
}

func TestAFileOfOnesOwnGoesFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receivers.yaml")
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("receivers:\n  - {name: qq.com, rules: [{match: 'frequency', suspend: 1m}]}\nrules:\n  - {match: 'too many', slow: 2/s, for: 1m}\n")
	r := read(t, path)
	if got, _ := r.Hold("qq.com", "450 frequency limited"); got != (receivers.Hold{Suspend: time.Minute}) {
		t.Errorf("%+v", got)
	}
	if got, _ := r.Hold("a.test", "450 Too many mails"); got != (receivers.Hold{SlowTo: 2, For: time.Minute}) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"receiver: []\n", "rules: [{match: '(', suspend: 1m}]\n", "rules: [{match: x}]\n", "rules: [{match: x, slow: fast, for: 1m}]\n", "rules: [{match: x, slow: 1/s}]\n"} {
		write(bad)
		if _, err := receivers.Read(path); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// until waits until all is known that is asked for beside the caller.
func until(t *testing.T, h *receivers.Hosts, domain, want string) {
	t.Helper()
	_ = h.Of(domain)
	if of, _ := h.Ask([]string{domain}); of[domain] != want {
		t.Errorf("%s belongs to %s, want %s", domain, of[domain], want)
	}
}

func TestDomainsWithTheSameMailHostsAreOneReceiver(t *testing.T) {
	server := dnstest.Serve(t, `
big.test. MX 5 mx1.big.test.
one.test. MX 10 mx1.big.test.
one.test. MX 20 other.test.
two.test. MX 10 MX1.BIG.TEST.
self.test. MX 10 in.self.test.
shared.test. MX 10 in.self.test.
exmail.test. MX 5 mxbiz1.qq.com.
`)
	h := receivers.NewHosts(t.Context(), read(t, ""), dns.New(dns.Options{Servers: []string{server.Addr}}), []string{"big.test"})
	until(t, h, "big.test", "big.test")
	until(t, h, "one.test", "big.test")
	until(t, h, "TWO.test", "big.test")
	until(t, h, "self.test", "in.self.test")
	until(t, h, "shared.test", "in.self.test")
	until(t, h, "exmail.test", "qq.com")
	until(t, h, "foxmail.com", "qq.com")
	until(t, h, "none.test", "none.test")
}

func TestWithoutNameServersEachDomainStandsForItself(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, lookup := range []receivers.Lookup{nil, dns.New(dns.Options{Servers: []string{"127.0.0.1:1"}, Timeout: time.Millisecond})} {
		h := receivers.NewHosts(ctx, read(t, ""), lookup, []string{"big.test"})
		for _, domain := range []string{"big.test", "one.test", "two.test"} {
			until(t, h, domain, domain)
		}
		until(t, h, "googlemail.com", "gmail.com")
	}
}

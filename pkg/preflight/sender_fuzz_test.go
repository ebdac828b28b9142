package preflight_test

import (
	"net/url"
	"strings"
	"testing"

	"notify/pkg/preflight"
)

// What stands in DNS was written by anybody.
func FuzzDKIMKey(f *testing.F) {
	for _, seed := range []string{
		"v=DKIM1; k=rsa; p=" + rsaKey(2048), "p=", "k=ed25519; p=AAAA", "t=y:s;;h=sha1 : sha256; p=x", "=;=", "p==", "v=DKIM1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kind, bits, err := preflight.ParseDKIMKey(text)
		if err == nil && (bits <= 0 || kind != "rsa" && kind != "ed25519") {
			t.Errorf("%q is a %s key of %d bits", text, kind, bits)
		}
		if err == nil && !strings.Contains(text, "p") {
			t.Errorf("a key without p=: %q", text)
		}
		if err != nil && err.Error() == "" {
			t.Errorf("no reason against %q", text)
		}
	})
}

func FuzzUnsubscribe(f *testing.F) {
	for _, seed := range []string{
		"<https://a.example/x>", "<mailto:a@a.example>, <http://b.example>", "<>", "<a", "a>", "<https://a>,", ",<https://a>", "<https://a><https://b>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		links, err := preflight.ParseUnsubscribe(value)
		if err != nil {
			return
		}
		if len(links) > strings.Count(value, "<") {
			t.Errorf("%d links in %q", len(links), value)
		}
		for _, l := range links {
			if u, err := url.Parse(l.String()); err != nil || u.Scheme != l.Scheme {
				t.Errorf("%q is no link: %v", l, err)
			}
		}
	})
}

package channel_test

import (
	"errors"
	"net/mail"
	"strings"
	"testing"

	"notify/pkg/channel"
	"notify/pkg/message"
)

func TestEmailReadsAnAddressAsPeopleTypeIt(t *testing.T) {
	const want = message.Address("wang@example.test")
	for name, raw := range map[string]string{
		"plain":                   "wang@example.test",
		"upper case":              "WANG@Example.TEST",
		"spaces around":           " wang@example.test\t",
		"spaces at the @":         "wang @ example.test",
		"a space at a dot":        "wang@example. test",
		"full width":              "ｗａｎｇ＠ｅｘａｍｐｌｅ．ｔｅｓｔ",
		"an ideographic stop":     "wang@example。test",
		"a display name":          "Wang <wang@example.test>",
		"a Chinese display name":  "王.小明 <wang@example.test>",
		"a quoted display name":   `"Wang, Xiaoming" <wang@example.test>`,
		"a link":                  "mailto:wang@example.test?subject=x",
		"a link in brackets":      "<MAILTO:wang@example.test>",
		"punctuation behind":      "wang@example.test；",
		"a comma behind":          "wang@example.test，",
		"a full stop behind":      "wang@example.test.",
		"an apostrophe before":    "'wang@example.test",
		"invisible characters":    "\ufeffwang\u200b@example.test\u00a0",
		"needless quotation":      `"wang"@example.test`,
		"a root dot, then commas": "wang@example.test.,,",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := channel.Email(raw); err != nil || got != want {
				t.Errorf("Email(%q) = %q, %v; want %q", raw, got, err, want)
			}
		})
	}
}

func TestEmailKeepsWhatIsUnusualAndRight(t *testing.T) {
	for raw, want := range map[string]message.Address{
		"o'brien+award@example.test":                 "o'brien+award@example.test",
		`"Wang Xiaoming"@example.test`:               `"Wang Xiaoming"@example.test`,
		"wang@例子.测试":                                 "wang@xn--fsqu00a.xn--0zwm56d",
		"wang@XN--FSQU00A.test":                      "wang@xn--fsqu00a.test",
		strings.Repeat("a", 64) + "@example.test":    message.Address(strings.Repeat("a", 64) + "@example.test"),
		"a@" + strings.Repeat("b", 63) + ".c-d.test": message.Address("a@" + strings.Repeat("b", 63) + ".c-d.test"),
	} {
		if got, err := channel.Email(raw); err != nil || got != want {
			t.Errorf("Email(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
}

func TestEmailRefusesAndSaysWhy(t *testing.T) {
	for _, test := range []struct{ name, raw, code string }{
		{"nothing", "", "email-invalid"},
		{"no @", "wang.example.test", "email-invalid"},
		{"two @", "wang@@example.test", "email-invalid"},
		{"nothing before the @", "@example.test", "email-invalid"},
		{"two dots", "wang..x@example.test", "email-invalid"},
		{"an @ in quotation", `"a@b"@example.test`, "email-invalid"},
		{"no dot in the domain", "wang@example", "email-domain"},
		{"an empty label", "wang@example..test", "email-domain"},
		{"an underscore", "wang@exa_mple.test", "email-domain"},
		{"a hyphen at an edge", "wang@-example.test", "email-domain"},
		{"a number for a domain", "wang@[192.0.2.1]", "email-domain"},
		{"an address for a domain", "wang@192.0.2.1", "email-domain"},
		{"a long label", "wang@" + strings.Repeat("b", 64) + ".test", "email-domain"},
		{"a broken international domain", "wang@xn--zzzzzz--.test", "email-domain"},
		{"a space inside", "wang xm@example.test", "email-space"},
		{"two addresses", "wang@example.test;li@example.test", "email-several"},
		{"two addresses with a space", "wang@example.test li@example.test", "email-several"},
		{"two addresses in brackets", "<wang@example.test>, <li@example.test>", "email-several"},
		{"a Chinese local part", "王@example.test", "email-local"},
		{"a long local part", strings.Repeat("a", 65) + "@example.test", "email-long"},
		{"a long address", "a@" + strings.Repeat("bcdefgh.", 32) + "test", "email-long"},
		{"a header injected", "wang@example.test\r\nBcc: x@example.test", "email-several"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := channel.Email(test.raw)
			var fault *channel.AddressError
			if !errors.As(err, &fault) {
				t.Fatalf("Email = %q, %v; want an *AddressError", got, err)
			}
			if fault.Code != test.code || fault.Summary.IsZero() || fault.Hint.IsZero() || got != "" {
				t.Errorf("Email = %q, %+v; want code %s with summary and hint", got, fault, test.code)
			}
		})
	}
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"wang@example.test", "Wang <wang@example.test>", "ｗ＠ｅ．ｔｅｓｔ", `"a b"@x.test`, "a@例子.测试", "mailto:a@b.test", "'a@b.c", `"a\"b"@x.test`, `""@x.test`, "a@xn--a.test", "K@Kelvin.test", "a@ß.test"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := channel.Email(raw)
		if err != nil {
			if a != "" {
				t.Fatalf("Email(%q) = %q with %v", raw, a, err)
			}
			return
		}
		s := string(a)
		if strings.Count(s, "@") != 1 || len(s) > 254 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("Email(%q) = %q", raw, a)
		}
		if d := a.Domain(); d != strings.ToLower(d) || !strings.Contains(d, ".") {
			t.Fatalf("Email(%q) has the domain %q", raw, d)
		}
		if again, err := channel.Email(s); err != nil || again != a {
			t.Fatalf("Email(%q) = %q, %v; not the same again", a, again, err)
		}
		if _, err := mail.ParseAddress(s); err != nil {
			t.Fatalf("net/mail refuses %q: %v", a, err)
		}
	})
}

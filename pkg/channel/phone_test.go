package channel_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"notify/pkg/channel"
	"notify/pkg/message"
)

func TestPhoneReadsANumberAsPeopleTypeIt(t *testing.T) {
	const want = message.Address("+8613494000001")
	for name, raw := range map[string]string{
		"plain":                  "13494000001",
		"with spaces":            " 134 9400 0001 ",
		"with dashes":            "134-9400-0001",
		"with dots":              "134.9400.0001",
		"with +86":               "+8613494000001",
		"with +86 in brackets":   "(+86) 134-9400-0001",
		"with 0086":              "0086 13494000001",
		"with 86":                "86-13494000001",
		"with a trunk zero":      "013494000001",
		"full width":             "＋８６　１３４９４０００００１",
		"with an apostrophe":     "'13494000001",
		"with a no-break space":  "134\u00a09400\u00a00001",
		"with zero-width spaces": "\u200b13494000001\ufeff",
		"with direction marks":   "\u202d134 9400 0001\u202c",
		"as a fraction":          "13494000001.0",
		"as a link":              "tel:+86-134-9400-0001",
		"with a comma behind":    "13494000001，",
		"between line breaks":    "\r\n13494000001\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := channel.Phone(raw, "CN")
			if err != nil || got != want {
				t.Errorf("Phone(%q) = %q, %v; want %q", raw, got, err, want)
			}
		})
	}
}

func TestPhoneReadsOtherCountries(t *testing.T) {
	for _, test := range []struct {
		raw, country string
		want         message.Address
	}{
		{"+1 650 253 0000", "CN", "+16502530000"},
		{"(650) 253-0000", "us", "+16502530000"},
		{"+852 6123 4567", "CN", "+85261234567"},
		{"07400 123456", "GB", "+447400123456"},
		{"13494000001", "", "+8613494000001"},
		{"+86 13494000001", "GB", "+8613494000001"},
	} {
		if got, err := channel.Phone(test.raw, test.country); err != nil || got != test.want {
			t.Errorf("Phone(%q, %q) = %q, %v; want %q", test.raw, test.country, got, err, test.want)
		}
	}
}

func TestPhoneRefusesAndSaysWhy(t *testing.T) {
	for _, test := range []struct{ name, raw, code string }{
		{"a digit too few", "1349400000", "phone-invalid"},
		{"a digit too many", "134940000012", "phone-invalid"},
		{"a block that nobody has", "12345678901", "phone-invalid"},
		{"a landline", "010-88888888", "phone-landline"},
		{"a service number", "4008123123", "phone-not-mobile"},
		{"text lost its digits", "1.35E+10", "digits-lost"},
		{"short text lost its digits", "1e10", "digits-lost"},
		{"two numbers with a slash", "13494000001/13494000002", "phone-several"},
		{"two numbers on two lines", "13494000001\n13494000002", "phone-several"},
		{"two numbers with a space", "13494000001 13494000002", "phone-several"},
		{"a word", "见备注", "phone-text"},
		{"letters", "1-800-FLOWERS", "phone-text"},
		{"an extension", "010-88888888转12", "phone-text"},
		{"two plus signs", "++8613494000001", "phone-text"},
		{"nothing", "", "phone-invalid"},
		{"a plus alone", "+", "phone-invalid"},
		{"a million digits", strings.Repeat("1", 1_000_000), "phone-several"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := channel.Phone(test.raw, "CN")
			var fault *channel.AddressError
			if !errors.As(err, &fault) {
				t.Fatalf("Phone = %q, %v; want an *AddressError", got, err)
			}
			if fault.Code != test.code || fault.Summary.IsZero() || fault.Hint.IsZero() || got != "" {
				t.Errorf("Phone = %q, %+v; want code %s with summary and hint", got, fault, test.code)
			}
			if digits := strings.Trim(test.raw, "+"); len(digits) > 4 && strings.Contains(err.Error(), digits) {
				t.Errorf("the error %q holds the number", err)
			}
		})
	}
}

// TestMainlandFastPathAgreesWithPhonenumbers asks the library about every block of mainland numbers.
func TestMainlandFastPathAgreesWithPhonenumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for block := 10000; block < 20000; block++ {
		number := fmt.Sprintf("%d%06d", block, rng.IntN(1_000_000))
		parsed, err := phonenumbers.Parse(number, "CN")
		want := message.Address("")
		if err == nil && phonenumbers.IsValidNumber(parsed) {
			if kind := phonenumbers.GetNumberType(parsed); kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE {
				want = message.Address(phonenumbers.Format(parsed, phonenumbers.E164))
			}
		}
		for _, prefix := range []string{"", "+86", "86", "0086"} {
			if got, _ := channel.Phone(prefix+number, "CN"); got != want {
				t.Errorf("Phone(%s) = %q; phonenumbers says %q", prefix+number, got, want)
			}
		}
	}
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"13494000001", "+86 134-9400-0001", "１３４９４０００００１", "1.35E+10", "'0086", "+1 650 253 0000", "tel:+", "13494000001.0", "+390612345678"} {
		f.Add(s, "CN")
		f.Add(s, "IT")
	}
	f.Fuzz(func(t *testing.T, raw, country string) {
		a, err := channel.Phone(raw, country)
		if err != nil {
			if a != "" {
				t.Fatalf("Phone(%q) = %q with %v", raw, a, err)
			}
			return
		}
		if a[0] != '+' || len(a) < 8 || len(a) > 16 || strings.Trim(string(a[1:]), "0123456789") != "" || a[1] == '0' {
			t.Fatalf("Phone(%q) = %q, which is not E.164", raw, a)
		}
		for _, other := range []string{country, "CN", "US"} {
			if again, err := channel.Phone(string(a), other); err != nil || again != a {
				t.Fatalf("Phone(%q, %q) = %q, %v; not the same again", a, other, again, err)
			}
		}
	})
}

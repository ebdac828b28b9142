package message_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"notify/pkg/message"
)

func TestAKeyNeverChangesBecauseLedgersAlreadyHoldItAndAnotherWouldReachEverybodyAgain(t *testing.T) {
	for _, c := range []struct {
		name, recipient string
		channel         message.Channel
		to              message.Address
		want            message.Key
	}{
		{"a phone number", "", message.SMS, "+8613490000001", "7cth18x6w03tvnns065rmb7e34"},
		{"a mailbox", "", message.Email, "wang@example.test", "k5xfh80c25gtm1e1mye9p99tqw"},
		{"a row of a shared phone number", "E1", message.SMS, "+8613490000001", "7cth18x6w03tvnns7hjtsj1zsm"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := message.MakeKey("award-2020", c.channel, c.to, c.recipient); got != c.want {
				t.Errorf("the key is %s, ledgers hold %s", got, c.want)
			}
		})
	}
}

var keyForm = regexp.MustCompile(`^[0-9a-hjkmnp-z]{26}$`)

func TestAKeyTellsApartAllThatItIsMadeOf(t *testing.T) {
	of := func(campaign string, ch message.Channel, to message.Address, recipient string) string {
		k := string(message.MakeKey(campaign, ch, to, recipient))
		if !keyForm.MatchString(k) {
			t.Errorf("%q is not 26 characters of the alphabet", k)
		}
		return k
	}
	base := of("a", message.Email, "w@a.test", "")
	if got := of("a", message.Email, "w@a.test", "E1"); message.Key(got).Stem() != message.Key(base).Stem() || message.Key(of("b", message.Email, "w@a.test", "")).Stem() == base[:16] {
		t.Error("the keys to one address do not begin alike, or others do")
	}
	if got := of("a", message.Email, "W@A.test", ""); got != base {
		t.Error("capitals in an address make another key")
	}
	seen := map[string]string{base: "base"}
	for name, k := range map[string]string{
		"another campaign":                    of("A", message.Email, "w@a.test", ""),
		"another channel":                     of("a", message.SMS, "w@a.test", ""),
		"another address":                     of("a", message.Email, "v@a.test", ""),
		"a recipient":                         of("a", message.Email, "w@a.test", "E1"),
		"the same recipient in capitals":      of("a", message.Email, "w@a.test", "e1"),
		"a letter that moved to the left":     of("aw", message.Email, "@a.test", ""),
		"the recipient's key in the address":  of("a", message.Email, "w@a.testE1", ""),
		"a part of the address as recipient":  of("a", message.Email, "w@a.", "test"),
		"a campaign that is empty":            of("", message.Email, "w@a.test", ""),
		"a recipient with an end of a string": of("a", message.Email, "w@a.test", "\x00"),
	} {
		if other, taken := seen[k]; taken {
			t.Errorf("%s has the key of %s", name, other)
		}
		seen[k] = name
	}
}

func TestAMaskedAddressShowsTooLittleToReachAnybody(t *testing.T) {
	for to, want := range map[message.Address]string{
		"+8613490000001":           "+86134****0001",
		"+12025550101":             "+120****0101",
		"+3212345678":              "+32****5678",
		"+123456":                  "*****56",
		"1234":                     "****",
		"":                         "",
		"wang@example.test":        "w***g@example.test",
		"li@example.test":          "l***@example.test",
		"wang.lihua@example.test":  "wa***ua@example.test",
		"wang.lixue@example.test":  "wa***ue@example.test",
		"王@example.test":           "王***@example.test",
		"@example.test":            "***@example.test",
		"a@b@example.test":         "a***@example.test",
		"wang@@example.test":       "w***g@@example.test",
		"\"wang li\"@example.test": "\"w***i\"@example.test",
	} {
		t.Run(string(to), func(t *testing.T) {
			if got := to.Masked(); got != want {
				t.Errorf("%q is shown as %q, want %q", to, got, want)
			}
		})
	}
}

func TestAMaskedAddressIsNeverTheAddress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching(`[a-z0-9.]{2,20}`).Draw(t, "local")
		phone := rapid.StringMatching(`\+[1-9][0-9]{6,14}`).Draw(t, "phone")
		shown, _, _ := strings.Cut(message.Address(local+"@a.test").Masked(), "@")
		if strings.Contains(shown, local) {
			t.Fatalf("%s shows %s", shown, local)
		}
		hidden := strings.Count(message.Address(phone).Masked(), "*")
		if hidden < 4 {
			t.Fatalf("%s hides %d digits of %s", message.Address(phone).Masked(), hidden, phone)
		}
	})
}

func TestTheDomainOfAnAddress(t *testing.T) {
	for to, want := range map[message.Address]string{
		"wang@example.test": "example.test", "a@b@example.test": "example.test", "+8613490000001": "", "": "", "wang@": "",
	} {
		if got := to.Domain(); got != want {
			t.Errorf("the domain of %q is %q, want %q", to, got, want)
		}
	}
}

func TestAMessageIsLateWhereSomebodySaysSo(t *testing.T) {
	if (&message.Message{}).Late() {
		t.Error("a message without an end is late")
	}
	for _, late := range []bool{true, false} {
		if got := (&message.Message{Expired: func() bool { return late }}).Late(); got != late {
			t.Errorf("late is %v, want %v", got, late)
		}
	}
}

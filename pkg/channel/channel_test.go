package channel_test

import (
	"errors"
	"strings"
	"testing"

	"notify/pkg/channel"
	"notify/pkg/message"
)

func TestAnAddressOfWhateverChannel(t *testing.T) {
	for raw, want := range map[string]message.Address{
		"134 9000 0001":         "+8613490000001",
		"+86-134-9000-0001":     "+8613490000001",
		"008613490000001":       "+8613490000001",
		"+1 (202) 555-0101":     "+12025550101",
		"Wang@Example.TEST":     "wang@example.test",
		"李 <li@example.test>":   "li@example.test",
		"wang＠example.test":     "wang@example.test",
		"mailto:a@example.test": "a@example.test",
	} {
		ch, got, err := channel.Builtin().Parse(raw, "")
		if err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", raw, got, err, want)
		}
		if isMail := strings.Contains(raw, "@") || strings.Contains(raw, "＠"); (ch == message.Email) != isMail {
			t.Errorf("%s is of the channel %s", raw, ch)
		}
		if again := channel.Builtin().ChannelOf(got); again != ch {
			t.Errorf("%s is of the channel %s, and %s of %s", raw, ch, got, again)
		}
	}
	for _, raw := range []string{"", "1349", "@", "a@b", "王伟"} {
		_, _, err := channel.Builtin().Parse(raw, "CN")
		var fault *channel.AddressError
		if !errors.As(err, &fault) {
			t.Errorf("%q: got %v, want what is wrong with the address", raw, err)
		}
	}
}

// Where a list has no column for keys, a recipient's key is an address, and is shown as one.
func TestAKeyThatIsAnAddressIsMasked(t *testing.T) {
	set := channel.Builtin()
	for key, want := range map[string]string{
		"+8613490000001": "+86134****0001", "wang@example.test": "w***g@example.test", "E0012": "E0012", "13490000001": "13490000001", "": "",
	} {
		if got := set.MaskedKey(key); got != want {
			t.Errorf("%q is shown as %q, want %q", key, got, want)
		}
	}
}

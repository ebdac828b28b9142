package channel_test

import (
	"testing"

	"notify/pkg/channel"
	"notify/pkg/message"
)

func TestCountryOf(t *testing.T) {
	for a, want := range map[message.Address]string{
		"+8613490000000": "CN", "+447700900123": "GB", "+12025550101": "US", "li@example.test": "", "+999": "",
	} {
		if got := channel.CountryOf(a); got != want {
			t.Errorf("%s: %q, want %q", a, got, want)
		}
	}
}

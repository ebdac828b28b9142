package preflight

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"notify/pkg/config"
	"notify/pkg/words"
)

// What to do about an account that cannot be used is what its fault says, if it says anything.
func TestWhatToDoAboutAnAccountIsWhatItsFaultSays(t *testing.T) {
	t.Parallel()
	s := &Subject{Config: &config.Config{Accounts: map[string]config.Account{"sms": {Endpoint: "http://127.0.0.1:8025"}}}}
	for want, err := range map[string]error{
		"account.mend":            errors.New("it has no token"),
		"vendors.do.signs-itself": fmt.Errorf("open: %w", words.Err("vendors.signs-itself", words.A{"account": "sms", "kind": "http"}).Do("vendors.do.signs-itself", nil)),
		"account.start-sandbox":   fmt.Errorf("dial: %w", syscall.ECONNREFUSED),
	} {
		if do := s.mendFault("sms", err); do.ID != want {
			t.Errorf("after %v it says %s, not %s", err, do.ID, want)
		}
	}
}

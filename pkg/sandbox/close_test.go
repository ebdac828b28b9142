package sandbox_test

import (
	"testing"
	"time"

	"notify/pkg/sandbox"
)

// TestWhatIsClosedAtOnceEnds closes sandboxes that have hardly begun to serve: their servers may not have come to know their listeners yet.
func TestWhatIsClosedAtOnceEnds(t *testing.T) {
	t.Parallel()
	for range 300 {
		s, err := sandbox.Start(t.Context(), sandbox.Config{SMSAddr: "127.0.0.1:0", MailAddr: "127.0.0.1:0", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

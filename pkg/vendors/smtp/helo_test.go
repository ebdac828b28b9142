package smtp_test

import (
	"testing"

	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
)

func TestTheGreetingIsAFullNameWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given, full string // what was configured; what is known of this machine
		short       bool
	}{
		"configured":             {given: "mail.example.test", full: "other.example.test"},
		"configured and short":   {given: "mail", full: "other.example.test", short: true},
		"known in full":          {full: "host.example.test"},
		"known by nobody":        {short: true},
		"known by a broken name": {full: "host example", short: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startCrowded(t, 4)
			v := newVendor(t, s.addr, map[string]any{"helo": c.given})
			smtp.Named(v, "host", c.full)
			prober, _ := vendors.As[vendors.Prober](v)
			if err := prober.Probe(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := c.given
			if want == "" {
				want = "host"
				if !c.short {
					want = c.full
				}
			}
			if got := s.greeted.Load(); got != "EHLO "+want {
				t.Errorf("it was greeted %q, want EHLO %s", got, want)
			}
			adviser, _ := vendors.As[vendors.Adviser](v)
			if got := adviser.Advise(vendors.Load{}); (len(got) == 1) != c.short || c.short && (got[0].Found.IsZero() || got[0].Do.IsZero() || got[0].Stops) {
				t.Errorf("advice %+v", got)
			}
		})
	}
}

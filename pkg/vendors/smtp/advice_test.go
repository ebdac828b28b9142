package smtp_test

import (
	"slices"
	"testing"
	"time"

	"notify/pkg/vendors"
)

func TestWhatTheServerAnnouncesIsHeldAgainstTheCampaign(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ehlo  string
		load  vendors.Load
		want  []string
		stops bool
	}{
		"all is well":        {allExtensions, vendors.Load{Largest: 100_000, UTF8: true}, nil, false},
		"too large":          {allExtensions, vendors.Load{Largest: 100_001}, []string{"smtp.size-announced"}, true},
		"no limit":           {"250-scripted.test\r\n250-DSN\r\n250 SIZE", vendors.Load{Largest: 1 << 30}, nil, false},
		"nothing is offered": {"250 scripted.test", vendors.Load{Largest: 5, UTF8: true}, []string{"smtp.utf8-not-offered", "smtp.dsn-not-offered"}, false},
	} {
		srv := serveScript(t, nil)
		srv.ehlo = c.ehlo
		v := newVendorAt(t, srv.Addr(), time.Now, map[string]any{"helo": "mail.example.test", "dsn": true})
		adviser, _ := vendors.As[vendors.Adviser](v)
		if got := adviser.Advise(c.load); len(got) != 0 {
			t.Errorf("%s: before the server was asked: %+v", name, got)
		}
		prober, _ := vendors.As[vendors.Prober](v)
		if err := prober.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		stops := false
		for _, a := range adviser.Advise(c.load) {
			got = append(got, a.Found.ID)
			stops = stops || a.Stops
		}
		if !slices.Equal(got, c.want) || stops != c.stops {
			t.Errorf("%s: advice %v, stops %v", name, got, stops)
		}
	}
}

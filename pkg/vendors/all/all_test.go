package all_test

import (
	"testing"
	"time"

	"notify/pkg/vendors"
	"notify/pkg/vendors/all"

	"github.com/google/go-cmp/cmp"
)

func TestTheKindsAreThose(t *testing.T) {
	if d := cmp.Diff([]string{"http", "smtp"}, all.Registry().Names()); d != "" {
		t.Error(d)
	}
}

func TestAKindStandsUnderItsName(t *testing.T) {
	for name, k := range all.Registry() {
		if k.Name != name || len(k.Channels) == 0 || k.New == nil {
			t.Errorf("%q: %+v", name, k)
		}
	}
}

func TestAShippedFileIsFoundByName(t *testing.T) {
	v, err := all.Registry().New("http", vendors.Settings{
		Account: "rehearsal", Options: map[string]any{"definition": "builtin:sandbox-sms", "token": "t"}, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}

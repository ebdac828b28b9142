package all_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
)

func TestAKindStandsUnderItsName(t *testing.T) {
	for name, k := range all.Registry() {
		if k.Name != name || k.New == nil || k.Options == nil || k.About.IsZero() {
			t.Errorf("%q: %+v", name, k)
		}
		set := k.Options(nil, "")
		for i, o := range set {
			if o.Name == "" || o.About.IsZero() || strings.Contains(o.About.String(), "\n") || slices.Index(set.Names(), o.Name) != i {
				t.Errorf("%s: %+v", name, o)
			}
			if o.Secret && (o.Default != "" || o.Role != "") {
				t.Errorf("%s: the secret %s is told to others: %+v", name, o.Name, o)
			}
		}
	}
}

// TestAVendorFileDeclaresItsOptions so that nobody else has to know them.
func TestAVendorFileDeclaresItsOptions(t *testing.T) {
	declared := all.Registry().Declared()["http"]
	token, ok := declared(map[string]any{"definition": "builtin:sandbox-sms"}, "").Named("token")
	if !ok || !token.Secret || !token.Required {
		t.Errorf("the token is %+v, %v", token, ok)
	}
	if _, ok := declared(map[string]any{"definition": "nowhere.yaml"}, t.TempDir()).Named("definition"); !ok {
		t.Error("without its file an account has not even the options of every account")
	}
	signed := declared(map[string]any{"definition": "builtin:sandbox-sms"}, "").Signed(map[string]any{
		"definition": "builtin:sandbox-sms", "token": "s3cr3t", "sign_name": "示例", "unknown": "x",
	})
	if d := cmp.Diff([]string{"definition=builtin:sandbox-sms"}, signed); d != "" {
		t.Error(d)
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

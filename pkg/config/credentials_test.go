package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
)

func TestSecretsHaveFingerprints(t *testing.T) {
	a := config.Account{Vendor: "x", Options: config.Options{"password": "pässword", "access_key_id": "id", "token": "", "region": "r"}}
	b := config.Account{Vendor: "x", Options: config.Options{"auth_token": "pässword"}}
	first := a.Credentials()
	if len(first) != 1 || len(first["password"]) != 10 || strings.Contains(first["password"], "ssword") {
		t.Errorf("%v", first)
	}
	if b.Credentials()["auth_token"] != first["password"] {
		t.Error("one secret has two fingerprints")
	}
	b.Options["auth_token"] = "password"
	if b.Credentials()["auth_token"] == first["password"] {
		t.Error("two secrets have one fingerprint")
	}
	a.Endpoint = "http://127.0.0.1:8025"
	if d := cmp.Diff(map[string]string(nil), a.Credentials()); d != "" {
		t.Error("the sandbox's password is no secret: " + d)
	}
}

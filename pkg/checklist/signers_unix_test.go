//go:build unix

// ssh-keygen is not on every Windows.

package checklist_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/sshsign"
)

func TestASignatureOfAPersonWithAKeyIsHisOnlyAsHeSignedIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "id")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	key, err := sshsign.ParseKey(string(public))
	if err != nil {
		t.Fatal(err)
	}
	signers := checklist.Signers{Keys: map[string]sshsign.Key{"li": key}}
	now := time.Unix(1, 5)
	made := func() checklist.Signature {
		return checklist.Signature{
			Campaign: "award", Item: "texts-read", Role: "legal", Name: "Li", Who: "li@desk", At: now, Checked: now, Digest: "d1",
			Scopes: map[string]string{"list": "l1"}, Evidence: &checklist.Proof{Kind: "note", Note: "read"},
		}
	}
	signed := made()
	text, err := signed.Statement()
	if err != nil {
		t.Fatal(err)
	}
	ssh, err := key.Sign(t.Context(), text, sshsign.Signing{File: file})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*checklist.Signature)
		forged string
	}{
		"as it was signed":            {func(*checklist.Signature) {}, ""},
		"as another zone shows it":    {func(s *checklist.Signature) { s.At = s.At.In(time.FixedZone("", 3600)) }, ""},
		"without a signature":         {func(s *checklist.Signature) { s.SSH = "" }, "checklist.without-key"},
		"another campaign":            {func(s *checklist.Signature) { s.Campaign = "other" }, "checklist.forged"},
		"another item":                {func(s *checklist.Signature) { s.Item = "law-checked" }, "checklist.forged"},
		"another plan":                {func(s *checklist.Signature) { s.Digest = "d2" }, "checklist.forged"},
		"another list":                {func(s *checklist.Signature) { s.Scopes = maps.Clone(s.Scopes); s.Scopes["list"] = "l2" }, "checklist.forged"},
		"later, so that it holds yet": {func(s *checklist.Signature) { s.At = s.At.Add(time.Hour) }, "checklist.forged"},
		"other evidence":              {func(s *checklist.Signature) { s.Evidence = nil }, "checklist.forged"},
		"somebody who has no key":     {func(s *checklist.Signature) { s.Name, s.SSH = "chen", "" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := made()
			s.SSH = ssh
			tc.change(&s)
			signers.Prove(&s)
			if s.Forged.ID != tc.forged {
				t.Errorf("forged %q, want %q", s.Forged.ID, tc.forged)
			}
			if proven := tc.forged == "" && s.Name == "Li"; proven != (s.Key == key.Fingerprint()) {
				t.Errorf("key %q", s.Key)
			}
		})
	}
}

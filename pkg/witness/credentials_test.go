package witness_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/ledger"
	"notify/pkg/witness"
)

func TestAMachineRemembersWhichInstallationUsesWhichSecret(t *testing.T) {
	state, config := t.TempDir(), filepath.Join(t.TempDir(), "notify.yaml")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(config, nil, 0o600))
	use := func(host, installation string) ledger.Credential {
		return ledger.Credential{Print: "aa", Option: "password", Account: "sms", Environment: "test", Host: host, Installation: installation, Seen: noon}
	}
	here, far, moved := use("ops-1", config), use("ops-2", "/elsewhere/notify.yaml"), use("ops-1", config+".old")
	for _, c := range []ledger.Credential{here, far, moved} {
		must(witness.KeepCredentials(state, c.Host, c.Installation, []ledger.Credential{c}))
	}
	known := func(since time.Time, want ...ledger.Credential) {
		t.Helper()
		all, err := witness.Credentials(state, "ops-1", since)
		must(err)
		got := make(map[ledger.Credential]bool)
		for _, c := range all {
			got[c] = true
		}
		wanted := make(map[ledger.Credential]bool)
		for _, c := range want {
			wanted[c] = true
		}
		if d := cmp.Diff(wanted, got); d != "" {
			t.Error(d)
		}
	}
	known(noon, here, far) // whose configuration is gone from this machine uses nothing
	known(noon.Add(time.Second))
	must(witness.KeepCredentials(state, "ops-1", config, nil))
	must(witness.KeepCredentials(state, "ops-1", config, nil))
	known(noon, far)
	files, err := filepath.Glob(filepath.Join(state, "credentials", "*"))
	must(err)
	if len(files) != 2 {
		t.Errorf("%v", files)
	}
	must(os.WriteFile(files[0], []byte("{"), 0o600))
	if _, err := witness.Credentials(state, "ops-1", noon); err == nil {
		t.Error("a file that cannot be read is passed over in silence")
	}
	if all, err := witness.Credentials("", "ops-1", noon); all != nil || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	must(witness.KeepCredentials("", "ops-1", config, []ledger.Credential{here}))
}

func TestWhatIsReadOfCredentialsWhileTheyAreWrittenIsWhole(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	config := filepath.Join(state, "notify.yaml")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	used := []ledger.Credential{{Print: "aa", Account: "sms", Host: "ops-1", Installation: config, Seen: noon}}
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for range 20 {
				if err := witness.KeepCredentials(state, "ops-1", config, used); err != nil {
					t.Error(err)
				}
				if all, err := witness.Credentials(state, "ops-1", noon); err != nil || len(all) != 1 {
					t.Error(all, err)
				}
			}
		})
	}
	wait.Wait()
}

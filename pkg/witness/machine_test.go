package witness_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"notify/pkg/witness"
)

func TestAMachineIsWhoHasItsStateFolder(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "notify")
	var wait sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wait.Go(func() {
			var err error
			if ids[i], err = witness.Machine(state); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, id := range ids {
		if len(id) != 8 || id != ids[0] {
			t.Errorf("processes that begin together are %q", ids)
		}
	}
	other, err := witness.Machine(t.TempDir())
	if err != nil || other == ids[0] {
		t.Errorf("another folder is %q, %v", other, err)
	}
	if left, err := os.ReadDir(state); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
	if err := os.WriteFile(filepath.Join(state, "machine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if id, err := witness.Machine(state); err == nil {
		t.Errorf("an empty file is %q", id)
	}
}

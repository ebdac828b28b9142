//go:build !windows

package docs_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The demo checks each of its own steps and counts at the sandbox; here it must come to its end.
func TestTheDemoTellsTheWholeStory(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "bash", "../scripts/demo.sh", built(t)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := "46,000 messages, each once, twice: 0."; !strings.Contains(string(out), want) {
		t.Errorf("the demo does not say %q at its end:\n%s", want, out)
	}
}

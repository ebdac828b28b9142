package awake_test

import (
	"testing"

	"notify/pkg/awake"
)

func TestTheSystemIsAskedAndLetGo(t *testing.T) {
	letGo, ok := awake.Keep("sends a campaign")
	if !ok {
		t.Error("the system did not grant it")
	}
	letGo()
}

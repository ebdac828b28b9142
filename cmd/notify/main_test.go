package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain puts this program on the path as notify, so that tests run it as the operator does: as a process of its own,
// which can be signalled, traced and killed.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"notify": func() { os.Exit(run(os.Args[1:])) },
	})
}

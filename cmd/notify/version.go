package main

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"notify/pkg/view"
)

// version is set when a release is built: -ldflags "-X main.version=1.0.0".
var version = "dev"

func newVersion(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: e.say("cmd.version.short", nil),
		Example: examples(
			"notify version", "",
		),
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return runVersion(e) },
	}
}

func runVersion(e *env) error {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return view.ShowVersion(e.printer(), e.flags.json, view.NewVersion(version, commit))
}

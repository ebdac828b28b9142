package main

import (
	"context"
	"maps"
	"os"

	"github.com/spf13/cobra"

	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
	"notify/pkg/view"
	"notify/pkg/words"
)

type vendorTestOptions struct {
	file    string
	account string
}

func newVendor(e *env) *cobra.Command {
	return e.group(&cobra.Command{Use: "vendor COMMAND", Short: e.say("cmd.vendor.short", nil)}, newVendorTest(e, nil))
}

func newVendorTest(e *env, run func(context.Context, vendorTestOptions) error) *cobra.Command {
	var o vendorTestOptions
	if run == nil {
		run = func(_ context.Context, o vendorTestOptions) error { return runVendorTest(e, o) }
	}
	c := &cobra.Command{
		Use:   "test FILE",
		Short: e.say("cmd.vendor-test.short", nil),
		Example: examples(
			"notify vendor test vendors/ours.yaml", "",
			"notify vendor test vendors/ours.yaml --account sms", "",
			"notify vendor test builtin:submail --json", "",
		),
		Args: oneArg(words.T("cmd.arg.vendor-file", nil), "notify vendor test vendors/ours.yaml"),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.account, "account", "", e.say("cmd.vendor-test.flag-account", nil))
	return c
}

func runVendorTest(e *env, o vendorTestOptions) error {
	dir, err := os.Getwd()
	if err != nil {
		return words.Wrap(err, "cmd.error.working-folder", nil)
	}
	s := vendors.Settings{Options: map[string]any{}, Dir: dir, Now: e.now}
	if o.account != "" {
		if err := e.accountFor(o.account, &s); err != nil {
			return err
		}
	}
	s.Options["definition"] = o.file
	x, err := all.ExplainFile(s)
	if err != nil {
		return err
	}
	return view.ShowVendorFile(e.printer(), e.flags.json, x)
}

// accountFor takes the settings of an account by a file.
func (e *env) accountFor(name string, s *vendors.Settings) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	a, ok := cfg.Accounts[name]
	if !ok {
		return usage(words.Err("cmd.error.no-account", words.A{"account": name}))
	}
	if a.Vendor != "http" {
		return usage(words.Err("cmd.error.not-by-file", words.A{"account": name, "kind": a.Vendor}).Do("cmd.do.by-file", nil))
	}
	s.Endpoint, s.Options, s.Channels = a.Endpoint, maps.Clone(a.Options), cfg.Channels
	return nil
}

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"notify/pkg/diag"
	"notify/pkg/drill"
	"notify/pkg/exit"
	"notify/pkg/outfile"
	"notify/pkg/view"
	"notify/pkg/words"
)

type drillOptions struct {
	name string
	keep string
}

func newDrill(e *env, run func(context.Context, drillOptions) error) *cobra.Command {
	var o drillOptions
	if run == nil {
		run = func(ctx context.Context, o drillOptions) error { return runDrill(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "drill [SCENARIO]",
		Short: e.say("cmd.drill.short", nil),
		Long:  e.say("cmd.drill.long", nil),
		Example: examples(
			"notify drill", "",
			"notify drill award-2020", "",
			"notify drill double-payout --keep ./drill", e.say("cmd.drill.example-1", nil),
		),
		Args: upToOne(words.T("cmd.arg.drill", nil)),
		RunE: func(c *cobra.Command, args []string) error {
			o.name = first(args)
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.keep, "keep", "", e.say("cmd.drill.flag-keep", nil))
	return c
}

func runDrill(ctx context.Context, e *env, o drillOptions) error {
	if o.name == "" {
		return view.ShowDrills(e.printer(), e.flags.json, drill.All())
	}
	d, ok := drill.Find(o.name)
	if !ok {
		return noDrill(o.name)
	}
	program, err := os.Executable()
	if err != nil {
		return words.Wrap(err, "cmd.error.program", nil)
	}
	dir, done, err := drillFolder(o.keep)
	if err != nil {
		return err
	}
	r, err := d.Play(ctx, drill.Options{Program: program, Dir: dir, Env: drillEnv(e.getenv), Now: e.now, Story: e.console.Story()})
	if err := errors.Join(err, done()); err != nil {
		return err
	}
	if err := view.ShowDrill(e.printer(), e.flags.json, r); err != nil {
		return err
	}
	if !r.Stopped {
		return quietly(exit.Some)
	}
	return nil
}

func drillNames() []string {
	var names []string
	for _, d := range drill.All() {
		names = append(names, d.Name)
	}
	return names
}

func noDrill(name string) error {
	names := drillNames()
	return usage(near(words.Err("cmd.error.no-drill", words.A{"drill": name}), diag.Nearest(name, names), words.T("cmd.do.there-are", words.A{"names": words.Names(names, 0)})))
}

// drillFolder is where it is played, and what is done with it afterwards.
func drillFolder(keep string) (dir string, done func() error, err error) {
	if keep != "" {
		if keep, err = filepath.Abs(keep); err != nil {
			return "", nil, words.Wrap(err, "cmd.error.make-folder", words.A{"folder": keep})
		}
		if err := os.Mkdir(keep, 0o700); err != nil {
			return "", nil, usage(words.Wrap(err, "cmd.error.make-folder", words.A{"folder": keep}).Do("cmd.do.new-folder", nil))
		}
		return keep, func() error { return nil }, nil
	}
	return outfile.Folder("notify-drill")
}

// drillEnv is what a program needs to run, and nothing that could set an account or a ledger of the real installation.
func drillEnv(getenv func(string) string) []string {
	var env []string
	for _, k := range []string{"PATH", "HOME", "USER", "TMPDIR", "TEMP", "TMP", "SystemRoot", "GOCOVERDIR"} {
		if v := getenv(k); v != "" {
			env = append(env, k+"="+v)
		}
	}
	return env
}

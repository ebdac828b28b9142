package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/diag"
	"notify/pkg/drill"
	"notify/pkg/view"
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
		Short: "Replay an incident against the sandbox, and show what stops it now",
		Long: `Replay an incident with its figures: an installation and a list are made for it in a folder of their own, sandboxes on this
machine play the vendors, and the program is run as it was then. What stopped each line of the incident is shown with the figures
of this run. Neither this installation's notify.yaml nor its ledger is used.

Without a name, the incidents that can be replayed are listed. It ends with 4 where a line of the incident was not stopped.`,
		Example: `  notify drill
  notify drill award-2020
  notify drill double-payout --keep ./drill      the folder to look at afterwards`,
		Args: upToOne("the name of a drill"),
		RunE: func(c *cobra.Command, args []string) error {
			o.name = first(args)
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.keep, "keep", "", "play it in this new `FOLDER`, and leave it there")
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
		return fmt.Errorf("find the program that is drilled: %w", err)
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
	if !r.Held {
		return quietly(exitSome)
	}
	return nil
}

func noDrill(name string) error {
	var names []string
	for _, d := range drill.All() {
		names = append(names, d.Name)
	}
	hint := "there are: " + strings.Join(names, ", ")
	if near := diag.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return usage(hint, "there is no drill %q", name)
}

// drillFolder is where it is played, and what is done with it afterwards.
func drillFolder(keep string) (dir string, done func() error, err error) {
	if keep != "" {
		if keep, err = filepath.Abs(keep); err != nil {
			return "", nil, fmt.Errorf("find the folder of the drill: %w", err)
		}
		if err := os.Mkdir(keep, 0o700); err != nil {
			return "", nil, usage("name a folder that is not there yet", "--keep: %v", err)
		}
		return keep, func() error { return nil }, nil
	}
	if dir, err = os.MkdirTemp("", "notify-drill-"); err != nil {
		return "", nil, fmt.Errorf("make a folder for the drill: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
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

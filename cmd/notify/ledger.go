package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/view"
)

func newLedger(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "ledger",
		Short: "Check the database, or copy it while it is in use",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("`notify ledger --help` lists them", "unknown command %q for %q", args[0], c.CommandPath())
			}
			return c.Help()
		},
	}
	c.AddCommand(newLedgerCheck(e, nil), newLedgerBackup(e, nil))
	return c
}

func newLedgerCheck(e *env, run func(context.Context) error) *cobra.Command {
	if run == nil {
		run = func(ctx context.Context) error { return runLedgerCheck(ctx, e) }
	}
	return &cobra.Command{
		Use:     "check",
		Short:   "Read all of the database and see whether it agrees with itself",
		Example: `  notify ledger check`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return run(c.Context()) },
	}
}

func runLedgerCheck(ctx context.Context, e *env) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	info, err := l.Info(ctx)
	if err != nil {
		return err
	}
	v, ok := l.(ledger.Verifier)
	if !ok {
		return fmt.Errorf("the %s ledger cannot check itself", info.Driver)
	}
	problems, err := v.Verify(ctx)
	if err != nil {
		return err
	}
	if err := view.ShowLedgerCheck(e.printer(), e.flags.json, view.LedgerCheck{Info: info, Problems: problems}); err != nil {
		return err
	}
	if len(problems) > 0 {
		return quietly(exitError)
	}
	return nil
}

func newLedgerBackup(e *env, run func(context.Context, string) error) *cobra.Command {
	if run == nil {
		run = func(ctx context.Context, to string) error { return runLedgerBackup(ctx, e, to) }
	}
	return &cobra.Command{
		Use:     "backup FILE",
		Short:   "Copy the database, also while a campaign runs",
		Example: `  notify ledger backup /backup/notify-2020-01-02.db`,
		Args:    oneArg("a file to write", "notify ledger backup /backup/notify-2020-01-02.db"),
		RunE:    func(c *cobra.Command, args []string) error { return run(c.Context(), args[0]) },
	}
}

func runLedgerBackup(ctx context.Context, e *env, to string) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	b, ok := l.(ledger.Backuper)
	if !ok {
		return fmt.Errorf("this ledger is backed up with its database's own tools")
	}
	path, err := filepath.Abs(to)
	if err != nil {
		return fmt.Errorf("find %s: %w", to, err)
	}
	if err := b.Backup(ctx, path); err != nil {
		return err
	}
	// Written after the copy: a copy that failed is none. The preflight looks how old the newest is.
	if err := l.Audit(ctx, "", e.Act(ledger.ActBackup, path)); err != nil {
		return err
	}
	return e.did("ledger-backup", "copied to "+path, map[string]any{"file": path})
}

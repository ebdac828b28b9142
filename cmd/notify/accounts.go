package main

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/report"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
	"notify/pkg/view"
	"notify/pkg/words"
)

type accountsOptions struct {
	live bool
}

func newAccounts(e *env, run func(context.Context, accountsOptions) error) *cobra.Command {
	var o accountsOptions
	if run == nil {
		run = func(ctx context.Context, o accountsOptions) error { return runAccounts(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "accounts",
		Short: e.say("cmd.accounts.short", nil),
		Example: examples(
			"notify accounts", "",
			"notify accounts --live", e.say("cmd.accounts.example-1", nil),
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	c.Flags().BoolVar(&o.live, "live", false, e.say("cmd.accounts.flag-live", nil))
	c.AddCommand(newKinds(e, nil), newAccountsSet(e, nil))
	return c
}

func newKinds(e *env, run func(kind string) error) *cobra.Command {
	if run == nil {
		run = func(kind string) error { return runKinds(e, kind) }
	}
	return &cobra.Command{
		Use:   "kinds [KIND | VENDOR-FILE]",
		Short: e.say("cmd.kinds.short", nil),
		Example: examples(
			"notify accounts kinds", "",
			"notify accounts kinds smtp", "",
			"notify accounts kinds builtin:sandbox-sms", e.say("cmd.kinds.example-1", nil),
		),
		Args: func(c *cobra.Command, args []string) error { return noArgs(c, args[min(1, len(args)):]) },
		RunE: func(_ *cobra.Command, args []string) error {
			return run(strings.Join(args, ""))
		},
	}
}

func runKinds(e *env, kind string) error {
	registry := all.Registry()
	names, given := registry.Names(), map[string]any(nil)
	switch {
	case kind == "":
	case slices.Contains(names, kind):
		names = []string{kind}
	case strings.HasPrefix(kind, "builtin:"), strings.HasSuffix(kind, ".yaml"), strings.HasSuffix(kind, ".yml"):
		names, given = []string{"http"}, map[string]any{"definition": kind}
	default:
		unknown := words.Err("cmd.error.no-kind", words.A{"kind": kind})
		unknown.Hint = diag.Known(kind, names)
		return usage(unknown)
	}
	dir, err := os.Getwd()
	if err != nil {
		return words.Wrap(err, "cmd.error.working-folder", nil)
	}
	var kinds []view.Kind
	for _, name := range names {
		k := registry[name]
		kinds = append(kinds, view.Kind{
			Name: k.Name, About: k.About, Channels: k.Channels, Abilities: k.Abilities, Options: k.Options(given, dir),
		})
	}
	return view.ShowKinds(e.printer(), e.flags.json, kinds)
}

func runAccounts(ctx context.Context, e *env, o accountsOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	if _, err := e.credentials(ctx, cfg, l); err != nil {
		words.Log(e.log, slog.LevelWarn, words.Cause(err))
	}
	lines, err := report.Accounts(ctx, l, cfg, e.now())
	if err != nil {
		return err
	}
	if r, ok := l.(ledger.Receipts); ok {
		if err := report.ToldAccounts(ctx, r, l, lines, e.now()); err != nil {
			return err
		}
	}
	sort.Slice(lines, func(i, j int) bool { return lines[i].Account < lines[j].Account })
	if o.live {
		e.askBalances(ctx, cfg, lines)
	}
	return view.ShowAccounts(e.printer(), e.flags.json, lines)
}

// askBalances asks all vendors side by side; what one of them cannot say stands in its line.
func (e *env) askBalances(ctx context.Context, cfg *config.Config, lines []report.AccountStatus) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var g errgroup.Group
	for i := range lines {
		g.Go(func() error {
			line := &lines[i]
			v, err := e.vendor(cfg, line.Account)
			if err != nil {
				line.LiveError = words.Cause(err)
				return nil
			}
			defer v.Close()
			b, ok := vendors.As[vendors.Balancer](v)
			if !ok {
				line.LiveError = words.T("accounts.not-asked", nil)
				return nil
			}
			balance, err := b.Balance(ctx)
			if err != nil {
				if line.LiveError = cfg.SandboxOff(line.Account, err); line.LiveError.IsZero() {
					line.LiveError = words.Cause(err)
				}
				return nil
			}
			line.Told(balance)
			return nil
		})
	}
	_ = g.Wait() // every error stands in its line
}

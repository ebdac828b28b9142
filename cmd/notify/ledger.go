package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/view"
	"notify/pkg/words"
)

func newLedger(e *env) *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: e.say("cmd.ledger.short", nil)}
	return e.group(c, newLedgerCheck(e, nil), newLedgerBackup(e, nil), newLedgerReconcile(e, nil))
}

func newLedgerCheck(e *env, run func(context.Context, string) error) *cobra.Command {
	var head string
	if run == nil {
		run = func(ctx context.Context, head string) error { return runLedgerCheck(ctx, e, head) }
	}
	c := &cobra.Command{
		Use:   "check",
		Short: e.say("cmd.ledger-check.short", nil),
		Example: examples(
			"notify ledger check", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), head) },
	}
	c.Flags().StringVar(&head, "audit", "", e.say("cmd.ledger-check.flag-audit", nil))
	return c
}

// chained is the last entry of the audit, and whether one that was noted before is still in it.
func chained(log []ledger.AuditEntry, noted string) (last *ledger.AuditEntry, problems []words.Text) {
	if len(log) > 0 {
		last = &log[len(log)-1]
	}
	if noted != "" && !slices.ContainsFunc(log, func(a ledger.AuditEntry) bool { return a.Hash == noted }) {
		problems = []words.Text{words.T("verify.audit-forgotten", words.A{"hash": noted})}
	}
	return last, problems
}

func runLedgerCheck(ctx context.Context, e *env, head string) error {
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
		return words.Err("cmd.error.no-verify", words.A{"driver": info.Driver})
	}
	problems, err := v.Verify(ctx)
	if err != nil {
		return err
	}
	forgotten, err := e.witnessProblems(ctx, l)
	if err != nil {
		return err
	}
	log, err := l.AuditLog(ctx, "")
	if err != nil {
		return err
	}
	last, cut := chained(log, head)
	problems = append(append(problems, forgotten...), cut...)
	if err := view.ShowLedgerCheck(e.printer(), e.flags.json, view.LedgerCheck{Info: info, Audit: last, Problems: problems}); err != nil {
		return err
	}
	if len(problems) > 0 {
		return quietly(exit.Error)
	}
	return nil
}

// glance is how long a ledger is looked over after a run that ended without a word.
const glance = 5 * time.Second

// sound refuses a ledger that is damaged, where the last run of the campaign ended without a word: that is when files suffer.
func (e *env) sound(ctx context.Context, l ledger.Ledger, name string) error {
	v, ok := l.(ledger.Verifier)
	c, err := l.Campaign(ctx, name)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil
	}
	if err != nil || !ok || len(c.Holders) == 0 || e.nobodyAtWork(ctx, l, name) != nil {
		return err
	}
	brief, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	problems, err := v.Glance(brief)
	if err == nil && len(problems) > 0 {
		err = &ledger.DamagedError{What: problems[0]}
	}
	return err
}

func newLedgerBackup(e *env, run func(context.Context, string) error) *cobra.Command {
	if run == nil {
		run = func(ctx context.Context, to string) error { return runLedgerBackup(ctx, e, to) }
	}
	return &cobra.Command{
		Use:   "backup FILE",
		Short: e.say("cmd.ledger-backup.short", nil),
		Example: examples(
			"notify ledger backup /backup/notify-2020-01-02.db", "",
			"notify ledger backup /backup", e.say("cmd.ledger-backup.example-day", nil),
		),
		Args: oneArg(words.T("cmd.arg.file", nil), "notify ledger backup /backup/notify-2020-01-02.db"),
		RunE: func(c *cobra.Command, args []string) error { return run(c.Context(), args[0]) },
	}
}

// backupOfDay is a name in a folder that tells the day, and the time where the day has one.
func (e *env) backupOfDay(dir string) string {
	base := strings.TrimSuffix(filepath.Base(e.cfg.Ledger.File()), ".db")
	now := e.now().In(e.cfg.Timezone)
	path := filepath.Join(dir, base+now.Format("-2006-01-02")+".db")
	if !missing(path) {
		path = filepath.Join(dir, base+now.Format("-2006-01-02-150405")+".db")
	}
	return path
}

func runLedgerBackup(ctx context.Context, e *env, to string) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	b, ok := l.(ledger.Backuper)
	if !ok {
		return words.Err("cmd.error.no-backup", nil).Do("cmd.do.no-backup", nil)
	}
	path, err := filepath.Abs(to)
	if err != nil {
		return words.Wrap(err, "cmd.error.open", words.A{"file": to})
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = e.backupOfDay(path)
	}
	if err := b.Backup(ctx, path); err != nil {
		return err
	}
	// Written after the copy: a copy that failed is none. The preflight looks how old the newest is.
	if err := l.Audit(ctx, "", e.Act(ledger.ActBackup, path)); err != nil {
		return err
	}
	return e.did("ledger-backup", words.T("cmd.did.backup", words.A{"file": path}), map[string]any{"file": path})
}

package main

import (
	"context"
	"errors"
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
	return e.group(c, newLedgerCheck(e, nil), newLedgerBackup(e, nil), newLedgerRestore(e, nil), newLedgerReconcile(e, nil), newLedgerPurge(e, nil), newLedgerCopy(e, nil), newLedgerExport(e, nil))
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
	size, err := l.Size(ctx)
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
	if err := view.ShowLedgerCheck(e.printer(), e.flags.json, view.LedgerCheck{Info: info, Bytes: size, Audit: last, Problems: problems}); err != nil {
		return err
	}
	if len(problems) > 0 {
		return quietly(exit.Error)
	}
	return nil
}

// glance is how long a ledger is looked over after a run that ended without a word: that is when files suffer. After any other it is for a
// moment, which is enough for all of a small one: files that were cut under a run may only show it afterwards.
const (
	glance = 5 * time.Second
	moment = 300 * time.Millisecond
)

// sound refuses a ledger that is damaged, as far as that can be seen in time.
func (e *env) sound(ctx context.Context, l ledger.Ledger, name string) error {
	v, ok := l.(ledger.Verifier)
	c, err := l.Campaign(ctx, name)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil
	}
	if err != nil || !ok || e.nobodyAtWork(ctx, l, name) != nil {
		return err
	}
	within := glance
	if len(c.Holders) == 0 {
		within = moment
	}
	brief, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	problems, err := v.Glance(brief)
	if err == nil && len(problems) > 0 {
		err = &ledger.DamagedError{What: problems[0]}
	}
	return err
}

// durable refuses a ledger that loses commits by itself: who was told would be forgotten with them. That no standby is waited for is another
// matter: the run that stopped over it said so, and whoever resumes answers for it.
func durable(ctx context.Context, l ledger.Ledger) error {
	info, err := l.Info(ctx)
	if err != nil {
		return err
	}
	loses := slices.DeleteFunc(slices.Clone(info.Unsafe), func(setting string) bool { return strings.HasPrefix(setting, "synchronous_standby_names") })
	if len(loses) == 0 {
		return nil
	}
	return words.Err("ledger.unsafe", words.A{"place": info.Place, "settings": words.Names(loses, 0)}).Do("ledger.make-safe", nil)
}

package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/outfile"
	"notify/pkg/view"
	"notify/pkg/words"
)

type restoreOptions struct {
	file   string
	moved  bool
	reason string
}

func newLedgerRestore(e *env, run func(context.Context, restoreOptions) error) *cobra.Command {
	var o restoreOptions
	if run == nil {
		run = func(ctx context.Context, o restoreOptions) error { return runLedgerRestore(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: e.say("cmd.ledger-restore.short", nil),
		Long:  e.say("cmd.ledger-restore.long", nil),
		Example: examples(
			"notify ledger restore /backup/notify-2020-01-02.db", "",
			`notify ledger restore notify.db --moved --reason `+quoted(e.say("cmd.example.new-machine", nil)), e.say("cmd.ledger-restore.example-moved", nil),
		),
		Args: oneArg(words.T("cmd.arg.file", nil), "notify ledger restore /backup/notify-2020-01-02.db"),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			if o.moved && o.reason == "" {
				return usage(words.Err("cmd.error.reason", words.A{"command": "--moved"}).Do("cmd.do.reason", nil))
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.moved, "moved", false, e.say("cmd.ledger-restore.flag-moved", nil))
	c.Flags().StringVar(&o.reason, "reason", "", e.say("cmd.ledger-reconcile.flag-reason", nil))
	return c
}

func runLedgerRestore(ctx context.Context, e *env, o restoreOptions) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	if cfg.Ledger.Server() {
		return words.Err("cmd.error.no-restore", nil).Do("cmd.do.no-restore", nil)
	}
	made, err := e.sourceOfRestore(ctx, o.file)
	if err != nil {
		return err
	}
	done := view.Restored{File: o.file, Ledger: cfg.Ledger.File(), Campaigns: []view.Reconciled{}}
	if done.Before, err = e.aside(ctx, cfg.Ledger.File(), made.id); err != nil {
		return err
	}
	if err := copyFile(ctx, o.file, cfg.Ledger.File()); err != nil {
		return err
	}
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	if err := l.Audit(ctx, "", e.Act(ledger.ActRestored, strings.TrimSpace(words.Typed(o.file)+" "+o.reason))); err != nil {
		return err
	}
	b := l.(ledger.Backuper)
	if o.moved {
		if err := b.SettleCopies(ctx, "", e.now()); err != nil {
			return err
		}
		return view.ShowRestored(e.printer(), e.flags.json, done)
	}
	if !made.marked { // it was copied by other means, nobody knows when
		if err := b.MarkCopy(ctx, made.as); err != nil {
			return err
		}
	}
	if done.Campaigns, err = e.reconcileAll(ctx, cfg, l); err != nil {
		return err
	}
	return view.ShowRestored(e.printer(), e.flags.json, done)
}

// reconcileAll settles every campaign that the copy knows.
func (e *env) reconcileAll(ctx context.Context, cfg *config.Config, l ledger.Ledger) ([]view.Reconciled, error) {
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	out := []view.Reconciled{}
	for _, c := range all {
		if c.Aborted != nil {
			continue
		}
		got, err := e.reconcile(ctx, cfg, l, reconcileOptions{campaign: c.Name})
		if err != nil {
			return nil, err
		}
		out = append(out, got)
	}
	return out, nil
}

// copied is a file that is to be restored.
type copied struct {
	id     string
	marked bool
	as     ledger.Copy // what it is taken for where it is not marked
}

// sourceOfRestore looks whether the file is a ledger that agrees with itself.
func (e *env) sourceOfRestore(ctx context.Context, file string) (c copied, err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return c, words.Wrap(err, "cmd.error.open", words.A{"file": file})
	}
	st, err := os.Stat(path)
	if err != nil {
		return c, usage(words.Wrap(err, "cmd.error.open", words.A{"file": file}))
	}
	l, err := sqlite.Open(ctx, path, sqlite.Options{Now: e.now, ReadOnly: true})
	if err != nil {
		return c, words.Wrap(err, "cmd.error.restore-file", words.A{"file": file, "cause": words.Cause(err)}).Do("cmd.do.restore-file", nil)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	problems, err := l.Verify(ctx)
	if err != nil {
		return c, err
	}
	if len(problems) > 0 {
		return c, words.Err("cmd.error.restore-file", words.A{"file": file, "cause": problems[0]}).Do("cmd.do.restore-file", nil)
	}
	info, err := l.Info(ctx)
	if err != nil {
		return c, err
	}
	marks, err := l.Copies(ctx, "")
	_, host := e.who()
	return copied{id: info.ID, marked: len(marks) > 0, as: ledger.Copy{Made: st.ModTime(), Host: host}}, err
}

// aside moves the ledger that lies in the place away, with its companions. It is refused where it is at work, or is no copy of the same.
func (e *env) aside(ctx context.Context, path, id string) (string, error) {
	if missing(path) {
		return "", nil
	}
	if l, err := openLedger(ctx, e.cfg.Ledger, e.now); err == nil { // one that cannot be opened is why another is put in its place
		err = errors.Join(e.replaceable(ctx, l, id), l.Close())
		if err != nil {
			return "", err
		}
	}
	to := strings.TrimSuffix(path, ".db") + e.now().In(e.cfg.Timezone).Format("-replaced-2006-01-02-150405") + ".db"
	for _, companion := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+companion, to+companion); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", words.Wrap(err, "cmd.error.open", words.A{"file": path + companion})
		}
	}
	return to, nil
}

func (e *env) replaceable(ctx context.Context, l ledger.Ledger, id string) error {
	info, err := l.Info(ctx)
	if err != nil {
		return err
	}
	all, err := l.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := e.nobodyAtWork(ctx, l, c.Name); err != nil {
			return err
		}
	}
	if info.ID != id && len(all) > 0 {
		return usage(words.Err("cmd.error.restore-other", words.A{"ledger": info.Place}).Do("cmd.do.restore-other", nil))
	}
	return nil
}

// copyFile copies a file whole, or not at all.
func copyFile(ctx context.Context, from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return words.Wrap(err, "cmd.error.open", words.A{"file": from})
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := outfile.CreateNew(ctx, to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Discard())
	}
	return out.Commit(ctx)
}

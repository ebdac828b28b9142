package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/witness"
	"notify/pkg/words"
)

type backupOptions struct {
	to   string
	keep int
}

func newLedgerBackup(e *env, run func(context.Context, backupOptions) error) *cobra.Command {
	var o backupOptions
	if run == nil {
		run = func(ctx context.Context, o backupOptions) error { return runLedgerBackup(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "backup DIR|FILE.db",
		Short: e.say("cmd.ledger-backup.short", nil),
		Long:  e.say("cmd.ledger-backup.long", nil),
		Example: examples(
			"notify ledger backup /backup --keep 14", e.say("cmd.ledger-backup.example-day", nil),
			"notify ledger backup /backup/notify-2020-01-02.db", "",
		),
		Args: oneArg(words.T("cmd.arg.file", nil), "notify ledger backup /backup"),
		RunE: func(c *cobra.Command, args []string) error {
			o.to = args[0]
			if o.keep < 0 {
				return usage(words.Err("cmd.error.keep-less", nil).Do("cmd.do.keep-less", nil))
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().IntVar(&o.keep, "keep", 0, e.say("cmd.ledger-backup.flag-keep", nil))
	return c
}

func runLedgerBackup(ctx context.Context, e *env, o backupOptions) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	b, ok := l.(ledger.Backuper)
	if !ok {
		return words.Err("cmd.error.no-backup", nil).Do("cmd.do.no-backup", nil)
	}
	path, err := filepath.Abs(o.to)
	if err != nil {
		return words.Wrap(err, "cmd.error.open", words.A{"file": o.to})
	}
	dir := ""
	if info, err := os.Stat(path); err == nil && info.IsDir() || filepath.Ext(path) != ".db" {
		dir = path
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return words.Wrap(err, "cmd.error.open", words.A{"file": dir})
		}
		path = e.backupOfNow(dir)
	} else if o.keep > 0 {
		return usage(words.Err("cmd.error.keep-file", nil).Do("cmd.do.keep-file", nil))
	}
	_, host := e.who()
	if err := b.Backup(ctx, path, ledger.Copy{Made: e.now(), Host: host, Memory: witness.Memory(witness.StateDir(e.getenv))}); err != nil {
		return err
	}
	// Written after the copy: a copy that failed is none. The preflight looks how old the newest is.
	if err := l.Audit(ctx, "", e.Act(ledger.ActBackup, path)); err != nil {
		return err
	}
	removed := []string{}
	if o.keep > 0 {
		if removed, err = e.removeBackups(dir, o.keep); err != nil {
			return err
		}
	}
	said := words.T("cmd.did.backup", words.A{"file": path})
	if len(removed) > 0 {
		said = words.T("cmd.did.backup-kept", words.A{"file": path, "keep": o.keep, "n": len(removed)})
	}
	return e.did("ledger-backup", said, map[string]any{"file": path, "removed": removed})
}

// backupBase is how the names of backups in a folder begin.
func (e *env) backupBase() string {
	return strings.TrimSuffix(filepath.Base(e.cfg.Ledger.File()), ".db")
}

// backupOfNow is a name in a folder that tells the day, and where the day has one the second, and where that has one a number.
func (e *env) backupOfNow(dir string) string {
	base, now := filepath.Join(dir, e.backupBase()), e.now().In(e.cfg.Timezone)
	path := base + now.Format("-2006-01-02") + ".db"
	for n := 1; !missing(path); n++ {
		path = base + now.Format("-2006-01-02-150405")
		if n > 1 {
			path += fmt.Sprintf("-%02d", n)
		}
		path += ".db"
	}
	return path
}

// removeBackups removes the oldest of the ledger's backups in a folder, those that this program named, until so many are left.
func (e *env) removeBackups(dir string, keep int) ([]string, error) {
	ours, err := regexp.Compile("^" + regexp.QuoteMeta(e.backupBase()) + `-\d{4}-\d{2}-\d{2}(-\d{6}(-\d{2})?)?\.db$`)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, words.Wrap(err, "cmd.error.open", words.A{"file": dir})
	}
	var names []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && ours.MatchString(entry.Name()) {
			names = append(names, strings.TrimSuffix(entry.Name(), ".db"))
		}
	}
	slices.Sort(names) // the day's first, then its seconds: as they were made
	removed := []string{}
	for _, name := range names[:max(0, len(names)-keep)] {
		path := filepath.Join(dir, name+".db")
		if err := os.Remove(path); err != nil {
			return removed, words.Wrap(err, "cmd.error.open", words.A{"file": path})
		}
		removed = append(removed, path)
	}
	return removed, nil
}

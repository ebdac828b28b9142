package main

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"

	"notify/pkg/config"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/words"

	"github.com/spf13/cobra"
)

type copyOptions struct{ from, to string }

func newLedgerCopy(e *env, run func(context.Context, copyOptions) error) *cobra.Command {
	var o copyOptions
	if run == nil {
		run = func(ctx context.Context, o copyOptions) error { return runLedgerCopy(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:     "copy",
		Short:   e.say("cmd.ledger-copy.short", nil),
		Long:    e.say("cmd.ledger-copy.long", nil),
		Example: examples("notify ledger copy --from notify.db --to postgres://notify@db.example.com/notify", ""),
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.from == "" || !config.Place(o.to).Server() || config.Place(o.from).Server() {
				return usage(words.Err("cmd.error.copy-places", nil))
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.from, "from", "", e.say("cmd.ledger-copy.flag-from", nil))
	c.Flags().StringVar(&o.to, "to", "", e.say("cmd.ledger-copy.flag-to", nil))
	return c
}

func runLedgerCopy(ctx context.Context, e *env, o copyOptions) (err error) {
	if missing(o.from) {
		return usage(words.Err("cmd.error.no-ledger-file", words.A{"file": o.from}))
	}
	path, err := filepath.Abs(o.from)
	if err != nil {
		return err
	}
	from, err := openLedger(ctx, config.Place(path), e.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openLedger(ctx, config.Place(o.to), e.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	marks, ok1 := from.(ledger.Receipts)
	dump, ok2 := from.(ledger.Dumper)
	mover, ok3 := to.(ledger.Mover)
	if !ok1 || !ok2 || !ok3 {
		return usage(words.Err("cmd.error.copy-places", nil))
	}
	if err := notMoved(ctx, from); err != nil {
		return err
	}
	campaigns, err := from.Campaigns(ctx)
	if err != nil {
		return err
	}
	for i := range campaigns {
		if err := e.nobodyAtWork(ctx, from, campaigns[i].Name); err != nil {
			return err
		}
	}
	at := config.Place(o.to).String()
	by := e.Act(ledger.ActMoved, path+" → "+at)
	// From here on nothing is sent from it: what left afterwards would not be copied.
	if err := errors.Join(marks.SetBookmark(ctx, ledger.MovedTo, at), from.Audit(ctx, "", by)); err != nil {
		return err
	}
	rows, err := moveInto(ctx, mover, dump, from, to, campaigns, by)
	if err != nil {
		return errors.Join(err, marks.SetBookmark(ctx, ledger.MovedTo, ""))
	}
	total := 0
	for _, n := range rows {
		total += n
	}
	return e.did("ledger-copy", words.T("cmd.did.copied", words.A{
		"from": path, "to": at, "campaigns": len(campaigns), "rows": total,
	}), map[string]any{"from": path, "to": at, "rows": rows})
}

// moveInto copies, and compares what both say.
func moveInto(ctx context.Context, mover ledger.Mover, dump ledger.Dumper, from, to ledger.Ledger, campaigns []ledger.Campaign, by ledger.Act) (map[string]int, error) {
	rows, err := mover.TakeIn(ctx, dump, by)
	if err != nil {
		return nil, err
	}
	differs := func(what string) error { return words.Err("cmd.error.copy-differs", words.A{"what": what}) }
	for table, n := range rows {
		had := 0
		if err := dump.Dump(ctx, table, nil, func([]any) error { had++; return nil }); err != nil {
			return nil, err
		}
		if had != n {
			return nil, differs(table)
		}
	}
	for i := range campaigns {
		a, err1 := from.Counts(ctx, campaigns[i].Name)
		b, err2 := to.Counts(ctx, campaigns[i].Name)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		if !reflect.DeepEqual(a, b) {
			return nil, differs(campaigns[i].Name)
		}
	}
	if v, ok := to.(ledger.Verifier); ok {
		problems, err := v.Verify(ctx)
		if err != nil {
			return nil, err
		}
		if len(problems) > 0 {
			return nil, &ledger.DamagedError{What: problems[0]}
		}
	}
	return rows, nil
}

// notMoved refuses a ledger that was moved elsewhere.
func notMoved(ctx context.Context, l ledger.Ledger) error {
	marks, ok := l.(ledger.Receipts)
	if !ok {
		return nil
	}
	to, err := marks.Bookmark(ctx, ledger.MovedTo)
	if err != nil || to == "" {
		return err
	}
	return &ending{code: exit.Person, err: words.Err("cmd.error.moved", words.A{"to": to}).Do("cmd.do.moved", words.A{"to": to})}
}

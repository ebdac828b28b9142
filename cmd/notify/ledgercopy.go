package main

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"

	"notify/pkg/config"
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
	if err := config.CheckLedger(o.to); err != nil {
		return usage(words.Wrap(err, "cmd.error.not-a-ledger", nil).Do("cmd.do.not-ledger", nil))
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
	at := config.Place(o.to).String()
	m := moving{from: from, to: to, at: at, by: e.Act(ledger.ActMoved, path+" → "+at)}
	campaigns, rows, err := m.move(ctx, e)
	if err != nil {
		return err
	}
	total := 0
	for _, n := range rows {
		total += n
	}
	return e.did("ledger-copy", words.T("cmd.did.copied", words.A{
		"from": path, "to": at, "campaigns": campaigns, "rows": total,
	}), map[string]any{"from": path, "to": at, "rows": rows})
}

// moving is a ledger on its way to a place on a server.
type moving struct {
	from, to ledger.Ledger
	at       string
	by       ledger.Act
}

// move copies, and says how many campaigns there are, and how many rows of each table. One that broke off is begun anew.
func (m *moving) move(ctx context.Context, e *env) (campaigns int, rows map[string]int, err error) {
	leaver, ok1 := m.from.(ledger.Leaver)
	dump, ok2 := m.from.(ledger.Dumper)
	mover, ok3 := m.to.(ledger.Mover)
	if !ok1 || !ok2 || !ok3 {
		return 0, nil, usage(words.Err("cmd.error.copy-places", nil))
	}
	if err := m.mayMove(ctx); err != nil {
		return 0, nil, err
	}
	// From here on nothing is sent from it: what left afterwards would not be copied. A run that began before is seen below.
	if err := leaver.Leave(ctx, m.at, m.by); err != nil {
		return 0, nil, err
	}
	all, err := m.from.Campaigns(ctx)
	if err == nil {
		err = e.movable(ctx, m.from, all)
	}
	if err == nil {
		rows, err = moveInto(ctx, mover, dump, m.from, m.to, all, m.by)
	}
	if err == nil {
		return len(all), rows, nil
	}
	if errors.Is(err, ledger.ErrUnreachable) || errors.Is(err, ledger.ErrUndurable) { // it may have arrived: then both would send
		return 0, nil, words.Err("cmd.error.copy-unknown", words.A{"to": m.at, "cause": words.Cause(err)}).Do("cmd.do.copy-unknown", nil)
	}
	back := m.by
	back.Reason = m.at + " → ×"
	return 0, nil, errors.Join(err, leaver.Leave(context.WithoutCancel(ctx), "", back))
}

// mayMove refuses a ledger that was moved: elsewhere, or there, and has arrived.
func (m *moving) mayMove(ctx context.Context) error {
	err := notMoved(ctx, m.from)
	var moved *ledger.MovedError
	if !errors.As(err, &moved) || moved.To != m.at {
		return err
	}
	here, err1 := m.from.Info(ctx)
	there, err2 := m.to.Info(ctx)
	if err := errors.Join(err1, err2); err != nil || here.ID != there.ID {
		return err
	}
	return moved
}

// movable refuses campaigns that a run is at work on, or of which the ledger has forgotten something: the new one would not know that it has.
func (e *env) movable(ctx context.Context, l ledger.Ledger, all []ledger.Campaign) error {
	for i := range all {
		if all[i].Aborted != nil {
			continue // nothing is ever sent of it
		}
		if err := e.nobodyAtWork(ctx, l, all[i].Name); err != nil {
			return err
		}
		if err := e.knows(ctx, l, all[i].Name, false); err != nil {
			return err
		}
	}
	return nil
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
	return &ledger.MovedError{To: to}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/suppression"
	"notify/pkg/view"
)

// lines is what a listing goes through.
type lines = iter.Seq2[ledger.Found, error]

type suppressListOptions struct {
	addresses []string
	in        string
	output    string
	limit     int
	log       bool
}

func newSuppressList(e *env, run func(context.Context, suppressListOptions) error) *cobra.Command {
	var o suppressListOptions
	if run == nil {
		run = func(ctx context.Context, o suppressListOptions) error { return runSuppressList(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "list [ADDRESS…]",
		Short: "Show who is on the list, and why",
		Long: `Show who is on the list, and why: in figures with the newest entries, or these addresses, or the rows of a list with --in.
Addresses are masked on the screen; a file that is written with -o has them whole, and can be imported elsewhere.`,
		Example: `  notify suppress list
  notify suppress list 13490000001 --log     when it was put on the list and taken off
  notify suppress list --in award.xlsx       the rows of a list that must not be sent to
  notify suppress list -o suppressed.csv`,
		RunE: func(c *cobra.Command, args []string) error {
			o.addresses = args
			switch {
			case o.limit < 0:
				return usage("--limit 0 shows all", "--limit %d is less than nothing", o.limit)
			case o.in != "" && (len(args) > 0 || o.log):
				return usage("notify suppress list --in "+o.in, "--in goes with neither addresses nor --log")
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.in, "in", "", "look the rows of this `LIST` up")
	f.StringVarP(&o.output, "output", "o", "", "write the entries to this `FILE` (.csv or .xlsx), addresses unmasked")
	f.IntVar(&o.limit, "limit", 20, "show the newest `N` entries; 0: all")
	f.BoolVar(&o.log, "log", false, "every line that was ever written, those that took an address off, too")
	return c
}

func runSuppressList(ctx context.Context, e *env, o suppressListOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	as, err := addresses(cfg, o.addresses)
	if err != nil {
		return err
	}
	found, done, err := e.suppressed(ctx, l, as, o)
	if err != nil {
		return err
	}
	defer done()
	if o.output != "" {
		n, err := report.WriteSuppressed(o.output, found, cfg.Timezone, cfg.Channels, inputsOf(cfg, nil, o.in)...)
		if errors.Is(err, report.ErrEnding) {
			return usage("", "%v", err)
		}
		if err != nil {
			return err
		}
		return e.did("suppress-list-file", fmt.Sprintf("%s: %d lines", o.output, n), map[string]any{"file": o.output, "lines": n})
	}
	if len(as) > 0 {
		o.limit = 0
	}
	sum, err := report.CountSuppressed(found, o.limit)
	if err != nil {
		return err
	}
	v := view.SuppressionList{Suppressed: sum, In: o.in}
	for _, a := range as {
		if !sum.Holds(a) {
			v.Free = append(v.Free, a)
		}
	}
	return view.ShowSuppressionList(e.printer(), e.flags.json, v)
}

// suppressed is what was asked for: the whole list, its log, some addresses, or the rows of a list. done closes that.
func (e *env) suppressed(ctx context.Context, l ledger.Ledger, as []message.Address, o suppressListOptions) (found lines, done func(), err error) {
	done = func() {}
	switch {
	case o.in != "":
		return e.suppressedIn(ctx, l, o.in)
	case o.log:
		return linesOf(l.SuppressionLog(ctx, 0), as), done, nil
	case len(as) > 0:
		return l.Suppressed(ctx, func(yield func(ledger.Asked) bool) {
			for _, a := range as {
				if !yield(ledger.Asked{Address: a}) {
					return
				}
			}
		}), done, nil
	}
	return linesOf(l.Suppressions(ctx), nil), done, nil
}

// linesOf are the lines of these addresses; none means all.
func linesOf(all iter.Seq2[ledger.Suppression, error], of []message.Address) lines {
	return func(yield func(ledger.Found, error) bool) {
		for s, err := range all {
			ours := len(of) == 0 || slices.ContainsFunc(of, func(a message.Address) bool { return strings.EqualFold(string(a), string(s.Address)) })
			if (ours || err != nil) && !yield(ledger.Found{Suppression: s}, err) {
				return
			}
		}
	}
}

// suppressedIn are the rows of a campaign's list that are on the suppression list.
func (e *env) suppressedIn(ctx context.Context, l ledger.Ledger, path string) (lines, func(), error) {
	cfg, c, err := e.inputs(path)
	if err != nil {
		return nil, nil, err
	}
	r, err := e.openList(path, cfg, c)
	if err != nil {
		return nil, nil, err
	}
	var failed error
	asked := suppression.Addresses(r, c.Channels(), &failed)
	found := l.Suppressed(ctx, func(yield func(ledger.Asked) bool) {
		for row, a := range asked {
			if !yield(ledger.Asked{Row: row, Address: a}) {
				return
			}
		}
	})
	return func(yield func(ledger.Found, error) bool) {
		for f, err := range found {
			if !yield(f, err) {
				return
			}
		}
		if failed != nil {
			yield(ledger.Found{}, failed)
		}
	}, func() { _ = r.Close() }, nil
}

package main

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/outfile"
	"notify/pkg/trace"
	"notify/pkg/view"
	"notify/pkg/words"
)

type traceOptions struct {
	query    string
	full     bool
	evidence string
}

func newTrace(e *env, run func(context.Context, traceOptions) error) *cobra.Command {
	var o traceOptions
	if run == nil {
		run = func(ctx context.Context, o traceOptions) error { return runTrace(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "trace QUERY",
		Short: e.say("cmd.trace.short", nil),
		Long:  e.say("cmd.trace.long", nil),
		Example: examples(
			"notify trace 13490000001", "",
			"notify trace wang@example.test --full", "",
			"notify trace 13490000001 --evidence evidence.json", "",
			"notify trace - < pasted.txt", "",
		),
		Args: oneArg(words.T("cmd.arg.query", nil), "notify trace 13490000001"),
		RunE: func(c *cobra.Command, args []string) error {
			o.query = args[0]
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.full, "full", false, e.say("cmd.trace.flag-full", nil))
	c.Flags().StringVar(&o.evidence, "evidence", "", e.say("cmd.trace.flag-evidence", nil))
	return c
}

// traceMost is how many messages are shown of a text that many got.
const traceMost = 50

// pastedMost is how much of a pasted text is read.
const pastedMost = 1 << 20

// tracing is a ledger that finds messages.
type tracing interface {
	ledger.Ledger
	ledger.Tracer
}

func (e *env) tracer(ctx context.Context) (tracing, error) {
	l, err := e.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	t, ok := l.(tracing)
	if !ok {
		return nil, words.Err("cmd.error.no-trace", nil)
	}
	return t, nil
}

func runTrace(ctx context.Context, e *env, o traceOptions) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	if o.query == "-" {
		b, err := io.ReadAll(io.LimitReader(e.in, pastedMost))
		if err != nil {
			return err
		}
		o.query = string(b)
	}
	if strings.TrimSpace(o.query) == "" {
		return usage(words.Err("cmd.error.no-query", nil))
	}
	q, err := trace.Read(o.query, cfg.Channels, cfg.Country)
	if err != nil {
		return usage(words.Wrap(err, "cmd.error.query", nil))
	}
	l, err := e.tracer(ctx)
	if err != nil {
		return err
	}
	opts := trace.Options{Channels: cfg.Channels, Full: o.full, Most: traceMost}
	if o.evidence != "" {
		return writeEvidence(ctx, e, l, q, opts, o.evidence)
	}
	r, err := trace.Find(ctx, l, q, opts)
	if err != nil {
		return err
	}
	if o.full {
		if err := l.Audit(ctx, "", e.traced("trace --full", q, r)); err != nil {
			return err
		}
	}
	return view.ShowTrace(e.printer(), e.flags.json, r)
}

// traced is the act of looking somebody's messages up.
func (e *env) traced(what string, q trace.Query, r *trace.Result) ledger.Act {
	by := e.said(what, words.T("act.why-traced", words.A{"by": words.Of("query", q.Kind), "messages": words.N(r.Messages, "message")}))
	by.Figures = &ledger.Figures{Messages: r.Messages}
	return by
}

// writeEvidence writes what a vendor's support needs. The whole addresses are read for their hashes; none is written.
func writeEvidence(ctx context.Context, e *env, l tracing, q trace.Query, opts trace.Options, file string) error {
	inputs := inputsOf(e.cfg, nil)
	if err := outfile.Check(ctx, file, inputs...); err != nil {
		return err
	}
	opts.Full = true
	r, err := trace.Find(ctx, l, q, opts)
	if err != nil {
		return err
	}
	evidence := trace.EvidenceOf(r, opts, e.now())
	if err := outfile.Write(ctx, file, func(f *os.File) error { return evidence.Write(f) }, inputs...); err != nil {
		return err
	}
	if err := l.Audit(ctx, "", e.traced("trace --evidence", q, r)); err != nil {
		return err
	}
	return e.did("trace-evidence", words.T("cmd.did.evidence", words.A{"file": file, "messages": words.N(r.Messages, "message")}),
		map[string]any{"file": file, "messages": r.Messages})
}

package main

import (
	"context"
	"errors"

	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/witness"
	"notify/pkg/words"

	"github.com/spf13/cobra"
)

// witnessPlace is where this machine remembers what left of a campaign.
func (e *env) witnessPlace(ctx context.Context, l ledger.Ledger, campaign string) (witness.Place, error) {
	info, err := l.Info(ctx)
	p := witness.Place{Ledger: info.Place, ID: info.ID, Campaign: campaign, State: witness.StateDir(e.getenv), Shared: e.cfg != nil && e.cfg.Ledger.Server()}
	if err == nil && p.Shared && p.State == "" {
		err = words.Err("cmd.error.no-witness-folder", nil).Do("cmd.do.no-witness-folder", nil)
	}
	return p, err
}

// trustBefore is trust before a list is staged: what is on no list of the ledger can only be looked for afterwards.
func (e *env) trustBefore(ctx context.Context, l ledger.Ledger, campaign string, here bool) error {
	err := e.trust(ctx, l, campaign, here)
	var behind *behindError
	if errors.As(err, &behind) && behind.verdict.Unstaged > 0 {
		return nil
	}
	return err
}

// behindError says what a ledger has forgotten.
type behindError struct {
	*ending
	verdict witness.Verdict
}

func (e *behindError) Unwrap() error { return e.ending }

// trust refuses a ledger that has forgotten what left, or that others sent from and this machine knows nothing of; here says that a person
// vouches for it.
func (e *env) trust(ctx context.Context, l ledger.Ledger, campaign string, here bool) error {
	p, err := e.witnessPlace(ctx, l, campaign)
	if err != nil {
		return err
	}
	v, err := witness.Judge(ctx, l, p)
	switch {
	case err != nil:
		return e.damagedWitness(err)
	case v.Behind():
		id := "cmd.error.behind-by"
		if v.Other {
			id = "cmd.error.behind-other"
		}
		said := words.Err(id, words.A{
			"ledger": p.Ledger, "campaign": campaign, "messages": words.N(v.Messages, "message"), "witness": words.Names(v.Files, 0),
		}).Do("cmd.do.reconcile", words.A{"command": "notify ledger reconcile " + words.Typed(campaign)})
		return &behindError{ending: &ending{code: exit.Person, err: said}, verdict: v}
	case v.Elsewhere && !here:
		return &ending{code: exit.Person, err: words.Err("cmd.error.elsewhere", words.A{
			"ledger": p.Ledger, "campaign": campaign, "host": v.Host, "at": v.At,
		}).Do("cmd.do.here", nil)}
	}
	return e.sameServer(ctx, l, campaign)
}

func (e *env) damagedWitness(err error) error {
	return &ending{code: exit.Person, err: words.Wrap(err, "cmd.error.witness", nil).Do("cmd.do.witness", nil)}
}

// witnessed is the runs of a ledger that can be trusted, with this machine's memory in front of them; close ends that.
func (e *env) witnessed(ctx context.Context, l ledger.Ledger, campaign string, here bool) (runs ledger.Runs, done func(), err error) {
	if err := e.trust(ctx, l, campaign, here); err != nil {
		return nil, nil, err
	}
	p, err := e.witnessPlace(ctx, l, campaign)
	if err != nil {
		return nil, nil, err
	}
	c, err := l.Campaign(ctx, campaign)
	if err != nil {
		return nil, nil, err
	}
	w, err := witness.Begin(p, c)
	if err != nil {
		return nil, nil, e.damagedWitness(err)
	}
	return w.Guard(l), func() {
		if err := w.Close(); err != nil {
			e.log.Warn("close the witness", "error", err)
		}
	}, nil
}

type reconcileOptions struct {
	campaign string
	reason   string
	forget   bool
	without  []string // machines that cannot be asked any more
}

func newLedgerReconcile(e *env, run func(context.Context, reconcileOptions) error) *cobra.Command {
	var o reconcileOptions
	if run == nil {
		run = func(ctx context.Context, o reconcileOptions) error { return runLedgerReconcile(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "reconcile CAMPAIGN",
		Short: e.say("cmd.ledger-reconcile.short", nil),
		Long:  e.say("cmd.ledger-reconcile.long", nil),
		Example: examples(
			"notify ledger reconcile award-2020", "",
			`notify ledger reconcile award-2020 --forget --reason `+quoted(e.say("cmd.example.on-purpose", nil)), "",
		),
		Args: oneArg(aCampaign(), "notify ledger reconcile award-2020"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			if (o.forget || len(o.without) > 0) && o.reason == "" {
				return usage(words.Err("cmd.error.forget-reason", nil).Do("cmd.do.forget-reason", nil))
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.forget, "forget", false, e.say("cmd.ledger-reconcile.flag-forget", nil))
	c.Flags().StringSliceVar(&o.without, "without", nil, e.say("cmd.ledger-reconcile.flag-without", nil))
	c.Flags().StringVar(&o.reason, "reason", "", e.say("cmd.ledger-reconcile.flag-reason", nil))
	return c
}

func runLedgerReconcile(ctx context.Context, e *env, o reconcileOptions) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	c, err := e.campaign(ctx, l, o.campaign)
	if err != nil {
		return err
	}
	p, err := e.witnessPlace(ctx, l, o.campaign)
	if err != nil {
		return err
	}
	v, err := witness.Judge(ctx, l, p)
	if err != nil {
		return e.damagedWitness(err)
	}
	if err := e.without(ctx, l, o); err != nil {
		return err
	}
	if !v.Behind() {
		if err := e.reconciledHere(ctx, l, o.campaign); err != nil {
			return err
		}
		return e.did("ledger-reconcile", words.T("cmd.did.nothing-forgotten", words.A{"campaign": o.campaign}), map[string]any{"unknown": 0})
	}
	if o.forget {
		v.Lost = nil
	}
	n, err := l.Doubt(ctx, o.campaign, v.Lost, e.Act(ledger.ActForgotten, o.reason))
	if err != nil {
		return err
	}
	runs, err := l.Runs(ctx, o.campaign)
	if err != nil {
		return err
	}
	if err := witness.Settle(p, c, runs[0].ID, v); err != nil {
		return e.damagedWitness(err)
	}
	if err := e.reconciledHere(ctx, l, o.campaign); err != nil {
		return err
	}
	said := words.T("cmd.did.reconciled", words.A{
		"campaign": o.campaign, "unknown": words.N(n, "message"), "resolve": "notify resolve " + words.Typed(o.campaign),
		"resume": "notify resume " + words.Typed(o.campaign),
	})
	switch {
	case o.forget:
		said = words.T("cmd.did.forgot", words.A{"campaign": o.campaign, "messages": words.N(v.Messages, "message")})
	case v.Unstaged > 0:
		said = words.T("cmd.did.reconciled-owed", words.A{
			"campaign": o.campaign, "unknown": words.N(n, "message"), "owed": words.N(v.Unstaged, "message"),
			"resume": "notify resume " + words.Typed(o.campaign),
		})
	}
	return e.did("ledger-reconcile", said, map[string]any{"unknown": n, "not_on_the_list": v.Unstaged})
}

// witnessProblems are what the witness says of all campaigns of the ledger, for notify ledger check. A backup is older by its nature.
func (e *env) witnessProblems(ctx context.Context, l ledger.Ledger) ([]words.Text, error) {
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var problems []words.Text
	for _, c := range all {
		p, err := e.witnessPlace(ctx, l, c.Name)
		if err != nil {
			return nil, err
		}
		v, err := witness.Judge(ctx, l, p)
		switch {
		case err != nil:
			problems = append(problems, words.Wrap(err, "cmd.error.witness", nil).Text)
		case v.Behind() && !v.Copy:
			problems = append(problems, words.T("cmd.error.behind-by", words.A{
				"ledger": p.Ledger, "campaign": c.Name, "messages": words.N(v.Messages, "message"), "witness": words.Names(v.Files, 0),
			}))
		}
	}
	return problems, nil
}

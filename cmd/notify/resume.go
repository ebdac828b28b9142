package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
)

type resumeOptions struct {
	campaign string
	wait     bool
	join     bool
	lift     lift
	here     bool
	observed observed
	// emergency lets accounts of the other class stand in.
	emergency bool
	reason    string
}

func newResume(e *env, run func(context.Context, resumeOptions) error) *cobra.Command {
	var o resumeOptions
	if run == nil {
		run = func(ctx context.Context, o resumeOptions) error { return runResume(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "resume [CAMPAIGN]",
		Short: e.say("cmd.resume.short", nil),
		Long:  e.say("cmd.resume.long", nil),
		Example: examples(
			"notify resume", "",
			"notify resume award-2020 --wait", "",
			"notify resume award-2020 --lift-pause", e.say("cmd.resume.example-lift", nil),
			"notify resume award-2020 --join", e.say("cmd.resume.example-join", nil),
		),
		Args: upToOne(aCampaign()),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign, o.reason = first(args), strings.TrimSpace(o.reason)
			if o.emergency && o.reason == "" {
				return usage(words.Err("cmd.error.reason", words.A{"command": "--emergency"}).Do("cmd.do.reason", nil))
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.wait, "wait", false, e.say("cmd.resume.flag-wait", nil))
	c.Flags().BoolVar(&o.join, "join", false, e.say("cmd.resume.flag-join", nil))
	c.Flags().BoolVar(&o.lift.flag, "lift-pause", false, e.say("cmd.resume.flag-lift-pause", nil))
	c.Flags().BoolVar(&o.here, "here", false, e.say("cmd.send.flag-here", nil))
	c.Flags().BoolVar(&o.emergency, "emergency", false, e.say("cmd.send.flag-emergency", nil))
	o.observed.flags(e, c.Flags())
	c.Flags().StringVar(&o.reason, "reason", "", e.say("cmd.accounts-set.flag-reason", nil))
	return c
}

func runResume(ctx context.Context, e *env, o resumeOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	unobserved, err := e.observe(ctx, o.observed, inputsOf(cfg, nil))
	if err != nil {
		return err
	}
	defer unobserved()
	name := o.campaign
	if name == "" {
		if name, err = unfinished(ctx, l); err != nil {
			return err
		}
		if name == "" {
			if err := e.allTold(ctx, l); err != nil {
				return err
			}
			return e.nothingToResume(ctx, l)
		}
	}
	return e.goOn(ctx, cfg, l, name, o)
}

// goOn goes on with a campaign.
func (e *env) goOn(ctx context.Context, cfg *config.Config, l ledger.Ledger, name string, o resumeOptions) error {
	c, err := e.campaign(ctx, l, name)
	if err != nil {
		return cmp.Or(e.forgot(ctx, l, name), err)
	}
	if err := e.sound(ctx, l, name); err != nil {
		return err
	}
	if err := e.trust(ctx, l, name, o.here); err != nil {
		return err
	}
	if err := durable(ctx, l); err != nil {
		return err
	}
	if !o.join {
		if err := e.nobodyAtWork(ctx, l, name); err != nil {
			return err
		}
	}
	if !o.join || len(c.Holders) == 0 {
		if err := e.may(ctx, c, &o.lift); err != nil {
			return err
		}
		if err := e.unpause(ctx, l, name, "resume", o.lift); err != nil {
			return err
		}
		if err := e.settleFirst(ctx, cfg, l, name); err != nil {
			return err
		}
	}
	if err := e.recordResume(ctx, l, name, o.join && len(c.Holders) > 0); err != nil {
		return err
	}
	if err := e.frozen(c); err != nil {
		return err
	}
	return e.deliver(ctx, cfg, name, delivery{wait: o.wait, join: o.join, here: o.here, emergency: o.emergency, reason: o.reason})
}

// recordResume keeps who resumed, or joined those at work, and how much there was to do.
func (e *env) recordResume(ctx context.Context, l ledger.Ledger, name string, joined bool) error {
	counts, err := l.Counts(ctx, name)
	if err != nil {
		return err
	}
	pending := counts.Of(message.Pending)
	what := "resume"
	if joined {
		what = "join"
	}
	by := e.said(what, words.T("act.why-resumed", words.A{
		"messages": words.N(pending, "message"), "left": counts.Total() - counts.Of(message.Pending, message.Cancelled),
	}))
	by.Figures = &ledger.Figures{Messages: pending}
	return l.Audit(ctx, name, by)
}

// frozen says that what was changed in the campaign's files since it was staged has no part in a resume.
func (e *env) frozen(c ledger.Campaign) error {
	spec, err := plan.DecodeSpec(c.Spec)
	if err != nil {
		return err
	}
	var changed []string
	for _, path := range spec.Files {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(c.Staged) {
			changed = append(changed, filepath.Base(path))
		}
	}
	if len(changed) > 0 {
		e.tell("cmd.line.frozen", words.A{"files": words.Names(changed, 5), "at": c.Staged, "list": words.Typed(spec.List)})
	}
	return nil
}

// nothingToResume says so, and of which lists a part was never staged.
func (e *env) nothingToResume(ctx context.Context, l ledger.Ledger) error {
	all, err := l.Campaigns(ctx)
	if err != nil {
		return err
	}
	parts, retries := []string{}, []string{}
	for _, c := range all {
		spec, err := plan.DecodeSpec(c.Spec)
		if err != nil {
			return err
		}
		counts, err := l.Counts(ctx, c.Name)
		if err != nil {
			return err
		}
		if c.Aborted == nil && report.NeverStaged(&spec, counts) > 0 {
			parts = append(parts, c.Name)
		}
		alike, err := report.Alike(ctx, l, c.Name, counts)
		if err != nil {
			return err
		}
		if alike != "" && c.Aborted == nil {
			retries = append(retries, view.RetryCommand(c.Name, alike))
		}
	}
	said := words.T("cmd.did.resume-none", nil)
	if len(parts) > 0 {
		said = words.T("cmd.did.resume-none-parts", words.A{"campaigns": words.Names(parts, 0)})
	}
	if len(parts) == 0 && len(retries) > 0 {
		said = words.T("cmd.did.resume-none-retry", words.A{"retries": words.Names(retries, 0)})
	}
	return e.did("resume", said, map[string]any{"parts": parts, "retries": retries})
}

// unfinished is the one campaign that has messages left; empty where there is none. Of several, the operator chooses.
func unfinished(ctx context.Context, l ledger.Ledger) (string, error) {
	names, err := open(ctx, l)
	if err != nil {
		return "", err
	}
	switch len(names) {
	case 0:
		return "", nil
	case 1:
		return names[0], nil
	}
	return "", severalUnfinished("notify resume", names)
}

package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/inuse"
	"notify/pkg/plan"
	"notify/pkg/template"
	"notify/pkg/view"
	"notify/pkg/words"
)

func newTemplate(e *env) *cobra.Command {
	return e.group(&cobra.Command{Use: "template COMMAND", Short: e.say("cmd.template.short", nil)},
		newTemplateList(e), newTemplateShow(e), newTemplateLint(e), newTemplateWho(e), newTemplateLearn(e))
}

// reading is a command about the templates of a folder.
func (e *env) reading(c *cobra.Command, run func(ctx context.Context, all []*template.Template, args []string) error) *cobra.Command {
	dir := c.Flags().String("dir", "templates", e.say("cmd.template.flag-dir", nil))
	c.RunE = func(c *cobra.Command, args []string) error {
		all, err := template.LoadAll(*dir)
		if err != nil {
			return err
		}
		return run(c.Context(), all, args)
	}
	return c
}

func newTemplateList(e *env) *cobra.Command {
	return e.reading(&cobra.Command{
		Use: "list", Short: e.say("cmd.template-list.short", nil), Example: examples("notify template list", ""), Args: noArgs,
	}, func(_ context.Context, all []*template.Template, _ []string) error {
		return view.ShowTemplates(e.printer(), e.flags.json, all)
	})
}

func newTemplateShow(e *env) *cobra.Command {
	return e.reading(&cobra.Command{
		Use: "show NAME", Short: e.say("cmd.template-show.short", nil), Example: examples("notify template show award", ""),
		Args: oneArg(words.T("cmd.arg.template", nil), "notify template show award"),
	}, func(_ context.Context, all []*template.Template, args []string) error {
		var names []string
		for _, t := range all {
			if t.ID == args[0] {
				return view.ShowTemplate(e.printer(), e.flags.json, t)
			}
			names = append(names, t.ID)
		}
		unknown := words.Err("cmd.error.no-template", words.A{"name": args[0]})
		unknown.Hint = diag.Known(args[0], names)
		return usage(unknown)
	})
}

func newTemplateLint(e *env) *cobra.Command {
	return e.reading(&cobra.Command{
		Use: "lint", Short: e.say("cmd.template-lint.short", nil), Example: examples("notify template lint", ""), Args: noArgs,
	}, func(_ context.Context, all []*template.Template, _ []string) error {
		cfg, err := e.Config()
		if err != nil {
			return err
		}
		var out []view.LintedTemplate
		bad := false
		for _, t := range all {
			var vendors []string
			for account := range t.Codes {
				if kind := cfg.Accounts[account].Vendor; !slices.Contains(vendors, kind) {
					vendors = append(vendors, kind)
				}
			}
			slices.Sort(vendors)
			if len(vendors) == 0 {
				vendors = template.Vendors() // nobody has been asked for approval yet
			}
			faults := append([]template.Fault{}, t.Lint(vendors)...)
			bad = bad || len(faults) > 0
			out = append(out, view.LintedTemplate{Template: t.ID, Vendors: vendors, Faults: faults})
		}
		if err := view.ShowLint(e.printer(), e.flags.json, out); err != nil {
			return err
		}
		if bad {
			return quietly(exit.Failed)
		}
		return nil
	})
}

func newTemplateWho(e *env) *cobra.Command {
	return e.reading(&cobra.Command{
		Use: "who TEXT", Short: e.say("cmd.template-who.short", nil), Example: examples("notify template who '王伟，您的奖项是一等奖，领取码123456。'", ""),
		Args: oneArg(words.T("cmd.arg.text", nil), "notify template who 'TEXT'"),
	}, func(ctx context.Context, all []*template.Template, args []string) error {
		t, values := template.Who(all, args[0])
		if t == nil {
			return usage(words.Err("cmd.error.no-template-of", nil).Do("cmd.do.template-list", nil))
		}
		uses, err := e.uses(ctx, t)
		if err != nil {
			return err
		}
		return view.ShowWho(e.printer(), e.flags.json, view.WhoTemplate{Template: t, Variables: values, Campaigns: uses})
	})
}

// uses are the campaigns of the ledger that were staged with the template; none where there is no ledger yet.
func (e *env) uses(ctx context.Context, t *template.Template) ([]view.TemplateUse, error) {
	cfg, err := e.Config()
	if err != nil {
		return nil, err
	}
	uses := []view.TemplateUse{}
	if !cfg.Ledger.Server() && missing(cfg.Ledger.File()) {
		return uses, nil
	}
	l, err := e.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		spec, err := plan.DecodeSpec(c.Spec)
		if err != nil {
			return nil, err
		}
		for _, text := range spec.Texts {
			if text.Short != nil && text.Short.Template != nil && text.Short.Template.ID == t.ID {
				uses = append(uses, view.TemplateUse{
					Campaign: c.Name, Channel: text.Channel, Owner: spec.Owner, Team: spec.Team, Staged: c.Staged, Other: text.Short.Text != t.Text,
				})
			}
		}
	}
	return uses, nil
}

func newTemplateLearn(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "learn FILE", Short: e.say("cmd.template-learn.short", nil), Example: examples("notify template learn texts.txt", ""),
		Args: oneArg(words.T("cmd.arg.texts", nil), "notify template learn texts.txt"),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := inuse.ReadFile(args[0])
			if err != nil {
				return err
			}
			return view.ShowLearned(e.printer(), e.flags.json, template.Learn(strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")))
		},
	}
}

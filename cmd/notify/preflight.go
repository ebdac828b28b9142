package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"notify/pkg/campaign"
	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/outfile"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/report"
	"notify/pkg/view"
)

type preflightOptions struct {
	list     string
	show     int
	problems string
	offline  bool
	spread   bool
	output   string
	partOptions
	// checklist is the campaign's, read beside it; sending says that a send follows, by sender.
	checklist *checklist.Checklist
	sending   bool
	sender    checklist.Sender
}

func newPreflight(e *env, run func(context.Context, preflightOptions) error) *cobra.Command {
	var o preflightOptions
	if run == nil {
		run = func(ctx context.Context, o preflightOptions) error { return runPreflight(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "preflight LIST",
		Short: "Prove beforehand that a campaign will get through; send nothing",
		Long: `Check everything that would stop or spoil the campaign: the list, the texts, money, quota, capacity, accounts,
environment, ledger. One line for each check, with the figures; for what did not pass, what to do. Ends with the plan.
Nothing is sent.`,
		Example: `  notify preflight award.xlsx
  notify preflight award.xlsx --show 12          what row 12 will read
  notify preflight award.xlsx --problems p.xlsx  every problem of the list, in a file
  notify preflight award.xlsx -o preflight.html  a page for the people who must sign`,
		Args: oneArg("a list", "notify preflight award.xlsx"),
		RunE: func(c *cobra.Command, args []string) error {
			o.list = args[0]
			if o.output != "" && filepath.Ext(o.output) != ".html" {
				return usage("notify preflight "+o.list+" -o preflight.html", "the result is written as a page: %s should end in .html", o.output)
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "", "write the result, with the checklist, as one page to this `FILE` (.html)")
	o.partFlags(f)
	f.IntVar(&o.show, "show", 0, "show the messages of this `ROW` instead")
	f.StringVar(&o.problems, "problems", "", "write every problem of the list to this `FILE` (.csv or .xlsx)")
	f.BoolVar(&o.offline, "offline", false, "ask no vendor")
	f.BoolVar(&o.spread, "spread", false, "accept that the campaign is spread over several days, as quota and window allow")
	return c
}

func runPreflight(ctx context.Context, e *env, o preflightOptions) error {
	if o.show > 0 {
		return runShow(ctx, e, o)
	}
	cfg, c, err := e.inputs(o.list)
	if err != nil {
		return err
	}
	if o.checklist, err = e.campaignChecklist(cfg, c); err != nil {
		return err
	}
	if o.output != "" { // before anything that takes long
		if err := outfile.Check(o.output, inputsOf(cfg, c, o.list)...); err != nil {
			return err
		}
	}
	p, err := e.planWith(ctx, cfg, c, o)
	if err != nil {
		return err
	}
	defer p.Close()
	res, err := e.check(ctx, p, cfg, o)
	if err != nil {
		return err
	}
	if o.output != "" {
		if err := e.page(o.output, cfg, res, inputsOf(cfg, c, o.list)); err != nil {
			return err
		}
	}
	if err := view.NewPreflight(e.printer(), e.flags.json).Result(res); err != nil {
		return err
	}
	return quietly(verdictCode(res))
}

// page writes the result for those who must sign, who may have no terminal.
func (e *env) page(path string, cfg *config.Config, res preflight.Result, inputs []outfile.Input) error {
	err := outfile.Write(path, func(f *os.File) error {
		return view.PreflightPage(f, res, view.Page{Zone: cfg.Timezone, Language: string(e.printer().Lang), People: cfg.Roles})
	}, inputs...)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.console.Story(), "written to %s\n", path)
	return nil
}

func verdictCode(r preflight.Result) int {
	if f, ok := r.Finding("run"); ok && f.Status == preflight.Fail {
		return exitLeased
	}
	if r.Verdict == preflight.Fail {
		return exitFailed
	}
	return exitOK
}

// inputs are the configuration and the campaign of a list.
func (e *env) inputs(listPath string) (*config.Config, *campaign.Campaign, error) {
	cfg, err := e.Config()
	if err != nil {
		return nil, nil, err
	}
	c, err := e.CampaignFile(listPath, cfg)
	return cfg, c, err
}

// planWith plans, and writes all problems of rows to a file where one is wanted.
func (e *env) planWith(ctx context.Context, cfg *config.Config, c *campaign.Campaign, o preflightOptions) (*plan.Plan, error) {
	part, err := o.part()
	if err != nil {
		return nil, err
	}
	problems := o.problems
	if problems == "" {
		return e.Plan(ctx, o.list, cfg, c, part, nil)
	}
	file, err := report.NewProblems(problems, e.printer().Words(), inputsOf(cfg, c, o.list)...)
	if errors.Is(err, report.ErrEnding) {
		return nil, usage("end the name in .csv or .xlsx", "%v", err)
	}
	if err != nil {
		return nil, err
	}
	p, err := e.Plan(ctx, o.list, cfg, c, part, func(d diag.Problem) { file.Add(d) })
	if err != nil {
		return nil, errors.Join(err, file.Discard())
	}
	n, err := file.Close()
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	fmt.Fprintf(e.console.Story(), "%d problems written to %s\n", n, problems)
	return p, nil
}

// check runs the preflight of a plan and keeps its result under the plan's digest.
func (e *env) check(ctx context.Context, p *plan.Plan, cfg *config.Config, o preflightOptions) (preflight.Result, error) {
	l, ledgerErr := e.Ledger(ctx)
	vs, errs := e.Vendors(cfg, p.Spec.Channels())
	subject := &preflight.Subject{
		Plan: p, Config: cfg, LedgerErr: ledgerErr, Vendors: vs, VendorErrs: errs, Now: e.now, Offline: o.offline,
		Spread: o.spread, List: o.list, Checklist: o.checklist, Sending: o.sending, Sender: o.sender,
	}
	if ledgerErr == nil {
		subject.Ledger = l
		subject.Alive = alive(ctx, l, p.Spec.Name)
	}
	res := preflight.Run(ctx, subject, preflight.All())
	if err := ctx.Err(); err != nil {
		return res, err
	}
	if ledgerErr == nil {
		return res, e.remember(ctx, l, res)
	}
	return res, nil
}

// alive tells whether the process of a campaign's run is there; nil where only its lease can.
func alive(ctx context.Context, l ledger.Ledger, campaign string) func(ledger.Run) bool {
	w, ok := l.(ledger.Watcher)
	if !ok {
		return nil
	}
	return func(r ledger.Run) bool {
		runs, err := w.AtWork(ctx, campaign)
		return err != nil || slices.ContainsFunc(runs, func(a ledger.Run) bool { return a.ID == r.ID })
	}
}

// remember keeps a result under the digest that it was made for.
func (e *env) remember(ctx context.Context, l ledger.Operators, res preflight.Result) error {
	b, err := json.Marshal(res)
	if err != nil {
		return fmt.Errorf("keep the preflight result: %w", err)
	}
	return l.SaveCheck(ctx, ledger.Check{
		Campaign: res.Campaign, Digest: res.Digest, Verdict: string(res.Verdict), Result: b, At: res.At, Who: e.Act("preflight", "").Who,
	})
}

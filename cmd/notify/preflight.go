package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/campaign"
	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/outfile"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/query"
	"notify/pkg/receivers"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
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
	// emergency lets accounts of the other class stand in.
	emergency bool
}

func newPreflight(e *env, run func(context.Context, preflightOptions) error) *cobra.Command {
	var o preflightOptions
	if run == nil {
		run = func(ctx context.Context, o preflightOptions) error { return runPreflight(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "preflight LIST",
		Short: e.say("cmd.preflight.short", nil),
		Long:  e.say("cmd.preflight.long", nil),
		Example: examples(
			"notify preflight award.xlsx", "",
			"notify preflight award.xlsx --show 12", e.say("cmd.preflight.example-1", nil),
			"notify preflight award.xlsx --problems p.xlsx", e.say("cmd.preflight.example-2", nil),
			"notify preflight award.xlsx -o preflight.html", e.say("cmd.preflight.example-3", nil),
		),
		Args: oneArg(aList(), "notify preflight award.xlsx"),
		RunE: func(c *cobra.Command, args []string) error {
			o.list = args[0]
			if o.output != "" && filepath.Ext(o.output) != ".html" {
				return usage(words.Err("cmd.error.not-html", words.A{"file": o.output}).
					Do("cmd.do.for-example", words.A{"command": "notify preflight " + words.Typed(o.list) + " -o preflight.html"}))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "", e.say("cmd.preflight.flag-output", nil))
	o.partFlags(e, f)
	f.IntVar(&o.show, "show", 0, e.say("cmd.preflight.flag-show", nil))
	f.StringVar(&o.problems, "problems", "", e.say("cmd.preflight.flag-problems", nil))
	f.BoolVar(&o.offline, "offline", false, e.say("cmd.preflight.flag-offline", nil))
	f.BoolVar(&o.spread, "spread", false, e.say("cmd.preflight.flag-spread", nil))
	return c
}

func runPreflight(ctx context.Context, e *env, o preflightOptions) error {
	if o.show > 0 {
		return runShow(ctx, e, o)
	}
	cfg, c, err := e.inputs(ctx, o.list)
	if err != nil {
		return err
	}
	if o.checklist, err = e.campaignChecklist(cfg, c); err != nil {
		return err
	}
	if o.output != "" { // before anything that takes long
		if err := outfile.Check(ctx, o.output, inputsOf(cfg, c, o.list)...); err != nil {
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
		if err := e.page(ctx, o, cfg, c, res); err != nil {
			return err
		}
	}
	if err := view.NewPreflight(e.printer(), e.flags.json).Result(res); err != nil {
		return err
	}
	return quietly(verdictCode(res))
}

// page writes the result for those who must sign, who may have no terminal.
func (e *env) page(ctx context.Context, o preflightOptions, cfg *config.Config, c *campaign.Campaign, res preflight.Result) error {
	path := o.output
	texts, err := e.someRows(ctx, o.list, cfg, c, res.Plan.People)
	if err != nil {
		return err
	}
	err = outfile.Write(ctx, path, func(f *os.File) error {
		return view.PreflightPage(f, res, view.Page{
			Zone: cfg.Timezone, Language: string(e.printer().Lang), People: cfg.Roles, Owner: c.Owner, Team: c.Team, Texts: texts,
		})
	}, inputsOf(cfg, c, o.list)...)
	if err != nil {
		return err
	}
	e.tell("cmd.line.written", words.A{"file": path})
	return nil
}

func verdictCode(r preflight.Result) int {
	if f, ok := r.Finding("run"); ok && f.Status == preflight.Fail {
		return exit.Leased
	}
	if r.Verdict == preflight.Fail {
		return exit.Failed
	}
	return exit.OK
}

// inputs are the configuration and the campaign of a list.
func (e *env) inputs(ctx context.Context, listPath string) (*config.Config, *campaign.Campaign, error) {
	cfg, err := e.Config()
	if err != nil {
		return nil, nil, err
	}
	if missing(listPath) {
		if c, err := e.fromQuery(ctx, listPath, cfg); c != nil || err != nil {
			return cfg, c, err
		}
	}
	if err := aFile(listPath); err != nil {
		return nil, nil, err
	}
	c, err := e.CampaignFile(listPath, cfg)
	if err == nil {
		e.olderThanItsQuery(listPath, c)
	}
	return cfg, c, err
}

// olderThanItsQuery says that a query was changed after the list was made of it: the list stays, also one that cannot be used.
func (e *env) olderThanItsQuery(listPath string, c *campaign.Campaign) {
	made, err := os.Stat(listPath)
	if err != nil || c.List.Query == "" {
		return
	}
	if changed, err := os.Stat(c.List.Query); err == nil && changed.ModTime().After(made.ModTime()) {
		e.tell("cmd.line.list-older", words.A{"list": listPath, "query": filepath.Base(c.List.Query), "at": made.ModTime()})
	}
}

// fromQuery makes a list that is not there of its campaign's query. Without a campaign, or with one that has no query, there is none: nil.
func (e *env) fromQuery(ctx context.Context, listPath string, cfg *config.Config) (*campaign.Campaign, error) {
	if _, err := campaign.Find(listPath); err != nil && e.flags.campaign == "" {
		return nil, nil // who asks says that the list is not there
	}
	c, err := e.CampaignFile(listPath, cfg)
	if err != nil || c.List.Query == "" {
		return nil, err
	}
	rows, err := query.Query{File: c.List.Query, Database: c.List.Database}.Freeze(ctx, listPath)
	if err != nil {
		return nil, &ending{code: exit.Failed, err: err}
	}
	e.tell("cmd.line.list-made", words.A{"list": listPath, "rows": rows, "query": filepath.Base(c.List.Query), "database": postgres.Redacted(c.List.Database)})
	return c, nil
}

// aFile refuses a list that is not there, and names one of the same folder that was probably meant.
func aFile(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return usage(words.Err("cmd.error.list-is-folder", words.A{"list": path}).Do("cmd.do.list-file", nil))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil // what else is wrong with it is said by who reads it
	}
	var names []string
	if entries, err := os.ReadDir(filepath.Dir(path)); err == nil {
		for _, entry := range entries {
			if !entry.IsDir() {
				names = append(names, entry.Name())
			}
		}
	}
	meant := diag.Nearest(filepath.Base(path), names)
	if meant != "" {
		meant = words.Typed(filepath.Join(filepath.Dir(path), meant))
	}
	return usage(near(words.Err("cmd.error.no-list", words.A{"list": path}), meant, words.T("cmd.do.list-file", nil)))
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
	file, err := report.NewProblems(ctx, problems, e.printer().Words(), inputsOf(cfg, c, o.list)...)
	if errors.Is(err, report.ErrEnding) {
		return nil, usage(words.Err("cmd.error.problems-ending", words.A{"file": problems}).Do("cmd.do.list-ending", nil))
	}
	if err != nil {
		return nil, err
	}
	p, err := e.Plan(ctx, o.list, cfg, c, part, func(d diag.Problem) { file.Add(d) })
	if err != nil {
		return nil, errors.Join(err, file.Discard())
	}
	n, err := file.Close(ctx)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	e.tell("cmd.line.problems", words.A{"n": n, "file": problems})
	return p, nil
}

// check runs the preflight of a plan and keeps its result under the plan's digest.
func (e *env) check(ctx context.Context, p *plan.Plan, cfg *config.Config, o preflightOptions) (preflight.Result, error) {
	l, ledgerErr := e.Ledger(ctx)
	vs, errs := e.Vendors(cfg, p.Spec.Channels())
	rules, err := receivers.Read(cfg.Receivers)
	if err != nil {
		return preflight.Result{}, err
	}
	subject := &preflight.Subject{
		Plan: p, Config: cfg, LedgerErr: ledgerErr, Vendors: vs, VendorErrs: errs, Receivers: rules, Now: e.now, Offline: o.offline,
		Spread: o.spread, List: o.list, Checklist: o.checklist, Sending: o.sending, Sender: o.sender, Emergency: o.emergency,
	}
	if ledgerErr == nil {
		if err := notMoved(ctx, l); err != nil {
			return preflight.Result{}, err
		}
		subject.Ledger = l
		subject.Alive = alive(ctx, l, p.Spec.Name, e.now)
	}
	subject.Elsewhere, subject.ElsewhereErr = e.credentials(ctx, cfg, subject.Ledger)
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
func alive(ctx context.Context, l ledger.Ledger, campaign string, now func() time.Time) func(ledger.Run) bool {
	w, ok := l.(ledger.Watcher)
	if !ok {
		return nil
	}
	return func(r ledger.Run) bool {
		runs, err := w.AtWork(ctx, campaign, now())
		return err != nil || slices.ContainsFunc(runs, func(a ledger.Run) bool { return a.ID == r.ID })
	}
}

// remember keeps a result under the digest that it was made for.
func (e *env) remember(ctx context.Context, l ledger.Operators, res preflight.Result) error {
	b, err := json.Marshal(res)
	if err != nil {
		return words.Wrap(err, "cmd.error.keep", nil)
	}
	return l.SaveCheck(ctx, ledger.Check{
		Campaign: res.Campaign, Digest: res.Digest, Verdict: string(res.Verdict), Result: b, At: res.At, Who: e.Act("preflight", "").Who,
	})
}

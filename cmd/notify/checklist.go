package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"notify/checklists"
	"notify/pkg/campaign"
	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
)

type checklistOptions struct {
	campaign, item  string
	checklist, list string
	evidence, note  string
	reason          string
	signing         signing
}

func newChecklist(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "checklist",
		Short: e.say("cmd.checklist.short", nil),
		Long:  e.say("cmd.checklist.long", nil),
	}
	return e.group(c, newChecklistShow(e, nil), newChecklistSign(e, nil), newChecklistRevoke(e, nil))
}

func newChecklistShow(e *env, run func(context.Context, checklistOptions) error) *cobra.Command {
	var o checklistOptions
	if run == nil {
		run = func(ctx context.Context, o checklistOptions) error { return runChecklistShow(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "show [CAMPAIGN]",
		Short: e.say("cmd.checklist-show.short", nil),
		Example: examples(
			"notify checklist show", e.say("cmd.checklist-show.example-1", nil),
			"notify checklist show award-2020", "",
			"notify checklist show award-2020 --checklist incident", e.say("cmd.checklist-show.example-2", nil),
		),
		Args: upToOne(aCampaign()),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = first(args)
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.checklist, "checklist", "", e.say("cmd.checklist-show.flag-checklist", nil))
	return c
}

func newChecklistSign(e *env, run func(context.Context, checklistOptions) error) *cobra.Command {
	var o checklistOptions
	if run == nil {
		run = func(ctx context.Context, o checklistOptions) error { return runChecklistSign(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "sign CAMPAIGN ITEM",
		Short: e.say("cmd.checklist-sign.short", nil),
		Example: examples(
			"notify checklist sign award-2020 texts-read --as li", "",
			"notify checklist sign award-2020 law-checked --as liu --evidence approval.pdf", "",
			"notify checklist sign award-2020 texts-read --as li --key ~/.ssh/id_ed25519", "",
			`notify checklist sign award-2020 timers-known --as chen --note `+quoted(e.say("cmd.example.timer-off", nil))+` --list award.xlsx`, "",
		),
		Args: itemArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign, o.item = args[0], args[1]
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.evidence, "evidence", "", e.say("cmd.checklist-sign.flag-evidence", nil))
	f.StringVar(&o.note, "note", "", e.say("cmd.checklist-sign.flag-note", nil))
	f.StringVar(&o.list, "list", "", e.say("cmd.checklist-sign.flag-list", nil))
	f.StringVar(&o.checklist, "checklist", "", e.say("cmd.checklist-sign.flag-checklist", nil))
	f.StringVar(&o.signing.key, "key", "", e.say("cmd.checklist-sign.flag-key", nil))
	f.StringVar(&o.signing.statement, "statement", "", e.say("cmd.checklist-sign.flag-statement", nil))
	f.StringVar(&o.signing.signature, "signature", "", e.say("cmd.checklist-sign.flag-signature", nil))
	c.MarkFlagsMutuallyExclusive("key", "statement", "signature")
	return c
}

func newChecklistRevoke(e *env, run func(context.Context, checklistOptions) error) *cobra.Command {
	var o checklistOptions
	if run == nil {
		run = func(ctx context.Context, o checklistOptions) error { return runChecklistRevoke(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "revoke CAMPAIGN ITEM --reason WHY",
		Short: e.say("cmd.checklist-revoke.short", nil),
		Example: examples(
			`notify checklist revoke award-2020 texts-read --as li --reason `+quoted(e.say("cmd.example.amount-wrong", nil)), "",
		),
		Args: itemArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign, o.item = args[0], args[1]
			if o.reason == "" {
				return usage(words.Err("cmd.error.reason", words.A{"command": c.CommandPath()}).Do("cmd.do.reason", nil))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.reason, "reason", "", e.say("cmd.checklist-revoke.flag-reason", nil))
	f.StringVar(&o.checklist, "checklist", "", e.say("cmd.checklist-revoke.flag-checklist", nil))
	return c
}

func itemArgs(c *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usage(words.Err("cmd.error.item-arguments", words.A{"command": c.CommandPath(), "n": len(args)}).Do("cmd.do.items", words.A{"campaign": "CAMPAIGN"}))
	}
	return nil
}

// checklists is where checklists are read from; files are relative to dir.
func (e *env) checklists(cfg *config.Config, dir string) checklist.Source {
	s := checklist.Source{Shipped: checklists.FS(), Dir: dir}
	for _, c := range preflight.All() {
		s.Checks = append(s.Checks, c.ID)
	}
	for role := range cfg.Roles {
		s.Roles = append(s.Roles, role)
	}
	return s
}

// campaignChecklist is the checklist that the campaign file names; nil where it names none.
func (e *env) campaignChecklist(cfg *config.Config, c *campaign.Campaign) (*checklist.Checklist, error) {
	if c.Checklist == "" {
		return nil, nil // no checklist is an answer
	}
	return e.checklists(cfg, filepath.Dir(c.Path)).Load(c.Checklist)
}

func runChecklistShow(ctx context.Context, e *env, o checklistOptions) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	source := e.checklists(cfg, "")
	switch {
	case o.campaign == "" && o.checklist == "":
		var all []*checklist.Checklist
		for _, name := range source.Names() {
			c, err := source.Load(name)
			if err != nil {
				return err
			}
			all = append(all, c)
		}
		return view.ShowChecklists(e.printer(), e.flags.json, all)
	case o.campaign == "":
		c, err := source.Load(o.checklist)
		if err != nil {
			return err
		}
		return view.ShowItems(e.printer(), e.flags.json, c)
	}
	s, err := e.sheet(ctx, o)
	if err != nil {
		return err
	}
	return view.ShowChecklist(e.printer(), e.flags.json, e.drawn(s, o))
}

// drawn is a checklist with what a screen shows beside it.
func (e *env) drawn(s *preflight.Sheet, o checklistOptions) view.Checklist {
	return view.Checklist{
		Campaign: s.Result.Campaign, List: s.Result.Plan.List, Checked: s.Result.At, Verdict: s.Result.Verdict, Fails: s.Result.Fails(), State: s.State, People: e.cfg.Roles,
		Beside: o.checklist,
	}
}

// sheet is a campaign's checklist as it stands, or the one that was asked for.
func (e *env) sheet(ctx context.Context, o checklistOptions) (*preflight.Sheet, error) {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return nil, err
	}
	var beside *checklist.Checklist
	if o.checklist != "" {
		if beside, err = e.checklists(cfg, "").Load(o.checklist); err != nil {
			return nil, err
		}
	}
	s, err := preflight.SheetOf(ctx, l, o.campaign, o.item, beside, cfg.Signers(), e.now().In(cfg.Timezone))
	switch {
	case errors.Is(err, ledger.ErrNoCheck):
		return nil, usage(words.Err("cmd.error.no-preflight", words.A{"campaign": o.campaign}).Do("cmd.do.preflight-first", nil))
	case errors.Is(err, preflight.ErrNoChecklist):
		return nil, usage(words.Err("cmd.error.no-checklist", words.A{"campaign": o.campaign}).Do("cmd.do.name-checklist", nil))
	}
	return s, err
}

func runChecklistSign(ctx context.Context, e *env, o checklistOptions) error {
	s, err := e.sheet(ctx, o)
	if err != nil {
		return err
	}
	item, name, err := e.mayTouch(s, o)
	if err != nil {
		return err
	}
	proof, err := proofOf(o.evidence, o.note)
	if err != nil {
		return err
	}
	if !proof.Meets(item.Evidence) {
		return usage(words.Err("cmd.error.evidence", words.A{"item": item.ID, "evidence": words.Of("cmd.evidence", item.Evidence)}).Do("cmd.do.evidence", nil))
	}
	if o.list != "" {
		if err := e.sameList(ctx, o.list, s.Result); err != nil {
			return err
		}
	}
	if o.signing.statement == "" {
		if err := e.agree(ctx, view.SignQuestion(e.printer(), e.drawn(s, o), item, name), item.ID); err != nil {
			return err
		}
	}
	act := e.Act("sign "+item.ID+" as "+name, o.note)
	off := s.SignOff(item, name, act)
	act.Said = because(words.T("act.why-signed", words.A{"digest": off.Digest[:min(12, len(off.Digest))]}), o.note)
	if proof != nil {
		if off.Evidence, err = json.Marshal(proof); err != nil {
			return words.Wrap(err, "cmd.error.keep", nil)
		}
	}
	if o.signing.statement != "" {
		return e.state(&off, o)
	}
	if err := e.withKey(ctx, &off, o.signing); err != nil {
		return err
	}
	if _, err := e.ledger.SignOff(ctx, off, act); err != nil {
		return err
	}
	if s, err = e.sheet(ctx, o); err != nil {
		return err
	}
	return e.did("checklist-sign", view.Signed(e.drawn(s, o), item.ID, name), map[string]any{
		"campaign": o.campaign, "item": item.ID, "role": item.Role, "name": name, "who": act.Who, "digest": off.Digest,
		"open": len(s.State.Open(item.Phase)),
	})
}

// mayTouch finds the item, and the person who signs or revokes it among those who may.
func (e *env) mayTouch(s *preflight.Sheet, o checklistOptions) (*checklist.Item, string, error) {
	item := s.List.Item(o.item)
	if item == nil {
		said := words.Err("cmd.error.no-item", words.A{"checklist": s.List.Name, "item": o.item})
		return nil, "", usage(near(said, diag.Nearest(o.item, s.List.IDs()), words.T("cmd.do.items", words.A{"campaign": words.Typed(o.campaign)})))
	}
	if s.Line(item.ID).Status == checklist.Proven {
		return nil, "", usage(words.Err("cmd.error.proven-item", words.A{"item": item.ID, "check": item.Check}).Do("cmd.do.proven-item", nil))
	}
	name := e.as()
	if name == "" {
		name, _ = e.who()
	}
	people := checklist.People(e.cfg.Roles)
	known, ok := people.May(item.Role, name)
	if !ok && len(people[item.Role]) == 0 {
		return nil, "", usage(words.Err("cmd.error.no-signer", words.A{"item": item.ID, "role": checklist.RoleWord(item.Role)}).
			Do("cmd.do.roles", words.A{"roles": fmt.Sprintf("roles: {%s: [%s]}", item.Role, name), "file": config.FileName}))
	}
	if !ok {
		return nil, "", usage(words.Err("cmd.error.not-signer", words.A{"item": item.ID, "role": checklist.RoleWord(item.Role), "name": name}).
			Do("cmd.do.signers", words.A{"role": checklist.RoleWord(item.Role), "names": words.Names(people[item.Role], 0)}))
	}
	return item, known, nil
}

// sameList refuses to sign for another list than the one that the preflight saw.
func (e *env) sameList(ctx context.Context, path string, res *preflight.Result) error {
	cfg, c, err := e.inputs(ctx, path)
	if err != nil {
		return err
	}
	p, err := e.Plan(ctx, path, cfg, c, plan.Part{}, nil)
	if err != nil {
		return err
	}
	defer p.Close()
	if p.Digest == res.Digest {
		return nil
	}
	now := preflight.Result{Scopes: p.Digests.Scopes(), Terms: plan.Terms(cfg, p)}
	return usage(words.Err("cmd.error.other-list", words.A{
		"list": path, "campaign": res.Campaign, "changes": words.Texts(words.Sentences, preflight.Compare(res, &now)...),
	}).Do("cmd.do.sign-again", words.A{"list": words.Typed(path)}))
}

func runChecklistRevoke(ctx context.Context, e *env, o checklistOptions) error {
	s, err := e.sheet(ctx, o)
	if err != nil {
		return err
	}
	item, name, err := e.mayTouch(s, o)
	if err != nil {
		return err
	}
	all, err := e.ledger.SignOffs(ctx, o.campaign)
	if err != nil {
		return err
	}
	var revoked []string
	for _, off := range all {
		if off.Item != item.ID || off.Revoked != nil {
			continue
		}
		act := e.Act("revoke "+item.ID+" as "+name+", signed by "+off.Name, o.reason)
		if err := e.ledger.Revoke(ctx, off.ID, act); err != nil {
			return err
		}
		revoked = append(revoked, off.Name)
	}
	said := words.T("cmd.did.revoke-none", words.A{"item": item.ID, "campaign": o.campaign})
	if len(revoked) > 0 {
		said = words.T("cmd.did.revoke", words.A{"item": item.ID, "campaign": o.campaign, "names": words.Names(revoked, 0), "pause": "notify pause " + words.Typed(o.campaign)})
	}
	return e.did("checklist-revoke", said, map[string]any{"campaign": o.campaign, "item": item.ID, "name": name, "revoked": revoked})
}

// checklistsOf adds to statuses what is due while a campaign runs and after.
func (e *env) checklistsOf(ctx context.Context, l ledger.Ledger, ss []report.Status) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	for i := range ss {
		if ss[i].Checklist, err = preflight.StagedChecklist(ctx, l, ss[i].Campaign, cfg.Signers(), e.now().In(cfg.Timezone)); err != nil {
			return err
		}
	}
	return nil
}

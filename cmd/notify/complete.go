package main

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"notify/pkg/bill"
	"notify/pkg/channel"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/suppression"
	"notify/pkg/vendors/all"
	"notify/pkg/words"
)

// completer are the words that can stand somewhere on the command line.
type completer func(c *cobra.Command, args []string) []string

// completions lets a shell complete names: campaigns, items of their checklists, checks, states, people, and every other closed set.
func (e *env) completions(root *cobra.Command) {
	for _, path := range [][]string{{"status"}, {"resume"}, {"pause"}, {"abort"}, {"report"}, {"audit"}, {"resolve"}, {"retry"}, {"checklist", "show"}, {"ledger", "reconcile"}} {
		e.completeArgs(root, path, e.campaignNames)
	}
	e.completeArgs(root, []string{"checklist", "sign"}, e.campaignNames, e.itemNames)
	e.completeArgs(root, []string{"checklist", "revoke"}, e.campaignNames, e.itemNames)
	e.completeArgs(root, []string{"accounts", "kinds"}, fixed(all.Registry().Names()))
	e.completeArgs(root, []string{"ledger", "export"}, fixed([]string{"notify.jsonl", "notify.csv", "notify.sqlite"}), e.campaignNames)
	e.completeArgs(root, []string{"alerts", "test"}, e.targetNames)
	e.completeArgs(root, []string{"accounts", "set"}, e.accountNames)
	e.completeArgs(root, []string{"drill"}, fixed(drillNames()))
	e.completeFlag(root, []string{"send"}, "override", fixed(preflight.Overridable()))
	e.completeFlag(root, nil, "as", e.peopleNames)
	e.completeFlag(root, []string{"report"}, "state", fixed(named(message.States())))
	e.completeFlag(root, []string{"resolve"}, "as", fixed([]string{"accepted", "not-sent"}))
	for _, path := range [][]string{{"suppress", "add"}, {"suppress", "import"}} {
		e.completeFlag(root, path, "reason", fixed(named(suppression.Reasons())))
	}
	e.completeFlag(root, []string{"cost"}, "by", fixed(bill.Bys()))
	e.completeFlag(root, []string{"reconcile"}, "mapping", fixed(bill.Shipped()))
	e.completeFlag(root, []string{"suppress", "import"}, "channel", fixed(named(channel.Builtin().Names())))
	e.completeFlag(root, []string{"sandbox", "topup"}, "channel", fixed(named(channel.Builtin().Names())))
	for _, name := range []string{"show", "sign", "revoke"} {
		e.completeFlag(root, []string{"checklist", name}, "checklist", e.checklistNames)
	}
	for _, path := range [][]string{{"send"}, {"resume"}, {"watch"}, {"rehearse"}, {"receipts", "listen"}, {"receipts", "pull"}} {
		e.completeFlag(root, path, "log-level", fixed(logLevels()))
	}
	e.completeFlag(root, nil, "lang", fixed([]string{string(words.English), string(words.Chinese)}))
}

// fixed are words that do not depend on anything.
func fixed(set []string) completer {
	return func(*cobra.Command, []string) []string { return set }
}

// named are values of a closed set as words.
func named[T ~string](set []T) []string {
	names := make([]string, len(set))
	for i, v := range set {
		names[i] = string(v)
	}
	return names
}

func (e *env) completeArgs(root *cobra.Command, path []string, of ...completer) {
	c, _, err := root.Find(path)
	if err != nil || c.ValidArgsFunction != nil {
		return
	}
	c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(of) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return of[len(args)](c, args), cobra.ShellCompDirectiveNoFileComp
	}
}

func (e *env) completeFlag(root *cobra.Command, path []string, flag string, of completer) {
	c, _, err := root.Find(path)
	if err != nil {
		return
	}
	err = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return of(c, args), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		e.log.Debug("complete a flag", "flag", flag, "error", err)
	}
}

// existing is the ledger where there is one: completing makes none, and asks no server.
func (e *env) existing(c *cobra.Command) ledger.Ledger {
	cfg, err := e.Config()
	if err != nil || cfg.Ledger.Server() || missing(cfg.Ledger.File()) {
		return nil
	}
	l, err := e.Ledger(c.Context())
	if err != nil {
		return nil
	}
	return l
}

func (e *env) campaignNames(c *cobra.Command, _ []string) []string {
	l := e.existing(c)
	if l == nil {
		return nil
	}
	campaigns, err := l.Campaigns(c.Context())
	if err != nil {
		return nil
	}
	var names []string
	for _, campaign := range campaigns {
		names = append(names, campaign.Name)
	}
	return names
}

// itemNames are the items of a campaign's checklist.
func (e *env) itemNames(c *cobra.Command, args []string) []string {
	if e.existing(c) == nil {
		return nil
	}
	s, err := e.sheet(c.Context(), checklistOptions{campaign: args[0]})
	if err != nil {
		return nil
	}
	return s.List.IDs()
}

// checklistNames are the shipped checklists, and those of the installation.
func (e *env) checklistNames(*cobra.Command, []string) []string {
	cfg, err := e.Config()
	if err != nil {
		return nil
	}
	return e.checklists(cfg, "").Names()
}

// accountNames are the configured accounts.
func (e *env) accountNames(*cobra.Command, []string) []string {
	cfg, err := e.Config()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(cfg.Accounts))
}

// peopleNames are those who may sign.
func (e *env) peopleNames(*cobra.Command, []string) []string {
	cfg, err := e.Config()
	if err != nil {
		return nil
	}
	var names []string
	for _, people := range cfg.Roles {
		names = append(names, people...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (e *env) targetNames(*cobra.Command, []string) []string {
	cfg, err := e.Config()
	if err != nil {
		return nil
	}
	return cfg.AlertTargets()
}

package main

import (
	"slices"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

// completer are the words that can stand somewhere on the command line.
type completer func(c *cobra.Command, args []string) []string

// completions lets a shell complete names: campaigns, items of their checklists, checks, states, people.
func (e *env) completions(root *cobra.Command) {
	for _, path := range [][]string{{"status"}, {"resume"}, {"pause"}, {"abort"}, {"report"}, {"resolve"}, {"retry"}, {"checklist", "show"}} {
		e.completeArgs(root, path, e.campaignNames)
	}
	e.completeArgs(root, []string{"checklist", "sign"}, e.campaignNames, e.itemNames)
	e.completeArgs(root, []string{"checklist", "revoke"}, e.campaignNames, e.itemNames)
	checks := func(*cobra.Command, []string) []string { return preflight.Overridable() }
	states := func(*cobra.Command, []string) []string {
		var names []string
		for _, s := range message.States() {
			names = append(names, string(s))
		}
		return names
	}
	e.completeFlag(root, []string{"send"}, "override", checks)
	e.completeFlag(root, []string{"send"}, "as", e.peopleNames)
	e.completeFlag(root, []string{"checklist", "sign"}, "as", e.peopleNames)
	e.completeFlag(root, []string{"checklist", "revoke"}, "as", e.peopleNames)
	e.completeFlag(root, []string{"report"}, "state", states)
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

// existing is the ledger where there is one: completing makes none.
func (e *env) existing(c *cobra.Command) ledger.Ledger {
	cfg, err := e.Config()
	if err != nil || missing(cfg.Ledger) {
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
	all, err := l.Campaigns(c.Context())
	if err != nil {
		return nil
	}
	var names []string
	for _, campaign := range all {
		names = append(names, campaign.Name)
	}
	return names
}

// itemNames are the items of a campaign's checklist.
func (e *env) itemNames(c *cobra.Command, args []string) []string {
	if e.existing(c) == nil {
		return nil
	}
	s, err := e.standing(c.Context(), checklistOptions{campaign: args[0]})
	if err != nil {
		return nil
	}
	return s.list.IDs()
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

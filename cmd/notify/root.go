package main

import (
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/words"
)

// say is a sentence in the language of the screen.
func (e *env) say(id string, args words.A) string {
	if e.mute {
		return ""
	}
	return words.Printer{Lang: e.lang}.Say(words.T(id, args))
}

// tree is the commands without what is said about them, unless a shell asks for it: to say all of it takes longer than most commands, and few
// are asked for help (see explained).
func (e *env) tree(args []string) *cobra.Command {
	e.mute = !strings.HasPrefix(first(args), cobra.ShellCompRequestCmd)
	defer func() { e.mute = false }()
	return newRoot(e)
}

// explained is a command with what is said about it.
func (e *env) explained(c *cobra.Command) *cobra.Command {
	if c.Short != "" {
		return c
	}
	flags := e.flags // the new tree's begin with their defaults
	defer func() { e.flags = flags }()
	full, _, err := newRoot(e).Find(strings.Fields(c.CommandPath())[1:])
	if err != nil { // it is the same tree
		return c
	}
	return full
}

// newRoot puts the commands together, in the language of the screen.
func newRoot(e *env) *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "notify",
		Short: e.say("cmd.root.short", nil),
		Long: e.say("cmd.root.long", nil) + "\n\n" + examples(
			"notify preflight award.xlsx", e.say("cmd.root.example-preflight", nil),
			"notify send award.xlsx", e.say("cmd.root.example-send", nil),
			"notify resume", e.say("cmd.root.example-resume", nil),
		) + "\n\n" + e.say("cmd.root.long-once", nil),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          e.noSuchCommand,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			e.setup()
			e.command = c.CommandPath()
			if l := e.flags.lang; l != "" && l != "en" && l != "zh" {
				return usage(words.Err("cmd.error.lang", words.A{"lang": l}).Do("cmd.do.lang", nil))
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if version {
				return runVersion(e)
			}
			return c.Help()
		},
	}
	root.Flags().BoolVar(&version, "version", false, e.say("cmd.version.short", nil))
	e.globals(root)
	root.AddGroup(
		&cobra.Group{ID: "main", Title: e.say("cmd.group.main", nil)},
		&cobra.Group{ID: "watch", Title: e.say("cmd.group.watch", nil)},
		&cobra.Group{ID: "install", Title: e.say("cmd.group.install", nil)},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("main", newPreflight(e, nil), newChecklist(e), newSend(e, nil), newResume(e, nil))
	add("watch", newStatus(e, nil), newPause(e, nil), newAbort(e, nil), newReport(e, nil), newCost(e, nil), newReconcile(e, nil), newIncidents(e, nil), newTrace(e, nil), newPerson(e, nil), newAudit(e, nil), newResolve(e, nil), newRetry(e, nil), newReceipts(e), newSuppress(e), newWatch(e, nil), newAlerts(e))
	add("install", newInit(e, nil), newAccounts(e, nil), newVendor(e), newTemplate(e), newLedger(e), newSandbox(e, nil), newRehearse(e, nil), newDrill(e, nil),
		newVersion(e), newCompletion(e))
	help := newHelp(e)
	help.GroupID = "install"
	root.SetHelpCommand(help)
	e.describe(help)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { e.help(e.explained(c)) })
	root.SetFlagErrorFunc(e.flagError)
	e.describe(root)
	e.completions(root)
	return root
}

func (e *env) globals(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&e.flags.config, "config", "", e.say("cmd.root.flag-config", nil))
	f.StringVar(&e.flags.ledger, "ledger", "", e.say("cmd.root.flag-ledger", nil))
	f.StringVar(&e.flags.campaign, "campaign", "", e.say("cmd.root.flag-campaign", nil))
	f.BoolVar(&e.flags.json, "json", false, e.say("cmd.root.flag-json", nil))
	f.StringVar(&e.flags.as, "as", "", e.say("cmd.root.flag-as", nil))
	f.BoolVar(&e.flags.yes, "yes", false, e.say("cmd.root.flag-yes", nil))
	f.StringVar(&e.flags.lang, "lang", "", e.say("cmd.root.flag-lang", nil))
	f.BoolVar(&e.flags.noColor, "no-color", false, e.say("cmd.root.flag-no-color", nil))
	f.BoolVarP(&e.flags.quiet, "quiet", "q", false, e.say("cmd.root.flag-quiet", nil))
	f.BoolVarP(&e.flags.verbose, "verbose", "v", false, e.say("cmd.root.flag-verbose", nil))
}

// group is a command that only has others below it.
func (e *env) group(c *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	c.Args = e.noSuchCommand
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.AddCommand(subs...)
	return c
}

// oneArg wants exactly one argument and says which.
func oneArg(what words.Text, example string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(words.Err("cmd.error.one-argument", words.A{"command": c.CommandPath(), "what": what, "n": len(args)}).
				Do("cmd.do.for-example", words.A{"command": example}))
		}
		return nil
	}
}

// upToOne allows one argument.
func upToOne(what words.Text) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage(words.Err("cmd.error.up-to-one-argument", words.A{"command": c.CommandPath(), "what": what, "n": len(args)}).
				Do("cmd.do.quote", words.A{"command": c.CommandPath() + " " + words.Typed(strings.Join(args, " "))}))
		}
		return nil
	}
}

// noArgs allows none.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(words.Err("cmd.error.no-arguments", words.A{"command": c.CommandPath(), "args": strings.Join(args, " ")}).
			Do("cmd.do.help", words.A{"command": c.CommandPath()}))
	}
	return nil
}

// The words for what a command takes.
func aList() words.Text     { return words.T("cmd.arg.list", nil) }
func aCampaign() words.Text { return words.T("cmd.arg.campaign", nil) }

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

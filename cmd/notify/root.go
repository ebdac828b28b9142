package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const exitStatusHelp = `
EXIT STATUS
  0  done: everything asked for was done
  1  an error of the program or its surroundings
  2  wrong usage: flags, arguments, configuration or campaign file
  3  preflight has a FAIL: nothing was sent
  4  finished, but some messages failed or are unknown
  5  paused before the end: "notify resume" goes on
  6  another run of this campaign is alive`

// newRoot puts the commands together.
func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "notify",
		Short: "Tell many people something, each of them once",
		Long: `notify tells the people on a list something by SMS and e-mail, each of them once.

  notify preflight award.xlsx   proves beforehand that the campaign will get through
  notify send award.xlsx        sends, and records what leaves before it leaves
  notify resume                 goes on where it stopped, after any failure

Nothing is ever sent twice: what may have left and is not known is listed, and a person decides.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			e.setup()
			if l := e.flags.lang; l != "" && l != "en" && l != "zh" {
				return usage("--lang en, or --lang zh", "--lang %s is neither en nor zh", l)
			}
			return nil
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&e.flags.config, "config", "", "configuration `FILE` (default: notify.yaml here or above, $NOTIFY_CONFIG, the user's)")
	f.StringVar(&e.flags.ledger, "ledger", "", "ledger to use, in place of the configured one: a `FILE`")
	f.StringVar(&e.flags.campaign, "campaign", "", "campaign `FILE` (default: beside the list, under its name)")
	f.BoolVar(&e.flags.json, "json", false, "print the result as JSON")
	f.BoolVar(&e.flags.yes, "yes", false, "ask nothing")
	f.StringVar(&e.flags.lang, "lang", "", "language of everything that is shown, `en|zh` (default: language in notify.yaml, else that of the locale)")
	f.BoolVar(&e.flags.noColor, "no-color", false, "no colours (also: NO_COLOR)")
	f.BoolVarP(&e.flags.quiet, "quiet", "q", false, "no progress, only the result")
	f.BoolVarP(&e.flags.verbose, "verbose", "v", false, "say more on stderr")
	root.AddGroup(
		&cobra.Group{ID: "main", Title: "The main job:"},
		&cobra.Group{ID: "watch", Title: "While it runs, and after:"},
		&cobra.Group{ID: "install", Title: "Installation and rehearsal:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("main", newPreflight(e, nil), newChecklist(e), newSend(e, nil), newResume(e, nil))
	add("watch", newStatus(e, nil), newPause(e, nil), newAbort(e, nil), newReport(e, nil), newResolve(e, nil), newRetry(e, nil), newSuppress(e))
	add("install", newInit(e, nil), newAccounts(e, nil), newLedger(e), newSandbox(e, nil), newRehearse(e, nil), newDrill(e, nil), newVersion(e))
	root.SetHelpCommandGroupID("install")
	root.SetCompletionCommandGroupID("install")
	for _, c := range root.Commands() {
		describe(c)
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Sprintf("`%s --help` lists its flags", c.CommandPath()), "%s", err)
	})
	return root
}

// describe puts the exit status into the help of every command that runs.
func describe(c *cobra.Command) {
	if c.Runnable() {
		if c.Long == "" {
			c.Long = c.Short + "."
		}
		c.Long = strings.TrimRight(c.Long, "\n") + "\n" + exitStatusHelp
	}
	for _, sub := range c.Commands() {
		describe(sub)
	}
}

// oneArg wants exactly one argument and says which.
func oneArg(what, example string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("for example: "+example, "%s wants %s, and got %d arguments", c.CommandPath(), what, len(args))
		}
		return nil
	}
}

// upToOne allows one argument.
func upToOne(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage("", "%s wants at most %s, and got %d arguments", c.CommandPath(), what, len(args))
		}
		return nil
	}
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

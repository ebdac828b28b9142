package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/words"
)

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func newCompletion(e *env) *cobra.Command {
	return &cobra.Command{
		Use:       "completion " + strings.Join(shells(), "|"),
		Short:     e.say("cmd.completion.short", nil),
		ValidArgs: shells(),
		Example: examples(
			"source <(notify completion bash)", e.say("cmd.completion.example-now", nil),
			"notify completion fish > ~/.config/fish/completions/notify.fish", e.say("cmd.completion.example-ever", nil),
		),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells(), args[0]) {
				return usage(words.Err("cmd.error.shell", words.A{"shells": words.List{Items: []any{"bash", "zsh", "fish", "powershell"}, Join: words.Or}}).
					Do("cmd.do.for-example", words.A{"command": "notify completion bash"}))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			root, out := c.Root(), e.console.Out
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			}
			return root.GenPowerShellCompletionWithDesc(out)
		},
	}
}

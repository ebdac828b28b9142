package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// flagError says in words what pflag found wrong with a flag. Where there is no such command, its flags do not matter.
func (e *env) flagError(c *cobra.Command, err error) error {
	if c.HasSubCommands() {
		if none := e.noSuchCommand(c, c.Flags().Args()); none != nil {
			return none
		}
	}
	help := words.A{"command": c.CommandPath()}
	var (
		unknown *pflag.NotExistError
		empty   *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		return usage(unknownFlag(c, unknown))
	case errors.As(err, &empty):
		return usage(words.Err("cmd.error.flag-empty", words.A{"flag": dashed(empty.GetSpecifiedName())}).Do("cmd.do.help", help))
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		return usage(words.Err("cmd.error.flag-value", words.A{
			"flag": dashed(f.Name), "value": words.Typed(invalid.GetValue()), "kind": words.Of("cmd.kind", f.Value.Type()),
		}).Do("cmd.do.help", help))
	}
	return usage(words.Wrap(err, "cmd.error.flag", nil).Do("cmd.do.help", help))
}

func unknownFlag(c *cobra.Command, err *pflag.NotExistError) *words.Error {
	name := err.GetSpecifiedName()
	said := words.Err("cmd.error.flag-unknown", words.A{"command": c.CommandPath(), "flag": dashed(name)})
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return near(said, dashed(diag.Nearest(name, names)), words.T("cmd.do.help", words.A{"command": c.CommandPath()}))
}

// dashed is a flag as it is typed.
func dashed(name string) string {
	switch len(name) {
	case 0:
		return ""
	case 1:
		return "-" + name
	}
	return "--" + name
}

// noSuchCommand refuses arguments where a command is wanted.
func (e *env) noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	meant := diag.Nearest(args[0], names)
	if meant != "" {
		meant = c.CommandPath() + " " + meant
	}
	said := words.Err("cmd.error.command-unknown", words.A{"command": strings.TrimSpace(c.CommandPath() + " " + words.Typed(args[0]))})
	return usage(near(said, meant, words.T("cmd.do.commands", words.A{"command": c.CommandPath()})))
}

// near hints at what was meant, where something is near, and at what helps anyway.
func near(err *words.Error, meant string, also words.Text) *words.Error {
	if err.Hint = also; meant == "" {
		return err
	}
	return err.Do("cmd.do.near", words.A{"near": meant, "also": also})
}

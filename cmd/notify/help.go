package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"notify/pkg/exit"
	"notify/pkg/view"
	"notify/pkg/words"
)

// examples puts commands below each other, and what is said to them beside them: pairs of a command and its words.
func examples(pairs ...string) string {
	widest := 0
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			widest = max(widest, text.StringWidthWithoutEscSequences(pairs[i]))
		}
	}
	var lines []string
	for i := 0; i < len(pairs); i += 2 {
		line := "  " + pairs[i]
		if pairs[i+1] != "" {
			line += strings.Repeat(" ", widest-text.StringWidthWithoutEscSequences(pairs[i])+3) + pairs[i+1]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// describe completes a command and those below it: the flag --help in the language of the screen.
func (e *env) describe(c *cobra.Command) {
	c.Flags().BoolP("help", "h", false, e.say("cmd.root.flag-help", nil))
	c.DisableFlagsInUseLine = true
	for _, sub := range c.Commands() {
		e.describe(sub)
	}
}

// widestHelp is where long texts are wrapped.
const widestHelp = 100

// help writes what there is to say about a command: cobra's headings are English only.
func (e *env) help(c *cobra.Command) {
	width := widestHelp
	if w := e.console.Width(); w > 0 {
		width = min(width, w)
	}
	var b strings.Builder
	section := func(id, body string) {
		if body = strings.TrimRight(body, " \n"); body != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", e.say(id, nil), body)
		}
	}
	long := c.Long
	if long == "" {
		long = e.say("cmd.help.sentence", words.A{"said": c.Short})
	}
	b.WriteString(wrapped(long, width) + "\n")
	section("cmd.help.usage", e.hung(e.useLines(c)))
	section("cmd.help.examples", c.Example)
	e.commands(&b, c)
	section("cmd.help.flags", e.hung(e.flagUsages(c.LocalNonPersistentFlags())))
	if c.HasParent() {
		section("cmd.help.global-flags", e.hung(e.flagUsages(c.InheritedFlags())))
	} else {
		section("cmd.help.global-flags", e.hung(e.flagUsages(c.PersistentFlags())))
	}
	section("cmd.help.exit", e.hung(e.exitStatus()))
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s\n", e.say("cmd.do.help-of", words.A{"command": c.CommandPath()}))
	}
	fmt.Fprint(e.console.Out, b.String())
}

func (e *env) useLines(c *cobra.Command) string {
	var lines []string
	if c.HasAvailableSubCommands() {
		lines = append(lines, e.say("cmd.help.use-commands", words.A{"command": c.CommandPath()}))
	}
	if c.Runnable() && (!c.HasAvailableSubCommands() || c.HasParent() && c.Name() == "sandbox") {
		lines = append(lines, e.say("cmd.help.use-flags", words.A{"command": c.UseLine()}))
	}
	return strings.Join(lines, "\n")
}

// commands lists those below, by their groups.
func (e *env) commands(b *strings.Builder, c *cobra.Command) {
	groups := c.Groups()
	if len(groups) == 0 {
		groups = []*cobra.Group{{Title: e.say("cmd.help.commands", nil)}}
	}
	for _, g := range groups {
		var pairs []string
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && sub.GroupID == g.ID {
				pairs = append(pairs, sub.Name(), sub.Short)
			}
		}
		if len(pairs) > 0 {
			fmt.Fprintf(b, "\n%s\n%s\n", g.Title, strings.TrimRight(e.hung(examples(pairs...)), "\n"))
		}
	}
}

// exitStatus is the table of exit codes.
func (e *env) exitStatus() string {
	var lines []string
	for _, code := range exit.Codes() {
		lines = append(lines, fmt.Sprintf("  %d  %s", code, words.Printer{Lang: e.lang}.Say(exit.Meaning(code))))
	}
	return strings.Join(lines, "\n")
}

// flagUsages lists flags; how pflag says their defaults is English only, and that there is none it says, too: "[]".
func (e *env) flagUsages(f *pflag.FlagSet) string {
	return regexp.MustCompile(`(?m) \(default (.*)\)$`).ReplaceAllStringFunc(f.FlagUsages(), func(s string) string {
		value := strings.TrimSuffix(strings.TrimPrefix(s, " (default "), ")")
		if value == "[]" {
			return ""
		}
		return e.say("cmd.help.default", words.A{"value": value})
	})
}

var columnsOfHelp = regexp.MustCompile(`^( *\S.*?  +)(\S.*)$`)

// hung folds what stands in two columns below its second one, on a terminal; elsewhere every entry is a line.
func (e *env) hung(body string) string {
	width := e.console.Width()
	if width <= 0 {
		return body
	}
	var b strings.Builder
	p := &view.Printer{Out: &b, Terminal: true, Width: width}
	for line := range strings.SplitSeq(body, "\n") {
		if m := columnsOfHelp.FindStringSubmatch(line); m != nil {
			p.Wrapped(m[1], m[2])
		} else {
			p.Wrapped("  ", strings.TrimSpace(line))
		}
	}
	_ = p.Flush() // a builder takes everything
	return b.String()
}

// wrapped folds paragraphs; lines that begin with a blank stay as they are.
func wrapped(said string, width int) string {
	var b strings.Builder
	p := &view.Printer{Out: &b, Terminal: true, Width: width}
	for line := range strings.SplitSeq(said, "\n") {
		if strings.HasPrefix(line, " ") {
			p.Line("%s", line)
		} else {
			p.Wrapped("", line)
		}
	}
	_ = p.Flush() // a builder takes everything
	return strings.TrimRight(b.String(), "\n")
}

// quoted is a reason as it is typed.
func quoted(reason string) string { return `"` + reason + `"` }

type helpOptions struct {
	command []string
	man     string
}

func newHelp(e *env) *cobra.Command {
	var o helpOptions
	c := &cobra.Command{
		Use:   "help [COMMAND]",
		Short: e.say("cmd.help.short", nil),
		Example: examples(
			"notify help send", "",
			"notify help --man ./man", e.say("cmd.help.example-man", nil),
		),
		RunE: func(c *cobra.Command, args []string) error {
			o.command = args
			return runHelp(e, c.Root(), o)
		},
	}
	c.Flags().StringVar(&o.man, "man", "", e.say("cmd.help.flag-man", nil))
	return c
}

func runHelp(e *env, root *cobra.Command, o helpOptions) error {
	root = e.explained(root)
	if o.man != "" {
		return e.manual(root, o.man)
	}
	c, left, err := root.Find(o.command)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return e.noSuchCommand(c, left)
	}
	return c.Help()
}

// manual writes a page for every command, as man reads them.
func (e *env) manual(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return words.Wrap(err, "cmd.error.make-folder", words.A{"folder": dir})
	}
	e.exitInLong(root)
	pages, err := e.manPages(root, dir)
	if err != nil {
		return words.Wrap(err, "cmd.error.write", words.A{"file": dir})
	}
	return e.did("help", words.T("cmd.did.manual", words.A{"n": pages, "folder": dir, "command": "man -l " + words.Typed(filepath.Join(dir, "notify.1"))}),
		map[string]any{"folder": dir, "pages": pages})
}

// manPages writes the page of a command, and of those below it; cobra's headings are English only.
func (e *env) manPages(c *cobra.Command, dir string) (n int, err error) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			pages, err := e.manPages(sub, dir)
			if n += pages; err != nil {
				return n, err
			}
		}
	}
	now := e.now()
	c.DisableAutoGenTag = true
	var page bytes.Buffer
	if err := doc.GenMan(c, &doc.GenManHeader{Section: "1", Source: "notify " + version, Manual: "notify", Date: &now}, &page); err != nil {
		return n, err
	}
	head := func(english, id string) []string {
		return []string{".SH " + english + "\n", ".SH " + e.say(id, nil) + "\n"}
	}
	said := strings.NewReplacer(slices.Concat(
		head("NAME", "cmd.man.name"), head("SYNOPSIS", "cmd.man.synopsis"), head("DESCRIPTION", "cmd.man.description"),
		head("OPTIONS", "cmd.man.options"), head("OPTIONS INHERITED FROM PARENT COMMANDS", "cmd.man.inherited"),
		head("EXAMPLE", "cmd.man.example"), head("SEE ALSO", "cmd.man.also"))...).Replace(page.String())
	name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
	return n + 1, os.WriteFile(filepath.Join(dir, name), []byte(said), 0o600)
}

// exitInLong puts the exit codes into the pages, as help does.
func (e *env) exitInLong(c *cobra.Command) {
	if c.Long == "" {
		c.Long = e.say("cmd.help.sentence", words.A{"said": c.Short})
	}
	var lines []string
	for _, code := range exit.Codes() {
		lines = append(lines, fmt.Sprintf("%d: %s", code, words.Printer{Lang: e.lang}.Say(exit.Meaning(code))))
	}
	c.Long += "\n\n" + e.say("cmd.help.exit", nil) + "\n\n" + strings.Join(lines, "\n\n")
	for _, sub := range c.Commands() {
		e.exitInLong(sub)
	}
}

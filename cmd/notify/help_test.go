package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/words"
)

// helpOf is the help of every command in a language, by its path.
func helpOf(t *testing.T, lang words.Language) map[string]string {
	t.Helper()
	var out bytes.Buffer
	e := newEnv(strings.NewReader(""), &out, &out, func(string) string { return "" }, time.Now)
	e.lang = lang
	said := make(map[string]string)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		out.Reset()
		e.help(c)
		said[c.CommandPath()] = out.String()
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(e))
	return said
}

func TestHelpIsWholeInBothLanguages(t *testing.T) {
	en, zh := helpOf(t, words.English), helpOf(t, words.Chinese)
	id := regexp.MustCompile(`\b(?:cmd|exit)\.[a-z]`)
	// What is typed stays: commands, flags, names of files, what stands for a value, ids and states.
	typed := regexp.MustCompile("`[^`]*`|(?m)^  (?:source <\\(notify|notify).*?(?:   |$)|--?[a-z][a-z-]*|[A-Z]{2,}[A-Z-]*|[a-z0-9_.-]*\\.(?:yaml|xlsx|csv|json|html|txt)|https?://\\S*")
	english := regexp.MustCompile(`[A-Za-z]{3,} [A-Za-z]{2,} [A-Za-z]{2,}`)
	for path, said := range en {
		if id.MatchString(said) || id.MatchString(zh[path]) {
			t.Errorf("%s has a sentence that is not in the catalogue", path)
		}
		if !strings.Contains(said, "EXIT STATUS") || !strings.Contains(zh[path], "退出码") {
			t.Errorf("%s does not say its exit codes", path)
		}
		if left := english.FindAllString(typed.ReplaceAllString(zh[path], "|"), -1); len(left) > 0 {
			t.Errorf("%s in Chinese has %q", path, left)
		}
	}
	if len(en) < 30 || len(zh) != len(en) {
		t.Errorf("there are %d and %d commands", len(en), len(zh))
	}
}

package words

import (
	"embed"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

//go:embed catalogue/*.yaml
var files embed.FS

// catalogue is the sentences of one language. A command says a few hundred of them, so each is parsed when it is first said:
// all of them at every start would take longer than most commands.
type catalogue struct {
	name      string // of a file of the language, which tells the library how to read an entry
	bundle    *i18n.Bundle
	localizer *i18n.Localizer
	entries   map[string]string // by id: its lines in the files

	mu   sync.Mutex
	said map[string]bool // by id, of those that were parsed: whether it has plural forms
}

// The catalogues are taken apart when the first sentence of their language is made, once: a program speaks one language, and
// what it does not speak costs nothing.
//
//nolint:gochecknoglobals // embedded text that never changes, taken apart once
var (
	english = sync.OnceValue(func() *catalogue { return mustRead(English) })
	chinese = sync.OnceValue(func() *catalogue { return mustRead(Chinese) })
)

func catalogueOf(l Language) *catalogue {
	if l == Chinese {
		return chinese()
	}
	return english()
}

func mustRead(l Language) *catalogue {
	c, err := read(l)
	if err != nil {
		panic(err) //nolint:forbidigo // the embedded files are held to their form by a test
	}
	return c
}

func read(l Language) (*catalogue, error) {
	bundle := i18n.NewBundle(language.Make(string(l)))
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	c := &catalogue{
		name: "entry." + string(l) + ".yaml", bundle: bundle, localizer: i18n.NewLocalizer(bundle, string(l)),
		entries: make(map[string]string), said: make(map[string]bool),
	}
	paths, err := fs.Glob(files, "catalogue/*."+string(l)+".yaml")
	if err != nil {
		return nil, fmt.Errorf("find the sentences of %s: %w", l, err)
	}
	for _, path := range paths {
		text, err := files.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		for id, entry := range entriesOf(string(text)) {
			if _, twice := c.entries[id]; twice {
				return nil, fmt.Errorf("read %s: %s stands there twice, or in another file too", path, id)
			}
			c.entries[id] = entry
		}
	}
	return c, nil
}

// entriesOf are the entries of a catalogue file: each begins with its id at the left margin.
func entriesOf(text string) iter.Seq2[string, string] {
	return func(yield func(id, entry string) bool) {
		begins := func(line string) bool { return line != "" && !strings.ContainsRune(" \t\r\n#", rune(line[0])) }
		id, entry := "", 0
		for at := 0; at < len(text); {
			line := text[at:]
			if end := strings.IndexByte(line, '\n'); end >= 0 {
				line = line[:end+1]
			}
			if begins(line) {
				if id != "" && !yield(id, text[entry:at]) {
					return
				}
				id, _, _ = strings.Cut(line, ":")
				entry = at
			}
			at += len(line)
		}
		if id != "" {
			yield(id, text[entry:])
		}
	}
}

// has reports whether there is such a sentence.
func (c *catalogue) has(id string) bool {
	_, ok := c.entries[id]
	return ok
}

// say executes the template of an id; n chooses among its plural forms.
func (c *catalogue) say(id string, args map[string]string, n any) (string, bool) {
	entry, ok := c.entries[id]
	if !ok {
		return "", false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	plural, parsed := c.said[id]
	if !parsed {
		f, err := c.bundle.ParseMessageFileBytes([]byte(entry), c.name)
		if err != nil || len(f.Messages) != 1 {
			return "", false
		}
		plural = f.Messages[0].One != ""
		c.said[id] = plural
	}
	config := i18n.LocalizeConfig{MessageID: id, TemplateData: args}
	if plural && n != nil {
		config.PluralCount = n
	}
	said, err := c.localizer.Localize(&config)
	return said, err == nil
}

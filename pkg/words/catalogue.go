package words

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

//go:embed catalogue/*.yaml
var files embed.FS

// catalogue is the sentences of one language.
type catalogue struct {
	localizer *i18n.Localizer
	plural    map[string]bool // by id: whether it has plural forms
}

// The catalogues are read when the first sentence of their language is made, once: a program speaks one language, and what
// it does not speak costs nothing.
//
//nolint:gochecknoglobals // embedded text that never changes, parsed once
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
	tag := language.Make(string(l))
	bundle := i18n.NewBundle(tag)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	paths, err := fs.Glob(files, "catalogue/*."+string(l)+".yaml")
	if err != nil {
		return nil, fmt.Errorf("find the sentences of %s: %w", l, err)
	}
	c := &catalogue{plural: make(map[string]bool)}
	for _, path := range paths {
		text, err := files.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		f, err := bundle.ParseMessageFileBytes(text, path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		for _, m := range f.Messages {
			if _, twice := c.plural[m.ID]; twice {
				return nil, fmt.Errorf("read %s: %s stands there twice, or in another file too", path, m.ID)
			}
			c.plural[m.ID] = m.One != ""
		}
	}
	c.localizer = i18n.NewLocalizer(bundle, string(l))
	return c, nil
}

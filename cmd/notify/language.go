package main

import (
	"strings"

	"notify/pkg/config"
	"notify/pkg/words"
)

// chosenLanguage is the language of every screen, known before the command line is read, since help and its errors are
// screens, too: --lang, else NOTIFY_LANGUAGE, else language in the configuration, else the locale.
func chosenLanguage(args []string, getenv func(string) string) words.Language {
	said, file := "", ""
	for i, a := range args {
		if a == "--" {
			break
		}
		for name, to := range map[string]*string{"--lang": &said, "--config": &file} {
			if v, ok := strings.CutPrefix(a, name+"="); ok {
				*to = v
			} else if a == name && i+1 < len(args) {
				*to = args[i+1]
			}
		}
	}
	if said == "" {
		said = getenv("NOTIFY_LANGUAGE")
	}
	if said == "" {
		said = config.PeekLanguage(config.LoadOptions{Path: file})
	}
	if l, ok := words.ParseLanguage(said); ok {
		return l
	}
	return words.OfLocale(getenv)
}

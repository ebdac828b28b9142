package main

import (
	"strings"

	"notify/pkg/config"
	"notify/pkg/words"
)

// early is what has to be known before the command line is read, since help and its errors are screens, too.
type early struct {
	lang   words.Language
	json   bool
	config string
}

// readEarly looks for --lang, --config and --json. The language is that of --lang, else of NOTIFY_LANGUAGE, else that in the
// configuration, else that of the locale.
func readEarly(args []string, getenv func(string) string) early {
	var found early
	said := ""
	for i, a := range args {
		if a == "--" {
			break
		}
		for name, to := range map[string]*string{"--lang": &said, "--config": &found.config} {
			if v, ok := strings.CutPrefix(a, name+"="); ok {
				*to = v
			} else if a == name && i+1 < len(args) {
				*to = args[i+1]
			}
		}
		found.json = found.json || a == "--json" || a == "--json=true"
	}
	if said == "" {
		said = getenv("NOTIFY_LANGUAGE")
	}
	if said == "" {
		said = config.PeekLanguage(config.LoadOptions{Path: found.config})
	}
	lang, ok := words.ParseLanguage(said)
	if !ok {
		lang = words.OfLocale(getenv)
	}
	found.lang = lang
	return found
}

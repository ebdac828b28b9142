package words_test

import (
	"maps"

	"notify/pkg/message"
)

// allSets are sets, and those of the checks.
func allSets() map[string][]string {
	all := sets()
	maps.Copy(all, map[string][]string{
		"columns.role":   {"name", "phone", "email"},
		"columns.like":   {"phone", "email", "digits", "mixed"},
		"staged.key":     {"columns", "window", "deadline", "expect", "class", "owner"},
		"dmarc.do":       {"reject", "quarantine"},
		"breaker.reason": plain(message.Reasons()),
		"templates.kind": {"text", "signature"},
	})
	return all
}

func plain[S ~string](values []S) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

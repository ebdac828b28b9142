package preflight

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"notify/pkg/channel"
)

// allVariablesCheck asks whether a text has words of its own. One that is nothing but variables is no template: carriers
// refuse it, because anything could be sent through it.
func allVariablesCheck() Check {
	return Check{ID: "all-variables", Group: GroupTexts, Run: func(ctx context.Context, s *Subject) Finding {
		r, err := s.renderer(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, ch := range s.Plan.Spec.Channels() {
			letters := 0
			for _, c := range withoutSignature(r.Fixed(ch)) {
				if unicode.IsLetter(c) || unicode.IsDigit(c) {
					letters++
				}
			}
			a.fact(string(ch)+".fixed_letters", letters)
			switch {
			case letters > 0:
				a.add(Pass, fmt.Sprintf(textFixedWords, ch, count(letters, "letter")))
			case s.Config.Channels.Of(ch).Class == channel.Short:
				a.add(Fail, fmt.Sprintf(textNothingFixed, ch), textWriteWords)
			default:
				a.add(Warn, fmt.Sprintf(textNothingFixed, ch), textWriteWords)
			}
		}
		return a.done(textNoChannel)
	}}
}

// withoutSignature is a text without the 【…】 at its beginning.
func withoutSignature(text string) string {
	if rest, ok := strings.CutPrefix(text, "【"); ok {
		if _, after, closed := strings.Cut(rest, "】"); closed {
			return after
		}
	}
	return text
}

const (
	textFixedWords   = "%s: %s are the same for all"
	textNothingFixed = "%s: the text is nothing but variables"
	textWriteWords   = "write into the text what is the same for everybody, and leave only what differs to the list"
)

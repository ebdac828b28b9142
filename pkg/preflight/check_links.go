package preflight

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"notify/pkg/message"
)

// plainLink finds links without encryption. The namespaces and document types of HTML have such names and are no links.
var plainLink = regexp.MustCompile(`(?i)http://[^\s"'<>()，。；、]+`)

// linksCheck asks whether every link is encrypted: mail programs warn of others, and on the way anybody can change where
// they lead.
func linksCheck() Check {
	return Check{ID: "links", Group: GroupTexts, Run: func(ctx context.Context, s *Subject) Finding {
		if _, err := s.renderer(ctx); err != nil {
			return broken(err)
		}
		all, err := s.everyFacts()
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, f := range all {
			links := plainLinks(s.textOf(f.channel))
			a.fact(string(f.channel)+".plain_links", len(links))
			a.fact(string(f.channel)+".plain_values", f.Plain.Count)
			if len(links) > 0 {
				a.add(Warn, fmt.Sprintf(textPlainLinks, f.channel, count(len(links), "link")), textUseHTTPS)
				for _, l := range links {
					a.detail(l)
				}
			}
			if f.Plain.Count > 0 {
				a.add(Warn, fmt.Sprintf(textPlainValues, f.channel, count(f.Plain.Count, "text"), rowsOf(f.Plain)), textUseHTTPSInList)
			}
		}
		if a.status == NotRun {
			a.add(Pass, textLinksGood)
		}
		return a.done("")
	}}
}

// textOf is what a campaign says on a channel, with its variables.
func (s *Subject) textOf(ch message.Channel) string {
	t := s.Plan.Spec.Texts.On(ch)
	if t == nil {
		return ""
	}
	return t.Words()
}

// plainLinks are the different links with http://.
func plainLinks(text string) []string {
	links := plainLink.FindAllString(text, -1)
	links = slices.DeleteFunc(links, func(l string) bool {
		return strings.HasPrefix(l, "http://www.w3.org/") || strings.HasPrefix(l, "http://schemas.microsoft.com/")
	})
	slices.Sort(links)
	return slices.Compact(links)
}

const (
	textLinksGood      = "no link without encryption"
	textPlainLinks     = "%s: %s with http:// in the text"
	textPlainValues    = "%s: %s with http:// in a value: %s"
	textUseHTTPS       = "write https:// where the server has it; where it has not, it should get it before so many people come"
	textUseHTTPSInList = "write https:// in the list"
)

package preflight

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"notify/pkg/message"
	"notify/pkg/words"
)

// plainLink finds links without encryption. The namespaces and document types of HTML have such names and are no links.
var plainLink = regexp.MustCompile(`(?i)http://[^\s"'<>()，。；、]+`)

// linksCheck asks whether every link is encrypted: mail programs warn of others, and on the way anybody can change where
// they lead.
//
// *Is every link encrypted?* WARN for `http://` in a text or a value. Names of HTML itself (`http://www.w3.org/…`) are no links.
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
				a.say(Warn, "links.plain", words.A{"channel": string(f.channel), "links": words.N(len(links), "link")}, words.T("links.https", nil))
				for _, l := range links {
					a.detail(words.Raw(l))
				}
			}
			if f.Plain.Count > 0 {
				a.say(Warn, "links.values", words.A{"channel": string(f.channel), "texts": words.N(f.Plain.Count, "text"), "rows": rowsOf(f.Plain)}, words.T("links.https-in-list", nil))
			}
		}
		if a.status == NotRun {
			a.say(Pass, "links.good", nil)
		}
		return a.done(words.Text{})
	}}
}

// textOf is what a campaign says on a channel, with its variables.
func (s *Subject) textOf(ch message.Channel) string {
	return s.Plan.Spec.Texts.On(ch).Words()
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

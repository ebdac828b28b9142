package preflight

import (
	"context"
	"errors"
	"maps"
	"net/mail"
	"net/url"
	"strings"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// The headers of RFC 2369 and RFC 8058, and what the second says.
const (
	headerUnsubscribe = "List-Unsubscribe"
	headerOneClick    = "List-Unsubscribe-Post"
	oneClick          = "List-Unsubscribe=One-Click"
)

// unsubscribeCheck asks whether receivers can offer a button to unsubscribe. Who finds none uses the one for spam, and that
// is counted against the sender's domain.
//
// *Can mail programs offer a button to unsubscribe?* Marketing FAILs without both headers of one click (RFC 8058); a notice WARNs in bulk.
func unsubscribeCheck() Check {
	return Check{ID: "unsubscribe", Group: GroupSender, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(_ mailSender, a *senderAnswers) {
			headers, err := s.firstHeaders(ctx)
			switch {
			case errors.Is(err, errNoMail):
				a.add(Skip, words.T("mail.no-mails", nil))
				return
			case err != nil:
				f := broken(err)
				a.finding, a.status = f, f.Status
				return
			}
			faults, remedies := unsubscribe(headers), addUnsubscribe()
			a.fact("list_unsubscribe", headers[headerUnsubscribe])
			a.fact("one_click", len(faults) == 0)
			if s.oneClick() && !s.Config.Unsubscribe.Set() {
				a.say(Fail, "unsubscribe.not-configured", nil, words.T("unsubscribe.configure", nil))
				return
			}
			marketing := s.Plan.Spec.Class == config.Marketing
			receiver, n := s.bulk()
			switch {
			case len(faults) == 0 && !s.isPersonal():
				a.say(Warn, "unsubscribe.same-link", nil, words.T("unsubscribe.personal", words.A{"link": "<https://…/unsubscribe/{{KEY}}>"}))
			case len(faults) == 0:
				a.say(Pass, "unsubscribe.good", words.A{"link": clip(headers[headerUnsubscribe])})
			case marketing:
				a.all(Fail, faults, remedies)
			case headers[headerUnsubscribe] != "":
				a.all(Warn, faults, remedies)
			case n > 0:
				a.say(Warn, "unsubscribe.bulk", words.A{"mails": words.N(n, "mail"), "receiver": receiver}, remedies...)
			default:
				a.say(Skip, "unsubscribe.not-needed", words.A{"class": classWord(s.Plan.Spec.Class)})
			}
		})
	}}
}

var errNoMail = words.Err("mail.no-mails", nil)

// firstHeaders are the headers of the first mail, as its recipient gets it.
func (s *Subject) firstHeaders(ctx context.Context) (map[string]string, error) {
	r, err := s.renderer(ctx)
	if err != nil {
		return nil, err
	}
	var m message.Message
	found := false
	var bad error
	err = s.eachCells(ctx, func(row *plan.Recipient, values []string) bool {
		for _, planned := range row.Messages {
			if planned.Channel != message.Email {
				continue
			}
			m.To, found = planned.Address, true
			bad = r.Render(message.Email, values, &m)
			if s.oneClick() && s.Config.Unsubscribe.Set() {
				if m.Headers == nil {
					m.Headers = make(map[string]string)
				}
				maps.Copy(m.Headers, s.Config.Unsubscribe.Headers(planned.Key))
			}
			return false
		}
		return true
	})
	if err := errors.Join(err, bad); err != nil {
		return nil, err
	}
	if !found {
		return nil, errNoMail
	}
	return m.Headers, nil
}

// isPersonal reports a link that says who unsubscribes.
func (s *Subject) isPersonal() bool {
	return s.oneClick() || strings.Contains(s.Plan.Spec.Texts.Mail(message.Email).Headers[headerUnsubscribe], "{{")
}

// oneClick reports that each mail gets a link of its own from the program.
func (s *Subject) oneClick() bool { return s.Plan.Spec.Texts.Mail(message.Email).OneClick }

// unsubscribe says what is missing for a button that works with one click.
func unsubscribe(headers map[string]string) (faults []words.Text) {
	value := headers[headerUnsubscribe]
	if value == "" {
		return said("unsubscribe.none", nil)
	}
	links, err := parseUnsubscribe(value)
	if err != nil {
		return []words.Text{words.Cause(err)}
	}
	secure := false
	for _, l := range links {
		switch l.Scheme {
		case "https":
			secure = true
		case "http":
			faults = append(faults, words.T("unsubscribe.plain", words.A{"link": clip(l.String())}))
		}
	}
	if !secure {
		faults = append(faults, words.T("unsubscribe.no-https", nil))
	}
	if headers[headerOneClick] != oneClick {
		faults = append(faults, words.T("unsubscribe.not-one-click", words.A{"header": headerOneClick, "value": oneClick}))
	}
	return faults
}

// addUnsubscribe is what to write for a button that works with one click.
func addUnsubscribe() []words.Text {
	return said("unsubscribe.add", words.A{
		"link": `List-Unsubscribe: "<https://…/unsubscribe/{{KEY}}>"`, "post": headerOneClick + ": " + oneClick,
	})
}

// all adds several faults of one status, and what to do about them.
func (a *answers) all(st Status, faults, remedies []words.Text) {
	for _, f := range faults {
		a.add(st, f)
	}
	a.finding.Remedies = append(a.finding.Remedies, do(remedies...)...)
}

// parseUnsubscribe reads "<https://…>, <mailto:…>" (RFC 2369 2).
func parseUnsubscribe(value string) ([]*url.URL, error) {
	var links []*url.URL
	rest := strings.TrimSpace(value)
	for rest != "" {
		link, after, closed := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
		if !strings.HasPrefix(rest, "<") || !closed {
			return nil, words.Err("unsubscribe.form", words.A{"value": clip(rest)})
		}
		u, err := url.Parse(strings.TrimSpace(link))
		if err != nil || !isUnsubscribeLink(u) {
			return nil, words.Err("unsubscribe.no-link", words.A{"value": clip(link)})
		}
		links = append(links, u)
		after = strings.TrimSpace(after)
		if rest = strings.TrimSpace(strings.TrimPrefix(after, ",")); after != "" && rest == after {
			return nil, words.Err("unsubscribe.form", words.A{"value": clip(rest)})
		}
	}
	return links, nil
}

// isUnsubscribeLink reports a link that a mail program can do something with.
func isUnsubscribeLink(u *url.URL) bool {
	switch u.Scheme {
	case "https", "http":
		return u.Host != ""
	case "mailto":
		_, err := mail.ParseAddress(u.Opaque)
		return err == nil
	}
	return false
}

package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// The headers of RFC 2369 and RFC 8058, and what the second says.
const (
	headerUnsubscribe = "List-Unsubscribe"
	headerOneClick    = "List-Unsubscribe-Post"
	oneClick          = "List-Unsubscribe=One-Click"
)

// unsubscribeCheck asks whether receivers can offer a button to unsubscribe. Who finds none uses the one for spam, and that
// is counted against the sender's domain.
func unsubscribeCheck() Check {
	return Check{ID: "unsubscribe", Group: GroupSender, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(_ mailSender, a *senderAnswers) {
			headers, err := s.firstHeaders(ctx)
			switch {
			case errors.Is(err, errNoMail):
				a.add(Skip, textNoMails)
				return
			case err != nil:
				f := broken(err)
				a.finding, a.status = f, f.Status
				return
			}
			faults, remedies := s.unsubscribe(headers)
			a.fact("list_unsubscribe", headers[headerUnsubscribe])
			a.fact("one_click", len(faults) == 0)
			marketing := s.Plan.Spec.Class == config.Marketing
			receiver, n := s.bulk()
			switch {
			case len(faults) == 0 && !s.isPersonal():
				a.add(Warn, textSameLink, textPersonalLink)
			case len(faults) == 0:
				a.add(Pass, fmt.Sprintf(textOneClickGood, clip(headers[headerUnsubscribe])))
			case marketing:
				a.add(Fail, strings.Join(faults, "; "), remedies...)
			case headers[headerUnsubscribe] != "":
				a.add(Warn, strings.Join(faults, "; "), remedies...)
			case n > 0:
				a.add(Warn, fmt.Sprintf(textNoticeInBulk, num(n), receiver), remedies...)
			default:
				a.add(Skip, fmt.Sprintf(textNoButtonNeeded, s.Plan.Spec.Class))
			}
		})
	}}
}

var errNoMail = errors.New("the plan has no mail")

// firstHeaders are the headers of the first mail, as its recipient gets it.
func (s *Subject) firstHeaders(ctx context.Context) (map[string]string, error) {
	r, err := s.renderer(ctx)
	if err != nil {
		return nil, err
	}
	var m message.Message
	found := false
	var bad error
	err = s.eachRow(ctx, func(row *plan.Recipient) bool {
		for _, planned := range row.Messages {
			if planned.Channel != message.Email {
				continue
			}
			var values []string
			if bad = json.Unmarshal(row.Fields, &values); bad != nil {
				bad = fmt.Errorf("read row %d of the plan: %w", row.Row, bad)
				return false
			}
			m.To, found = planned.Address, true
			bad = r.Render(message.Email, values, &m)
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
	return strings.Contains(s.Plan.Spec.Texts.Mail(message.Email).Headers[headerUnsubscribe], "{{")
}

// unsubscribe says what is missing for a button that works with one click, and what to do.
func (s *Subject) unsubscribe(headers map[string]string) (faults []string, remedies []any) {
	value := headers[headerUnsubscribe]
	if value == "" {
		return []string{textNoUnsubscribe}, []any{textAddUnsubscribe}
	}
	links, err := parseUnsubscribe(value)
	if err != nil {
		return []string{err.Error()}, []any{textAddUnsubscribe}
	}
	secure := false
	for _, l := range links {
		switch l.Scheme {
		case "https":
			secure = true
		case "http":
			faults = append(faults, fmt.Sprintf(textPlainButton, clip(l.String())))
		}
	}
	if !secure {
		faults = append(faults, textNoHTTPSButton)
	}
	if headers[headerOneClick] != oneClick {
		faults = append(faults, fmt.Sprintf(textNotOneClick, headerOneClick))
	}
	if len(faults) > 0 {
		remedies = append(remedies, textAddUnsubscribe)
	}
	return faults, remedies
}

// parseUnsubscribe reads "<https://…>, <mailto:…>" (RFC 2369 2).
func parseUnsubscribe(value string) ([]*url.URL, error) {
	var links []*url.URL
	rest := strings.TrimSpace(value)
	for rest != "" {
		link, after, closed := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
		if !strings.HasPrefix(rest, "<") || !closed {
			return nil, fmt.Errorf(textNoBrackets, clip(rest))
		}
		u, err := url.Parse(strings.TrimSpace(link))
		if err != nil || !isUnsubscribeLink(u) {
			return nil, fmt.Errorf(textNoLink, clip(link))
		}
		links = append(links, u)
		after = strings.TrimSpace(after)
		if rest = strings.TrimSpace(strings.TrimPrefix(after, ",")); after != "" && rest == after {
			return nil, fmt.Errorf(textNoBrackets, clip(rest))
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

const (
	textOneClickGood   = "one click: %s"
	textNoUnsubscribe  = "the mails have no header List-Unsubscribe"
	textNotOneClick    = "the header %s does not say List-Unsubscribe=One-Click"
	textNoHTTPSButton  = "List-Unsubscribe has no https link, which one click needs"
	textPlainButton    = "List-Unsubscribe has a link without encryption: %s"
	textNoBrackets     = "List-Unsubscribe is not of the form <https://…>, <mailto:…>: %s"
	textNoLink         = "List-Unsubscribe has something that is no https or mailto link: %s"
	textSameLink       = "one click, by the same link for everybody: the server cannot tell who unsubscribes"
	textPersonalLink   = "put the recipient's key into the link: <https://…/unsubscribe/{{KEY}}>"
	textNoButtonNeeded = "the campaign is %s: a button to unsubscribe is not asked for"
	textNoticeInBulk   = "%s mails to %s without a button to unsubscribe: who does not want them will report them as spam"
	textAddUnsubscribe = `add under channels.email.headers: List-Unsubscribe: "<https://…/unsubscribe/{{KEY}}>" and List-Unsubscribe-Post: List-Unsubscribe=One-Click, with a page that unsubscribes on POST without asking (RFC 8058)`
)

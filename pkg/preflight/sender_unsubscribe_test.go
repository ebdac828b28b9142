package preflight_test

import (
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

func TestUnsubscribe(t *testing.T) {
	headers := func(class string, kv ...string) func(*mailWorld) {
		return func(w *mailWorld) {
			w.campaign.Class = class
			w.campaign.Texts.Mail(message.Email).Headers = map[string]string{}
			for i := 0; i < len(kv); i += 2 {
				w.campaign.Texts.Mail(message.Email).Headers[kv[i]] = kv[i+1]
			}
		}
	}
	const lu, post, one = "List-Unsubscribe", "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
	oneClick := func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).OneClick = true }
	askMail(t, "unsubscribe", []mailQuestion{
		{
			name: "https and mailto", want: preflight.Pass,
			change: headers(config.Marketing, lu, "<mailto:u@edm.example.com?subject={{key}}>,  <https://edm.example.com/{{key}}>", post, one),
		},
		{name: "marketing by mail only", want: preflight.Fail, change: headers(config.Marketing, lu, "<mailto:u@edm.example.com>", post, one), summary: []string{"no https link"}},
		{name: "marketing in more than one click", want: preflight.Fail, change: headers(config.Marketing, lu, "<https://edm.example.com/{{key}}>"), summary: []string{"List-Unsubscribe-Post does not say"}},
		{name: "marketing with another word for one click", want: preflight.Fail, change: headers(config.Marketing, lu, "<https://edm.example.com/{{key}}>", post, "yes"), summary: []string{"does not say List-Unsubscribe=One-Click"}},
		{name: "marketing without encryption", want: preflight.Fail, change: headers(config.Marketing, lu, "<http://edm.example.com/{{key}}>", post, one), summary: []string{"without encryption: http://edm.example.com/K0"}},
		{name: "a bare link", want: preflight.Fail, change: headers(config.Marketing, lu, "https://edm.example.com/{{key}}", post, one), summary: []string{"not of the form"}},
		{name: "an open bracket", want: preflight.Fail, change: headers(config.Marketing, lu, "<https://edm.example.com/{{key}}", post, one), summary: []string{"not of the form"}},
		{name: "links without a comma", want: preflight.Fail, change: headers(config.Marketing, lu, "<https://edm.example.com/{{key}}> <mailto:a@example.com>", post, one), summary: []string{"not of the form"}},
		{name: "a link that is none", want: preflight.Fail, change: headers(config.Marketing, lu, "<edm.example.com/{{key}}>", post, one), summary: []string{"no https or mailto link"}},
		{name: "a mailbox that is none", want: preflight.Fail, change: headers(config.Marketing, lu, "<mailto:nobody>", post, one), summary: []string{"no https or mailto link"}},
		{name: "the same link for everybody", want: preflight.Warn, change: headers(config.Marketing, lu, "<https://edm.example.com/u>", post, one), summary: []string{"cannot tell who"}, remedies: []string{"{{KEY}}"}},
		{name: "a link of its own for each mail", want: preflight.Pass, change: allOf(headers(config.Marketing), oneClick, func(w *mailWorld) {
			w.config.Unsubscribe = message.OneClick{URL: "https://edm.example.com/leave", Secret: "a secret of 16 or more"}
		}), summary: []string{"https://edm.example.com/leave/"}},
		{name: "a link of its own that leads nowhere", want: preflight.Fail, change: allOf(headers(config.Notice), oneClick), summary: []string{"does not say where it leads"}, remedies: []string{"unsubscribe in notify.yaml"}},
		{name: "a notice without", want: preflight.Skip, change: headers(config.Notice), summary: []string{"the campaign is notice"}},
		{name: "a notice with half of it", want: preflight.Warn, change: headers(config.Notice, lu, "<https://edm.example.com/{{key}}>"), summary: []string{"does not say"}},
		{
			name: "a notice in bulk without", want: preflight.Warn, change: allOf(headers(config.Notice), func(w *mailWorld) { w.mails(5000, "outlook.com") }),
			summary: []string{"5,000 mails to Outlook without a button"},
		},
		{name: "a notice just below", want: preflight.Skip, change: allOf(headers(config.Notice), func(w *mailWorld) { w.mails(4999, "outlook.com") })},
		{
			name: "mails beside messages", want: preflight.Pass, change: func(w *mailWorld) {
				w.campaign.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: "{{name}}, you won."}})
			},
		},
		{
			name: "the first person has no mailbox", want: preflight.Pass, summary: []string{"https://edm.example.com/u/K1"},
			change: func(w *mailWorld) {
				w.people[0].To = w.people[0].To[:1]
			},
		},
		{
			name: "a link of the campaign's own, where the installation has one, too", want: preflight.Pass, summary: []string{"https://edm.example.com/u/K0"},
			change: func(w *mailWorld) {
				w.config.Unsubscribe = message.OneClick{URL: "https://edm.example.com/leave", Secret: "a secret of 16 or more"}
			},
		},
		{
			name: "rows that cannot be read", want: preflight.Error, summary: []string{planClosed},
			change: func(w *mailWorld) { w.subject = func(s *preflight.Subject) { _ = s.Plan.Close() } },
		},
		{
			name: "nobody to write to", want: preflight.Skip, change: func(w *mailWorld) { w.people = []list.Row{} }, summary: []string{"no mails"},
		},
	})
}

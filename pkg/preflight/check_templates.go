package preflight

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// templatesCheck asks the vendors that tell whether they have approved the campaign's template and signature.
//
// *Has the vendor approved the template and the signature?* Asks vendors whose API tells ([how a vendor file says so](vendors/README.md)). FAIL where
// either is missing, waiting or rejected, with the vendor's reason, or where an account may send approved texts only and the campaign names none; ERROR where the vendor cannot be asked or its state is in no table;
// SKIP where the vendor does not tell, or takes any. WARN for an account that only stands in.
func templatesCheck() Check {
	return Check{ID: "templates", Group: GroupTexts, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Plan.Spec.Texts.Short(message.SMS) == nil {
			return Finding{Status: Skip, Summary: said("sms.none", nil)}
		}
		var a answers
		for _, acc := range s.carriers(message.SMS) {
			s.approved(ctx, &a, &acc)
		}
		return a.done(words.T("sms.no-account", nil))
	}}
}

func (s *Subject) approved(ctx context.Context, a *answers, acc *carrier) {
	code, sign := s.Plan.Spec.Texts.Short(message.SMS).TemplateCode[acc.Name], strings.Trim(strings.TrimSpace(acc.Signature), "【】")
	v, err := s.vendor(acc.Name)
	only, ok := vendors.As[vendors.TemplateOnly](v)
	switch {
	case code == "" && ok && only.TemplateOnly():
		a.sayOf(acc, Fail, words.T("templates.none", words.A{"account": acc.Name}), words.T("templates.name", words.A{"account": acc.Name}))
		return
	case code == "" && sign == "":
		a.say(Skip, "templates.nothing", words.A{"account": acc.Name})
		return
	case err != nil:
		a.sayOf(acc, Error, s.faultOf(acc.Name, err), s.mendFault(acc.Name, err))
		return
	}
	lister, ok := vendors.As[vendors.TemplateLister](v)
	if !ok {
		a.say(NotLooked, "templates.untold", words.A{"account": acc.Name})
		return
	}
	for _, want := range []vendors.Template{{Kind: vendors.TemplateText, Code: code}, {Kind: vendors.TemplateSignature, Code: sign}} {
		if want.Code != "" {
			s.askTemplate(ctx, a, acc, want, lister)
		}
	}
}

func (s *Subject) askTemplate(ctx context.Context, a *answers, acc *carrier, want vendors.Template, lister vendors.TemplateLister) {
	account, what := acc.Name, words.T("templates.template", words.A{"code": want.Code})
	if want.Kind == vendors.TemplateSignature {
		what.ID = "templates.signature"
	}
	have, err := lister.Templates(ctx, want.Kind, want.Code)
	switch {
	case errors.Is(err, vendors.ErrNotTold):
		a.say(NotLooked, "templates.kind-untold", words.A{"account": account, "what": what})
	case errors.Is(err, vendors.ErrTakesAny):
		a.say(Skip, "templates.any", words.A{"account": account, "kind": words.Of("templates.kind", want.Kind)})
	case err != nil:
		a.sayOf(acc, Error, s.faultOf(account, err), s.mendFault(account, err))
	default:
		judgeTemplate(a, acc, what, want, have)
	}
}

func judgeTemplate(a *answers, acc *carrier, what words.Text, want vendors.Template, have []vendors.Template) {
	account := acc.Name
	name, about := "account."+account+"."+string(want.Kind), words.A{"account": account, "what": what}
	i := slices.IndexFunc(have, func(t vendors.Template) bool { return t.Kind == want.Kind && t.Code == want.Code })
	if i < 0 {
		a.fact(name, "missing")
		a.sayOf(acc, Fail, words.T("templates.missing", about), words.T("templates.apply", words.A{"what": what, "account": account}))
		return
	}
	t := have[i]
	a.fact(name, cmp.Or(t.State, vendors.TemplateState(t.Said)))
	if t.Text != "" {
		a.detail(words.T("templates.text", words.A{"account": account, "what": what, "text": t.Text}))
	}
	switch t.State {
	case vendors.TemplateApproved:
		a.say(Pass, "templates.approved", about)
	case vendors.TemplatePending:
		a.sayOf(acc, Fail, words.T("templates.pending", about), words.T("templates.wait", nil))
	case vendors.TemplateRejected:
		rejected := words.T("templates.rejected-without", about)
		if t.Reason != "" {
			rejected.ID, about["reason"] = "templates.rejected", t.Reason
		}
		a.sayOf(acc, Fail, rejected, words.T("templates.apply", words.A{"what": what, "account": account}))
	default:
		a.sayOf(acc, Error, words.T("templates.unknown", words.A{"account": account, "what": what, "state": t.Said}),
			words.T("templates.console", words.A{"account": account}))
	}
}

package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/vendors"
)

// templatesCheck asks the vendors that tell whether they have approved the campaign's template and signature.
func templatesCheck() Check {
	return Check{ID: "templates", Group: GroupTexts, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Plan.Spec.Texts.Short(message.SMS) == nil {
			return Finding{Status: Skip, oldSummary: textNoSMS}
		}
		var a answers
		for _, acc := range s.carriers(message.SMS) {
			s.approved(ctx, &a, acc)
		}
		return a.done(textNoSMSAccount)
	}}
}

func (s *Subject) approved(ctx context.Context, a *answers, acc config.Account) {
	code, sign := s.Plan.Spec.Texts.Short(message.SMS).TemplateCode[acc.Name], strings.Trim(strings.TrimSpace(acc.Signature), "【】")
	if code == "" && sign == "" {
		a.add(Skip, fmt.Sprintf(textNothingToApprove, acc.Name))
		return
	}
	v, err := s.vendor(acc.Name)
	if err != nil {
		a.add(Error, fmt.Sprintf("%s: %v", acc.Name, err), fmt.Sprintf(textMendAccount, acc.Name))
		return
	}
	lister, ok := vendors.As[vendors.TemplateLister](v)
	if !ok {
		a.add(Skip, fmt.Sprintf(textApprovalNotTold, acc.Name))
		return
	}
	for _, want := range []vendors.Template{{Kind: vendors.TemplateText, Code: code}, {Kind: vendors.TemplateSignature, Code: sign}} {
		if want.Code != "" {
			askTemplate(ctx, a, acc.Name, want, lister)
		}
	}
}

func askTemplate(ctx context.Context, a *answers, account string, want vendors.Template, lister vendors.TemplateLister) {
	what := "template " + want.Code
	if want.Kind == vendors.TemplateSignature {
		what = "signature 【" + want.Code + "】"
	}
	have, err := lister.Templates(ctx, want.Kind, want.Code)
	switch {
	case errors.Is(err, vendors.ErrNotTold):
		a.add(Skip, fmt.Sprintf(textKindNotTold, account, what))
	case errors.Is(err, vendors.ErrTakesAny):
		a.add(Skip, fmt.Sprintf(textTakesAny, account, want.Kind))
	case err != nil:
		a.add(Error, fmt.Sprintf("%s: %v", account, err), fmt.Sprintf(textMendAccount, account))
	default:
		judgeTemplate(a, account, what, want, have)
	}
}

func judgeTemplate(a *answers, account, what string, want vendors.Template, have []vendors.Template) {
	name := "account." + account + "." + string(want.Kind)
	i := slices.IndexFunc(have, func(t vendors.Template) bool { return t.Kind == want.Kind && t.Code == want.Code })
	if i < 0 {
		a.fact(name, "missing")
		a.add(Fail, fmt.Sprintf(textNotThere, account, what), fmt.Sprintf(textApply, what, account))
		return
	}
	t := have[i]
	a.fact(name, cmp.Or(t.State, vendors.TemplateState(t.Said)))
	if t.Text != "" {
		a.detail(fmt.Sprintf(textAsApproved, account, what, t.Text))
	}
	switch t.State {
	case vendors.TemplateApproved:
		a.add(Pass, fmt.Sprintf(textApproved, account, what))
	case vendors.TemplatePending:
		a.add(Fail, fmt.Sprintf(textPendingApproval, account, what), textWaitForApproval)
	case vendors.TemplateRejected:
		a.add(Fail, fmt.Sprintf(textRejectedTemplate, account, what, cmp.Or(t.Reason, textNoReason)), fmt.Sprintf(textApply, what, account))
	default:
		a.add(Error, fmt.Sprintf(textStateUnknown, account, what, t.Said), fmt.Sprintf(textLookAtConsole, account))
	}
}

const (
	textNothingToApprove = "%s: neither template nor signature is set"
	textApprovalNotTold  = "%s: the vendor's API does not tell what is approved; look into its console"
	textKindNotTold      = "%s: the vendor's API does not tell whether %s is approved; look into its console"
	textTakesAny         = "%s: the vendor takes any %s"
	textAsApproved       = "%s: %s at the vendor: %s"
	textNoReason         = "it gives no reason"
	textApproved         = "%s: %s is approved"
	textNotThere         = "%s: the vendor does not have %s"
	textPendingApproval  = "%s: %s waits for approval"
	textRejectedTemplate = "%s: %s was not approved: %s"
	textStateUnknown     = "%s: the state of %s is %q, which its vendor file does not know"
	textApply            = "apply for %s at the vendor of %s, or name one that is approved"
	textWaitForApproval  = "wait until the vendor has approved it, or use a template that is approved"
	textLookAtConsole    = "look into the vendor's console, and write what the word means under states in the vendor file of %s"
)

package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/vendors"
)

// templatesCheck asks the vendors that tell whether they have approved the campaign's template and signature.
func templatesCheck() Check {
	return Check{ID: "templates", Group: GroupTexts, Title: "approval", Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Plan.Spec.SMS == nil {
			return Finding{Status: Skip, Summary: textNoSMS}
		}
		var a answers
		for _, acc := range s.carriers(message.SMS) {
			s.approved(ctx, &a, acc)
		}
		return a.done(textNoSMSAccount)
	}}
}

func (s *Subject) approved(ctx context.Context, a *answers, acc config.Account) {
	code, sign := s.Plan.Spec.SMS.TemplateCode[acc.Name], strings.Trim(strings.TrimSpace(acc.Signature), "【】")
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
	have, err := lister.Templates(ctx)
	if err != nil {
		a.add(Error, fmt.Sprintf("%s: %v", acc.Name, err), fmt.Sprintf(textMendAccount, acc.Name))
		return
	}
	for _, want := range []vendors.Template{{Kind: vendors.TemplateText, Code: code}, {Kind: vendors.TemplateSignature, Code: sign}} {
		if want.Code != "" {
			judgeTemplate(a, acc.Name, want, have)
		}
	}
}

func judgeTemplate(a *answers, account string, want vendors.Template, have []vendors.Template) {
	what := "template " + want.Code
	if want.Kind == vendors.TemplateSignature {
		what = "signature 【" + want.Code + "】"
	}
	i := slices.IndexFunc(have, func(t vendors.Template) bool { return t.Kind == want.Kind && t.Code == want.Code })
	if i < 0 {
		a.add(Fail, fmt.Sprintf(textNotThere, account, what), fmt.Sprintf(textApply, what, account))
		return
	}
	a.fact("account."+account+"."+string(want.Kind), have[i].State)
	switch t := have[i]; t.State {
	case vendors.TemplateApproved:
		a.add(Pass, fmt.Sprintf(textApproved, account, what))
	case vendors.TemplatePending:
		a.add(Fail, fmt.Sprintf(textPendingApproval, account, what), textWaitForApproval)
	case vendors.TemplateRejected:
		a.add(Fail, fmt.Sprintf(textRejectedTemplate, account, what, t.Reason), fmt.Sprintf(textApply, what, account))
	default:
		a.add(Warn, fmt.Sprintf(textStateUnknown, account, what), textLookAtConsole)
	}
}

const (
	textNothingToApprove = "%s: neither template nor signature is set"
	textApprovalNotTold  = "%s: the vendor's API does not tell what is approved; look into its console"
	textApproved         = "%s: %s is approved"
	textNotThere         = "%s: the vendor does not have %s"
	textPendingApproval  = "%s: %s waits for approval"
	textRejectedTemplate = "%s: %s was not approved: %s"
	textStateUnknown     = "%s: the vendor says nothing that is known about %s"
	textApply            = "apply for %s at the vendor of %s, or name one that is approved"
	textWaitForApproval  = "wait until the vendor has approved it, or use a template that is approved"
	textLookAtConsole    = "look into the vendor's console"
)

package preflight

import (
	"context"
	"slices"

	"notify/pkg/campaign"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/template"
	"notify/pkg/words"
)

// templateValuesCheck asks whether a vendor that fills in an approved text will take the rows' values. It answers such a row alone, when the
// message before it has left.
//
// *Will the vendors take what stands in the variables of an approved text?* Length, web addresses, signature brackets, and what a vendor's own rules
// forbid. FAIL with the rows, WARN where the account only stands in.
func templateValuesCheck() Check {
	return Check{ID: "template-values", Group: GroupTexts, Run: func(ctx context.Context, s *Subject) Finding {
		r, err := s.renderer(ctx)
		if err != nil {
			return broken(err)
		}
		looks := s.valuesLooks(r.Uses(message.SMS))
		if len(looks) == 0 {
			return Finding{Status: Skip, Summary: said("template-values.none", nil)}
		}
		err = s.eachCells(ctx, func(row *plan.Recipient, values []string) bool {
			for i := range looks {
				looks[i].row(row.Row, values)
			}
			return true
		})
		if err != nil {
			return broken(err)
		}
		var a answers
		for i := range looks {
			looks[i].found(&a)
		}
		return a.done(words.Text{})
	}}
}

// valuesLooks are looks at the rules of the vendors that fill in an approved text of the campaign: one for those that carry it, and one for
// each other kind that stands in.
func (s *Subject) valuesLooks(columns []string) []valuesLook {
	short := s.Plan.Spec.Texts.Short(message.SMS)
	if short == nil {
		return nil
	}
	var (
		carry, asked []string
		standIn      []carrier
		looks        []valuesLook
	)
	for _, a := range s.carriers(message.SMS) {
		if short.TemplateCode[a.Name] == "" || !slices.Contains(template.Vendors(), a.Vendor) || slices.Contains(asked, a.Vendor) {
			continue
		}
		asked = append(asked, a.Vendor)
		if a.StandsIn {
			standIn = append(standIn, a)
		} else {
			carry = append(carry, a.Vendor)
		}
	}
	look := func(by carrier, vendors ...string) {
		looks = append(looks, valuesLook{by: by, check: template.NewValues(vendors), text: short, columns: columns, of: s.Plan.Spec.Columns})
	}
	if len(carry) > 0 {
		look(carrier{}, carry...)
	}
	for _, a := range standIn {
		look(a, a.Vendor)
	}
	return looks
}

// valuesLook collects the rows whose values break a rule.
type valuesLook struct {
	by      carrier // the account that stands in with these rules; none for those that carry messages
	check   *template.Values
	text    *campaign.Short
	columns []string // those that the text fills in
	of      []string // those of the list
	rows    int
	bad     plan.Sample
	said    []words.Text
}

// valuesShown is of how many rows it is said what is wrong, all of it.
const valuesShown = 5

func (l *valuesLook) row(number int, values []string) {
	l.rows++
	good := true
	for _, column := range l.columns {
		i := slices.Index(l.of, column)
		if i >= len(values) || values[i] == "" {
			continue // an empty one is a matter of the text, which may name something instead
		}
		if fault := l.check.Fault(l.text.Variable(column), values[i]); !fault.IsZero() {
			if good {
				l.bad.Add(number)
			}
			good = false
			if l.bad.Count <= valuesShown {
				l.said = append(l.said, words.T("preflight.row-says", words.A{"row": row(number), "said": fault}))
			}
		}
	}
}

func (l *valuesLook) found(a *answers) {
	switch {
	case len(l.said) > 0:
	case len(a.finding.Summary) == 0:
		a.say(Pass, "template-values.good", words.A{"rows": words.N(l.rows, "row"), "variables": words.Names(l.columns, 5)})
		return
	default:
		return
	}
	if l.by.StandsIn {
		a.fact("account."+l.by.Name+".rows", l.bad.Count)
	} else {
		a.fact("rows", l.bad.Count)
	}
	a.sayOf(&l.by, Fail, words.T("template-values.bad", words.A{"rows": words.N(l.bad.Count, "row")}), words.T("template-values.mend", nil))
	for _, s := range l.said {
		a.detail(s)
	}
}

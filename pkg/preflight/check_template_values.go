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
// forbid. FAIL with the rows.
func templateValuesCheck() Check {
	return Check{ID: "template-values", Group: GroupTexts, Run: func(ctx context.Context, s *Subject) Finding {
		r, err := s.renderer(ctx)
		if err != nil {
			return broken(err)
		}
		vendors := s.templateVendors()
		if len(vendors) == 0 {
			return Finding{Status: Skip, Summary: said("template-values.none", nil)}
		}
		look := valuesLook{check: template.NewValues(vendors), text: s.Plan.Spec.Texts.Short(message.SMS), columns: r.Uses(message.SMS), of: s.Plan.Spec.Columns}
		err = s.eachCells(ctx, func(row *plan.Recipient, values []string) bool {
			look.row(row.Row, values)
			return true
		})
		if err != nil {
			return broken(err)
		}
		return look.finding()
	}}
}

// templateVendors are the kinds of vendor that fill in an approved text of the campaign.
func (s *Subject) templateVendors() []string {
	short := s.Plan.Spec.Texts.Short(message.SMS)
	if short == nil {
		return nil
	}
	var vendors []string
	for _, a := range s.carriers(message.SMS) {
		if short.TemplateCode[a.Name] != "" && slices.Contains(template.Vendors(), a.Vendor) && !slices.Contains(vendors, a.Vendor) {
			vendors = append(vendors, a.Vendor)
		}
	}
	return vendors
}

// valuesLook collects the rows whose values break a rule.
type valuesLook struct {
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

func (l *valuesLook) finding() Finding {
	var a answers
	if len(l.said) == 0 {
		a.say(Pass, "template-values.good", words.A{"rows": words.N(l.rows, "row"), "variables": words.Names(l.columns, 5)})
		return a.done(words.Text{})
	}
	a.fact("rows", l.bad.Count)
	a.say(Fail, "template-values.bad", words.A{"rows": words.N(l.bad.Count, "row")}, words.T("template-values.mend", nil))
	for _, s := range l.said {
		a.detail(s)
	}
	return a.done(words.Text{})
}

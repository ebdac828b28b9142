package preflight

import (
	"context"
	"errors"
	"iter"

	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/suppression"
	"notify/pkg/words"
)

// suppressedCheck asks whether anybody on the list must not be written to. It cannot be overridden, whatever the class and
// the reason: the sender looks again right before each message leaves, and knows no exception.
//
// *Is anybody on the list who must not be written to?* FAIL for every message that is still to be sent to an address on the
// [suppression list](suppression.md): the count by reason, the first rows, who put the address there and when. It cannot be overridden,
// for no class of campaign and no reason: the sender looks again right before each message leaves. WARN for addresses on the own list of a vendor
// that keeps one (SES, Postmark): it delivers nothing to them; `notify suppress pull` puts them on ours.
func suppressedCheck() Check {
	return Check{ID: "suppressed", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		var rowsErr error
		var v withheld
		var ours suppression.Set
		for found, err := range s.Ledger.Suppressed(ctx, s.addresses(ctx, r, &rowsErr)) {
			if err != nil {
				return broken(errors.Join(err, rowsErr))
			}
			v.add(s, found)
			ours.Put(found.Address, true)
		}
		if rowsErr != nil {
			return broken(rowsErr)
		}
		f := v.finding(s, r.Messages())
		s.vendorLists(ctx, &f, r, &ours)
		return f
	}}
}

// addresses are those that are still to be sent to. An error is put into err.
func (s *Subject) addresses(ctx context.Context, r *Remaining, err *error) iter.Seq[ledger.Asked] {
	return func(yield func(ledger.Asked) bool) {
		*err = s.eachRow(ctx, func(row *plan.Recipient) bool {
			for _, m := range row.Messages {
				if !r.hasLeft(m.Key) && !yield(ledger.Asked{Address: m.Address, Row: row.Row}) {
					return false
				}
			}
			return true
		})
	}
}

// withheld is who must not be written to.
type withheld struct {
	messages int
	rows     plan.Sample // each once
	last     int
	reasons  map[suppression.Reason]int
	details  []words.Text
}

func (v *withheld) add(s *Subject, f ledger.Found) {
	if v.reasons == nil {
		v.reasons = make(map[suppression.Reason]int)
	}
	v.messages++
	v.reasons[suppression.Reason(f.Reason)]++
	if f.Row != v.last {
		v.rows.Add(f.Row)
		v.last = f.Row
	}
	if len(v.details) < firstStrangers {
		args := words.A{
			"row": row(f.Row), "address": s.Config.Channels.Masked(f.Channel, f.Address), "reason": words.Of("suppressed", f.Reason), "at": f.At.In(s.Config.Timezone), "who": f.Who,
		}
		line := words.Text{ID: "suppressed.row", Args: args}
		if f.Note != "" {
			line.ID, args["note"] = "suppressed.row-note", f.Note
		}
		v.details = append(v.details, line)
	}
}

func (v *withheld) finding(s *Subject, messages int) Finding {
	f := Finding{Status: Pass, Facts: []Fact{{"suppressed", v.messages}, {"rows", v.rows.Count}, {"messages", messages}}, Details: append(v.details, andMore(v.messages-len(v.details))...)}
	if v.messages == 0 {
		f.Summary = said("suppressed.good", words.A{"messages": words.N(messages, "message")})
		return f
	}
	var why []words.Text
	for _, r := range suppression.Reasons() {
		if n := v.reasons[r]; n > 0 {
			why = append(why, words.T("suppressed.kind", words.A{"count": n, "reason": words.Of("suppressed", r)}))
			f.Facts = append(f.Facts, Fact{"reason." + string(r), n})
		}
	}
	f.Status, f.Summary = Fail, said("suppressed.some", words.A{
		"count": v.messages, "messages": words.N(messages, "message"), "why": words.Texts(words.Commas, why...),
	})
	f.Remedies = do(
		words.T("suppressed.take-off", words.A{"rows": rowsOf(v.rows)}),
		words.T("suppressed.list", words.A{"command": "notify suppress list --in " + words.Typed(s.list())}),
		words.T("suppressed.again", nil),
	)
	return f
}

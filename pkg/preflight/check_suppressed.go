package preflight

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/suppression"
)

// suppressedCheck asks whether anybody on the list must not be written to. It cannot be overridden, whatever the class and
// the reason: the sender looks again right before each message leaves, and knows no exception.
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
		for found, err := range s.Ledger.Suppressed(ctx, s.addresses(ctx, r, &rowsErr)) {
			if err != nil {
				return broken(errors.Join(err, rowsErr))
			}
			v.add(s, found)
		}
		if rowsErr != nil {
			return broken(rowsErr)
		}
		return v.finding(s, r.Messages())
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
	details  []string
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
		line := fmt.Sprintf(textWithheldRow, f.Row, f.Address.Masked(), f.Reason, when(f.At.In(s.Config.Timezone)), f.Who)
		if f.Note != "" {
			line += ": " + f.Note
		}
		v.details = append(v.details, line)
	}
}

func (v *withheld) finding(s *Subject, messages int) Finding {
	f := Finding{Status: Pass, Facts: []Fact{{"suppressed", v.messages}, {"rows", v.rows.Count}, {"messages", messages}}, oldDetails: v.details}
	if v.messages == 0 {
		f.oldSummary = fmt.Sprintf(textNobodyWithheld, count(messages, "message"))
		return f
	}
	var why []string
	for _, r := range suppression.Reasons() {
		if n := v.reasons[r]; n > 0 {
			why = append(why, num(n)+" "+string(r))
			f.Facts = append(f.Facts, Fact{"reason." + string(r), n})
		}
	}
	f.Status, f.oldSummary = Fail, fmt.Sprintf(textWithheld, num(v.messages), num(messages), strings.Join(why, ", "))
	f.oldRemedies = []string{
		fmt.Sprintf(textTakeThemOff, rowsOf(v.rows)),
		fmt.Sprintf(textListThem, s.list()),
		textConsentAgain,
	}
	return f
}

const (
	textNobodyWithheld = "none of %s goes to somebody who must not be written to"
	textWithheld       = "%s of %s messages go to somebody who must not be written to: %s"
	textWithheldRow    = "row %d: %s, %s since %s (%s)"
	textTakeThemOff    = "take %s off the list, and correct expect in the campaign file; this check cannot be overridden"
	textListThem       = "see all of them: notify suppress list --in %s"
	textConsentAgain   = `who has asked to be written to again, or whose address works again: notify suppress remove ADDRESS --reason "…"`
)

package preflight

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// Since is what changed since the preflight that people signed.
type Since struct {
	At     time.Time `json:"at"` // when the signed preflight was made
	Digest string    `json:"digest"`
	// Changes are a line each; none where all is as it was.
	Changes []string `json:"changes"`
}

// since compares a result with the preflight under the newest signature; nil where nobody has signed.
func (s *Subject) since(ctx context.Context, r *Result) *Since {
	newest := newestSignature(r.Checklist)
	if newest == nil {
		return nil
	}
	check, err := s.Ledger.CheckAt(ctx, r.Campaign, newest.Digest, newest.Checked)
	if err != nil {
		return nil
	}
	old, err := Decode(check)
	if err != nil {
		return nil
	}
	return &Since{At: check.At.In(s.Config.Timezone), Digest: old.Digest, Changes: Compare(old, r)}
}

func newestSignature(state *checklist.State) *checklist.Signature {
	if state == nil {
		return nil
	}
	var newest *checklist.Signature
	look := func(sig checklist.Signature) {
		if sig.Revoked == "" && (newest == nil || sig.At.After(newest.At)) {
			newest = &sig
		}
	}
	for _, l := range state.Lines {
		for _, sig := range l.Signatures {
			look(sig)
		}
		for _, lapse := range l.Lapses {
			look(lapse.Signature)
		}
	}
	return newest
}

// Compare says what is different between two results of a campaign: parts of the plan, answers of checks, and balances that
// fell although they still suffice.
func Compare(before, after *Result) []string {
	changes := []string{}
	for _, part := range []string{
		checklist.PartList, checklist.PartTexts, checklist.PartCampaign, checklist.PartAccounts, checklist.PartLimits,
	} {
		if before.Parts[part] == after.Parts[part] {
			continue
		}
		words := fmt.Sprintf(textPartChanged, part)
		switch what := plan.Differences(part, before.Terms, after.Terms); {
		case len(what) > 0:
			words += ": " + strings.Join(what, "; ")
		case part == checklist.PartList:
			words += textRowsChanged
		}
		changes = append(changes, words)
	}
	if after.Checklist != nil {
		if what := relisted(before.Checklist, after.Checklist.Checklist()); len(what) > 0 {
			changes = append(changes, fmt.Sprintf(textPartChanged, checklist.PartChecklist)+": "+strings.Join(what, "; "))
		}
	}
	for _, f := range after.Findings {
		old, known := before.Finding(f.ID)
		if f.ID == "checklist" {
			continue // signatures come after the preflight that they are for
		}
		switch {
		case !known && f.Status.rank() > Pass.rank():
			changes = append(changes, fmt.Sprintf(textNewFinding, f.ID, upper(f.Status), f.Summary))
		case known && old.Status != f.Status:
			changes = append(changes, fmt.Sprintf(textOtherStatus, f.ID, upper(old.Status), upper(f.Status), f.Summary))
		case known:
			changes = append(changes, fallen(old, f)...)
		}
	}
	return changes
}

// relisted is what is different in a checklist since a preflight; nothing where that was about another list.
func relisted(before *checklist.State, now *checklist.Checklist) []string {
	if before == nil || before.Name != now.Name {
		return nil
	}
	return checklist.Differences(before.Checklist(), now)
}

func upper(s Status) string {
	if s == NotRun {
		return "NOT RUN"
	}
	return strings.ToUpper(string(s))
}

// fallen are balances that are lower than they were, in money or in packages.
func fallen(before, after Finding) []string {
	var out []string
	for _, f := range after.Facts {
		name, isMoney := strings.CutSuffix(f.Name, ".balance")
		name, isPackages := strings.CutSuffix(name, ".packages")
		i := slices.IndexFunc(before.Facts, func(old Fact) bool { return old.Name == f.Name })
		if i < 0 || !isMoney && !isPackages {
			continue
		}
		was, ok := amountOf(before.Facts[i].Value)
		now, too := amountOf(f.Value)
		if !ok || !too || now >= was {
			continue
		}
		from, to := money(was, ""), money(now, "")
		if isPackages {
			from, to = strings.TrimSuffix(from, ".00"), fmt.Sprintf(textPackages, strings.TrimSuffix(to, ".00"))
		}
		out = append(out, fmt.Sprintf(textFell, strings.TrimPrefix(name, "account."), from, to))
	}
	return out
}

// amountOf is a fact that is an amount, fresh or as it was read from the ledger.
func amountOf(v any) (message.Money, bool) {
	switch v := v.(type) {
	case message.Money:
		return v, true
	case *message.Money:
		return *v, v != nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return 0, false
	}
	var m message.Money
	return m, m.UnmarshalJSON(b) == nil
}

const (
	textPartChanged = "the %s changed"
	textRowsChanged = ": cells of some rows, and as many rows as before"
	textNewFinding  = "%s: new, %s: %s"
	textOtherStatus = "%s: %s → %s: %s"
	textFell        = "balance of %s: %s → %s"
)

package preflight

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Since is what changed since the preflight that people signed.
type Since struct {
	At     time.Time `json:"at"` // when the signed preflight was made
	Digest string    `json:"digest"`
	// Changes are a line each; none where all is as it was.
	Changes []words.Text `json:"changes"`
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
	var newest *checklist.Signature
	look := func(sig checklist.Signature) {
		if sig.Revoked == nil && (newest == nil || sig.At.After(newest.At)) {
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
func Compare(before, after *Result) []words.Text {
	changes := []words.Text{}
	for _, part := range []string{
		checklist.ScopeList, checklist.ScopeTexts, checklist.ScopeCampaign, checklist.ScopeAccounts, checklist.ScopeLimits,
	} {
		if before.Scopes[part] == after.Scopes[part] {
			continue
		}
		how := plan.Differences(part, before.Terms, after.Terms)
		if len(how) == 0 && part == checklist.ScopeList {
			how = said("preflight.rows-changed", nil)
		}
		changes = append(changes, checklist.Changed(part, how, 0))
	}
	if after.Checklist != nil {
		if what := relisted(before.Checklist, after.Checklist.Checklist()); len(what) > 0 {
			changes = append(changes, checklist.Changed(checklist.ScopeChecklist, what, 0))
		}
	}
	for _, f := range after.Findings {
		old, known := before.Finding(f.ID)
		if f.ID == "checklist" {
			continue // signatures come after the preflight that they are for
		}
		switch {
		case !known && f.Status.rank() > Pass.rank():
			changes = append(changes, words.T("preflight.new-finding", words.A{"id": f.ID, "status": f.Status.Says(), "said": f.Says()}))
		case known && old.Status != f.Status:
			changes = append(changes, words.T("preflight.other-status", words.A{
				"id": f.ID, "was": old.Status.Says(), "status": f.Status.Says(), "said": f.Says(),
			}))
		case known:
			changes = append(changes, fallen(old, f)...)
		}
	}
	return changes
}

// relisted is what is different in a checklist since a preflight; nothing where that was about another list.
func relisted(before *checklist.State, now *checklist.Checklist) []words.Text {
	if before == nil || before.Name != now.Name {
		return nil
	}
	return checklist.Differences(before.Checklist(), now)
}

// fallen are balances that are lower than they were, in money or in packages.
func fallen(before, after Finding) []words.Text {
	var out []words.Text
	for _, f := range after.Facts {
		name, isMoney := strings.CutSuffix(f.Name, ".balance")
		name, isPackages := strings.CutSuffix(name, ".packages")
		i := slices.IndexFunc(before.Facts, func(old Fact) bool { return old.Name == f.Name })
		if i < 0 || !isMoney && !isPackages {
			continue
		}
		if isPackages {
			was, ok := figureOf(before.Facts[i].Value)
			now, too := figureOf(f.Value)
			if ok && too && now < was {
				out = append(out, words.T("preflight.packages-fell", words.A{
					"account": strings.TrimPrefix(name, "account."), "was": was, "now": words.N(now, "packaged"),
				}))
			}
			continue
		}
		was, ok := amountOf(before.Facts[i].Value)
		now, too := amountOf(f.Value)
		if !ok || !too || now >= was {
			continue
		}
		out = append(out, words.T("preflight.balance-fell", words.A{"account": strings.TrimPrefix(name, "account."), "was": was, "now": now}))
	}
	return out
}

// figureOf is a fact that counts something, fresh or as it was read from the ledger.
func figureOf(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), true
	}
	return 0, false
}

// amountOf is a fact that is an amount, fresh or as it was read from the ledger.
func amountOf(v any) (message.Money, bool) {
	var m message.Money
	b, err := json.Marshal(v)
	read := err == nil && m.UnmarshalJSON(b) == nil
	return m, read
}

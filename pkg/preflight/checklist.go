package preflight

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/ledger"
	"notify/pkg/plan"
)

// Records is what the judgement of a checklist reads.
type Records interface {
	SignOffs(ctx context.Context, campaign string) ([]ledger.SignOff, error)
	CheckAt(ctx context.Context, campaign, digest string, at time.Time) (ledger.Check, error)
}

// checklistCheck asks whether those who have to sign have signed exactly this plan. Before a send, missing signatures stop
// it; in a preflight they are a warning, because its result is what people sign.
func checklistCheck() Check {
	return Check{ID: "checklist", Group: GroupChecklist, Title: "signatures", Run: func(ctx context.Context, s *Subject) Finding {
		if s.Checklist == nil {
			return Finding{Status: Skip, Summary: textNoChecklist}
		}
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		state, err := s.judge(ctx, nil)
		if err != nil {
			return broken(err)
		}
		return s.signatures(state)
	}}
}

func (s *Subject) signatures(state *checklist.State) Finding {
	var f Finding
	var total, open int
	var who, wanted []string
	for _, l := range state.Of(checklist.Before) {
		if !l.Signed() {
			continue
		}
		total++
		for _, sig := range l.Signatures {
			if !slices.Contains(who, sig.Name) {
				who = append(who, sig.Name)
			}
		}
		if l.Wanting() == 0 {
			continue
		}
		open++
		wanted = append(wanted, l.ID+" ("+l.Role+")")
		for _, lapse := range l.Lapses {
			f.Details = append(f.Details, fmt.Sprintf(textLapse, l.ID, lapse.Name, when(lapse.At.In(s.Config.Timezone)), lapse.Why))
		}
		f.Remedies = append(f.Remedies, s.howToSign(&l))
	}
	f.Facts = []Fact{{"items", total}, {"unsigned", open}}
	alone := s.Sending && state.Alone(s.Sender)
	switch {
	case total == 0:
		f.Status, f.Summary = Pass, fmt.Sprintf(textNobodySigns, state.Name)
	case open > 0:
		f.Status, f.Summary = Warn, fmt.Sprintf(textUnsigned, state.Name, open, total, first(wanted, 6))
	case alone:
		f.Status, f.Summary = Warn, fmt.Sprintf(textAlone, strings.Join(who, ", "))
		f.Remedies = append(f.Remedies, textTwoPeople)
	default:
		f.Status, f.Summary = Pass, fmt.Sprintf(textSigned, state.Name, count(total, "item"), strings.Join(who, ", "))
	}
	if s.Sending && f.Status == Warn {
		f.Status = Fail
	}
	return f
}

// howToSign is the command for an item, and who may type it.
func (s *Subject) howToSign(l *checklist.Line) string {
	people := s.Config.Roles[l.Role]
	if len(people) == 0 {
		return fmt.Sprintf(textNobodyMay, l.Role, l.ID, l.Role)
	}
	command := fmt.Sprintf("notify checklist sign %s %s --as NAME%s", s.name(), l.ID, l.Evidence.Flag())
	if l.People > 1 {
		return fmt.Sprintf(textSignersMany, command, l.Role, strings.Join(people, ", "), l.Wanting(), l.People)
	}
	return fmt.Sprintf(textSigners, command, l.Role, strings.Join(people, ", "))
}

// judge says how the checklist stands for the plan at hand.
func (s *Subject) judge(ctx context.Context, answer func(string) checklist.Answer) (*checklist.State, error) {
	now := checklist.Plan{Digest: s.Plan.Digest, Parts: s.Plan.Digests.Parts()}
	return judge(ctx, s.Ledger, s.name(), s.Checklist, now, plan.Terms(s.Config, s.Plan), s.Config.Roles, answer, s.now())
}

// Standing is the checklist of a preflight as it stands now: signatures given since count, and those that lapsed do not.
// nil where the campaign had none.
func Standing(ctx context.Context, r Records, res *Result, people checklist.People, now time.Time) (*checklist.State, error) {
	if res.Checklist == nil {
		return nil, nil //nolint:nilnil // no checklist is an answer
	}
	return StandingOf(ctx, r, res, res.Checklist.Checklist(), people, now)
}

// StandingOf is Standing for another list than the preflight's: one that is gone through beside it, such as incident.
func StandingOf(
	ctx context.Context, r Records, res *Result, c *checklist.Checklist, people checklist.People, now time.Time,
) (*checklist.State, error) {
	p := checklist.Plan{Digest: res.Digest, Parts: res.Parts}
	return judge(ctx, r, res.Campaign, c, p, res.Terms, people, res.answer, now)
}

// Decode reads a result that was kept in the ledger.
func Decode(c ledger.Check) (*Result, error) {
	var r Result
	if err := json.Unmarshal(c.Result, &r); err != nil {
		return nil, fmt.Errorf("read the preflight of %s from %s: %w", c.Campaign, c.At.Format(time.RFC3339), err)
	}
	return &r, nil
}

func judge(
	ctx context.Context, r Records, campaign string, c *checklist.Checklist, p checklist.Plan, terms []plan.Term,
	people checklist.People, answer func(string) checklist.Answer, now time.Time,
) (*checklist.State, error) {
	kept, err := r.SignOffs(ctx, campaign)
	if err != nil {
		return nil, err
	}
	signatures := make([]checklist.Signature, 0, len(kept))
	for _, k := range kept {
		sig, err := signature(k, now.Location())
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, sig)
	}
	before := make(map[time.Time]*Result)
	p.Changed = func(s checklist.Signature, part string) string {
		old, known := before[s.Checked]
		if !known {
			// Without the old result the part's name has to do.
			if check, err := r.CheckAt(ctx, campaign, s.Digest, s.Checked); err == nil {
				old, _ = Decode(check)
			}
			before[s.Checked] = old
		}
		const shown = 4
		switch {
		case old == nil:
			return ""
		case part == checklist.PartChecklist:
			return first(relisted(old.Checklist, c), shown)
		}
		return first(plan.Differences(part, old.Terms, terms), shown)
	}
	return c.Judge(p, signatures, people, answer, now), nil
}

func signature(s ledger.SignOff, zone *time.Location) (checklist.Signature, error) {
	sig := checklist.Signature{
		Item: s.Item, Role: s.Role, Name: s.Name, Who: s.Who, At: s.At.In(zone), Digest: s.Digest, Parts: s.Parts, Checked: s.Checked,
	}
	if s.Revoked != nil {
		sig.Revoked = cmp.Or(s.Revoked.Reason, "no reason given") + " (" + s.Revoked.Who + ")"
	}
	if s.Evidence != nil {
		sig.Evidence = &checklist.Proof{}
		if err := json.Unmarshal(s.Evidence, sig.Evidence); err != nil {
			return sig, fmt.Errorf("read the evidence of %s signed by %s: %w", s.Item, s.Name, err)
		}
	}
	return sig, nil
}

// answer is what a finding says of a checklist's item.
func (r *Result) answer(check string) checklist.Answer {
	f, ok := r.Finding(check)
	if !ok {
		return checklist.Answer{Status: checklist.Unknown, Said: textNotAsked}
	}
	a := checklist.Answer{Said: strings.ToUpper(string(f.Status)) + ": " + f.Summary}
	switch {
	case f.Override != nil:
		a.Status, a.Said = checklist.Overridden, a.Said+"; "+f.Override.words()
	case f.Status == NotRun:
		a.Status, a.Said = checklist.Unknown, f.Summary
	case f.Status.stops():
		a.Status = checklist.Failed
	default:
		a.Status = checklist.Done
	}
	return a
}

const (
	textNoChecklist = "the campaign names no checklist: nobody has to sign"
	textNobodySigns = "%s has nothing to sign before the campaign"
	textSigned      = "%s: %s signed for exactly this plan, by %s"
	textUnsigned    = "%s: %d of %d items wait for signatures: %s"
	textLapse       = "%s: the signature of %s from %s does not hold; %s"
	textAlone       = "only %s has signed, who sends: the one who sends may not be the only one who signed"
	textTwoPeople   = "let another person sign one of the items, or send (notify send … --as NAME says who sends)"
	textSigners     = "%s (%s: %s)"
	textSignersMany = "%s (%s: %s; %d more of %d people)"
	textNobodyMay   = "nobody may sign for %s, which %s needs: write roles: {%s: [NAME]} into notify.yaml"
	textNotAsked    = "this preflight did not ask it"
)

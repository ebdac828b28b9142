package preflight

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Records is what the judgement of a checklist reads.
type Records interface {
	SignOffs(ctx context.Context, campaign string) ([]ledger.SignOff, error)
	CheckAt(ctx context.Context, campaign, digest string, at time.Time) (ledger.Check, error)
}

// checklistCheck asks whether those who have to sign have signed exactly this plan. Before a send, missing signatures stop
// it; in a preflight they are a warning, because its result is what people sign.
//
// *Has everybody signed, for exactly this plan, who has to?* SKIP where the campaign names no checklist. In a preflight, signatures that are
// missing or lapsed WARN, because its result is what people sign; before a `send` they FAIL, and so does a campaign whose sender is the
// only one who signed. Each item is named with its role and the command to sign; a lapse says what changed. See
// [checklist.md](checklist.md).
func checklistCheck() Check {
	return Check{ID: "checklist", Group: GroupChecklist, After: func(ctx context.Context, s *Subject, r *Result) Finding {
		if s.Checklist == nil {
			return Finding{Status: Skip, Summary: said("checklist.no-checklist", nil)}
		}
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		state, err := s.judge(ctx, r.answer)
		if err != nil {
			return broken(err)
		}
		return s.signatures(state)
	}}
}

// signatures judges who has signed, and what nobody looked at.
func (s *Subject) signatures(state *checklist.State) Finding {
	var a answers
	w := waiting{list: state.Name}
	for _, l := range state.Of(checklist.Before) {
		w.look(s, &a, &l)
	}
	a.fact("items", w.signed)
	a.fact("unsigned", w.open-w.unseen)
	a.fact("not_looked_at", w.unseen)
	bad, alone := Warn, s.Sending && state.Alone(s.Sender)
	if s.Sending && (w.stops > 0 || alone) {
		bad = Fail
	}
	switch {
	case w.open > 0:
		a.say(bad, "checklist.unsigned", words.A{"list": w.list, "open": w.open, "of": w.items, "items": most(6, w.wanted)})
	case alone:
		a.say(bad, "checklist.alone", words.A{"names": words.Names(w.who, 0)}, words.T("checklist.two-people", nil))
	case w.signed == 0:
		a.say(Pass, "checklist.nobody-signs", words.A{"list": w.list})
	default:
		a.say(Pass, "checklist.signed", words.A{"list": w.list, "items": words.N(w.signed, "item"), "names": words.Names(w.who, 0)})
	}
	return a.done(words.Text{})
}

// waiting counts the items that are due before a campaign.
type waiting struct {
	list          string
	items, signed int // all, and those that people sign
	open, unseen  int // those that wait, and of them those whose check nobody could look at
	stops         int // of those that wait, those that somebody may sign or has to
	wanted        []words.Text
	who           []string
}

func (w *waiting) look(s *Subject, a *answers, l *checklist.Line) {
	w.items++
	for _, sig := range l.Signatures {
		if !slices.Contains(w.who, sig.Name) {
			w.who = append(w.who, sig.Name)
		}
	}
	if l.Signed() {
		w.signed++
	}
	if l.Status == checklist.Failed || !l.Status.Open() {
		return // what failed stops the campaign by itself
	}
	w.open++
	// What nobody looked at is taken on by somebody; where nobody may, it is a warning.
	if l.Signed() || len(s.Config.Roles[l.Role]) > 0 {
		w.stops++
	}
	w.wanted = append(w.wanted, words.T("checklist.item-role", words.A{"item": l.ID, "role": checklist.RoleWord(l.Role)}))
	for _, lapse := range l.Lapses {
		a.detail(words.T("checklist.lapse", words.A{"item": l.ID, "name": lapse.Name, "at": lapse.At.In(s.Config.Timezone), "why": lapse.Why}))
	}
	if !l.Signed() {
		w.unseen++
		a.detail(words.T("checklist.unseen", words.A{"item": l.ID, "check": l.Check, "said": words.Texts(words.Sentences, l.Said...)}))
	}
	a.finding.Remedies = append(a.finding.Remedies, do(s.howToSign(l))...)
}

// howToSign is the command for an item, and who may type it.
func (s *Subject) howToSign(l *checklist.Line) words.Text {
	people := s.Config.Roles[l.Role]
	if len(people) == 0 {
		return words.T("checklist.nobody-may", words.A{"role": checklist.RoleWord(l.Role), "item": l.ID, "setting": fmt.Sprintf("roles: {%s: [NAME]}", l.Role)})
	}
	args := words.A{
		"command": fmt.Sprintf("notify checklist sign %s %s --as NAME%s", words.Typed(s.name()), l.ID, l.Evidence.Flag()),
		"role":    checklist.RoleWord(l.Role), "people": words.Names(people, 0),
	}
	if l.People > 1 {
		args["more"], args["of"] = l.Wanting(), l.People
		return words.Text{ID: "checklist.sign-many", Args: args}
	}
	return words.Text{ID: "checklist.sign", Args: args}
}

// judge says how the checklist stands for the plan at hand.
func (s *Subject) judge(ctx context.Context, answer func(string) checklist.Answer) (*checklist.State, error) {
	now := checklist.Plan{Digest: s.Plan.Digest, Scopes: s.Plan.Digests.Scopes()}
	return judge(ctx, s.Ledger, s.name(), s.Checklist, now, plan.Terms(s.Config, s.Plan), s.Config.Signers(), answer, s.now())
}

// Decode reads a result that was kept in the ledger.
func Decode(c ledger.Check) (*Result, error) {
	var r Result
	if err := json.Unmarshal(c.Result, &r); err != nil {
		return nil, words.Wrap(err, "checklist.read-preflight", words.A{"campaign": c.Campaign, "at": c.At})
	}
	return &r, nil
}

func judge(
	ctx context.Context, r Records, campaign string, c *checklist.Checklist, p checklist.Plan, terms []plan.Term,
	signers checklist.Signers, answer func(string) checklist.Answer, now time.Time,
) (*checklist.State, error) {
	kept, err := r.SignOffs(ctx, campaign)
	if err != nil {
		return nil, err
	}
	signatures := make([]checklist.Signature, 0, len(kept))
	for _, k := range kept {
		sig, err := SignatureOf(k, now.Location())
		if err != nil {
			return nil, err
		}
		signers.Prove(&sig)
		signatures = append(signatures, sig)
	}
	before := make(map[time.Time]*Result)
	p.Changed = func(s checklist.Signature, part string) []words.Text {
		old, known := before[s.Checked]
		if !known {
			// Without the old result the part's name has to do.
			if check, err := r.CheckAt(ctx, campaign, s.Digest, s.Checked); err == nil {
				old, _ = Decode(check)
			}
			before[s.Checked] = old
		}
		switch {
		case old == nil:
			return nil
		case part == checklist.ScopeChecklist:
			return relisted(old.Checklist, c)
		}
		return plan.Differences(part, old.Terms, terms)
	}
	return c.Judge(p, signatures, signers.People, answer, now), nil
}

// SignatureOf is a sign-off of the ledger as a checklist judges it.
func SignatureOf(s ledger.SignOff, zone *time.Location) (checklist.Signature, error) {
	sig := checklist.Signature{
		Campaign: s.Campaign, SSH: s.Signature, Item: s.Item, Role: s.Role, Name: s.Name, Who: s.Who, At: s.At.In(zone), Digest: s.Digest, Scopes: s.Scopes, Checked: s.Checked,
	}
	if s.Revoked != nil {
		sig.Revoked = &checklist.Revocation{Who: s.Revoked.Who, Reason: s.Revoked.Reason}
	}
	if s.Evidence != nil {
		sig.Evidence = &checklist.Proof{}
		if err := json.Unmarshal(s.Evidence, sig.Evidence); err != nil {
			return sig, words.Wrap(err, "checklist.read-evidence", words.A{"item": s.Item, "name": s.Name})
		}
	}
	return sig, nil
}

// answer is what a finding says of a checklist's item.
func (r *Result) answer(check string) checklist.Answer {
	f, ok := r.Finding(check)
	if !ok {
		return checklist.Answer{Status: checklist.NotLookedAt, Said: said("checklist.not-asked", nil)}
	}
	a := checklist.Answer{Said: f.Summary}
	switch {
	case f.Override != nil:
		a.Status, a.Said = checklist.Overridden, append(slices.Clone(f.Summary), f.Override.Says())
	case f.Status == NotRun, f.Status == NotLooked:
		a.Status = checklist.NotLookedAt
	case f.Status.Stops():
		a.Status = checklist.Failed
	case f.Status == Warn:
		a.Status = checklist.Warned
	case f.Status == Skip:
		a.Status = checklist.NotApplicable
	default:
		a.Status = checklist.Proven
	}
	return a
}

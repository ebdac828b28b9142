package preflight

import (
	"context"
	"errors"
	"maps"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/ledger"
	"notify/pkg/plan"
)

// ErrNoChecklist says that a campaign names no checklist.
var ErrNoChecklist = errors.New("the campaign has no checklist")

// Kept is where the results of preflights, and signatures, are kept.
type Kept interface {
	Records
	Campaign(ctx context.Context, name string) (ledger.Campaign, error)
	Check(ctx context.Context, campaign, digest string) (ledger.Check, error)
	NewestCheck(ctx context.Context, campaign string) (ledger.Check, error)
}

// Sheet is a campaign's checklist as people sign it: for one preflight, as it stands now.
type Sheet struct {
	Result *Result
	List   *checklist.Checklist
	State  *checklist.State
}

// Line is an item as it stands; zero where there is no such item.
func (s *Sheet) Line(id string) checklist.Line {
	for _, l := range s.State.Lines {
		if l.ID == id {
			return l
		}
	}
	return checklist.Line{}
}

// SignOff is a signature under an item, for exactly what was seen: the plan, the list, the item's words, and what its check had found.
func (s *Sheet) SignOff(item *checklist.Item, name string, by ledger.Act) ledger.SignOff {
	off := ledger.SignOff{
		Campaign: s.Result.Campaign, Item: item.ID, Role: item.Role, Name: name, Who: by.Who, At: by.At, Digest: s.Result.Digest,
		Scopes: map[string]string{
			checklist.ScopeItem: item.Digest(), checklist.ScopeChecklist: s.List.Digest(), checklist.ScopeFound: string(s.Line(item.ID).Found),
		},
		Checked: s.Result.At,
	}
	maps.Copy(off.Scopes, s.Result.Scopes)
	return off
}

// SheetOf judges a campaign's checklist, or the one that is gone through beside it, for its newest preflight. What is due while the
// campaign runs and after is about what was staged, which may be an older plan: an item of those is judged for that one. It returns
// ledger.ErrNoCheck where there was no preflight, and ErrNoChecklist.
func SheetOf(
	ctx context.Context, l Kept, campaign, item string, beside *checklist.Checklist, signers checklist.Signers, now time.Time,
) (*Sheet, error) {
	newest, err := l.NewestCheck(ctx, campaign)
	if err != nil {
		return nil, err
	}
	s, err := sheet(ctx, l, newest, beside, signers, now)
	if err != nil {
		return nil, err
	}
	staged, err := checkOfStaged(ctx, l, campaign)
	if err != nil || staged == nil || plan.WholeDigest(staged.Digest) == newest.Digest {
		return s, err
	}
	older, err := sheet(ctx, l, *staged, beside, signers, now)
	if err != nil {
		return nil, err
	}
	if i := older.List.Item(item); i != nil && i.Phase != checklist.Before {
		return older, nil
	}
	s.State.Lines = append(s.State.Of(checklist.Before), older.State.Of(checklist.During, checklist.After)...)
	return s, nil
}

// sheet is the checklist for one preflight.
func sheet(ctx context.Context, r Records, check ledger.Check, beside *checklist.Checklist, signers checklist.Signers, now time.Time) (*Sheet, error) {
	res, err := Decode(check)
	if err != nil {
		return nil, err
	}
	s := &Sheet{Result: res, List: beside}
	switch {
	case beside != nil:
	case res.Checklist != nil:
		s.List = res.Checklist.Checklist()
	default:
		return nil, ErrNoChecklist
	}
	p := checklist.Plan{Digest: res.Digest, Scopes: res.Scopes}
	s.State, err = judge(ctx, r, res.Campaign, s.List, p, res.Terms, signers, res.answer, now)
	return s, err
}

// StagedChecklist is the checklist of a staged campaign as it stands now: signatures given since count, and those that lapsed do not.
// nil where it has none.
func StagedChecklist(ctx context.Context, l Kept, campaign string, signers checklist.Signers, now time.Time) (*checklist.State, error) {
	check, err := checkOfStaged(ctx, l, campaign)
	if err != nil || check == nil {
		return nil, err
	}
	s, err := sheet(ctx, l, *check, nil, signers, now)
	if errors.Is(err, ErrNoChecklist) {
		return nil, nil // none is an answer
	}
	if err != nil {
		return nil, err
	}
	return s.State, nil
}

// checkOfStaged is the preflight of what a campaign has staged; nil where nothing is, or none was kept.
func checkOfStaged(ctx context.Context, l Kept, name string) (*ledger.Check, error) {
	c, err := l.Campaign(ctx, name)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil, nil // nothing staged is an answer
	}
	if err != nil {
		return nil, err
	}
	check, err := l.Check(ctx, name, plan.WholeDigest(c.Digest))
	if errors.Is(err, ledger.ErrNoCheck) {
		return nil, nil // staged by a program that kept none
	}
	return &check, err
}

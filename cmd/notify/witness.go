package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"notify/pkg/config"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/send"
	"notify/pkg/witness"
	"notify/pkg/words"
)

// witnessPlace is where this machine remembers what left of a campaign.
func (e *env) witnessPlace(ctx context.Context, l ledger.Ledger, campaign string) (witness.Place, error) {
	info, err := l.Info(ctx)
	p := witness.Place{Ledger: info.Place, ID: info.ID, Campaign: campaign, State: witness.StateDir(e.getenv)}
	if e.cfg != nil {
		p.Shared, p.Folders = e.cfg.Ledger.Server(), e.cfg.Witness
	}
	if err == nil && p.Shared && p.State == "" {
		err = words.Err("cmd.error.no-witness-folder", nil).Do("cmd.do.no-witness-folder", nil)
	}
	return p, err
}

// trustBefore is trust before a list is staged: what is on no list of the ledger can only be looked for afterwards.
func (e *env) trustBefore(ctx context.Context, l ledger.Ledger, campaign string, here bool) error {
	err := e.trust(ctx, l, campaign, here)
	var behind *behindError
	if errors.As(err, &behind) && behind.verdict.Unstaged > 0 {
		return nil
	}
	return err
}

// behindError says what a ledger has forgotten.
type behindError struct {
	*ending
	verdict witness.Verdict
}

func (e *behindError) Unwrap() error { return e.ending }

// trust refuses a ledger that has forgotten what left, or that others sent from and this machine knows nothing of; here says that a person
// vouches for it.
func (e *env) trust(ctx context.Context, l ledger.Ledger, campaign string, here bool) error {
	if err := notMoved(ctx, l); err != nil {
		return err
	}
	return e.knows(ctx, l, campaign, here)
}

// knows is trust in a ledger, whether it was moved or not.
func (e *env) knows(ctx context.Context, l ledger.Ledger, campaign string, here bool) error {
	p, err := e.witnessPlace(ctx, l, campaign)
	if err != nil {
		return err
	}
	v, err := witness.Judge(ctx, l, p)
	if err != nil {
		return e.damagedWitness(err)
	}
	reconcile := words.A{"command": "notify ledger reconcile " + words.Typed(campaign)}
	if v.Behind() {
		id, hint := "cmd.error.behind-by", "cmd.do.reconcile"
		if v.Other {
			id = "cmd.error.behind-other"
		}
		if _, err := l.Campaign(ctx, campaign); errors.Is(err, ledger.ErrNoCampaign) {
			hint = "cmd.do.reconcile-unstaged"
		}
		said := words.Err(id, words.A{
			"ledger": p.Ledger, "campaign": campaign, "messages": words.N(v.Messages, "message"), "witness": words.Names(v.Files, 0),
		}).Do(hint, reconcile)
		return &behindError{ending: &ending{code: exit.Person, err: said}, verdict: v}
	}
	c, err := e.blindCopy(ctx, l, campaign)
	switch {
	case err != nil:
		return err
	case c != nil && here:
		return l.(ledger.Backuper).SettleCopies(ctx, campaign, e.now())
	case c != nil:
		return &ending{code: exit.Person, err: words.Err("cmd.error.is-copy", words.A{
			"ledger": p.Ledger, "campaign": campaign, "host": c.Host, "at": c.Made,
		}).Do("cmd.do.reconcile-copy", reconcile)}
	case v.Elsewhere && !here:
		return &ending{code: exit.Person, err: words.Err("cmd.error.elsewhere", words.A{
			"ledger": p.Ledger, "campaign": campaign, "host": v.Host, "at": v.At,
		}).Do("cmd.do.here", reconcile)}
	}
	return e.sameServer(ctx, l, campaign)
}

// allTold refuses a ledger on which nothing waits because it has forgotten what left: of a campaign that it has, or, where it has none at all, of one
// that this machine remembers.
func (e *env) allTold(ctx context.Context, l ledger.Ledger) error {
	all, err := l.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := e.forgot(ctx, l, c.Name); err != nil {
			return err
		}
	}
	return e.noneForgotten(ctx, l, all)
}

// noneForgotten refuses a ledger without any campaign where this machine remembers one; all are those that it has.
func (e *env) noneForgotten(ctx context.Context, l ledger.Ledger, all []ledger.Campaign) error {
	if len(all) > 0 {
		return nil
	}
	p, err := e.witnessPlace(ctx, l, "")
	if err != nil {
		return err
	}
	names, err := witness.Campaigns(p)
	if err != nil {
		return e.damagedWitness(err)
	}
	for _, name := range names {
		if err := e.forgot(ctx, l, name); err != nil {
			return err
		}
	}
	return nil
}

// forgot is trust as far as it is about what the ledger has forgotten.
func (e *env) forgot(ctx context.Context, l ledger.Ledger, campaign string) error {
	var behind *behindError
	if err := e.trust(ctx, l, campaign, false); errors.As(err, &behind) {
		return err
	}
	return nil
}

// blindCopy is a copy that the ledger comes from, after which messages of the campaign may have left that nothing here remembers; nil where
// there is none. A campaign that was staged long after the copy was put to use did not leave from the original.
func (e *env) blindCopy(ctx context.Context, l ledger.Ledger, campaign string) (*ledger.Copy, error) {
	b, ok := l.(ledger.Backuper)
	if !ok {
		return nil, nil
	}
	all, err := b.Copies(ctx, campaign)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	known, err := l.Campaign(ctx, campaign)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil, nil // looked at once it is staged
	}
	here := witness.Memory(witness.StateDir(e.getenv))
	for i, c := range all {
		lapsed := !c.Used.IsZero() && known.Created.After(c.Used.Add(ledger.Lapse))
		if !lapsed && (here == "" || c.Memory != here) {
			return &all[i], err
		}
	}
	return nil, err
}

func (e *env) damagedWitness(err error) error {
	return &ending{code: exit.Person, err: words.Wrap(err, "cmd.error.witness", nil).Do("cmd.do.witness", nil)}
}

// witnessed is the runs of a ledger that can be trusted, with this machine's memory in front of them; close ends that.
func (e *env) witnessed(ctx context.Context, l ledger.Ledger, f *send.Forgotten, here bool) (runs ledger.Runs, done func(), err error) {
	campaign := f.Campaign
	if err := e.trust(ctx, l, campaign, here); err != nil {
		return nil, nil, err
	}
	p, err := e.witnessPlace(ctx, l, campaign)
	if err != nil {
		return nil, nil, err
	}
	c, err := l.Campaign(ctx, campaign)
	if err != nil {
		return nil, nil, err
	}
	if err := e.probe(ctx, f); err != nil {
		return nil, nil, err
	}
	w, err := witness.Begin(p, c)
	if err != nil {
		return nil, nil, e.damagedWitness(err)
	}
	w.Again(func(ctx context.Context) error { return e.probe(ctx, f) })
	return w.Guard(l), func() {
		if err := w.Close(); err != nil {
			words.LogError(e.log, slog.LevelWarn, words.Wrap(err, "log.witness", nil))
		}
	}, nil
}

// probe refuses where a vendor has what this ledger would send next and never tried.
func (e *env) probe(ctx context.Context, f *send.Forgotten) error {
	found, err := f.Probe(ctx)
	if err != nil || len(found) == 0 {
		return err
	}
	said := words.Err("cmd.error.vendor-has", words.A{
		"ledger": e.ledgerPlace(), "campaign": f.Campaign, "asked": words.N(len(found), "message"),
	}).Do("cmd.do.reconcile-copy", words.A{"command": "notify ledger reconcile " + words.Typed(f.Campaign)})
	said.Err = ledger.ErrRolledBack
	return &ending{code: exit.Person, err: said}
}

// askable is what asks the vendors about a campaign; since is from when on something may have left that nobody here knows of.
func (e *env) askable(ctx context.Context, cfg *config.Config, l ledger.Ledger, campaign string, since time.Time) (*send.Forgotten, error) {
	spec, err := e.stagedSpec(ctx, l, campaign)
	if err != nil {
		return nil, err
	}
	f := &send.Forgotten{Ledger: l, Config: cfg, Campaign: campaign, Spec: spec, Now: e.now, Since: since}
	f.Vendors, _ = e.Vendors(cfg, spec.Channels()) // one that cannot be built cannot be asked
	if f.Since.IsZero() {
		if f.Since, err = e.lastKnown(ctx, l, campaign); err != nil {
			return nil, err
		}
	}
	if oldest := e.now().Add(-lookBack); f.Since.Before(oldest) {
		f.Since = oldest
	}
	return f, nil
}

// lookBack is how far back vendors are asked at most.
const lookBack = 30 * 24 * time.Hour

// lastKnown is the last time of which the ledger knows anything before this process began: what it forgot came later.
func (e *env) lastKnown(ctx context.Context, l ledger.Ledger, campaign string) (time.Time, error) {
	known := e.began.Add(-lookBack)
	runs, err := l.Runs(ctx, campaign)
	if err != nil {
		return known, err
	}
	log, err := l.AuditLog(ctx, campaign)
	if err != nil {
		return known, err
	}
	for _, r := range runs {
		known = ledger.Latest(known, r.Beat)
	}
	for _, a := range log {
		if a.At.Before(e.began) {
			known = ledger.Latest(known, a.At)
		}
	}
	return known.Add(-time.Hour), nil
}

// witnessProblems are what the witness says of all campaigns of the ledger, for notify ledger check. A backup is older by its nature.
func (e *env) witnessProblems(ctx context.Context, l ledger.Ledger) ([]words.Text, error) {
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var problems []words.Text
	for _, c := range all {
		p, err := e.witnessPlace(ctx, l, c.Name)
		if err != nil {
			return nil, err
		}
		v, err := witness.Judge(ctx, l, p)
		switch {
		case err != nil:
			problems = append(problems, words.Wrap(err, "cmd.error.witness", nil).Text)
		case v.Behind() && !v.Copy:
			problems = append(problems, words.T("cmd.error.behind-by", words.A{
				"ledger": p.Ledger, "campaign": c.Name, "messages": words.N(v.Messages, "message"), "witness": words.Names(v.Files, 0),
			}))
		}
	}
	return problems, nil
}

package ledgertest

import (
	"context"
	"maps"
	"slices"
	"time"

	"notify/pkg/ledger"
)

// NewestCheck implements ledger.SignOffs.
func (h *Handle) NewestCheck(ctx context.Context, name string) (ledger.Check, error) {
	return h.check(ctx, func(c ledger.Check) bool { return c.Campaign == name })
}

// CheckAt implements ledger.SignOffs.
func (h *Handle) CheckAt(ctx context.Context, name, digest string, at time.Time) (ledger.Check, error) {
	return h.check(ctx, func(c ledger.Check) bool { return c.Campaign == name && c.Digest == digest && c.At.Equal(at) })
}

func (h *Handle) check(ctx context.Context, is func(ledger.Check) bool) (ledger.Check, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Check{}, err
	}
	defer leave()
	for _, c := range slices.Backward(h.m.checks) {
		if is(c) {
			return c, nil
		}
	}
	return ledger.Check{}, ledger.ErrNoCheck
}

// SignOff implements ledger.SignOffs.
func (h *Handle) SignOff(ctx context.Context, s ledger.SignOff, by ledger.Act) (int64, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	s.ID, s.Scopes, s.Evidence = int64(len(h.m.signoffs)+1), maps.Clone(s.Scopes), slices.Clone(s.Evidence)
	h.m.signoffs = append(h.m.signoffs, s)
	h.m.enterAudit(s.Campaign, by)
	return s.ID, nil
}

// Revoke implements ledger.SignOffs.
func (h *Handle) Revoke(ctx context.Context, id int64, by ledger.Act) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if id < 1 || id > int64(len(h.m.signoffs)) || h.m.signoffs[id-1].Revoked != nil {
		return ledger.ErrNoSignOff
	}
	s := &h.m.signoffs[id-1]
	s.Revoked = &by
	h.m.enterAudit(s.Campaign, by)
	return nil
}

// SignOffs implements ledger.SignOffs.
func (h *Handle) SignOffs(ctx context.Context, name string) ([]ledger.SignOff, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.SignOff
	for _, s := range h.m.signoffs {
		if s.Campaign == name {
			s.Scopes = maps.Clone(s.Scopes)
			out = append(out, s)
		}
	}
	return out, nil
}

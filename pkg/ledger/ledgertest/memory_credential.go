package ledgertest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"notify/pkg/ledger"
)

// KeepCredentials implements ledger.Credentials.
func (h *Handle) KeepCredentials(ctx context.Context, host, installation string, all []ledger.Credential) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	h.m.credentials = append(slices.DeleteFunc(h.m.credentials, func(c ledger.Credential) bool {
		return c.Host == host && c.Installation == installation
	}), all...)
	slices.SortFunc(h.m.credentials, func(a, b ledger.Credential) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Installation, b.Installation), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Option, b.Option))
	})
	return nil
}

// Credentials implements ledger.Credentials.
func (h *Handle) Credentials(ctx context.Context, since time.Time) ([]ledger.Credential, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.Credential
	for _, c := range h.m.credentials {
		if !c.Seen.Before(since) {
			out = append(out, c)
		}
	}
	return out, nil
}

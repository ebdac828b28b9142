package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/witness"
)

// credentials keeps which secrets this installation uses, by their fingerprints, in the state folder and on the ledger, and reads what the others said;
// l is nil where there is no ledger.
func (e *env) credentials(ctx context.Context, cfg *config.Config, l ledger.Credentials) ([]ledger.Credential, error) {
	here, err := filepath.Abs(cmp.Or(cfg.Path, cfg.Dir))
	if err != nil {
		return nil, err
	}
	_, host := e.who()
	state, now := witness.StateDir(e.getenv), e.now()
	var mine []ledger.Credential
	for _, name := range slices.Sorted(maps.Keys(cfg.Accounts)) {
		a := cfg.Accounts[name]
		prints := a.Credentials()
		for _, option := range slices.Sorted(maps.Keys(prints)) {
			mine = append(mine, ledger.Credential{
				Print: prints[option], Option: option, Account: name, Environment: cmp.Or(a.Environment, cfg.Environment),
				Host: host, Installation: here, Seen: now,
			})
		}
	}
	errs := witness.KeepCredentials(state, host, here, mine)
	all, err := witness.Credentials(state, host, now.Add(-ledger.CredentialsKept))
	errs = errors.Join(errs, err)
	if l != nil {
		shared, err := e.sharedCredentials(ctx, l, host, here, mine)
		errs = errors.Join(errs, err)
		all = append(all, shared...)
	}
	seen := make(map[ledger.Credential]bool)
	return slices.DeleteFunc(all, func(c ledger.Credential) bool {
		key := c
		key.Seen = now // the state folder and the ledger say the same
		again := seen[key]
		seen[key] = true
		return again || c.Host == host && c.Installation == here
	}), errs
}

// credentialsFresh is for how long it need not be said again on the ledger that nothing changed.
const credentialsFresh = 24 * time.Hour

// sharedCredentials is what installations say on the ledger that they share. It is written to where something changed, or once a day.
func (e *env) sharedCredentials(ctx context.Context, l ledger.Credentials, host, here string, mine []ledger.Credential) ([]ledger.Credential, error) {
	all, err := l.Credentials(ctx, e.now().Add(-ledger.CredentialsKept))
	if err != nil {
		return nil, err
	}
	var known []ledger.Credential
	for _, c := range all {
		if c.Host == host && c.Installation == here {
			known = append(known, c)
		}
	}
	if slices.EqualFunc(known, mine, func(a, b ledger.Credential) bool {
		fresh := b.Seen.Sub(a.Seen) < credentialsFresh
		a.Seen = b.Seen
		return fresh && a == b
	}) {
		return all, nil
	}
	return all, l.KeepCredentials(ctx, host, here, mine)
}

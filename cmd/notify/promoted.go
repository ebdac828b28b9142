package main

import (
	"context"
	"errors"
	"slices"

	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/witness"
	"notify/pkg/words"
)

// A ledger on a server may lose its newest part while nobody looks: a standby that was behind is promoted, a copy is put back. Each machine's
// witness knows what that machine sent, and no other's. So the ledger keeps which server a campaign was sent from; under another one, every
// machine that took part says first what it knows.

// reconciledAt is where the ledger keeps the server under which a machine reconciled a campaign.
func reconciledAt(campaign, host string) string { return ledger.ServerMark(campaign) + "/" + host }

// sameServer refuses a ledger whose server was promoted or put back, until each machine that sent the campaign has reconciled it.
func (e *env) sameServer(ctx context.Context, l ledger.Ledger, campaign string) error {
	info, err := l.Info(ctx)
	marks, ok := l.(ledger.Receipts)
	if err != nil || !ok || info.Server == "" {
		return err
	}
	now := ledger.ServerStands(info.Server, info.Synchronous)
	kept, err := marks.Bookmark(ctx, ledger.ServerMark(campaign))
	if err != nil || kept == now {
		return err
	}
	if was, synchronous := ledger.ServerKept(kept); was != "" && was != info.Server && (!synchronous || !ledger.SameTables(was, info.Server)) {
		silent, err := silentHosts(ctx, l, marks, campaign, info.Server)
		if err != nil {
			return err
		}
		if len(silent) > 0 {
			return &ending{code: exit.Person, err: words.Err("cmd.error.other-server", words.A{
				"ledger": info.Place, "campaign": campaign, "hosts": words.Names(silent, 0),
			}).Do("cmd.do.other-server", words.A{"command": "notify ledger reconcile " + words.Typed(campaign)})}
		}
	}
	return marks.SetBookmark(ctx, ledger.ServerMark(campaign), now)
}

// silentHosts are the machines that sent the campaign and have not reconciled it under this server.
func silentHosts(ctx context.Context, l ledger.Ledger, marks ledger.Receipts, campaign, server string) ([]string, error) {
	runs, err := l.Runs(ctx, campaign)
	if err != nil && !errors.Is(err, ledger.ErrNoCampaign) {
		return nil, err
	}
	var silent []string
	for i := range runs {
		host := runs[i].Host
		if runs[i].Turn == 0 || slices.Contains(silent, host) {
			continue
		}
		at, err := marks.Bookmark(ctx, reconciledAt(campaign, host))
		if err != nil {
			return nil, err
		}
		if at != server {
			silent = append(silent, host)
		}
	}
	return silent, nil
}

// reconciledHere keeps that this machine said what it knows.
func (e *env) reconciledHere(ctx context.Context, l ledger.Ledger, campaign string) error {
	host, err := e.machine()
	if err != nil {
		return err
	}
	return reconciledBy(ctx, l, campaign, host)
}

func reconciledBy(ctx context.Context, l ledger.Ledger, campaign string, hosts ...string) error {
	info, err := l.Info(ctx)
	marks, ok := l.(ledger.Receipts)
	if err != nil || !ok || info.Server == "" {
		return err
	}
	for _, host := range hosts {
		err = errors.Join(err, marks.SetBookmark(ctx, reconciledAt(campaign, host), info.Server))
	}
	return err
}

// machine is the name under which this machine is known to a ledger that others share: containers often have one host name.
func (e *env) machine() (string, error) {
	_, host := e.who()
	if e.cfg == nil || !e.cfg.Ledger.Server() {
		return host, nil
	}
	id, err := witness.Machine(witness.StateDir(e.getenv))
	return host + "-" + id, err
}

// without keeps that a person answers for machines that cannot be asked any more: what only they knew may be sent once more.
func (e *env) without(ctx context.Context, l ledger.Ledger, o reconcileOptions) error {
	if len(o.without) == 0 {
		return nil
	}
	by := e.Act(ledger.ActForgotten, o.reason)
	for _, host := range o.without {
		by.Reason += " --without " + host
	}
	return errors.Join(l.Audit(ctx, o.campaign, by), reconciledBy(ctx, l, o.campaign, o.without...))
}

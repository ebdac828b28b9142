package main

import (
	"context"
	"errors"
	"slices"

	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/words"
)

// A ledger on a server may lose its newest part while nobody looks: a standby that was behind is promoted, a copy is put back. Each machine's
// witness knows what that machine sent, and no other's. So the ledger keeps which server a campaign was sent from; under another one, every
// machine that took part says first what it knows.

// serverOf is where the ledger keeps the server of a campaign; and, with a machine, the one under which that machine reconciled it.
func serverOf(campaign, host string) string {
	if host == "" {
		return "server/" + campaign
	}
	return "server/" + campaign + "/" + host
}

// trusted marks a server whose commits a standby had, too: who was promoted in its place knows them.
const trusted = " synchronous"

// sameServer refuses a ledger whose server was promoted or put back, until each machine that sent the campaign has reconciled it.
func (e *env) sameServer(ctx context.Context, l ledger.Ledger, campaign string) error {
	info, err := l.Info(ctx)
	marks, ok := l.(ledger.Receipts)
	if err != nil || !ok || info.Server == "" {
		return err
	}
	now := info.Server
	if info.Synchronous {
		now += trusted
	}
	was, err := marks.Bookmark(ctx, serverOf(campaign, ""))
	if err != nil || was == now {
		return err
	}
	if was != "" && was != info.Server && was != info.Server+trusted && !isTrusted(was) {
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
	return marks.SetBookmark(ctx, serverOf(campaign, ""), now)
}

func isTrusted(server string) bool {
	return len(server) > len(trusted) && server[len(server)-len(trusted):] == trusted
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
		at, err := marks.Bookmark(ctx, serverOf(campaign, host))
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
	_, host := e.who()
	return reconciledBy(ctx, l, campaign, host)
}

func reconciledBy(ctx context.Context, l ledger.Ledger, campaign string, hosts ...string) error {
	info, err := l.Info(ctx)
	marks, ok := l.(ledger.Receipts)
	if err != nil || !ok || info.Server == "" {
		return err
	}
	for _, host := range hosts {
		err = errors.Join(err, marks.SetBookmark(ctx, serverOf(campaign, host), info.Server))
	}
	return err
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

package main

import (
	"context"
	"slices"
	"strconv"

	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/suppression"
	"notify/pkg/view"
	"notify/pkg/words"
)

// reading says how a file of addresses is read.
func (o *suppressOptions) reading(cfg *config.Config, reason suppression.Reason, by ledger.Act) (suppression.Options, error) {
	out := suppression.Options{
		Sheet: o.sheet, Columns: o.columns, Country: cfg.Country, Set: cfg.Channels, Reason: reason, Note: o.note, Who: by.Who, At: by.At,
	}
	if o.channel != "" && !cfg.Channels.Has(message.Channel(o.channel)) {
		return out, usage(words.Err("cmd.error.no-channel", words.A{"channel": words.Typed(o.channel)}).Do("cmd.do.there-are", words.A{"names": words.Names(cfg.Channels.Words(), 0)}))
	}
	if o.channel != "" {
		out.Channels = []message.Channel{message.Channel(o.channel)}
	}
	return out, nil
}

// readThrough calls take with every address of a file, each once.
func readThrough(ctx context.Context, path string, options suppression.Options, problems *diag.List, take func(suppression.Entry)) (suppression.Read, error) {
	f, err := suppression.Open(ctx, path, options)
	if err != nil {
		return suppression.Read{}, err
	}
	defer f.Close()
	var seen suppression.Set
	return f.Each(problems, func(e suppression.Entry) bool {
		if !seen.Has(e.Address) {
			seen.Put(e.Address, true)
			take(e)
		}
		return true
	})
}

// agreeImport asks for the number of those who would not be written to any more: a list of customers is taken for one of opt-outs easily.
func (e *env) agreeImport(ctx context.Context, path string, options suppression.Options) error {
	if e.flags.yes {
		return nil
	}
	n := 0
	if _, err := readThrough(ctx, path, options, &diag.List{}, func(suppression.Entry) { n++ }); err != nil || n == 0 {
		return err
	}
	return e.agree(ctx, e.say("cmd.ask.suppress-import", words.A{"n": n, "file": path}), strconv.Itoa(n))
}

// runSuppressRemoveFile takes the addresses of a file off the list; those that are not on it are counted.
func runSuppressRemoveFile(ctx context.Context, e *env, o suppressOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	by := e.Act("unsuppress "+o.file, o.reason)
	options, err := o.reading(cfg, suppression.Other, by)
	if err != nil {
		return err
	}
	var all []ledger.Asked
	problems := &diag.List{}
	read, err := readThrough(ctx, o.file, options, problems, func(entry suppression.Entry) { all = append(all, ledger.Asked{Address: entry.Address}) })
	if err != nil {
		return err
	}
	var on []message.Address
	for found, err := range l.Suppressed(ctx, slices.Values(all)) {
		if err != nil {
			return err
		}
		on = append(on, found.Address)
	}
	if len(on) > 0 {
		if err := e.agree(ctx, e.say("cmd.ask.suppress-remove", words.A{"n": len(on), "file": o.file}), strconv.Itoa(len(on))); err != nil {
			return err
		}
		if err := l.Unsuppress(ctx, on, by); err != nil {
			return err
		}
	}
	if err := view.ShowUnsuppress(e.printer(), e.flags.json, view.Unsuppress{
		Removed: len(on), NotOn: len(all) - len(on), File: o.file, Read: read, Problems: problems,
	}); err != nil {
		return err
	}
	if read.Unread > 0 || problems.Errors() > 0 {
		return quietly(exit.Some)
	}
	return nil
}

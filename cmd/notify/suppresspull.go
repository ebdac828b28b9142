package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
	"notify/pkg/view"
	"notify/pkg/words"
)

type suppressPullOptions struct{ account string }

func newSuppressPull(e *env, run func(context.Context, suppressPullOptions) error) *cobra.Command {
	var o suppressPullOptions
	if run == nil {
		run = func(ctx context.Context, o suppressPullOptions) error { return runSuppressPull(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "pull",
		Short: e.say("cmd.suppress-pull.short", nil),
		Long:  e.say("cmd.suppress-pull.long", nil),
		Example: examples(
			"notify suppress pull", "",
			"notify suppress pull --account mail", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	c.Flags().StringVar(&o.account, "account", "", e.say("cmd.receipts.flag-account", nil))
	return c
}

func runSuppressPull(ctx context.Context, e *env, o suppressPullOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	names, err := accountsOr(cfg, o.account)
	if err != nil {
		return err
	}
	off, err := takenOff(ctx, l)
	if err != nil {
		return err
	}
	var lists []view.PulledList
	for _, name := range names {
		v, err := e.vendor(cfg, name)
		if err != nil {
			return err
		}
		lister, can := vendors.As[vendors.SuppressionLister](v)
		if !can && o.account != "" {
			return usage(words.Err("cmd.error.no-suppression-list", words.A{"account": name, "vendor": cfg.Accounts[name].Vendor}))
		}
		if can {
			var one view.PulledList
			one, err = e.pullList(ctx, cfg, l, lister, name, off)
			lists = append(lists, one)
		}
		if err := cmp.Or(err, v.Close()); err != nil {
			return err
		}
	}
	return view.ShowPulledLists(e.printer(), e.flags.json, lists)
}

// takenOff are the addresses whose newest line took them off our list, with when.
func takenOff(ctx context.Context, l ledger.SuppressionReader) (map[string]time.Time, error) {
	off := make(map[string]time.Time)
	for line, err := range l.SuppressionLog(ctx, 0) {
		if err != nil {
			return nil, err
		}
		key := strings.ToLower(string(line.Address))
		delete(off, key)
		if line.Reason == "" {
			off[key] = line.At
		}
	}
	return off, nil
}

// pullList puts what stands on a vendor's list on ours. What a person took off ours since the vendor wrote it down stays off: that is counted.
func (e *env) pullList(ctx context.Context, cfg *config.Config, l ledger.Ledger, v vendors.SuppressionLister, account string, off map[string]time.Time) (view.PulledList, error) {
	out := view.PulledList{Account: account}
	by := e.said("suppress pull "+account, words.T("act.why-pulled", words.A{"account": account}))
	sum, err := l.Suppress(ctx, func(yield func(ledger.Suppression, error) bool) {
		for one, err := range v.Suppressed(ctx, time.Time{}) {
			if err != nil {
				yield(ledger.Suppression{}, err)
				return
			}
			out.Listed++
			ch, to, err := cfg.Channels.Parse(string(one.Address), cfg.Country)
			if err != nil || !cfg.Channels.Of(ch).Suppressible {
				out.Unread++
				continue
			}
			if at, is := off[strings.ToLower(string(to))]; is && !one.Since.After(at) {
				out.TakenOff++
				continue
			}
			if !yield(pulled(account, ch, to, one, by), nil) {
				return
			}
		}
	}, by)
	out.Added, out.Known = sum.Added, sum.Known
	return out, err
}

// pulled is an entry of a vendor's list as ours keeps it: the note has the account and the vendor's own word, with the day.
func pulled(account string, ch message.Channel, to message.Address, one vendors.Suppressed, by ledger.Act) ledger.Suppression {
	note := account + ": " + one.Said
	if !one.Since.IsZero() {
		note += " " + one.Since.Format(time.DateOnly)
	}
	return ledger.Suppression{Address: to, Channel: ch, Reason: string(one.Reason), Note: note, Who: by.Who, At: by.At}
}

// askedLists is what vendors that keep lists of their own say about addresses; what one of them cannot say stands in its line.
func (e *env) askedLists(ctx context.Context, cfg *config.Config, as []message.Address) ([]view.AskedList, error) {
	out := []view.AskedList{}
	for _, name := range slices.Sorted(maps.Keys(cfg.Accounts)) {
		v, err := e.vendor(cfg, name)
		if err != nil {
			return nil, err
		}
		lister, can := vendors.As[vendors.SuppressionLister](v)
		for _, to := range as {
			if !can || !slices.Contains(carried(cfg, name), cfg.Channels.ChannelOf(to)) {
				continue
			}
			line := view.AskedList{Account: name, Address: cfg.Channels.Masked("", to)}
			switch one, err := lister.SuppressedAt(ctx, to); {
			case err != nil:
				line.Error = words.Cause(err)
			case one != nil:
				line.Reason, line.Since = string(one.Reason), one.Since
			}
			out = append(out, line)
		}
		if err := v.Close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// carried are the channels of an account's kind of vendor.
func carried(cfg *config.Config, account string) []message.Channel {
	return all.Registry()[cfg.Accounts[account].Vendor].Channels
}

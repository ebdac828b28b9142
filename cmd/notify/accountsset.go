package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/words"
)

type accountsSetOptions struct {
	account      string
	weight       int
	weighed      bool
	off, on      bool
	closeBreaker bool
	reason       string
}

func newAccountsSet(e *env, run func(context.Context, accountsSetOptions) error) *cobra.Command {
	var o accountsSetOptions
	if run == nil {
		run = func(ctx context.Context, o accountsSetOptions) error { return runAccountsSet(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "set ACCOUNT --weight N | --off | --on | --close-breaker --reason WHY",
		Short: e.say("cmd.accounts-set.short", nil),
		Long:  e.say("cmd.accounts-set.long", nil),
		Example: examples(
			`notify accounts set sms-backup --weight 50 --reason "the first one is slow"`, "",
			`notify accounts set sms-backup --weight -1 --reason "as configured again"`, "",
			`notify accounts set sms --off --reason "complaints, ticket 4711"`, "",
			`notify accounts set sms --close-breaker --reason "topped up"`, "",
		),
		Args: oneArg(words.T("cmd.arg.account", nil), "notify accounts set sms --off --reason …"),
		RunE: func(c *cobra.Command, args []string) error {
			o.account, o.weighed, o.reason = args[0], c.Flags().Changed("weight"), strings.TrimSpace(o.reason)
			if err := o.valid(c.CommandPath()); err != nil {
				return err
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.IntVar(&o.weight, "weight", 0, e.say("cmd.accounts-set.flag-weight", nil))
	f.BoolVar(&o.off, "off", false, e.say("cmd.accounts-set.flag-off", nil))
	f.BoolVar(&o.on, "on", false, e.say("cmd.accounts-set.flag-on", nil))
	f.BoolVar(&o.closeBreaker, "close-breaker", false, e.say("cmd.accounts-set.flag-close-breaker", nil))
	f.StringVar(&o.reason, "reason", "", e.say("cmd.accounts-set.flag-reason", nil))
	return c
}

func (o *accountsSetOptions) valid(command string) error {
	switch {
	case o.off && o.on || !o.off && !o.on && !o.weighed && !o.closeBreaker:
		return usage(words.Err("cmd.error.set-what", nil).Do("cmd.do.set-what", nil))
	case o.weighed && (o.weight < -1 || o.weight > config.MaxWeight):
		return usage(words.Err("config.weight-invalid", words.A{"value": strconv.Itoa(o.weight)}).Do("config.do.weight-number", nil))
	case o.reason == "":
		return usage(words.Err("cmd.error.reason", words.A{"command": command}).Do("cmd.do.reason", nil))
	}
	return nil
}

// why is what is changed, from what to what, and why.
func (o *accountsSetOptions) why(now ledger.AccountState) words.Text {
	var changes []words.Text
	if o.weighed {
		weight := func(w *int) words.Text {
			if w == nil {
				return words.T("act.set-configured", nil)
			}
			return words.Raw(strconv.Itoa(*w))
		}
		to := weight(&o.weight)
		if o.weight < 0 {
			to = weight(nil)
		}
		changes = append(changes, words.T("act.set-weight", words.A{"from": weight(now.Weight), "to": to}))
	}
	was := words.T("act.set-is-on", nil)
	if now.Off != nil {
		was = words.T("act.set-is-off", nil)
	}
	switch {
	case o.off:
		changes = append(changes, words.T("act.set-off", words.A{"was": was}))
	case o.on:
		changes = append(changes, words.T("act.set-on", words.A{"was": was}))
	}
	if o.closeBreaker {
		changes = append(changes, words.T("act.set-breaker", words.A{"failures": now.Failures}))
	}
	return because(words.Joined(words.Commas, changes...), o.reason)
}

// said is what is changed, as the audit calls it.
func (o *accountsSetOptions) said() string {
	var parts []string
	switch {
	case o.weighed && o.weight < 0:
		parts = append(parts, "weight as configured")
	case o.weighed:
		parts = append(parts, "weight "+strconv.Itoa(o.weight))
	}
	if o.off {
		parts = append(parts, "off")
	}
	if o.on {
		parts = append(parts, "on")
	}
	if o.closeBreaker {
		parts = append(parts, "breaker closed")
	}
	return strings.Join(parts, ", ")
}

func runAccountsSet(ctx context.Context, e *env, o accountsSetOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	if _, err := configured(cfg, o.account); err != nil {
		return err
	}
	set := ledger.AccountSetting{Off: o.off, On: o.on, CloseBreaker: o.closeBreaker}
	if o.weighed {
		set.Weight = &o.weight
	}
	by := e.Act(ledger.ActSet+" "+o.account+": "+o.said(), o.reason)
	states, err := l.Accounts(ctx)
	if err != nil {
		return err
	}
	now := ledger.AccountState{Account: o.account}
	if i := slices.IndexFunc(states, func(a ledger.AccountState) bool { return a.Account == o.account }); i >= 0 {
		now = states[i]
	}
	by.Said = o.why(now)
	if err := l.SetAccount(ctx, o.account, set, by); err != nil {
		return err
	}
	return e.did("accounts-set", words.T("cmd.did.accounts-set", words.A{"account": o.account}), map[string]any{
		"account": o.account, "weight": set.Weight, "off": o.off, "on": o.on, "close_breaker": o.closeBreaker, "reason": o.reason,
	})
}

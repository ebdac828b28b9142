package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/exit"
	"notify/pkg/message"
	"notify/pkg/sandbox"
	"notify/pkg/view"
	"notify/pkg/words"
)

type sandboxOptions struct {
	sms, mail, token, record string
	messages, quota          int64
	mailQuota                int64
	price                    string
	currency                 string
	rate                     float64
	latency, jitter          time.Duration
	faults                   []string
	seed                     uint64
	zone                     string
	subjects                 int
	subjectsWithin           time.Duration
	templates, signatures    []string
	suppressed               []string
	receipts, secrets        []string
	receipt                  []string
}

func newSandbox(e *env, run func(context.Context, sandboxOptions) error) *cobra.Command {
	var o sandboxOptions
	if run == nil {
		run = func(ctx context.Context, o sandboxOptions) error { return runSandbox(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "sandbox",
		Short: e.say("cmd.sandbox.short", nil),
		Long:  e.say("cmd.sandbox.long", nil),
		Example: examples(
			"notify sandbox --messages 10000 --quota 10000 --record reached.jsonl", "",
			"notify sandbox --fault throttle=0.02 --fault cut-after=0.001 --latency 50ms", "",
			"notify sandbox --template SMS_1234=pending --signature 示例", "",
			"notify sandbox topup --messages 20000 --quota 20000", "",
			`notify sandbox template SMS_1234 rejected --reason `+quoted(e.say("cmd.example.prize", nil)), "",
			"notify sandbox count", "",
		),
		Args: e.noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.sms, "sms", "127.0.0.1:8025", e.say("cmd.sandbox.flag-sms", nil))
	f.StringVar(&o.mail, "mail", "127.0.0.1:2525", e.say("cmd.sandbox.flag-mail", nil))
	f.StringVar(&o.token, "token", "sandbox", e.say("cmd.sandbox.flag-token", nil))
	f.StringVar(&o.record, "record", "", e.say("cmd.sandbox.flag-record", nil))
	f.Int64Var(&o.messages, "messages", -1, e.say("cmd.sandbox.flag-messages", nil))
	f.Int64Var(&o.quota, "quota", 0, e.say("cmd.sandbox.flag-quota", nil))
	f.Int64Var(&o.mailQuota, "mail-quota", 0, e.say("cmd.sandbox.flag-mail-quota", nil))
	f.StringVar(&o.price, "price", "0.045", e.say("cmd.sandbox.flag-price", nil))
	f.StringVar(&o.currency, "currency", "CNY", e.say("cmd.sandbox.flag-currency", nil))
	f.Float64Var(&o.rate, "rate", 0, e.say("cmd.sandbox.flag-rate", nil))
	f.DurationVar(&o.latency, "latency", 0, e.say("cmd.sandbox.flag-latency", nil))
	f.DurationVar(&o.jitter, "jitter", 0, e.say("cmd.sandbox.flag-jitter", nil))
	f.StringArrayVar(&o.faults, "fault", nil, e.say("cmd.sandbox.flag-fault", nil))
	f.Uint64Var(&o.seed, "seed", 1, e.say("cmd.sandbox.flag-seed", nil))
	f.StringVar(&o.zone, "zone", "Asia/Shanghai", e.say("cmd.sandbox.flag-zone", nil))
	f.IntVar(&o.subjects, "same-subjects", 0, e.say("cmd.sandbox.flag-same-subjects", nil))
	f.DurationVar(&o.subjectsWithin, "same-subjects-within", time.Minute, e.say("cmd.sandbox.flag-same-subjects-within", nil))
	f.StringArrayVar(&o.templates, "template", nil, e.say("cmd.sandbox.flag-template", nil))
	f.StringArrayVar(&o.signatures, "signature", nil, e.say("cmd.sandbox.flag-signature", nil))
	f.StringArrayVar(&o.suppressed, "suppressed", nil, e.say("cmd.sandbox.flag-suppressed", nil))
	f.StringArrayVar(&o.receipts, "receipts", nil, e.say("cmd.sandbox.flag-receipts", nil))
	f.StringArrayVar(&o.secrets, "receipts-secret", nil, e.say("cmd.sandbox.flag-receipts-secret", nil))
	f.StringArrayVar(&o.receipt, "receipt", nil, e.say("cmd.sandbox.flag-receipt", nil))
	c.AddCommand(newSandboxTopup(e, nil), newSandboxTemplate(e, nil), newSandboxCount(e, nil))
	return c
}

func runSandbox(ctx context.Context, e *env, o sandboxOptions) error {
	config, err := sandboxConfig(o)
	if err != nil {
		return err
	}
	config.Now = e.now
	s, err := sandbox.Start(ctx, config)
	if err != nil {
		return err
	}
	e.tell("cmd.line.sandbox", words.A{"sms": orNone(s.SMSAddr()), "mail": orNone(s.MailAddr())})
	<-ctx.Done()
	tally := s.Count()
	if err := s.Close(); err != nil {
		return err
	}
	return view.ShowTally(e.printer(), e.flags.json, tally)
}

func orNone(s string) string {
	if s == "" {
		return words.Unknown
	}
	return s
}

func sandboxConfig(o sandboxOptions) (sandbox.Config, error) {
	zone, err := time.LoadLocation(o.zone)
	if err != nil {
		return sandbox.Config{}, usage(words.Err("cmd.error.zone", words.A{"zone": words.Typed(o.zone)}).Do("cmd.do.for-example", words.A{"command": "--zone Asia/Shanghai"}))
	}
	price, err := message.ParseMoney(o.price)
	if err != nil {
		return sandbox.Config{}, usage(words.Err("cmd.error.price", words.A{"price": words.Typed(o.price)}).Do("cmd.do.for-example", words.A{"command": "--price 0.045"}))
	}
	c := sandbox.Config{
		SMSAddr: o.sms, MailAddr: o.mail, Token: o.token, Record: o.record, Zone: zone, Seed: o.seed,
		SMS:       sandbox.Account{Price: price, Currency: o.currency, Quota: o.quota, Rate: o.rate, Latency: o.latency, Jitter: o.jitter},
		Mail:      sandbox.Account{Quota: o.mailQuota, Latency: o.latency, Jitter: o.jitter},
		Blacklist: sandbox.Blacklist{Subjects: o.subjects, Within: o.subjectsWithin},
	}
	if o.messages >= 0 {
		c.SMS.Messages = &o.messages
	}
	c.Templates = append(templates(sandbox.KindText, o.templates), templates(sandbox.KindSignature, o.signatures)...)
	for _, text := range o.suppressed {
		to, reason, _ := strings.Cut(text, "=")
		c.Suppressed = append(c.Suppressed, sandbox.Suppressed{Address: message.Address(to), Reason: reason})
	}
	c.Receipts.To = targets(o.receipts, o.secrets)
	for _, r := range o.receipt {
		if err := c.Receipts.Set(r); err != nil {
			return c, usage(words.Wrap(err, "cmd.error.sandbox-receipt", words.A{"setting": words.Typed(r)}).Do("cmd.do.sandbox-receipt", nil))
		}
	}
	for _, f := range o.faults {
		if err := addFault(&c, f); err != nil {
			return c, usage(words.Wrap(err, "cmd.error.fault", words.A{"fault": words.Typed(f)}).Do("cmd.do.fault", nil))
		}
	}
	return c, nil
}

// targets reads "http://…" and "ses=http://…", and the secrets that go with them: "s3cret" is for all that have none of their own.
func targets(urls, secrets []string) []sandbox.Target {
	var out []sandbox.Target
	for _, text := range urls {
		t := sandbox.Target{URL: text}
		if form, rest, ok := strings.Cut(text, "="); ok && slices.Contains(sandbox.Forms(), form) {
			t.Form, t.URL = form, rest
		}
		for _, secret := range secrets {
			form, rest, of := strings.Cut(secret, "=")
			switch of = of && slices.Contains(sandbox.Forms(), form); {
			case of && form == t.Form:
				t.Secret = rest
			case !of && t.Secret == "":
				t.Secret = secret
			}
		}
		out = append(out, t)
	}
	return out
}

// templates reads "SMS_1" and "SMS_1=pending".
func templates(kind string, texts []string) []sandbox.Template {
	var out []sandbox.Template
	for _, text := range texts {
		code, state, _ := strings.Cut(text, "=")
		out = append(out, sandbox.Template{Kind: kind, Code: code, State: state})
	}
	return out
}

// addFault reads "cut-after=0.01" (both channels), "sms:cut-after=0.01" or "email:cut-after=0.01".
func addFault(c *sandbox.Config, text string) error {
	channel, rest, limited := strings.Cut(text, ":")
	if !limited {
		rest = text
	}
	if limited && channel != string(message.SMS) && channel != string(message.Email) {
		return words.Err("cmd.error.no-channel", words.A{"channel": words.Typed(channel)})
	}
	for _, a := range []struct {
		ch message.Channel
		f  *sandbox.Faults
	}{{message.SMS, &c.SMS.Faults}, {message.Email, &c.Mail.Faults}} {
		if limited && channel != string(a.ch) {
			continue
		}
		if err := a.f.Set(rest); err != nil {
			return err
		}
	}
	return nil
}

type adminOptions struct {
	url, token string
	record     string
	channel    string
	messages   int64
	quota      int64
}

func (o *adminOptions) flags(e *env, c *cobra.Command) {
	c.Flags().StringVar(&o.url, "url", "http://127.0.0.1:8025", e.say("cmd.sandbox-admin.flag-url", nil))
	c.Flags().StringVar(&o.token, "token", "sandbox", e.say("cmd.sandbox-admin.flag-token", nil))
}

func (o *adminOptions) admin() sandbox.Admin {
	return sandbox.Admin{URL: o.url, Token: o.token, Client: &http.Client{Timeout: 10 * time.Second}}
}

func newSandboxTopup(e *env, run func(context.Context, adminOptions) error) *cobra.Command {
	var o adminOptions
	if run == nil {
		run = func(ctx context.Context, o adminOptions) error { return runSandboxTopup(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "topup",
		Short: e.say("cmd.sandbox-topup.short", nil),
		Example: examples(
			"notify sandbox topup --messages 20000 --quota 20000", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	o.flags(e, c)
	c.Flags().Int64Var(&o.messages, "messages", 0, e.say("cmd.sandbox-topup.flag-messages", nil))
	c.Flags().Int64Var(&o.quota, "quota", 0, e.say("cmd.sandbox-topup.flag-quota", nil))
	c.Flags().StringVar(&o.channel, "channel", string(message.SMS), e.say("cmd.sandbox-topup.flag-channel", nil))
	return c
}

func runSandboxTopup(ctx context.Context, e *env, o adminOptions) error {
	if o.messages == 0 && o.quota == 0 {
		return usage(words.Err("cmd.error.topup", nil).Do("cmd.do.for-example", words.A{"command": "notify sandbox topup --messages 20000 --quota 20000"}))
	}
	if err := o.admin().Topup(ctx, sandbox.Topup{Channel: message.Channel(o.channel), Messages: o.messages, Quota: o.quota}); err != nil {
		return words.Wrap(err, "cmd.error.sandbox", words.A{"url": o.url}).Do("cmd.do.sandbox", nil)
	}
	return e.did("sandbox-topup", words.T("cmd.did.topup", words.A{"messages": words.N(o.messages, "message"), "quota": o.quota}),
		map[string]any{"messages": o.messages, "quota": o.quota})
}

type sandboxTemplateOptions struct {
	adminOptions
	template  sandbox.Template
	signature bool
}

func newSandboxTemplate(e *env, run func(context.Context, sandboxTemplateOptions) error) *cobra.Command {
	var o sandboxTemplateOptions
	if run == nil {
		run = func(ctx context.Context, o sandboxTemplateOptions) error { return runSandboxTemplate(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "template CODE approved|pending|rejected",
		Short: e.say("cmd.sandbox-template.short", nil),
		Example: examples(
			`notify sandbox template SMS_1234 rejected --reason `+quoted(e.say("cmd.example.prize", nil)), "",
			"notify sandbox template 示例 approved --signature", "",
		),
		Args: func(c *cobra.Command, args []string) error {
			example := words.A{"command": "notify sandbox template SMS_1234 pending"}
			switch {
			case len(args) != 2:
				return usage(words.Err("cmd.error.template-arguments", words.A{"command": c.CommandPath(), "n": len(args)}).Do("cmd.do.for-example", example))
			case !slices.Contains(sandbox.TemplateStates(), args[1]):
				return usage(words.Err("cmd.error.template-state", words.A{"state": words.Typed(args[1]), "states": words.Names(sandbox.TemplateStates(), 0)}).Do("cmd.do.for-example", example))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.template.Code, o.template.State = args[0], args[1]
			return run(c.Context(), o)
		},
	}
	o.flags(e, c)
	c.Flags().BoolVar(&o.signature, "signature", false, e.say("cmd.sandbox-template.flag-signature", nil))
	c.Flags().StringVar(&o.template.Reason, "reason", "", e.say("cmd.sandbox-template.flag-reason", nil))
	c.Flags().StringVar(&o.template.Text, "text", "", e.say("cmd.sandbox-template.flag-text", nil))
	return c
}

func runSandboxTemplate(ctx context.Context, e *env, o sandboxTemplateOptions) error {
	if o.signature {
		o.template.Kind = sandbox.KindSignature
	}
	if err := o.admin().Decide(ctx, o.template); err != nil {
		return words.Wrap(err, "cmd.error.sandbox", words.A{"url": o.url}).Do("cmd.do.sandbox", nil)
	}
	return e.did("sandbox-template", words.T("cmd.did.sandbox-template", words.A{"code": o.template.Code, "state": words.Of("approval", o.template.State)}),
		map[string]any{"code": o.template.Code, "state": o.template.State, "signature": o.signature})
}

func newSandboxCount(e *env, run func(context.Context, adminOptions) error) *cobra.Command {
	var o adminOptions
	if run == nil {
		run = func(ctx context.Context, o adminOptions) error { return runSandboxCount(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "count",
		Short: e.say("cmd.sandbox-count.short", nil),
		Example: examples(
			"notify sandbox count", "",
			"notify sandbox count --record reached.jsonl", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	o.flags(e, c)
	c.Flags().StringVar(&o.record, "record", "", e.say("cmd.sandbox-count.flag-record", nil))
	return c
}

func runSandboxCount(ctx context.Context, e *env, o adminOptions) error {
	var tally sandbox.Tally
	var err error
	if o.record != "" {
		tally, err = sandbox.ReadRecord(o.record)
	} else if tally, err = o.admin().Count(ctx); err != nil {
		err = words.Wrap(err, "cmd.error.sandbox", words.A{"url": o.url}).Do("cmd.do.sandbox-record", nil)
	}
	if err != nil {
		return err
	}
	if err := view.ShowTally(e.printer(), e.flags.json, tally); err != nil {
		return err
	}
	if tally.SMS.Twice+tally.Mail.Twice > 0 {
		return quietly(exit.Some)
	}
	return nil
}

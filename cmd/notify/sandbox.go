package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/message"
	"notify/pkg/sandbox"
	"notify/pkg/view"
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
}

func newSandbox(e *env, run func(context.Context, sandboxOptions) error) *cobra.Command {
	var o sandboxOptions
	if run == nil {
		run = func(ctx context.Context, o sandboxOptions) error { return runSandbox(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Local vendors for rehearsal: an SMS gateway and a mail server, with faults",
		Long: `Serve an HTTP SMS gateway and an SMTP server on this machine, until Ctrl-C: with balance, quota, rate, latency and faults
that can be set. The sandbox keeps a record of its own of what reached it, which is evidence against the ledger's.

Faults are shares of the messages: refuse, throttle, reject, cut-before, cut-after (taken, and the answer lost), garbage,
error500, slow. A fault for mail only is written email:cut-after=0.01.`,
		Example: `  notify sandbox --messages 10000 --quota 10000 --record reached.jsonl
  notify sandbox --fault throttle=0.02 --fault cut-after=0.001 --latency 50ms
  notify sandbox --template SMS_1234=pending --signature 示例
  notify sandbox topup --messages 20000 --quota 20000
  notify sandbox template SMS_1234 rejected --reason "names a prize"
  notify sandbox count`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.sms, "sms", "127.0.0.1:8025", "`ADDRESS` of the SMS gateway; empty: none")
	f.StringVar(&o.mail, "mail", "127.0.0.1:2525", "`ADDRESS` of the mail server; empty: none")
	f.StringVar(&o.token, "token", "sandbox", "bearer token of the gateway")
	f.StringVar(&o.record, "record", "", "`FILE` for the record; it is read again at the next start (default: kept in memory)")
	f.Int64Var(&o.messages, "messages", -1, "prepaid SMS; -1: not counted")
	f.Int64Var(&o.quota, "quota", 0, "SMS by calendar day; 0: no limit")
	f.Int64Var(&o.mailQuota, "mail-quota", 0, "mails by calendar day; 0: no limit")
	f.StringVar(&o.price, "price", "0.045", "price of an SMS segment")
	f.StringVar(&o.currency, "currency", "CNY", "currency of the price")
	f.Float64Var(&o.rate, "rate", 0, "SMS a second that are taken; 0: no limit")
	f.DurationVar(&o.latency, "latency", 0, "how long an answer takes")
	f.DurationVar(&o.jitter, "jitter", 0, "and up to this much longer")
	f.StringArrayVar(&o.faults, "fault", nil, "`KIND=SHARE`, such as throttle=0.02; may be given again")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the faults")
	f.StringVar(&o.zone, "zone", "Asia/Shanghai", "time zone of the quota's day")
	f.IntVar(&o.subjects, "same-subjects", 0, "refuse mails beyond so many with one subject; 0: no rule")
	f.DurationVar(&o.subjectsWithin, "same-subjects-within", time.Minute, "within this time")
	f.StringArrayVar(&o.templates, "template", nil, "`CODE[=STATE]`, approved, pending or rejected; then no other text is taken; may be given again")
	f.StringArrayVar(&o.signatures, "signature", nil, "`WORDS[=STATE]`, likewise for signatures")
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
	fmt.Fprintf(e.console.Story(), "sandbox: SMS gateway on %s, mail server on %s; Ctrl-C ends it\n", orNone(s.SMSAddr()), orNone(s.MailAddr()))
	<-ctx.Done()
	tally := s.Count()
	if err := s.Close(); err != nil {
		return err
	}
	return view.ShowTally(e.printer(), e.flags.json, tally)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func sandboxConfig(o sandboxOptions) (sandbox.Config, error) {
	zone, err := time.LoadLocation(o.zone)
	if err != nil {
		return sandbox.Config{}, usage("for example Asia/Shanghai", "--zone: %v", err)
	}
	price, err := message.ParseMoney(o.price)
	if err != nil {
		return sandbox.Config{}, usage("for example 0.045", "--price: %v", err)
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
	for _, f := range o.faults {
		if err := addFault(&c, f); err != nil {
			return c, usage("for example --fault throttle=0.02, or --fault email:cut-after=0.01", "--fault %s: %v", f, err)
		}
	}
	return c, nil
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
		return fmt.Errorf("no channel %q", channel)
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

func (o *adminOptions) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.url, "url", "http://127.0.0.1:8025", "the sandbox's gateway")
	c.Flags().StringVar(&o.token, "token", "sandbox", "its bearer token")
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
		Use:     "topup",
		Short:   "Credit an account of a running sandbox",
		Example: `  notify sandbox topup --messages 20000 --quota 20000`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	o.flags(c)
	c.Flags().Int64Var(&o.messages, "messages", 0, "prepaid messages to add")
	c.Flags().Int64Var(&o.quota, "quota", 0, "to add to the quota of the day")
	c.Flags().StringVar(&o.channel, "channel", string(message.SMS), "sms or email")
	return c
}

func runSandboxTopup(ctx context.Context, e *env, o adminOptions) error {
	if o.messages == 0 && o.quota == 0 {
		return usage("notify sandbox topup --messages 20000 --quota 20000", "topup wants --messages or --quota")
	}
	if err := o.admin().Topup(ctx, sandbox.Topup{Channel: message.Channel(o.channel), Messages: o.messages, Quota: o.quota}); err != nil {
		return fmt.Errorf("is `notify sandbox` running? %w", err)
	}
	return e.did("sandbox-topup", fmt.Sprintf("credited: %d messages, %d on the quota of the day", o.messages, o.quota),
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
		Short: "Say what a running sandbox has decided about a text or a signature",
		Example: `  notify sandbox template SMS_1234 rejected --reason "names a prize"
  notify sandbox template 示例 approved --signature`,
		Args: func(c *cobra.Command, args []string) error {
			const example = "for example: notify sandbox template SMS_1234 pending"
			switch {
			case len(args) != 2:
				return usage(example, "%s wants a code and what is decided, and got %d arguments", c.CommandPath(), len(args))
			case !slices.Contains(sandbox.TemplateStates(), args[1]):
				return usage(example, "%q is not what a vendor decides: %s", args[1], strings.Join(sandbox.TemplateStates(), ", "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.template.Code, o.template.State = args[0], args[1]
			return run(c.Context(), o)
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&o.signature, "signature", false, "CODE is the words of a signature")
	c.Flags().StringVar(&o.template.Reason, "reason", "", "what the vendor says to it")
	c.Flags().StringVar(&o.template.Text, "text", "", "the text as it is on file")
	return c
}

func runSandboxTemplate(ctx context.Context, e *env, o sandboxTemplateOptions) error {
	if o.signature {
		o.template.Kind = sandbox.KindSignature
	}
	if err := o.admin().Decide(ctx, o.template); err != nil {
		return fmt.Errorf("is `notify sandbox` running? %w", err)
	}
	return e.did("sandbox-template", o.template.Code+": "+o.template.State,
		map[string]any{"code": o.template.Code, "state": o.template.State, "signature": o.signature})
}

func newSandboxCount(e *env, run func(context.Context, adminOptions) error) *cobra.Command {
	var o adminOptions
	if run == nil {
		run = func(ctx context.Context, o adminOptions) error { return runSandboxCount(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "count",
		Short: "Say what reached the sandbox, and who was reached twice",
		Example: `  notify sandbox count
  notify sandbox count --record reached.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	o.flags(c)
	c.Flags().StringVar(&o.record, "record", "", "read this record `FILE` instead of asking a running sandbox")
	return c
}

func runSandboxCount(ctx context.Context, e *env, o adminOptions) error {
	var tally sandbox.Tally
	var err error
	if o.record != "" {
		tally, err = sandbox.ReadRecord(o.record)
	} else if tally, err = o.admin().Count(ctx); err != nil {
		err = errors.Join(errors.New("is `notify sandbox` running? or name its record with --record"), err)
	}
	if err != nil {
		return err
	}
	if err := view.ShowTally(e.printer(), e.flags.json, tally); err != nil {
		return err
	}
	if tally.SMS.Twice+tally.Mail.Twice > 0 {
		return quietly(exitSome)
	}
	return nil
}

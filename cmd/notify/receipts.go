package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/receipts"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
	"notify/pkg/view"
	"notify/pkg/witness"
	"notify/pkg/words"
)

type receiptsOptions struct {
	addresses []string
	cert, key string
	proxied   bool
	account   string
	all       bool
	most      int
	observed  observed
}

func newReceipts(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "receipts",
		Short: e.say("cmd.receipts.short", nil),
		Long:  e.say("cmd.receipts.long", nil),
	}
	return e.group(c, newReceiptsListen(e, nil), newReceiptsPull(e, nil), newReceiptsImport(e, nil), newReceiptsList(e, nil), newReceiptsPaths(e, nil))
}

func newReceiptsListen(e *env, run func(context.Context, receiptsOptions) error) *cobra.Command {
	var o receiptsOptions
	if run == nil {
		run = func(ctx context.Context, o receiptsOptions) error { return runReceiptsListen(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "listen ADDR…",
		Short: e.say("cmd.receipts-listen.short", nil),
		Long:  e.say("cmd.receipts-listen.long", nil),
		Example: examples(
			"notify receipts listen 127.0.0.1:8080 --proxied", e.say("cmd.receipts-listen.example-proxied", nil),
			"notify receipts listen :8080 :8081 --cert tls.crt --key tls.key", "",
		),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(words.Err("cmd.error.listen-address", words.A{"command": c.CommandPath()}).
					Do("cmd.do.for-example", words.A{"command": c.CommandPath() + " 127.0.0.1:8080"}))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.addresses = args
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.cert, "cert", "", e.say("cmd.receipts-listen.flag-cert", nil))
	f.StringVar(&o.key, "key", "", e.say("cmd.receipts-listen.flag-key", nil))
	o.observed.flags(e, f)
	f.BoolVar(&o.proxied, "proxied", false, e.say("cmd.receipts-listen.flag-proxied", nil))
	return c
}

func runReceiptsListen(ctx context.Context, e *env, o receiptsOptions) error {
	cfg, box, err := e.receiptBox(ctx)
	if err != nil {
		return err
	}
	settler, err := e.settler(cfg, box)
	if err != nil {
		return err
	}
	unobserved, err := e.observe(ctx, o.observed, inputsOf(cfg, nil))
	if err != nil {
		return err
	}
	defer unobserved()
	e.measured(cfg, e.ledger, "", nil)
	secret, err := box.Secret(ctx)
	if err != nil {
		return err
	}
	var pushing []*receipts.Account
	for _, name := range slices.Sorted(maps.Keys(settler.Accounts)) {
		if a := settler.Accounts[name]; a.Pushes() {
			pushing = append(pushing, a)
			e.tell("cmd.line.receipts-path", words.A{"account": name, "path": receipts.PathOf(secret, name)})
		}
	}
	spool, left, err := e.openSpool(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = spool.Close() }() // everything is on disk
	l := receipts.NewListener(box, spool, left, secret, pushing, e.now, e.log)
	l.Proxied = o.proxied
	if tracer, ok := e.ledger.(receipts.Leaving); ok && cfg.Unsubscribe.Set() {
		l.Unsubscribe = &receipts.Unsubscribe{Links: cfg.Unsubscribe, Ledger: tracer, Now: e.now, Log: e.log}
		e.tell("cmd.line.unsubscribe-path", words.A{"path": cfg.Unsubscribe.Path()})
	}
	if err := e.takeIn(ctx, o, l, settler); err != nil {
		return err
	}
	sum, err := settler.All(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if u := l.Unsubscribe; u != nil && u.Left()+u.Forged() > 0 {
		e.tell("cmd.line.unsubscribed", words.A{"left": u.Left(), "forged": u.Forged()})
	}
	if n := l.Strangers(); n > 0 {
		e.tell("cmd.line.receipts-strangers", words.A{"n": n})
	}
	return view.ShowSettledReceipts(e.printer(), e.flags.json, "receipts-listen", sum)
}

// takeIn listens and settles until ctx ends.
func (e *env) takeIn(ctx context.Context, o receiptsOptions, l *receipts.Listener, settler *receipts.Settler) error {
	kept := make(chan struct{}, 1)
	l.Kept = func() {
		select {
		case kept <- struct{}{}:
		default: // it is told already
		}
	}
	serving, err := serve(ctx, o, l)
	if err != nil {
		return err
	}
	for _, s := range serving {
		e.tell("cmd.line.receipts-listen", words.A{"address": s.on.Addr().String()})
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		settler.Run(working, kept)
	}()
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		l.Run(working)
	}()
	err = wait(ctx, serving)
	stop()
	<-taken
	<-done
	return err
}

// spoolName is where listeners keep what came until the ledger has it: beside a ledger that is a file, and otherwise in the state folder.
func (e *env) spoolName(ctx context.Context) (string, error) {
	info, err := e.ledger.Info(ctx)
	if err != nil {
		return "", err
	}
	if file := e.cfg.Ledger.File(); file != "" {
		return file + ".receipts", nil
	}
	state := witness.StateDir(e.getenv)
	if state == "" {
		return "", words.Err("cmd.error.no-witness-folder", nil).Do("cmd.do.no-witness-folder", nil)
	}
	return filepath.Join(state, "receipts", info.ID+"-"), nil
}

// openSpool takes over what listeners left that are not there any more.
func (e *env) openSpool(ctx context.Context) (*receipts.Spool, []ledger.Receipt, error) {
	name, err := e.spoolName(ctx)
	if err != nil {
		return nil, nil, err
	}
	spool, left, damaged, err := receipts.OpenSpool(name)
	if err != nil {
		return nil, nil, words.Wrap(err, "cmd.error.open", words.A{"file": name})
	}
	if len(left) > 0 {
		e.tell("cmd.line.receipts-left", words.A{"receipts": words.N(len(left), "receipt")})
	}
	if damaged > 0 {
		e.tell("cmd.line.receipts-damaged", words.A{"n": damaged, "file": name, "aside": receipts.Damaged})
	}
	return spool, left, nil
}

// serving is a server at work.
type serving struct {
	server *http.Server
	on     net.Listener
	ended  chan error
}

// serve listens on every address, or on none.
func serve(ctx context.Context, o receiptsOptions, handler http.Handler) ([]*serving, error) {
	var servers []*serving
	var lc net.ListenConfig
	for _, address := range o.addresses {
		on, err := lc.Listen(ctx, "tcp", address)
		if err != nil {
			for _, s := range servers {
				_ = s.on.Close()
			}
			return nil, words.Wrap(err, "cmd.error.listen", words.A{"address": address})
		}
		servers = append(servers, &serving{
			server: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute},
			on:     on, ended: make(chan error, 1),
		})
	}
	for _, s := range servers {
		go func() {
			if o.cert != "" {
				s.ended <- s.server.ServeTLS(s.on, o.cert, o.key)
				return
			}
			s.ended <- s.server.Serve(s.on)
		}()
	}
	return servers, nil
}

// wait serves until ctx ends, or one of the servers does, and lets what is under way be answered.
func wait(ctx context.Context, servers []*serving) error {
	ended := make(chan error, len(servers))
	for _, s := range servers {
		go func() { ended <- <-s.ended }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, s := range servers {
		_ = s.server.Shutdown(last) // what is cut off is not answered, and comes again
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// receiptBox is the ledger, as far as it keeps receipts.
func (e *env) receiptBox(ctx context.Context) (*config.Config, ledger.Receipts, error) {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return nil, nil, err
	}
	box, ok := l.(ledger.Receipts)
	if !ok {
		return nil, nil, words.Err("cmd.error.no-receipts", nil)
	}
	return cfg, box, nil
}

// settler settles what was kept, and asks vendors about it.
func (e *env) settler(cfg *config.Config, box ledger.Receipts) (*receipts.Settler, error) {
	fetch := receipts.NewFetcher().Fetch
	accounts, unknown := receipts.Accounts(cfg, all.File, fetch)
	if unknown != nil {
		return nil, usage(unknown)
	}
	built := make(map[string]vendors.Vendor)
	return &receipts.Settler{
		Ledger: box, Formats: receipts.Formats(), Accounts: accounts, Confirm: fetch, Now: e.now, Log: e.log,
		Vendor: func(account string) vendors.Vendor {
			if v, ok := built[account]; ok {
				return v
			}
			v, err := e.vendor(cfg, account)
			if err != nil {
				words.LogError(e.log, slog.LevelWarn, words.Wrap(err, "log.account", words.A{"account": account}))
			}
			built[account] = v
			return v
		},
	}, nil
}

func newReceiptsPaths(e *env, run func(context.Context) error) *cobra.Command {
	if run == nil {
		run = func(ctx context.Context) error { return runReceiptsPaths(ctx, e) }
	}
	return &cobra.Command{
		Use:     "paths",
		Short:   e.say("cmd.receipts-paths.short", nil),
		Long:    e.say("cmd.receipts-paths.long", nil),
		Example: examples("notify receipts paths", ""),
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return run(c.Context()) },
	}
}

func runReceiptsPaths(ctx context.Context, e *env) error {
	cfg, box, err := e.receiptBox(ctx)
	if err != nil {
		return err
	}
	accounts, unknown := receipts.Accounts(cfg, all.File, nil)
	if unknown != nil {
		return usage(unknown)
	}
	secret, err := box.Secret(ctx)
	if err != nil {
		return err
	}
	paths := []view.ReceiptPath{}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		if a := accounts[name]; a.Pushes() {
			paths = append(paths, view.ReceiptPath{Account: name, Vendor: a.Kind, Path: receipts.PathOf(secret, name), Signed: a.Signed()})
		}
	}
	return view.ShowReceiptPaths(e.printer(), e.flags.json, paths)
}

func newReceiptsList(e *env, run func(context.Context, receiptsOptions) error) *cobra.Command {
	var o receiptsOptions
	if run == nil {
		run = func(ctx context.Context, o receiptsOptions) error { return runReceiptsList(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "list",
		Short: e.say("cmd.receipts-list.short", nil),
		Long:  e.say("cmd.receipts-list.long", nil),
		Example: examples(
			"notify receipts list", "",
			"notify receipts list --account sms-marketing --all --most 50", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.account, "account", "", e.say("cmd.receipts.flag-account", nil))
	f.BoolVar(&o.all, "all", false, e.say("cmd.receipts-list.flag-all", nil))
	f.IntVar(&o.most, "most", 20, e.say("cmd.receipts-list.flag-most", nil))
	return c
}

func runReceiptsList(ctx context.Context, e *env, o receiptsOptions) error {
	_, box, err := e.receiptBox(ctx)
	if err != nil {
		return err
	}
	name, err := e.spoolName(ctx)
	if err != nil {
		return err
	}
	inFile, err := receipts.Spooled(name) // first: what leaves there meanwhile is on the ledger
	if err != nil {
		return words.Wrap(err, "cmd.error.open", words.A{"file": name})
	}
	inboxes, err := box.Inboxes(ctx)
	if err != nil {
		return err
	}
	v := view.Inbox{InFile: inFile, Inboxes: slices.DeleteFunc(inboxes, func(in ledger.Inbox) bool { return o.account != "" && in.Account != o.account })}
	for r, err := range box.Inbox(ctx, ledger.InboxQuery{Account: o.account, Odd: !o.all, Most: o.most}) {
		if err != nil {
			return err
		}
		v.Odd = append(v.Odd, r)
	}
	return view.ShowInbox(e.printer(), e.flags.json, v)
}

package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/console"
	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/logfile"
	"notify/pkg/message"
	"notify/pkg/metrics"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
	"notify/pkg/view"
	"notify/pkg/words"
)

// globalFlags are the flags that every command has.
type globalFlags struct {
	config   string
	ledger   string
	campaign string
	as       string
	json     bool
	yes      bool
	lang     string
	noColor  bool
	quiet    bool
	verbose  bool
}

// env is what commands need, made when it is first asked for.
type env struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	now      func() time.Time
	began    time.Time // when this process did
	flags    globalFlags

	early   early
	lang    words.Language // of every screen
	console *console.Console
	log     *slog.Logger
	cfg     *config.Config
	ledger  ledger.Ledger
	moved   *ledger.MovedError // the ledger was, when it was opened, and nobody has said so yet
	vendors map[string]vendors.Vendor
	metrics *metrics.Set  // nil where nobody asked for them
	logfile *logfile.File // nil where nobody asked for one
	command string        // which one runs
	mute    bool          // what is said about commands is not made

	delivers atomic.Bool // messages may be under way
}

func newEnv(in io.Reader, out, err io.Writer, getenv func(string) string, now func() time.Time) *env {
	e := &env{in: in, out: out, err: err, getenv: getenv, now: now, began: now()}
	e.setup()
	return e
}

// setup makes the console and the log; again once the flags are known.
func (e *env) setup() {
	e.console = console.New(e.in, e.out, e.err, console.Options{NoColor: e.flags.noColor, Quiet: e.flags.quiet, Getenv: e.getenv})
	level := slog.LevelWarn
	if e.flags.verbose {
		level = slog.LevelDebug
	}
	e.log = slog.New(screenLog{e, slog.NewTextHandler(e.console.Story(), &slog.HandlerOptions{Level: level})})
}

func (e *env) close() {
	for _, v := range e.vendors {
		if err := v.Close(); err != nil {
			e.log.Debug("close a vendor", "error", err)
		}
	}
	if e.ledger != nil {
		if err := e.ledger.Close(); err != nil {
			words.LogError(e.log, slog.LevelWarn, words.Wrap(err, "log.ledger", words.A{"ledger": e.ledgerPlace()}))
		}
	}
	if e.logfile != nil {
		_ = e.logfile.Close() // everything is written
	}
}

// Config is the installation's settings.
func (e *env) Config() (*config.Config, error) {
	if e.cfg != nil {
		return e.cfg, nil
	}
	cfg, err := config.Load(config.LoadOptions{Path: e.flags.config, Vendors: all.Registry().Declared()})
	if err != nil {
		return nil, err
	}
	if e.flags.ledger != "" {
		if err := config.CheckLedger(e.flags.ledger); err != nil {
			return nil, usage(words.Wrap(err, "cmd.error.not-a-ledger", nil).Do("cmd.do.not-ledger", nil))
		}
		if cfg.Ledger = config.Place(e.flags.ledger); !cfg.Ledger.Server() {
			path, err := filepath.Abs(e.flags.ledger)
			if err != nil {
				return nil, words.Wrap(err, "cmd.error.open", words.A{"file": e.flags.ledger})
			}
			cfg.Ledger = config.Place(path)
		}
	}
	for _, w := range cfg.Warnings {
		words.Log(e.log, slog.LevelWarn, w)
	}
	e.cfg = cfg
	return cfg, nil
}

// Ledger opens the database, and makes it where there is none.
func (e *env) Ledger(ctx context.Context) (ledger.Ledger, error) {
	if e.ledger != nil {
		return e.ledger, nil
	}
	cfg, err := e.Config()
	if err != nil {
		return nil, err
	}
	if file := cfg.Ledger.File(); filepath.IsAbs(file) && missing(filepath.Dir(file)) {
		return nil, usage(words.Err("cmd.error.ledger-folder", words.A{"ledger": file, "folder": filepath.Dir(file)}).Do("cmd.do.ledger-folder", nil))
	}
	l, err := openLedger(ctx, cfg.Ledger, e.now)
	if err != nil {
		return nil, err
	}
	e.ledger = l
	_ = errors.As(notMoved(ctx, l), &e.moved) // what cannot be read is found out by who needs it
	return l, nil
}

// warnMoved says once that what is shown is old.
func (e *env) warnMoved() {
	if e.moved != nil {
		words.Log(e.log, slog.LevelWarn, words.T("cmd.warn.moved", words.A{"to": e.moved.To}))
		e.moved = nil
	}
}

// writable is the ledger of who changes it: of one that was moved he would say that it is done, and it would be done nowhere.
func (e *env) writable(ctx context.Context) (ledger.Ledger, error) {
	l, err := e.Ledger(ctx)
	if err == nil && e.moved != nil {
		err = e.moved
	}
	return l, err
}

// openLedger opens the database at a place: the one spot that knows the drivers.
func openLedger(ctx context.Context, at config.Place, now func() time.Time) (ledger.Ledger, error) {
	if at.Server() {
		return postgres.Open(ctx, at.Reveal(), postgres.Options{Now: now})
	}
	return sqlite.Open(ctx, at.File(), sqlite.Options{Now: now})
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// Vendors builds the accounts on the routes of these channels. An account that cannot be built is in errs.
func (e *env) Vendors(cfg *config.Config, channels []message.Channel) (map[string]vendors.Vendor, map[string]error) {
	if e.vendors == nil {
		e.vendors = make(map[string]vendors.Vendor)
	}
	errs := make(map[string]error)
	for _, ch := range channels {
		for _, name := range plan.RouteAccounts(cfg.Routes[ch]) {
			if e.vendors[name] != nil {
				continue
			}
			v, err := e.vendor(cfg, name)
			if err != nil {
				errs[name] = err
				continue
			}
			e.vendors[name] = v
		}
	}
	return e.vendors, errs
}

func (e *env) vendor(cfg *config.Config, name string) (vendors.Vendor, error) {
	a, ok := cfg.Accounts[name]
	if !ok {
		return nil, words.Err("cmd.error.no-account", words.A{"account": name})
	}
	var dkim *vendors.DKIM
	if a.DKIM.Key != nil {
		dkim = &vendors.DKIM{Selector: a.DKIM.Selector, Domain: a.DKIM.Domain, Key: a.DKIM.Key}
	}
	v, err := all.Registry().New(a.Vendor, vendors.Settings{
		DKIM: dkim, Account: name, Endpoint: a.Endpoint, Concurrency: a.Concurrency, Timeout: a.Timeout, Options: a.Options,
		Channels: cfg.Channels, Dir: cfg.Dir, Now: e.now,
	})
	if err != nil {
		return nil, words.Wrap(err, "cmd.error.account", words.A{"account": name})
	}
	return v, nil
}

// opened is the configuration and the ledger.
func (e *env) opened(ctx context.Context) (*config.Config, ledger.Ledger, error) {
	cfg, err := e.Config()
	if err != nil {
		return nil, nil, err
	}
	l, err := e.Ledger(ctx)
	return cfg, l, err
}

// configured is an account of the configuration. Where there is none of that name, the near ones are named.
func configured(cfg *config.Config, name string) (config.Account, error) {
	a, ok := cfg.Accounts[name]
	if !ok {
		return a, noAccount(name, slices.Sorted(maps.Keys(cfg.Accounts)))
	}
	return a, nil
}

// noAccount refuses a name that is none of those.
func noAccount(name string, known []string) error {
	unknown := words.Err("cmd.error.no-account", words.A{"account": name})
	unknown.Hint = diag.Known(name, known)
	return usage(unknown)
}

// CampaignFile loads the campaign of a list: the file given with --campaign, or the one beside the list.
func (e *env) CampaignFile(listPath string, cfg *config.Config) (*campaign.Campaign, error) {
	path := e.flags.campaign
	if path == "" {
		var err error
		if path, err = campaign.Find(listPath); err != nil {
			return nil, err
		}
	}
	c, err := campaign.Load(path, cfg.Timezone, cfg.Channels)
	if err != nil {
		return nil, err
	}
	for _, w := range c.Warnings {
		words.Log(e.log, slog.LevelWarn, w)
	}
	if c.Environment == "" {
		c.Environment = cfg.Environment
	}
	return c, nil
}

// Plan reads the list and freezes the campaign. problems sees every problem of a row; it may be nil.
func (e *env) Plan(ctx context.Context, listPath string, cfg *config.Config, c *campaign.Campaign, part plan.Part, each func(diag.Problem)) (*plan.Plan, error) {
	r, err := e.openList(ctx, listPath, cfg, c)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p, err := plan.Make(ctx, plan.Inputs{Config: cfg, Campaign: c, List: r, Problems: &diag.List{Each: each}, Part: part})
	if err != nil {
		return nil, listError(err)
	}
	return p, nil
}

// listError is a list that cannot be used: the preflight has failed, nothing was sent.
func listError(err error) error {
	var input *diag.InputError
	if errors.As(err, &input) {
		return &ending{code: exit.Failed, err: err}
	}
	return err
}

// campaign reads a staged campaign. Where there is none of that name, the near ones are named.
func (e *env) campaign(ctx context.Context, l ledger.Ledger, name string) (ledger.Campaign, error) {
	c, err := l.Campaign(ctx, name)
	if !errors.Is(err, ledger.ErrNoCampaign) {
		return c, err
	}
	all, err := l.Campaigns(ctx)
	if err != nil {
		return c, err
	}
	names := make([]string, 0, len(all))
	for _, a := range all {
		names = append(names, a.Name)
	}
	return c, usage(near(words.Err("cmd.error.no-campaign", words.A{"campaign": name}), diag.Nearest(name, names), words.T("cmd.do.campaigns", nil)))
}

// Act is what the operator does, for the audit.
func (e *env) Act(what, reason string) ledger.Act {
	name, host := e.who()
	return ledger.Act{Who: name + "@" + host, As: e.as(), What: what, Reason: reason, At: e.now()}
}

// as is the name that the person gave, which the system does not know; empty for none.
func (e *env) as() string { return cmp.Or(e.flags.as, e.getenv("NOTIFY_AS")) }

// about is an Act with how many messages it is about: those that can still leave.
func (e *env) about(ctx context.Context, l ledger.Ledger, campaign string, act ledger.Act) (ledger.Act, error) {
	counts, err := l.Counts(ctx, campaign)
	act.Figures = &ledger.Figures{Messages: counts.Of(message.Pending, message.Attempting)}
	return act, err
}

// said is an Act with a sentence of the program instead of a reason.
func (e *env) said(what string, why words.Text) ledger.Act {
	a := e.Act(what, "")
	a.Said = why
	return a
}

// because is what is done, and the reason that a person gave for it; empty for none.
func because(done words.Text, reason string) words.Text {
	if reason == "" {
		return done
	}
	return words.T("act.why-because", words.A{"done": done, "reason": reason})
}

// sends is the act of sending, with its figures: costs, and the accounts that they leave out.
func (e *env) sends(people, messages, left int, costs []preflight.Cost, unpriced []string) ledger.Act {
	by := e.said("send", words.T("act.why-sent", words.A{
		"name": e.sender().Name, "people": words.N(people, "recipient"), "messages": words.N(messages, "message"), "left": left,
	}))
	by.Figures = &ledger.Figures{Messages: messages, Unpriced: unpriced}
	for _, c := range costs {
		by.Figures.Spend(c.Currency, c.Amount)
	}
	return by
}

func (e *env) who() (name, host string) {
	name = "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name, host
}

// printer is where results go.
func (e *env) printer() *view.Printer {
	zone := time.Local
	if e.cfg != nil {
		zone = e.cfg.Timezone
	}
	p := view.NewPrinter(e.console, zone)
	p.Lang = e.lang
	return p
}

// ask wants something typed, on a terminal.
func (e *env) ask(ctx context.Context, question, want string) (bool, error) {
	return e.console.Confirm(ctx, view.Prompt(question, e.console.ErrWidth()), want)
}

// tell says something beside the result.
func (e *env) tell(id string, args words.A) {
	e.remark("", words.T(id, args))
}

// remark says something beside the result, behind a head.
func (e *env) remark(head string, t words.Text) {
	p := e.printer()
	p.Out, p.Terminal, p.Width = e.console.Story(), e.console.ErrTerminal, e.console.ErrWidth()
	p.Wrapped(head, p.Say(t))
	_ = p.Flush() // it stands beside the result
}

// did says what a command did.
func (e *env) did(command string, said words.Text, figures map[string]any) error {
	return view.ShowDid(e.printer(), e.flags.json, command, said, figures)
}

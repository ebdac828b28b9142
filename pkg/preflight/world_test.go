package preflight_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// rows is a list in memory.
type rows struct {
	header   list.Header
	rows     []list.Row
	problems []diag.Problem
	next     int
}

func (r *rows) Header() list.Header { return r.header }
func (r *rows) Close() error        { return nil }

func (r *rows) Use([]string) {}

func (r *rows) Next(row *list.Row, problems *diag.List) error {
	if r.next == 0 {
		for _, p := range r.problems {
			problems.Add(p)
		}
	}
	if r.next >= len(r.rows) {
		return io.EOF
	}
	*row = r.rows[r.next]
	r.next++
	return nil
}

// people are invented: the prefix 100 is not given to mobile phones.
func people(n int) []list.Row {
	all := make([]list.Row, n)
	for i := range all {
		phone, mail := fmt.Sprintf("+86100%08d", i), fmt.Sprintf("p%d@example.test", i)
		name := fmt.Sprintf("Winner %d", i)
		all[i] = list.Row{
			Number: i + 2, Key: fmt.Sprintf("K%d", i), Name: name, To: []list.Reach{{Channel: message.SMS, Address: message.Address(phone)}, {Channel: message.Email, Address: message.Address(mail)}},
			Values: []string{fmt.Sprintf("K%d", i), name, phone, mail},
		}
	}
	return all
}

// vendor is an account that answers as it is told.
type vendor struct {
	balance  vendors.Balance
	err      error
	probeErr error
	asked    atomic.Int64
	block    chan struct{}
}

func (v *vendor) Send(context.Context, message.Message) message.Outcome { return message.Outcome{} }
func (v *vendor) Close() error                                          { return nil }

func (v *vendor) Probe(ctx context.Context) error { return errors.Join(v.wait(ctx), v.probeErr) }

func (v *vendor) Balance(ctx context.Context) (vendors.Balance, error) {
	v.asked.Add(1)
	return v.balance, errors.Join(v.wait(ctx), v.err)
}

// wait is how long the vendor takes.
func (v *vendor) wait(ctx context.Context) error {
	if v.block == nil {
		return nil
	}
	select {
	case <-v.block:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mute is a vendor that can do nothing but send.
type mute struct{}

func (mute) Send(context.Context, message.Message) message.Outcome { return message.Outcome{} }
func (mute) Close() error                                          { return nil }

func ptr[T any](v T) *T { return &v }

func yuan(tb testing.TB, s string) message.Money {
	tb.Helper()
	m, err := message.ParseMoney(s)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// world is an installation and a campaign in which every check passes, until a test changes something.
type world struct {
	t        testing.TB
	now      time.Time
	config   *config.Config
	campaign *campaign.Campaign
	people   []list.Row
	problems []diag.Problem
	vendors  map[string]vendors.Vendor
	ledger   ledger.Ledger
	dir      string
	part     plan.Part
	subject  func(*preflight.Subject) // further changes
	ctx      context.Context          // nil: the test's
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{
		t: tb, now: time.Date(2026, 11, 20, 10, 0, 0, 0, zone), people: people(100), dir: tb.TempDir(),
		config: &config.Config{
			Environment: config.Production, Timezone: zone, Country: "CN", Capacity: config.Capacity{Recipients: 30000},
			Accounts: map[string]config.Account{
				"sms-a": {
					Name: "sms-a", Vendor: "http", Environment: config.Production, Class: config.Notice, Rate: 10, Concurrency: 16,
					DailyQuota: 10000, Price: ptr(yuan(tb, "0.045")), Currency: "CNY",
				},
				"sms-b": {Name: "sms-b", Vendor: "http", Class: config.Notice, Rate: 10, Concurrency: 16, Signature: "示例"},
				"promo": {Name: "promo", Vendor: "http", Class: config.Marketing, Rate: 10, Concurrency: 16},
				"edm":   {Name: "edm", Vendor: "smtp", Class: config.Notice, Rate: 50, Concurrency: 16, Declared: relayOptions()},
			},
			Routes: map[message.Channel]config.Route{
				message.SMS:   {Accounts: []config.Share{{Account: "sms-a", Weight: 1}}},
				message.Email: {Accounts: []config.Share{{Account: "edm", Weight: 1}}},
			},
		},
		campaign: &campaign.Campaign{
			Name: "award", Owner: "Operations Wang", Class: config.Notice, Environment: config.Production, Expect: 100,
			Texts:  campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{File: "award.sms.txt", Text: "{{name}}, you won."}}},
			Shared: campaign.SharedRefuse,
		},
		vendors: map[string]vendors.Vendor{
			"sms-a": &vendor{balance: vendors.Balance{Amount: ptr(yuan(tb, "100")), Currency: "CNY"}},
			"sms-b": &vendor{}, "edm": &vendor{},
		},
	}
	w.ledger = w.open()
	return w
}

// relayOptions are what the adapter of a mail server declares, as far as it matters to others.
func relayOptions() option.Set {
	return option.Set{{Name: "address", Role: option.Server}, {Name: "envelope_from", Role: option.Envelope}}
}

func (w *world) open() *sqlite.Ledger {
	w.t.Helper()
	l, err := sqlite.Open(w.t.Context(), filepath.Join(w.dir, "notify.db"), sqlite.Options{Now: func() time.Time { return w.now }})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := l.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return l
}

// account changes an account.
func (w *world) account(name string, change func(*config.Account)) {
	a := w.config.Accounts[name]
	change(&a)
	w.config.Accounts[name] = a
}

func (w *world) plan() *plan.Plan {
	w.t.Helper()
	p, err := plan.Make(w.t.Context(), plan.Inputs{
		Config: w.config, Campaign: w.campaign, TempDir: w.t.TempDir(), Part: w.part,
		List: &rows{
			header: list.Header{
				File: "award.xlsx", Row: 1, Columns: []string{"key", "name", "phone", "email"},
				Mapped: map[string]string{"key": "key", "name": "name", "phone": "phone", "email": "email"},
			},
			rows: w.people, problems: w.problems,
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := p.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return p
}

func (w *world) make() *preflight.Subject {
	s := &preflight.Subject{
		Plan: w.plan(), Config: w.config, Ledger: w.ledger, Vendors: w.vendors, Now: func() time.Time { return w.now },
		Limit: 2 * time.Minute, // a machine with much else to do is no broken check
	}
	if w.subject != nil {
		w.subject(s)
	}
	return s
}

// ask runs one check; one that judges what others found, with all of them.
func (w *world) ask(id string) preflight.Finding {
	w.t.Helper()
	checks := []preflight.Check{check(w.t, id)}
	if checks[0].After != nil {
		checks = preflight.All()
	}
	ctx := w.ctx
	if ctx == nil {
		ctx = w.t.Context()
	}
	r := preflight.Run(ctx, w.make(), checks)
	f, _ := r.Finding(id)
	return f
}

func check(tb testing.TB, id string) preflight.Check {
	tb.Helper()
	all := preflight.All()
	i := slices.IndexFunc(all, func(c preflight.Check) bool { return c.ID == id })
	if i < 0 {
		tb.Fatalf("there is no check %q", id)
	}
	return all[i]
}

// stage writes the campaign as it now is into the ledger.
func (w *world) stage() {
	w.t.Helper()
	p := w.plan()
	spec, err := p.Spec.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	var recipients iter.Seq2[ledger.Recipient, error] = func(yield func(ledger.Recipient, error) bool) {
		for r, err := range p.Rows() {
			out := ledger.Recipient{Row: r.Row, Key: r.Key, Fields: slices.Clone(r.Fields)}
			for _, m := range r.Messages {
				out.Messages = append(out.Messages, ledger.NewMessage(m))
			}
			for _, f := range r.Folds {
				out.Folds = append(out.Folds, ledger.Fold(f))
			}
			if !yield(out, err) {
				return
			}
		}
	}
	if _, err := w.ledger.Stage(w.t.Context(), ledger.Staging{
		Campaign: p.Spec.Name, Digest: p.Digest, Spec: spec, By: w.act("stage"), Recipients: recipients,
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) act(what string) ledger.Act {
	return ledger.Act{Who: "wang@ops-1", What: what, Reason: "asked for", At: w.now}
}

// acquire becomes the campaign's run.
func (w *world) acquire() ledger.Run {
	w.t.Helper()
	host, err := os.Hostname()
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := w.ledger.Acquire(w.t.Context(), ledger.Acquire{
		Campaign: w.campaign.Name, Host: host, PID: os.Getpid(), User: "wang", Now: w.now, Extend: time.Minute,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a.Run
}

// send lets the first n messages leave through an account, with this outcome, and ends the run.
func (w *world) send(n int, account string, kind message.OutcomeKind) {
	w.t.Helper()
	run := w.acquire()
	a := w.config.Accounts[account]
	limits := ledger.Limits{Account: account, Currency: a.Currency}
	if a.Price != nil {
		limits.Price = *a.Price
	}
	day := w.now.Format(time.DateOnly)
	got, err := w.ledger.Turn(w.t.Context(), ledger.Turn{
		Run: run.ID, Now: w.now, Extend: time.Minute,
		Claim: []ledger.ClaimRequest{{
			Channel: message.SMS, Max: n, Day: day, Limits: limits, Grace: time.Minute, Ahead: time.Minute,
		}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var settle []ledger.Settlement
	for _, c := range got.Grants[0].Claims {
		settle = append(settle, ledger.Settlement{Attempt: c.Attempt, Outcome: message.Outcome{Kind: kind, VendorID: "v" + string(c.Key)}})
	}
	if len(settle) != n {
		w.t.Fatalf("%d of %d messages were claimed: %+v", len(settle), n, got.Grants[0].Held)
	}
	if _, err := w.ledger.Turn(w.t.Context(), ledger.Turn{Run: run.ID, Now: w.now, Extend: time.Minute, Settle: settle}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.ledger.Release(w.t.Context(), run.ID, w.now, words.Raw("done")); err != nil {
		w.t.Fatal(err)
	}
}

// summary, details and remedies are what a finding says in English.
func summary(f preflight.Finding) string { return words.Printer{}.Value(f.Says()) }

func details(f preflight.Finding) []string { return english(f.Details) }

// facts are the figures of a finding by their names.
func facts(f preflight.Finding) map[string]any {
	all := make(map[string]any)
	for _, one := range f.Facts {
		all[one.Name] = one.Value
	}
	return all
}

func remedies(f preflight.Finding) []string {
	var all []words.Text
	for _, r := range f.Remedies {
		all = append(all, r.Says())
	}
	return english(all)
}

func english(texts []words.Text) []string {
	var all []string
	for _, t := range texts {
		all = append(all, t.String())
	}
	return all
}

// question is one case of a check's table.
type question struct {
	name   string
	change func(*world)
	want   preflight.Status
	// summary and remedies hold parts of what must be said, in this order.
	summary  []string
	remedies []string
}

func askAll(t *testing.T, id string, questions []question) {
	t.Helper()
	all := toldIn(t)
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			w := newWorld(t)
			if q.change != nil {
				q.change(w)
			}
			f := w.ask(id)
			answers(t, f, q.want, q.summary, q.remedies)
			all.compare(t, q.name, f)
		})
	}
}

// answers compares a finding with what is wanted: the status, and parts of what must be said, in this order.
func answers(t *testing.T, f preflight.Finding, want preflight.Status, evidence, ways []string) {
	t.Helper()
	if f.Status != want {
		t.Errorf("status %q, want %q: %s", f.Status, want, summary(f))
	}
	says(t, "summary", summary(f), evidence)
	says(t, "remedies", strings.Join(remedies(f), "\n"), ways)
	unchecked := strings.Contains(summary(f), "could not be checked")
	if (f.Status == preflight.Fail || unchecked) && len(remedies(f)) == 0 {
		t.Errorf("a %s without a remedy: %s", f.Status, summary(f))
	}
	if len(f.Remedies) > 0 && f.Remedies[0].Or {
		t.Errorf("there is nothing that this is another way to: %q", remedies(f))
	}
	if strings.ContainsAny(summary(f), "\n\t") || strings.Contains(summary(f)+strings.Join(remedies(f), ""), "%!") {
		t.Errorf("badly formed: %q %q", summary(f), remedies(f))
	}
}

func says(t *testing.T, what, text string, parts []string) {
	t.Helper()
	rest := text
	for _, p := range parts {
		i := strings.Index(rest, p)
		if i < 0 {
			t.Errorf("the %s lacks %q: %s", what, p, text)
			return
		}
		rest = rest[i+len(p):]
	}
}

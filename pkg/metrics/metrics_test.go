package metrics_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/metrics"
	"notify/pkg/plan"
	"notify/pkg/report"
	"notify/pkg/words"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// installation has every limit that a figure tells of.
func installation() *config.Config {
	price := message.Money(45_000)
	return &config.Config{Environment: config.Production, Timezone: time.UTC, Accounts: map[string]config.Account{
		"sms": {Rate: 20, Burst: 4, DailyQuota: 100, DayBudget: 9_000_000, MonthBudget: 90_000_000, Price: &price, Currency: "CNY"},
	}}
}

// used is a ledger on which everything has happened that a figure tells of.
func used(t *testing.T, l ledger.Ledger) {
	t.Helper()
	ctx := t.Context()
	spec := plan.Spec{
		Schema: plan.SpecSchema, Name: "award", Columns: []string{"name"}, Deadline: noon.Add(time.Hour),
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "Dear {{name}}"}}},
	}
	b, err := spec.Encode()
	must(t, err)
	_, err = l.Stage(ctx, ledger.Staging{Campaign: "award", Digest: "d", Spec: b, By: ledger.Act{Who: "wang", What: "stage", At: noon}, Recipients: func(yield func(ledger.Recipient, error) bool) {
		for i, to := range []message.Address{"+8613490000001", "+8613490000002", "+8613490000003"} {
			if !yield(ledger.Recipient{Row: i + 2, Key: string(to), Fields: []byte(`["Li"]`), Messages: []ledger.NewMessage{{
				Key: message.MakeKey("award", message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: int64(i),
			}}}, nil) {
				return
			}
		}
	}})
	must(t, err)
	run, err := l.Acquire(ctx, ledger.Acquire{Campaign: "award", Host: "h", PID: os.Getpid(), Now: noon, Extend: time.Minute})
	must(t, err)
	limits := ledger.Limits{Account: "sms", Rate: 20, AtOnce: 2, Price: 45_000, Currency: "CNY"}
	got, err := l.Turn(ctx, ledger.Turn{Run: run.Run.ID, Now: noon, Extend: time.Minute, Claim: []ledger.ClaimRequest{{
		Channel: message.SMS, Limits: limits, Day: "2026-11-20", Max: 2, Grace: time.Minute,
	}}})
	must(t, err)
	_, err = l.Turn(ctx, ledger.Turn{Run: run.Run.ID, Now: noon, Extend: time.Minute, Settle: []ledger.Settlement{
		{Attempt: got.Grants[0].Claims[0].Attempt, At: noon, Outcome: message.Outcome{Kind: message.OutcomeAccepted, VendorID: "v1"}},
	}})
	must(t, err)
	_, err = l.(ledger.Receipts).Keep(ctx, []ledger.Receipt{{Hash: "h", Account: "sms", Format: "f", Raw: []byte("{}"), At: noon.Add(-time.Minute), Grade: message.GradeSigned}})
	must(t, err)
	_, err = l.Raise(ctx, ledger.Look{At: noon, Kinds: []string{"died"}, Holds: []ledger.Condition{{Kind: "died", About: "award", Severity: ledger.SeverityCritical, Said: words.Raw("x")}}})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told is a set over a ledger, after everything has happened that a figure tells of.
func told(t *testing.T) *metrics.Set {
	t.Helper()
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "notify.db"), sqlite.Options{Now: func() time.Time { return noon }})
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	used(t, l)
	s := metrics.New(t.Context(), "1.0.0", func() time.Time { return noon.Add(time.Second) }, quiet())
	s.Read(metrics.Reading{Source: l, Config: installation(), Campaign: "award", Accounts: []string{"sms"}, Ask: func(_ context.Context, lines []report.AccountStatus) {
		money, left := message.Money(1_500_000), int64(33)
		lines[0].Live = &report.Live{Balance: &money, Messages: &left}
	}})
	s.Patient()
	s.Claimed("sms", 3)
	s.Settled("sms", message.Outcome{Kind: message.OutcomeAccepted}, 3*time.Millisecond)
	s.Settled("sms", message.GiveBack(message.BackLate), 0)
	s.Committed(2 * time.Millisecond)
	return s
}

// text is what a set tells in its file.
func text(t *testing.T, s *metrics.Set) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify.prom")
	f, err := s.Write(t.Context(), path, nil)
	must(t, err)
	f.Close()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

func TestEveryFigureIsTold(t *testing.T) {
	t.Parallel()
	all := text(t, told(t))
	for _, want := range []string{
		`notify_attempts_total{account="sms",outcome="accepted"} 1`, `notify_attempts_total{account="sms",outcome="unknown"} 0`,
		`notify_given_back_total{account="sms"} 1`, `notify_in_flight{account="sms"} 1`, `notify_vendor_duration_seconds_count{account="sms"} 1`,
		`notify_commit_duration_seconds_bucket{le="0.0025"} 1`,
		`notify_messages{campaign="award",channel="sms",state="accepted"} 1`, `notify_messages{campaign="award",channel="sms",state="attempting"} 1`,
		`notify_messages{campaign="award",channel="sms",state="pending"} 1`, `notify_messages{campaign="award",channel="sms",state="rejected"} 0`,
		`notify_campaign_state{campaign="award",state="running"} 1`, `notify_campaign_state{campaign="award",state="paused"} 0`,
		`notify_campaign_runs{campaign="award"} 1`, `notify_campaign_deadline_timestamp_seconds{campaign="award"} 1.7951796e+09`,
		`notify_account_rate_limit{account="sms"} 20`, `notify_account_rate_scale_ratio{account="sms"} 1`, `notify_account_bucket_level{account="sms"} 2`,
		`notify_account_breaker{account="sms",state="closed"} 1`, `notify_account_off{account="sms"} 0`, `notify_account_quota{account="sms"} 100`,
		`notify_account_quota_left{account="sms"} 98`, `notify_account_sent_today{account="sms"} 2`,
		`notify_account_budget_left{account="sms",currency="CNY",period="day"} 8.91`,
		`notify_account_balance{account="sms",currency="CNY"} 1.5`, `notify_account_balance_messages{account="sms"} 33`,
		`notify_receipts_missing{account="sms",campaign="award"} 1`, `notify_receipts_lag_seconds 61`, `notify_receipts_waiting{account="sms"} 1`,
		`notify_receipts_total{account="sms"} 1`, `notify_receipts_refused_total{account="sms"} 0`, `notify_receipt_events_total{about="foreign",account="sms"} 0`,
		`notify_alerts_open{kind="died",severity="critical"} 1`, `notify_ledger_read_errors_total 0`,
	} {
		if !strings.Contains(all, "\n"+want+"\n") {
			t.Errorf("it does not tell %s", want)
		}
	}
	if strings.Contains(all, "1349") || strings.Contains(all, "go_") {
		t.Error("an address, or a figure of the process, is in the file")
	}
	if t.Failed() {
		t.Log(all)
	}
}

// names are the metrics in a text that Prometheus reads.
func names(all string) []string {
	var found []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(all, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return found
}

func TestEveryMetricIsDocumented(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/metrics.md")
	must(t, err)
	var shown []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(notify_[a-z_]+)` \\|").FindAllStringSubmatch(string(b), -1) {
		shown = append(shown, m[1])
	}
	slices.Sort(shown)
	if got := names(text(t, told(t))); !slices.Equal(got, shown) {
		t.Errorf("told are\n%v\ndocs/metrics.md has\n%v", got, shown)
	}
}

// model is a ledger in memory that lets somebody who reads it wait.
type model struct {
	*ledgertest.Handle
	hold chan struct{}
}

func (m *model) AtWork(ctx context.Context, campaign string, _ time.Time) ([]ledger.Run, error) {
	c, err := m.Campaign(ctx, campaign)
	return c.Holders, err
}

func (m *model) Snapshot(ctx context.Context, campaign string, day ledger.Day) (ledger.Snapshot, error) {
	if m.hold != nil {
		select {
		case <-m.hold:
		case <-ctx.Done():
			return ledger.Snapshot{}, ctx.Err()
		}
	}
	return m.Handle.Snapshot(ctx, campaign, day)
}

// A ledger that does not answer holds nobody up: the figures are those of before, and say of when.
func TestABusyLedgerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &model{Handle: ledgertest.NewMemory().Open()}
		used(t, m.Handle)
		ctx, end := context.WithCancel(t.Context())
		s := metrics.New(ctx, "1", time.Now, quiet())
		s.Read(metrics.Reading{Source: m, Config: installation(), Accounts: []string{"sms"}})
		const pending = `notify_messages{campaign="award",channel="sms",state="pending"} 1`
		at := regexp.MustCompile(`(?m)^notify_ledger_read_timestamp_seconds .*$`)
		before := s.Text()
		m.hold = make(chan struct{})
		time.Sleep(10 * time.Second)
		began := time.Now()
		after := s.Text()
		if took := time.Since(began); took != time.Second {
			t.Errorf("who asks waited %s", took)
		}
		if !strings.Contains(before, pending) || !strings.Contains(after, pending) || at.FindString(before) != at.FindString(after) {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		close(m.hold)
		synctest.Wait()
		if now := s.Text(); at.FindString(now) == at.FindString(before) {
			t.Error("the look that took long is not told")
		}
		end()
	})
}

func TestAnAddressIsThisMachineUnlessItSaysMore(t *testing.T) {
	t.Parallel()
	s := told(t)
	l, err := s.Listen(t.Context(), ":0")
	must(t, err)
	if !strings.HasPrefix(l.URL(), "http://127.0.0.1:") {
		t.Errorf("it listens on %s", l.URL())
	}
	answer, err := http.Get(l.URL())
	must(t, err)
	b, err := io.ReadAll(answer.Body)
	must(t, err)
	_ = answer.Body.Close()
	if !strings.Contains(string(b), "notify_attempts_total") || !strings.Contains(string(b), "go_goroutines") {
		t.Errorf("it answers %s\n%s", answer.Status, b)
	}
	for _, address := range []string{"9464", "127.0.0.1", "127.0.0.1:", strings.TrimSuffix(strings.TrimPrefix(l.URL(), "http://"), "/metrics"), "nowhere.test:0"} {
		if other, err := s.Listen(t.Context(), address); err == nil || words.HintOf(err).IsZero() {
			t.Errorf("%s: %v, %v", address, other, err)
		}
	}
	must(t, l.Close())
	if c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimSuffix(strings.TrimPrefix(l.URL(), "http://"), "/metrics")); err == nil {
		_ = c.Close()
		t.Error("it listens after its end")
	}
}

// What a run pays for a message.
func BenchmarkMeter(b *testing.B) {
	s := metrics.New(b.Context(), "1", time.Now, quiet())
	for b.Loop() {
		s.Claimed("sms", 1)
		s.Settled("sms", message.Outcome{Kind: message.OutcomeAccepted}, time.Millisecond)
	}
}

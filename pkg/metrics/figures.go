package metrics

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/message"
	"notify/pkg/report"
)

// descriptions are the figures that stand on the ledger.
type descriptions struct {
	messages, campaign, runs, deadline                         *prometheus.Desc
	rate, scale, bucket, breaker, off                          *prometheus.Desc
	quota, quotaLeft, sentToday, budgetLeft                    *prometheus.Desc
	balance, packages, balanceAt                               *prometheus.Desc
	missing, lag, lastReceipt, waiting, kept, repeats, refused *prometheus.Desc
	events                                                     *prometheus.Desc
	alerts                                                     *prometheus.Desc
	read, readErrors                                           *prometheus.Desc
}

func describe() *descriptions {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("notify_"+name, help, labels, nil)
	}
	return &descriptions{
		messages: d("messages", "Messages of a campaign by channel and state.", "campaign", "channel", "state"),
		campaign: d("campaign_state", "1 for the state that the campaign is in.", "campaign", "state"),
		runs:     d("campaign_runs", "Runs of the campaign that are alive.", "campaign"),
		deadline: d("campaign_deadline_timestamp_seconds", "When the campaign must be done.", "campaign"),

		rate:    d("account_rate_limit", "Messages a second that the account may carry, as configured; 0 for any number.", "account"),
		scale:   d("account_rate_scale_ratio", "The part of the rate that is in force: 1 unless the vendor said that it is too fast.", "account"),
		bucket:  d("account_bucket_level", "Messages that may leave at once under the rate; below 0, so many places are taken ahead.", "account"),
		breaker: d("account_breaker", "1 for the state that the breaker is in.", "account", "state"),
		off:     d("account_off", "1 where a person switched the account off.", "account"),

		quota:      d("account_quota", "Messages that the account may carry in a day.", "account"),
		quotaLeft:  d("account_quota_left", "Messages that are left of it today.", "account"),
		sentToday:  d("account_sent_today", "Messages that were debited today.", "account"),
		budgetLeft: d("account_budget_left", "Money that is left of a budget.", "account", "period", "currency"),

		balance:   d("account_balance", "Money that the vendor says is left.", "account", "currency"),
		packages:  d("account_balance_messages", "Prepaid messages that the vendor says are left.", "account"),
		balanceAt: d("account_balance_timestamp_seconds", "When the vendors were last asked.", "account"),

		missing:     d("receipts_missing", "Accepted messages of which it is not known how they ended.", "campaign", "account"),
		lag:         d("receipts_lag_seconds", "For how long the receipt that has waited longest could have been settled."),
		lastReceipt: d("receipts_last_timestamp_seconds", "When a receipt last came that was not refused.", "account"),
		waiting:     d("receipts_waiting", "Receipts that are kept and not settled.", "account"),
		kept:        d("receipts_total", "Receipts that came, each once.", "account"),
		repeats:     d("receipts_repeated_total", "Receipts that came again.", "account"),
		refused:     d("receipts_refused_total", "Receipts that prove nothing.", "account"),
		events:      d("receipt_events_total", "What receipts said, by what it was about.", "account", "about"),

		alerts: d("alerts_open", "Conditions that hold and that somebody should know of.", "kind", "severity"),

		read:       d("ledger_read_timestamp_seconds", "When the figures that stand on the ledger were read."),
		readErrors: d("ledger_read_errors_total", "Looks at the ledger that failed."),
	}
}

func (d *descriptions) all() []*prometheus.Desc {
	return []*prometheus.Desc{
		d.messages, d.campaign, d.runs, d.deadline, d.rate, d.scale, d.bucket, d.breaker, d.off, d.quota, d.quotaLeft, d.sentToday, d.budgetLeft,
		d.balance, d.packages, d.balanceAt, d.missing, d.lag, d.lastReceipt, d.waiting, d.kept, d.repeats, d.refused, d.events, d.alerts, d.read, d.readErrors,
	}
}

// teller tells the figures of one look.
type teller struct {
	d   *descriptions
	ch  chan<- prometheus.Metric
	now time.Time
}

func (t *teller) gauge(d *prometheus.Desc, v float64, labels ...string) {
	t.ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (t *teller) counter(d *prometheus.Desc, v float64, labels ...string) {
	t.ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

// time tells when something was; never is no figure.
func (t *teller) time(d *prometheus.Desc, at time.Time, labels ...string) {
	if !at.IsZero() {
		t.gauge(d, float64(at.UnixMilli())/1000, labels...)
	}
}

func (t *teller) flag(d *prometheus.Desc, on bool, labels ...string) {
	v := 0.0
	if on {
		v = 1
	}
	t.gauge(d, v, labels...)
}

// one tells which of the states holds.
func (t *teller) one(d *prometheus.Desc, of, is string, states ...string) {
	for _, s := range states {
		t.flag(d, s == is, of, s)
	}
}

func (t *teller) campaigns(f *figures) {
	for i := range f.campaigns {
		c := &f.campaigns[i]
		for _, ch := range c.Channels {
			for _, s := range message.States() {
				t.gauge(t.d.messages, float64(ch.ByState[s]), c.Campaign, string(ch.Channel), string(s))
			}
		}
		t.one(t.d.campaign, c.Campaign, c.Word(), "running", "paused", "aborted", "finished", "unfinished")
		t.gauge(t.d.runs, float64(len(c.Running)), c.Campaign)
		t.time(t.d.deadline, f.deadlines[c.Campaign], c.Campaign)
		for _, r := range c.Receipts {
			t.gauge(t.d.missing, float64(max(0, r.Accepted-r.Ended)), c.Campaign, r.Account)
		}
	}
}

func (t *teller) accounts(f *figures, r *Reading, told *balances) {
	for i := range f.accounts {
		a := &f.accounts[i]
		if !slices.Contains(r.Accounts, a.Account) {
			continue
		}
		name := a.Account
		t.rates(a, r.Config.Accounts[name])
		t.one(t.d.breaker, name, a.Breaker, "closed", "open", "testing")
		t.flag(t.d.off, a.State.Off != nil, name)
		t.gauge(t.d.sentToday, float64(a.Day.Messages), name)
		t.left(a, told.live[name])
		t.budget(t.d.budgetLeft, a, "day", a.DayBudget, a.Day)
		t.budget(t.d.budgetLeft, a, "month", a.MonthBudget, a.Month)
		if l := told.live[name]; l != nil {
			t.balances(a, l, told.at)
		}
	}
}

// rates tells the account's rate, and how full its bucket is.
func (t *teller) rates(a *report.AccountStatus, c config.Account) {
	t.gauge(t.d.rate, a.Rate, a.Account)
	scale := a.State.Scale
	if scale <= 0 {
		scale = 1
	}
	t.gauge(t.d.scale, scale, a.Account)
	if a.Rate <= 0 {
		return
	}
	atOnce, _ := flow.SplitBurst(c.Rate, c.Burst)
	level := float64(max(1, atOnce))
	if at := a.State.EmptyAt; !at.IsZero() {
		level = min(level, t.now.Sub(at).Seconds()*a.Rate*scale)
	}
	t.gauge(t.d.bucket, level, a.Account)
}

// left tells what is left of the day: by our limit, or where there is none, by the vendor's.
func (t *teller) left(a *report.AccountStatus, live *report.Live) {
	switch {
	case a.LeftToday != nil:
		t.gauge(t.d.quota, float64(a.DailyQuota), a.Account)
		t.gauge(t.d.quotaLeft, float64(*a.LeftToday), a.Account)
	case live != nil && live.QuotaLimit != nil && live.QuotaUsed != nil:
		t.gauge(t.d.quota, float64(*live.QuotaLimit), a.Account)
		t.gauge(t.d.quotaLeft, float64(max(0, *live.QuotaLimit-*live.QuotaUsed)), a.Account)
	}
}

// budget tells what is left of a budget; none is no figure, nor is what is spent at a price that is not known.
func (t *teller) budget(d *prometheus.Desc, a *report.AccountStatus, period string, of message.Money, s report.Spent) {
	if of > 0 && s.Cost != nil {
		t.gauge(d, units(of-*s.Cost), a.Account, period, a.Currency)
	}
}

func (t *teller) balances(a *report.AccountStatus, l *report.Live, at time.Time) {
	if l.Balance != nil {
		t.gauge(t.d.balance, units(*l.Balance), a.Account, cmp.Or(l.Currency, a.Currency))
	}
	if l.Messages != nil {
		t.gauge(t.d.packages, float64(*l.Messages), a.Account)
	}
	t.time(t.d.balanceAt, at, a.Account)
}

func (t *teller) receipts(f *figures, r *Reading) {
	t.gauge(t.d.lag, f.lag.Seconds())
	for i := range f.inboxes {
		in := &f.inboxes[i]
		if !slices.Contains(r.Accounts, in.Account) {
			continue
		}
		t.time(t.d.lastReceipt, in.Last, in.Account)
		t.gauge(t.d.waiting, float64(in.Waiting), in.Account)
		t.counter(t.d.kept, float64(in.Receipts), in.Account)
		t.counter(t.d.repeats, float64(in.Repeats), in.Account)
		t.counter(t.d.refused, float64(in.Refused), in.Account)
		for about, n := range map[string]int64{"ours": in.Ours, "foreign": in.Foreign, "late": in.Late, "contrary": in.Contrary} {
			t.counter(t.d.events, float64(n), in.Account, about)
		}
	}
}

// alerts tells how many conditions hold.
func (t *teller) alerts(f *figures) {
	type key struct{ kind, severity string }
	open := make(map[key]int)
	for i := range f.alerts {
		open[key{f.alerts[i].Kind, string(f.alerts[i].Severity)}]++
	}
	for k, n := range open {
		t.gauge(t.d.alerts, float64(n), k.kind, k.severity)
	}
}

// units is an amount in units of its currency: Prometheus knows no decimals.
func units(m message.Money) float64 { return float64(m) / 1e6 }

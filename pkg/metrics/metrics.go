// Package metrics owns the figures for Prometheus. What a process does it counts itself, as it goes; what stands on the ledger is read when
// somebody asks, as status and accounts read it, and never holds up a run: where the ledger does not answer, the figures are those of before.
package metrics

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"notify/pkg/message"
)

// Set is all that one process tells.
type Set struct {
	log *slog.Logger
	// ours are the figures of notify, and all of them with those of the process itself: a textfile is read by a program that has figures of
	// the same names about its own process.
	ours, process *prometheus.Registry

	attempts, givenBack *prometheus.CounterVec
	inFlight            *prometheus.GaugeVec
	vendor              *prometheus.HistogramVec
	commit              prometheus.Histogram
	books               *books
}

// New is a set of figures, all of them at their beginning. Reading of the ledger ends with ctx.
func New(ctx context.Context, version string, now func() time.Time, log *slog.Logger) *Set {
	s := &Set{log: log, ours: prometheus.NewPedanticRegistry(), process: prometheus.NewRegistry(), books: newBooks(ctx, now, log)}
	s.attempts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "notify_attempts_total", Help: "Attempts of this process whose outcome is recorded.",
	}, []string{"account", "outcome"})
	s.givenBack = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "notify_given_back_total", Help: "Messages that were claimed and given back before anything was tried.",
	}, []string{"account"})
	s.inFlight = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "notify_in_flight", Help: "Messages that this process has claimed and whose outcome is not recorded.",
	}, []string{"account"})
	s.vendor = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "notify_vendor_duration_seconds", Help: "How long the vendor took for one message.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"account"})
	s.commit = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "notify_commit_duration_seconds", Help: "How long the ledger took for one transaction of a run.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "notify_build_info", Help: "Which version this is; always 1.", ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	s.ours.MustRegister(s.attempts, s.givenBack, s.inFlight, s.vendor, s.commit, build, s.books)
	s.process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

// Claimed is of send.Meter.
func (s *Set) Claimed(account string, n int) { s.inFlight.WithLabelValues(account).Add(float64(n)) }

// Settled is of send.Meter.
func (s *Set) Settled(account string, o message.Outcome, asked time.Duration) {
	s.inFlight.WithLabelValues(account).Dec()
	if o.GivenBack() {
		s.givenBack.WithLabelValues(account).Inc()
		return
	}
	s.attempts.WithLabelValues(account, string(o.Kind)).Inc()
	if asked > 0 {
		s.vendor.WithLabelValues(account).Observe(asked.Seconds())
	}
}

// Committed is of send.Meter.
func (s *Set) Committed(took time.Duration) { s.commit.Observe(max(0, took).Seconds()) }

// accounts makes the figures of accounts begin at 0: what has never happened is a figure, too.
func (s *Set) accounts(names []string) {
	for _, a := range names {
		for _, k := range message.OutcomeKinds() {
			s.attempts.WithLabelValues(a, string(k))
		}
		s.givenBack.WithLabelValues(a)
		s.inFlight.WithLabelValues(a)
		s.vendor.WithLabelValues(a)
	}
}

package metrics

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"notify/pkg/outfile"
	"notify/pkg/words"
)

// Listener answers Prometheus.
type Listener struct {
	server *http.Server
	on     net.Listener
}

// Listen answers at host:port, at this machine alone where no host is given. The error is one of the operator: nothing can listen there.
func (s *Set) Listen(ctx context.Context, address string) (*Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return nil, words.Err("metrics.error.address", words.A{"address": words.Typed(address)}).Do("metrics.do.address", nil)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	var lc net.ListenConfig
	on, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, words.Wrap(err, "metrics.error.listen", words.A{"address": net.JoinHostPort(host, port)}).Do("metrics.do.listen", nil)
	}
	all := prometheus.Gatherers{s.ours, s.process}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(all, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4, ErrorHandling: promhttp.ContinueOnError,
	}))
	l := &Listener{on: on, server: &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}}
	go func() {
		if err := l.server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
			words.LogError(s.log, slog.LevelWarn, words.Wrap(err, "log.metrics", words.A{"address": on.Addr().String()}))
		}
	}()
	return l, nil
}

// URL is where the figures are.
func (l *Listener) URL() string { return "http://" + l.on.Addr().String() + "/metrics" }

// Close ends it; who is being answered is waited for, a moment.
func (l *Listener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return l.server.Shutdown(ctx)
}

// fileEvery is how often the textfile is written.
const fileEvery = 5 * time.Second

// File is the textfile of node_exporter, written now and then, and at the end.
type File struct {
	set    *Set
	path   string
	inputs []outfile.Input
	stop   chan struct{}
	ended  chan struct{}
}

// Write begins a textfile. It is written at once: a place where it cannot be is an error.
func (s *Set) Write(ctx context.Context, path string, inputs []outfile.Input) (*File, error) {
	if !strings.HasSuffix(path, ".prom") {
		return nil, words.Err("metrics.error.file", words.A{"file": path}).Do("metrics.do.file", nil)
	}
	f := &File{set: s, path: path, inputs: inputs, stop: make(chan struct{}), ended: make(chan struct{})}
	if err := f.write(ctx); err != nil {
		return nil, err
	}
	go f.run(context.WithoutCancel(ctx))
	return f, nil
}

func (f *File) run(ctx context.Context) {
	defer close(f.ended)
	t := time.NewTicker(fileEvery)
	defer t.Stop()
	warned := false
	for over := false; !over; {
		select {
		case <-t.C:
		case <-f.stop:
			f.set.books.forget() // the last word is of the end
			over = true
		}
		if err := f.write(ctx); err != nil && !warned {
			warned = true
			words.LogError(f.set.log, slog.LevelWarn, words.Wrap(err, "log.metrics-file", words.A{"file": f.path}))
		}
	}
}

// write writes the whole file. Others read it: node_exporter is another user.
func (f *File) write(ctx context.Context) error {
	families, err := f.set.ours.Gather()
	if err != nil {
		return err
	}
	return outfile.Write(ctx, f.path, func(to *os.File) error {
		if err := to.Chmod(0o644); err != nil {
			return err
		}
		for _, m := range families {
			if _, err := expfmt.MetricFamilyToText(to, m); err != nil {
				return err
			}
		}
		return nil
	}, f.inputs...)
}

// Close writes the file for the last time.
func (f *File) Close() {
	close(f.stop)
	<-f.ended
}

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/pflag"

	"notify/pkg/ledger"
	"notify/pkg/logfile"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// logged is where a long command writes down what it does.
type logged struct {
	log, level string
}

// logLevels are how much may be written down, from the most to the least.
func logLevels() []string { return []string{"debug", "info", "warn", "error"} }

func (o *logged) flags(e *env, f *pflag.FlagSet) {
	f.StringVar(&o.log, "log", "", e.say("cmd.observe.flag-log", nil))
	f.StringVar(&o.level, "log-level", "info", e.say("cmd.observe.flag-log-level", nil))
}

// writeLog has everything that is logged from now on written to the file, too. A file that is read, or that is none, is a mistake of the operator;
// one that cannot be written is said, and stops nothing.
func (e *env) writeLog(ctx context.Context, o logged, inputs []outfile.Input) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level)); err != nil {
		return usage(words.Err("cmd.error.log-level", words.A{"level": words.Typed(o.level)}).Do("cmd.do.log-level", words.A{"levels": words.Names(logLevels(), 0)}))
	}
	if o.log == "" || e.logfile != nil {
		return nil
	}
	var refused *outfile.RefusedError
	if err := outfile.Check(ctx, o.log, inputs...); errors.As(err, &refused) && refused.Err == nil {
		return err
	}
	broken := func(err error) { e.tell("cmd.line.log-broken", words.A{"file": o.log, "cause": words.Cause(err)}) }
	f, err := logfile.Open(o.log, broken)
	if err != nil {
		broken(err)
		return nil
	}
	e.logfile = f
	e.log = slog.New(slog.NewMultiHandler(e.log.Handler(), f.Handler(level).WithAttrs([]slog.Attr{slog.Int("pid", os.Getpid())})))
	name, host := e.who()
	e.log.Info("begins", "command", e.command, "version", version, "user", name, "as", e.as(), "host", host, "ledger", e.ledgerPlace())
	return nil
}

// screenLog is the log on the terminal: it says the sentences among what is logged, in the language of the screen, and has what programs read only
// where it is serious or more was asked for.
type screenLog struct {
	e   *env
	raw slog.Handler
}

func (s screenLog) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || s.raw.Enabled(ctx, level)
}

func (s screenLog) Handle(ctx context.Context, r slog.Record) error {
	if t, ok := words.Logged(&r); ok {
		s.e.remark(s.e.head(r.Level), t)
		return nil
	}
	if !s.raw.Enabled(ctx, r.Level) {
		return nil
	}
	return s.raw.Handle(ctx, r)
}

func (s screenLog) WithAttrs(as []slog.Attr) slog.Handler { return screenLog{s.e, s.raw.WithAttrs(as)} }

func (s screenLog) WithGroup(name string) slog.Handler { return screenLog{s.e, s.raw.WithGroup(name)} }

// head is how a warning or an error begins, as those of preflight do.
func (e *env) head(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return e.say("status.error", nil) + "  "
	case level >= slog.LevelWarn:
		return e.say("status.warn", nil) + "  "
	}
	return ""
}

// notice writes down an alert.
func (e *env) notice(n ledger.Notice) {
	e.log.Info("alert", "kind", n.Kind, "about", n.About, "change", n.Change, "severity", n.Severity, "said", n.Said)
}

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

// notice writes down an alert.
func (e *env) notice(n ledger.Notice) {
	e.log.Info("alert", "kind", n.Kind, "about", n.About, "change", n.Change, "severity", n.Severity, "said", n.Said)
}

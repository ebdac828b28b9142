package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/outfile"
	"notify/pkg/send"
	"notify/pkg/view"
	"notify/pkg/words"
)

var errInterrupted = errors.New("interrupted")

// ending is an end with a code of its own. Without an error, the view has said everything already.
type ending struct {
	code int
	err  error
}

func (e *ending) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *ending) Unwrap() error { return e.err }

// usage is a mistake in flags or arguments.
func usage(err *words.Error) error { return &ending{code: exit.Usage, err: err} }

// quietly ends with a code after everything was said.
func quietly(code int) error {
	if code == exit.OK {
		return nil
	}
	return &ending{code: code}
}

// exit turns an error into words and a number. It is the only place that does.
func (e *env) exit(err error) int {
	if !errors.As(err, new(*ledger.MovedError)) { // else it is the error
		e.warnMoved()
	}
	if err == nil {
		if w := e.console.WriteErr(); w != nil {
			view.ErrorHuman(e.console, e.printer().Words(), words.Wrap(w, "cmd.error.unwritten", nil), nil)
			return exit.Error
		}
		e.log.Info("ends", "code", exit.OK)
		return exit.OK
	}
	code, said := e.explain(err)
	e.log.Info("ends", "code", code, "error", err)
	var input *diag.InputError
	errors.As(err, &input)
	switch {
	case said == nil:
	case e.flags.json || e.early.json:
		view.ErrorJSON(e.console, e.printer().Words(), code, said, input)
	default:
		view.ErrorHuman(e.console, e.printer().Words(), said, input)
	}
	return code
}

// explain finds the code, the words and the next command for an error; no words where everything was said.
func (e *env) explain(err error) (code int, said *words.Error) {
	code = exit.Error
	var known *ending
	if errors.As(err, &known) {
		code = known.code
		if known.err == nil {
			return code, nil
		}
	}
	var input *diag.InputError
	if errors.As(err, &input) {
		if known == nil {
			code = exit.Usage
		}
		return code, &words.Error{Text: input.Says()}
	}
	var refused *outfile.RefusedError
	if errors.As(err, &refused) {
		return exit.Usage, &words.Error{Text: refused.Says(), Hint: refused.Hint}
	}
	var leased *ledger.LeasedError
	if errors.As(err, &leased) {
		r := leased.Holder
		if r.Process.IsZero() {
			r.Process = r.Started
		}
		said := words.Err("cmd.error.leased", words.A{
			"user": r.User, "pid": fmt.Sprint(r.PID), "host": r.Host, "at": r.Started, "process": r.Process,
		})
		if leased.Until.IsZero() {
			return exit.Leased, said.Do("cmd.do.leased", nil)
		}
		return exit.Leased, said.Do("cmd.do.leased-until", words.A{"until": e.printer().Words().Second(leased.Until)})
	}
	var other *ledger.OtherServerError
	if errors.As(err, &other) {
		return exit.Person, words.Err("cmd.error.other-server-run", words.A{"ledger": e.ledgerPlace(), "was": other.Was, "now": other.Now}).
			Do("cmd.do.other-server-run", nil)
	}
	var moved *ledger.MovedError
	if errors.As(err, &moved) {
		return exit.Person, &words.Error{Text: moved.Says(), Hint: words.T("cmd.do.moved", words.A{"to": moved.To})}
	}
	for _, k := range e.wellKnown(err) {
		if errors.Is(err, k.is) {
			return k.code, k.said
		}
	}
	var own words.Sayer
	if errors.As(err, &own) {
		return code, &words.Error{Text: own.Says(), Hint: words.HintOf(err)}
	}
	return code, &words.Error{Text: unsaid(err)}
}

// unsaid is an error that has no sentence of its own: of a file, what the system says of it; otherwise what it says, word for word.
func unsaid(err error) words.Text {
	var file *fs.PathError
	if errors.As(err, &file) {
		return words.T("cmd.error.file", words.A{"file": file.Path, "cause": words.Cause(err)})
	}
	return words.T("cmd.error.other", words.A{"said": words.Cause(err)})
}

// damaged is a ledger that is damaged, and in what, as far as that is known.
func (e *env) damaged(err error) *words.Error {
	var known *ledger.DamagedError
	said := words.Err("cmd.error.damaged", words.A{"ledger": e.ledgerPlace()})
	if errors.As(err, &known) {
		said = words.Err("cmd.error.damaged-as", words.A{"ledger": e.ledgerPlace(), "what": known.What})
	}
	return said.Do("cmd.do.damaged", nil)
}

// wellKnown is an error that can come from several places, in words.
type wellKnown struct {
	is   error
	code int
	said *words.Error
}

// interrupted is a command that was ended from outside: what to do next hangs on whether messages could have left.
func (e *env) interrupted() *words.Error {
	if e.delivers.Load() {
		return words.Err("cmd.error.interrupted", nil).Do("cmd.do.interrupted", nil)
	}
	return words.Err("cmd.error.interrupted", nil).Do("cmd.do.interrupted-again", nil)
}

func (e *env) wellKnown(err error) []wellKnown {
	place := words.A{"ledger": e.placeOf(err)}
	do := func(id, hint string) *words.Error {
		return &words.Error{Text: words.T(id, place), Hint: words.T(hint, nil)}
	}
	return []wellKnown{
		{context.Canceled, exit.Paused, e.interrupted()},
		{errInterrupted, exit.Paused, e.interrupted()},
		{send.ErrEnvironment, exit.Usage, words.Wrap(err, "cmd.error.environment", nil).Do("cmd.do.environment", nil)},
		{ledger.ErrLeaseLost, exit.Error, words.Err("cmd.error.lease-lost", nil).Do("cmd.do.lease-lost", nil)},
		{ledger.ErrReplaced, exit.Person, do("cmd.error.replaced", "cmd.do.replaced")},
		{ledger.ErrRolledBack, exit.Person, words.Wrap(err, "cmd.error.rolled-back", words.A{"cause": words.Cause(err)}).Do("cmd.do.rolled-back", nil)},
		{ledger.ErrLinked, exit.Person, do("cmd.error.linked", "cmd.do.linked")},
		{ledger.ErrBehind, exit.Person, do("cmd.error.behind", "cmd.do.behind")},
		{ledger.ErrNoCampaign, exit.Usage, words.Err("cmd.error.no-such-campaign", nil).Do("cmd.do.campaigns", nil)},
		{ledger.ErrAborted, exit.Usage, words.Err("cmd.error.aborted", nil).Do("cmd.do.aborted", nil)},
		{ledger.ErrNotSuppressed, exit.Usage, words.Wrap(err, "cmd.error.not-suppressed", nil).Do("cmd.do.not-suppressed", nil)},
		{ledger.ErrBusy, exit.Error, do("cmd.error.busy", "cmd.do.busy")},
		{ledger.ErrUnreachable, exit.Error, serverSays(err, do("cmd.error.unreachable", "cmd.do.unreachable"))},
		{ledger.ErrClock, exit.Error, words.Wrap(err, "cmd.error.clock", words.A{"cause": words.Cause(err)}).Do("cmd.do.clock", nil)},
		{ledger.ErrUndurable, exit.Error, do("cmd.error.undurable", "cmd.do.undurable")},
		{ledger.ErrReadOnly, exit.Error, serverSays(err, do("cmd.error.read-only", "cmd.do.read-only"))},
		{ledger.ErrNoRight, exit.Error, serverSays(err, do("cmd.error.no-right", "ledger.do.rights"))},
		{ledger.ErrFull, exit.Error, do("cmd.error.full", "cmd.do.full")},
		{ledger.ErrDamaged, exit.Error, e.damaged(err)},
		{ledger.ErrNewerSchema, exit.Error, do("cmd.error.newer-schema", "cmd.do.newer-schema")},
		{ledger.ErrNotLedger, exit.Error, do("cmd.error.not-ledger", "cmd.do.not-ledger")},
		{ledger.ErrUnsafeFS, exit.Error, do("cmd.error.unsafe-fs", "cmd.do.unsafe-fs")},
	}
}

// serverSays says why a server did not do what was asked of it, as far as that is known.
func serverSays(err error, unknown *words.Error) *words.Error {
	var s *ledger.ServerError
	if !errors.As(err, &s) || s.Why.IsZero() {
		return unknown
	}
	said := words.Err("cmd.error.because", words.A{"what": unknown.Text, "why": s.Why})
	if said.Hint = s.Do; s.Do.IsZero() {
		said.Hint = unknown.Hint
	}
	return said
}

// placeOf is the ledger that an error is about.
func (e *env) placeOf(err error) string {
	var of interface {
		error
		Place() string
	}
	if e.ledgerPlace() == "" && errors.As(err, &of) { // it is no configured one
		return of.Place()
	}
	return e.ledgerPlace()
}

// ledgerPlace is where the ledger is, as far as that is known.
func (e *env) ledgerPlace() string {
	if e.cfg != nil {
		return e.cfg.Ledger.String()
	}
	return e.flags.ledger
}

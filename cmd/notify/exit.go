package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/outfile"
	"notify/pkg/send"
	"notify/pkg/view"
)

// The exit codes are a contract: docs/exit-codes.md.
const (
	exitOK     = 0
	exitError  = 1 // the program or its surroundings
	exitUsage  = 2 // flags, arguments, configuration, campaign file
	exitFailed = 3 // preflight has a FAIL: nothing was sent
	exitSome   = 4 // finished, but some messages failed or are unknown
	exitPaused = 5 // paused before the end
	exitLeased = 6 // another run of this campaign is alive
)

var errInterrupted = errors.New("interrupted")

// ending is an end with a code of its own. With an empty text, the view has said everything already.
type ending struct {
	code int
	text string
	hint string
	err  error
}

func (e *ending) Error() string {
	if e.err != nil && e.text == "" {
		return e.err.Error()
	}
	return e.text
}

func (e *ending) Unwrap() error { return e.err }

// usage is a mistake in flags or arguments.
func usage(hint, format string, args ...any) error {
	return &ending{code: exitUsage, text: fmt.Sprintf(format, args...), hint: hint}
}

// quietly ends with a code after everything was said.
func quietly(code int) error {
	if code == exitOK {
		return nil
	}
	return &ending{code: code}
}

// exit turns an error into words and a number. It is the only place that does.
func (e *env) exit(err error) int {
	if err == nil {
		if w := e.console.WriteErr(); w != nil {
			fmt.Fprintf(e.console.Err, "notify: error: the result could not be written: %v\n", w)
			return exitError
		}
		return exitOK
	}
	code, text, hint := explain(err)
	var input *diag.InputError
	isInput := errors.As(err, &input)
	switch {
	case text == "" && !isInput:
	case e.flags.json:
		view.ErrorJSON(e.console, e.printer().Words(), code, text, hint, input)
	default:
		view.ErrorHuman(e.console, e.printer().Words(), text, hint, input)
	}
	return code
}

// explain finds the code, the words and the next command for an error.
func explain(err error) (code int, text, hint string) {
	var known *ending
	if errors.As(err, &known) {
		return known.code, known.Error(), known.hint
	}
	var input *diag.InputError
	if errors.As(err, &input) {
		return exitUsage, input.Error(), ""
	}
	var refused *outfile.RefusedError
	if errors.As(err, &refused) {
		return exitUsage, refused.Error(), refused.Hint
	}
	text = err.Error()
	for _, k := range ledgerHints() {
		if errors.Is(err, k.is) {
			return k.code, text, k.hint
		}
	}
	switch {
	case errors.Is(err, send.ErrEnvironment):
		return exitUsage, text, "send from the installation that the campaign and its accounts belong to"
	case errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		return exitPaused, "interrupted", "`notify resume` goes on where it stopped"
	case isUsage(text):
		return exitUsage, text, "`notify help` lists the commands, `notify COMMAND --help` their flags"
	}
	return exitError, text, ""
}

type ledgerHint struct {
	is   error
	code int
	hint string
}

func ledgerHints() []ledgerHint {
	return []ledgerHint{
		{ledger.ErrLeased, exitLeased, "wait for it, watch it with `notify status --watch`, stop it with `notify pause`, or take part with `notify resume --join`"},
		{ledger.ErrLeaseLost, exitError, "whoever goes on with this campaign is shown by `notify status`. What this run could not record is unknown: `notify resolve`"},
		{ledger.ErrBehind, exitError, "the ledger is older than what was sent: keep it as it is, and look for the newer one"},
		{ledger.ErrNoCampaign, exitUsage, "`notify status` lists the campaigns on this ledger; `--ledger` chooses another one"},
		{ledger.ErrAborted, exitUsage, "an aborted campaign is ended for good; send to the rest under a new name"},
		{ledger.ErrNotSuppressed, exitUsage, "nothing was taken off; `notify suppress list` shows who is on it"},
		{ledger.ErrBusy, exitError, "another program holds the ledger; close it and try again"},
		{ledger.ErrReadOnly, exitError, "make the ledger and its folder writable for this user"},
		{ledger.ErrFull, exitError, "free some space, then `notify resume`; nothing was sent that is not recorded"},
		{ledger.ErrDamaged, exitError, "keep the file as it is, restore the newest backup, and compare with `notify ledger check`"},
		{ledger.ErrNewerSchema, exitError, "use the newer notify that wrote it"},
		{ledger.ErrNotLedger, exitError, "name another file with --ledger"},
		{ledger.ErrUnsafeFS, exitError, "put the ledger on a local disk"},
	}
}

// isUsage recognises what cobra and pflag say about the command line; they have no error types for it.
func isUsage(text string) bool {
	for _, prefix := range []string{"unknown command", "unknown flag", "unknown shorthand", "flag needs", "invalid argument", "accepts ", "requires at least", "required flag", "bad flag", "if any flags"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

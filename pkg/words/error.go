package words

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"

	"notify/pkg/message"
)

// Error is an error that an operator reads: what went wrong, and what to do. Its Error is the sentence in English; view
// makes it in the language of the screen.
type Error struct {
	Text Text
	Hint Text // what to do next; zero where the sentence says it
	Err  error
}

// Err is an error with a sentence of its own.
func Err(id string, args A) *Error { return &Error{Text: T(id, args)} }

// Wrap is an error that says what was being done when err came: the sentence has err as its argument "cause".
func Wrap(err error, id string, args A) *Error {
	all := A{"cause": Cause(err)}
	for k, v := range args {
		all[k] = v
	}
	return &Error{Text: T(id, all), Err: err}
}

// Do says what to do about it.
func (e *Error) Do(id string, args A) *Error {
	e.Hint = T(id, args)
	return e
}

func (e *Error) Error() string { return e.Text.String() }

func (e *Error) Unwrap() error { return e.Err }

// Says is the sentence.
func (e *Error) Says() Text { return e.Text }

// Sayer is an error that has a sentence.
type Sayer interface {
	error
	Says() Text
}

// Cause is an error as a sentence; none where there is no error: its own where it has one, that of a well-known fault of the system, and otherwise what
// it says, word for word.
func Cause(err error) Text {
	if err == nil {
		return Text{}
	}
	var own Sayer
	if errors.As(err, &own) {
		return own.Says()
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dnsFault(dns)
	}
	for _, k := range []struct {
		is error
		id string
	}{
		{fs.ErrNotExist, "cause.not-exist"},
		{fs.ErrPermission, "cause.permission"},
		{fs.ErrExist, "cause.exists"},
		{syscall.ENOSPC, "cause.full"},
		{syscall.EROFS, "cause.read-only"},
		{syscall.EISDIR, "cause.is-folder"},
		{syscall.ENOTDIR, "cause.no-folder"},
		{syscall.ECONNREFUSED, "cause.refused"},
		{syscall.ECONNRESET, "cause.reset"},
		{syscall.EADDRINUSE, "cause.address-taken"},
		{syscall.EADDRNOTAVAIL, "cause.address-elsewhere"},
		{syscall.EHOSTUNREACH, "cause.unreachable"},
		{syscall.ENETUNREACH, "cause.unreachable"},
		{context.DeadlineExceeded, "cause.timeout"},
		{os.ErrDeadlineExceeded, "cause.timeout"},
		{syscall.ELOOP, "cause.loop"},
		{message.ErrNotDecimal, "cause.not-decimal"},
		{message.ErrDecimals, "cause.decimals"},
		{message.ErrTooLarge, "cause.large"},
	} {
		if errors.Is(err, k.is) {
			return Text{ID: k.id}
		}
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return Raw(path.Err.Error()) // what the sentence is about names the file already
	}
	return Raw(err.Error())
}

// dnsFault is why a name could not be asked about.
func dnsFault(e *net.DNSError) Text {
	switch {
	case e.IsNotFound:
		return T("cause.no-name", A{"name": e.Name})
	case e.IsTimeout && e.Server != "":
		return T("cause.dns-timeout", A{"name": e.Name, "server": e.Server})
	case e.IsTimeout:
		return Text{ID: "cause.timeout"}
	}
	return T("cause.dns", A{"name": e.Name, "said": e.Err})
}

// HintOf is what the error says is to be done; zero where it says nothing.
func HintOf(err error) Text {
	for err != nil {
		var own *Error
		if !errors.As(err, &own) {
			return Text{}
		}
		if !own.Hint.IsZero() {
			return own.Hint
		}
		err = own.Err
	}
	return Text{}
}

package httpvendor

import (
	"fmt"
	"net/http"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
)

// Load compiles a vendor file, for tests of its errors.
func Load(file string, data []byte) error {
	_, err := load(file, data, nil)
	return err
}

// Chance is what a request is made with in place of chance.
type Chance struct {
	Nonce, Token string
	Random       int64
}

// Request is the request that would send a message.
func Request(v vendors.Vendor, m message.Message, c Chance) (*http.Request, error) {
	x, err := innermost(v)
	if err != nil {
		return nil, err
	}
	env := x.env(m)
	env.Nonce, env.Random, env.Token = c.Nonce, c.Random, c.Token
	return x.caller.build(x.spec.send, &env)
}

func innermost(v vendors.Vendor) (*vendor, error) {
	for {
		w, ok := v.(vendors.Wrapper)
		if !ok {
			break
		}
		v = w.Unwrap()
	}
	x, ok := v.(*vendor)
	if !ok {
		return nil, fmt.Errorf("%T is not of this adapter", v)
	}
	return x, nil
}

// Problems are all that is wrong with a vendor file.
func Problems(data []byte) []diag.Problem {
	l := &loader{problems: &diag.List{Keep: 10000}, spec: &spec{}}
	doc := yamldoc.Document{Problems: l.problems}
	if m, ok := doc.Parse(data); ok {
		l.read(m)
		m.Done()
	}
	return l.problems.Kept()
}

// Builtins are the functions of the expression language that may be used.
func Builtins() []string { return builtins() }

// Halves are the two halves of Send that need no network: building the request, and reading a whole answer.
func Halves(v vendors.Vendor) (
	build func(message.Message) error,
	read func(status int, body []byte, m message.Message) message.Outcome,
	err error,
) {
	x, err := innermost(v)
	if err != nil {
		return nil, nil, err
	}
	build = func(m message.Message) error {
		env := x.env(m)
		_, err := x.caller.build(x.spec.send, &env)
		return err
	}
	read = func(status int, body []byte, m message.Message) message.Outcome {
		a := evidence.Answer{Whole: true, Marked: true, Status: status, Header: http.Header{}, Body: body}
		return x.reader.outcome(x.spec.answer, a, m)
	}
	return build, read, nil
}

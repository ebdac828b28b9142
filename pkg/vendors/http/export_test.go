package httpvendor

import (
	"fmt"
	"net/http"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
)

// Load compiles a vendor file, for tests of its errors.
func Load(file string, data []byte) error {
	_, err := load(file, data, nil)
	return err
}

// Halves are the two halves of Send that need no network: building the request, and reading a whole answer.
func Halves(v vendors.Vendor) (
	build func(message.Message) error,
	read func(status int, body []byte, m message.Message) message.Outcome,
	err error,
) {
	for {
		w, ok := v.(vendors.Wrapper)
		if !ok {
			break
		}
		v = w.Unwrap()
	}
	x, ok := v.(*vendor)
	if !ok {
		return nil, nil, fmt.Errorf("%T is not of this adapter", v)
	}
	build = func(m message.Message) error {
		_, err := x.request(m)
		return err
	}
	read = func(status int, body []byte, m message.Message) message.Outcome {
		a := evidence.Answer{Whole: true, Marked: true, Status: status, Header: http.Header{}, Body: body}
		return x.reader.outcome(x.spec.answer, a, m)
	}
	return build, read, nil
}

package evidence

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

type recordKey struct{}

// Recorded is an attempt that a vendor's own client makes: it builds and signs the request, and gets the answer to read; what is
// known of the attempt stands here, whatever the client makes of it.
type Recorded struct {
	begun  atomic.Bool
	answer atomic.Pointer[Answer]
}

// Record starts an attempt that is made through a Recorder. The context carries it there, and pays for one round trip.
func Record(ctx context.Context) (context.Context, *Recorded) {
	r := new(Recorded)
	return context.WithValue(ctx, recordKey{}, r), r
}

// Answer is what came of the attempt. It is asked when the client's call has returned; asking spends the attempt. Where the client
// gave up before it asked for a round trip nothing has left.
func (r *Recorded) Answer() Answer {
	if a := r.answer.Load(); a != nil {
		return *a
	}
	if r.begun.CompareAndSwap(false, true) {
		return Answer{Unsent: true, Stage: StageRequest}
	}
	return Answer{Stage: StageCut} // its round trip is still under way, or was never heard of again
}

// errUnread is what a client gets that has no answer to read.
var errUnread = errors.New("evidence: no whole answer")

// Recorder is a Transport for the clients that vendors publish. A request whose context is of no Record is refused, and so is a
// second one: a retry, a redirect that is followed.
type Recorder struct{ *Transport }

// RoundTrip implements http.RoundTripper. The answer that the client gets was read whole.
func (t Recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	rec, ok := r.Context().Value(recordKey{}).(*Recorded)
	if !ok {
		closeBody(r)
		return nil, ErrNoAttempt
	}
	if !rec.begun.CompareAndSwap(false, true) {
		closeBody(r)
		return nil, ErrSpent
	}
	a := t.Do(r.Context(), r)
	rec.answer.Store(&a)
	if !a.Whole {
		return nil, errUnread
	}
	return &http.Response{
		Status: http.StatusText(a.Status), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.Header.Clone(), Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)), Request: r,
	}, nil
}

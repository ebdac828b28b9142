package evidence

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// MaxBody is how much of an answer is read, unless UpTo says otherwise; vendors answer with less than a kilobyte.
const MaxBody = 1 << 20

// Stages of an attempt that brought no answer, as they stand in a code "notify:<stage>".
const (
	StageContext = "context" // the context had ended before anything was done
	StageDNS     = "dns"
	StageConnect = "connect"
	StageTLS     = "tls"
	StageRequest = "request"       // the request could not be made into one
	StageHeld    = "held-deadline" // it was late when it had its connection; see UnlessLate
	StageWrite   = "write"         // a connection was there, and not a byte was written
	StageTimeout = "timeout"       // written at least in part, and the deadline passed
	StageCancel  = "cancel"        // written at least in part, and the caller gave up
	StageCut     = "cut"           // written at least in part, and the connection ended or spoke no HTTP
	StageSize    = "size"          // the answer is larger than what is read of one
)

type (
	attemptKey struct{}
	lateKey    struct{}
	mostKey    struct{}
)

// UpTo makes attempts under ctx read that much of an answer: for a list, which may be long.
func UpTo(ctx context.Context, most int64) context.Context {
	return context.WithValue(ctx, mostKey{}, most)
}

// UnlessLate makes attempts under ctx look at late once more when they have their connection, right before they write: where
// it is true, nothing is written. Making a connection can take long, and the machine may have slept.
func UnlessLate(ctx context.Context, late func() bool) context.Context {
	return context.WithValue(ctx, lateKey{}, late)
}

// Attempt is one request's evidence.
type Attempt struct {
	begun    atomic.Bool
	repeated atomic.Bool
	late     func() bool            // nil: never
	held     atomic.Bool            // it was late, and sealed
	answer   atomic.Pointer[Answer] // of a RoundTrip that has ended

	mu    sync.Mutex
	got   bool
	conn  *conn // nil where the connection is not one of ours
	start int64 // what conn had counted when it was got
}

// Begin starts an attempt. The context carries it to RoundTrip, which it pays for once.
func Begin(ctx context.Context) (context.Context, *Attempt) {
	a := new(Attempt)
	a.late, _ = ctx.Value(lateKey{}).(func() bool)
	ctx = context.WithValue(ctx, attemptKey{}, a)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: a.gotConn}), a
}

func (a *Attempt) gotConn(info httptrace.GotConnInfo) {
	c := counted(info.Conn)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.got {
		a.repeated.Store(true)
		if c != nil {
			c.seal()
		}
		return
	}
	a.got, a.conn = true, c
	if c != nil {
		a.start = c.begun.Load() &^ sealedBit
		if a.late != nil && a.late() {
			a.held.Store(true)
			c.seal()
		}
	}
}

// Unsent reports whether nothing of the request left, and makes sure that nothing will. It is asked after the round trip has
// failed; asking spends the connection and the attempt.
func (a *Attempt) Unsent() bool {
	a.begun.Store(true)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.got {
		a.got = true // a connection that came now would be a second one
		return true
	}
	return a.conn != nil && a.conn.seal() == a.start
}

// Answer is what came of an attempt that was made through RoundTrip. It is asked when the client's call has returned; asking spends the
// attempt. Where the client gave up before it asked for a round trip nothing has left.
func (a *Attempt) Answer() Answer {
	if got := a.answer.Load(); got != nil {
		return *got
	}
	if a.begun.CompareAndSwap(false, true) {
		return Answer{Unsent: true, Stage: StageRequest}
	}
	return Answer{Stage: StageCut} // its round trip is still under way, or was never heard of again
}

// Definite reports whether a status is the vendor's answer to this request: not a redirect, and not a failure of which nobody
// knows how far it came.
func Definite(status int) bool {
	return status >= 200 && status < 300 || status >= 400 && status < 500
}

// Answer is what came of an attempt.
type Answer struct {
	// Whole says that an answer was read to its end; Status, Header and Body are set then and only then.
	Whole  bool
	Status int
	Header http.Header
	Body   []byte
	// Marked says that the body's end was marked by a length or by chunks. Otherwise it ended with the connection, and whether
	// something is missing can only be told from what it says.
	Marked bool

	// Unsent says that nothing of the request left. It is the only proof of that.
	Unsent bool
	// Stage is where an attempt without an answer ended.
	Stage string
	// Err is what the system said of one that left nothing, where it said something. It holds no part of the request or of an
	// answer.
	Err error
}

// Do makes one attempt: it sends the request once, follows nothing, and reads the answer whole. The request's own context is
// not used.
func (t *Transport) Do(ctx context.Context, r *http.Request) Answer {
	ctx, a := Begin(ctx)
	return t.try(ctx, a, r.WithContext(ctx))
}

// try is what came of an attempt's request.
func (t *Transport) try(ctx context.Context, a *Attempt, r *http.Request) Answer {
	if ctx.Err() != nil {
		closeBody(r)
		return Answer{Unsent: true, Stage: StageContext}
	}
	resp, err := t.once(a, r) //nolint:bodyclose // readWhole closes it
	if err != nil {
		if a.Unsent() {
			if a.held.Load() {
				return Answer{Unsent: true, Stage: StageHeld}
			}
			stage, cause := before(err)
			return Answer{Unsent: true, Stage: stage, Err: cause}
		}
		return after(ctx)
	}
	most, given := ctx.Value(mostKey{}).(int64)
	if !given {
		most = MaxBody
	}
	body, err := readWhole(resp, most)
	switch {
	case errors.Is(err, errTooLarge):
		return Answer{Stage: StageSize}
	case err != nil:
		return after(ctx)
	}
	return Answer{
		Whole: true, Status: resp.StatusCode, Header: resp.Header, Body: body,
		Marked: resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0,
	}
}

var errTooLarge = errors.New("evidence: answer too large")

// readWhole reads to the end, so that the connection can be used again, and closes the body.
func readWhole(resp *http.Response, most int64) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }()
	if resp.ContentLength > most {
		return nil, errTooLarge
	}
	if resp.ContentLength >= 0 { // as most answers say: no room is sought for them
		body := make([]byte, resp.ContentLength)
		_, err := io.ReadFull(resp.Body, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1)) // one more shows that there is more
	if err == nil && int64(len(body)) > most {
		err = errTooLarge
	}
	return body, err
}

// after describes an attempt of which something may have left. Error texts of net/http can quote the answer, so none is used.
func after(ctx context.Context) Answer {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Answer{Stage: StageTimeout}
	case ctx.Err() != nil:
		return Answer{Stage: StageCancel}
	}
	return Answer{Stage: StageCut}
}

// stageError says how far the making of a connection came.
type stageError struct {
	stage string
	err   error
}

func (e *stageError) Error() string { return e.err.Error() }
func (e *stageError) Unwrap() error { return e.err }

func dialStage(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return StageDNS
	}
	return StageConnect
}

// before describes an attempt of which nothing left. That is already proven; the error only chooses the words.
func before(err error) (stage string, cause error) {
	var (
		at     *stageError
		record tls.RecordHeaderError
		cert   *tls.CertificateVerificationError
		host   x509.HostnameError
		op     *net.OpError
	)
	switch {
	case errors.As(err, &at):
		return at.stage, at.err
	case errors.As(err, &cert), errors.As(err, &host), errors.As(err, &record):
		return StageTLS, err
	case errors.Is(err, context.DeadlineExceeded):
		return StageConnect, context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return StageContext, nil
	case errors.As(err, &op):
		return StageConnect, op.Err
	}
	return StageWrite, nil
}

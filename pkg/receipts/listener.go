package receipts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

const (
	// pathBefore stands before the part of a path that nobody can guess.
	pathBefore = "/receipts/"
	// maxPosted is far more than the largest batch of a vendor.
	maxPosted = 4 << 20
	// keepWithin is how long a request waits until it is on disk. Aliyun gives up after 700 ms: then it is better told so, and comes again.
	keepWithin = 600 * time.Millisecond
	// spoolAtOnce is how many receipts are flushed together, keepAtOnce how many one transaction takes.
	spoolAtOnce = 256
	keepAtOnce  = 64
	// keepAgain is when a ledger that did not take what came is tried again, twice as long each time, up to keepMost.
	keepAgain = 50 * time.Millisecond
	keepMost  = 5 * time.Second
)

// PathOf is where an account's receipts are taken in: nobody who does not know the ledger's secret can guess it.
func PathOf(secret, account string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("receipts " + account))
	return pathBefore + hex.EncodeToString(mac.Sum(nil)[:16])
}

// Box is where receipts are kept.
type Box interface {
	Keep(ctx context.Context, rs []ledger.Receipt) (news []bool, err error)
}

// Listener takes in what vendors push: each account has a path of its own.
type Listener struct {
	accounts map[string]*Account // by path
	box      Box
	now      func() time.Time
	log      *slog.Logger
	// Proxied says that requests come through a proxy of ours, which says whom it got them from.
	Proxied bool
	// Unsubscribe takes in clicks on the links of mails; nil: there are none.
	Unsubscribe *Unsubscribe
	// Kept is told after something new was kept; it must not block.
	Kept func()

	spool   *Spool
	queue   chan spooling
	strange atomic.Int64

	mu      sync.Mutex
	waiting []ledger.Receipt // on disk, and not on the ledger
	come    chan struct{}    // something is
}

// spooling is a receipt that is not on disk yet.
type spooling struct {
	receipt ledger.Receipt
	done    chan error
}

// NewListener makes a Listener that keeps on the ledger what is left of a spool, and what comes. Run must be called for it to answer.
func NewListener(box Box, spool *Spool, left []ledger.Receipt, secret string, accounts []*Account, now func() time.Time, log *slog.Logger) *Listener {
	l := &Listener{
		accounts: make(map[string]*Account), box: box, now: now, log: log, Kept: func() {}, spool: spool, waiting: left,
		queue: make(chan spooling, spoolAtOnce), come: make(chan struct{}, 1),
	}
	for _, a := range accounts {
		l.accounts[PathOf(secret, a.Name)] = a
	}
	return l
}

// Strangers is how many requests came to paths that are nobody's.
func (l *Listener) Strangers() int64 { return l.strange.Load() }

// Run takes in what comes until ctx ends, and then brings to the ledger what that takes: the rest stays in the spool.
func (l *Listener) Run(ctx context.Context) {
	var kept sync.WaitGroup
	kept.Go(func() { l.keep(ctx) })
	for {
		select {
		case <-ctx.Done():
			kept.Wait()
			return
		case first := <-l.queue:
			l.take(first)
		}
	}
}

// take answers a request, and whatever else waits at this moment, as soon as it is on disk.
func (l *Listener) take(first spooling) {
	group := []spooling{first}
	for more := true; more && len(group) < spoolAtOnce; {
		select {
		case s := <-l.queue:
			group = append(group, s)
		default:
			more = false
		}
	}
	rs := make([]ledger.Receipt, len(group))
	for i := range group {
		rs[i] = group[i].receipt
	}
	// What is on disk waits for the ledger from then on, so that the spool is not emptied in between.
	l.mu.Lock()
	err := l.spool.Append(rs)
	if err == nil {
		l.waiting = append(l.waiting, rs...)
	}
	l.mu.Unlock()
	for _, s := range group {
		s.done <- err
	}
	if err != nil {
		words.LogError(l.log, slog.LevelError, words.Wrap(err, "log.receipts-refused", words.A{"n": len(rs)}))
		return
	}
	select {
	case l.come <- struct{}{}:
	default: // it is told already
	}
}

// keep brings to the ledger what is in the spool.
func (l *Listener) keep(ctx context.Context) {
	pause := keepAgain
	for {
		err := l.keepAll(context.WithoutCancel(ctx))
		come, again := l.come, (<-chan time.Time)(nil)
		if err == nil {
			pause = keepAgain
		} else {
			words.LogError(l.log, slog.LevelError, words.Wrap(err, "log.receipts-wait", words.A{"file": l.spool.file.Name()}))
			come, again = nil, time.After(pause)
			pause = min(2*pause, keepMost)
		}
		select {
		case <-ctx.Done():
			if err := l.keepAll(context.WithoutCancel(ctx)); err != nil {
				words.LogError(l.log, slog.LevelError, words.Wrap(err, "log.receipts-left", words.A{"file": l.spool.file.Name()}))
			}
			return
		case <-again:
		case <-come:
		}
	}
}

// keepAll brings some at a time to the ledger until it has all, and empties the spool then.
func (l *Listener) keepAll(ctx context.Context) error {
	for {
		l.mu.Lock()
		some := l.waiting[:min(len(l.waiting), keepAtOnce)]
		if len(some) == 0 {
			l.waiting = nil
			err := l.spool.Clear()
			l.mu.Unlock()
			return err
		}
		l.mu.Unlock()
		if _, err := l.box.Keep(ctx, some); err != nil {
			return err
		}
		l.mu.Lock()
		l.waiting = l.waiting[len(some):]
		l.mu.Unlock()
		l.Kept()
	}
}

// ServeHTTP answers as soon as what came is on disk, and never before.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u := l.Unsubscribe; u != nil && strings.HasPrefix(r.URL.Path, u.Links.Path()) {
		u.ServeHTTP(w, r)
		return
	}
	a := l.accounts[r.URL.Path]
	if a == nil {
		l.strange.Add(1)
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPosted))
	if err != nil {
		http.Error(w, "not read", http.StatusRequestEntityTooLarge)
		return
	}
	if len(body) == 0 && r.URL.RawQuery == "" { // somebody tries whether anybody is here
		l.answer(w, a)
		return
	}
	p := &Posted{URL: called(a, r), Header: r.Header, Body: body, At: l.now()}
	k := spooling{receipt: a.keep(p, l.source(r)), done: make(chan error, 1)}
	enough := time.NewTimer(keepWithin)
	defer enough.Stop()
	select {
	case l.queue <- k:
	case <-enough.C:
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	select {
	case err = <-k.done:
	case <-enough.C:
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	switch {
	case err != nil:
		http.Error(w, "not kept", http.StatusServiceUnavailable)
	case k.receipt.Fate == ledger.ReceiptRefused:
		http.Error(w, "refused", http.StatusForbidden)
	default:
		l.answer(w, a)
	}
}

func (l *Listener) answer(w http.ResponseWriter, a *Account) {
	if strings.HasPrefix(a.Format.Answer, "{") {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	_, _ = io.WriteString(w, a.Format.Answer) // one that has gone comes again
}

// called is the address as the vendor called it, which it may have signed.
func called(a *Account, r *http.Request) string {
	if a.URL != "" {
		return strings.TrimSuffix(a.URL, "/") + r.URL.RequestURI()
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + r.URL.RequestURI()
}

// source is who sent a request.
func (l *Listener) source(r *http.Request) string {
	if hops := r.Header.Values("X-Forwarded-For"); l.Proxied && len(hops) > 0 {
		last := hops[len(hops)-1]
		return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

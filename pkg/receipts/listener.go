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
	"sync/atomic"
	"time"

	"notify/pkg/ledger"
)

const (
	// pathBefore stands before the part of a path that nobody can guess.
	pathBefore = "/receipts/"
	// maxPosted is far more than the largest batch of a vendor.
	maxPosted = 4 << 20
	// keepWithin is how long a request waits for the ledger. Aliyun gives up after 700 ms: then it is better told so, and comes again.
	keepWithin = 600 * time.Millisecond
	// keepAtOnce is how many receipts one transaction takes.
	keepAtOnce = 256
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

	queue   chan keeping
	strange atomic.Int64
}

// keeping is a receipt that waits for its transaction.
type keeping struct {
	receipt ledger.Receipt
	done    chan error
}

// NewListener makes a Listener. Run must be called for it to answer.
func NewListener(box Box, secret string, accounts []*Account, now func() time.Time, log *slog.Logger) *Listener {
	l := &Listener{accounts: make(map[string]*Account), box: box, now: now, log: log, Kept: func() {}, queue: make(chan keeping, keepAtOnce)}
	for _, a := range accounts {
		l.accounts[PathOf(secret, a.Name)] = a
	}
	return l
}

// Strangers is how many requests came to paths that are nobody's.
func (l *Listener) Strangers() int64 { return l.strange.Load() }

// Run keeps what comes until ctx ends: what waits while one transaction is made shares the next.
func (l *Listener) Run(ctx context.Context) {
	for {
		var group []keeping
		select {
		case <-ctx.Done():
			return
		case k := <-l.queue:
			group = append(group, k)
		}
		for more := true; more && len(group) < keepAtOnce; {
			select {
			case k := <-l.queue:
				group = append(group, k)
			default:
				more = false
			}
		}
		rs := make([]ledger.Receipt, len(group))
		for i := range group {
			rs[i] = group[i].receipt
		}
		_, err := l.box.Keep(context.WithoutCancel(ctx), rs)
		for _, k := range group {
			k.done <- err
		}
		if err != nil {
			l.log.Error("receipts were not kept", "n", len(rs), "error", err)
			continue
		}
		l.Kept()
	}
}

// ServeHTTP answers as soon as what came is kept, and never before.
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
	k := keeping{receipt: a.keep(p, l.source(r)), done: make(chan error, 1)}
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

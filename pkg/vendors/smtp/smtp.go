// Package smtp hands mail to a relay over SMTP (RFC 5321), step by step, so that it can prove how far a message came.
// It is an adapter of pkg/vendors: it knows that seam and the words only.
//
// The evidence, from the conversation alone:
//
//	connect, TLS, EHLO, AUTH, MAIL, RCPT, DATA   nothing can have been taken; the server's code decides, or it is unsent
//	the body, up to the final dot                the same: a server may not take a message that did not end (4.1.1.4)
//	the final dot may have left                  unknown, until its reply was read whole
//	the reply to the dot                         2yz accepted, 4yz and 5yz definitely not; what follows changes nothing
//
// One message is one transaction with one recipient. Nothing is tried twice within a Send, also where a kept connection
// turns out to be dead: then the message is unsent, and the next attempt is made on a fresh one.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// Kind is the adapter as the registry knows it.
func Kind() vendors.Kind {
	return vendors.Kind{
		Name: "smtp", About: words.T("vendor.smtp", nil), Channels: []message.Channel{message.Email}, Options: declare,
		Abilities: []vendors.Ability{vendors.CanProbe, vendors.CanSign}, New: New,
	}
}

// relay is an account at an SMTP server.
type relay struct {
	account  string
	opts     options
	dkim     *vendors.DKIM // nil: the server signs, or nobody
	tls      *tls.Config   // nil for tls: none
	now      func() time.Time
	naming   sync.Once
	fullName func(ctx context.Context, host string) string
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	pool     pool
	bufs     sync.Pool              // of *composer
	offers   atomic.Pointer[offers] // of the server when it was last probed
	leaving  sync.WaitGroup         // connections that say good-bye
}

var (
	_ vendors.Vendor  = (*relay)(nil)
	_ vendors.Prober  = (*relay)(nil)
	_ vendors.Narrow  = (*relay)(nil)
	_ vendors.Adviser = (*relay)(nil)
)

// New builds a Vendor from an account's options; see options.go for the keys. It makes no connection.
func New(s vendors.Settings) (vendors.Vendor, error) {
	opts, err := readOptions(s)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := opts.tlsConfig()
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: opts.timeouts.connect}
	v := &relay{account: s.Account, opts: opts, dkim: s.DKIM, tls: tlsConfig, now: s.Now, dial: dialer.DialContext, fullName: fullName}
	v.pool.keep = max(s.Concurrency, 1)
	v.bufs.New = func() any { return new(composer) }
	return v, nil
}

// Send implements vendors.Vendor.
func (v *relay) Send(ctx context.Context, m message.Message) message.Outcome {
	if ctx.Err() != nil {
		return givenUp()
	}
	w := v.bufs.Get().(*composer)
	defer v.bufs.Put(w)
	l, err := v.compose(w, m)
	if err != nil {
		return rejected(codeCompose, mask(words.Cause(err).Stored()))
	}
	l.late = m.Expired
	c, err := v.get(ctx, m.Expired)
	if errors.Is(err, errLate) {
		return held()
	}
	if err != nil {
		return outcomeOf(ctx, err)
	}
	out, alive := c.transact(ctx, l)
	if alive {
		v.put(c)
	} else {
		v.drop(c)
	}
	return out
}

// Probe implements vendors.Prober: connection, greeting, TLS and AUTH as Send would have them, and QUIT.
func (v *relay) Probe(ctx context.Context) error {
	c, err := v.open(ctx)
	if err != nil {
		var s *stepError
		if errors.As(err, &s) {
			said := &words.Error{Text: words.Said(s.outcome.Code, s.outcome.Detail)}
			wrapped := words.Wrap(said, s.at.doing(), words.A{"address": v.opts.address})
			if s.outcome.Code == codeUnknownCA {
				return wrapped.Do("smtp.do.ca-file", words.A{"account": v.account})
			}
			return wrapped
		}
		return words.Wrap(err, "smtp.connect", words.A{"address": v.opts.address})
	}
	_, dsn := c.ext["DSN"]
	_, utf8 := c.ext["SMTPUTF8"]
	v.offers.Store(&offers{size: c.sizeLimit, dsn: dsn, utf8: utf8})
	c.quit()
	return nil
}

// Close implements vendors.Vendor.
func (v *relay) Close() error {
	for _, c := range v.pool.drain() {
		v.leave(c)
	}
	v.leaving.Wait()
	return nil
}

// Format keeps the password out of whatever prints a Vendor.
func (v *relay) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "smtp account "+v.account)
}

// Package sandbox owns the local vendors of rehearsals, drills and tests: an HTTP gateway for SMS and an SMTP server, with a
// balance, quotas, limits, latency and faults that can be set, and a record of their own of what reached them.
// It stands where a vendor would: it knows the words of pkg/message and nothing else of notify, so that its count is evidence
// against the ledger's.
//
// A message is taken once its line stands in the record file. That line is written before the answer, so that a message
// whose answer is lost is counted, and a message that is not counted was never taken.
package sandbox

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Config is what a sandbox serves. The zero value of a field switches off what it is about.
type Config struct {
	SMSAddr  string // of the SMS gateway and its administration, "127.0.0.1:8025"; port 0 takes any
	MailAddr string // of the SMTP server
	Token    string // bearer token of gateway and administration
	Username string // AUTH of the SMTP server
	Password string
	Record   string         // the file; empty: counts live as long as the sandbox
	Zone     *time.Location // of the quota's day; nil is UTC
	SMS      Account
	Mail     Account
	// Templates are the texts and signatures that are on file; without any of a kind the gateway takes all of that kind.
	Templates []Template
	Blacklist Blacklist
	// Suppressed are addresses on the list of the vendor of mails that keeps one (SES).
	Suppressed []Suppressed
	// Receipts are those that the gateway pushes.
	Receipts Receipts
	Seed     uint64 // of all faults and jitter
	Now      func() time.Time
}

// Account is what one channel has and does.
type Account struct {
	Messages *int64         // prepaid segments (SMS) or mails at the head of the record; nil: not counted
	Balance  *message.Money // prepaid money at the head of the record; nil: not counted
	Price    message.Money  // of a segment or a mail
	Currency string
	Quota    int64   // messages by calendar day; 0: none
	Rate     float64 // messages a second; 0: no limit
	Burst    int     // 0: a hundredth of a second's worth, at least 1
	Latency  time.Duration
	Jitter   time.Duration // added to Latency, evenly spread
	Faults   Faults
}

// Blacklist is how a receiving server answers mass mail: identical subjects above a pace are 554.
type Blacklist struct {
	Subjects int           // how many mails with one subject are let through within Within; 0: no rule
	Within   time.Duration // a minute where it is zero
	// For is how long every mail is refused, whatever its subject, once the pace was exceeded; 0 refuses only what exceeds it.
	For time.Duration
}

// Sandbox is running vendors.
type Sandbox struct {
	sms, mail    *account
	record       *record
	templates    approvals
	config       Config
	pushers      pushers
	notary       *notary
	smsAddr      string
	mailAddr     string
	gateway      *http.Server
	mailServer   *gosmtp.Server
	mailListener net.Listener
	blacklist    blacklist
	done         context.Context // it ends when the sandbox closes, and with it every wait for latency
	stop         context.CancelFunc
	wg           sync.WaitGroup
	holds        sync.RWMutex // see Hold
	began        time.Time
	closing      sync.Once
	closed       error
}

// Start reads the record, listens, and serves until Close is called or ctx ends.
func Start(ctx context.Context, c Config) (*Sandbox, error) {
	if c.Now == nil {
		return nil, errors.New("sandbox: Config.Now is not set")
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if err := c.Receipts.check(); err != nil {
		return nil, err
	}
	for _, f := range []Faults{c.SMS.Faults, c.Mail.Faults} {
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	s := &Sandbox{began: c.Now(), config: c, sms: newAccount(message.SMS, c.SMS, &c), mail: newAccount(message.Email, c.Mail, &c)}
	s.blacklist = blacklist{rule: c.Blacklist}
	for _, t := range c.Templates {
		if err := s.templates.decide(t); err != nil {
			return nil, err
		}
	}
	s.done, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	var err error
	if s.notary, err = newNotary(c.Receipts.To, c.Now); err != nil {
		return nil, err
	}
	s.pushers = newPushers(s.done, c.Receipts, c.Seed, c.Now, s.notary)
	s.sms.ends, s.mail.ends = s.pushers.ends, s.pushers.ends
	if s.record, err = openRecord(c.Record, s.replay); err != nil {
		return nil, err
	}
	if err := s.listen(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.notary.serves(s.URL())
	for _, p := range s.pushers {
		p.start(&s.wg)
	}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

func (s *Sandbox) replay(l *line) {
	switch l.Channel {
	case message.SMS:
		s.sms.replay(l)
	case message.Email:
		s.mail.replay(l)
	}
}

func (s *Sandbox) listen(ctx context.Context) error {
	var lc net.ListenConfig
	if s.config.SMSAddr != "" {
		l, err := lc.Listen(ctx, "tcp", s.config.SMSAddr)
		if err != nil {
			return words.Wrap(err, "sandbox.listen-sms", words.A{"address": s.config.SMSAddr})
		}
		s.smsAddr = l.Addr().String()
		s.gateway = &http.Server{Handler: s.routes(), ReadHeaderTimeout: time.Minute}
		s.wg.Go(func() { _ = s.gateway.Serve(l) })
	}
	if s.config.MailAddr != "" {
		l, err := lc.Listen(ctx, "tcp", s.config.MailAddr)
		if err != nil {
			return words.Wrap(err, "sandbox.listen-mail", words.A{"address": s.config.MailAddr})
		}
		s.mailAddr = l.Addr().String()
		s.mailServer, s.mailListener = s.newMailServer(), l
		s.wg.Go(func() { _ = s.mailServer.Serve(l) })
	}
	return nil
}

// SMSAddr is where the gateway listens; URL is the same as an endpoint.
func (s *Sandbox) SMSAddr() string { return s.smsAddr }

// URL is the gateway's endpoint, "http://127.0.0.1:8025".
func (s *Sandbox) URL() string { return "http://" + s.smsAddr }

// MailAddr is where the SMTP server listens.
func (s *Sandbox) MailAddr() string { return s.mailAddr }

// Count is what has reached the sandbox since its record began.
func (s *Sandbox) Count() Tally {
	return Tally{SMS: s.sms.tally(), Mail: s.mail.tally(), Pushed: s.pushers.tally()}
}

// Close stops serving, cuts what is open, and closes the record. It may be called again.
func (s *Sandbox) Close() error {
	s.closing.Do(func() {
		s.stop()
		var errs []error
		if s.gateway != nil {
			errs = append(errs, s.gateway.Close())
		}
		if s.mailServer != nil {
			errs = append(errs, s.mailServer.Close())
			_ = s.mailListener.Close() // it is not closed yet where the server had not come to serve
		}
		s.wg.Wait()
		s.closed = errors.Join(append(errs, s.record.close())...)
	})
	return s.closed
}

// Hold keeps every answer back until release is called, as vendors do whose service stands still: a run that waits for them
// is alive for as long as that takes, on a slow machine, too.
func (s *Sandbox) Hold() (release func()) {
	s.holds.Lock()
	return s.holds.Unlock
}

// wait is the vendor's latency.
func (s *Sandbox) wait(ctx context.Context, d time.Duration) {
	s.holds.RLock()
	s.holds.RUnlock() //nolint:staticcheck // it is waited for, and holds nothing
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.done.Done():
	}
}

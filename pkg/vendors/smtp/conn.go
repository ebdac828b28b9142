package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// conn is a connection that has been greeted, encrypted and authenticated as the options ask.
type conn struct {
	opts  *options
	raw   net.Conn // the TCP connection: its deadline also ends what TLS is doing
	link  net.Conn // raw, or TLS over it
	r     *bufio.Reader
	text  []byte // of the reply that was read last
	out   []byte // commands to be written
	timer *time.Timer

	encrypted bool
	ext       map[string]string // what EHLO offered, by upper-case keyword
	sizeLimit int64             // of SIZE; 0 where there is none
	pipeline  bool

	messages  int       // transactions that were begun
	kept      bool      // it has been idle since it was opened or used
	unclean   bool      // a transaction was left open: RSET comes before the next
	idleSince time.Time // when it went into the pool
}

// open connects, and goes on until a transaction may begin. Its errors are *stepError.
func (v *relay) open(ctx context.Context) (*conn, error) {
	v.named(ctx)
	t := &v.opts.timeouts
	raw, err := v.dial(ctx, "tcp", v.opts.address)
	if err != nil {
		return nil, &stepError{stepConnect, unsent(codeConnect, words.Cause(err).Stored())}
	}
	c := &conn{opts: &v.opts, raw: raw, link: raw, r: bufio.NewReader(raw)}
	c.timer = time.AfterFunc(t.connect, c.expire)
	stop := context.AfterFunc(ctx, c.expire)
	err = c.begin(ctx, v.tls)
	if !stop() && err == nil {
		err = &stepError{stepHello, givenUp()}
	}
	if !c.timer.Stop() && err == nil {
		err = &stepError{stepHello, unsent(codeTimeout, stepHello.said().Stored())}
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *conn) begin(ctx context.Context, config *tls.Config) error {
	if c.opts.tls == tlsImplicit {
		if err := c.encrypt(ctx, config); err != nil {
			return err
		}
	}
	c.timer.Reset(c.opts.timeouts.greeting)
	if _, err := c.expect(stepGreeting, 220); err != nil {
		return err
	}
	c.timer.Reset(c.opts.timeouts.command)
	if err := c.hello(); err != nil {
		return err
	}
	if c.opts.tls == tlsStart {
		if err := c.startTLS(ctx, config); err != nil {
			return err
		}
	}
	if c.opts.username != "" {
		return c.authenticate()
	}
	return nil
}

// expire ends whatever waits on the connection, now and from now on.
func (c *conn) expire() { _ = c.raw.SetDeadline(time.Unix(1, 0)) }

// close gives the connection up, without a word.
func (c *conn) close() {
	c.timer.Stop()
	_ = c.raw.Close()
}

// quitTimeout is how long a server may take to say good-bye; nothing depends on it.
const quitTimeout = 2 * time.Second

// quit ends the conversation as RFC 5321 4.1.1.10 asks, waiting for the reply. Whatever comes of it changes no outcome.
func (c *conn) quit() {
	c.timer.Reset(quitTimeout)
	if _, err := c.link.Write([]byte("QUIT\r\n")); err == nil {
		_, _ = c.read()
	}
	c.close()
}

// alive asks the server whether it still listens: RSET carries nothing of a message.
func (c *conn) alive(ctx context.Context) bool {
	stop := context.AfterFunc(ctx, c.expire)
	c.timer.Reset(c.opts.timeouts.command)
	_, err := c.command(stepReset, 250, "RSET")
	c.unclean = false
	inTime, wanted := c.timer.Stop(), stop()
	return inTime && wanted && err == nil
}

func (c *conn) read() (reply, error) {
	r, err := readReply(c.r, c.text)
	c.text = r.text
	return r, err
}

// command writes one line and expects one code.
func (c *conn) command(at step, want int, line string) (reply, error) {
	if _, err := c.link.Write([]byte(line + "\r\n")); err != nil {
		return reply{}, c.broken(at, err)
	}
	return c.expect(at, want)
}

// expect reads a reply; every other code is the end of the step.
func (c *conn) expect(at step, want int) (reply, error) {
	r, err := c.read()
	if err != nil {
		return r, c.broken(at, err)
	}
	if r.code != want {
		return r, &stepError{at, c.opts.classify(at, r, c.kept)}
	}
	return r, nil
}

// broken is a conversation that ended without an answer before the final dot, so that nothing was taken.
func (c *conn) broken(at step, err error) *stepError {
	var timeout net.Error
	switch {
	case errors.Is(err, errGarbage):
		return &stepError{at, unsent(codeGarbage, words.T("smtp.garbage", words.A{"at": at.said()}).Stored())}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &stepError{at, unsent(codeTimeout, at.said().Stored())}
	case c.kept && (at == stepReset || at == stepMail):
		return &stepError{at, unsent(codeClosed, at.said().Stored())}
	default:
		return &stepError{at, unsent(codeCut, at.said().Stored())}
	}
}

// hello sends EHLO, and HELO to servers that do not know it (RFC 5321 3.2).
func (c *conn) hello() error {
	c.ext, c.pipeline, c.sizeLimit = map[string]string{}, false, 0
	if _, err := c.link.Write([]byte("EHLO " + c.opts.helo + "\r\n")); err != nil {
		return c.broken(stepHello, err)
	}
	r, err := c.read()
	if err != nil {
		return c.broken(stepHello, err)
	}
	if r.code == 500 || r.code == 502 || r.code == 504 {
		_, err = c.command(stepHello, 250, "HELO "+c.opts.helo)
		return err
	}
	if r.code != 250 {
		return &stepError{stepHello, c.opts.classify(stepHello, r, false)}
	}
	for i, line := range strings.Split(string(r.text), "\n") {
		keyword, args, _ := strings.Cut(line, " ")
		if i > 0 && keyword != "" {
			c.ext[strings.ToUpper(keyword)] = strings.TrimSpace(args)
		}
	}
	_, c.pipeline = c.ext["PIPELINING"]
	if n, err := strconv.ParseInt(c.ext["SIZE"], 10, 64); err == nil && n > 0 {
		c.sizeLimit = n
	}
	return nil
}

// startTLS encrypts the connection, or ends: there is no falling back to plain text.
func (c *conn) startTLS(ctx context.Context, config *tls.Config) error {
	if _, ok := c.ext["STARTTLS"]; !ok {
		return &stepError{stepStartTLS, refused(message.ReasonOther, codeNoTLS, "")}
	}
	if _, err := c.command(stepStartTLS, 220, "STARTTLS"); err != nil {
		return err
	}
	if c.r.Buffered() > 0 { // plain text behind the reply would pass for what came encrypted
		return c.broken(stepStartTLS, errGarbage)
	}
	if err := c.encrypt(ctx, config); err != nil {
		return err
	}
	c.timer.Reset(c.opts.timeouts.command)
	return c.hello()
}

func (c *conn) encrypt(ctx context.Context, config *tls.Config) error {
	c.timer.Reset(c.opts.timeouts.connect)
	link := tls.Client(c.raw, config)
	if err := link.HandshakeContext(ctx); err != nil {
		code := codeTLS
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
			code = codeUnknownCA
		}
		return &stepError{stepTLS, unsent(code, words.Cause(err).Stored())}
	}
	c.link, c.encrypted = link, true
	c.r.Reset(link)
	return nil
}

// private reports whether a password may be written as it is: nobody can listen.
func (c *conn) private() bool {
	if c.encrypted {
		return true
	}
	addr, ok := c.raw.RemoteAddr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// authenticate proves who we are with the mechanism that the options name, or the best that server and connection allow.
func (c *conn) authenticate() error {
	offered := strings.Fields(strings.ToUpper(c.ext["AUTH"]))
	if old, ok := c.ext["AUTH=LOGIN"]; ok { // servers older than RFC 2554
		offered = append(offered, "LOGIN")
		offered = append(offered, strings.Fields(strings.ToUpper(old))...)
	}
	mechanism := c.mechanism(offered)
	switch {
	case mechanism == "":
		return &stepError{stepAuth, refused(message.ReasonAuth, codeNoAuth,
			words.T("smtp.offers", words.A{"offered": words.Names(offered, 0), "auth": string(c.opts.auth)}).Stored())}
	case mechanism != authCRAM && !c.private():
		return &stepError{stepAuth, refused(message.ReasonAuth, codePlainAuth, "")}
	case mechanism == authPlain:
		_, err := c.command(stepAuth, 235, "AUTH PLAIN "+encode64("\x00"+c.opts.username+"\x00"+c.opts.password))
		return err
	case mechanism == authLogin:
		return c.dialogue("AUTH LOGIN",
			func([]byte) string { return c.opts.username },
			func([]byte) string { return c.opts.password })
	default:
		return c.dialogue("AUTH CRAM-MD5", func(challenge []byte) string {
			return c.opts.username + " " + cramMD5(c.opts.password, challenge)
		})
	}
}

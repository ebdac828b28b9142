package sandbox

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"notify/pkg/message"
)

const (
	maxMail    = 32 << 20
	maxHeaders = 64 << 10
	idleMail   = 5 * time.Minute // RFC 5321 4.5.3.2.7
)

func (s *Sandbox) newMailServer() *gosmtp.Server {
	srv := gosmtp.NewServer(gosmtp.BackendFunc(func(c *gosmtp.Conn) (gosmtp.Session, error) {
		session := &session{sandbox: s, conn: c.Conn()}
		if s.config.Username == "" {
			return session, nil
		}
		return &authSession{session: session}, nil
	}))
	srv.Domain = "sandbox.test"
	srv.MaxRecipients = 1
	srv.MaxMessageBytes = maxMail
	srv.ReadTimeout, srv.WriteTimeout = idleMail, idleMail
	srv.AllowInsecureAuth = true // it listens on loopback, and has nothing to hide
	srv.EnableSMTPUTF8, srv.EnableDSN = true, true
	srv.ErrorLog = silent{}
	return srv
}

// silent drops the server's notes about connections that were cut: cutting them is what the sandbox is for.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// session is one connection's conversation.
type session struct {
	sandbox *Sandbox
	conn    net.Conn
	authed  bool
	to      message.Address
	fate    fate
}

func smtpError(code int, enhanced gosmtp.EnhancedCode, text string) error {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// Reset implements gosmtp.Session.
func (m *session) Reset() { m.to, m.fate = "", fate{} }

// Logout implements gosmtp.Session.
func (m *session) Logout() error { return nil }

// Mail implements gosmtp.Session.
func (m *session) Mail(string, *gosmtp.MailOptions) error {
	if m.sandbox.config.Username != "" && !m.authed {
		return smtpError(530, gosmtp.EnhancedCode{5, 7, 0}, "Authentication required")
	}
	return nil
}

// Rcpt implements gosmtp.Session. The faults that take nothing befall a mail here, where a client can tell that nothing left.
func (m *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s := m.sandbox
	m.to = message.Address(to)
	m.fate = s.mail.draw(m.to)
	if !drawn(m.fate.fault) {
		return nil
	}
	if _, err := s.mail.take(s.record, request{to: m.to}, m.fate.fault); err != nil {
		return smtpError(451, gosmtp.EnhancedCode{4, 3, 0}, "the record cannot be written")
	}
	switch m.fate.fault {
	case outCutBefore:
		_ = m.conn.Close()
		return errors.New("cut")
	case outReject:
		return smtpError(550, gosmtp.EnhancedCode{5, 1, 1}, "No such user here")
	case outRefuse:
		return smtpError(550, gosmtp.EnhancedCode{5, 7, 1}, "Your account is blocked")
	default:
		return smtpError(454, gosmtp.EnhancedCode{4, 7, 0}, "Throttling failure: Maximum sending rate exceeded")
	}
}

// Data implements gosmtp.Session.
func (m *session) Data(r io.Reader) error {
	s := m.sandbox
	head, hash, err := readMail(r)
	if err != nil {
		return err
	}
	subject, ref := mailHeaders(head)
	q := request{to: m.to, ref: ref, hash: hash, segments: 1, way: waySMTP}
	out := m.fate.fault
	if s.mail.blacklists(&s.blacklist, subject) {
		out = outBlacklist
	}
	if out == outError500 { // SMTP defines it as a refusal
		out = outInternal
	}
	v, err := s.mail.take(s.record, q, out)
	if err != nil {
		return smtpError(451, gosmtp.EnhancedCode{4, 3, 0}, "the record cannot be written")
	}
	if taken(v.out) {
		m.fate.wait += s.pushers.of(waySMTP).took(ref, m.to, v)
	}
	s.wait(s.done, m.fate.wait)
	return m.reply(v)
}

// outInternal is a mail that met Faults.Error500.
const outInternal = "internal"

func (m *session) reply(v verdict) error {
	switch v.out {
	case outAccepted:
		return smtpError(250, gosmtp.EnhancedCode{2, 0, 0}, "Ok: queued as "+v.id)
	case outCutAfter:
		_ = m.conn.Close()
		return nil
	case outGarbage:
		_, _ = io.WriteString(m.conn, "what?\r\n")
		_ = m.conn.Close()
		return nil
	case outBlacklist:
		return smtpError(554, gosmtp.EnhancedCode{5, 7, 1}, "Blocked: too many mails with one subject, your server is on our blacklist")
	case outInternal:
		return smtpError(451, gosmtp.EnhancedCode{4, 3, 0}, "Internal error, try again later")
	case outQuota:
		return smtpError(454, gosmtp.EnhancedCode{4, 7, 0}, "Throttling failure: Daily message quota exceeded")
	case outBalance:
		return smtpError(552, gosmtp.EnhancedCode{5, 7, 0}, "Not enough sending quota")
	default:
		return smtpError(454, gosmtp.EnhancedCode{4, 7, 0}, "Throttling failure: Maximum sending rate exceeded")
	}
}

// readMail keeps the headers and hashes what follows them.
func readMail(r io.Reader) (head []byte, hash string, err error) {
	head = make([]byte, 0, 2<<10)
	sum := sha256.New()
	buf := make([]byte, 4<<10)
	body := false
	for {
		n, err := r.Read(buf)
		chunk := buf[:n]
		if !body {
			head = append(head, chunk...)
			if i := bytes.Index(head, []byte("\r\n\r\n")); i >= 0 || len(head) > maxHeaders {
				body = true
				if i < 0 {
					i = len(head) - 4
				}
				sum.Write(head[i+4:])
				head = head[:i+4]
			}
		} else {
			sum.Write(chunk)
		}
		if errors.Is(err, io.EOF) {
			return head, hex.EncodeToString(sum.Sum(nil)[:8]), nil
		}
		if err != nil {
			return nil, "", err
		}
	}
}

// mailHeaders are the subject as people read it, and the key: the local part of the Message-ID.
func mailHeaders(head []byte) (subject, ref string) {
	m, err := mail.ReadMessage(bytes.NewReader(head))
	if err != nil {
		return "", ""
	}
	subject = m.Header.Get("Subject")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(subject); err == nil {
		subject = decoded
	}
	ref, _, _ = strings.Cut(strings.Trim(m.Header.Get("Message-Id"), "<> "), "@")
	return subject, ref
}

// blacklists asks the rule under the account's lock.
func (a *account) blacklists(b *blacklist, subject string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return b.refuses(subject, a.now())
}

// authSession is a session of a server with a password.
type authSession struct{ *session }

// AuthMechanisms implements gosmtp.AuthSession.
func (m *authSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

// Auth implements gosmtp.AuthSession.
func (m *authSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		c := &m.sandbox.config
		right := subtle.ConstantTimeCompare([]byte(username), []byte(c.Username)) &
			subtle.ConstantTimeCompare([]byte(password), []byte(c.Password))
		if right != 1 {
			return gosmtp.ErrAuthFailed
		}
		m.authed = true
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
	case sasl.Login:
		return &login{check: check}, nil
	}
	return nil, gosmtp.ErrAuthUnknownMechanism
}

// login is the server's side of AUTH LOGIN, which go-sasl has for clients only.
type login struct {
	username string
	asked    int
	check    func(username, password string) error
}

// Next implements sasl.Server.
func (l *login) Next(response []byte) ([]byte, bool, error) {
	if l.asked == 0 && response != nil { // an initial response is the user name
		l.asked = 1
	}
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(l.username, string(response))
	}
}

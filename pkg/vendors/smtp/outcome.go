package smtp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"notify/pkg/message"
	"notify/pkg/vendors/blame"
	"notify/pkg/words"
)

// step is where in the conversation something happened.
type step int

const (
	stepConnect step = iota
	stepTLS
	stepGreeting
	stepHello
	stepStartTLS
	stepAuth
	stepReset
	stepMail
	stepRcpt
	stepData
	stepBody
	stepDot
)

func (s step) String() string {
	return [...]string{"connect", "TLS", "greeting", "EHLO", "STARTTLS", "AUTH", "RSET", "MAIL", "RCPT", "DATA", "body", "final dot"}[s]
}

// said is the step in the language of the screen.
func (s step) said() words.Text {
	return words.Of("smtp.step", strings.ReplaceAll(s.String(), " ", "-"))
}

// doing is the step as an error says it.
func (s step) doing() string {
	switch s {
	case stepConnect:
		return "smtp.connect"
	case stepTLS, stepStartTLS:
		return "smtp.start-tls"
	case stepAuth:
		return "smtp.authenticate"
	case stepGreeting, stepHello, stepReset, stepMail, stepRcpt, stepData, stepBody, stepDot:
		return "smtp.greet"
	}
	return "smtp.connect"
}

// Our own codes.
const (
	codeContext   = "notify:given-up"
	codeCompose   = "notify:message"
	codeConnect   = "notify:connect"
	codeTLS       = "notify:tls"
	codeUnknownCA = "notify:tls-unknown-ca"
	codeNoTLS     = "notify:starttls-not-offered"
	codePlainAuth = "notify:auth-unencrypted"
	codeNoAuth    = "notify:auth-not-offered"
	codeTimeout   = "notify:silent"
	codeCut       = "notify:hung-up"
	codeGarbage   = "notify:garbage"
	codeClosed    = "notify:kept-connection-closed"
	codeUTF8      = "notify:smtputf8-not-offered"
	codeSize      = "notify:too-large"
	codeNoReply   = "notify:no-reply"
)

// stepError is a conversation that came to an end before the final dot: its outcome is definite.
type stepError struct {
	at      step
	outcome message.Outcome
}

// Error is the outcome's code and detail, which hold no secret and no unmasked address.
func (e *stepError) Error() string { return e.outcome.Code + " " + e.outcome.Detail }

func outcomeOf(ctx context.Context, err error) message.Outcome {
	if ctx.Err() != nil {
		return givenUp()
	}
	var s *stepError
	if errors.As(err, &s) {
		return s.outcome
	}
	return unsent(codeConnect, mask(words.Cause(err).Stored()))
}

func unsent(code, detail string) message.Outcome {
	return message.Outcome{Kind: message.OutcomeUnsent, Code: code, Detail: clip(detail)}
}

// givenUp is an attempt whose context ended before the final dot could leave.
func givenUp() message.Outcome {
	return unsent(codeContext, "")
}

func rejected(code, detail string) message.Outcome {
	return message.Outcome{Kind: message.OutcomeRejected, Code: code, Detail: clip(detail)}
}

func refused(reason message.Reason, code, detail string) message.Outcome {
	return message.Outcome{Kind: message.OutcomeRefused, Reason: reason, Code: code, Detail: clip(detail)}
}

func unknown(code, detail string) message.Outcome {
	return message.Outcome{Kind: message.OutcomeUnknown, Code: code, Detail: clip(detail)}
}

// maxDetail is the limit of message.Outcome.Detail in bytes.
const maxDetail = 300

// clip makes one line of UTF-8 of at most maxDetail bytes.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	if len(s) <= maxDetail {
		return s
	}
	cut := maxDetail - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// mask hides every e-mail address in a text: servers like to repeat them.
func mask(s string) string {
	if !strings.Contains(s, "@") {
		return s
	}
	return blame.Addresses.ReplaceAllStringFunc(s, func(a string) string { return message.Address(a).Masked() })
}

// hide replaces what must not be shown: the credentials, which a server may repeat in its answer, and addresses.
func (o *options) hide(s string) string {
	if o.password != "" {
		plain := "\x00" + o.username + "\x00" + o.password
		for _, secret := range [...]string{encode64(plain), encode64(o.password), o.password, encode64(o.username), o.username} {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	return mask(s)
}

// detail is what the operator reads of a reply.
func (o *options) detail(at step, r reply) string {
	return fmt.Sprintf("%s: %d %s", at, r.code, o.hide(strings.ReplaceAll(string(r.text), "\n", " ")))
}

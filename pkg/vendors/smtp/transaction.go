package smtp

import (
	"context"
	"strconv"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// letter is a message as it stands on the wire.
type letter struct {
	from, to string
	utf8     bool   // an address needs SMTPUTF8
	key      string // for ENVID
	data     []byte // dot-stuffed, with the final CRLF.CRLF
	// late reports whether the message must no longer begin to leave; nil: never.
	late func() bool
}

// dot is where in data the final dot stands: a server that has not got it cannot have taken the message.
func (m *letter) dot() int { return len(m.data) - len(".\r\n") }

// transact hands over one message, and says whether the connection can be used again.
func (c *conn) transact(ctx context.Context, m letter) (out message.Outcome, alive bool) {
	if out, ok := c.fits(m); !ok {
		return out, true
	}
	stop := context.AfterFunc(ctx, c.expire)
	out, alive = c.exchange(ctx, m)
	alive = c.timer.Stop() && alive // a timer that fired has ended the connection, if too late for this message
	if !stop() {                    // the context ended, and with it the connection
		alive = false
		if out.Kind == message.OutcomeUnsent {
			out = givenUp()
		}
	}
	return out, alive
}

// fits holds a message to what the server offers, before anything of it leaves.
func (c *conn) fits(m letter) (message.Outcome, bool) {
	if _, ok := c.ext["SMTPUTF8"]; m.utf8 && !ok {
		return rejected(codeUTF8, ""), false
	}
	if n := int64(m.dot()); c.sizeLimit > 0 && n > c.sizeLimit {
		size, most := words.Weigh(words.Size(n), words.Size(c.sizeLimit))
		return rejected(codeSize, words.T("smtp.sizes", words.A{"size": size, "most": most}).Stored()), false
	}
	return message.Outcome{}, true
}

func (c *conn) exchange(ctx context.Context, m letter) (message.Outcome, bool) {
	if c.r.Buffered() > 0 { // it spoke unasked: good-bye, or replies out of step with the commands
		return c.unasked()
	}
	if m.late != nil && m.late() {
		return held(), true
	}
	c.messages++
	if out, ok, alive := c.envelope(m); !ok {
		return out, alive
	}
	if c.r.Buffered() > 0 {
		return c.refusal(stepData, errGarbage), false
	}
	if ctx.Err() != nil {
		return givenUp(), false
	}
	return c.body(m)
}

// unasked reads what the server said while nothing was asked; 421 is how it closes an idle connection.
func (c *conn) unasked() (message.Outcome, bool) {
	c.timer.Reset(c.opts.timeouts.command)
	r, err := c.read()
	if err == nil && r.code == 421 {
		return unsent(codeClosed, c.opts.detail(stepMail, r)), false
	}
	return unsent(codeGarbage, words.T("smtp.unasked", nil).Stored()), false
}

// part is one command of the envelope.
type part struct {
	at   step
	want int
}

// envelope has the server agree to take the message: MAIL, RCPT and DATA, in one write where it offers PIPELINING
// (RFC 2920), and RSET before them where a transaction was left open. Nothing of the message leaves.
func (c *conn) envelope(m letter) (out message.Outcome, ok, alive bool) {
	parts := []part{{stepReset, 250}, {stepMail, 250}, {stepRcpt, 250}, {stepData, 354}}
	if !c.unclean {
		parts = parts[1:]
	}
	c.unclean = true
	c.timer.Reset(c.opts.timeouts.command)
	if !c.pipeline {
		return c.oneByOne(parts, m)
	}
	c.out = c.out[:0]
	for _, p := range parts {
		c.out = c.line(c.out, p.at, m)
	}
	if _, err := c.link.Write(c.out); err != nil {
		return c.refusal(stepMail, err), false, false
	}
	return c.replies(parts)
}

func (c *conn) oneByOne(parts []part, m letter) (out message.Outcome, ok, alive bool) {
	for _, p := range parts {
		c.out = c.line(c.out[:0], p.at, m)
		if _, err := c.link.Write(c.out); err != nil {
			return c.refusal(p.at, err), false, false
		}
		c.timer.Reset(c.opts.timeouts.of(p.at))
		r, err := c.read()
		if err != nil {
			return c.refusal(p.at, err), false, false
		}
		if !p.met(r) {
			return c.opts.classify(p.at, r, c.kept), false, r.negative() && r.code != 421
		}
	}
	return message.Outcome{}, true, true
}

// replies reads what became of commands that went out together. The first refusal counts; the replies behind it are read so
// that the connection stays in step.
func (c *conn) replies(parts []part) (out message.Outcome, ok, alive bool) {
	refused := false
	for _, p := range parts {
		c.timer.Reset(c.opts.timeouts.of(p.at))
		r, err := c.read()
		if err != nil {
			if !refused {
				out = c.refusal(p.at, err)
			}
			return out, false, false
		}
		met := p.met(r)
		if met && refused && p.at == stepData {
			return out, false, false // it waits for a body without a recipient; cutting it off takes nothing back
		}
		if met || refused {
			continue
		}
		refused, out = true, c.opts.classify(p.at, r, c.kept)
		if r.code == 421 || !r.negative() {
			return out, false, false
		}
	}
	return out, !refused, true
}

// met is whether the server did as asked. A recipient's server may say 251: it will forward.
func (p part) met(r reply) bool { return r.code == p.want || p.at == stepRcpt && r.positive() }

func (c *conn) refusal(at step, err error) message.Outcome { return c.broken(at, err).outcome }

// line appends a command.
func (c *conn) line(b []byte, at step, m letter) []byte {
	if at == stepMail {
		return append(c.mailFrom(b, m), "\r\n"...)
	}
	if at == stepRcpt {
		return append(c.rcptTo(b, m), "\r\n"...)
	}
	return append(append(b, at.String()...), "\r\n"...)
}

func (c *conn) mailFrom(b []byte, m letter) []byte {
	b = append(append(append(b, "MAIL FROM:<"...), m.from...), '>')
	if _, ok := c.ext["SIZE"]; ok {
		b = strconv.AppendInt(append(b, " SIZE="...), int64(m.dot()), 10)
	}
	if m.utf8 {
		b = append(b, " BODY=8BITMIME SMTPUTF8"...)
	}
	if c.reports() && m.key != "" {
		b = appendXtext(append(b, " RET=HDRS ENVID="...), m.key)
	}
	return b
}

func (c *conn) rcptTo(b []byte, m letter) []byte {
	b = append(append(append(b, "RCPT TO:<"...), m.to...), '>')
	if c.reports() && !m.utf8 {
		b = appendXtext(append(b, " NOTIFY=FAILURE,DELAY ORCPT=rfc822;"...), m.to)
	}
	return b
}

// reports is whether delivery status notifications are asked for (RFC 3461) and can be.
func (c *conn) reports() bool {
	_, offered := c.ext["DSN"]
	return c.opts.dsn && offered
}

// appendXtext encodes as RFC 3461 section 4 asks.
func appendXtext(b []byte, s string) []byte {
	const hexDigits = "0123456789ABCDEF"
	for i := range len(s) {
		if ch := s[i]; ch < '!' || ch > '~' || ch == '+' || ch == '=' {
			b = append(b, '+', hexDigits[ch>>4], hexDigits[ch&15])
		} else {
			b = append(b, ch)
		}
	}
	return b
}

// block is how much of a body is written under one time-out (RFC 5321 4.5.3.2.5 counts by block).
const block = 256 << 10

// earlyReply is how long to look for an answer that a server gave before it cut us off in the middle of the body.
const earlyReply = 2 * time.Second

// body writes the message and reads what the server makes of it. Up to the final dot nothing can have been taken.
func (c *conn) body(m letter) (message.Outcome, bool) {
	sent := 0
	for sent < len(m.data) {
		// The machine may have slept since the envelope. Before the dot it is not too late to keep the message back.
		if m.late != nil && m.late() {
			return held(), false
		}
		c.timer.Reset(c.opts.timeouts.body)
		n, err := c.link.Write(m.data[sent:min(sent+block, len(m.data))])
		sent += n
		if err != nil {
			return c.interrupted(sent > m.dot(), err), false
		}
	}
	c.timer.Reset(c.opts.timeouts.dot)
	r, err := c.read()
	if err != nil {
		return unknown(codeNoReply, ""), false
	}
	c.unclean = !r.positive()
	return c.opts.classify(stepDot, r, c.kept), r.code != 421 && (r.positive() || r.negative())
}

func held() message.Outcome {
	return message.GiveBack(message.BackDeadline)
}

// interrupted is a body that could not be written to its end. A server that cuts in usually says why first.
func (c *conn) interrupted(dotLeft bool, cause error) message.Outcome {
	c.timer.Reset(earlyReply)
	if r, err := c.read(); err == nil && (dotLeft || r.negative()) {
		at := stepBody
		if dotLeft {
			at = stepDot
		}
		return c.opts.classify(at, r, c.kept)
	}
	if dotLeft {
		return unknown(codeNoReply, "")
	}
	return c.refusal(stepBody, cause)
}

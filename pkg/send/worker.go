package send

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/render"
	"notify/pkg/words"
)

// claim is a claim in this process.
type claim struct {
	ledger.Claim
	// receiver is who it is for, where its slots count; empty: they do not.
	receiver string
	// got is when it was granted, by a clock that nobody can set, and good for so long.
	got  time.Time
	good time.Duration
	away *message.Outcome // it is not to be sent, and this comes of it; nil: it is
}

// expired looks at both clocks: the wall clock goes on while the machine sleeps, and the other one cannot be put back.
func (c *claim) expired(now time.Time) bool {
	return now.After(c.Deadline) || time.Since(c.got) > c.good
}

// worker sends one message after the other.
func (ln *lane) worker(ctx context.Context) {
	for c := range ln.work {
		r := result{claim: c.Claim, receiver: c.receiver}
		ln.rooms[c.Account].enter()
		if !c.LeaveAt.IsZero() {
			r.late = max(0, ln.loop.Now().Sub(c.LeaveAt))
		}
		begun := time.Now() //nolint:forbidigo // it measures a span, it records nothing
		r.outcome, r.asked = ln.attempt(ctx, &c)
		r.took = time.Since(begun)
		ln.rooms[c.Account].leave()
		r.at = ln.loop.Now()
		ln.answers.put(r)
	}
}

// attempt makes one try, or gives the message back while it certainly has not begun to leave. asked is how long the vendor took.
func (ln *lane) attempt(ctx context.Context, c *claim) (o message.Outcome, asked time.Duration) {
	if c.away != nil {
		return *c.away, 0
	}
	inTime, err := ln.valves[c.Account].Wait(ctx, ln.loop.Now, c.Early, c.LeaveAt)
	if err != nil || !inTime {
		return message.GiveBack(message.BackLate), 0
	}
	// Preflight has looked at this; but a ledger can be copied to a test installation, and be resumed there.
	if !ln.loop.Config.Allows(c.Address) {
		return message.Outcome{Kind: message.OutcomeRejected, Code: message.AwayAllowList}, 0
	}
	if ln.entry.Suppressible && ln.loop.withheld(ctx, c.Address) {
		return message.Outcome{Kind: message.OutcomeRejected, Code: message.AwaySuppressed}, 0
	}
	m, err := ln.loop.message(&c.Claim)
	if err != nil {
		return message.Outcome{Kind: message.OutcomeRejected, Code: message.AwayText, Detail: words.Cause(err).Stored()}, 0
	}
	// A machine that was asleep wakes here: by now the run may have been declared dead, and know it or not. The adapter asks again right
	// before it writes.
	m.Expired = func() bool { return c.expired(ln.loop.Now()) || ln.loop.isLost() }
	if m.Late() {
		return message.GiveBack(message.BackDeadline), 0
	}
	begun := time.Now() //nolint:forbidigo // it measures a span, it records nothing
	o = ln.loop.Vendors[c.Account].Send(ctx, m)
	return o, max(1, time.Since(begun))
}

// message renders a claim.
func (l *Loop) message(c *ledger.Claim) (message.Message, error) {
	m := message.Message{
		Key: c.Key, Campaign: l.Campaign, Channel: c.Channel, To: c.Address, Segments: c.Segments,
	}
	err := l.texts.fill(c.Fields, c.Account, &m)
	if mail := l.spec.Texts.Mail(c.Channel); err == nil && mail != nil && mail.OneClick {
		m.Headers = maps.Clone(m.Headers)
		if m.Headers == nil {
			m.Headers = make(map[string]string)
		}
		maps.Copy(m.Headers, l.Config.Unsubscribe.Headers(c.Key))
	}
	return m, err
}

// texts are the frozen texts of a campaign.
type texts struct {
	spec     *plan.Spec
	renderer *render.Renderer
}

func newTexts(spec *plan.Spec) (texts, error) {
	r, err := render.New(render.Texts{Texts: spec.Texts}, spec.Columns)
	if err != nil {
		return texts{}, words.Wrap(err, "send.error.texts", nil)
	}
	return texts{spec: spec, renderer: r}, nil
}

// fill writes what a message says by a frozen row, through an account.
func (t *texts) fill(fields []byte, account string, m *message.Message) error {
	var values []string
	if err := json.Unmarshal(fields, &values); err != nil {
		return err
	}
	if err := t.renderer.Render(m.Channel, values, m); err != nil {
		return err
	}
	for i, name := range t.spec.Columns {
		if name == t.spec.NameColumn && i < len(values) {
			m.Name = values[i]
		}
	}
	if short := t.spec.Texts.Short(m.Channel); short != nil {
		m.Template = short.TemplateCode[account]
	}
	return nil
}

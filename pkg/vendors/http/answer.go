package httpvendor

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/scrub"
	"notify/pkg/words"
)

const (
	maxRetryAfter = 24 * time.Hour
)

// answerPlan is how an answer to Send is read.
type answerPlan struct {
	format     format
	accepted   *expression
	code       *expression
	id         *expression
	message    *expression
	segments   *expression
	retryAfter *expression
	table      map[string][]row
}

// row is what a code means.
type row struct {
	status  []int // only under these; empty means any below 500
	outcome message.OutcomeKind
	reason  message.Reason
}

// listed finds what a code means under a status. A failure of the server counts only where the row names it.
func (p *answerPlan) listed(code string, status int) (row, bool) {
	var general *row
	for i, r := range p.table[code] {
		for _, s := range r.status {
			if s == status {
				return r, true
			}
		}
		if len(r.status) == 0 {
			general = &p.table[code][i]
		}
	}
	if general == nil || !evidence.Definite(status) {
		return row{}, false
	}
	return *general, true
}

// reader reads answers.
type reader struct {
	engine  *engine
	options map[string]string
	scrub   *scrub.Scrubber
	now     func() time.Time
}

// env parses an answer for expressions; an error means that it is not in the form that the vendor answers in.
func (r *reader) env(f format, a evidence.Answer, key message.Key, to message.Address) (*answerEnv, error) {
	body, said, err := f.parse(a)
	if err != nil {
		return nil, err
	}
	return &answerEnv{Option: r.options, Status: a.Status, Header: a.Header.Get, Body: body, Text: said, Key: string(key), To: string(to)}, nil
}

// outcome turns a whole answer into an outcome.
func (r *reader) outcome(p *answerPlan, a evidence.Answer, m message.Message) message.Outcome {
	env, err := r.env(p.format, a, m.Key, m.To)
	if err != nil {
		return unknown("notify:garbage", words.Cause(err).Stored())
	}
	code, err := r.code(p.code, env)
	if err != nil {
		return r.unread(err, m)
	}
	accepted, err := r.truth(p.accepted, env)
	if err != nil {
		return r.unread(err, m)
	}
	known, listed := p.listed(code, a.Status)
	o := message.Outcome{
		Kind: message.OutcomeUnknown, Code: r.scrub.Code(code, m.To), Detail: r.detail(p.message, env, m),
	}
	if o.Code == "" {
		o.Code = "notify:http-" + strconv.Itoa(a.Status)
		o.Detail = strings.TrimPrefix(o.Detail, httpStatus(a.Status))
	}
	switch {
	case accepted && listed:
		o.Detail = r.scrub.Text(words.T("vendor.contradicts", words.A{"outcome": words.Of("outcome", known.outcome), "said": o.Detail}), m.To)
		return o
	case accepted && a.Status >= 200 && a.Status < 300:
		return r.accepted(p, env, m)
	case !listed:
		return o
	}
	o.Kind, o.Reason = known.outcome, known.reason
	if o.Kind == message.OutcomeThrottled || o.Kind == message.OutcomeRefused {
		o.RetryAfter = r.wait(p.retryAfter, env)
	}
	return o
}

// accepted is the outcome of an answer that says so, if it also gives the id that it should.
func (r *reader) accepted(p *answerPlan, env *answerEnv, m message.Message) message.Outcome {
	o := message.Outcome{Kind: message.OutcomeAccepted}
	if p.id != nil {
		id, err := r.code(p.id, env)
		if err != nil {
			return r.unread(err, m)
		}
		if o.VendorID = id; !vendors.ValidID(id) {
			return unknown("notify:id", "")
		}
	}
	if n, ok := r.count(p.segments, env); ok && n > 0 && n < 1000 {
		o.Segments = int(n)
	}
	return o
}

func (r *reader) unread(err error, m message.Message) message.Outcome {
	return unknown("notify:garbage", r.scrub.Text(words.Cause(err), m.To))
}

func unknown(code, detail string) message.Outcome {
	return message.Outcome{Kind: message.OutcomeUnknown, Code: code, Detail: detail}
}

func (r *reader) detail(p *expression, env *answerEnv, m message.Message) string {
	said := ""
	if p != nil {
		if v, err := r.engine.run(p, env); err == nil {
			said, _ = plain(v)
		}
	}
	if said == "" {
		return httpStatus(env.Status)
	}
	return r.scrub.Detail(said, m.To)
}

// httpStatus is what stands for words where a vendor gave none.
func httpStatus(status int) string { return "HTTP " + strconv.Itoa(status) }

// code is an expression's scalar as text; nil, and no expression, are empty.
func (r *reader) code(p *expression, env *answerEnv) (string, error) {
	if p == nil {
		return "", nil
	}
	v, err := r.engine.run(p, env)
	if err != nil {
		return "", err
	}
	s, ok := plain(v)
	if !ok {
		return "", words.Err("vendor.value-no-text", words.A{"type": fmt.Sprintf("%T", v)})
	}
	return s, nil
}

func (r *reader) truth(p *expression, env *answerEnv) (bool, error) {
	v, err := r.engine.run(p, env)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, words.Err("vendor.value-no-truth", words.A{"type": fmt.Sprintf("%T", v)})
	}
	return b, nil
}

func (r *reader) count(p *expression, env *answerEnv) (int64, bool) {
	if p == nil {
		return 0, false
	}
	v, err := r.engine.run(p, env)
	if err != nil {
		return 0, false
	}
	return whole(v)
}

// wait is how long the vendor asks us to wait: seconds, or a date (RFC 9110, 10.2.3); zero where it does not say.
func (r *reader) wait(p *expression, env *answerEnv) time.Duration {
	said := env.Header("Retry-After")
	if p != nil {
		if v, err := r.engine.run(p, env); err == nil {
			if s, ok := plain(v); ok && s != "" {
				said = s
			}
		}
	}
	var d time.Duration
	if seconds, err := strconv.ParseFloat(strings.TrimSpace(said), 64); err == nil && seconds > 0 {
		d = maxRetryAfter
		if seconds < maxRetryAfter.Seconds() {
			d = time.Duration(seconds * float64(time.Second))
		}
	} else if at, err := http.ParseTime(said); err == nil {
		d = at.Sub(r.now())
	}
	return max(0, min(d, maxRetryAfter))
}

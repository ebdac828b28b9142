package httpvendor

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/words"
)

// queryPlan is a compiled question that sends no message.
type queryPlan struct {
	request *requestPlan
	ok      *expression
	format  format
}

type balancePlan struct {
	queryPlan
	amount, currency, messages, quota, used *expression
}

type findPlan struct {
	queryPlan
	found, id, receipt *expression
	receipts           map[string]message.ReceiptState
	final              bool
	after              time.Duration
}

// ask makes a query and returns its answer, if the vendor gave the kind of answer that it should. A kept connection that died
// is no reason to fail here: what asks may be repeated.
func (v *vendor) ask(ctx context.Context, p *queryPlan, env *requestEnv, to message.Address) (*answerEnv, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	var a evidence.Answer
	if err := v.prepare(ctx, p.request, env); err != nil {
		return nil, nil, err
	}
	for range 2 {
		r, err := v.caller.build(p.request, env)
		if err != nil {
			return nil, nil, v.fault(words.Cause(err), to)
		}
		a = v.transport.Do(ctx, r)
		if a.Whole || a.Stage != evidence.StageCut && a.Stage != evidence.StageWrite {
			break
		}
	}
	if !a.Whole {
		said := &words.Error{Text: v.scrub.Clean(words.Asked(a.Stage, words.Cause(a.Err).Stored()), to)}
		var system syscall.Errno
		if errors.As(a.Err, &system) { // it holds no secret, and who asked looks at it: does nothing answer here?
			said.Err = system
		}
		return nil, nil, said
	}
	v.heed(a, env.Token)
	env2, err := v.reader.env(p.format, a, message.Key(env.Key), to)
	if err != nil {
		return nil, nil, err
	}
	ok, err := v.reader.truth(p.ok, env2)
	if err != nil {
		return nil, nil, v.fault(words.Cause(err), to)
	}
	if !ok {
		return nil, nil, v.refusal(env2, to)
	}
	return env2, a.Header, nil
}

// fault is an error that says so, without secrets and with the address masked.
func (v *vendor) fault(said words.Text, to message.Address) error {
	return &words.Error{Text: v.scrub.Clean(said, to)}
}

// refusal says what the vendor said instead of an answer, in the words that answers to Send are read with.
func (v *vendor) refusal(env *answerEnv, to message.Address) error {
	parts := []string{httpStatus(env.Status)}
	for _, p := range []*expression{v.spec.answer.code, v.spec.answer.message} {
		if s, err := v.reader.code(p, env); err == nil && s != "" {
			parts = append(parts, s)
		}
	}
	return words.Err("vendor.refused", words.A{"said": v.scrub.Detail(strings.Join(parts, " "), to)})
}

// balancer is a vendor whose file describes a balance query.
type balancer struct {
	*vendor
	next vendors.Vendor
}

// Unwrap implements vendors.Wrapper.
func (b balancer) Unwrap() vendors.Vendor { return b.next }

// Balance implements vendors.Balancer.
func (b balancer) Balance(ctx context.Context) (vendors.Balance, error) {
	p := b.spec.balance
	env := b.caller.env(p.request)
	answer, header, err := b.ask(ctx, &p.queryPlan, &env, "")
	if err != nil {
		return vendors.Balance{}, words.Wrap(err, "vendor.ask-balance", words.A{"account": b.account})
	}
	out, err := b.figures(p, answer)
	if err != nil {
		return vendors.Balance{}, words.Wrap(err, "vendor.read-balance", words.A{"account": b.account})
	}
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		out.Date = at
	}
	return out, nil
}

// untold is what an expression of a balance says where this vendor does not count the figure at all.
const untold = "none"

// figures reads a balance. A figure that the file describes and the answer lacks is an error, unless the file itself says
// "none" for it: preflight must not take a figure that is missing for one that the vendor never tells.
func (v *vendor) figures(p *balancePlan, env *answerEnv) (vendors.Balance, error) {
	var out vendors.Balance
	if s, err := v.reader.code(p.amount, env); p.amount != nil && s != untold {
		if err != nil {
			return out, v.fault(words.T("vendor.at-key", words.A{"key": "amount", "cause": words.Cause(err)}), "")
		}
		m, err := message.ParseMoney(roundMoney(s))
		if err != nil {
			return out, v.fault(words.T("vendor.amount", words.A{"value": s, "cause": words.Cause(err)}), "")
		}
		out.Amount = &m
	}
	if s, err := v.reader.code(p.currency, env); err == nil {
		out.Currency = v.scrub.Code(s, "")
	}
	for _, f := range []struct {
		name    string
		program *expression
		into    **int64
	}{
		{"messages", p.messages, &out.Messages}, {"quota", p.quota, &out.QuotaLimit}, {"used", p.used, &out.QuotaUsed},
	} {
		if s, err := v.reader.code(f.program, env); f.program == nil || (err == nil && s == untold) {
			continue
		}
		n, ok := v.reader.count(f.program, env)
		if !ok {
			return out, words.Err("vendor.figure-none", words.A{"name": f.name})
		}
		*f.into = &n
	}
	return out, nil
}

// roundMoney cuts the decimals beyond the six that Money holds.
func roundMoney(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '.'); i >= 0 && len(s)-i-1 > 6 && !strings.ContainsAny(s, "eE") {
		return s[:i+7]
	}
	return s
}

// finder is a vendor whose file describes how to look up a message.
type finder struct {
	*vendor
	next vendors.Vendor
}

// Unwrap implements vendors.Wrapper.
func (f finder) Unwrap() vendors.Vendor { return f.next }

// Find implements vendors.Finder.
func (f finder) Find(ctx context.Context, q vendors.Query) (vendors.Found, error) {
	p := f.spec.find
	env := f.caller.env(p.request)
	env.Key, env.To, env.VendorID = string(q.Key), string(q.To), q.VendorID
	env.Since, env.Until = q.Since, q.Until
	answer, _, err := f.ask(ctx, &p.queryPlan, &env, q.To)
	if err != nil {
		return vendors.Found{}, words.Wrap(err, "vendor.look-up", words.A{"key": q.Key, "account": f.account})
	}
	found, err := f.reader.truth(p.found, answer)
	if err != nil {
		return vendors.Found{}, words.Wrap(f.fault(words.Cause(err), q.To), "vendor.look-up", words.A{"key": q.Key, "account": f.account})
	}
	if !found {
		return f.absent(p, q), nil
	}
	out := vendors.Found{Answer: message.OutcomeAccepted}
	if id, err := f.reader.code(p.id, answer); err == nil && vendors.ValidID(id) {
		out.VendorID = id
	}
	if state, err := f.reader.code(p.receipt, answer); err == nil && state != "" {
		out.Receipt = p.receipts[state]
		out.Detail = f.scrub.Detail(state, q.To)
	}
	return out, nil
}

// absent is what a not-found proves: nothing, unless the vendor holds it to be final and the message is old enough.
func (v *vendor) absent(p *findPlan, q vendors.Query) vendors.Found {
	switch {
	case !p.final:
		return vendors.Found{Answer: message.OutcomeUnknown}
	case p.after > 0 && (q.Until.IsZero() || v.caller.now().Sub(q.Until) < p.after):
		return vendors.Found{Answer: message.OutcomeUnknown}
	}
	return vendors.Found{Answer: message.OutcomeUnsent}
}

// prober is a vendor whose file describes a question that needs the account's credentials.
type prober struct {
	*vendor
	next vendors.Vendor
	plan *queryPlan
}

// Unwrap implements vendors.Wrapper.
func (p prober) Unwrap() vendors.Vendor { return p.next }

// Probe implements vendors.Prober.
func (p prober) Probe(ctx context.Context) error {
	env := p.caller.env(p.plan.request)
	if _, _, err := p.ask(ctx, p.plan, &env, ""); err != nil {
		return words.Wrap(err, "vendor.probe", words.A{"account": p.account})
	}
	return nil
}

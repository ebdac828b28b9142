package httpvendor

import (
	"context"
	"strconv"
	"sync"
	"time"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/vendors/evidence"
	"notify/pkg/words"
)

// stageToken is where a message ended for which there was no token: nothing of it had been written.
const stageToken = "token"

// tokenPlan is how what requests are authorised with is asked for beforehand: an OAuth token, or a vendor's own time.
type tokenPlan struct {
	queryPlan
	value   *expression
	expires *expression   // in seconds, as the vendor says
	keep    time.Duration // where it does not say
	stale   *expression   // whether an answer, to any request, says that it is no longer good
}

// token compiles the request for a token.
func (l *loader) token(m *yamldoc.Map) {
	in := m.Map("token")
	if !has(m, "token") {
		return
	}
	p := &tokenPlan{queryPlan: l.query(in, requestScope()), expires: l.optional(in, "expires"), keep: in.Value("keep").Duration(time.Second, 30*24*time.Hour)}
	if required(in, "value", words.T("vendor.do.expression", words.A{"example": "body.access_token"})) != "" {
		p.value = l.optional(in, "value")
	}
	if p.expires == nil && p.keep == 0 && !in.Value("expires").Set() && !in.Value("keep").Set() {
		in.Problem("keep", words.T("vendor.token-for-ever", nil), words.T("vendor.do.token-keep", nil))
	}
	if in.Value("stale").Set() {
		p.stale = l.truthful(in, "stale", "status == 401")
	}
	if p.request.uses("token") {
		m.Problem("token", words.T("vendor.token-itself", nil), words.T("vendor.do.token-itself", nil))
	}
	in.Done()
	l.spec.token = p
}

// noToken tells requests that use a token for which nobody asks.
func (l *loader) noToken(m *yamldoc.Map) {
	for _, p := range l.spec.requests() {
		if p.needsToken() {
			m.Problem(p.key, words.T("vendor.token-missing", nil), words.T("vendor.do.token", nil))
		}
	}
}

// needsToken reports whether a request, which may not be there, is made with a token.
func (p *requestPlan) needsToken() bool { return p != nil && p.uses("token") }

// purse keeps a token. Who needs one while another asks waits for it.
type purse struct {
	turn  chan struct{} // holds one value: who takes it may ask
	mu    sync.Mutex
	token string
	until time.Time
}

func newPurse() *purse {
	p := &purse{turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// kept is the token while it is good.
func (p *purse) kept(now time.Time) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.token, p.token != "" && now.Before(p.until)
}

func (p *purse) put(token string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token, p.until = token, until
}

// drop gives a token up that the vendor no longer takes; a newer one stays.
func (p *purse) drop(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token == token {
		p.token = ""
	}
}

// prepare sees to it that a request has its token. What it asks the vendor carries no message.
func (v *vendor) prepare(ctx context.Context, p *requestPlan, env *requestEnv) error {
	if v.spec.token == nil || !p.needsToken() {
		return nil
	}
	token, ok := v.purse.kept(v.caller.now())
	if !ok {
		select {
		case <-ctx.Done():
			return words.Err("vendor.token-late", nil)
		case <-v.purse.turn:
		}
		defer func() { v.purse.turn <- struct{}{} }()
		if token, ok = v.purse.kept(v.caller.now()); !ok {
			var err error
			if token, err = v.fetch(ctx); err != nil {
				return err
			}
		}
	}
	env.Token = token
	return nil
}

// fetch asks for a token, and keeps it for nine tenths of its time.
func (v *vendor) fetch(ctx context.Context) (string, error) {
	p := v.spec.token
	env := v.caller.env(p.request)
	answer, _, err := v.ask(ctx, &p.queryPlan, &env, "")
	if err != nil {
		return "", words.Wrap(err, "vendor.token-ask", nil)
	}
	token, err := v.reader.code(p.value, answer)
	if err != nil || token == "" {
		return "", words.Err("vendor.token-none", nil)
	}
	keep := p.keep
	if p.expires != nil {
		s, err := v.reader.code(p.expires, answer)
		seconds, bad := strconv.ParseFloat(s, 64)
		switch {
		case err == nil && bad == nil && seconds > 0 && seconds < 1e9:
			keep = time.Duration(seconds * float64(time.Second))
		case keep == 0:
			return "", words.Err("vendor.token-expiry", nil)
		}
	}
	v.scrub.Learn(token)
	v.purse.put(token, v.caller.now().Add(keep/10*9))
	return token, nil
}

// heed looks at an answer for whether the token of its request is still good. The next request asks for another one.
func (v *vendor) heed(a evidence.Answer, token string) {
	p := v.spec.token
	if p == nil || p.stale == nil || token == "" || !a.Whole {
		return
	}
	f := v.spec.answer.format
	env, err := v.reader.env(f, a, "", "")
	if err != nil {
		env = &answerEnv{Option: v.caller.options, Status: a.Status, Header: a.Header.Get}
	}
	if stale, err := v.reader.truth(p.stale, env); err == nil && stale {
		v.purse.drop(token)
	}
}

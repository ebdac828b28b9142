package httpvendor

import (
	"slices"
	"strconv"
	"time"

	"github.com/expr-lang/expr"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

func asBool() expr.Option { return expr.AsBool() }

// formats are the forms of an answer.
func formats() []string { return []string{"json", "xml", "form", "delimited", "text"} }

// format reads the form of an answer. What is not written is as in the answer to send.
func (l *loader) format(m *yamldoc.Map, preset format) format {
	f := preset
	if kind := m.Value("format").OneOf(formats()...); kind != "" {
		f.kind = kind
	}
	if m.Value("charset").Set() {
		f.gbk = l.charset(m)
	}
	if s := m.Value("separator").Text(); s != "" {
		f.separator = s
	}
	return f
}

func (l *loader) answer(m *yamldoc.Map) {
	in, rows := m.Map("answer"), m.Value("codes").List()
	if !has(m, "answer") {
		m.Problem("answer", words.T("vendor.missing", words.A{"key": "answer"}), words.T("vendor.do.answer", nil))
		l.spec.answer = &answerPlan{}
		return
	}
	l.spec.answer = &answerPlan{
		format:     l.format(in, format{kind: "json", separator: ",", untilClose: truth(in.Value("until_close"))}),
		accepted:   l.truthful(in, "accepted", `status == 200 && body.code == "OK"`),
		code:       l.optional(in, "code"),
		id:         l.optional(in, "id"),
		message:    l.optional(in, "message"),
		segments:   l.optional(in, "segments"),
		retryAfter: l.optional(in, "retry_after"),
		table:      map[string][]row{},
	}
	in.Done()
	for _, v := range rows {
		l.row(v.Map(), l.spec.answer.table)
	}
	if len(rows) > 0 && !has(in, "code") {
		in.Problem("code", words.T("vendor.code-place", nil), words.T("vendor.do.code-place", nil))
	}
}

// tableOutcomes are what a vendor's code can mean. Unsent is not among them: what was answered was sent.
func tableOutcomes() []string {
	return wordsOf([]message.OutcomeKind{
		message.OutcomeRejected, message.OutcomeThrottled, message.OutcomeRefused, message.OutcomeUnknown,
	})
}

func reasons() []string {
	return wordsOf([]message.Reason{
		message.ReasonBalance, message.ReasonQuota, message.ReasonAuth, message.ReasonTemplate, message.ReasonBlocked, message.ReasonOther,
	})
}

func (l *loader) row(m *yamldoc.Map, table map[string][]row) {
	outcome, reason := required(m, "outcome", words.T("vendor.do.outcome", nil)), m.Value("reason").OneOf(reasons()...)
	r := row{outcome: message.OutcomeKind(m.Value("outcome").OneOf(tableOutcomes()...)), reason: message.Reason(reason)}
	switch refused := outcome == string(message.OutcomeRefused); {
	case refused && !m.Value("reason").Set():
		m.Problem("reason", words.T("vendor.reason-missing", nil), diag.Known("", reasons()))
	case !refused && m.Value("reason").Set():
		m.Problem("reason", words.T("vendor.reason-beside", words.A{"value": outcome}), words.T("vendor.do.reason-remove", nil))
	}
	if m.Value("source").Text() == "" {
		m.Problem("source", words.T("vendor.source-missing", nil), words.T("vendor.do.source", nil))
	}
	for _, v := range texts(m.Value("status")) {
		if n, err := strconv.Atoi(v.Text()); err != nil || n < 200 || n > 599 {
			v.Problem(words.T("vendor.status-unknown", words.A{"value": v.Text()}), words.T("vendor.do.status", nil))
		} else {
			r.status = append(r.status, n)
		}
	}
	codes := texts(m.Value("code"))
	if len(codes) == 0 {
		m.Problem("code", words.T("vendor.code-missing", nil), words.T("vendor.do.code", nil))
	}
	for _, v := range codes {
		code := v.Text()
		if slices.ContainsFunc(table[code], r.overlaps) {
			v.Problem(words.T("vendor.code-twice", words.A{"code": code}), words.T("vendor.do.keep-row", nil))
		}
		table[code] = append(table[code], r)
	}
	m.Done()
}

// overlaps reports whether two rows of one code could both apply.
func (r row) overlaps(other row) bool {
	if len(r.status) == 0 || len(other.status) == 0 {
		return len(r.status) == len(other.status)
	}
	return slices.ContainsFunc(r.status, func(s int) bool { return slices.Contains(other.status, s) })
}

// query compiles a question; the caller asks for its further keys, and then for Done.
func (l *loader) query(m *yamldoc.Map, sc scope) queryPlan {
	return queryPlan{
		request: l.request(m, []string{"GET", "POST"}, sc), ok: l.truthful(m, "ok", "status == 200"),
		format: l.format(m, l.spec.answer.format),
	}
}

func (l *loader) queries(m *yamldoc.Map) {
	if has(m, "balance") {
		in := m.Map("balance")
		l.spec.balance = &balancePlan{
			queryPlan: l.query(in, requestScope()),
			amount:    l.optional(in, "amount"), currency: l.optional(in, "currency"), messages: l.optional(in, "messages"),
			quota: l.optional(in, "quota"), used: l.optional(in, "used"),
		}
		if !has(in, "amount") && !has(in, "messages") && !has(in, "quota") && !has(in, "used") {
			m.Problem("balance", words.T("vendor.balance-nothing", nil), words.T("vendor.do.balance", nil))
		}
		in.Done()
	}
	if has(m, "find") {
		l.finding(m.Map("find"))
	}
	if has(m, "probe") {
		in := m.Map("probe")
		plan := l.query(in, requestScope())
		l.spec.probe = &plan
		in.Done()
	}
	_, _, _ = m.Value("balance"), m.Value("find"), m.Value("probe")
}

func (l *loader) finding(m *yamldoc.Map) {
	absent := m.Map("not_found")
	p := &findPlan{
		queryPlan: l.query(m, findScope()),
		found:     l.truthful(m, "found", "body.found"),
		id:        l.optional(m, "id"),
		receipt:   l.optional(m, "receipt"),
		final:     truth(absent.Value("final")),
		after:     absent.Value("after").Duration(0, 30*24*time.Hour),
	}
	if source := absent.Value("source").Text(); p.final && source == "" {
		absent.Problem("source", words.T("vendor.final-source", nil), words.T("vendor.do.final-source", nil))
	}
	if p.final && p.request.whole() && !p.request.uses("key") {
		absent.Problem("final", words.T("vendor.final-key", nil), words.T("vendor.do.final-key", nil))
	}
	absent.Done()
	p.receipts = dictionary(m.Map("receipts"), message.Delivered, message.Undelivered, message.Waiting)
	if len(p.receipts) > 0 && !has(m, "receipt") {
		m.Problem("receipt", words.T("vendor.receipt-place", nil), words.T("vendor.do.receipt", nil))
	}
	m.Done()
	l.spec.find = p
}

// dictionary translates a vendor's words into ours. Each of ours is a key with one word or several.
func dictionary[T ~string](m *yamldoc.Map, ours ...T) map[string]T {
	table := map[string]T{}
	for _, mine := range ours {
		for _, v := range texts(m.Value(string(mine))) {
			theirs := v.Text()
			if was, ok := table[theirs]; ok && was != mine {
				v.Problem(words.T("vendor.word-twice", words.A{"word": theirs, "one": string(was), "other": string(mine)}), words.T("vendor.do.keep-word", nil))
			}
			table[theirs] = mine
		}
	}
	m.Done()
	return table
}

// listings compiles how a vendor is asked what it has approved.
func (l *loader) listings(m *yamldoc.Map) {
	l.spec.listings = map[vendors.TemplateKind]*listingPlan{}
	if in := m.Map("templates"); has(m, "templates") {
		l.spec.listings[vendors.TemplateText] = l.listing(in)
	}
	if in := m.Map("signatures"); has(m, "signatures") {
		l.spec.listings[vendors.TemplateSignature] = l.listing(in)
	}
}

func (l *loader) listing(m *yamldoc.Map) *listingPlan {
	p := &listingPlan{
		pagePlan: l.paged(m, "code"),
		code:     l.ofItem(m, "code", "item.code"),
		state:    l.ofItem(m, "state", "item.state"),
		states:   dictionary(m.Map("states"), vendors.TemplateApproved, vendors.TemplatePending, vendors.TemplateRejected),
	}
	p.byCode = p.request.uses("code")
	if !has(m.Map("states"), string(vendors.TemplateApproved)) {
		m.Map("states").Problem("approved", words.T("vendor.approved-missing", nil), words.T("vendor.do.approved", nil))
	}
	inItem := answerScope("item")
	if v := m.Value("text"); v.Text() != "" {
		p.text = l.compile(v, v.Text(), inItem)
	}
	if v := m.Value("reason"); v.Text() != "" {
		p.reason = l.compile(v, v.Text(), inItem)
	}
	m.Done()
	return p
}

// paged compiles a question for a list.
func (l *loader) paged(m *yamldoc.Map, more ...string) pagePlan {
	p := pagePlan{queryPlan: l.query(m, requestScope(append(more, "page", "offset", "next")...))}
	if required(m, "list", words.T("vendor.do.list", nil)) != "" {
		p.list = l.optional(m, "list")
	}
	if m.Value("more").Set() {
		p.more = l.truthful(m, "more", "body.page < body.pages")
	}
	p.next, p.link = l.optional(m, "next"), l.optional(m, "link")
	counted, next, link := p.request.uses("page") || p.request.uses("offset"), m.Value("next").Set(), m.Value("link").Set()
	switch {
	case next && link:
		m.Problem("link", words.T("vendor.pages-two", nil), words.T("vendor.do.pages-one", nil))
	case p.request.uses("next") != next:
		m.Problem("next", words.T("vendor.pages-next", nil), words.T("vendor.do.pages-next", words.A{"variable": "{{ next }}"}))
	case counted && !m.Value("more").Set(), !counted && !next && !link && m.Value("more").Set():
		m.Problem("more", words.T("vendor.pages", nil), words.T("vendor.do.pages", words.A{"variable": "{{ page }}"}))
	}
	return p
}

// suppressed compiles how a vendor is asked to whom it delivers nothing: one list of it, or several.
func (l *loader) suppressed(m *yamldoc.Map) {
	v := m.Value("suppressed")
	if !v.IsList() {
		if has(m, "suppressed") {
			l.withheld(m.Map("suppressed"))
		}
		return
	}
	for _, item := range v.List() {
		l.withheld(item.Map())
	}
}

// withheld compiles the question for one list of those.
func (l *loader) withheld(in *yamldoc.Map) {
	p := &suppressedPlan{
		pagePlan: l.paged(in),
		address:  l.ofItem(in, "address", "item.email"),
		reasons:  dictionary(in.Map("reasons"), vendors.SuppressedBounce, vendors.SuppressedComplaint, vendors.SuppressedOptOut, vendors.SuppressedOther),
	}
	inItem := answerScope("item")
	if v := in.Value("reason"); v.Text() != "" {
		p.reason = l.compile(v, v.Text(), inItem)
	}
	if v := in.Value("since"); v.Text() != "" {
		p.since = l.compile(v, v.Text(), inItem)
	}
	in.Done()
	l.spec.suppressed = append(l.spec.suppressed, p)
}

// ofItem compiles an expression that must be written and look at an item of the list.
func (l *loader) ofItem(m *yamldoc.Map, key, example string) *expression {
	src := required(m, key, words.T("vendor.do.expression", words.A{"example": example}))
	if src == "" {
		return nil
	}
	x := l.compile(m.Value(key), src, answerScope("item"))
	if x != nil && !x.uses("item") {
		m.Problem(key, words.T("vendor.not-item", words.A{"expression": shorten(src)}), words.T("vendor.do.expression", words.A{"example": example}))
	}
	return x
}
